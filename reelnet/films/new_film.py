"""The file of a film to begin with."""

from __future__ import annotations

import os
from pathlib import Path

from reelnet._support.atomic_path import atomic_path
from reelnet.errors import UsageError

SUFFIXES = (".yaml", ".yml")

TEXT = """\
# A film for reelnet film: docs/films.md has every key.
#     reelnet film {name} RUN -o film.mp4
canvas: {{width: 960, height: 540, density: 2}} # 1920 x 1080 pixels
theme: light # light, dark or paper
transition: crossfade # cut, crossfade, wipe or slide
# audio: {{file: music.mp3, fade: 2, gain: -6}}

intro:
  - card:
      title: What a network learns
      text: One layer after the other, from the first step to the last.
    chapter: Title

items:
  - reel: {{template: wide, layers: all}}
    chapter: "{{layer}}"

outro:
  - card: {{title: Thank you, theme: dark}}
    transition: {{kind: slide, seconds: 0.6}}
"""


def create_film_file(file: Path, *, force: bool) -> Path:
    """Write the file of a film and return it.

    Raises:
        UsageError: It exists, or its name is none of a YAML file.
        ReelnetError: It cannot be written.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{file}: give a file that ends in .yaml")
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file}: exists already; give another name, or --force to replace it")
    with atomic_path(file) as temporary:
        temporary.write_text(TEXT.format(name=file.name), "utf-8")
    return file
