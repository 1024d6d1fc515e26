"""Output formats as data, and the settings of one encode."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reelnet.config.spec import DEFAULT_DENSITY
from reelnet.errors import UsageError, suggest_names
from reelnet.export.encoders.codec import (
    AV1,
    DEFLATE,
    GIF,
    H264,
    H265,
    PNG,
    PRORES,
    QTRLE,
    VP9,
    WEBP,
    Codec,
    QualityRange,
)
from reelnet.scene.palette.palette import ColorDepth

SEQUENCE_PATTERN = re.compile(r"%0?(\d*)d")
"""The frame number in the name of a PNG sequence: `%d`, `%5d` or `%05d`, always padded with zeros."""


@dataclass(frozen=True)
class Format:
    """One kind of output file.

    Attributes:
        suffix: The suffix of the file, or of each file of a sequence, with the dot.
        title: The name for people.
        codecs: The codecs it can contain, the default first.
        palette_based: Whether the file stores the palette's own colors, without a conversion.
        color_depth: How many colors a frame may have.
        max_fps: The highest frame rate that a file can store; None without a limit.
        max_browser_fps: The highest frame rate that browsers play at its speed; None without a limit.
        density: Output pixels per pixel of the layout, unless the user or the template decides it.
    """

    suffix: str
    title: str
    codecs: tuple[Codec, ...]
    palette_based: bool = False
    color_depth: ColorDepth = ColorDepth.FULL
    max_fps: Fraction | None = None
    max_browser_fps: int | None = None
    density: int = DEFAULT_DENSITY

    def find_codec(self, settings: EncoderSettings) -> Codec:
        """The codec of an encode.

        Raises:
            UsageError: The format has no such codec, or the codec cannot encode with these settings.
        """
        known = {codec.name: codec for codec in self.codecs}
        if self == FIGURE and settings.codec is not None:
            raise UsageError(f"{self.suffix}: has no codec; leave {settings.codec!r} out")
        codec = self.codecs[0] if settings.codec is None else known.get(settings.codec)
        if codec is None:
            raise UsageError(
                f"{self.suffix}: no codec {settings.codec!r}; {suggest_names(str(settings.codec), known)}"
            )
        name = f"{self.suffix} ({codec.name})" if len(self.codecs) > 1 else self.suffix
        if settings.lossless and not codec.lossless:
            lossless = [
                suffix for suffix, each in FORMATS.items() if any(other.lossless for other in each.codecs)
            ]
            raise UsageError(f"{name}: cannot be lossless; write {', '.join(lossless)}")
        if settings.quality is not None:
            _check_quality(name, codec.quality_range, settings.quality, lossless=settings.lossless)
        if settings.preset is not None and settings.preset not in codec.presets:
            raise UsageError(
                f"{name}: no preset {settings.preset!r}; {suggest_names(settings.preset, codec.presets)}"
            )
        return codec

    def describe_playback(self, fps: Fraction) -> tuple[str, ...]:
        """What users should know about playback at a frame rate, one sentence each."""
        if self == SEQUENCE:
            return (f"one file per frame at {float(fps):g} frames per second",)
        if self.max_browser_fps is not None and fps > self.max_browser_fps:
            return (
                f"browsers play no {self.title} faster than {self.max_browser_fps} frames per second, "
                f"but slow it down; give fps up to {self.max_browser_fps}",
            )
        if self.suffix == ".gif" and Fraction(100) % fps:
            return (
                f"GIF delays are multiples of 1/100 s: at {float(fps):.4g} fps, delays alternate between "
                f"{100 // fps}/100 and {100 // fps + 1}/100 s, and the duration is exact",
            )
        return ()

    def check_fps(self, fps: Fraction) -> None:
        """Raise an error if `fps` is too high for a format.

        Raises:
            UsageError: The format cannot store this frame rate.
        """
        if self.max_fps is not None and fps > self.max_fps:
            raise UsageError(
                f"{self.suffix}: at most {float(self.max_fps):g} frames per second, not {float(fps):g}; "
                "give a smaller fps, or write an .mp4"
            )


@dataclass(frozen=True)
class EncoderSettings:
    """Settings of one encode. By default, an encoder uses the defaults of its format.

    Attributes:
        lossless: Keep the exact color of every pixel.
        quality: The codec's quality setting: CRF for video, 0 to 100 for WebP.
        preset: The codec's speed preset.
        codec: The name of the codec; None for the format's default.
        cap: The most bytes the file may have; a larger file stops the encode.
    """

    lossless: bool = False
    quality: float | None = None
    preset: str | None = None
    codec: str | None = None
    cap: int | None = None


DEFAULT_SETTINGS = EncoderSettings()

FORMATS: Mapping[str, Format] = {
    fmt.suffix: fmt
    for fmt in (
        Format(
            ".gif",
            "GIF",
            (GIF,),
            palette_based=True,
            color_depth=ColorDepth.EIGHT_BIT,
            max_fps=Fraction(100),
            max_browser_fps=50,
            # Runs of equal pixels take bytes, unlike in the other formats.
            density=1,
        ),
        Format(".mp4", "MP4", (H264, H265, AV1)),
        Format(".webm", "WebM", (VP9, AV1)),
        Format(".webp", "WebP", (WEBP,), palette_based=True, max_fps=Fraction(1000), max_browser_fps=90),
        Format(".apng", "APNG", (PNG,), palette_based=True, max_browser_fps=90),
        Format(".avif", "AVIF", (AV1,)),
        Format(".mov", "MOV", (QTRLE, PRORES)),
    )
}
"""Every format that stores an animation in one file, by suffix."""

SEQUENCE = Format(".png", "PNG sequence", (PNG,), palette_based=True)
"""One PNG per frame, named by a pattern such as `frame-%05d.png`."""


FIGURE = Format(
    ".html",
    "HTML",
    (DEFLATE,),
    palette_based=True,
    # Its lengths are CSS pixels, and browsers draw text as sharp as the screen is.
    density=1,
)
"""An interactive figure: a page with the values of all steps."""


def is_figure(path: str | Path) -> bool:
    """Whether `path` is that of an interactive figure, which is no sequence of frames."""
    return Path(path).suffix.lower() == FIGURE.suffix


def is_sequence(path: str | Path) -> bool:
    """Whether `path` is the pattern of a PNG sequence, such as `frame-%05d.png`."""
    return Path(path).suffix.lower() == ".png" and SEQUENCE_PATTERN.search(Path(path).name) is not None


def find_format(path: str | Path) -> Format:
    """The format of the animation or interactive figure `path`.

    Raises:
        UsageError: No format has the suffix of `path`.
    """
    if is_sequence(path):
        return SEQUENCE
    if is_figure(path):
        return FIGURE
    suffix = Path(path).suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    raise UsageError(f"{path or Path()}: {_explain_missing_format(str(path), suffix)}")


def _check_quality(name: str, quality_range: QualityRange | None, quality: float, *, lossless: bool) -> None:
    if lossless:
        raise UsageError(f"{name}: lossless and a quality exclude each other; give one of them")
    if quality_range is None:
        raise UsageError(f"{name}: has no quality setting")
    low, high = sorted((quality_range.best, quality_range.worst))
    if not low <= quality <= high:
        raise UsageError(f"{name}: {quality_range.name} {quality:g} is not from {low:g} to {high:g}")


def _is_folder(path: str) -> bool:
    """Whether a path is that of a folder; a path that cannot be, such as one that is too long, is not."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def _explain_missing_format(path: str, suffix: str) -> str:
    """Why `path` is not the name of an animation file, and which name would be."""
    name, sequence = Path(path).name, f"{Path(path).stem or 'frame'}-%05d.png"
    suffixes = [*FORMATS, FIGURE.suffix]
    if _is_folder(path) or path.endswith(("/", os.sep)):
        return f"is a folder; name a file in it, such as {Path(path) / 'reel.gif'}"
    if name.lower() in suffixes:
        return f"a suffix without a name; write reel{name}, for example"
    if suffix == ".png":
        return (
            f"a PNG is a still; use 'reelnet frame', a name like {sequence} for one file per frame, "
            f"or one of {', '.join(suffixes)}"
        )
    if suffix in (".pdf", ".svg"):
        return f"a {suffix[1:].upper()} is a still; use 'reelnet frame', or one of {', '.join(FORMATS)}"
    problem, choice = f"unknown suffix {suffix!r}" if suffix else "no suffix", suggest_names(suffix, suffixes)
    return f"{problem}; {choice}" + (
        "" if choice.endswith("?") else f", or {sequence} for one file per frame"
    )
