"""A reel encoded in many ways, and the change cost at which it has the same PSNR as another file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from decoding import Quality, Rgb, compute_psnr, decode_frames, measure_quality
from numpy.typing import NDArray
from size_peers import EncodeFunction, Stills
from x264_baseline import MEDIUM, compose_frames, encode_pictures

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.encode import encode_frames
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, EncoderSettings, find_format
from reelnet.export.quantize.level_store import RecordedMaps, quantize
from reelnet.reel import Reel
from reelnet.scene.palette.palette import ColorDepth

SEARCH_STEPS = 7
"""The change costs to try for a PSNR."""


@dataclass(frozen=True)
class EncodedFile:
    """An encoded file.

    Attributes:
        tool: The tool that encoded it.
        suffix: The suffix of its format.
        bytes: The file size.
        quality: The quality compared with the exact frames.
        seconds: The time that encoding took.
        note: A remark.
        fitting: Seconds of the fit of its values over time, which `seconds` leaves out.
    """

    tool: str
    suffix: str
    bytes: int
    quality: Quality
    seconds: float
    note: str = ""
    fitting: float = 0


class SizeSubject:
    """A reel and its exact frames.

    Args:
        name: The name in tables.
        reel: The reel to encode.
        folder: The folder for the files.
    """

    def __init__(self, name: str, reel: Reel, folder: Path) -> None:
        self.name, self.reel, self.folder = name, reel, folder
        self._rgb = reel.palette_rgb
        self.stills = Stills.from_frames(self.exact_frames(), folder / "stills")
        self.maps = RecordedMaps(reel.rendition)
        self._own = self._levels()
        block = reel.scene.size.width * reel.scene.size.height
        # A value covers as many pixels as its upscaling has.
        self._share = reel.scene.context.cell.scale**2 / block

    def exact_frames(self) -> Iterator[Rgb]:
        """The lossless frames."""
        return (self._rgb[frame.indices] for frame in self.reel.rendition.frames(depth=ColorDepth.EIGHT_BIT))

    def encode_with_tool(self, tool: str, suffix: str, make: EncodeFunction, note: str = "") -> EncodedFile:
        """Encode the frames with another tool."""
        path = self.folder / f"theirs{suffix}"
        start = time.perf_counter()
        make(self.stills, path)
        return self._decoded(tool, path, time.perf_counter() - start, note)

    def encode_with_x264(self, crf: int) -> EncodedFile:
        """Encode the frames with x264's defaults at a CRF."""
        path = self.folder / "theirs.mp4"
        pictures = compose_frames(self.reel)
        start = time.perf_counter()
        encode_pictures(
            pictures, StreamInfo.from_rendition(self.reel.rendition), path, {**MEDIUM, "crf": str(crf)}
        )
        return self._decoded(f"x264 CRF {crf}", path, time.perf_counter() - start, "")

    def encode_with_reelnet(
        self, suffix: str, change_cost: float = 0, settings: EncoderSettings = DEFAULT_SETTINGS
    ) -> EncodedFile:
        """Encode the frames with reelnet, with values quantized over time at a change cost.

        The seconds start at the run and exclude the quantization, which the note states.
        """
        path = self.folder / f"ours{suffix}"
        start = time.perf_counter()
        quantized = quantize(self.maps, change_cost, max_error=None) if change_cost else None
        fitting = time.perf_counter() - start
        levels = quantized.levels_at if quantized is not None else None
        frames = self.reel.rendition.frames(levels, depth=find_format(path).color_depth)
        encode_frames(frames, path, StreamInfo.from_rendition(self.reel.rendition), settings)
        seconds = time.perf_counter() - start - fitting
        note = (
            ""
            if quantized is None
            else f"off by {quantized.stats.mean_error:.2f} of 240 levels, {quantized.stats.max_error:.0f} at most; "
            f"fit {fitting:.1f} s"
        )
        return replace(self._decoded("reelnet", path, seconds, note), fitting=fitting)

    def find_change_cost(self, wanted: float) -> float:
        """The change cost at which the quantized values have a PSNR, or just above it."""
        return search_highest(self._psnr_of, wanted)

    def _psnr_of(self, change_cost: float) -> float:
        quantized = self._levels(change_cost)
        table = self._rgb.astype(np.float64)
        squares = sum(
            float(np.square(table[one] - table[other]).sum())
            for before, now in zip(self._own, quantized, strict=True)
            for one, other in zip(before, now, strict=True)
        )
        return compute_psnr(squares / 3 / len(self._own) * self._share)

    def _levels(self, change_cost: float = 0) -> list[list[NDArray[np.uint8]]]:
        """The levels of each tap in each frame."""
        quantized = quantize(self.maps, change_cost, max_error=None)
        return [[*quantized.levels_at(number).values()] for number in range(self.maps.frames)]

    def _decoded(self, tool: str, path: Path, seconds: float, note: str) -> EncodedFile:
        size = path.stat().st_size
        return EncodedFile(
            tool, path.suffix, size, measure_quality(self.exact_frames(), decode_frames(path)), seconds, note
        )


def search_highest(psnr_of: Callable[[float], float], wanted: float) -> float:
    """The highest change cost at which a PSNR is still reached, found by bisection; PSNR falls with the cost."""
    low, high = math.log(10), math.log(3e4)
    for _ in range(SEARCH_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if psnr_of(math.exp(middle)) >= wanted else (low, middle)
    return math.exp(low)
