"""Pictures and sound of moviepy's clips. Nothing here imports moviepy: whoever has a clip has imported it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet._support.arguments import require_number
from reelnet.errors import UsageError
from reelnet.export.encoders.sound import LAYOUTS, Sound
from reelnet.export.encoders.true_color.colors import pack_colors
from reelnet.export.film.source import FilmSource
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas

MAX_FPS = 1000
"""Frames per second."""

SOUND_RATE = 44_100
"""Samples per second of sounds that do not say how many they have."""

TOLERANCE = 1e-3
"""Of a frame: durations are floating-point numbers."""


def read_clip(clip: Any, fps: float | None = None) -> FilmSource:
    """The film that a clip shows.

    Args:
        clip: A `VideoClip` of moviepy.
        fps: Frames per second; None for the clip's.

    Raises:
        UsageError: This is no clip, or it has no duration, no frame rate or no frame.
    """
    require_clip(clip)
    if fps is None and getattr(clip, "fps", None) is None:
        raise UsageError("clip: has no frame rate; give one, such as fps=30")
    number = require_number("fps", clip.fps if fps is None else fps, 0.01, MAX_FPS)
    rate = Fraction(number).limit_denominator(1001)
    # Those frames whose middle lies in the clip.
    count = math.ceil(clip.duration * rate - 0.5 - TOLERANCE)
    if count < 1:
        raise UsageError(f"clip: its {clip.duration:g} s are shorter than a frame at {number:g} fps")
    width, height = map(int, clip.size)

    last: list[tuple[NDArray[np.uint8], Canvas]] = []

    def draw(position: int) -> Canvas:
        frame = _draw(clip, float((position + Fraction(1, 2)) / rate))
        if last and last[0][0] is frame and not frame.flags.writeable:
            return last[0][1]
        if frame.shape != (height, width, 3):
            raise UsageError(
                f"clip: frame {position} has the shape {frame.shape}, but the clip has {width}×{height} pixels"
            )
        last[:] = [(frame, pack_colors(frame))]
        return last[0][1]

    return FilmSource(Size(width, height), rate, count, draw, _read_sound(clip.audio))


def require_clip(clip: Any) -> None:
    """Raise an error unless this is a clip of moviepy with a duration.

    Raises:
        UsageError: It is not.
    """
    if not all(hasattr(clip, name) for name in ("get_frame", "size", "duration", "audio")):
        raise UsageError(f"clip: {type(clip).__name__} is no moviepy clip; Reel.clip() makes one")
    if clip.duration is None:
        raise UsageError("clip: has no duration; give it one, as by clip.with_duration(5)")


def _draw(clip: Any, seconds: float) -> NDArray[np.uint8]:
    """The RGB image of a time, on black."""
    frame = np.asarray(clip.get_frame(seconds))
    if frame.ndim == 2:
        frame = frame[..., None].repeat(3, axis=2)
    if frame.shape[2] > 3:
        frame = frame[..., :3]
    if clip.mask is not None:
        opaque = np.asarray(clip.mask.get_frame(seconds), np.float64)
        if (opaque < 1).any():
            frame = frame * opaque[..., None]
    return frame if frame.dtype == np.uint8 else np.rint(frame).clip(0, 255).astype(np.uint8)


def _read_sound(audio: Any) -> Sound | None:
    """The sound of a clip of sound; None if there is none.

    Raises:
        UsageError: It has more than two channels.
    """
    if audio is None:
        return None
    rate, channels, end = round(audio.fps or SOUND_RATE), int(audio.nchannels), audio.duration
    if channels not in LAYOUTS:
        raise UsageError(f"clip: its sound has {channels} channels; give it 1 or 2")

    def read(start: int, stop: int) -> NDArray[np.float32]:
        times = np.arange(start, stop) / rate
        samples = np.zeros((len(times), channels), np.float32)
        heard = times < (math.inf if end is None else end)
        if heard.any():
            found = np.asarray(audio.get_frame(times[heard]), np.float32)
            samples[heard] = found.reshape(len(found), -1) if found.ndim < 2 else found
        return samples.clip(-1, 1)

    return Sound(read, rate, channels)
