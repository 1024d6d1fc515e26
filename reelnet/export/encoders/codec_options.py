"""FFmpeg's options for each video codec and each kind of content."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.codec import Codec
from reelnet.export.encoders.content import Content
from reelnet.export.encoders.formats import EncoderSettings

THREADS = 4
"""Threads of H.264 and VP9. Their bytes depend on this number, so it must not depend on the machine."""

X264_THREAD_PARAMS = f"threads={THREADS}:sliced-threads=0"
"""Each thread encodes a frame. PyAV's default divides frames into one slice per processor, which takes more bytes."""

X265_THREAD_PARAMS = "frame-threads=3:info=0"
"""x265 would choose the number of frames at a time by the processors, and write both into the file."""

X264_FLAT_PARAMS = "psy=0:aq-mode=0:no-mbtree=1:ipratio=2"
"""Without psychovisual tools, which trade exact colors for film grain. Key frames are rare and much better,
because what rests (text, axes) stays as they show it."""

X264_BLOCK_PARAMS = "no-deblock=1:chroma-qp-offset=-4:qcomp=0.99:trellis=0:deadzone-inter=6"
"""Constant quantizers, no trellis and a small dead zone: what rests stays bit-equal from frame to frame. With qcomp=1
x264 would ignore the ratio of key frames."""

X264_PICTURE_PARAMS = {
    Content.BLOCKS: X264_BLOCK_PARAMS,
    Content.SMALL_BLOCKS: f"{X264_BLOCK_PARAMS}:no-8x8dct=1",
    Content.FINE: "no-deblock=1:chroma-qp-offset=-4:qcomp=0.8",
    Content.PHOTO: "deblock=-2,-2:chroma-qp-offset=-3",
}
"""What decides how the pixels look. The deblocking filter would blur the edges of values. Errors of chroma count as
much in RGB as those of luma, but chroma has a quarter of the pixels: finer steps save 10 to 20 % at equal PSNR."""

X264_SPEED_PARAMS = {
    # Values change where they are, so a motion search finds nothing. Costs of transformed differences (subme above 0)
    # would prefer smooth predictions to exact ones. B-frames would make resting cells shimmer.
    Content.BLOCKS: "me=dia:subme=0:ref=1:bframes=0:weightp=0:partitions=none:scenecut=0",
    Content.SMALL_BLOCKS: "me=dia:subme=0:ref=1:bframes=0:weightp=0:partitions=none:scenecut=0",
    Content.FINE: "me=dia:ref=1:bframes=7:b-adapt=0:weightp=0:partitions=none:scenecut=0",
    Content.PHOTO: "",
}
"""How much x264 searches, unless the user chose a preset."""

X265_FLAT_PARAMS = "psy-rd=0:psy-rdoq=0:aq-mode=0:cutree=0:sao=0:log-level=none"
"""The same for H.265."""

X265_PICTURE_PARAMS = {
    # Transforms as large as a value at most: a flat square then has one coefficient.
    Content.BLOCKS: "no-deblock=1:max-tu-size=8:tu-inter-depth=3:tu-intra-depth=3",
    Content.SMALL_BLOCKS: "no-deblock=1:max-tu-size=4",
    Content.FINE: "no-deblock=1:max-tu-size=4",
    Content.PHOTO: "",
}
"""What decides how the pixels look, as for H.264."""

X265_SHARED_PARAMS = "ipratio=2:pbratio=1:qcomp=0.99:cbqpoffs=-5:crqpoffs=-5"
"""Much better key frames and finer steps for chroma, as for H.264, and the same quality for all other frames."""

X265_SPEED_PARAMS = "bframes=3:b-adapt=0:rc-lookahead=12"
"""Always three B-frames, unless the user chose a preset. What x265 would choose takes 15 to 40 % more bytes here."""

AV1_PICTURE_PARAMS = {
    # Fewer temporal layers and smaller transforms than in films, and one quantizer for a whole frame.
    Content.BLOCKS: ":aq-mode=0:max-tx-size=32:hierarchical-levels=3",
    Content.SMALL_BLOCKS: ":aq-mode=0:max-tx-size=32:hierarchical-levels=3",
    Content.FINE: "",
    Content.PHOTO: "",
}
"""What decides how the pixels look. The loop filters of AV1 leave the edges of values alone."""

