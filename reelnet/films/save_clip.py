"""Write any clip of moviepy: exact colors, every frame, sound, and a cap."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from reelnet._support.arguments import require_path
from reelnet.errors import UsageError
from reelnet.export.encoders.base import Chapter
from reelnet.export.film.save_film import resolve_film, save_film
from reelnet.export.report import Report
from reelnet.export.request import ExportOptions
from reelnet.export.save import OnProgress, OnTrial
from reelnet.films.read_clip import read_clip


def save(
    clip: Any,
    path: str | os.PathLike[str],
    progress: OnProgress | None = None,
    *,
    on_trial: OnTrial | None = None,
    fps: float | None = None,
    lossless: bool = False,
    codec: str | None = None,
    max_size: str | int | None = None,
    platform: str | None = None,
    chapters: Sequence[tuple[float, str]] = (),
) -> Report:
    """Write a moviepy clip to a file in the format of its suffix: .mp4, .webm, .mov, .webp, .gif or .avif.

    Colors are converted exactly (BT.709, and tagged so), and every frame is written: frame `i` shows the clip at
    `(i + 1/2) / fps`. Where a frame of a reel is unchanged, the file has the same pixels as by `Reel.save`. Sound
    becomes AAC in .mp4 and .mov and Opus in .webm. A mask is filled with black. The file is written under a temporary
    name and renamed when it is complete.

        import moviepy

        talk = moviepy.concatenate_videoclips([title, reel.clip(), end])
        reelnet.save(talk, "talk.mp4", max_size="20 MB")

    With a cap, the quality of the codec is reduced as little as possible, in at most eight encodes; the sound keeps
    its quality.

    Args:
        clip: A `VideoClip` with a duration.
        path: The file to write.
        progress: Called with the number of finished and of all frames; with a cap, of encodes.
        on_trial: With a cap: called before each encode with a description of what is tried.
        fps: Frames per second; by default the clip's.
        lossless: Keep the exact color of every pixel, or fail: .webm, .mov and .webp can.
        codec: The video codec: h264 (the default), h265 or av1 in .mp4; vp9 (the default) or av1 in .webm; qtrle (the
            default) or prores in .mov.
        max_size: The cap: a text such as `"20 MB"` (20,000,000 bytes), or a number of bytes.
        platform: A platform whose limits apply, such as `"github"`. With `max_size` as well, the smaller cap applies.
        chapters: Chapters of an .mp4, .webm or .mov: the start of each in seconds, and its title, in order.

    Returns:
        The figures of the file. `Report.traded` says by how much quality was reduced.

    Raises:
        UsageError: This is no clip, it has no duration or frame rate, chapters are not in order, or an option is
            unknown or does not fit the format.
        CapError: The clip exceeds a limit of the platform, or no file under the cap is possible. The error names the
            smallest possible size.
        ReelnetError: The file cannot be written.
    """
    file = Path(require_path("path", path))
    request = resolve_film(file, ExportOptions(lossless, codec, max_size, platform))
    on_progress, on_trial = progress or (lambda done, total: None), on_trial or (lambda text: None)
    source = read_clip(clip, fps)
    source = replace(source, chapters=_read_chapters(chapters, source.duration))
    return save_film(source, request, on_progress, on_trial)


def _read_chapters(chapters: Sequence[tuple[float, str]], duration: Fraction) -> tuple[Chapter, ...]:
    """Chapters, each of which ends where the next one begins.

    Raises:
        UsageError: They are not in order, or begin outside of the film.
    """
    starts = [Fraction(start).limit_denominator(1000) for start, _ in chapters]
    ends = [*starts[1:], duration]
    for (_, title), start, end in zip(chapters, starts, ends, strict=False):
        if not 0 <= start < end:
            raise UsageError(
                f"chapters: {title!r} would last from {float(start):g} s to {float(end):g} s; give their starts in "
                f"order, from 0 to before {float(duration):g} s"
            )
    return tuple(
        Chapter(title, start, end) for (_, title), start, end in zip(chapters, starts, ends, strict=False)
    )
