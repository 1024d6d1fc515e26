"""Prefix codes as VP8L has them (RFC 9649, section 3.7), and bits put together to bytes."""

from __future__ import annotations

import heapq
from itertools import count, groupby

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

LONGEST = 15
"""Bits of a code at most, and of those that tell the lengths of others, 7."""
LONGEST_OF_LENGTHS = 7

ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
"""In which the lengths of codes for lengths stand."""

AGAIN, ZEROS, MANY_ZEROS = 16, 17, 18
"""Symbols for the length before 3 to 6 times more, and for 3 to 10 and 11 to 138 lengths of 0."""


class Bits:
    """Numbers of few bits, the lowest bit first."""

    def __init__(self) -> None:
        self._values: list[Numbers] = []
        self._counts: list[Numbers] = []

    def put(self, value: int, bits: int) -> None:
        """One number."""
        self.put_all(np.array([value]), np.array([bits]))

    def put_all(self, values: Numbers, bits: Numbers) -> None:
        """Many numbers, and how many bits each has; both in any one shape."""
        self._values.append(values.ravel())
        self._counts.append(bits.ravel())

    def packed(self) -> bytes:
        """All of them as bytes, the last one filled up with zeros."""
        values, counts = np.concatenate(self._values), np.concatenate(self._counts)
        begins = np.cumsum(counts) - counts
        places = np.arange(int(counts.sum())) - np.repeat(begins, counts)
        return np.packbits((np.repeat(values, counts) >> places) & 1, bitorder="little").tobytes()


class Code:
    """The best prefix code for symbols that occur so often.

    Args:
        often: How often each symbol of the alphabet occurs.
        longest: Bits of a symbol at most.

    Attributes:
        values: The bits of each symbol as `Bits` takes them, and how many they are; a lone symbol takes none.
        bits: How many.
    """

    def __init__(self, often: Numbers, longest: int = LONGEST) -> None:
        self._lengths = lengths_of(often, longest)
        self._used = np.flatnonzero(self._lengths)
        self.bits, self.values = self._lengths.copy(), np.zeros(len(often), np.int64)
        if len(self._used) < 2:
            self.bits[:] = 0
            return
        # Canonical: shorter codes first, equal ones by symbol.
        code, before = 0, 0
        for symbol in sorted(self._used.tolist(), key=lambda each: (self._lengths[each], each)):
            length = int(self._lengths[symbol])
            code <<= length - before
            # A reader takes the highest bit of a code first.
            self.values[symbol] = int(f"{code:0{length}b}"[::-1], 2)
            code, before = code + 1, length

    def describe(self, into: Bits) -> None:
        """Write what a reader needs."""
        if len(self._used) <= 2 and self._used.max(initial=0) < 256:
            symbols = self._used.tolist() or [0]
            into.put(1, 1)
            into.put(len(symbols) - 1, 1)
            into.put(1, 1)
            for symbol in symbols:
                into.put(symbol, 8)
            return
        into.put(0, 1)
        told = [*_runs(self._lengths[: self._used[-1] + 1].tolist())]
        lengths = Code(
            np.bincount([symbol for symbol, _, _ in told], minlength=len(ORDER)), LONGEST_OF_LENGTHS
        )
        last = max(place for place, symbol in enumerate(ORDER) if lengths._lengths[symbol])
        into.put(max(0, last - 3), 4)
        for symbol in ORDER[: max(4, last + 1)]:
            into.put(int(lengths._lengths[symbol]), 3)
        # So many are told, and the rest are zeros.
        left = len(told) - 2
        bits = max(2, left.bit_length() + left.bit_length() % 2)
        into.put(1, 1)
        into.put((bits - 2) // 2, 3)
        into.put(left, bits)
        for symbol, extra, bits in told:
            into.put(int(lengths.values[symbol]), int(lengths.bits[symbol]))
            into.put(extra, bits)


def lengths_of(often: Numbers, longest: int) -> Numbers:
    """Bits of each symbol by Huffman's method, 0 for those that do not occur, 1 for a lone one."""
    lengths = np.zeros(len(often), np.int64)
    used = np.flatnonzero(often).tolist()
    if len(used) == 1:
        lengths[used] = 1
    if len(used) < 2:
        return lengths
    weights = {symbol: int(often[symbol]) for symbol in used}
    while True:
        turn = count()
        heap: list[tuple[int, int, list[int]]] = [(weights[each], next(turn), [each]) for each in used]
        heapq.heapify(heap)
        lengths[:] = 0
        while len(heap) > 1:
            one, other = heapq.heappop(heap), heapq.heappop(heap)
            both = one[2] + other[2]
            lengths[both] += 1
            heapq.heappush(heap, (one[0] + other[0], next(turn), both))
        if lengths.max() <= longest:
            return lengths
        # Nearer to each other, their codes are too.
        weights = {symbol: weight // 2 + 1 for symbol, weight in weights.items()}


def _runs(lengths: list[int]) -> list[tuple[int, int, int]]:
    """Lengths as symbols, each with a number and its bits."""
    told: list[tuple[int, int, int]] = []
    for length, group in groupby(lengths):
        left = len(list(group))
        if length:
            told.append((length, 0, 0))
            left -= 1
        while left >= 3:
            if length:
                some, told_as = min(left, 6), (AGAIN, 3, 2)
            elif left < 11:
                some, told_as = left, (ZEROS, 3, 3)
            else:
                some, told_as = min(left, 138), (MANY_ZEROS, 11, 7)
            told.append((told_as[0], some - told_as[1], told_as[2]))
            left -= some
        told += [(length, 0, 0)] * left
    return told


def prefixed(numbers: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Lengths or distances from 1 up as symbols, with the bits that follow them and how many they are."""
    less = numbers - 1
    high = np.frexp(np.maximum(less, 1).astype(np.float64))[1].astype(np.int64) - 1
    bits = np.where(less < 2, 0, np.maximum(0, high - 1))
    symbols = np.where(less < 2, less, 2 * high + ((less >> np.maximum(0, high - 1)) & 1))
    return symbols, less & ((1 << bits) - 1), bits
