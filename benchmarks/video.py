"""Video settings for each kind of content: bytes, PSNR, CPU time, and how still the picture is.

    python benchmarks/video.py [--run DIR] [--quick]

Prints tables and writes them to `benchmarks/video.md`. Needs the `bench` extra.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from common import HERE, markdown_table
from processes import measure_in_process, run_command

if TYPE_CHECKING:
    from video_subject import VideoSubject

CHANGED_FRAMES = 100
"""Frames of the table that changes one setting at a time: the first ones, which change most."""

TARGET = 44.0
"""The PSNR of maps, in dB, at which that table compares bytes."""

REELS = (
    *(("plain", layer) for layer in ("conv1", "conv2", "conv3", "conv4", "conv5", "conv6")),
    *((template, "conv6") for template in ("article", "annotated", "dark", "overview", "square", "wide")),
    *(("article", layer) for layer in ("conv1", "conv3")),
)
"""The template and the layer of each reel of the demo's run."""

LONG_FRAMES = 1000, 5000
"""The lengths of long videos."""

UHD = "canvas={width: 3840, height: 2160}"

FILM = "psy=0:aq-mode=0:no-mbtree=1"
"""What reelnet 0.0 gave x264 for every picture, with CRF 10: its film tools without psychovisuals."""

CHANGES: Mapping[str, Sequence[str]] = {
    "conv6": (
        *(
            "deblock=0,0:no-deblock=0",
            "chroma-qp-offset=0",
            "qcomp=0.6",
            "ipratio=1.4",
            "trellis=1",
            "trellis=2",
        ),
        *("deadzone-inter=21", "subme=1", "subme=2", "subme=4", "me=hex", "ref=3", "bframes=3:b-adapt=0"),
        *("partitions=i4x4", "partitions=all", "weightp=2", "aq-mode=1", "no-8x8dct=1", "scenecut=40"),
    ),
    "conv4": (
        "no-8x8dct=0",
        "deadzone-inter=21",
        "trellis=1",
        "subme=4",
        "bframes=3:b-adapt=0",
        "partitions=all",
    ),
    "conv2": (
        *(
            "no-deblock=0",
            "chroma-qp-offset=0",
            "qcomp=0.6",
            "qcomp=0.99",
            "ipratio=1.4",
            "trellis=0",
            "subme=2",
        ),
        *("subme=7", "me=hex", "ref=3", "bframes=0", "b-adapt=1", "partitions=none", "no-8x8dct=1"),
    ),
}
"""Changes of the settings for each content, by a layer of the `plain` template that has it."""

NOTES = """\
The demo's run, {frames} frames. *Maps* is the PSNR of RGB over the cells that change, *text* over everything else,
both against the lossless frame; 4:2:0 alone limits text in color to about 40 dB. *Shimmer* is the mean change of luma
from a frame to the next, of 255, where the lossless frames are equal. CPU seconds are those of the encode, of all
threads. *x264* has its own defaults at CRF 23 (`preset=medium`), *film* adds `{film}` at CRF 10."""


CODEC_NOTES = f"""\
The first {CHANGED_FRAMES} frames of `plain`, each codec at its default quality. *Before* stands for the options of
reelnet 0.0, the same for every picture: its bytes and CPU time are those at the same PSNR of the maps."""

