"""The search for the arrangement with the largest cells, and for the largest scale at which it fits its canvas."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from reelnet.scene.context import SceneContext
from reelnet.scene.layout.arrangement import Arrangement, LengthModel, rank_arrangements
from reelnet.scene.layout.boxes import Leaf, Size
from reelnet.scene.layout.frame import FittedLayout, choose_width
from reelnet.scene.layout.measure import LayoutTree
from reelnet.scene.layout.snap import MIN_PREFERRED
from reelnet.scene.panel import Panel
from reelnet.template.model import CanvasSpec, Direction, Template

MAX_SCALE = 256
"""Largest factor by which maps are upscaled."""

MAX_TRIED_ARRANGEMENTS = 3
"""Arrangements that are laid out; others promise smaller cells than the best of these has."""

MIN_REDUCED_SIDE = 4
"""Pixels of the layout of the longer side of a map below which it is not reduced further."""

BLOCK_GAP = 24
"""Pixels of the layout between two blocks, as far as the estimate of an arrangement is concerned."""


def find_largest(template: Template, context: SceneContext) -> FittedLayout:
    """The layout with the largest cells that fit its canvas, or slightly smaller ones that video codecs prefer.

    If several layers share a cell size, it is the largest scale, down to a half, at which they all fill their cells.
    If nothing fits, it is the layout at the smallest scale.
    """
    canvas, scales, best = template.canvas, list_scales(template.canvas, context), None
    ranked = rank_by_promise(template, context, scales)
    for _, (arrangement, promised) in zip(range(MAX_TRIED_ARRANGEMENTS), ranked, strict=False):
        if best is not None and promised <= best.context.cell.exact_scale:
            break
        layout = climb(template, replace(context, arrangement=arrangement), promised, scales)
        if layout is not None and (best is None or layout.context.cell.size > best.context.cell.size):
            best = layout
    if best is None:
        return FittedLayout.lay_out(template, context.with_scale(scales[0]))
    largest, context = best.context.cell.exact_scale, replace(context, arrangement=best.context.arrangement)
    if len(_find_map_layers(context)) > 1 and not _fills_cells(best):
        smaller = (scale for scale in reversed(scales) if largest / 2 <= scale < largest)
        layouts = (FittedLayout.lay_out(template, context.with_scale(scale)) for scale in smaller)
        best = next((each for each in layouts if _fills_cells(each) and each.fits(canvas)), best)
        largest = best.context.cell.exact_scale
    if largest <= 1:
        return best
    scale = context.grid.prefer_scale(int(largest), largest * MIN_PREFERRED, largest)
    preferred = best if scale == largest else FittedLayout.lay_out(template, context.with_scale(scale))
    # Smaller cells on a coarser grid may be farther apart, and take more room.
    suits = preferred.fits(canvas) and (_fills_cells(preferred) or not _fills_cells(best))
    return preferred if suits else best


def list_scales(canvas: CanvasSpec, context: SceneContext) -> list[Fraction]:
    """The scales of the layer's maps that the canvas admits, ascending: 1/n reduces maps, n enlarges them."""
    side = max(context.require(context.layer).map_shape[1:])
    max_cell = canvas.max_cell or max(canvas.width_limit or 0, canvas.height_limit or 0)
    most, smallest = min(MAX_SCALE, max_cell // side), side // context.px(MIN_REDUCED_SIDE)
    reduced = [Fraction(1, divisor) for divisor in range(max(1, smallest), 1, -1)]
    return [*reduced, *map(Fraction, range(1, max(1, most) + 1))]


def climb(
    template: Template, context: SceneContext, promised: float, scales: Sequence[Fraction]
) -> FittedLayout | None:
    """The layout at the largest scale that fits; None if none does.

    Args:
        template: What the author wrote.
        context: The run, in one arrangement.
        promised: Where the search begins.
        scales: All scales, ascending.
    """
    best: FittedLayout | None = None
    low, high, step = -1, len(scales), 1
    place = max(0, bisect_right(scales, promised) - 1)
    # If a scale fits, almost every smaller one does: widen the bracket from where the search begins, then bisect.
    while high - low > 1:
        layout = FittedLayout.lay_out(template, context.with_scale(scales[place]))
        if layout.fits(template.canvas):
            low, best = place, layout
        else:
            high = place
        if low >= 0 and high < len(scales):
            place = (low + high) // 2
        else:
            place = min(len(scales) - 1, low + step) if low >= 0 else max(0, high - step)
            step *= 2
    return best


def rank_by_promise(
    template: Template, context: SceneContext, scales: Sequence[Fraction]
) -> Iterator[tuple[Arrangement, float]]:
    """The arrangements, those that promise the largest cells first, with the scales that they promise."""
    canvas, arrangements = template.canvas, [Arrangement()]
    small = FittedLayout.lay_out(template, context.with_scale(1))
    leaf = next((leaf for leaf in walk_leaves(small.tree) if leaf.item.wraps), None)
    if leaf is None or context.choice is None:
        yield context.arrangement, float(scales[len(scales) // 2])
        return
    channels, samples = len(context.choice.channels), len(context.sample_indices)
    arrangements = Arrangement.list_useful(channels, samples)
    width = canvas.width_limit or choose_width(small.tree, canvas)
    room = find_room(small.tree, leaf, Size(width, canvas.height_limit or 1 << 20))
    large = leaf.item.measure(context.with_scale(2))
    if room is None or large is None:
        raise AssertionError("a leaf that was measured is in its tree")
    cell, apart = context.with_scale(1).cell, context.px(BLOCK_GAP)
    gap = context.with_scale(1).cell_pitch - (cell.height if context.transposed else cell.width)
    counts = (channels, samples) if context.transposed else (samples, channels)
    widths = (1, leaf.measure.width), (2, large.width)
    heights = (1, leaf.measure.height), (2, large.height)
    across = LengthModel.from_lengths(*widths, counts[0], cell.width, gap, apart)
    down = LengthModel.from_lengths(*heights, counts[1], cell.height, gap, apart)
    promised: dict[Arrangement, float] = {}
    for each in arrangements:
        blocks, bands = each.channel_blocks, each.sample_bands
        divided = (blocks, ceil(samples / bands)), (bands, ceil(channels / blocks))
        if context.transposed:
            divided = (bands, ceil(channels / blocks)), (blocks, ceil(samples / bands))
        promised[each] = min(
            across.find_scale(room.width, *divided[0]), down.find_scale(room.height, *divided[1])
        )
    yield from rank_arrangements(promised, float(scales[-1]))


def walk_leaves(node: LayoutTree) -> Iterator[Leaf[Panel]]:
    """All panels of a layout."""
    if isinstance(node, Leaf):
        yield node
        return
    for item in node.items:
        yield from walk_leaves(item)


def find_room(node: LayoutTree, leaf: Leaf[Panel], size: Size) -> Size | None:
    """The pixels that are left for a panel if the layout has this size; None if it is not part of the layout."""
    if isinstance(node, Leaf):
        return size if node is leaf else None
    inner = Size(size.width - 2 * node.padding, size.height - 2 * node.padding)
    for item in node.items:
        others = [other for other in node.items if other is not item]
        gaps = node.options.gap * len(others)
        match node.direction:
            case Direction.COLUMN:
                taken = sum(other.preferred_height(inner.width) for other in others) + gaps
                own = Size(inner.width, inner.height - taken)
            case Direction.ROW:
                own = Size(inner.width - sum(other.min_width for other in others) - gaps, inner.height)
            case _:
                own = inner
        room = find_room(item, leaf, own)
        if room is not None:
            return room
    return None


def _fills_cells(layout: FittedLayout) -> bool:
    """Whether the maps of all layers fill their cells well."""
    context = layout.context
    views = map(context.view, _find_map_layers(context))
    return all(view.cell.fills(context.cell_size) for view in views)


def _find_map_layers(context: SceneContext) -> list[str]:
    """The layers that are shown as maps, without those that are grids of single values."""
    return [layer for layer in context.map_layers if not context.require(layer).is_grid]
