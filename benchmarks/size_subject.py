"""A reel made in many ways, and the price of a change at which it is as near to the exact frames as another file."""

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

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.formats import DEFAULT_SETTINGS, EncoderSettings, find_format
from reelnet.export.encoders.table import encode_frames
from reelnet.export.quantize.level_store import RecordedMaps, quantize
from reelnet.reel import Reel
from reelnet.scene.palette.palette import ColorDepth

SEARCH_STEPS = 7
"""Prices that are tried for a PSNR."""


@dataclass(frozen=True)
class EncodedFile:
    """A file, decoded.

    Attributes:
        tool: What made it.
        suffix: Its format.
        bytes: Its size.
        quality: How near its pictures are to the exact ones.
        seconds: That making it took.
        note: More about it.
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
    """One reel with its exact frames.

    Args:
        name: For tables.
        reel: What is shown.
        folder: For files.
    """

    def __init__(self, name: str, reel: Reel, folder: Path) -> None:
        self.name, self.reel, self.folder = name, reel, folder
        self._rgb = reel.palette_rgb
        self.stills = Stills.from_frames(self.exact_frames(), folder / "stills")
        self.maps = RecordedMaps(reel.scene, reel.run)
        self._own = self._levels()
        block = reel.scene.size.width * reel.scene.size.height
        # A value covers as many pixels as its upscaling has.
        self._share = reel.scene.context.cell.scale**2 / block

    def exact_frames(self) -> Iterator[Rgb]:
        """The frames without loss."""
        return (self._rgb[frame.indices] for frame in self.reel.rendition.frames(depth=ColorDepth.EIGHT_BIT))

    def encode_with_tool(self, tool: str, suffix: str, make: EncodeFunction, note: str = "") -> EncodedFile:
        """What another tool makes of the frames."""
        path = self.folder / f"theirs{suffix}"
        began = time.perf_counter()
        make(self.stills, path)
        return self._decoded(tool, path, time.perf_counter() - began, note)

    def encode_with_reelnet(
        self, suffix: str, price: float = 0, settings: EncoderSettings = DEFAULT_SETTINGS
    ) -> EncodedFile:
        """What reelnet makes of the frames, with values quantized at a change cost.

        Its time begins at the run; that of the fit stands in the note.
        """
        path = self.folder / f"ours{suffix}"
        began = time.perf_counter()
        quantized = quantize(self.maps, price, max_error=None) if price else None
        fitting = time.perf_counter() - began
        levels = quantized.levels_at if quantized is not None else None
        frames = self.reel.rendition.frames(levels, depth=find_format(path).color_depth)
        encode_frames(frames, path, StreamInfo.from_rendition(self.reel.rendition), settings)
        seconds = time.perf_counter() - began - fitting
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

    def _psnr_of(self, price: float) -> float:
        quantized = self._levels(price)
        table = self._rgb.astype(np.float64)
        squares = sum(
            float(np.square(table[one] - table[other]).sum())
            for before, now in zip(self._own, quantized, strict=True)
            for one, other in zip(before, now, strict=True)
        )
        return compute_psnr(squares / 3 / len(self._own) * self._share)

    def _levels(self, price: float = 0) -> list[list[NDArray[np.uint8]]]:
        """The levels of each tap in each frame."""
        quantized = quantize(self.maps, price, max_error=None)
        return [[*quantized.levels_at(number).values()] for number in range(self.maps.frames)]

    def _decoded(self, tool: str, path: Path, seconds: float, note: str) -> EncodedFile:
        size = path.stat().st_size
        return EncodedFile(
            tool, path.suffix, size, measure_quality(self.exact_frames(), decode_frames(path)), seconds, note
        )


def search_highest(psnr_of: Callable[[float], float], wanted: float) -> float:
    """The highest of some prices at which a PSNR that falls with them is still reached, by halving."""
    low, high = math.log(10), math.log(3e4)
    for _ in range(SEARCH_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if psnr_of(math.exp(middle)) >= wanted else (low, middle)
    return math.exp(low)
