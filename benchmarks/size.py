"""Compare file sizes with those of other tools for the same lossless frames.

    python benchmarks/size.py RUN [--gifski BINARY] [--subjects conv6,relu] [--results FILE.jsonl]

RUN is the run of the demo. The npm package `gifski` contains the binary; everything else comes with the `bench`
extra. The figures of each subject are appended to the results file at once, and subjects that it has already are not
measured again. The tables are printed and written to `benchmarks/size.md`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import HERE, markdown_table
from decoding import Quality
from goals import Goal, make_goal_table
from size_peers import (
    encode_with_moviepy,
    encode_with_palettegen,
    encode_with_pillow,
    make_gifsicle_encoder,
    make_gifski_encoder,
)
from size_subject import EncodedFile, SizeSubject, search_highest
from small_runs import record_small_run

import reelnet
from reelnet.export.encoders.codec import H264
from reelnet.export.encoders.content import find_content
from reelnet.export.encoders.formats import EncoderSettings

LAYERS = "conv1", "conv2", "conv3", "conv4", "conv5", "conv6"
SMALL_RUNS = "relu", "wide"
GIFSKI_LIMITS = {90: 0.60, 70: 0.40, 50: 0.45}
X264_LIMITS = {23: 0.30, 28: 0.25}
"""Goals by quality or CRF: the largest fraction of the tool's bytes, at its PSNR."""
MOVIEPY_LIMIT = 0.3

NOTES = """\
All files are encoded from the same exact frames of the template `plain` ({cpus} CPUs, {system}). Quality is
measured by decoding the files: PSNR over all frames and colors, SSIM of luma. A row of reelnet below another tool has
at least the PSNR of that tool; its seconds are those of one encode, from the run on. `relu` is 16 channels of 14×14
that are never negative, `wide` is 64 channels of 7×7; both have 151 frames."""

Row = dict[str, Any]


def encode_all(subject: SizeSubject, binary: Path | None) -> Iterator[EncodedFile]:
    """Encode a subject with every tool and with reelnet at the same quality."""
    exact = subject.encode_with_reelnet(".gif")
    yield exact
    yield subject.encode_with_tool("Pillow", ".gif", encode_with_pillow)
    yield subject.encode_with_tool("moviepy", ".gif", encode_with_moviepy)
    yield subject.encode_with_tool("ffmpeg palettegen", ".gif", encode_with_palettegen)
    lossless = subject.folder / "lossless.gif"
    shutil.copy(subject.folder / "ours.gif", lossless)
    for lossy in (0, 80):
        name = f"gifsicle {f'--lossy={lossy}' if lossy else '-O3'}"
        yield subject.encode_with_tool(name, ".gif", make_gifsicle_encoder(lossless, lossy))
    for quality in GIFSKI_LIMITS if binary is not None else ():
        assert binary is not None
        theirs = subject.encode_with_tool(f"gifski {quality}", ".gif", make_gifski_encoder(binary, quality))
        yield theirs
        yield subject.encode_with_reelnet(".gif", subject.find_change_cost(theirs.quality.psnr))
    for crf in X264_LIMITS:
        alone = subject.encode_with_x264(crf)
        yield alone
        yield encode_mp4_at_psnr(subject, alone.quality.psnr)
    theirs = subject.encode_with_tool("moviepy", ".mp4", encode_with_moviepy)
    yield theirs
    yield encode_mp4_at_psnr(subject, theirs.quality.psnr)
    for suffix in (".webp", ".apng"):
        yield subject.encode_with_tool("Pillow", suffix, encode_with_pillow)
        yield subject.encode_with_reelnet(suffix)


def encode_mp4_at_psnr(subject: SizeSubject, psnr: float) -> EncodedFile:
    """An MP4 of reelnet with a PSNR, reached by quantizing the values over time."""
    limits = H264.quality_limits[find_content(subject.reel.rendition)]

    def ours(price: float) -> EncodedFile:
        return subject.encode_with_reelnet(".mp4", price, EncoderSettings(quality=limits.unseen))

    return ours(search_highest(lambda price: ours(price).quality.psnr, psnr))


def measure_article_case(run: Path, folder: Path) -> Iterator[Row]:
    """The figure of the article under two caps: conv6 with title and curve, 560 pixels wide."""
    reel = reelnet.open(run).reel("article", layer="conv6", settings=["canvas.max_width=560"])
    for cap in ("25 MB", "5 MB"):
        report = reel.save(folder / "article.gif", max_size=cap)
        yield {**report.as_json(), "cap": cap, "steps_shown": len(report.steps_shown)}


def list_goals(rows: list[Row]) -> list[Goal]:
    """The size goals and their results."""
    of_conv6 = [row for row in rows if row["subject"] == "conv6"]
    found = []
    for number, (theirs, ours) in enumerate(pairwise(of_conv6)):
        part = ours["bytes"] / theirs["bytes"]
        words = f"{part:.1%} at {ours['psnr']:.1f} dB beside {theirs['psnr']:.1f} dB"
        tool, _, how = theirs["tool"].rpartition(" ")
        if ours["tool"] != "reelnet" or theirs["tool"] == "reelnet":
            continue
        if tool in ("gifski", "x264 CRF"):
            most = (GIFSKI_LIMITS if tool == "gifski" else X264_LIMITS)[int(how)]
            found.append(Goal(f"conv6, {theirs['tool']}", f"≤ {most:.0%} of its bytes", words, part <= most))
        elif theirs["suffix"] == ".mp4" and number:
            kept = part <= MOVIEPY_LIMIT and ours["psnr"] > theirs["psnr"]
            limit = f"≤ {MOVIEPY_LIMIT:.0%} of its bytes, nearer"
            found.append(Goal("conv6, moviepy's MP4", limit, words, kept))
    for suffix in (".webp", ".apng"):
        pairs = [
            (theirs["bytes"], ours["bytes"])
            for theirs, ours in pairwise(rows)
            if theirs["suffix"] == ours["suffix"] == suffix and ours["tool"] == "reelnet" != theirs["tool"]
        ]
        parts = [ours / theirs for theirs, ours in pairs]
        if parts:
            words = f"{min(parts):.1%} to {max(parts):.1%} of its bytes"
            name = f"lossless {suffix[1:].upper()} of every subject, beside Pillow at its best"
            found.append(Goal(name, "smaller", words, max(parts) < 1))
    return [*found, *list_time_goals([row for row in of_conv6 if row["suffix"] == ".gif"])]


