"""x264 with nothing around it: reelnet's frames, composed beforehand, at reelnet's settings."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from subject import FPS, LAYER

import reelnet
from reelnet.export.video import Planes, add_h264
from reelnet.scene.layout import Size


def composed(run: Path) -> tuple[list[NDArray[np.uint8]], Size]:
    """Every frame's planes as the encoder takes them, uint8 (height * 3 / 2, width), and the frame's size."""
    reel = reelnet.open(run).reel("plain", layer=LAYER)
    planes = Planes(reel.palette_rgb)
    return [planes(frame.indices) for frame in reel.frames()], reel.scene.size


def encode(run: Path, out: Path) -> float:
    """Write the MP4; gives the seconds from the first frame handed over to the closed file."""
    frames, size = composed(run)
    fps = Fraction(FPS)
    began = time.perf_counter()
    with av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = add_h264(container, size, fps)
        for number, planes in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts, picture.time_base = number, 1 / fps
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return time.perf_counter() - began
