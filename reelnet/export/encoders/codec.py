"""Codecs as data: their names, pixel formats, presets, and how far their quality may be lowered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reelnet.export.encoders.content import Content


@dataclass(frozen=True)
class QualityRange:
    """The setting of a codec that trades quality for bytes, such as CRF.

    Attributes:
        name: The codec's own name for it.
        best: The value with the best quality and the most bytes; either end of the range.
        worst: The value with the worst quality and the fewest bytes.
        step: The smallest difference that has an effect; 0 if every difference has.
    """

    name: str
    best: float
    worst: float
    step: float = 0


@dataclass(frozen=True)
class QualityLimits:
    """The qualities of a codec for one kind of content, in the codec's own terms.

    Attributes:
        default: The quality that is used if none is given. It is visually lossless.
        unseen: The lowest quality that is visually lossless, where values can be quantized instead.
        floor: The lowest quality of all; beyond it, showing less is better.
        alone: The lowest quality where values cannot be quantized.
        change_power: The bytes of maps grow with this power of the number of changes; 0 if quantization does not pay.
        step: The smallest difference of quality that changes a file; 0 if every one does.
    """

    default: float
    unseen: float
    floor: float
    alone: float
    change_power: float
    step: float = 0

    @property
    def qualities(self) -> tuple[float, float, float, float]:
        """The qualities, the best first."""
        return self.default, self.unseen, self.floor, self.alone


@dataclass(frozen=True)
class Codec:
    """One way to compress the frames of a format.

    Attributes:
        name: The name that users write.
        encoder: The name in the library that implements it.
        pixel_format: The default pixel format of the file, as FFmpeg names it.
        quality_range: Its quality setting; None if it has none.
        quality_limits: For each content the qualities that are used; empty if only users lower its quality.
        presets: The speed presets, fastest first; empty if there are none.
        lossless: Whether it can keep the exact color of every pixel.
        exact: Whether it does so by default.
        dts_offset: Frames by which a packet's decoding time precedes its position, for encoders whose own decoding
            times are unreliable; None to use FFmpeg's.
    """

    name: str
    encoder: str
    pixel_format: str
    quality_range: QualityRange | None = None
    quality_limits: Mapping[Content, QualityLimits] = field(default_factory=dict, hash=False)
    presets: tuple[str, ...] = ()
    lossless: bool = False
    exact: bool = False
    dts_offset: int | None = None

    def default_quality(self, content: Content) -> float | None:
        """The visually lossless quality for a content; None if the codec's quality is not lowered."""
        limits = self.quality_limits.get(content)
        return limits.default if limits is not None else None

    def choose_pixel_format(self, *, lossless: bool) -> str:
        """The pixel format of a lossless or of a default encode, as FFmpeg names it."""
        return "gbrp" if lossless and not self.exact else self.pixel_format


X26X_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
LIBVPX_PRESETS = tuple(str(number) for number in range(8, -1, -1))
SVT_AV1_PRESETS = tuple(str(number) for number in range(13, -1, -1))

H264_LIMITS = {
    Content.BLOCKS: QualityLimits(default=24, unseen=26, floor=33, alone=35, change_power=0.4, step=1),
    Content.SMALL_BLOCKS: QualityLimits(default=16, unseen=18, floor=27, alone=29, change_power=0.4, step=1),
    Content.FINE: QualityLimits(default=18, unseen=20, floor=29, alone=33, change_power=0),
    Content.PHOTO: QualityLimits(default=15, unseen=18, floor=30, alone=30, change_power=0.4),
}
"""By default the maps have a PSNR of 43.5 dB and more. The smaller a value, the more coefficients carry an error:
squares of 4 pixels need 6 steps more than those of 8 pixels. `benchmarks/video.md` has the measurements."""
H265_LIMITS = {
    Content.BLOCKS: QualityLimits(default=25.5, unseen=27.5, floor=34, alone=36, change_power=0),
    Content.SMALL_BLOCKS: QualityLimits(default=16, unseen=18, floor=28, alone=30, change_power=0),
    Content.FINE: QualityLimits(default=16.5, unseen=18.5, floor=29, alone=30, change_power=0),
    Content.PHOTO: QualityLimits(default=18, unseen=20, floor=30, alone=30, change_power=0),
}
"""Quality alone meets caps: with quantized values, bytes would fall in steps, which no search can hit."""
AV1_LIMITS = {
    Content.BLOCKS: QualityLimits(default=27, unseen=27, floor=27, alone=44, change_power=0),
    Content.SMALL_BLOCKS: QualityLimits(default=11, unseen=11, floor=11, alone=34, change_power=0),
    Content.FINE: QualityLimits(default=21, unseen=21, floor=21, alone=40, change_power=0),
    Content.PHOTO: QualityLimits(default=12, unseen=12, floor=12, alone=40, change_power=0),
}
"""AV1 has tools of its own for flat cells: quantized values save it next to nothing."""
VP9_LIMITS = {
    Content.BLOCKS: QualityLimits(default=21, unseen=24, floor=34, alone=42, change_power=0.8),
    Content.SMALL_BLOCKS: QualityLimits(default=7, unseen=10, floor=24, alone=34, change_power=0.8),
    Content.FINE: QualityLimits(default=11, unseen=14, floor=28, alone=38, change_power=0.8),
    Content.PHOTO: QualityLimits(default=12, unseen=16, floor=30, alone=40, change_power=0.8),
}

GIF = Codec("gif", "gif", "pal8", lossless=True, exact=True)
PNG = Codec("png", "zlib", "pal8", lossless=True, exact=True)
WEBP = Codec(
    *("webp", "WebP", "bgra"),
    quality_range=QualityRange("quality", 100, 0),
    presets=("good", "best"),
    lossless=True,
    exact=True,
)
H264 = Codec("h264", "libx264", "yuv420p", QualityRange("crf", 0, 51), H264_LIMITS, X26X_PRESETS)
H265 = Codec(
    "h265", "libx265", "yuv420p", QualityRange("crf", 0, 51), H265_LIMITS, X26X_PRESETS, dts_offset=2
)
AV1 = Codec("av1", "libsvtav1", "yuv420p", QualityRange("crf", 1, 63, step=0.25), AV1_LIMITS, SVT_AV1_PRESETS)
VP9 = Codec(
    *("vp9", "libvpx-vp9", "yuv420p"),
    quality_range=QualityRange("crf", 0, 63, step=1),
    quality_limits=VP9_LIMITS,
    presets=LIBVPX_PRESETS,
    lossless=True,
)
QTRLE = Codec("qtrle", "qtrle", "rgb24", lossless=True, exact=True)
DEFLATE = Codec("deflate", "deflate", "pal8", lossless=True, exact=True)
"""The values of an interactive figure."""
PRORES = Codec("prores", "prores_ks", "yuv444p10le")
