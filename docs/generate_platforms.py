"""Generate the page of the platforms, docs/platforms.md, from platforms.yaml.

`python docs/generate_platforms.py` writes it; with `--check` it only compares, and exits with 1 if the page is out of
date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reelnet.export.platforms.describe import TABLE_HEAD, make_table_rows
from reelnet.export.platforms.load import load_builtin_platforms
from reelnet.export.platforms.model import CODEC_TITLES, FORMAT_GROUPS, Platform

FILE = Path(__file__).with_name("platforms.md")

PAGE = """\
# Platforms

What each platform accepts, as `reelnet platforms` shows it. Some platforms limit not only the size of a file but also
the number of frames or of pixels. 1 MB is 1,000,000 bytes, 1 MiB is 1,048,576 bytes, and 1 Mpx is 1,000,000 pixels.

Platforms change their rules without notice. Therefore each figure has a date and a confidence.

This page is generated from the data: `python docs/generate_platforms.py` writes it.

{table}
The formats stand in the order of preference. Case and punctuation do not matter in names: `dev.to` is `devto`.

## Notes

{notes}
## Platforms of your own

A file `platforms.yaml` in reelnet's configuration folder adds platforms. The folder is `~/.config/reelnet` on Linux,
`~/Library/Application Support/reelnet` on macOS, and `%LOCALAPPDATA%\\reelnet\\reelnet` on Windows. An entry with
`limits` replaces the built-in platform of that name; an entry without `limits` changes only the keys that it has.

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
| `limits` | A list with one entry per group of formats that share their limits, in the order of preference. |
| `title` | The name for people. |
| `also` | A list of other names. |
| `date` | Year and month of the figures. |
| `source` | Where the figures come from; by default your file. |
| `sure` | The confidence: `high`, `medium-high`, `medium`, `low-medium` or `low`. |
| `notes` | A list of sentences. |
| `thumbnail` | `last` if files should begin with their last picture, because previews show the first one. |

| key of a limit | |
| --- | --- |
| `formats` | A list of {formats}. `images`, `videos` and `any` stand for the formats that no entry names. |
| `size` | The largest file, such as `25 MB`. |
| `frames` | The most frames. |
| `width` | The greatest width in pixels. |
| `height` | The greatest height in pixels. |
| `pixels` | The most pixels per frame. |
| `total_pixels` | The most pixels of all frames together. |
| `pixel_format` | The pixel format that a video must have: `yuv420p`. |
| `codec` | The codec that a video must have: {codecs}. |
| `advised` | The codec that a video should have; the report notes another one. |
| `closed_gop` | `true` if a video must have closed groups of pictures. |
"""


def main() -> None:
    """Write or check the page."""
    page = make_page(list(load_builtin_platforms().values()))
    if "--check" not in sys.argv[1:]:
        FILE.write_text(page, "utf-8")
    elif FILE.read_text("utf-8") != page:
        sys.exit(f"{FILE} is out of date; run python docs/generate_platforms.py")


def make_page(platforms: list[Platform]) -> str:
    """The Markdown of the page."""
    rows = [(f"`{name}`", *rest) for platform in platforms for name, *rest in make_table_rows(platform)]
    lines = [TABLE_HEAD, ("---",) * len(TABLE_HEAD), *rows]
    return PAGE.format(
        table="".join(f"| {' | '.join(line)} |\n" for line in lines),
        notes="".join(f"- `{platform.name}`: {describe_origin(platform)}\n" for platform in platforms),
        formats=", ".join(f"`{fmt}`" for fmt in FORMAT_GROUPS["any"]),
        codecs=", ".join(f"`{codec}`" for codec in CODEC_TITLES),
    )


def describe_origin(platform: Platform) -> str:
    """Title, other names, source and notes of a platform."""
    aliases = f", also `{'`, `'.join(platform.aliases)}`" if platform.aliases else ""
    source = platform.source[:1].upper() + platform.source[1:]
    shows_first = any(group.constraints.thumbnail for group in platform.groups)
    preview = ("Files begin with their last picture, as a preview.",) * shows_first
    return " ".join((f"{platform.title}{aliases}.", f"{source}.", *platform.notes, *preview))


if __name__ == "__main__":
    main()
