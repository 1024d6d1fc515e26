"""How large files are beside those of other tools, from the same lossless frames.

    python benchmarks/size.py RUN [--gifski BINARY] [--subjects conv6,relu] [--results FILE.jsonl]

The npm package `gifski` carries its binary; everything else comes with the `bench` extra. RUN is the demo's. Each
subject's figures are appended to the results when they are measured, and what is there is not measured again. The
tables are printed, and kept in `benchmarks/size.md`.
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

from decoding import Quality
from other_runs import record
from peers_of_size import gifsicle, gifski, moviepy, palettes, pillow
from promises import Promise, promise_table, table
from subjects_of_size import Made, Subject, searched

import reelnet
from reelnet.export.encoders.formats import EncoderSettings

HERE = Path(__file__).parent
LAYERS = "conv1", "conv2", "conv3", "conv4", "conv5", "conv6"
OTHERS = "relu", "wide"
GIFSKI = {90: 0.60, 70: 0.40, 50: 0.45}
X264 = {23: 0.70, 28: 0.60}
"""Part of their bytes that is asked for at their PSNR, by their quality or CRF."""
HELD_CRF = 17

NOTES = """\
Everything is made from the same exact frames of template `plain` ({cpus} CPUs, {system}). Sizes and quality are
taken by decoding the files, PSNR over all frames and colours, SSIM of luma. reelnet's rows under a tool's are as
near to the exact frames as that tool's file, or nearer; its seconds are those of one encode, from the run on. `relu`
is 16 channels of 14×14 that are never negative, `wide` 64 channels of 7×7, both with 151 frames."""

Row = dict[str, Any]


def measured(subject: Subject, binary: Path | None) -> Iterator[Made]:
    """Every file of a subject."""
    exact = subject.ours(".gif")
    yield exact
    yield subject.theirs("Pillow", ".gif", pillow)
    yield subject.theirs("moviepy", ".gif", moviepy)
    yield subject.theirs("ffmpeg palettegen", ".gif", palettes)
    lossless = subject.folder / "lossless.gif"
    shutil.copy(subject.folder / "ours.gif", lossless)
    for lossy in (0, 80):
        name = f"gifsicle {f'--lossy={lossy}' if lossy else '-O3'}"
        yield subject.theirs(name, ".gif", gifsicle(lossless, lossy))
    for quality in GIFSKI if binary is not None else ():
        assert binary is not None
        theirs = subject.theirs(f"gifski {quality}", ".gif", gifski(binary, quality))
        yield theirs
        yield subject.ours(".gif", subject.price_of(theirs.quality.psnr))
    for crf in X264:
        alone = subject.ours(".mp4", 0, EncoderSettings(quality=crf))
        yield Made(f"x264 CRF {crf}", ".mp4", alone.bytes, alone.quality, alone.seconds)
        yield near(subject, alone.quality.psnr)
    theirs = subject.theirs("moviepy", ".mp4", moviepy)
    yield theirs
    yield near(subject, theirs.quality.psnr)
    for suffix in (".webp", ".apng"):
        yield subject.theirs("Pillow", suffix, pillow)
        yield subject.ours(suffix)


def near(subject: Subject, psnr: float) -> Made:
    """Our MP4 at a PSNR; the loss is nearly all in the values, and x264 is fine."""

    def ours(price: float) -> Made:
        return subject.ours(".mp4", price, EncoderSettings(quality=HELD_CRF))

    return ours(searched(lambda price: ours(price).quality.psnr, psnr))


def article(run: Path, folder: Path) -> Iterator[Row]:
    """The article's own case: conv6 with its title and curve, 560 pixels wide, for two places."""
    reel = reelnet.open(run).reel("article", layer="conv6", settings=["canvas.max_width=560"])
    for cap in ("25 MB", "5 MB"):
        report = reel.save(folder / "article.gif", max_size=cap)
        yield {**report.as_json(), "cap": cap, "steps_shown": len(report.steps_shown)}


