"""VP8L pictures of upscaled maps: what libwebp says again in every cell is told once (RFC 9649, section 3).

A row that equals the one above is a copy of it. In the others a cell is its colour, and a copy of the pixel at its
left. Where cells are so wide that the length of that copy would cost, it is cut in two, at a place where nothing
else can come: a picture may have a code of its own for every fourth column, and one that knows a single symbol
takes no bits. So a cell costs two bits more than its colour, where it costs libwebp four to seven.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.export.encoders.prefix import Bits, Code, Numbers, prefixed

TILE = 4
"""Pixels, in each direction, that share their codes; fewer cannot be told."""

LITERALS, LENGTHS, DISTANCES = 256, 24, 40
"""Symbols for colours, for lengths and for distances."""

ABOVE, LEFT = 1, 2
"""Distances, as the format numbers them: one row, and one pixel."""

LONGEST = 4096
"""Pixels of a copy at most."""

FEWEST = 17
"""Colours of a table at the least: with fewer, several pixels would share a byte."""

SINGLE = 3
"""Cells of one colour, side by side, that are told one by one; more of them cost less as one run."""


@dataclass(frozen=True)
class Grid:
    """Where cells stand.

    Attributes:
        cell: Pixels across one, a multiple of `TILE`, at least twice that.
        column: Where one begins, a multiple of `TILE` from 0 to `cell`.
    """

    cell: int
    column: int


@dataclass(frozen=True)
class _Tokens:
    """Colours and copies, in any order.

    Attributes:
        at: The pixel at which each begins, counted row by row.
        symbols: Colours, or `LITERALS` and more for copies.
        lengths: Pixels that are copied; 1 for colours.
        distances: `ABOVE` or `LEFT`; 0 for colours.
    """

    at: Numbers
    symbols: Numbers
    lengths: Numbers
    distances: Numbers

    @classmethod
    def colours(cls, at: Numbers, colours: Numbers) -> _Tokens:
        return cls(at, colours, np.ones_like(at), np.zeros_like(at))

    @classmethod
    def copies(cls, at: Numbers, lengths: Numbers, distance: int, most: int = LONGEST) -> _Tokens:
        """Copies of any lengths, cut where one would be longer than `most`."""
        pieces = -(-lengths // most)
        done = most * (np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces))
        at, lengths = np.repeat(at, pieces) + done, np.minimum(np.repeat(lengths, pieces) - done, most)
        return cls(at, LITERALS + prefixed(lengths)[0], lengths, np.full_like(at, distance))

    @classmethod
    def together(cls, *several: _Tokens) -> _Tokens:
        """All of them, in the order of their pixels."""
        parts = zip(*((each.at, each.symbols, each.lengths, each.distances) for each in several), strict=True)
        at, *others = (np.concatenate(part) for part in parts)
        order = np.argsort(at, kind="stable")
        return cls(at[order], *(other[order] for other in others))


def grid_of(indices: NDArray[np.uint8]) -> Grid | None:
    """The grid of a picture's cells (height, width), if one is to be seen that can be made use of."""
    begins, lengths, _ = _runs(_fresh(indices)[1])
    cell = int(np.bincount(lengths).argmax())
    places = begins[lengths == cell] % indices.shape[1] % cell
    column = int(np.bincount(places).argmax())
    if cell % TILE or cell < 2 * TILE or column % TILE:
        return None
    return Grid(cell, column)


def vp8l(indices: NDArray[np.uint8], rgba: NDArray[np.uint8]) -> bytes:
    """A picture's lossless bitstream.

    Args:
        indices: Of its colours, (height, width), each side at most 16,384.
        rgba: The colours, (256, 4).
    """
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
    table = np.zeros(256, np.uint8)
    table[used] = np.arange(len(used))
    height, width = indices.shape
    into = Bits()
    into.put(0x2F, 8)
    into.put(width - 1, 14)
    into.put(height - 1, 14)
    into.put(int((rgba[used, 3] < 255).any()), 1)
    into.put(0, 3)
    # One transform, which makes colours of indices.
    into.put(0b111, 3)
    _put_table(into, rgba[used])
    into.put(0, 1)
    _put_picture(into, table[indices])
    return into.packed()


def _put_table(into: Bits, colours: NDArray[np.uint8]) -> None:
    """Write the colours, each as its difference from the one before."""
    colours = np.concatenate([colours, np.repeat(colours[-1:], max(0, FEWEST - len(colours)), axis=0)])
    into.put(len(colours) - 1, 8)
    steps = np.diff(colours, axis=0, prepend=np.zeros((1, 4), np.uint8)).astype(np.int64)
    # Green, red, blue, alpha is the order of everything here.
    steps = steps[:, [1, 0, 2, 3]]
    into.put(0, 1)
    codes = [Code(np.bincount(steps[:, part], minlength=LITERALS)) for part in range(4)]
    for code in codes:
        code.describe(into)
    _nothing().describe(into)
    into.put_all(
        np.stack([code.values[steps[:, part]] for part, code in enumerate(codes)], axis=1),
        np.stack([code.bits[steps[:, part]] for part, code in enumerate(codes)], axis=1),
    )


