"""Platforms where animations are published, and the constraints that they put on a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from reelnet.errors import UsageError

IMAGE_FORMATS = ("gif", "webp", "apng", "png", "avif", "jpg")
VIDEO_FORMATS = ("mp4", "webm", "mov")
FORMAT_GROUPS: Mapping[str, tuple[str, ...]] = {
    "images": IMAGE_FORMATS,
    "videos": VIDEO_FORMATS,
    "any": (*VIDEO_FORMATS, *IMAGE_FORMATS),
}
"""Words that stand for several formats, the preferred format first."""

CODEC_TITLES = {"h264": "H.264", "h265": "H.265", "av1": "AV1", "vp9": "VP9"}
"""The names for people of the codecs that a platform may require."""


@dataclass(frozen=True)
class OutputConstraints:
    """What one file must satisfy. None means no known limit.

    Attributes:
        max_bytes: The most bytes of the file; the cap.
        max_frames: The most frames.
        max_width: The greatest width of a frame, in pixels.
        max_height: The greatest height of a frame, in pixels.
        max_pixels: The most pixels of a frame.
        max_total_pixels: The most pixels of all frames together.
        pixel_format: The pixel format that a video must have, as FFmpeg names it.
        codec: The codec that a video must have, as reelnet names it.
        recommended_codec: The codec that a video should have.
        closed_gop: Whether a video must have closed groups of pictures.
        thumbnail: Whether a file should begin with its last picture, because the platform shows the first one as a
            preview.
        formats: The suffixes that the platform accepts, the preferred first; empty without a platform.
        platform: The name of the platform; None without one.
    """

    max_bytes: int | None = None
    max_frames: int | None = None
    max_width: int | None = None
    max_height: int | None = None
    max_pixels: int | None = None
    max_total_pixels: int | None = None
    pixel_format: str | None = None
    codec: str | None = None
    recommended_codec: str | None = None
    closed_gop: bool = False
    thumbnail: bool = False
    formats: tuple[str, ...] = ()
    platform: str | None = None

    def with_cap(self, cap: int) -> OutputConstraints:
        """The same constraints with a cap in bytes; the smaller of two caps applies."""
        return replace(self, max_bytes=cap if self.max_bytes is None else min(cap, self.max_bytes))


@dataclass(frozen=True)
class FormatGroup:
    """Formats that share their constraints on a platform.

    Attributes:
        words: The formats as written: names, or words of `FORMAT_GROUPS`.
        suffixes: The suffixes that the words stand for, the preferred first.
        constraints: The shared constraints.
    """

    words: tuple[str, ...]
    suffixes: tuple[str, ...]
    constraints: OutputConstraints


@dataclass(frozen=True)
class Platform:
    """A place where animations are published.

    Attributes:
        name: The name that users write.
        title: The name for people.
        aliases: Other names that users may write.
        groups: The accepted formats with their constraints, the preferred first.
        date: When the figures were collected, such as 2026-11; empty if unknown.
        source: Where the figures come from.
        confidence: How reliable they are: high, medium-high, medium, low-medium or low; empty if unknown.
        notes: More about the platform, one sentence each.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    groups: tuple[FormatGroup, ...]
    date: str
    source: str
    confidence: str
    notes: tuple[str, ...]

    @property
    def formats(self) -> tuple[str, ...]:
        """Every suffix that the platform accepts, the preferred first."""
        return tuple(suffix for group in self.groups for suffix in group.suffixes)

    def find_constraints(self, suffix: str) -> OutputConstraints:
        """The constraints of files with a suffix such as `.gif`.

        Raises:
            UsageError: The platform does not accept this format.
        """
        for group in self.groups:
            if suffix.lower() in group.suffixes:
                return group.constraints
        if suffix.lower() == ".html":
            raise UsageError(
                f"{self.name} takes no HTML; write {self.formats[0]}, and link it to the figure on a page of yours"
            )
        raise UsageError(f"{self.name} does not take {suffix!r}; it takes {', '.join(self.formats)}")

    def choose_format(self, available: Collection[str]) -> str:
        """The suffix that the platform prefers among the available ones.

        Raises:
            UsageError: The platform accepts none of them.
        """
        for suffix in self.formats:
            if suffix in available:
                return suffix
        raise UsageError(
            f"{self.name} takes {', '.join(self.formats)}; none of these is among {', '.join(sorted(available))}"
        )
