"""A reel as a moviepy clip, for editing."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.scene.timeline.timeline import Timeline


def to_clip(timeline: Timeline, frame: Callable[[int], NDArray[np.uint8]]) -> Any:
    """A `VideoClip` of the frames of a timeline.

    Args:
        timeline: Which step is shown, and how long.
        frame: Gives the RGB picture (height, width, 3) of a step.

    Raises:
        ReelnetError: moviepy is not installed.
    """
    try:
        from moviepy import VideoClip
    except ImportError:
        raise ReelnetError("moviepy is not installed; pip install 'reelnet[moviepy]'") from None

    fps = timeline.fps
    steps = [shown.step for shown in timeline for _ in range(round(shown.duration * fps))]

    def picture(seconds: float) -> NDArray[np.uint8]:
        return frame(steps[min(int(seconds * fps + Fraction(1, 1000)), len(steps) - 1)])

    # moviepy writes int(duration * fps) frames, which loses one to rounding when the duration is exact.
    clip = VideoClip(picture, duration=float((len(steps) + Fraction(1, 2)) / fps))
    return clip.with_fps(float(fps))