def _put_picture(into: Bits, picture: NDArray[np.uint8]) -> None:
    """Write the indices of colours; no cache of colours is used."""
    width, grid = picture.shape[1], grid_of(picture)
    tokens = _tokens(picture, grid)
    into.put(0, 1)
    if grid is None:
        into.put(0, 1)
        groups = np.zeros_like(tokens.at)
    else:
        into.put(1, 1)
        into.put(TILE.bit_length() - 3, 3)
        tiles = _tiles(picture.shape, grid, tokens)
        into.put(0, 1)
        simple = _tokens(tiles, None)
        _put_tokens(into, simple, np.zeros_like(simple.at))
        groups = tiles[tokens.at // width // TILE, tokens.at % width // TILE].astype(np.int64)
    _put_tokens(into, tokens, groups)


def _tiles(shape: tuple[int, ...], grid: Grid, tokens: _Tokens) -> NDArray[np.uint8]:
    """The group of codes for each tile: 1 where nothing but the second parts of cells begin, 2 where rows do."""
    height, width = shape
    columns = (np.arange(-(-width // TILE)) * TILE - grid.column) % grid.cell >= TILE
    tiles = np.tile(columns.astype(np.uint8), (-(-height // TILE), 1))
    rows = tokens.at // width // TILE
    others = (tokens.lengths != TILE) | (tokens.distances != LEFT)
    # One other symbol would make each of the many take a bit; text is above or below the cells.
    tiles[rows[others & columns[tokens.at % width // TILE]]] = 0
    # Likewise the distances of rows, which begin at the left edge.
    tiles[:, 0] = 2
    return tiles


def _put_tokens(into: Bits, tokens: _Tokens, groups: Numbers) -> None:
    """Write the codes of each group, and the tokens in them."""
    far, copies = prefixed(np.maximum(1, tokens.distances))[0], tokens.distances > 0
    count = len(tokens.at)
    values, bits = np.zeros((count, 3), np.int64), np.zeros((count, 3), np.int64)
    _, values[:, 1], bits[:, 1] = prefixed(tokens.lengths)
    for group in range(int(groups.max()) + 1):
        mine = groups == group
        green = Code(np.bincount(tokens.symbols[mine], minlength=LITERALS + LENGTHS))
        distance = Code(np.bincount(far[mine & copies], minlength=DISTANCES))
        for code in (green, _nothing(), _nothing(), _nothing(), distance):
            code.describe(into)
        values[mine, 0], bits[mine, 0] = green.values[tokens.symbols[mine]], green.bits[tokens.symbols[mine]]
        mine &= copies
        values[mine, 2], bits[mine, 2] = distance.values[far[mine]], distance.bits[far[mine]]
    into.put_all(values, bits)


def _nothing() -> Code:
    """The code of what is always 0."""
    return Code(np.zeros(1, np.int64))


def _tokens(picture: NDArray[np.uint8], grid: Grid | None) -> _Tokens:
    """A picture as colours and copies."""
    width = picture.shape[1]
    rows, fresh = _fresh(picture)
    begins, lengths, colours = _runs(fresh)
    at = rows[begins // width] * width + begins % width
    again = np.diff(rows, append=len(picture)) - 1
    whole = LONGEST // width * width or LONGEST
    below = _Tokens.copies((rows + 1) * width, again * width, ABOVE, whole)
    single = np.zeros(len(at), bool)
    if grid is not None:
        single = (at % width - grid.column) % grid.cell == 0
        single &= (lengths % grid.cell == 0) & (lengths <= SINGLE * grid.cell)
    runs = ~single
    parts = [
        below,
        _Tokens.colours(at[runs], colours[runs]),
        _Tokens.copies(at[runs] + 1, lengths[runs] - 1, LEFT),
    ]
    if grid is not None:
        cells = _each(at[single], lengths[single], grid.cell)
        parts.append(_Tokens.colours(cells, np.repeat(colours[single], lengths[single] // grid.cell)))
        parts.append(_Tokens.copies(cells + 1, np.full_like(cells, TILE - 1), LEFT))
        rest = _each(cells + TILE, np.full_like(cells, grid.cell - TILE), TILE)
        parts.append(_Tokens.copies(rest, np.full_like(rest, TILE), LEFT))
    return _Tokens.together(*parts)


def _each(begins: Numbers, lengths: Numbers, step: int) -> Numbers:
    """Every `step` pixels of each of some runs."""
    counts = lengths // step
    turn = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(begins, counts) + step * turn


def _fresh(picture: NDArray[np.uint8]) -> tuple[Numbers, NDArray[np.uint8]]:
    """The rows that differ from the one above: their numbers, and the rows."""
    differ = np.ones(len(picture), bool)
    np.any(picture[1:] != picture[:-1], axis=1, out=differ[1:])
    return np.flatnonzero(differ), picture[differ]


def _runs(rows: NDArray[np.uint8]) -> tuple[Numbers, Numbers, Numbers]:
    """Equal pixels side by side: where each run begins, counted row by row, its length and its colour."""
    first = np.ones(rows.shape, bool)
    np.not_equal(rows[:, 1:], rows[:, :-1], out=first[:, 1:])
    begins = np.flatnonzero(first)
    return begins, np.diff(begins, append=rows.size), rows.ravel()[begins].astype(np.int64)
