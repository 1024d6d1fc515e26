"""x264 alone, on frames that are composed beforehand: with its own defaults, or with any options."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import av

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.pixel_formats import Yuv420pConverter
from reelnet.export.encoders.video import set_color_tags
from reelnet.reel import Reel
from reelnet.render.compositor import LevelSource

MEDIUM = {"preset": "medium", "crf": "23"}
"""The defaults of x264, named."""


def compose_frames(reel: Reel, levels: LevelSource | None = None) -> list[av.VideoFrame]:
    """All frames as yuv420p with their time stamps, in memory, with the recorded values or other levels."""
    converter, fps = Yuv420pConverter(reel.palette_rgb), reel.rendition.timeline.fps
    pictures: list[av.VideoFrame] = []
    for frame in reel.rendition.frames(levels):
        for _ in range(round(frame.duration * fps)):
            picture = av.VideoFrame(reel.scene.size.width, reel.scene.size.height, "yuv420p")
            converter.convert(frame.indices, picture)
            picture.pts, picture.time_base = len(pictures), 1 / fps
            pictures.append(picture)
    return pictures


def encode_pictures(
    pictures: Iterable[av.VideoFrame],
    stream: StreamInfo,
    out: Path,
    options: Mapping[str, str],
    encoder: str = "libx264",
) -> None:
    """Write an MP4 of yuv420p pictures with FFmpeg's options for an encoder."""
    with av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        added = cast("av.VideoStream", container.add_stream(encoder, rate=stream.fps, options=dict(options)))
        added.width, added.height, added.pix_fmt = stream.size.width, stream.size.height, "yuv420p"
        added.codec_context.time_base = 1 / stream.fps
        set_color_tags(added.codec_context)
        for picture in pictures:
            container.mux(added.encode(picture))
        container.mux(added.encode(None))


def encode_with_x264(reel: Reel, out: Path) -> float:
    """Write an MP4 with x264's defaults; returns the seconds from the first frame to the closed file."""
    pictures, stream = compose_frames(reel), StreamInfo.from_rendition(reel.rendition)
    start = time.perf_counter()
    encode_pictures(pictures, stream, out, MEDIUM)
    return time.perf_counter() - start