AV1_PRESETS = (1_000_000, "5"), (2_100_000, "6"), (math.inf, "8")
"""The most pixels of a frame, and the preset up to there. Up to preset 6, SVT-AV1 uses its screen content tools in
every frame, which halves the bytes of 8-pixel values; preset 8 takes a third of the time."""

GOP_SIZE = 600
"""Frames between key frames. Key frames serve seeking; in a video of 300 frames, a second one adds 6 % of bytes."""


def make_codec_options(codec: Codec, settings: EncoderSettings, stream: StreamInfo) -> dict[str, str]:
    """FFmpeg's options for one encode by a video codec."""
    return CODEC_OPTIONS[codec.name](codec, settings, stream)


def _quality_options(codec: Codec, settings: EncoderSettings, content: Content) -> dict[str, str]:
    """The quality setting, rounded to the codec's steps; empty if the codec has none."""
    value = codec.default_quality(content) if settings.quality is None else settings.quality
    if codec.quality_range is None or value is None:
        return {}
    step = codec.quality_range.step
    return {codec.quality_range.name: f"{round(value / step) * step if step else value:g}"}


def _h264_options(codec: Codec, settings: EncoderSettings, stream: StreamInfo) -> dict[str, str]:
    params = [X264_FLAT_PARAMS, X264_PICTURE_PARAMS[stream.content], X264_THREAD_PARAMS]
    if settings.preset is None:
        params.append(X264_SPEED_PARAMS[stream.content])
    return {
        **_quality_options(codec, settings, stream.content),
        "g": str(GOP_SIZE),
        "x264-params": ":".join(filter(None, params)),
        "preset": settings.preset or "medium",
    }


def _h265_options(codec: Codec, settings: EncoderSettings, stream: StreamInfo) -> dict[str, str]:
    # x265 writes open groups of pictures by default, and some platforms refuse them.
    params = [X265_FLAT_PARAMS, X265_SHARED_PARAMS, X265_PICTURE_PARAMS[stream.content], X265_THREAD_PARAMS]
    params.append(f"keyint={GOP_SIZE}:open-gop=0")
    if settings.preset is None:
        params.append(X265_SPEED_PARAMS)
    return {
        **_quality_options(codec, settings, stream.content),
        "preset": settings.preset or "medium",
        "x265-params": ":".join(filter(None, params)),
    }


def _vp9_options(codec: Codec, settings: EncoderSettings, stream: StreamInfo) -> dict[str, str]:
    # Tiles and row-based multithreading let several cores work.
    common = {"g": str(GOP_SIZE), "row-mt": "1", "tile-columns": "1", "threads": str(THREADS)}
    if settings.lossless:
        # For lossless video, lookahead saves nothing, and the deadline "good" takes twice as long.
        fast = {"deadline": "realtime", "lag-in-frames": "0", "cpu-used": settings.preset or "5"}
        return {**common, **fast, "lossless": "1"}
    quality = _quality_options(codec, settings, stream.content)
    return {**common, **quality, "b": "0", "deadline": "good", "cpu-used": settings.preset or "4"}


def _av1_options(codec: Codec, settings: EncoderSettings, stream: StreamInfo) -> dict[str, str]:
    # The quality is one of SVT-AV1's own parameters, because FFmpeg's crf must be an integer.
    quality = "".join(
        f":{name}={value}" for name, value in _quality_options(codec, settings, stream.content).items()
    )
    # Tune 1 is for PSNR; temporal filtering (tf) would average neighboring frames.
    params = f"tune=1:enable-tf=0{AV1_PICTURE_PARAMS[stream.content]}{quality}"
    pixels = stream.size.width * stream.size.height
    preset = next(preset for most, preset in AV1_PRESETS if pixels <= most)
    return {"svtav1-params": params, "preset": settings.preset or preset, "g": str(GOP_SIZE)}


CODEC_OPTIONS: Mapping[str, Callable[[Codec, EncoderSettings, StreamInfo], dict[str, str]]] = {
    "h264": _h264_options,
    "h265": _h265_options,
    "av1": _av1_options,
    "vp9": _vp9_options,
    "qtrle": lambda codec, settings, stream: {},
    "prores": lambda codec, settings, stream: {"profile": "4444", "vendor": "apl0"},
}
"""The options of each codec, by its name."""