def promises(rows: list[Row]) -> list[Promise]:
    """What was asked for of conv6, and what was reached."""
    of_conv6 = [row for row in rows if row["subject"] == "conv6"]
    found = []
    for number, (theirs, ours) in enumerate(pairwise(of_conv6)):
        part = ours["bytes"] / theirs["bytes"]
        words = f"{part:.1%} at {ours['psnr']:.1f} dB beside {theirs['psnr']:.1f} dB"
        tool, _, how = theirs["tool"].rpartition(" ")
        if ours["tool"] != "reelnet" or theirs["tool"] == "reelnet":
            continue
        if tool in ("gifski", "x264 CRF"):
            most = (GIFSKI if tool == "gifski" else X264)[int(how)]
            found.append(
                Promise(f"conv6, {theirs['tool']}", f"≤ {most:.0%} of its bytes", words, part <= most)
            )
        elif theirs["suffix"] == ".mp4" and number:
            kept = part <= 0.6 and ours["psnr"] > theirs["psnr"]
            found.append(Promise("conv6, moviepy's MP4", "≤ 60% of its bytes, nearer", words, kept))
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
            found.append(Promise(name, "smaller", words, max(parts) < 1))
    return [*found, *of_times([row for row in of_conv6 if row["suffix"] == ".gif"])]


def of_times(rows: list[Row]) -> Iterator[Promise]:
    """What was asked of one encode and of the fit, beside gifski's time."""
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
        yield Promise(f"conv6, {name} beside gifski's", f"≤ {most:.0%} of its time", words, part <= most)


def shown(rows: list[Row]) -> str:
    """A table of a subject's rows."""
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
    return table([head, *lines])


def written(rows: list[Row], cases: list[Row]) -> str:
    """The page that is kept."""
    system = f"{platform.system()} {platform.machine()}"
    parts = [
        "# Sizes beside those of other tools",
        f"Written by `benchmarks/size.py` on {datetime.date.today()}.",
    ]
    parts += [
        NOTES.format(cpus=os.cpu_count(), system=system),
        promise_table([*promises(rows), *of_article(cases)]),
    ]
    for name in dict.fromkeys(row["subject"] for row in rows):
        parts += [f"## {name}", shown([row for row in rows if row["subject"] == name])]
    return "\n\n".join(parts) + "\n"


def of_article(cases: list[Row]) -> Iterator[Promise]:
    """What was asked for of the article's own case."""
    for case, (asked, most, mean) in zip(
        cases, (("≤ 1 level", 1, 1), ("≤ 3 levels on average", 240, 3)), strict=True
    ):
        kept = case["max_error_levels"] <= most and case["mean_error_levels"] <= mean
        size = f"{case['width']}×{case['height']}, {case['steps_shown']} steps"
        errors = (
            f"off by {case['mean_error_levels']:.2f} of 240 levels, {case['max_error_levels']:.1f} at most"
        )
        words = f"{case['bytes'] / 1e6:.2f} MB, {'lossless' if case['lossless'] else errors}; {size}"
        yield Promise(
            f"conv6 as in the article, under {case['cap']}", asked, words, kept and case["steps_shown"] == 291
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--gifski", type=Path, help="its binary")
    parser.add_argument("--subjects", default=",".join((*LAYERS, *OTHERS)))
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
                kept += measured_rows(subject, asked.run, folder / subject, asked.gifski)
                asked.results.write_text("".join(json.dumps(row) + "\n" for row in kept))
        report = written(kept, [*article(asked.run, folder)])
    print(report)
    (HERE / "size.md").write_text(report, encoding="utf-8")


def measured_rows(name: str, run: Path, folder: Path, binary: Path | None) -> list[Row]:
    """The figures of a subject."""
    folder.mkdir()
    if name in OTHERS:
        record(name, folder / "run")
        reel = reelnet.open(folder / "run").reel("plain", layer="maps", scale=4)
    else:
        reel = reelnet.open(run).reel("plain", layer=name)
    rows = []
    for made in measured(Subject(name, reel, folder), binary):
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
