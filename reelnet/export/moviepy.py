"""Conversion of an animation to a moviepy clip."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.scene.timeline.timeline import Timeline

MISSING = "moviepy is not installed; pip install 'reelnet[film]'"
"""What to do where moviepy is needed and missing."""


def to_clip(timeline: Timeline, draw_step: Callable[[int], NDArray[np.uint8]]) -> Any:
    """A `VideoClip` of the frames of a timeline.

    Args:
        timeline: Which step each frame shows, and for how long.
        draw_step: Returns the RGB image of a step, (height, width, 3).

    Raises:
        ReelnetError: moviepy is not installed.
    """
    try:
        from moviepy import VideoClip
    except ImportError:
        raise ReelnetError(MISSING) from None

    fps, last = timeline.fps, dict[int, NDArray[np.uint8]]()
    steps = [frame.step for frame in timeline for _ in range(round(frame.duration * fps))]

    def draw_frame(seconds: float) -> NDArray[np.uint8]:
        step = steps[min(int(seconds * fps + Fraction(1, 1000)), len(steps) - 1)]
        if step not in last:
            # A step that rests is drawn once.
            last.clear()
            last[step] = draw_step(step)
        return last[step]

    # moviepy writes int(duration * fps) frames, and with an exact duration, rounding could drop the last one. More
    # than a thousandth of a frame would add up where clips follow each other.
    clip = VideoClip(draw_frame, duration=float((len(steps) + Fraction(1, 1000)) / fps))
    return clip.with_fps(float(fps))