OLD_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "h265": {
        "preset": "medium",
        "x265-params": "psy-rd=0:psy-rdoq=0:aq-mode=0:cutree=0:sao=0:log-level=none:frame-threads=3:info=0:"
        "keyint=600:open-gop=0",
    },
    "av1": {"preset": "5", "svtav1-params": "tune=1:enable-tf=0"},
    "vp9": {
        "row-mt": "1",
        "tile-columns": "1",
        "threads": "4",
        "b": "0",
        "deadline": "good",
        "cpu-used": "4",
    },
}
"""What reelnet 0.0 gave the other codecs, besides a CRF."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure video settings.")
    parser.add_argument(
        "--run", type=Path, default=Path("runs/demo"), help="the run folder; recorded if missing"
    )
    parser.add_argument("--quick", action="store_true", help="conv6 and conv2 alone, 1,000 frames at most")
    options = parser.parse_args()
    run: Path = options.run
    if not run.exists():
        measure_in_process("train", "-", run, run)
    with tempfile.TemporaryDirectory(prefix="reelnet-bench-") as temporary:
        folder = Path(temporary)
        # In a process of its own, the long renders start with the memory of an interpreter.
        long = markdown_table(measure_long(run, folder, LONG_FRAMES[: 1 if options.quick else 2]))
        report = make_page(run, folder, long, quick=options.quick)
    print(report)
    (HERE / "video.md").write_text(report, encoding="utf-8")


def make_page(run: Path, folder: Path, long: str, *, quick: bool) -> str:
    """The page for `benchmarks/video.md`."""
    import reelnet

    frames = len(reelnet.open(run).steps)
    versions = ", ".join(f"{name} {version(name)}" for name in ("reelnet", "av", "numpy"))
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    reels = [reel for reel in REELS if reel in (("plain", "conv6"), ("plain", "conv2"))] if quick else REELS
    return "\n\n".join(
        [
            "# Video settings",
            f"Written by `python benchmarks/video.py` on {datetime.date.today()}: {machine}; {versions}.",
            NOTES.format(frames=frames, film=FILM),
            "## Defaults by content",
            markdown_table(compare_defaults(run, folder, reels)),
            "## Bytes at equal PSNR of the maps",
            markdown_table(compare_at_equal_psnr(run, folder)),
            "## One setting changed",
            f"The first {CHANGED_FRAMES} frames of `plain`, at {TARGET:g} dB of the maps, between two encodes.",
            markdown_table(change_settings(run, folder, ("conv6", "conv2") if quick else tuple(CHANGES))),
            "## Other codecs",
            CODEC_NOTES,
            markdown_table(compare_codecs(run, folder)),
            "## Long and large",
            "`reelnet render` of conv6, `plain`, as a whole process.",
            long + "\n",
        ]
    )


def compare_defaults(run: Path, folder: Path, reels: Sequence[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """One row per reel and encoder."""
    from generated_pictures import generate_pictures
    from small_runs import record_small_run
    from video_subject import VideoSubject
    from x264_baseline import MEDIUM

    from reelnet.export.encoders.codec import H264
    from reelnet.export.encoders.formats import DEFAULT_SETTINGS

    yield "reel", "content", "settings", "MB", "of film", "maps, dB", "text, dB", "shimmer", "CPU s"
    subjects: dict[str, Callable[[], VideoSubject]] = {
        f"{template}, {layer}": partial(_open_subject, run, template, layer, folder)
        for template, layer in reels
    }
    record_small_run("relu", folder / "relu")
    subjects["plain, ReLU"] = partial(_open_subject, folder / "relu", "plain", "maps", folder)
    subjects["generated pictures"] = lambda: VideoSubject.from_photos([*generate_pictures(48)], folder)
    for name, make in subjects.items():
        subject = make()
        film = subject.encode(film_options(10))
        encodes = {
            "x264": subject.encode(MEDIUM),
            "film": film,
            "reelnet": subject.encode_with_settings(H264, DEFAULT_SETTINGS),
        }
        for settings, found in encodes.items():
            size, part = f"{found.bytes / 1e6:.3f}", f"{found.bytes / film.bytes:.0%}"
            quality = f"{found.maps:.1f}", f"{found.text:.1f}", f"{found.shimmer:.3f}", f"{found.cpu:.2f}"
            yield name, subject.stream.content.value, settings, size, part, *quality
        print_progress(name)


def _open_subject(run: Path, template: str, layer: str, folder: Path) -> VideoSubject:
    from video_subject import VideoSubject

    import reelnet

    return VideoSubject.from_reel(reelnet.open(run).reel(template, layer=layer), folder)


def compare_at_equal_psnr(run: Path, folder: Path) -> Iterator[tuple[str, ...]]:
    """One row per layer and encoder to compare with: the bytes at its PSNR."""
    from video_subject import VideoSubject, interpolate_bytes
    from x264_baseline import MEDIUM

    import reelnet
    from reelnet.export.encoders.codec import H264
    from reelnet.export.encoders.formats import EncoderSettings

    yield "layer", "compared with", "maps, dB", "its MB", "reelnet, MB", "of its bytes", "of its CPU time"
    for layer in ("conv6", "conv1", "conv2"):
        subject = VideoSubject.from_reel(reelnet.open(run).reel("plain", layer=layer), folder)
        own = [
            subject.encode_with_settings(H264, EncoderSettings(quality=quality))
            for quality in (14, 18, 22, 26, 30, 34)
        ]
        others = {f"x264 CRF {crf}": subject.encode({**MEDIUM, "crf": str(crf)}) for crf in (23, 28)}
        others |= {f"film CRF {crf}": subject.encode(film_options(crf)) for crf in (17, 23)}
        cpu = sorted(each.cpu for each in own)[len(own) // 2]
        for name, other in others.items():
            size = interpolate_bytes(own, other.maps)
            sizes = f"{other.bytes / 1e6:.3f}", f"{size / 1e6:.3f}", f"{size / other.bytes:.0%}"
            yield layer, name, f"{other.maps:.1f}", *sizes, f"{cpu / other.cpu:.0%}"
        print_progress(f"equal PSNR {layer}")


def change_settings(run: Path, folder: Path, layers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """One row per changed setting."""
    from video_subject import VideoSubject, interpolate_bytes

    import reelnet
    from reelnet.export.encoders.codec import H264
    from reelnet.export.encoders.codec_options import make_codec_options
    from reelnet.export.encoders.formats import EncoderSettings

    yield (
        "layer",
        "content",
        "change",
        f"MB at {TARGET:g} dB",
        "change of bytes",
        "text, dB",
        "shimmer",
        "CPU s",
    )
    for layer in layers:
        subject = VideoSubject.from_reel(reelnet.open(run).reel("plain", layer=layer), folder, CHANGED_FRAMES)
        default = H264.default_quality(subject.stream.content) or 0
        base = 0.0
        for change in ("", *CHANGES[layer]):
            found = []
            for quality in (default - 2, default + 2):
                options = make_codec_options(H264, EncoderSettings(quality=quality), subject.stream)
                params = ":".join(filter(None, (options["x264-params"], change)))
                found.append(subject.encode({**options, "x264-params": params}))
            size = interpolate_bytes(found, TARGET)
            base = base or size
            text, shimmer, cpu = (
                sum(getattr(each, name) for each in found) / 2 for name in ("text", "shimmer", "cpu")
            )
            figures = (
                f"{size / 1e6:.3f}",
                f"{size / base - 1:+.0%}",
                f"{text:.1f}",
                f"{shimmer:.3f}",
                f"{cpu:.2f}",
            )
            yield layer, subject.stream.content.value, f"`{change}`" if change else "none", *figures
        print_progress(f"changes {layer}")


def compare_codecs(run: Path, folder: Path) -> Iterator[tuple[str, ...]]:
    """One row per codec that an MP4 or a WebM may have, and layer."""
    from video_subject import VideoSubject, interpolate_bytes

    import reelnet
    from reelnet.export.encoders.codec import AV1, H264, H265, VP9
    from reelnet.export.encoders.formats import DEFAULT_SETTINGS

    yield (
        *("codec", "layer", "MB", "maps, dB", "text, dB", "shimmer", "CPU s"),
        *("of the bytes before", "of the time before"),
    )
    for layer in ("conv6", "conv4", "conv2"):
        subject = VideoSubject.from_reel(reelnet.open(run).reel("plain", layer=layer), folder, CHANGED_FRAMES)
        for codec in (H264, H265, AV1, VP9):
            found = subject.encode_with_settings(codec, DEFAULT_SETTINGS)
            quality = f"{found.maps:.1f}", f"{found.text:.1f}", f"{found.shimmer:.3f}", f"{found.cpu:.2f}"
            parts = "", ""
            if codec.name in OLD_OPTIONS:
                old = [
                    subject.encode({**OLD_OPTIONS[codec.name], "g": "600", "crf": str(crf)}, codec.encoder)
                    for crf in (12, 20, 30)
                ]
                cpu = sum(each.cpu for each in old) / len(old)
                parts = f"{found.bytes / interpolate_bytes(old, found.maps):.0%}", f"{found.cpu / cpu:.0%}"
            yield codec.name, layer, f"{found.bytes / 1e6:.3f}", *quality, *parts
        print_progress(f"codecs {layer}")


def measure_long(run: Path, folder: Path, lengths: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """One row per long or large video: CPU seconds per 1,000 frames, and peak memory."""
    yield "frames", "size", "MB", "CPU s per 1,000 frames", "peak, MB"
    for frames in lengths:
        long = folder / f"{frames}"
        measure_in_process("lengthen", str(frames), run, long)
        for size, settings in (("560×952", []), ("3840×2160", ["--set", UHD])):
            if settings and frames > LONG_FRAMES[0]:
                continue
            out = folder / "long.mp4"
            render = [
                sys.executable,
                "-m",
                "reelnet",
                "render",
                str(long),
                "-o",
                str(out),
                "--layer",
                "conv6",
            ]
            done = run_command([*render, "--template", "plain", *settings])
            figures = (
                f"{out.stat().st_size / 1e6:.1f}",
                f"{1000 * done.cpu / frames:.1f}",
                f"{done.peak / 1e6:.0f}",
            )
            yield f"{frames:,}", size, *figures
            print_progress(f"{frames} frames of {size}")


def film_options(crf: float) -> dict[str, str]:
    """FFmpeg's options for x264 that reelnet 0.0 had for every picture."""
    params = f"{FILM}:threads=4:sliced-threads=0"
    return {"preset": "medium", "crf": f"{crf:g}", "g": "600", "x264-params": params}


def print_progress(text: str) -> None:
    """Print progress to stderr; the tables go to stdout."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
