"""What the grid of layouts is worth: MP4s of the same maps at many scales and gaps, with and without it.

    python benchmarks/grid.py [--run DIR]

Prints tables and writes them to `benchmarks/grid.md`. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from common import HERE, markdown_table
from processes import measure_in_process

FRAMES = 100
"""The first frames, which change most."""

SCALES = 4, 5, 6, 7, 8, 9, 10, 12, 14, 16
GAPS = 2, 4, 8
DISTANCES = {4: (32, 36), 5: (40, 41, 48), 10: (76, 80), 12: (88, 92)}
"""By scale: distances of cells, of which some are multiples of 8."""
SNAP, NO_SNAP = "canvas.snap=true", "canvas.snap=false"

NOTES = f"""\
The first {FRAMES} frames of conv6 (maps of 7 × 7 values) in `plain`, without the counter, at H.264's default settings
for their content. *Maps* is the PSNR of RGB over the cells. Odd scales cannot exceed about 30 dB, since videos have
one color sample per 2 × 2 pixels."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the grid of layouts is worth.")
    parser.add_argument(
        "--run", type=Path, default=Path("runs/demo"), help="the run folder; recorded if missing"
    )
    run: Path = parser.parse_args().run
    if not run.exists():
        measure_in_process("train", "-", run, run)
    versions = ", ".join(f"{name} {version(name)}" for name in ("reelnet", "av", "numpy"))
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as temporary:
        by_scale = [(f"scale {scale}", (f"canvas.scale={scale}", SNAP)) for scale in SCALES]
        by_gap = [
            (f"gap {gap}, {'snapped' if snap == SNAP else 'as written'}", (*gaps(gap), snap))
            for gap in GAPS
            for snap in (NO_SNAP, SNAP)
        ]
        by_distance = [
            (
                f"scale {scale}, {distance} pixels",
                (f"canvas.scale={scale}", *gaps(distance - 7 * scale), NO_SNAP),
            )
            for scale, distances in DISTANCES.items()
            for distance in distances
        ]
        report = "\n\n".join(
            [
                "# The grid of layouts",
                f"Written by `python benchmarks/grid.py` on {datetime.date.today()}: {machine}; {versions}.",
                NOTES,
                "## Scales",
                markdown_table(compare_layouts(run, Path(temporary), by_scale)),
                "## Gaps between cells of 56 pixels",
                markdown_table(compare_layouts(run, Path(temporary), by_gap)),
                "## Distances of cells whose values are not multiples of 8 pixels",
                markdown_table(compare_layouts(run, Path(temporary), by_distance)) + "\n",
            ]
        )
    print(report)
    (HERE / "grid.md").write_text(report, encoding="utf-8")


def gaps(pixels: int) -> tuple[str, str]:
    """The settings for a gap between samples and between channels."""
    return f"samples.gap={pixels}", f"panels.channels.gap={pixels}"


def compare_layouts(
    run: Path, folder: Path, layouts: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[tuple[str, ...]]:
    """One row per layout, given by its name and its settings."""
    from video_subject import VideoSubject

    import reelnet
    from reelnet.export.encoders.codec import H264
    from reelnet.export.encoders.formats import DEFAULT_SETTINGS

    yield "layout", "frame", "content", "MB", "bytes per value", "maps, dB"
    for name, settings in layouts:
        reel = reelnet.open(run).reel(
            "plain", layer="conv6", settings=["panels.counter.hidden=true", *settings]
        )
        subject = VideoSubject.from_reel(reel, folder, FRAMES)
        found = subject.encode_with_settings(H264, DEFAULT_SETTINGS)
        values = sum(
            box.width * box.height // (region.value_width * region.value_height)
            for region in reel.scene.cell_regions
            for box in region.boxes
            if region.changes
        )
        size, frame = f"{found.bytes / 1e6:.3f}", f"{reel.scene.size.width}×{reel.scene.size.height}"
        per_value = f"{found.bytes / values / FRAMES:.3f}"
        yield name, frame, subject.stream.content.value, size, per_value, f"{found.maps:.1f}"


if __name__ == "__main__":
    main()
