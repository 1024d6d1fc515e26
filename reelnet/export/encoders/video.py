"""Video files by FFmpeg: MP4, WebM, animated AVIF and MOV."""

from __future__ import annotations

import os
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from reelnet._support.ordered_pool import OrderedPool
from reelnet.errors import ReelnetError
from reelnet.export.encoders.base import Chapter, StreamInfo, check_cap
from reelnet.export.encoders.codec import Codec
from reelnet.export.encoders.codec_options import make_codec_options
from reelnet.export.encoders.formats import EncoderSettings, find_format
from reelnet.export.encoders.pixel_formats import CONVERTERS, VideoFrameRing
from reelnet.export.encoders.sound import SoundTrack
from reelnet.render.compositor import Frame

MUXERS: Mapping[str, tuple[str, dict[str, str]]] = {
    ".mp4": ("mp4", {"movflags": "+faststart"}),
    ".webm": ("webm", {"fflags": "+bitexact"}),
    ".avif": ("avif", {}),
    ".mov": ("mov", {}),
}
"""FFmpeg's muxer and its options by suffix. An MP4 has its index at the front.
Without `bitexact`, a WebM contains random identifiers."""

MAX_QUEUED_FRAMES = 6
"""Video frames that may wait for the codec."""


class VideoEncoder:
    """Writes a video. The suffix of its path chooses the container."""

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings) -> None:
        fmt = find_format(path)
        codec = fmt.find_codec(settings)
        self._path, self._fps, self._cap, self._dts_offset = path, stream.fps, settings.cap, codec.dts_offset
        pixel_format = codec.choose_pixel_format(lossless=settings.lossless)
        self._converter = CONVERTERS[pixel_format](stream.palette)
        # Besides the queue: the video frame that is written to, the one in the codec, and its predecessor.
        self._pictures = VideoFrameRing(stream.size, pixel_format, MAX_QUEUED_FRAMES + 3)
        if pixel_format.startswith("yuv"):
            for picture in self._pictures:
                set_color_tags(picture)
        self._added, self._bytes, self._packets = 0, 0, 0
        self._failed = False
        muxer, muxer_options = MUXERS[fmt.suffix]
        if muxer == "avif":
            muxer_options = {"loop": str(stream.plays or 0)}
        self._container = av.open(f"file:{path}", "w", format=muxer, options=muxer_options)
        # The codec runs in its own thread while the next frames are composed.
        self._pool: OrderedPool[None] = OrderedPool(workers=1, pending_per_worker=MAX_QUEUED_FRAMES)
        self._sound: SoundTrack | None = None
        try:
            self._stream = add_stream(self._container, codec, stream, settings)
            if stream.sound is not None:
                self._sound = SoundTrack(self._container, stream.sound)
            if stream.chapters:
                self._container.set_chapters(
                    [*map(_describe_chapter, range(len(stream.chapters)), stream.chapters)]
                )
        except BaseException:
            self.close()
            raise

    def add(self, frame: Frame) -> None:
        """Encode the next frame. A longer frame is repeated, which adds almost no bytes.

        Most players would also play one frame with a longer duration, but the duration of the last frame is lost.
        """
        start = round(frame.pts * self._fps)
        for number in range(start, round((frame.pts + frame.duration) * self._fps)):
            picture = self._pictures.next()
            self._converter.convert(frame.indices, picture)
            picture.pts, picture.time_base = number, 1 / self._fps
            self._added += 1
            for _ in self._pool.submit(partial(self._encode, picture)):
                pass

    def finish(self) -> int:
        """Complete the file, and return the number of frames read back from it."""
        for _ in self._pool.drain():
            pass
        self._encode(None)
        if self._sound is not None:
            self._sound.copy(None)
        self.close()
        frames = count_video_frames(self._path)
        if frames != self._added:
            raise ReelnetError(f"{self._path}: the file has {frames} of {self._added} frames; try again")
        check_cap(self._path, self._cap, self._path.stat().st_size, frames)
        return frames

    def close(self) -> None:
        """Stop encoding and close the file."""
        self._pool.close()
        self._container.close()
        if self._sound is not None:
            self._sound.close()

    def _encode(self, picture: av.VideoFrame | None) -> None:
        # Queued frames must not reach the codec after an error, or FFmpeg crashes.
        if self._failed:
            return
        self._failed = True
        for packet in self._stream.encode(picture):
            self._bytes += packet.size
            self._packets += 1
            check_cap(self._path, self._cap, self._bytes, self._packets)
            if self._dts_offset is not None:
                # For videos of one or two frames, FFmpeg's libx265 returns uninitialized decoding times.
                packet.dts = self._packets - 1 - self._dts_offset
            if self._sound is not None:
                # Players expect sound and pictures of the same time near each other.
                self._bytes += self._sound.copy(self._packets / self._fps)
            self._container.mux(packet)
        self._failed = False


def count_video_frames(path: Path) -> int:
    """The number of frames of a video. The still image of an AVIF does not count."""
    with av.open(f"file:{path}") as container:
        counts = [0] * len(container.streams)
        for packet in container.demux(container.streams.video):
            counts[packet.stream.index] += packet.size > 0
        return max(counts)


def add_stream(
    container: av.container.OutputContainer, codec: Codec, stream: StreamInfo, settings: EncoderSettings
) -> av.VideoStream:
    """Add a video stream to a container. YUV streams are BT.709 in limited range, and tagged as such.

    Raises:
        ReelnetError: PyAV was built without the codec.
    """
    _require_codec(codec)
    # SVT-AV1 logs to stderr; 1 stands for errors only.
    os.environ.setdefault("SVT_LOG", "1")
    options = make_codec_options(codec, settings, stream)
    added = cast("av.VideoStream", container.add_stream(codec.encoder, rate=stream.fps, options=options))
    added.width, added.height = stream.size.width, stream.size.height
    added.pix_fmt = codec.choose_pixel_format(lossless=settings.lossless)
    context = added.codec_context
    context.time_base = 1 / stream.fps
    if codec.name == "h265":
        # Apple's players do not play the other tag, hev1.
        context.codec_tag = "hvc1"
    if added.pix_fmt.startswith("yuv"):
        set_color_tags(context)
    return added


def set_color_tags(target: av.VideoCodecContext | av.VideoFrame) -> None:
    """Tag a stream or a video frame as BT.709 in limited range. ProRes reads the tags of the frames."""
    target.color_range, target.colorspace = ColorRange.MPEG, Colorspace.ITU709
    target.color_primaries, target.color_trc = ColorPrimaries.BT709, ColorTrc.BT709


def _describe_chapter(number: int, chapter: Chapter) -> Any:
    """A chapter as PyAV takes it, in milliseconds."""
    return {
        "id": number,
        "start": round(1000 * chapter.start),
        "end": round(1000 * chapter.end),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": chapter.title},
    }


def _require_codec(codec: Codec) -> None:
    try:
        av.codec.Codec(codec.encoder, "w")
    except av.codec.codec.UnknownCodecError:
        raise ReelnetError(
            f"{codec.name}: this PyAV was built without {codec.encoder}; the wheels on PyPI have it: "
            "pip install --force-reinstall --only-binary :all: av"
        ) from None
