"""Where reels are published, and what each place takes: sizes, formats and other limits, as data.

The data is platforms.yaml beside this file; a user's own file adds to it and overrides it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reelnet._support.byte_size import parse_size
from reelnet.errors import UsageError, suggest_names

if TYPE_CHECKING:
    # Reading YAML takes a while to import; a budget needs none of it.
    from reelnet.export.platforms.load import LimitsSpec, PlatformSpec

IMAGES = ("gif", "webp", "apng", "png", "avif", "jpg")
VIDEOS = ("mp4", "webm", "mov")
KINDS: Mapping[str, tuple[str, ...]] = {"images": IMAGES, "videos": VIDEOS, "any": (*VIDEOS, *IMAGES)}
"""Words that stand for several formats, the one to prefer first."""

CODECS = {"h264": "H.264", "h265": "H.265", "av1": "AV1", "vp9": "VP9"}
"""What people call the codecs that a platform may ask for."""


@dataclass(frozen=True)
class Budget:
    """What one file may be. None stands for no limit that is known.

    Attributes:
        bytes: The most, of the finished file.
        frames: The most.
        width: The most pixels across.
        height: The most pixels down.
        pixels: The most in a frame.
        total_pixels: The most over all frames together.
        pixel_format: The one that a video must have, by FFmpeg's name.
        codec: The one that a video must have, by reelnet's name.
        advised: The one that a video had better have, likewise.
        closed_gop: Whether a video's groups of pictures must not refer to each other.
        formats: The suffixes that the platform takes, in order of preference; empty without a platform.
        name: The platform's.
    """

    bytes: int | None = None
    frames: int | None = None
    width: int | None = None
    height: int | None = None
    pixels: int | None = None
    total_pixels: int | None = None
    pixel_format: str | None = None
    codec: str | None = None
    advised: str | None = None
    closed_gop: bool = False
    formats: tuple[str, ...] = ()
    name: str | None = None

    @classmethod
    def of(
        cls, *, max_size: str | int | None = None, platform: str | Platform | None = None, suffix: str
    ) -> Budget:
        """The budget of a file under a cap, for a platform, both or neither; the smaller of two caps counts.

        Args:
            max_size: The cap, such as `3 MB`; a number is bytes.
            platform: Where the file goes.
            suffix: Of the file, such as `.gif`.

        Raises:
            UsageError: One of the three is not known, or the platform does not take the suffix.
            TemplateError: The user's own file of platforms is wrong.
        """
        budget = cls() if platform is None else _known(platform).budget(suffix)
        if max_size is None:
            return budget
        cap = parse_size(max_size)
        return replace(budget, bytes=cap if budget.bytes is None else min(cap, budget.bytes))


@dataclass(frozen=True)
class Group:
    """Formats that share their limits on a platform.

    Attributes:
        words: The formats as they were written: names, or words of `KINDS`.
        suffixes: What the words stand for, in order of preference.
        budget: The limits.
    """

    words: tuple[str, ...]
    suffixes: tuple[str, ...]
    budget: Budget


@dataclass(frozen=True)
class Platform:
    """A place where reels are published.

    Attributes:
        name: By which it is asked for.
        title: For people.
        also: Other names.
        groups: Its formats with their limits, in order of preference.
        date: When the figures were collected, as in 2026-11; empty if nobody said.
        source: Where they come from.
        sure: How sure they are: high, medium-high, medium, low-medium or low; empty if nobody said.
        notes: What else a person should know, one sentence each.
    """

    name: str
    title: str
    also: tuple[str, ...]
    groups: tuple[Group, ...]
    date: str
    source: str
    sure: str
    notes: tuple[str, ...]

    @property
    def formats(self) -> tuple[str, ...]:
        """Every suffix that it takes, in order of preference."""
        return tuple(suffix for group in self.groups for suffix in group.suffixes)

    def budget(self, suffix: str) -> Budget:
        """The limits of files with a suffix such as `.gif`.

        Raises:
            UsageError: The platform does not take it.
        """
        for group in self.groups:
            if suffix.lower() in group.suffixes:
                return group.budget
        raise UsageError(f"{self.name} does not take {suffix!r}; it takes {', '.join(self.formats)}")


def platform(name: str) -> Platform:
    """The platform of that name; case and punctuation do not matter, so `dev.to` is `devto`.

    Raises:
        UsageError: There is none.
        TemplateError: The user's own file of platforms is wrong.
    """
    known = platforms()
    others = {folded(other): each for each in known.values() for other in each.also}
    names = others | {folded(each.name): each for each in known.values()}
    found = names.get(folded(name))
    if found is None:
        also = (other for each in known.values() for other in each.also)
        raise UsageError(f"no platform {name!r}; {suggest_names(name, [*known, *also])}")
    return found


def best_format(platform: str | Platform, can: Collection[str]) -> str:
    """The suffix to prefer on a platform, of those that can be written.

    Raises:
        UsageError: It takes none of them, or there is no such platform.
        TemplateError: The user's own file of platforms is wrong.
    """
    found = _known(platform)
    for suffix in found.formats:
        if suffix in can:
            return suffix
    raise UsageError(
        f"{found.name} takes {', '.join(found.formats)}; none of these is among {', '.join(sorted(can))}"
    )


def platforms() -> dict[str, Platform]:
    """Every platform by its name: the built-in ones, then those of the user's own file.

    Raises:
        TemplateError: The user's own file is wrong; every mistake is told with its line.
    """
    from reelnet.export.platforms.load import read_platforms

    return {name: _platform(name, spec) for name, spec in read_platforms().items()}


def _platform(name: str, spec: PlatformSpec) -> Platform:
    groups = tuple(_groups(spec))
    formats = tuple(suffix for _, suffixes in groups for suffix in suffixes)
    return Platform(
        name=name,
        title=spec.title or name,
        also=spec.also,
        groups=tuple(
            Group(each.formats, suffixes, _budget(name, each, formats)) for each, suffixes in groups
        ),
        date=spec.date,
        source=spec.source,
        sure=spec.sure,
        notes=spec.notes,
    )


def _groups(spec: PlatformSpec) -> Iterator[tuple[LimitsSpec, tuple[str, ...]]]:
    """The suffixes of each group; `images` and the like stand for those that are not named."""
    taken = {word for each in spec.limits for word in each.formats if word not in KINDS}
    for each in spec.limits:
        found: list[str] = []
        for word in each.formats:
            found += [form for form in KINDS[word] if form not in taken] if word in KINDS else [word]
            taken.update(found)
        yield each, tuple(f".{form}" for form in found)


def _budget(name: str, limits: LimitsSpec, formats: tuple[str, ...]) -> Budget:
    rest = limits.model_dump(exclude={"formats", "size"})
    return Budget(bytes=limits.size, formats=formats, name=name, **rest)


def _known(which: str | Platform) -> Platform:
    return which if isinstance(which, Platform) else platform(which)


def folded(name: str) -> str:
    """A name without case and punctuation, which do not matter in it."""
    return re.sub(r"[\W_]", "", name.lower())
