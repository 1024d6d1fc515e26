"""Clips for tests of films, and decoders of sound and tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.make_run import Bytes

moviepy = pytest.importorskip("moviepy")

WIDTH, HEIGHT, CELL = 64, 48, 16


def numbered_frame(number: int) -> Bytes:
    """A frame of flat cells whose colors all depend on its number."""
    random = np.random.default_rng(number)
    cells = random.integers(0, 256, (HEIGHT // CELL, WIDTH // CELL, 3), np.uint8)
    return cells.repeat(CELL, axis=0).repeat(CELL, axis=1)


def numbered_clip(count: int, fps: float) -> Any:
    """A clip of that many numbered frames."""
    clip = moviepy.VideoClip(lambda t: numbered_frame(int(t * fps)), duration=count / fps)
    return clip.with_fps(fps)


def tone(seconds: float, start: float, hertz: float = 440, rate: int = 44_100) -> Any:
    """A tone in two channels that begins at a time; silence before it."""

    def play(t: Any) -> Any:
        wave = 0.5 * np.sin(2 * np.pi * hertz * np.asarray(t)) * (np.asarray(t) >= start)
        return np.stack([wave, wave], axis=-1)

    return moviepy.AudioClip(play, duration=seconds, fps=rate)


def decode_sound(path: Path) -> tuple[str, int, NDArray[np.float64]]:
    """The codec, the rate and the samples of the left channel."""
    with av.open(f"file:{path}") as container:
        stream = container.streams.audio[0]
        samples = [frame.to_ndarray()[0] for frame in container.decode(stream)]
        return stream.codec_context.name, stream.rate or 0, np.concatenate(samples).astype(np.float64)
