"""The search for the arrangement with the largest cells, and for the largest scale at which it fits its canvas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

from reelnet.scene.context import SceneContext
from reelnet.scene.layout.arrangement import Arrangement, BlockLength, rank_arrangements
from reelnet.scene.layout.boxes import Leaf, Size
from reelnet.scene.layout.frame import FittedLayout, choose_width
from reelnet.scene.layout.measure import LayoutTree, with_layout
from reelnet.scene.panel import Panel
from reelnet.template.model import CanvasSpec, Direction, Template

MAX_SCALE = 256
"""Largest factor by which maps are upscaled."""

MAX_TRIED_ARRANGEMENTS = 3
"""Arrangements that are laid out; others promise smaller cells than the best of these has."""

MIN_REDUCED_SIDE = 4
"""Pixels of the layout of the longer side of a map below which it is not reduced further."""

UNEVEN, RASTER = 0.85, 0.7
"""What the cells of an arrangement count whose last block has fewer channels than the others, and of one with blocks
both beside and below each other."""

MIN_FITTED = Fraction(8, 9)
"""How much smaller cells that fit may become for a scale that video codecs prefer: maps lose a fifth of their area at
most."""

MIN_CHANNELS, MIN_GAIN, MIN_GAIN_OF_TABLE, MIN_GAIN_OF_FREE = 8, 1.2, 1.25, 2.0
"""Channels below which none is left out to fill a canvas better, and by how much larger the maps must be in all: in a
frame of a given size, in a table, and in a frame that may be smaller."""

MIN_GAIN_OF_NO_NAMES = 1.5
"""How much larger maps must be in all for names to be left out, in a frame that may be smaller."""

FEW_CHANNELS, MIN_GAIN_OF_FEW = 4, 1.8
"""Channels below which none is left out in a frame of a given size, either; and by how much larger the maps must be
in all for fewer than `MIN_CHANNELS`."""


def find_largest(template: Template, context: SceneContext) -> FittedLayout:
    """The layout with the largest cells that fit its canvas, or slightly smaller ones that video codecs prefer.

    If several layers share a cell size, it is the largest scale, down to a half, at which they all fill their cells.
    If nothing fits, it is the layout at the smallest scale.
    """
    canvas, scales, best = template.canvas, list_scales(template.canvas, context), None
    for arrangement, promised in rank_by_promise(template, context, scales)[:MAX_TRIED_ARRANGEMENTS]:
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
    scale = prefer_scale(largest, context)
    preferred = best if scale == largest else FittedLayout.lay_out(template, context.with_scale(scale))
    # Smaller cells on a coarser grid may be farther apart, and take more room.
    suits = preferred.fits(canvas) and (_fills_cells(preferred) or not _fills_cells(best))
    return preferred if suits else best


def rank_by_promise(
    template: Template, context: SceneContext, scales: Sequence[Fraction]
) -> list[tuple[Arrangement, Fraction]]:
    """The arrangements with the scales that they promise, the best first; one, unless a panel wraps."""
    estimate = Estimate.measure(template, context, scales)
    if estimate is None or context.choice is None:
        return [(context.arrangement, scales[len(scales) // 2])]
    return list(estimate.rank(len(context.choice.channels)))


def choose_channel_count(template: Template, context: SceneContext) -> int | None:
    """How many channels fill a canvas best; None if it has no limits, or all of them do."""
    choice, canvas = context.choice, template.canvas
    if choice is None or not (canvas.width_limit and canvas.height_limit):
        return None
    has_size, is_table = bool(canvas.width and canvas.height), context.samples_spec.transposed is True
    if len(choice.channels) <= (FEW_CHANNELS if has_size else MIN_CHANNELS):
        return None
    gain = MIN_GAIN if has_size else MIN_GAIN_OF_TABLE if is_table else MIN_GAIN_OF_FREE
    scales = list_scales(canvas, context)
    estimate = Estimate.measure(template, context, scales, may_be_fewer=True)
    count = None if estimate is None else estimate.choose_count(gain, may_be_few=has_size)
    return None if count == len(choice.channels) else count


def choose_rows(template: Template, context: SceneContext) -> SceneContext:
    """The context with what makes the maps larger on a canvas with limits.

    Names above columns that would have to be turned may be left out. On a canvas of a given size rows may also be
    samples instead of channels, or channels instead of samples, if the author leaves that open.
    """
    canvas, spec = template.canvas, context.samples_spec
    if not (canvas.width_limit and canvas.height_limit):
        return context
    has_size, ways = bool(canvas.width and canvas.height), [context]
    gain = MIN_GAIN if has_size else MIN_GAIN_OF_NO_NAMES
    panels = (panel for panel in template.panels.values() if isinstance(panel, Panel) and not panel.hidden)
    if has_size and spec.transposed == "auto" and not any(panel.is_sample_strip for panel in panels):
        rows = not context.transposed
        other = spec.model_copy(update={"transposed": rows})
        ways.append(replace(context, transposed=rows, samples_spec=other, _field_texts={}))
    ways += [replace(way, may_turn_labels=False) for way in ways if not way.transposed]
    scales = list_scales(canvas, context)
    estimates = [Estimate.measure(template, way, scales, may_be_fewer=True) for way in ways]
    areas = [
        estimate.measure_area(estimate.choose_count(gain, may_be_few=has_size))
        if estimate is not None
        else 0.0
        for estimate in estimates
    ]
    return next(way for way, area in zip(ways, areas, strict=True) if area >= max(areas) / gain)


def list_scales(canvas: CanvasSpec, context: SceneContext) -> list[Fraction]:
    """The scales of the layer's maps that the canvas admits, ascending: 1/n reduces maps, n enlarges them."""
    side = max(context.require(context.layer).map_shape[1:])
    max_cell = canvas.max_cell or max(canvas.width_limit or 0, canvas.height_limit or 0)
    most, smallest = min(MAX_SCALE, max_cell // side), side // context.px(MIN_REDUCED_SIDE)
    reduced = [Fraction(1, divisor) for divisor in range(max(1, smallest), 1, -1)]
    return [*reduced, *map(Fraction, range(1, max(1, most) + 1))]


def climb(
    template: Template, context: SceneContext, promised: Fraction, scales: Sequence[Fraction]
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
    place = scales.index(promised)
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


class Estimate:
    """How large the cells of each arrangement may be, from measures of one panel in its simplest arrangement.

    Args:
        context: The run, with the choice of channels.
        panel: The panel that wraps.
        room: Pixels that the other panels leave for it.
        room_of_fewer: The same if fewer channels are shown, which texts say.
        scales: All scales, ascending.
    """

    def __init__(
        self,
        context: SceneContext,
        panel: Panel,
        room: Size,
        room_of_fewer: Size,
        scales: Sequence[Fraction],
    ) -> None:
        if context.choice is None:
            raise AssertionError("a panel that wraps shows channels")
        self._context, self._panel, self._scales = context, panel, scales
        self._room, self._room_of_fewer = room, room_of_fewer
        self._channels, self._samples = len(context.choice.channels), len(context.sample_indices)
        self._lengths: dict[int, tuple[BlockLength, BlockLength]] = {}

    @classmethod
    def measure(
        cls,
        template: Template,
        context: SceneContext,
        scales: Sequence[Fraction],
        *,
        may_be_fewer: bool = False,
    ) -> Estimate | None:
        """Find the panel that wraps in a layout, and its room, also with fewer channels; None if there is none."""
        room = cls._find_room(template, context, scales)
        if room is None or context.choice is None:
            return None
        panel, size = room
        fewer = room
        if may_be_fewer and len(context.choice.channels) > 1:
            most = len(context.choice.channels) - 1
            less = with_layout(template, replace(context, max_channels=most, _field_texts={}))
            fewer = cls._find_room(template, less, scales) or room
        return cls(context, panel, size, fewer[1], scales)

    @staticmethod
    def _find_room(
        template: Template, context: SceneContext, scales: Sequence[Fraction]
    ) -> tuple[Panel, Size] | None:
        canvas, tree = template.canvas, FittedLayout.lay_out(template, context.with_scale(scales[0])).tree
        leaf = next((leaf for leaf in walk_leaves(tree) if leaf.item.wrap_gap is not None), None)
        if leaf is None:
            return None
        width = canvas.width_limit or choose_width(tree, canvas)
        room = find_room(tree, leaf, Size(width, canvas.height_limit or 1 << 20))
        return None if room is None else (leaf.item, room)

    def _measure_block(self, number: int) -> tuple[BlockLength, BlockLength]:
        """Width and height of a block at the scale of this number."""
        if number not in self._lengths:
            context = self._context.with_scale(self._scales[number])
            size, cell = self._panel.measure(context), context.cell
            if size is None:
                raise AssertionError("the panel is part of the layout")
            channel_gap = context.choose_channel_gap(context.view(context.layer), context.samples_spec.gap)
            samples = context.cell_pitch, context.cell_pitch - context.cell_extent
            channels = channel_gap + (cell.width if context.transposed else cell.height), channel_gap
            across = self._samples, *samples
            down = self._channels, *channels
            if context.transposed:
                across, down = down, across
            width = BlockLength.from_length(size.width, *across)
            if not context.transposed and self._channels > 1:
                # Of blocks side by side, only the first has row labels with names, and the last turned names.
                pair = self._panel.measure(replace(context, arrangement=Arrangement(2)))
                more = (
                    pair.width - size.width - (self._panel.wrap_gap or 0) if pair is not None else size.width
                )
                width = replace(width, further=more - (size.width - width.fixed))
            self._lengths[number] = width, BlockLength.from_length(size.height, *down)
        return self._lengths[number]

    def find_scale(self, arrangement: Arrangement, channels: int) -> Fraction:
        """The largest scale at which `channels` channels fit in an arrangement, or one that video codecs prefer."""
        blocks, bands = arrangement.channel_blocks, arrangement.sample_bands
        across, down = (blocks, ceil(self._samples / bands)), (bands, ceil(channels / blocks))
        if self._context.transposed:
            across, down = down, across
        apart, low, high = self._panel.wrap_gap or 0, 0, len(self._scales)
        room = self._room if channels == self._channels else self._room_of_fewer
        while high - low > 1:
            middle = (low + high) // 2
            width, height = self._measure_block(middle)
            fits = width.measure(*across, apart, self._context.grid) <= room.width
            fits = fits and height.measure(*down, apart, self._context.grid) <= room.height
            low, high = (middle, high) if fits else (low, middle)
        return prefer_scale(self._scales[low], self._context)

    def rank(self, channels: int) -> Iterator[tuple[Arrangement, Fraction]]:
        """The arrangements with the scales that they promise, the best first; see `rank_arrangements`."""
        arrangements = Arrangement.list_useful(channels, self._samples)
        promised = {each: self.find_scale(each, channels) for each in arrangements}
        quality = {
            each: float(scale)
            * (UNEVEN if channels % each.channel_blocks else 1)
            * (RASTER if min(each.channel_blocks, each.sample_bands) > 1 else 1)
            for each, scale in promised.items()
        }
        return ((each, promised[each]) for each in rank_arrangements(quality))

    def choose_count(self, gain: float, *, may_be_few: bool) -> int:
        """How many channels fill the room best.

        Args:
            gain: Channels are left out only if the rest get maps whose area is in all `gain` times as large.
            may_be_few: Whether there may be fewer than `MIN_CHANNELS`, down to `FEW_CHANNELS`.
        """
        areas = {
            count: self.measure_area(count) for count in [self._channels, *self._list_fewer(MIN_CHANNELS)]
        }
        largest = max(areas.values())
        if may_be_few:
            few = {count: self.measure_area(count) for count in self._list_fewer(FEW_CHANNELS)}
            if max(few.values(), default=0) >= MIN_GAIN_OF_FEW * largest:
                areas, largest = areas | few, max(few.values())
        best: int = next(count for count, area in areas.items() if area >= largest / gain)
        return best

    def _list_fewer(self, least: int) -> range:
        """Even numbers of channels, descending to `least`."""
        return range(self._channels - 1 - (self._channels - 1) % 2, least - 1, -2)

    def measure_area(self, count: int) -> float:
        """The area of the cells of `count` channels, for one sample and in squares of the scale."""
        return count * float(next(self.rank(count))[1]) ** 2


def prefer_scale(scale: Fraction, context: SceneContext) -> Fraction:
    """A scale, or a slightly smaller one that video codecs prefer."""
    if scale <= 1:
        return scale
    return Fraction(context.grid.prefer_scale(int(scale), scale * MIN_FITTED, scale))


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
                heights = [other.preferred_height(inner.width) for other in node.items]
                place = node.items.index(item)
                before = node.snap_heights([*heights[:place], 0]) if item.snaps else heights[:place]
                own = Size(inner.width, inner.height - sum(before) - sum(heights[place + 1 :]) - gaps)
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
