"""Platforms in words: lines of a table, and the page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reelnet._support.byte_size import format_size
from reelnet.export.platforms.model import (
    CODEC_TITLES,
    FORMAT_GROUPS,
    FormatGroup,
    OutputConstraints,
    Platform,
)

HEAD = ("platform", "limit", "formats", "other rules", "how sure", "date")

PAGE = """\
# Platforms

What one file may be on each platform, as `reelnet platforms` shows it. A platform is more than bytes: some limit the
number of frames or of pixels. MB is 1,000,000 bytes and MiB 1,048,576; Mpx is 1,000,000 pixels.

Platforms change their rules without a word. Each figure has its date, and how sure it is.

This page is generated from the data: `REELNET_UPDATE_GOLDENS=1 pytest tests/export/test_platforms.py` writes it anew.

{table}
The formats stand in the order of preference. Case and punctuation do not matter in names: `dev.to` is `devto`.

## Notes

{notes}
## Your own

A file `platforms.yaml` in reelnet's folder of settings adds platforms: `~/.config/reelnet` on Linux,
`~/Library/Application Support/reelnet` on macOS, `%LOCALAPPDATA%\\reelnet\\reelnet` on Windows. An entry with
`limits` takes the place of a built-in one; an entry without changes only the keys that it has.

```yaml
wiki:
  title: The group's wiki
  date: 2026-11
  source: our administrator
  sure: high
  limits:
    - {{formats: [webp, gif], size: 8 MB, width: 1200}}
    - {{formats: [mp4], size: 64 MiB, codec: h264, pixel_format: yuv420p}}
email:
  limits:
    - {{formats: [gif, any], size: 7 MB}}
```

| key of a platform | |
| --- | --- |
| `limits` | A list with an entry for each group of formats that has limits of its own, in order of preference. |
| `title` | Its name for people. |
| `also` | Other names by which it can be asked for. |
| `date` | Year and month of the figures. |
| `source` | Where they come from; by default your file. |
| `sure` | `high`, `medium-high`, `medium`, `low-medium` or `low`. |
| `notes` | A list of sentences. |

| key of a limit | |
| --- | --- |
| `formats` | A list of {formats}. `images`, `videos` and `any` stand for those that are not named. |
| `size` | The most bytes, such as `25 MB`. |
| `frames` | The most frames. |
| `width` | The most pixels across. |
| `height` | The most pixels down. |
| `pixels` | The most pixels in a frame. |
| `total_pixels` | The most pixels over all frames together. |
| `pixel_format` | The one that a video must have: `yuv420p`. |
| `codec` | The one that a video must have: {codecs}. |
| `advised` | The one that a video had better have, likewise; another is told of in the report. |
| `closed_gop` | `true` where a video must have no open groups of pictures. |
"""


def page(every: Iterable[Platform]) -> str:
    """The page of the documentation."""
    every = list(every)
    lines = [(f"`{name}`", *rest) for each in every for name, *rest in rows(each)]
    return PAGE.format(
        table="".join(f"| {' | '.join(line)} |\n" for line in [HEAD, ("---",) * len(HEAD), *lines]),
        notes="".join(f"- `{each.name}`: {told(each)}\n" for each in every),
        formats=", ".join(f"`{each}`" for each in FORMAT_GROUPS["any"]),
        codecs=", ".join(f"`{each}`" for each in CODEC_TITLES),
    )


def told(platform: Platform) -> str:
    """A platform's name for people, where its figures come from, and its notes."""
    also = f", also `{'`, `'.join(platform.aliases)}`" if platform.aliases else ""
    source = platform.source[:1].upper() + platform.source[1:]
    return " ".join((f"{platform.title}{also}.", f"{source}.", *platform.notes))


def rows(platform: Platform) -> list[tuple[str, ...]]:
    """The table's lines of a platform, one for each group of formats."""
    return [
        (
            platform.name,
            limit(group.constraints),
            ", ".join(formats(group)),
            ", ".join(rules(group.constraints)) or "-",
            platform.confidence or "-",
            platform.date or "-",
        )
        for group in platform.groups
    ]


def formats(group: FormatGroup) -> list[str]:
    """The formats of a group as one would say them."""
    other = len(group.words) > 1
    words = {"any": "any other" if other else "any"}
    words |= {kind: f"other {kind}" if other else kind for kind in ("images", "videos")}
    return [words.get(word, word) for word in group.words]


def limit(constraints: OutputConstraints) -> str:
    """The most bytes, for a table."""
    if constraints.max_bytes is None:
        return "-"
    mebibytes, rest = divmod(constraints.max_bytes, 1024**2)
    return format_size(constraints.max_bytes) if rest else f"{mebibytes} MiB"


def size(constraints: OutputConstraints) -> str:
    """The most bytes, in words."""
    if constraints.max_bytes is None:
        return "no limit of the size known"
    return f"{limit(constraints)} ({constraints.max_bytes:,} bytes)"


def rules(constraints: OutputConstraints) -> list[str]:
    """The limits beside bytes, in words."""
    found = []
    if constraints.max_width is not None and constraints.max_height is not None:
        found.append(f"≤{constraints.max_width}×{constraints.max_height}")
    elif constraints.max_width is not None:
        found.append(f"≤{constraints.max_width} px wide")
    elif constraints.max_height is not None:
        found.append(f"≤{constraints.max_height} px high")
    if constraints.max_pixels is not None:
        found.append(f"{pixels(constraints.max_pixels)} a frame")
    if constraints.max_frames is not None:
        found.append(f"≤{constraints.max_frames:,} frames")
    if constraints.max_total_pixels is not None:
        found.append(f"{pixels(constraints.max_total_pixels)} over all frames")
    return [*found, *video_rules(constraints)]


def video_rules(constraints: OutputConstraints) -> list[str]:
    """What a video must be, in words."""
    found = []
    if constraints.codec is not None:
        found.append(CODEC_TITLES[constraints.codec])
    if constraints.recommended_codec is not None:
        found.append(f"{CODEC_TITLES[constraints.recommended_codec]} advised")
    if constraints.pixel_format is not None:
        found.append(constraints.pixel_format)
    if constraints.closed_gop:
        found.append("no open GOP")
    return found


def pixels(most: int) -> str:
    """A number of pixels that may not be passed, in words."""
    if (most + 1) % 1_000_000 == 0:
        return f"<{(most + 1) // 1_000_000} Mpx"
    return f"≤{most / 1e6:g} Mpx" if most >= 1_000_000 else f"≤{most:,} px"


def platform_as_json(platform: Platform) -> dict[str, Any]:
    """A platform for `json.dumps`, with the keys of the platform file."""
    return {
        "name": platform.name,
        "title": platform.title,
        "also": platform.aliases,
        "date": platform.date,
        "source": platform.source,
        "sure": platform.confidence,
        "notes": platform.notes,
        "limits": [
            {
                "formats": group.suffixes,
                "bytes": group.constraints.max_bytes,
                "frames": group.constraints.max_frames,
                "width": group.constraints.max_width,
                "height": group.constraints.max_height,
                "pixels": group.constraints.max_pixels,
                "total_pixels": group.constraints.max_total_pixels,
                "pixel_format": group.constraints.pixel_format,
                "codec": group.constraints.codec,
                "advised": group.constraints.recommended_codec,
                "closed_gop": group.constraints.closed_gop,
            }
            for group in platform.groups
        ],
    }
