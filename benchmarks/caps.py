"""Caps of every size on every layer and format: is any file over, how full are they, and what did it take?

    python benchmarks/caps.py RUN [--results FILE.jsonl] [--layers conv5,conv6] [--suffixes .gif,.mp4] [--caps 5,0.3]
                              [--gifski BINARY]

Each row is appended to the results as it is measured, and one that is there is not measured again, so that a long
series may be interrupted. Every file is decoded, by Pillow or PyAV. With gifski's binary, which the npm package
`make_gifski_encoder` carries, the searches of a GIF are compared with one encode of it. The table on stdout, kept as caps.md, is
made of all the results.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
from PIL import Image
from size_peers import Stills, make_gifski_encoder

import reelnet
from reelnet.errors import CapError
from reelnet.scene.palette.palette import ColorDepth

CAPS = 25.0, 10.0, 5.0, 2.0, 1.0, 0.5
"""In MB, 10^6 bytes."""

LAYERS = "conv1", "conv2", "conv3", "conv4", "conv5", "conv6"
SUFFIXES = ".gif", ".mp4", ".webp", ".apng", ".webm", ".avif"
FULL_FROM = 0.97
GIFSKI_QUALITY = 90
"""Its quality, which is its usual one."""
TABLE_HEAD = (
    "layer",
    "format",
    "cap",
    "bytes",
    "fill",
    "encodes",
    "seconds",
    "frames",
    "scale",
    "error",
    "given up",
)
Row = dict[str, Any]


def search_cap(run: reelnet.Run, template: str, layer: str, suffix: str, cap: float) -> Row:
    """One search, in figures."""
    row: Row = {"layer": layer, "suffix": suffix, "megabytes": cap}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        try:
            report = run.reel(template, layer=layer).save(path, max_size=round(cap * 1e6))
        except CapError as error:
            return {**row, "seconds": time.perf_counter() - began, "refused": str(error)}
        assert path.stat().st_size == report.bytes
        shown = count_frames(path)
    assert shown == report.frames, (shown, report.frames)
    return {**row, **report.as_json(), "steps_shown": len(report.steps_shown)}


def time_gifski(run: reelnet.Run, template: str, layer: str, binary: Path) -> Row:
    """The seconds of one encode, from stills on."""
    reel = run.reel(template, layer=layer)
    rgb = reel.palette_rgb
    with tempfile.TemporaryDirectory() as folder:
        frames = reel.rendition.frames(depth=ColorDepth.EIGHT_BIT)
        stills = Stills.from_frames((rgb[frame.indices] for frame in frames), Path(folder) / "stills")
        began = time.perf_counter()
        make_gifski_encoder(binary, GIFSKI_QUALITY)(stills, Path(folder) / "a.gif")
        return {"layer": layer, "gifski": time.perf_counter() - began}


def compare_with_gifski(rows: list[Row], others: list[Row]) -> Iterator[str]:
    """How long each layer's slowest search of a GIF takes, and one encode of gifski."""
    for other in others:
        ours = [row["seconds"] for row in rows if (row["layer"], row["suffix"]) == (other["layer"], ".gif")]
        if ours:
            yield f"{other['layer']} {max(ours):.1f} s beside {other['gifski']:.1f} s"


def count_frames(path: Path) -> int:
    """The frames of a file, each of them decoded."""
    if path.suffix in (".gif", ".webp", ".apng"):
        with Image.open(path) as image:
            count = getattr(image, "n_frames", 1)
            for number in range(count):
                image.seek(number)
                image.load()
            return count
    with av.open(str(path)) as container:
        # An AVIF has a still beside its animation.
        stream = max(container.streams.video, key=lambda each: each.frames)
        return sum(1 for _ in container.decode(stream))


