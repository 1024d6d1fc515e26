"""What the frames of a film look like to a video codec, found by looking at some of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from reelnet.export.encoders.content import Content
from reelnet.export.film.source import FilmSource
from reelnet.scene.panel import Canvas

SAMPLES = 12
"""Pairs of neighboring frames that are looked at."""

BLOCK = 8
"""Pixels of a side of the squares that are classified: those of the codecs' transforms."""

MIN_SHARE = 0.3
"""The smallest share of the changing squares that decides. Text and curves of a reel are less."""

PICTURE_SHARE = 0.4
"""The share of different neighbors from which on a square is a piece of a picture: shades, not edges."""


def find_film_content(source: FilmSource) -> Content:
    """The most demanding content that has a share of the squares that change; `FINE` if nothing does."""
    last = source.count - 1
    counts = Counter[Content]()
    for number in sorted({round(place) for place in np.linspace(0, max(0, last - 1), SAMPLES)}):
        if number < last:
            counts += count_contents(source.draw(number), source.draw(number + 1))
    least = MIN_SHARE * counts.total()
    return next((content for content in reversed(Content) if counts[content] > least), Content.FINE)


def count_contents(before: Canvas, after: Canvas) -> Counter[Content]:
    """The contents of the squares that change between two frames, by their number."""
    squares = _divide(after)
    squares = squares[(_divide(before) != squares).any(axis=(1, 2))]
    half = BLOCK // 2
    halves = squares.reshape(-1, 2, half, 2, half)
    flat = _is_flat(squares, (1, 2))
    small = _is_flat(halves, (2, 4)).all(axis=(1, 2)) & ~flat
    different = (squares[:, :, 1:] != squares[:, :, :-1]).mean(axis=(1, 2))
    picture = (different > PICTURE_SHARE) & ~flat & ~small
    fine = ~(flat | small | picture)
    kinds = {
        Content.BLOCKS: flat,
        Content.SMALL_BLOCKS: small,
        Content.FINE: fine,
        Content.PHOTO: picture,
    }
    return Counter({content: int(found.sum()) for content, found in kinds.items()})


def _divide(frame: Canvas) -> Canvas:
    """The whole squares of a frame, (squares, side, side)."""
    rows, columns = (side // BLOCK for side in frame.shape)
    whole = frame[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return whole.swapaxes(1, 2).reshape(-1, BLOCK, BLOCK)


def _is_flat(squares: Canvas, axes: tuple[int, int]) -> NDArray[np.bool_]:
    flat: NDArray[np.bool_] = squares.max(axis=axes) == squares.min(axis=axes)
    return flat
