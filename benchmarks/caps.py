"""Files under caps: is any file over its cap, how full is it, and how long does the search take?

    python benchmarks/caps.py RUN [--results FILE.jsonl] [--layers conv5,conv6] [--suffixes .gif,.mp4] [--caps 5,0.3]
                              [--gifski BINARY]

Every layer is saved in every format under every cap, and every file is decoded by Pillow or PyAV. Each row is
appended to the results file at once, and rows that it has already are not measured again, so a long series can be
interrupted. Processor seconds are those of all cores; they tell more on a machine that is busy otherwise. With the
binary of gifski, from the npm package of that name, the search for a GIF is compared with one
encode by gifski. The page with all results goes to stdout; `benchmarks/caps.md` is a copy of it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
from common import markdown_table
from PIL import Image
from size_peers import Stills, make_gifski_encoder

import reelnet
from reelnet.errors import CapError
from reelnet.scene.palette.palette import ColorDepth

CAPS = 25.0, 10.0, 5.0, 2.0, 1.0, 0.5
"""In MB of 10^6 bytes."""

LAYERS = "conv1", "conv2", "conv3", "conv4", "conv5", "conv6"
SUFFIXES = ".gif", ".mp4", ".webp", ".apng", ".webm", ".avif"
FULL_FROM = 0.97
"""A file counts as full from this fraction of its cap on."""

GIFSKI_QUALITY = 90
"""The quality of gifski; its default."""
TABLE_HEAD = (
    "layer",
    "format",
    "cap",
    "bytes",
    "fill",
    "encodes",
    "seconds",
    "processor",
    "frames",
    "scale",
    "error",
    "reduced",
)
Row = dict[str, Any]


def search_cap(run: reelnet.Run, template: str, layer: str, suffix: str, cap: float) -> Row:
    """The figures of one search."""
    row: Row = {"layer": layer, "suffix": suffix, "megabytes": cap}
    start, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        try:
            report = run.reel(template, layer=layer).save(path, max_size=round(cap * 1e6))
        except CapError as error:
            row |= {"seconds": time.perf_counter() - start, "refused": str(error)}
            return {**row, "processor": time.process_time() - processor}
        row["processor"] = time.process_time() - processor
        assert path.stat().st_size == report.bytes
        shown = count_frames(path)
    assert shown == report.frames, (shown, report.frames)
    return {**row, **report.as_json(), "steps_shown": len(report.steps_shown)}


def time_gifski(run: reelnet.Run, template: str, layer: str, binary: Path) -> Row:
    """Time one encode by gifski, from PNG stills to the file."""
    reel = run.reel(template, layer=layer)
    rgb = reel.palette_rgb
    with tempfile.TemporaryDirectory() as folder:
        frames = reel.rendition.frames(depth=ColorDepth.EIGHT_BIT)
        stills = Stills.from_frames((rgb[frame.indices] for frame in frames), Path(folder) / "stills")
        start = time.perf_counter()
        make_gifski_encoder(binary, GIFSKI_QUALITY)(stills, Path(folder) / "a.gif")
        return {"layer": layer, "gifski": time.perf_counter() - start}


def compare_with_gifski(rows: list[Row], others: list[Row]) -> Iterator[str]:
    """Compare the slowest search for a GIF of each layer with one encode by gifski."""
    for other in others:
        ours = [row["seconds"] for row in rows if (row["layer"], row["suffix"]) == (other["layer"], ".gif")]
        if ours:
            yield f"{other['layer']} {max(ours):.1f} s, gifski {other['gifski']:.1f} s"


def count_frames(path: Path) -> int:
    """Count the frames of a file by decoding each of them."""
    if path.suffix in (".gif", ".webp", ".apng"):
        with Image.open(path) as image:
            count = getattr(image, "n_frames", 1)
            for number in range(count):
                image.seek(number)
                image.load()
            return count
    with av.open(str(path)) as container:
        # An AVIF file contains a still and the animation.
        stream = max(container.streams.video, key=lambda each: each.frames)
        return sum(1 for _ in container.decode(stream))


def make_table(rows: Iterable[Row]) -> str:
    """The results as a Markdown table."""
    table: list[Sequence[str]] = [TABLE_HEAD]
    for row in rows:
        start = (row["layer"], row["suffix"], f"{row['megabytes']:g} MB")
        if "refused" in row:
            table.append(
                (
                    *start,
                    "-",
                    "-",
                    "-",
                    f"{row['seconds']:.1f}",
                    f"{row['processor']:.1f}",
                    "-",
                    "-",
                    "-",
                    row["refused"],
                )
            )
            continue
        error = f"{row['mean_error_levels']:.2f}, {row['max_error_levels']:.2f}"
        table.append(
            (
                *start,
                f"{row['bytes']:,}",
                f"{100 * row['fill']:.1f} %",
                str(row["encodes"]),
                f"{row['seconds']:.1f}",
                f"{row['processor']:.1f}",
                str(row["frames"]),
                str(row["scale"]),
                "lossless" if row["lossless"] else error,
                "; ".join(row["traded"]) or "-",
            )
        )
    return markdown_table(table)


def summarize(rows: list[Row]) -> Iterator[str]:
    """One sentence per format: files over their caps, and how full the others are."""
    for suffix in SUFFIXES:
        ours = [row for row in rows if row["suffix"] == suffix]
        found = [row for row in ours if "refused" not in row]
        if not found:
            continue
        # A file that took one encode has the best quality of the format.
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
            f"most {max(row['seconds'] for row in found):.1f}; of processors: "
            f"median {sorted(row['processor'] for row in found)[len(found) // 2]:.1f}, "
            f"most {max(row['processor'] for row in found):.1f}"
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
    parser.add_argument("--gifski", type=Path, help="the binary of gifski")
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
        f"# Files under caps\n\nWritten by `{describe_command(given)}`. "
        f"Template `{given.template}`, {os.cpu_count()} cores. The error is the mean and the "
        "largest error of a value, in 1/240ths of the color range. Where processor seconds are far below the seconds "
        "of the clock, the machine had other work.\n"
    )
    print("\n".join(summarize(rows)))
    if compared := [*compare_with_gifski(rows, others)]:
        print(
            "- the slowest search for a GIF, and one encode by gifski of quality "
            f"{GIFSKI_QUALITY}: {', '.join(compared)}"
        )
    print()
    print(make_table(rows))


def describe_command(given: argparse.Namespace) -> str:
    """The command that measures what was asked for."""
    options = [
        ("--layers", given.layers, ",".join(LAYERS)),
        ("--suffixes", given.suffixes, ",".join(SUFFIXES)),
        ("--caps", given.caps, ",".join(f"{cap:g}" for cap in CAPS)),
        ("--gifski", "BINARY" if given.gifski else None, None),
    ]
    words = [f"{name} {value}" for name, value, default in options if value != default]
    return " ".join(["python benchmarks/caps.py RUN", *words])


def append_row(results: Path, row: Row) -> None:
    """Append a row to the results file."""
    with results.open("a") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(results: Path) -> tuple[list[Row], list[Row]]:
    """The rows of the results file: searches, and encodes by gifski."""
    rows = (
        [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else list[Row]()
    )
    return [row for row in rows if "gifski" not in row], [row for row in rows if "gifski" in row]


if __name__ == "__main__":
    main()
