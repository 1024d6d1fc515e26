"""The choice of how moments and samples are arranged in the panel `evolution`, and of how many moments it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from reelnet.render.panels.history.evolution_layout import Content, EvolutionLayout, Form
from reelnet.scene.cell import Cell
from reelnet.scene.layout.boxes import Size

CELL_SIZES = (240, 208, 176, 152, 128, 112, 96, 80, 72, 64, 56, 48, 40, 32, 24, 16, 8)
"""Sides of cells in pixels of the layout that are tried, descending."""
MIN_CELL_SIZE = 40
"""Side of cells below which fewer moments are shown."""
MAX_BANDS = 3
"""The most bands."""
PREFERENCE = 1.2
"""How much larger cells must be in another form than in rows of moments in one band."""
MARGINS = 112, 184
"""Pixels of the layout of the width and of the height of a frame that others take, about."""


def choose_form(
    counts: Iterable[int], make_content: Callable[[int], Content], max_frame: tuple[int, int]
) -> tuple[int, Form]:
    """The number of moments and the form in which cells are largest, of the most moments with cells large enough.

    Args:
        counts: Numbers of moments, descending.
        make_content: The content with so many moments.
        max_frame: Width and height of the largest frame in pixels.
    """
    best, best_rating = (0, Form()), -1.0
    for count in counts:
        content = make_content(count)
        across, down = map(content.context.px, MARGINS)
        room = Size(max_frame[0] - across, max_frame[1] - down)
        size, form = max(
            ((find_cell_size(content, form, room), form) for form in list_forms(content)),
            key=lambda found: found[0] * (PREFERENCE if found[1] == Form() else 1.0),
        )
        if size >= MIN_CELL_SIZE:
            return count, form
        if (rating := size * math.sqrt(count)) > best_rating:
            best, best_rating = (count, form), rating
    return best


def list_forms(content: Content) -> Iterator[Form]:
    """The useful forms, the simplest first."""
    samples, moments = len(content.context.sample_indices), len(content.moments)
    for rows_are_moments, columns in ((True, samples), (False, moments)):
        counts = {-(-columns // bands) for bands in range(1, MAX_BANDS + 1)}
        for bands in sorted(-(-columns // count) for count in counts):
            yield Form(rows_are_moments, bands)


def find_cell_size(content: Content, form: Form, room: Size) -> int:
    """The largest of `CELL_SIZES` with which a form fits; 0 if none does."""
    context, (height, width) = content.context, content.view.tap.map_shape[1:]
    for size in CELL_SIZES:
        cell = Cell.fit(height, width, context.px(size), context.grid, reduce=True)
        layout = EvolutionLayout(content, form, cell)
        if layout.width <= room.width and layout.height <= room.height:
            return size
    return 0
