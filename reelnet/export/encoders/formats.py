"""The formats that an animation can have, and what each of them can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path


@dataclass(frozen=True)
class Knob:
    """A setting that trades quality for bytes.

    Attributes:
        name: What the codec calls it.
        best: The value of least loss and most bytes; it may be the lower or the higher end.
        worst: The value of most loss and fewest bytes.
        default: The value if none is given.
        step: The least difference that changes anything; 0 if any difference does.
    """

    name: str
    best: float
    worst: float
    default: float
    step: float = 0

    @property
    def range(self) -> tuple[float, float]:
        """The ends in ascending order."""
        return min(self.best, self.worst), max(self.best, self.worst)


@dataclass(frozen=True)
class Codec:
    """One way to compress the pictures of a format.

    Attributes:
        name: What the author calls it.
        encoder: What the library that has it calls it.
        pixels: The usual pixel format in the file, in FFmpeg's words.
        lossless: Whether it can keep every pixel's exact colour.
        exact: Whether it does so if no option asks for loss.
        knob: Its setting of quality, if it has one.
        presets: From fast to thorough; empty if there is nothing to choose.
        ahead: Frames by which its packets come before their pictures, where FFmpeg cannot be trusted to tell.
    """

    name: str
    encoder: str
    pixels: str
    lossless: bool = False
    exact: bool = False
    knob: Knob | None = None
    presets: tuple[str, ...] = ()
    ahead: int | None = None

    def pixels_of(self, *, lossless: bool) -> str:
        """The pixel format in the file, in FFmpeg's words, if every colour must be exact or need not be."""
        return "gbrp" if lossless and not self.exact else self.pixels


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        suffix: Its suffix, with the dot; a sequence of files has the suffix of one.
        title: What people call it.
        home: The module and the class of its encoder.
        codecs: What can be in it, the usual one first.
        palette: Whether it holds palette indices as they are, so that colours are the palette's own.
        max_fps: Most frames a second; None if there is no limit.
        few: Whether a file has 256 colours at most.
    """

    suffix: str
    title: str
    home: tuple[str, str]
    codecs: tuple[Codec, ...]
    palette: bool = False
    max_fps: Fraction | None = None
    few: bool = False

    @property
    def lossless(self) -> bool:
        """Whether any of its codecs can keep every pixel's exact colour."""
        return any(codec.lossless for codec in self.codecs)


X26X = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)
LIBVPX = tuple(str(number) for number in range(8, -1, -1))
SVT = tuple(str(number) for number in range(13, -1, -1))

H264 = Codec("h264", "libx264", "yuv420p", knob=Knob("crf", 0, 51, 10), presets=X26X)
H265 = Codec("h265", "libx265", "yuv420p", knob=Knob("crf", 0, 51, 10), presets=X26X, ahead=2)
AV1 = Codec("av1", "libsvtav1", "yuv420p", knob=Knob("crf", 1, 63, 12, step=0.25), presets=SVT)
VP9 = Codec(
    "vp9", "libvpx-vp9", "yuv420p", lossless=True, knob=Knob("crf", 0, 63, 12, step=1), presets=LIBVPX
)

FORMATS: Mapping[str, Format] = {
    each.suffix: each
    for each in (
        Format(
            ".gif",
            "GIF",
            ("gif", "GifEncoder"),
            (Codec("gif", "gif", "pal8", lossless=True, exact=True),),
            palette=True,
            max_fps=Fraction(100),
            few=True,
        ),
        Format(".mp4", "MP4", ("video", "Mp4Encoder"), (H264, H265, AV1)),
        Format(".webm", "WebM", ("video", "WebmEncoder"), (VP9, AV1)),
        Format(
            ".webp",
            "WebP",
            ("webp", "WebpEncoder"),
            (
                Codec(
                    "webp",
                    "WebP",
                    "bgra",
                    lossless=True,
                    exact=True,
                    knob=Knob("quality", 100, 0, 80),
                    presets=("good", "best"),
                ),
            ),
            palette=True,
            max_fps=Fraction(1000),
        ),
        Format(
            ".apng",
            "APNG",
            ("apng", "ApngEncoder"),
            (Codec("png", "zlib", "pal8", lossless=True, exact=True),),
            palette=True,
        ),
        Format(".avif", "AVIF", ("video", "AvifEncoder"), (AV1,)),
        Format(
            ".mov",
            "MOV",
            ("video", "MovEncoder"),
            (
                Codec("qtrle", "qtrle", "rgb24", lossless=True, exact=True),
                Codec("prores", "prores_ks", "yuv444p10le"),
            ),
        ),
    )
}
"""Every format of an animation that is one file, by its suffix."""

SEQUENCE = Format(
    ".png",
    "PNG sequence",
    ("png_sequence", "SequenceEncoder"),
    (Codec("png", "zlib", "pal8", lossless=True, exact=True),),
    palette=True,
)
"""One still a frame, named by a pattern such as `frame-%05d.png`."""


def exact_suffixes() -> list[str]:
    """The suffixes of the formats that can keep every pixel's exact colour."""
    return [each.suffix for each in FORMATS.values() if each.lossless]


def is_sequence(path: str | Path) -> bool:
    """Whether `path` names a sequence of stills, such as `frame-%05d.png`."""
    from reelnet.export.encoders.png_sequence import PATTERN

    return Path(path).suffix.lower() == ".png" and PATTERN.search(Path(path).name) is not None
