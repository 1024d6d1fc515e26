"""Platforms as table rows, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from reelnet._support.byte_size import format_size
from reelnet.export.platforms.model import CODEC_TITLES, FormatGroup, OutputConstraints, Platform

TABLE_HEAD = ("platform", "size", "formats", "other rules", "confidence", "date")

JSON_KEYS = {"recommended_codec": "advised"}
"""Keys of constraints that are not the name of the constraint without `max_`."""


def make_table_rows(platform: Platform) -> list[tuple[str, ...]]:
    """The table rows of a platform, one per group of formats."""
    return [
        (
            platform.name,
            _describe_max_size(group.constraints),
            ", ".join(describe_formats(group)),
            ", ".join(describe_rules(group.constraints)) or "-",
            platform.confidence or "-",
            platform.date or "-",
        )
        for group in platform.groups
    ]


def describe_formats(group: FormatGroup) -> list[str]:
    """The formats of a group, such as `gif` and `other images`."""
    other = len(group.words) > 1
    words = {"any": "any other" if other else "any"}
    words |= {kind: f"other {kind}" if other else kind for kind in ("images", "videos")}
    return [words.get(word, word) for word in group.words]


def describe_max_size(constraints: OutputConstraints) -> str:
    """The cap, rounded and in bytes."""
    if constraints.max_bytes is None:
        return "no known limit of the file size"
    return f"{_describe_max_size(constraints)} ({constraints.max_bytes:,} bytes)"


def describe_rules(constraints: OutputConstraints) -> list[str]:
    """The constraints other than the cap."""
    rules = []
    if constraints.max_width is not None and constraints.max_height is not None:
        rules.append(f"≤{constraints.max_width}×{constraints.max_height}")
    elif constraints.max_width is not None:
        rules.append(f"≤{constraints.max_width} px wide")
    elif constraints.max_height is not None:
        rules.append(f"≤{constraints.max_height} px high")
    if constraints.max_pixels is not None:
        rules.append(f"{_describe_max_pixels(constraints.max_pixels)} per frame")
    if constraints.max_frames is not None:
        rules.append(f"≤{constraints.max_frames:,} frames")
    if constraints.max_total_pixels is not None:
        rules.append(f"{_describe_max_pixels(constraints.max_total_pixels)} over all frames")
    return [*rules, *_describe_video_rules(constraints)]


def platform_as_json(platform: Platform) -> dict[str, Any]:
    """A platform for `json.dumps`."""
    return {
        "name": platform.name,
        "title": platform.title,
        "also": platform.aliases,
        "date": platform.date,
        "source": platform.source,
        "sure": platform.confidence,
        "notes": platform.notes,
        "limits": [
            {"formats": group.suffixes}
            | {
                JSON_KEYS.get(name, name.removeprefix("max_")): value
                for name, value in asdict(group.constraints).items()
                if name not in ("formats", "platform")
            }
            for group in platform.groups
        ],
    }


def _describe_max_size(constraints: OutputConstraints) -> str:
    if constraints.max_bytes is None:
        return "-"
    mebibytes, rest = divmod(constraints.max_bytes, 1024**2)
    return format_size(constraints.max_bytes) if rest else f"{mebibytes} MiB"


def _describe_max_pixels(pixels: int) -> str:
    if (pixels + 1) % 1_000_000 == 0:
        return f"<{(pixels + 1) // 1_000_000} Mpx"
    return f"≤{pixels / 1e6:g} Mpx" if pixels >= 1_000_000 else f"≤{pixels:,} px"


def _describe_video_rules(constraints: OutputConstraints) -> Iterator[str]:
    if constraints.codec is not None:
        yield CODEC_TITLES[constraints.codec]
    if constraints.recommended_codec is not None:
        yield f"{CODEC_TITLES[constraints.recommended_codec]} recommended"
    if constraints.pixel_format is not None:
        yield constraints.pixel_format
    if constraints.closed_gop:
        yield "closed GOP"
