"""Arrangements: into how many blocks the cells of a layer are divided, and which way promises the largest cells."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from reelnet.scene.layout.snap import SnapGrid

MAX_BLOCKS, MAX_BANDS = 16, 8
"""The most blocks side by side, and the most of them below each other, that a search considers."""


@dataclass(frozen=True)
class Arrangement:
    """How the cells of a layer are divided into blocks. Each has the inputs of its samples above it.

    If rows are samples, blocks of channels are below each other, bands are side by side, and inputs are at the left.

    Attributes:
        channel_blocks: Number of blocks side by side, each with a part of the channels.
        sample_bands: Number of rows of blocks, each with a part of the samples.
    """

    channel_blocks: int = 1
    sample_bands: int = 1

    @classmethod
    def list_useful(cls, channels: int, samples: int) -> list[Arrangement]:
        """All arrangements in which each number of blocks makes them smaller, fewest blocks first."""
        blocks = [count for count in range(1, MAX_BLOCKS + 1) if is_useful_division(channels, count)]
        bands = [count for count in range(1, MAX_BANDS + 1) if is_useful_division(samples, count)]
        every = [cls(block, band) for block in blocks for band in bands]
        return sorted(every, key=lambda each: (each.channel_blocks * each.sample_bands, each.sample_bands))

    def divide_channels(self, channels: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The channels of each block, in order."""
        return divide(channels, self.channel_blocks)

    def divide_samples(self, samples: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The samples of each band, in order."""
        return divide(samples, self.sample_bands)


@dataclass(frozen=True)
class Division:
    """How many channels and samples are shown, and how their cells are divided into blocks.

    Attributes:
        arrangement: The blocks.
        channels: Number of channels.
        samples: Number of samples.
    """

    arrangement: Arrangement
    channels: int
    samples: int

    @classmethod
    def list_useful(cls, channels: int, samples: int) -> list[Division]:
        """All useful arrangements of the given numbers of channels and samples."""
        return [cls(each, channels, samples) for each in Arrangement.list_useful(channels, samples)]

    def count_cells(self, *, transposed: bool) -> tuple[tuple[int, int], tuple[int, int]]:
        """The blocks side by side and the columns of each; the blocks below each other and the rows of each."""
        blocks, bands = self.arrangement.channel_blocks, self.arrangement.sample_bands
        by_samples, by_channels = ceil(self.samples / bands), ceil(self.channels / blocks)
        if transposed:
            return (bands, by_channels), (blocks, by_samples)
        return (blocks, by_samples), (bands, by_channels)


def divide(items: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    """Divide items into at most `parts` parts of the same size; the last one may be smaller."""
    size = ceil(len(items) / parts)
    return [items[start : start + size] for start in range(0, len(items), size)]


def is_useful_division(count: int, parts: int) -> bool:
    """Whether parts are smaller than with fewer parts, and the last one is at least half as large as the others."""
    size = ceil(count / parts)
    return ceil(count / size) == parts and (count % size == 0 or 2 * (count % size) >= size)


@dataclass(frozen=True)
class BlockLength:
    """The length of a block along one axis in pixels, as it depends on the number of its cells.

    Attributes:
        fixed: What does not depend on it: labels and inputs.
        pitch: From one cell to the next.
        gap: Between two cells.
        further: What does not depend on it in a block that another one follows; None if that is the same.
    """

    fixed: int
    pitch: int
    gap: int
    further: int | None = None

    @classmethod
    def from_length(cls, length: int, cells: int, pitch: int, gap: int) -> BlockLength:
        """Find what is fixed in the length of a block that has `cells` cells."""
        return cls(length - cells * pitch + gap, pitch, gap)

    def measure(self, blocks: int, cells: int, apart: int, grid: SnapGrid) -> int:
        """The length of `blocks` blocks of `cells` cells each, at least `apart` pixels from each other."""
        extent = cells * self.pitch - self.gap
        further = self.fixed if self.further is None else self.further
        return (blocks - 1) * grid.round_up(further + extent + apart) + self.fixed + extent
