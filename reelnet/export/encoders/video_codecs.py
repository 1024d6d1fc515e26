"""The options and the streams of FFmpeg's video codecs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import cast

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from reelnet.errors import ReelnetError
from reelnet.export.encoders.formats import Codec, EncoderSettings
from reelnet.scene.layout.boxes import Size

THREADS = 8
"""Threads of H.264 and VP9. Their bytes depend on this number, so it must not depend on the machine."""

X264_THREAD_PARAMS = f"threads={THREADS}:sliced-threads=0"
"""Each thread encodes a frame. PyAV's default divides frames into one slice per processor, which takes more bytes."""

X265_THREAD_PARAMS = "frame-threads=3:info=0"
"""x265 would choose the number of frames at a time by the processors, and write both into the file."""

X264_FLAT_PARAMS = "psy=0:aq-mode=0:no-mbtree=1"
"""Without psychovisual tools, which trade exact colors for film grain. Constant quality then keeps flat cells within
4 of 255 levels, even when every cell changes in every frame."""

X265_FLAT_PARAMS = "psy-rd=0:psy-rdoq=0:aq-mode=0:cutree=0:sao=0:log-level=none"
"""The same for H.265."""

GOP_SIZE = 600
"""Frames between key frames. Key frames serve seeking; in a video of 300 frames, a second one adds 6 % of bytes."""


def add_stream(
    container: av.container.OutputContainer,
    codec: Codec,
    size: Size,
    fps: Fraction,
    settings: EncoderSettings,
) -> av.VideoStream:
    """Add a video stream to a container. YUV streams are BT.709 in limited range, and tagged as such.

    Raises:
        ReelnetError: PyAV was built without the codec.
    """
    _require_codec(codec)
    # SVT-AV1 logs to stderr; 1 stands for errors only.
    os.environ.setdefault("SVT_LOG", "1")
    options = CODEC_OPTIONS[codec.name](codec, settings)
    stream = cast("av.VideoStream", container.add_stream(codec.encoder, rate=fps, options=options))
    stream.width, stream.height = size.width, size.height
    stream.pix_fmt = codec.choose_pixel_format(lossless=settings.lossless)
    context = stream.codec_context
    context.time_base = 1 / fps
    if codec.name == "h265":
        # Apple's players do not play the other tag, hev1.
        context.codec_tag = "hvc1"
    if stream.pix_fmt.startswith("yuv"):
        set_color_tags(context)
    return stream


def set_color_tags(target: av.VideoCodecContext | av.VideoFrame) -> None:
    """Tag a stream or a video frame as BT.709 in limited range. ProRes reads the tags of the frames."""
    target.color_range, target.colorspace = ColorRange.MPEG, Colorspace.ITU709
    target.color_primaries, target.color_trc = ColorPrimaries.BT709, ColorTrc.BT709


def _require_codec(codec: Codec) -> None:
    try:
        av.codec.Codec(codec.encoder, "w")
    except av.codec.codec.UnknownCodecError:
        raise ReelnetError(
            f"{codec.name}: this PyAV was built without {codec.encoder}; the wheels on PyPI have it: "
            "pip install --force-reinstall --only-binary :all: av"
        ) from None


def _quality_options(codec: Codec, settings: EncoderSettings) -> dict[str, str]:
    """The quality setting, rounded to the codec's steps; empty if the codec has none."""
    if codec.quality_range is None:
        return {}
    value = codec.quality_range.default if settings.quality is None else settings.quality
    step = codec.quality_range.step
    return {codec.quality_range.name: f"{round(value / step) * step if step else value:g}"}


def _h264_options(codec: Codec, settings: EncoderSettings) -> dict[str, str]:
    return {
        **_quality_options(codec, settings),
        "g": str(GOP_SIZE),
        "x264-params": f"{X264_FLAT_PARAMS}:{X264_THREAD_PARAMS}",
        "preset": settings.preset or "medium",
    }


def _h265_options(codec: Codec, settings: EncoderSettings) -> dict[str, str]:
    # x265 writes open groups of pictures by default, and some platforms refuse them.
    params = f"{X265_FLAT_PARAMS}:{X265_THREAD_PARAMS}:keyint={GOP_SIZE}:open-gop=0"
    return {
        **_quality_options(codec, settings),
        "preset": settings.preset or "medium",
        "x265-params": params,
    }


def _vp9_options(codec: Codec, settings: EncoderSettings) -> dict[str, str]:
    # Tiles and row-based multithreading let several cores work.
    common = {"g": str(GOP_SIZE), "row-mt": "1", "tile-columns": "1", "threads": str(THREADS)}
    if settings.lossless:
        # For lossless video, lookahead saves nothing, and the deadline "good" takes twice as long.
        fast = {"deadline": "realtime", "lag-in-frames": "0", "cpu-used": settings.preset or "5"}
        return {**common, **fast, "lossless": "1"}
    quality = _quality_options(codec, settings)
    return {**common, **quality, "b": "0", "deadline": "good", "cpu-used": settings.preset or "4"}


def _av1_options(codec: Codec, settings: EncoderSettings) -> dict[str, str]:
    # The quality is one of SVT-AV1's own parameters, because FFmpeg's crf must be an integer.
    quality = "".join(f":{name}={value}" for name, value in _quality_options(codec, settings).items())
    # Tune 1 is for PSNR; temporal filtering (tf) would average neighboring frames. From preset 5 down, SVT-AV1 uses
    # its screen content tools: 30 % fewer bytes than preset 7, and 2 dB more.
    params = f"tune=1:enable-tf=0{quality}"
    return {"svtav1-params": params, "preset": settings.preset or "5", "g": str(GOP_SIZE)}


CODEC_OPTIONS: Mapping[str, Callable[[Codec, EncoderSettings], dict[str, str]]] = {
    "h264": _h264_options,
    "h265": _h265_options,
    "av1": _av1_options,
    "vp9": _vp9_options,
    "qtrle": lambda codec, settings: {},
    "prores": lambda codec, settings: {"profile": "4444", "vendor": "apl0"},
}
"""FFmpeg's options for each codec."""
