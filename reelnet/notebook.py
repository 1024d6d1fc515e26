"""How runs and reels show themselves in a notebook."""

from __future__ import annotations

import base64
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reelnet.reel import Reel
    from reelnet.runs.run import Run


def run_table(run: Run) -> str:
    """A run as an HTML table of its taps."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{' × '.join(map(str, tap.shape))}</td><td>{tap.dtype}</td>"
        f"<td>{_range(tap.min, tap.max)}</td></tr>"
        for name, tap in run.taps.items()
    )
    steps = f"{len(run.steps)} steps, {run.steps[0]} to {run.steps[-1]}" if run.steps else "no steps yet"
    head = "<tr><th>tap</th><th>samples × channels × height × width</th><th>dtype</th><th>range</th></tr>"
    return f"<p><b>{escape(run.where)}</b>: {steps}</p><table>{head}{rows}</table>"


def reel_video(reel: Reel) -> str:
    """A reel as an HTML video that holds its MP4."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reel.mp4"
        reel.save(file)
        data = base64.b64encode(file.read_bytes()).decode()
    size = reel.scene.size
    return (
        f'<video controls loop autoplay muted playsinline width="{size.width}" height="{size.height}" '
        f'style="max-width: 100%; height: auto" src="data:video/mp4;base64,{data}"></video>'
    )


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.4g} … {high:.4g}"
