"""Every built-in template: time to a first frame, time a frame, and rendering beside Pillow and x264 alone.

    python benchmarks/templates.py [--run DIR] [--frames N]

Prints a table and keeps it in `benchmarks/templates.md`. Needs a run with an output layer, as `reelnet demo` makes.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from common import LAYER
from PIL import Image
from x264_baseline import encode_with_x264

import reelnet
from reelnet.reel import Reel
from reelnet.template.search_path import find_builtin_folder

HERE = Path(__file__).parent

NOTES = """\
Written by `benchmarks/templates.py` on {today}, layer {layer} of the demo's run. First frame: load and resolve the
template and draw one frame, of a run that was opened and read before; median of {repeats}. A frame: composing alone.
GIF and MP4: {frames} steps, composing and encoding; beside Pillow's writer given the same frames as RGB pictures, and
beside x264 alone given the same frames composed beforehand; medians of {pairs} pairs."""
REPEATS, PAIRS = 9, 3


@dataclass(frozen=True)
class Row:
    """One template's figures, in seconds."""

    name: str
    size: str
    first: float
    frame: float
    gif: float
    pillow: float
    mp4: float
    x264: float

    def cells(self) -> list[str]:
        return [
            self.name,
            self.size,
            f"{1000 * self.first:.0f}",
            f"{1000 * self.frame:.2f}",
            f"{self.gif:.2f}",
            f"{self.pillow / self.gif:.1f}×",
            f"{self.mp4:.2f}",
            f"{self.mp4 / self.x264:.2f}×",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path("runs/demo"), help="a run as the demo records it")
    parser.add_argument("--frames", type=int, default=100, help="steps that are rendered")
    given = parser.parse_args()
    names = sorted(file.stem for file in find_builtin_folder().glob("*.yaml"))
    rows = [measure_template(name, given.run, given.frames) for name in names if name != "filmstrip"]
    head = [
        "template",
        "size",
        "first frame, ms",
        "a frame, ms",
        "GIF, s",
        "than Pillow",
        "MP4, s",
        "of x264 alone",
    ]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = NOTES.format(
        today=datetime.date.today(), layer=LAYER, repeats=REPEATS, frames=given.frames, pairs=PAIRS
    )
    report = f"# Built-in templates\n\n{notes}\n\n{table}\n"
    print(report)
    (HERE / "templates.md").write_text(report, encoding="utf-8")


def compose_all(reel: Reel) -> int:
    """Draw every frame, and give their number."""
    return sum(1 for _ in reel.rendition.frames())


def measure_template(name: str, path: Path, frames: int) -> Row:
    run = reelnet.open(path)

    def reel(*settings: str) -> Reel:
        return run.reel(name, layer=LAYER, settings=settings)

    reel().frame(run.steps[-1])
    first = median(time_call(lambda: reel().frame(run.steps[-1])) for _ in range(REPEATS))
    short = f"timeline={{frames: {frames}}}"
    # Resolved before the clock starts: few frames would else carry all of it.
    resolved = [reel(short) for _ in range(3)]
    composing = median(time_call(partial(compose_all, each)) for each in resolved)
    size = reel().scene.size
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as folder:
        gif, mp4, other = (Path(folder) / file for file in ("a.gif", "a.mp4", "b.gif"))
        pairs = [
            (
                time_call(lambda: reel(short).save(gif)),
                time_call(lambda: reel(short).save(mp4)),
                encode_with_x264(reel(short), Path(folder) / "b.mp4"),
            )
            for _ in range(PAIRS)
        ]
        pictures = [
            Image.fromarray(short_reel.palette_rgb[f.indices])
            for short_reel in [reel(short)]
            for f in short_reel.rendition.frames()
        ]
        pillow = time_call(
            lambda: pictures[0].save(other, save_all=True, append_images=pictures[1:], duration=100)
        )
    print(f"{name} done", flush=True)
    return Row(
        name,
        f"{size.width}×{size.height}",
        first,
        composing / frames,
        median(pair[0] for pair in pairs),
        pillow,
        median(pair[1] for pair in pairs),
        median(pair[2] for pair in pairs),
    )


def time_call(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
