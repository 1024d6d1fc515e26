"""x264 alone: encode frames that are composed beforehand, with the settings of reelnet."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import av
from common import FPS

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.codec import H264
from reelnet.export.encoders.formats import DEFAULT_SETTINGS
from reelnet.export.encoders.pixel_formats import Yuv420pConverter
from reelnet.export.encoders.video import add_stream
from reelnet.reel import Reel


def compose_frames(reel: Reel) -> list[av.VideoFrame]:
    """All frames as yuv420p with their time stamps, in memory."""
    converter = Yuv420pConverter(reel.palette_rgb)
    pictures: list[av.VideoFrame] = []
    for frame in reel.rendition.frames():
        for _ in range(round(frame.duration * FPS)):
            picture = av.VideoFrame(reel.scene.size.width, reel.scene.size.height, "yuv420p")
            converter.convert(frame.indices, picture)
            picture.pts, picture.time_base = len(pictures), Fraction(1, FPS)
            pictures.append(picture)
    return pictures


def encode_with_x264(reel: Reel, out: Path) -> float:
    """Write an MP4; returns the seconds from the first frame to the closed file."""
    pictures = compose_frames(reel)
    start = time.perf_counter()
    with av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = add_stream(container, H264, StreamInfo.from_rendition(reel.rendition), DEFAULT_SETTINGS)
        for picture in pictures:
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return time.perf_counter() - start
