"""The size of the frame, and the largest whole scale at which the layout fits into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reelnet.config.diagnostics import InvalidTemplate
from reelnet.config.spec import MAX_PIXELS
from reelnet.errors import TemplateError, UsageError
from reelnet.runs.header import displayable_layers
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.layout.measure import Tree, measure
from reelnet.scene.layout.placement import place, shift
from reelnet.scene.layout.room import cramped, longest, require_room
from reelnet.template.model import CanvasSpec, Template

MOST_AREA = 139_264 * 16**2
"""Pixels of a frame: the macroblocks of H.264's highest level, 6.2 (ITU-T H.264, table A-1)."""


@dataclass(frozen=True)
class FittedLayout:
    """A layout in a frame.

    Attributes:
        context: With cells of the size that was found.
        tree: The layout's panels at that size.
        size: Of the frame; both sides are even, as video wants them.
        box: Where in the frame the layout stands.
    """

    context: SceneContext
    tree: Tree
    size: Size
    box: Box


def fit_canvas(template: Template, context: SceneContext, scale: int | None) -> FittedLayout:
    """Find cells, layout and frame.

    Args:
        template: What the author wrote.
        context: The run.
        scale: Factor by which the maps of the layer are upscaled; the canvas' own, or the largest, if None.

    Raises:
        TemplateError: The layout does not fit the canvas even at scale 1, a size that was asked for is too
            small for what is in it, or nothing is in it.
        UsageError: The scale is too large, or the frame would be larger than any encoder takes and no length in the
            template is at fault.
    """
    canvas = template.canvas
    asked = canvas.scale if scale is None else scale
    side = max(context.require(context.layer).map_shape[1:])
    if asked is not None:
        found = attempt(template, context.with_scale(asked))
        if not fits(found.tree, canvas):
            what = refusal(template, found, asked)
            if scale is not None:
                raise UsageError(what)
            raise InvalidTemplate([template.source_map.diagnose(("canvas", "scale"), what)])
    elif canvas.width_limit or canvas.height_limit:
        found = largest(template, context, side)
    else:
        found = attempt(template, context)
    require_small(template, found, by_template=scale is None)
    require_room(template, found.tree, found.box)
    return found