def list_time_goals(rows: list[Row]) -> Iterator[Goal]:
    """The time goals of one encode and of the quantization over time, relative to gifski."""
    times = {row["tool"]: row["seconds"] for row in rows}
    if "gifski 70" not in times:
        return
    parts = (
        ("one encode", rows[0]["seconds"], 0.1),
        ("the fit over time", max(row["fitting"] for row in rows), 0.2),
    )
    for name, seconds, most in parts:
        part = seconds / times["gifski 70"]
        words = f"{part:.1%} ({seconds:.1f} s to {times['gifski 70']:.1f} s)"
        yield Goal(f"conv6, {name} beside gifski's", f"≤ {most:.0%} of its time", words, part <= most)


def make_table(rows: list[Row]) -> str:
    """The table of a subject."""
    head = ("format", "tool", "MB", "PSNR, dB", "SSIM", "seconds", "")
    lines = [
        (
            row["suffix"][1:],
            row["tool"],
            f"{row['bytes'] / 1e6:.2f}",
            "lossless" if row["psnr"] == 99 else f"{row['psnr']:.1f}",
            f"{row['ssim']:.4f}",
            f"{row['seconds']:.1f}",
            row["note"],
        )
        for row in rows
    ]
    return markdown_table([head, *lines])


def format_page(rows: list[Row], cases: list[Row]) -> str:
    """The page for `benchmarks/size.md`."""
    system = f"{platform.system()} {platform.machine()}"
    parts = [
        "# File sizes compared with other tools",
        f"Written by `python benchmarks/size.py RUN --gifski BINARY` on {datetime.date.today()}.",
    ]
    parts += [
        NOTES.format(cpus=os.cpu_count(), system=system),
        make_goal_table([*list_goals(rows), *list_article_goals(cases)]),
    ]
    for name in dict.fromkeys(row["subject"] for row in rows):
        parts += [f"## {name}", make_table([row for row in rows if row["subject"] == name])]
    return "\n\n".join(parts) + "\n"


def list_article_goals(cases: list[Row]) -> Iterator[Goal]:
    """The goals of the article's figure and their results."""
    for case, (asked, most, mean) in zip(
        cases, (("≤ 1 level", 1, 1), ("≤ 3 levels on average", 240, 3)), strict=True
    ):
        kept = case["max_error_levels"] <= most and case["mean_error_levels"] <= mean
        size = f"{case['width']}×{case['height']}, {case['steps_shown']} steps"
        errors = (
            f"off by {case['mean_error_levels']:.2f} of 240 levels, {case['max_error_levels']:.1f} at most"
        )
        words = f"{case['bytes'] / 1e6:.2f} MB, {'lossless' if case['lossless'] else errors}; {size}"
        yield Goal(
            f"conv6 as in the article, under {case['cap']}", asked, words, kept and case["steps_shown"] == 291
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--gifski", type=Path, help="the binary of gifski")
    parser.add_argument("--subjects", default=",".join((*LAYERS, *SMALL_RUNS)))
    parser.add_argument("--results", type=Path, default=Path(tempfile.gettempdir()) / "reelnet-size.jsonl")
    asked = parser.parse_args()
    kept = (
        [json.loads(line) for line in asked.results.read_text().splitlines()]
        if asked.results.exists()
        else []
    )
    with tempfile.TemporaryDirectory(prefix="reelnet-size-") as name:
        folder = Path(name)
        for subject in asked.subjects.split(","):
            if not any(row["subject"] == subject for row in kept):
                kept += measure_subject(subject, asked.run, folder / subject, asked.gifski)
                asked.results.write_text("".join(json.dumps(row) + "\n" for row in kept))
        report = format_page(kept, [*measure_article_case(asked.run, folder)])
    print(report)
    (HERE / "size.md").write_text(report, encoding="utf-8")


def measure_subject(name: str, run: Path, folder: Path, binary: Path | None) -> list[Row]:
    """Measure a subject; one row per file."""
    folder.mkdir()
    if name in SMALL_RUNS:
        record_small_run(name, folder / "run")
        reel = reelnet.open(folder / "run").reel("plain", layer="maps", scale=4)
    else:
        reel = reelnet.open(run).reel("plain", layer=name)
    rows = []
    for made in encode_all(SizeSubject(name, reel, folder), binary):
        quality: Quality = made.quality
        figures = {key: value for key, value in asdict(made).items() if key != "quality"}
        rows.append({"subject": name, **figures, "psnr": quality.psnr, "ssim": quality.ssim})
        print(
            f"{name} {made.suffix} {made.tool}: {made.bytes:,} bytes, {quality.psnr:.2f} dB, {made.seconds:.1f} s",
            flush=True,
        )
    return rows


if __name__ == "__main__":
    main()
