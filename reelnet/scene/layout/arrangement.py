"""Arrangements: into how many blocks the cells of a layer are divided, and which way promises the largest cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

MAX_BLOCKS, MAX_BANDS = 16, 8
"""The most blocks side by side, and the most of them below each other, that a search considers."""

ABOUT_AS_LARGE = 0.92
"""Of arrangements whose cells are at least this fraction of the largest, the one with the fewest blocks is best."""


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


def divide(items: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    """Divide items into at most `parts` parts of the same size; the last one may be smaller."""
    size = ceil(len(items) / parts)
    return [items[start : start + size] for start in range(0, len(items), size)]


def is_useful_division(count: int, parts: int) -> bool:
    """Whether parts are smaller than with fewer parts, and the last one is at least half as large as the others."""
    size = ceil(count / parts)
    return ceil(count / size) == parts and (count % size == 0 or 2 * (count % size) >= size)


@dataclass(frozen=True)
class LengthModel:
    """The length of blocks along one axis, as it depends on the number of cells and on their scale.

    Attributes:
        fixed: Pixels of a block that do not depend on its cells: labels.
        extra: Cells beside or above those of the maps: inputs.
        value_count: Values of a map along the axis.
        gap: Pixels between two cells.
        apart: Pixels between two blocks.
    """

    fixed: float
    extra: float
    value_count: float
    gap: float
    apart: float

    @classmethod
    def from_lengths(
        cls, one: tuple[float, int], other: tuple[float, int], cells: int, values: int, gap: int, apart: int
    ) -> LengthModel:
        """Find the model from the lengths in pixels of a block of `cells` cells at two scales, as (scale, length)."""
        (low, low_length), (high, high_length) = one, other
        per_scale = (high_length - low_length) / (high - low)
        fixed = low_length - per_scale * low - (cells - 1) * gap
        return cls(fixed, max(0.0, per_scale / values - cells), values, gap, apart)

    def find_scale(self, room: int, blocks: int, cells: int) -> float:
        """The scale at which blocks of so many cells, side by side, fill a room of so many pixels."""
        pixels = room - blocks * (self.fixed + (cells - 1) * self.gap) - (blocks - 1) * self.apart
        return pixels / (blocks * (cells + self.extra) * self.value_count)


def rank_arrangements(promised: dict[Arrangement, float], most: float) -> Iterator[tuple[Arrangement, float]]:
    """Arrangements with the scales that they promise, the best first.

    Args:
        promised: The scale of each arrangement, as far as it is known without a layout.
        most: The largest scale that is wanted.
    """
    reachable = {each: min(scale, most) for each, scale in promised.items()}
    rest = dict(reachable)
    while rest:
        enough = ABOUT_AS_LARGE * max(rest.values())
        best = next(each for each, scale in rest.items() if scale >= enough)
        yield best, rest.pop(best)