def largest(template: Template, context: SceneContext, side: int) -> FittedLayout:
    """The layout at the largest whole scale that fits its canvas; a smaller one if layers look lost in cells."""
    canvas = template.canvas
    low, best = 1, attempt(template, context.with_scale(1))
    if not fits(best.tree, canvas):
        raise InvalidTemplate([template.source_map.diagnose(("canvas",), refusal(template, best, 1))])
    side_most = canvas.max_cell or max(canvas.width_limit or 0, canvas.height_limit or 0)
    high = max(1, min(256, side_most // side)) + 1
    # What fits at a scale fits at each smaller one, so halving finds the largest.
    while high - low > 1:
        middle = (low + high) // 2
        found = attempt(template, context.with_scale(middle))
        if fits(found.tree, canvas) and not any(cramped(found.tree, found.box)):
            low, best = middle, found
        else:
            high = middle
    return next((found for found in smaller(template, context, best, low) if filled(found)), best)


def smaller(
    template: Template, context: SceneContext, best: FittedLayout, scale: int
) -> Iterator[FittedLayout]:
    """The layout at a scale, and at each smaller one down to a half of it, where several layers share cells' size."""
    yield best
    if len(taps_of(best)) > 1:
        for less in range(scale - 1, max(1, scale // 2) - 1, -1):
            yield attempt(template, context.with_scale(less))


def filled(found: FittedLayout) -> bool:
    """Whether the maps of all layers that are shown fill their cells well."""
    return all(
        found.context.view(tap).cell.is_well_filled(found.context.require(tap)) for tap in taps_of(found)
    )


def taps_of(found: FittedLayout) -> list[str]:
    """The layers whose maps are shown, but those of single values."""
    context, layers = found.context, displayable_layers(found.context.taps)
    taps = dict.fromkeys(tap for panel, _ in place(found.tree, found.box) for tap in panel.taps(context))
    return [tap for tap in taps if tap in layers and not context.require(tap).is_grid]


def attempt(template: Template, context: SceneContext) -> FittedLayout:
    """The layout with cells of one size."""
    tree = measure(template, context)
    if tree is None:
        raise TemplateError(f"template {template.name!r}: has no panel that this run could fill")
    size, box = standing(tree, template.canvas)
    return FittedLayout(context, tree, size, box)


def standing(tree: Tree, canvas: CanvasSpec) -> tuple[Size, Box]:
    """The frame, and where in it the layout stands: in its middle, or all over it if the layout grows."""
    most = canvas.width_limit
    width = min(tree.natural, most) if most else tree.natural
    if canvas.width and tree.grow:
        width = canvas.width
    height = tree.height(width)
    if canvas.aspect:
        across, down = map(int, canvas.aspect.split(":"))
        size = Size(even(max(width, height * across / down)), even(max(height, width * down / across)))
    else:
        size = Size(canvas.width or even(width), canvas.height or even(height))
    if tree.grow:
        return size, Box(0, 0, size.width, size.height)
    x, y = shift("center", size.width - width), shift("center", size.height - height)
    return size, Box(x, y, width, height)


def fits(tree: Tree, canvas: CanvasSpec) -> bool:
    """Whether the layout has room on the canvas."""
    return over(tree, canvas) == (0, 0)


def over(tree: Tree, canvas: CanvasSpec) -> tuple[int, int]:
    """Pixels by which the layout is too wide and too tall for the canvas."""
    most = canvas.width_limit
    width = min(tree.natural, most) if most else tree.natural
    if canvas.width and tree.grow:
        width = canvas.width
    wide = max(0, tree.least - most) if most else 0
    tall = max(0, tree.height(max(width, tree.least)) - canvas.height_limit) if canvas.height_limit else 0
    return wide, tall


def refusal(template: Template, found: FittedLayout, scale: int) -> str:
    """What to say of a layout that does not fit, with the pixels that are missing."""
    wide, tall = over(found.tree, template.canvas)
    canvas = template.canvas
    room = f"{canvas.width_limit or 'any'}×{canvas.height_limit or 'any'}"
    missing = [f"{wide} pixels too wide"] * (wide > 0) + [f"{tall} pixels too tall"] * (tall > 0)
    smaller = "give a smaller scale, " if scale > 1 else ""
    return (
        f"the layout is {' and '.join(missing)} for {room} at scale {scale}; {smaller}"
        "show fewer channels or samples, shorten texts, or give a larger canvas"
    )


def require_small(template: Template, found: FittedLayout, *, by_template: bool) -> None:
    """Make sure that an encoder can take frames of this size.

    Args:
        template: What the author wrote.
        found: The layout in its frame.
        by_template: Whether the template alone decides how large things are.

    Raises:
        TemplateError: None can, because of a length that the template gives.
        UsageError: None can, because of the run, or of a scale from elsewhere.
    """
    size = found.size
    if max(size.width, size.height) <= MAX_PIXELS and size.width * size.height <= MOST_AREA:
        return
    what = (
        f"a frame of {size.width}×{size.height} pixels is too large (at most {MAX_PIXELS} a side, and "
        f"{MOST_AREA / 1e6:.1f} million in all)"
    )
    cause = longest(template) if by_template else None
    if cause is not None:
        raise InvalidTemplate([template.source_map.diagnose(cause, f"{what}; give a smaller number")])
    raise UsageError(
        f"{what}; give a smaller scale, fewer channels, or another layer than {found.context.layer!r} with --layer"
    )


def even(length: float) -> int:
    """The next even whole number."""
    return -(-int(-(-length // 1)) // 2) * 2
