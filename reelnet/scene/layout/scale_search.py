"""The search for the best picture: what is shown of a layer, in which arrangement, and how large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

from reelnet.config.diagnostics import InvalidTemplate
from reelnet.scene.cell import VALUE_ASPECTS
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.arrangement import Division
from reelnet.scene.layout.boxes import Leaf, Size
from reelnet.scene.layout.estimate import Estimate, Room, prefer_scale
from reelnet.scene.layout.frame import FittedLayout, choose_width
from reelnet.scene.layout.measure import LayoutTree, with_layout
from reelnet.scene.panel import Panel
from reelnet.template.model import CanvasSpec, Direction, Template

MAX_SCALE = 256
"""Largest factor by which maps are upscaled."""

MAX_TRIED_PLANS = 3
"""Plans that are laid out; others promise less than the best of these is."""

MIN_REDUCED_SIDE = 4
"""Pixels of the layout of the longer side of a map below which it is not reduced further."""

READABLE, MAX_LEAST_PITCH, LEAST_PITCH_STEP = 0.9, 160, 8
"""What names must count to be readable, on two lines each, as a part of what they count far apart; how far samples
may be moved apart for that, in pixels of the layout, and by which steps in output pixels."""

MIN_CHANNELS, FEW_CHANNELS, FEW_SAMPLES = 4, 8, 8
"""Channels below which none is left out for larger maps, those above which only multiples of 2 and 3 are tried, and
samples below which none is left out; none is if all that were recorded may be shown."""


@dataclass(frozen=True)
class Plan:
    """What is shown, and in which arrangement.

    Attributes:
        estimate: What rows are, and how names are written.
        division: Which part of the channels and samples is shown, and in how many blocks.
        scale: The largest scale that is expected to fit.
        utility: How good the picture is at this scale; see `Estimate.rate`.
    """

    estimate: Estimate
    division: Division
    scale: Fraction
    utility: float

    def apply(self, template: Template, context: SceneContext) -> SceneContext:
        """The context with what the plan shows.

        Args:
            template: What the author wrote.
            context: The run, without what the layout decides.

        Raises:
            InvalidTemplate: A panel names a sample that is not shown.
        """
        own = self.estimate.context
        spec = own.samples_spec.model_copy(update={"transposed": own.transposed})
        context = replace(
            context,
            samples_spec=spec,
            transposed=own.transposed,
            may_turn_labels=own.may_turn_labels,
            least_pitch=own.least_pitch,
            may_name_classes=own.may_name_classes,
            value_aspect=own.value_aspect,
            arrangement=self.division.arrangement,
            _field_texts={},
        )
        if self.division.samples < len(context.sample_indices):
            context = context.keep_samples(self.division.samples)
        if own.choice is not None and self.division.channels < len(own.choice.channels):
            context = replace(context, max_channels=self.division.channels)
        return with_layout(template, context)

    def rate(self, scale: Fraction) -> float:
        """How good the picture is at another scale."""
        return self.estimate.rate(self.division, scale)


def find_best(template: Template, context: SceneContext) -> FittedLayout:
    """The best picture in its canvas.

    Panels that wrap may show fewer channels than `top` and fewer samples than `first` asks for.

    Args:
        template: What the author wrote.
        context: The run, without what the layout decides.
    """
    whole = with_layout(template, context)
    layout = try_plans(template, context, rank_plans(template, whole, MAX_TRIED_PLANS))
    if layout is None and whole.choice is not None and whole.choice.most is not None:
        layout = try_plans(
            template, context, rank_plans(template, whole, MAX_TRIED_PLANS, may_be_fewer=False)
        )
    return layout or find_largest(template, whole)


def try_plans(template: Template, context: SceneContext, plans: Sequence[Plan]) -> FittedLayout | None:
    """The best layout of the first plans; None if panels name channels or samples that none of these shows."""
    best, utility = None, 0.0
    for plan in plans[:MAX_TRIED_PLANS]:
        if best is not None and plan.utility <= utility:
            break
        with suppress(InvalidTemplate):
            layout = find_largest(template, plan.apply(template, context), plan)
            rate = plan.rate(layout.context.cell.exact_scale) if layout.fits(template.canvas) else 0.0
            if best is None or rate > utility:
                best, utility = layout, rate
    return best


def rank_plans(
    template: Template, context: SceneContext, most: int | None = None, *, may_be_fewer: bool = True
) -> list[Plan]:
    """The plans that fit, the best first; none if no panel wraps.

    Args:
        template: What the author wrote.
        context: The run, with what the layout decides.
        most: How many of the first ones are needed; None for all.
        may_be_fewer: Whether some of the channels and samples may be left out.
    """
    scales = list_scales(template.canvas, context)
    found = find_rooms(template, context, scales)
    if found is None or context.choice is None:
        return []
    panel, rooms = found
    channels, samples = [len(context.choice.channels)], [len(context.sample_indices)]
    if may_be_fewer and template.canvas.width_limit and template.canvas.height_limit:
        channels, samples = list_channel_counts(context), list_sample_counts(context)
    estimates = [
        Estimate(way, panel, template.canvas, rooms, scales)
        for way in list_ways(template, context, panel, scales[0])
    ]
    divisions = [each for counts in product(channels, samples) for each in Division.list_useful(*counts)]
    bounds = [(estimate.bound(each), estimate, each) for each in divisions for estimate in estimates]
    plans = list[Plan]()
    for bound, estimate, division in sorted(bounds, key=lambda candidate: -candidate[0]):
        # None that follows is better than its bound.
        if most is not None and len(plans) >= most and bound <= plans[most - 1].utility:
            break
        for scale in estimate.find_scales(division):
            plans.append(Plan(estimate, division, scale, estimate.rate(division, scale)))
        plans.sort(key=lambda plan: -plan.utility)
    return plans


def list_ways(template: Template, context: SceneContext, panel: Panel, scale: Fraction) -> list[SceneContext]:
    """What rows may be, the shape of single values, and how names are written: as cells allow, or to be read.

    On a canvas of a given size rows may be samples or channels, if the author leaves that open. Names above columns
    may be turned, or else left out, or move the columns apart. Those beside rows may move the rows apart. Cells of
    single values, which have no shape, may be wide enough for the names instead.

    Args:
        template: What the author wrote.
        context: The run.
        panel: The panel that wraps.
        scale: The smallest scale.
    """
    canvas, spec, ways = template.canvas, context.samples_spec, [context]
    panels = [each for each in template.panels.values() if isinstance(each, Panel) and not each.hidden]
    is_open = spec.transposed == "auto" and not any(each.is_sample_strip for each in panels)
    if canvas.width and canvas.height and is_open:
        ways.append(replace(context, transposed=not context.transposed, _views={}, _field_texts={}))
    if canvas.width_limit and canvas.height_limit and context.require(context.layer).has_single_values:
        # Names above columns need width; cells that are narrower still would be far apart.
        ways = [
            replace(way, value_aspect=aspect, may_name_classes=may_name, _views={})
            for way in ways
            for may_name in ([True, False] if context.name_channels(context.layer) else [True])
            for aspect in VALUE_ASPECTS
            if aspect >= 1 or way.transposed
        ]
    found = list[SceneContext]()
    for way in ways:
        unturned = way if way.transposed else replace(way, may_turn_labels=False)
        apart = with_readable_names(unturned, panel, scale) if spec.gap is None else unturned
        found += [apart] if way.transposed or apart is unturned else [way, unturned, apart]
    return found


def with_readable_names(context: SceneContext, panel: Panel, scale: Fraction) -> SceneContext:
    """The context with samples so far apart that all names can be read, as far as that depends on it."""
    smallest = context.with_scale(scale)
    low, high = 0, context.px(MAX_LEAST_PITCH) // LEAST_PITCH_STEP

    def rate(pitch: int) -> float:
        return panel.rate_names(replace(smallest, least_pitch=pitch * LEAST_PITCH_STEP))

    wanted = READABLE * rate(high)
    if rate(low) >= wanted:
        return context
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if rate(middle) >= wanted else (middle, high)
    return replace(context, least_pitch=high * LEAST_PITCH_STEP)


def list_channel_counts(context: SceneContext) -> list[int]:
    """Numbers of channels to try: all of them, and fewer if the author only sets a maximum."""
    if context.choice is None:
        return []
    count = len(context.choice.channels)
    fewer = [
        each
        for each in range(count - 1, MIN_CHANNELS - 1, -1)
        if each <= FEW_CHANNELS or 0 in (each % 2, each % 3)
    ]
    return [count] if context.choice.most is None else [count, *fewer]


def list_sample_counts(context: SceneContext) -> list[int]:
    """Numbers of samples that may be shown: all, and smaller ones if they are the first of many."""
    count = len(context.sample_indices)
    is_part = context.samples_spec.show.first is not None and count < context.sample_count
    return [count, *(range(count - 1 - (count - 1) % 2, FEW_SAMPLES - 1, -2) if is_part else ())]


def find_rooms(
    template: Template, context: SceneContext, scales: Sequence[Fraction]
) -> tuple[Panel, tuple[Room, Room]] | None:
    """The panel that wraps, with its room if all channels are shown and if fewer are; None if there is none."""
    first = _find_room(template, context, scales)
    if first is None or context.choice is None:
        return None
    panel, room = first
    fewer = first
    if len(list_channel_counts(context)) > 1:
        # A panel may name a channel that is not shown then.
        with suppress(InvalidTemplate):
            most = len(context.choice.channels) - 1
            less = with_layout(template, replace(context, max_channels=most, _field_texts={}))
            fewer = _find_room(template, less, scales) or first
    return panel, (room, fewer[1])


def _find_room(
    template: Template, context: SceneContext, scales: Sequence[Fraction]
) -> tuple[Panel, Room] | None:
    canvas, smallest = template.canvas, FittedLayout.lay_out(template, context.with_scale(scales[0]))
    tree = smallest.tree
    leaf = next((leaf for leaf in walk_leaves(tree) if leaf.item.wrap_gap is not None), None)
    if leaf is None:
        return None
    limit = Size(canvas.width_limit or choose_width(tree, canvas), canvas.height_limit or 1 << 20)
    size = find_room(tree, leaf, limit)
    if size is None:
        return None
    others = Size(limit.width - size.width, limit.height - size.height)
    return leaf.item, Room(size, others, smallest.size)


def find_largest(template: Template, context: SceneContext, plan: Plan | None = None) -> FittedLayout:
    """The layout with the largest cells that fit its canvas, or slightly smaller ones that video codecs prefer.

    If several layers share a cell size, it is the largest scale, down to a half, at which they all fill their cells.
    If nothing fits, it is the layout at the smallest scale.

    Args:
        template: What the author wrote.
        context: The run, with what the layout decides.
        plan: What is expected to fit, and which scale makes the better picture; None to prefer that of video codecs.
    """
    canvas, scales = template.canvas, list_scales(template.canvas, context)
    best = climb(template, context, plan.scale if plan else scales[len(scales) // 2], scales)
    if best is None:
        return FittedLayout.lay_out(template, context.with_scale(scales[0]))
    largest = best.context.cell.exact_scale
    if len(_find_map_layers(context)) > 1 and not _fills_cells(best):
        smaller = (scale for scale in reversed(scales) if largest / 2 <= scale < largest)
        layouts = (FittedLayout.lay_out(template, context.with_scale(scale)) for scale in smaller)
        best = next((each for each in layouts if _fills_cells(each) and each.fits(canvas)), best)
        largest = best.context.cell.exact_scale
    scale = prefer_scale(largest, context)
    if plan is not None and plan.rate(scale) < plan.rate(largest):
        return best
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
