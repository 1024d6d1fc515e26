"""Time every built-in template: the first frame, one frame, and rendering compared with Pillow and x264 alone.

    python benchmarks/templates.py [--run DIR] [--frames N]

Prints a table and writes it to `benchmarks/templates.md`. Needs a run with an output layer, as `reelnet demo` makes.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from common import HERE, LAYER, markdown_table, time_call
from PIL import Image
from x264_baseline import encode_with_x264

import reelnet
from reelnet.export.encoders.formats import FORMATS
from reelnet.reel import Reel
from reelnet.template.search_path import find_builtin_folder

NOTES = """\
Written by `python benchmarks/templates.py` on {today}, layer {layer} of the demo's run. First frame: load and resolve
the template and draw one frame at density 1, of a run that is open already; median of {repeats}. Per frame: composing
alone, at the density of video. GIF and MP4: {frames} steps at their densities, composing and encoding, compared with
Pillow for the same frames as RGB images, and with x264 alone for the same frames, composed beforehand; medians of
{pairs} pairs."""
REPEATS, PAIRS = 9, 3


@dataclass(frozen=True)
class Row:
    """The figures of one template, in seconds."""

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


SKIPPED = ("evolution", "filmstrip", "filters")
"""Templates of a single picture, and of weights, which the demo's run does not have."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path("runs/demo"), help="the run folder of the demo")
    parser.add_argument("--frames", type=int, default=100, help="the number of rendered steps")
    given = parser.parse_args()
    names = sorted(file.stem for file in find_builtin_folder().glob("*.yaml"))
    rows = [measure_template(name, given.run, given.frames) for name in names if name not in SKIPPED]
    head = [
        "template",
        "size",
        "first frame, ms",
        "per frame, ms",
        "GIF, s",
        "faster than Pillow",
        "MP4, s",
        "of x264 alone",
    ]
    table = markdown_table([head, *(row.cells() for row in rows)])
    notes = NOTES.format(
        today=datetime.date.today(), layer=LAYER, repeats=REPEATS, frames=given.frames, pairs=PAIRS
    )
    report = f"# Built-in templates\n\n{notes}\n\n{table}\n"
    print(report)
    (HERE / "templates.md").write_text(report, encoding="utf-8")


def compose_all(reel: Reel) -> int:
    """Draw every frame, and return their number."""
    return sum(1 for _ in reel.rendition.frames())


def measure_template(name: str, path: Path, frames: int) -> Row:
    run = reelnet.open(path)

    def reel(*settings: str) -> Reel:
        return run.reel(name, layer=LAYER, settings=settings)

    def draw_first() -> None:
        run.reel(name, layer=LAYER, density=1).frame(run.steps[-1])

    draw_first()
    first = median(time_call(draw_first) for _ in range(REPEATS))
    short = f"timeline={{frames: {frames}}}"
    # Resolved before the clock starts, because few frames would have to carry all of its time.
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
            Image.fromarray(rendition.palette_rgb[frame.indices])
            for rendition in [reel(short).rendition.with_default_density(FORMATS[".gif"].density)]
            for frame in rendition.frames()
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


if __name__ == "__main__":
    main()