def make_table(rows: Iterable[Row]) -> Iterator[str]:
    """The results as Markdown, in order."""
    yield f"| {' | '.join(TABLE_HEAD)} |"
    yield "|" + "---|" * len(TABLE_HEAD)
    for row in rows:
        start = f"| {row['layer']} | {row['suffix']} | {row['megabytes']:g} MB "
        if "refused" in row:
            yield start + "| - | - | - " + f"| {row['seconds']:.1f} | - | - | - | {row['refused']} |"
            continue
        error = f"{row['mean_error_levels']:.2f}, {row['max_error_levels']:.2f}"
        yield start + (
            f"| {row['bytes']:,} | {100 * row['fill']:.1f} % | {row['encodes']} | {row['seconds']:.1f} | "
            f"{row['frames']} | {row['scale']} | {'lossless' if row['lossless'] else error} | "
            f"{'; '.join(row['traded']) or '-'} |"
        )


def summarize(rows: list[Row]) -> Iterator[str]:
    """For each format how the promise was kept."""
    for suffix in SUFFIXES:
        ours = [row for row in rows if row["suffix"] == suffix]
        found = [row for row in ours if "refused" not in row]
        if not found:
            continue
        # What took one encode was as good as the format can be.
        lossy = [row for row in found if row["encodes"] > 1]
        full, encodes = (
            sum(row["fill"] >= FULL_FROM for row in lossy),
            sorted(row["encodes"] for row in lossy),
        )
        yield (
            f"- `{suffix}`: {len(ours)} caps, {sum(row['fill'] > 1 for row in found)} over, "
            f"{len(ours) - len(found)} refused; {len(found) - len(lossy)} met in one encode; of the other "
            f"{len(lossy)} {full} at {FULL_FROM:.0%} or more, the emptiest at "
            f"{min((row['fill'] for row in lossy), default=1):.1%}; encodes: "
            f"median {encodes[len(encodes) // 2] if encodes else 1}, most {max(encodes, default=1)}; "
            f"seconds: median {sorted(row['seconds'] for row in found)[len(found) // 2]:.1f}, "
            f"most {max(row['seconds'] for row in found):.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--results", type=Path, default=Path("caps.jsonl"))
    parser.add_argument("--template", default="article")
    parser.add_argument("--layers", default=",".join(LAYERS))
    parser.add_argument("--suffixes", default=",".join(SUFFIXES))
    parser.add_argument("--caps", default=",".join(f"{cap:g}" for cap in CAPS), help="in MB")
    parser.add_argument("--gifski", type=Path, help="its binary")
    given = parser.parse_args()
    run = reelnet.open(given.run)
    rows, others = read_rows(given.results)
    done = {(row["layer"], row["suffix"], row["megabytes"]) for row in rows}
    timed = {row["layer"] for row in others}
    for layer in given.layers.split(","):
        if given.gifski is not None and layer not in timed:
            append_row(given.results, time_gifski(run, given.template, layer, given.gifski))
        for suffix in given.suffixes.split(","):
            for cap in map(float, given.caps.split(",")):
                if (layer, suffix, cap) in done:
                    continue
                append_row(given.results, search_cap(run, given.template, layer, suffix, cap))
    rows, others = read_rows(given.results)
    rows.sort(key=lambda row: (SUFFIXES.index(row["suffix"]), LAYERS.index(row["layer"]), -row["megabytes"]))
    print(
        f"# Files under caps\n\nTemplate `{given.template}`, {os.cpu_count()} cores. The error is that of values, "
        "mean and greatest, in 240ths of the colormap.\n"
    )
    print("\n".join(summarize(rows)))
    if compared := [*compare_with_gifski(rows, others)]:
        print(
            f"- the slowest search of a GIF beside one encode of gifski, quality {GIFSKI_QUALITY}: {', '.join(compared)}"
        )
    print()
    print("\n".join(make_table(rows)))


def append_row(results: Path, row: Row) -> None:
    """Append a row to the results."""
    with results.open("a") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(results: Path) -> tuple[list[Row], list[Row]]:
    """The results so far: searches, and gifski's encodes."""
    rows = (
        [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else list[Row]()
    )
    return [row for row in rows if "gifski" not in row], [row for row in rows if "gifski" in row]


if __name__ == "__main__":
    main()
