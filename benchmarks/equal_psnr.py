"""The bytes of reelnet's MP4 at the PSNR of other files: with values as recorded, and quantized over time."""

from __future__ import annotations

import math
from pathlib import Path

from contenders import render_moviepy_mp4
from video_subject import VideoFigures, VideoSubject, interpolate_bytes
from x264_baseline import MEDIUM

from reelnet.export.encoders.codec import H264
from reelnet.export.encoders.formats import EncoderSettings
from reelnet.export.quantize.level_store import RecordedMaps, quantize
from reelnet.reel import Reel

QUALITIES = 22, 26, 30, 34
"""The qualities between which bytes are interpolated."""

CHANGE_COSTS = 90, 180, 360, 1500
"""The change costs between which bytes are interpolated."""

QUANTIZED_QUALITIES = 24, 26, 30
"""The qualities of quantized values; the one with the fewest bytes counts."""


def measure_equal_psnr(reel: Reel, run: Path, folder: Path) -> dict[str, float]:
    """Bytes and PSNR of each other file, and reelnet's bytes at this PSNR (`_recorded`, `_quantized`)."""
    subject = VideoSubject.from_reel(reel, folder)
    others = {f"x264_{crf}": subject.encode({**MEDIUM, "crf": str(crf)}) for crf in (23, 28)}
    render_moviepy_mp4(run, folder / "moviepy.mp4")
    others["moviepy"] = subject.compare(folder / "moviepy.mp4")
    recorded = [subject.encode_with_settings(H264, EncoderSettings(quality=each)) for each in QUALITIES]
    maps = RecordedMaps(reel.rendition)
    quantized: dict[float, list[VideoFigures]] = {quality: [] for quality in QUANTIZED_QUALITIES}
    for cost in CHANGE_COSTS:
        levels = quantize(maps, cost, max_error=None).levels_at
        steadier = subject.with_levels(reel, levels)
        for quality, found in quantized.items():
            found.append(steadier.encode_with_settings(H264, EncoderSettings(quality=quality)))
    figures: dict[str, float] = {}
    for name, other in others.items():
        figures |= {name: other.bytes, f"{name}_psnr": other.maps}
        figures[f"{name}_recorded"] = interpolate_bytes(recorded, other.maps)
        figures[f"{name}_quantized"] = min(
            interpolate_bytes(found, other.maps)
            if max(each.maps for each in found) >= other.maps
            else math.inf
            for found in quantized.values()
        )
    return figures
