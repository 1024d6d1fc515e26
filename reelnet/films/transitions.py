"""Transitions between two clips, by moviepy's effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.layout.boxes import Size


def join(kind: str, before: Any, after: Any, size: Size, seconds: float) -> Any:
    """A clip in which one clip replaces another, both as long as it.

    Args:
        kind: crossfade, wipe or slide.
        before: The clip that is seen first.
        after: The clip that is seen last.
        size: Of both, in pixels.
        seconds: The duration.
    """
    from moviepy import CompositeVideoClip

    clips = [before, TRANSITIONS[kind](after, size, seconds)]
    # A background of its own would take 50 MB.
    return CompositeVideoClip(clips, use_bgclip=True).with_duration(seconds)


def _crossfade(after: Any, size: Size, seconds: float) -> Any:
    from moviepy import vfx

    return after.with_effects([vfx.CrossFadeIn(seconds)])


def _slide(after: Any, size: Size, seconds: float) -> Any:
    from moviepy import vfx

    return after.with_effects([vfx.SlideIn(seconds, "right")])


def _wipe(after: Any, size: Size, seconds: float) -> Any:
    from moviepy import VideoClip

    columns = np.arange(size.width)

    def uncover(time: float) -> NDArray[np.float64]:
        # The edge is sharp: it moves by whole pixels.
        row = (columns < round(size.width * time / seconds)).astype(np.float64)
        return np.broadcast_to(row, (size.height, size.width))

    return after.with_mask(VideoClip(uncover, is_mask=True, duration=seconds))


TRANSITIONS: Mapping[str, Callable[[Any, Size, float], Any]] = {
    "crossfade": _crossfade,
    "wipe": _wipe,
    "slide": _slide,
}
"""How the second clip appears over the first, by the name of the transition."""
