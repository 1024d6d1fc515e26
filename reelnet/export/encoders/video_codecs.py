"""Video codecs: their settings, and the streams that have them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import cast

import av
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from reelnet.errors import ReelnetError
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, H264, Codec, EncoderSettings
from reelnet.scene.layout.boxes import Size

Settings = dict[str, str]

FLAT_X264 = "psy=0:aq-mode=0:no-mbtree=1"
"""The psychovisual tools are for films: they trade exact colours for grain that is not here. With them off,
constant quality keeps flat cells within 4 of 255 levels, even when every cell changes in every frame."""

FLAT_X265 = "psy-rd=0:psy-rdoq=0:aq-mode=0:cutree=0:sao=0:log-level=none"
"""The same for H.265."""


def add_h264(container: av.container.OutputContainer, size: Size, fps: Fraction) -> av.VideoStream:
    """Add a stream of reelnet's usual H.264 to a container."""
    return add_stream(container, H264, size, fps, DEFAULT_SETTINGS)


def add_stream(
    container: av.container.OutputContainer,
    codec: Codec,
    size: Size,
    fps: Fraction,
    settings: EncoderSettings,
) -> av.VideoStream:
    """Add a stream to a container; what is not RGB is BT.709 in limited range, and tagged as such.

    Raises:
        ReelnetError: This installation lacks the codec.
    """
    require_codec(codec)
    # SVT-AV1 tells its life on stderr; 1 is errors only.
    os.environ.setdefault("SVT_LOG", "1")
    options = SETTINGS[codec.name](codec, settings)
    stream = cast("av.VideoStream", container.add_stream(codec.encoder, rate=fps, options=options))
    stream.width, stream.height = size.width, size.height
    stream.pix_fmt = codec.choose_pixel_format(lossless=settings.lossless)
    context = stream.codec_context
    context.time_base = 1 / fps
    if codec.name == "h265":
        # The other tag, hev1, does not play on Apple's systems.
        context.codec_tag = "hvc1"
    if stream.pix_fmt.startswith("yuv"):
        tag(context)
    return stream


def tag(marked: av.VideoCodecContext | av.VideoFrame) -> None:
    """Say of a stream, or of a picture (ProRes asks that), that it is BT.709 in limited range."""
    marked.color_range, marked.colorspace = ColorRange.MPEG, Colorspace.ITU709
    marked.color_primaries, marked.color_trc = ColorPrimaries.BT709, ColorTrc.BT709


def require_codec(codec: Codec) -> None:
    """Make sure that FFmpeg was built with a codec.

    Raises:
        ReelnetError: It was not.
    """
    try:
        av.codec.Codec(codec.encoder, "w")
    except av.codec.codec.UnknownCodecError:
        raise ReelnetError(
            f"{codec.name}: this PyAV was built without {codec.encoder}; the wheels on PyPI have it: "
            "pip install --force-reinstall --only-binary :all: av"
        ) from None


def _rate(codec: Codec, settings: EncoderSettings) -> Settings:
    """Constant quality, if the codec has a knob of it."""
    if codec.quality_range is None:
        return {}
    value = codec.quality_range.default if settings.quality is None else settings.quality
    step = codec.quality_range.step
    return {codec.quality_range.name: f"{round(value / step) * step if step else value:g}"}


def _h264(codec: Codec, settings: EncoderSettings) -> Settings:
    # A key frame now and then is for seeking; these are short, and one more takes 6 % of a reel of 300 frames.
    common = {"g": "600", "x264-params": FLAT_X264}
    return {**_rate(codec, settings), **common, "preset": settings.preset or "medium"}


def _h265(codec: Codec, settings: EncoderSettings) -> Settings:
    # Its groups of pictures are open unless it is told, and some platforms refuse that.
    parameters = f"{FLAT_X265}:keyint=600:open-gop=0"
    return {**_rate(codec, settings), "preset": settings.preset or "medium", "x265-params": parameters}


def _vp9(codec: Codec, settings: EncoderSettings) -> Settings:
    # A key frame now and then is for seeking; these are short. Tiles and rows let several cores work.
    common = {"g": "600", "row-mt": "1", "tile-columns": "1"}
    if settings.lossless:
        # Looking ahead gains nothing where nothing may be lost; "good" takes twice the time.
        quick = {"deadline": "realtime", "lag-in-frames": "0", "cpu-used": settings.preset or "5"}
        return {**common, **quick, "lossless": "1"}
    return {
        **common,
        **_rate(codec, settings),
        "b": "0",
        "deadline": "good",
        "cpu-used": settings.preset or "4",
    }


def _av1(codec: Codec, settings: EncoderSettings) -> Settings:
    # FFmpeg's own crf is a whole number.
    rate = "".join(f":{name}={value}" for name, value in _rate(codec, settings).items())
    # Preset 5 is where the tools for screen content come in: 30 % fewer bytes than 7, and 2 dB more. Tune 1 is
    # for PSNR; tf would average neighbours in time.
    return {"svtav1-params": f"tune=1:enable-tf=0{rate}", "preset": settings.preset or "5", "g": "600"}


def _qtrle(_codec: Codec, _settings: EncoderSettings) -> Settings:
    return {}


def _prores(_codec: Codec, _settings: EncoderSettings) -> Settings:
    return {"profile": "4444", "vendor": "apl0"}


SETTINGS: Mapping[str, Callable[[Codec, EncoderSettings], Settings]] = {
    "h264": _h264,
    "h265": _h265,
    "av1": _av1,
    "vp9": _vp9,
    "qtrle": _qtrle,
    "prores": _prores,
}
"""What FFmpeg is told about each codec."""
