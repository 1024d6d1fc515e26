"""The choice of how moments and samples are arranged in the panel `evolution`, and of how many moments it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from reelnet.render.panels.history.evolution_layout import Content, EvolutionLayout, Form
from reelnet.render.panels.history.moments_panel import find_cell_size
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Size

MIN_CELL_SIZE = 40
"""Side of cells below which fewer moments are shown."""
MAX_BANDS = 3
"""The most bands."""
PREFERENCE = 1.2
"""How much larger cells must be in another form than in rows of moments in one band."""


def choose_form(counts: Iterable[int], make_content: Callable[[int], Content]) -> tuple[int, Form]:
    """The number of moments and the form in which cells are largest, of the most moments with cells large enough.

    Args:
        counts: Numbers of moments, descending.
        make_content: Makes the content for a number of moments.
    """
    best, best_rating = (0, Form()), -1.0
    for count in counts:
        content = make_content(count)
        size, form = max(
            ((measure_cells(content, form), form) for form in list_forms(content)),
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


def measure_cells(content: Content, form: Form) -> int:
    """How large cells become in a form; see `find_cell_size`."""

    def measure(context: SceneContext) -> Size:
        scaled = replace(content, context=context, view=context.view(content.view.name))
        layout = EvolutionLayout(scaled, form)
        return Size(layout.width, layout.height)

    return find_cell_size(content.context, content.view.name, measure)
