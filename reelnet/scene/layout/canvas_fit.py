"""The size of the frame, and the largest integer scale at which the layout fits into it.

Errors say which part has too little room, or which length makes the frame too large.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from reelnet.config.diagnostics import ErrorCollector, InvalidTemplate, KeyPath
from reelnet.config.spec import MAX_PIXELS, SpecModel
from reelnet.errors import TemplateError, UsageError
from reelnet.scene.cell import DEFAULT_CELL_SIZE
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Group, Leaf, Size, place_children
from reelnet.scene.layout.measure import LayoutTree, measure_layout
from reelnet.scene.layout.snap import MIN_PREFERRED, SnapGrid
from reelnet.scene.panel import Panel
from reelnet.template.model import CanvasSpec, Stack, StackSpec, Template
from reelnet.template.theme import Theme

MAX_FRAME_AREA = 139_264 * 16**2
"""Pixels of a frame: the macroblocks of H.264's highest level, 6.2 (ITU-T H.264, table A-1)."""

MAX_SCALE = 256
"""Largest factor by which maps are upscaled."""

HARMLESS_LENGTH = 100
"""Pixels; a length up to this size never makes a frame too large."""


@dataclass(frozen=True)
class FittedLayout:
    """A layout in its frame.

    Attributes:
        context: The context with cells of the final size.
        tree: The panels of the layout with their sizes.
        size: Size of the frame; both sides are even, as video requires.
        box: The box of the layout in the frame.
    """

    context: SceneContext
    tree: LayoutTree
    size: Size
    box: Box


def fit_canvas(template: Template, context: SceneContext, scale: int | None) -> FittedLayout:
    """Choose the size of cells, and lay out the frame.

    Args:
        template: What the author wrote.
        context: The run.
        scale: Factor by which the maps of the layer are upscaled; None for the canvas' own, or the largest that fits.

    Raises:
        TemplateError: The layout does not fit the canvas even at scale 1, a size is too small for its content, or
            the layout is empty.
        UsageError: The scale is too large, or the frame is larger than any encoder accepts and no length in the
            template is at fault.
    """
    canvas = template.canvas
    fixed_scale = canvas.scale if scale is None else scale
    if fixed_scale is not None:
        layout = _lay_out(template, context.with_scale(fixed_scale))
        if overflow := _describe_overflow(layout, canvas):
            if scale is not None:
                raise UsageError(overflow)
            raise InvalidTemplate([template.source_map.diagnose(("canvas", "scale"), overflow)])
    elif canvas.width_limit or canvas.height_limit:
        layout = _find_largest(template, context)
    else:
        layout = _lay_out(template, context)
    _check_frame_size(template, layout, is_template_scale=scale is None)
    check_room(template, layout.tree, layout.box)
    return layout


def _find_largest(template: Template, context: SceneContext) -> FittedLayout:
    """The layout at the largest scale that fits its canvas, or a slightly smaller one that video codecs prefer.

    If several layers share a cell size, it is the largest scale, down to a half, at which they all fill their cells.
    """
    canvas, side = template.canvas, max(context.require(context.layer).map_shape[1:])
    low, best = 1, _lay_out(template, context.with_scale(1))
    if overflow := _describe_overflow(best, canvas):
        raise InvalidTemplate([template.source_map.diagnose(("canvas",), overflow)])
    max_cell = canvas.max_cell or max(canvas.width_limit or 0, canvas.height_limit or 0)
    high = max(1, min(MAX_SCALE, max_cell // side)) + 1
    # If a scale fits, almost every smaller one does: bisect.
    while high - low > 1:
        middle = (low + high) // 2
        layout = _lay_out(template, context.with_scale(middle))
        if _fits(layout, canvas):
            low, best = middle, layout
        else:
            high = middle
    if len(_find_map_layers(context)) > 1 and not _fills_cells(best):
        smaller = range(low - 1, max(1, low // 2) - 1, -1)
        layouts = (_lay_out(template, context.with_scale(scale)) for scale in smaller)
        best = next((each for each in layouts if _fills_cells(each) and _fits(each, canvas)), best)
    largest = best.context.cell.scale
    scale = context.grid.prefer_scale(largest, largest * MIN_PREFERRED, Fraction(largest))
    preferred = best if scale == largest else _lay_out(template, context.with_scale(scale))
    # Smaller cells on a coarser grid may be farther apart, and take more room.
    suits = _fits(preferred, canvas) and (_fills_cells(preferred) or not _fills_cells(best))
    return preferred if suits else best


def _fits(layout: FittedLayout, canvas: CanvasSpec) -> bool:
    """Whether a layout and each of its parts have enough room."""
    return not _describe_overflow(layout, canvas) and not any(find_cramped(layout.tree, layout.box))


def _fills_cells(layout: FittedLayout) -> bool:
    """Whether the maps of all layers fill their cells well."""
    context = layout.context
    views = map(context.view, _find_map_layers(context))
    return all(view.cell.fills(context.cell_size) for view in views)


def _find_map_layers(context: SceneContext) -> list[str]:
    """The layers that are shown as maps, without those that are grids of single values."""
    return [layer for layer in context.map_layers if not context.require(layer).is_grid]


def _lay_out(template: Template, context: SceneContext) -> FittedLayout:
    """The layout with cells of the context's size: centered in the frame, or filling it if the layout grows."""
    tree, canvas = measure_layout(template, context), template.canvas
    if tree is None:
        raise TemplateError(f"template {template.name!r}: the run has nothing to show in any of its panels")
    width = _choose_width(tree, canvas)
    height = tree.preferred_height(width)
    if canvas.aspect:
        across, down = map(int, canvas.aspect.split(":"))
        frame_width, frame_height = max(width, height * across / down), max(height, width * down / across)
        size = Size(_round_up_even(frame_width), _round_up_even(frame_height))
    else:
        size = Size(canvas.width or _round_up_even(width), canvas.height or _round_up_even(height))
    if tree.grow:
        return FittedLayout(context, tree, size, Box(0, 0, size.width, size.height))
    grid = context.grid if tree.snaps else SnapGrid(1)
    x, y = grid.center(size.width - width), grid.center(size.height - height)
    return FittedLayout(context, tree, size, Box(x, y, width, height))


def _choose_width(tree: LayoutTree, canvas: CanvasSpec) -> int:
    if canvas.width and tree.grow:
        return canvas.width
    return min(tree.natural_width, canvas.width_limit) if canvas.width_limit else tree.natural_width


def _describe_overflow(layout: FittedLayout, canvas: CanvasSpec) -> str | None:
    """Say by how many pixels the layout is too large, and what would help; None if it fits."""
    tree, max_width, max_height = layout.tree, canvas.width_limit, canvas.height_limit
    width = max(_choose_width(tree, canvas), tree.min_width)
    too_wide = tree.min_width - max_width if max_width else 0
    too_tall = tree.preferred_height(width) - max_height if max_height else 0
    missing = [f"{too_wide} pixels too wide"] * (too_wide > 0) + [f"{too_tall} pixels too tall"] * (
        too_tall > 0
    )
    if not missing:
        return None
    scale = layout.context.cell.scale
    smaller = "give a smaller scale, " if scale > 1 else ""
    return (
        f"the layout is {' and '.join(missing)} for {max_width or 'any'}×{max_height or 'any'} at scale {scale}; "
        f"{smaller}show fewer channels or samples, shorten texts, or give a larger canvas"
    )


def _check_frame_size(template: Template, layout: FittedLayout, *, is_template_scale: bool) -> None:
    """Check that encoders accept frames of this size.

    Args:
        template: What the author wrote.
        layout: The layout in its frame.
        is_template_scale: Whether the template alone decides the size.

    Raises:
        TemplateError: The frame is too large because of a length or the aspect ratio in the template.
        UsageError: The frame is too large because of the run, or of a scale from elsewhere.
    """
    size, tree = layout.size, layout.tree
    if _is_encodable(size):
        return
    limits = f"at most {MAX_PIXELS} per side and {MAX_FRAME_AREA / 1e6:.1f} million in all"
    message = f"a frame of {size.width}×{size.height} pixels is too large ({limits})"
    width = _choose_width(tree, template.canvas)
    content = Size(width, tree.preferred_height(width))
    if template.canvas.aspect and _is_encodable(content):
        advice = f"give a ratio nearer to that of its content, {content.width}:{content.height}"
        raise InvalidTemplate([template.source_map.diagnose(("canvas", "aspect"), f"{message}; {advice}")])
    cause = find_largest_length(template) if is_template_scale else None
    if cause is not None:
        raise InvalidTemplate([template.source_map.diagnose(cause, f"{message}; give a smaller number")])
    layer = layout.context.layer
    raise UsageError(
        f"{message}; give a smaller scale, show fewer channels, or choose another layer than {layer!r} with --layer"
    )


def _is_encodable(size: Size) -> bool:
    """Whether encoders accept frames of this size."""
    return max(size.width, size.height) <= MAX_PIXELS and size.width * size.height <= MAX_FRAME_AREA


def find_cramped(node: LayoutTree, box: Box) -> Iterator[tuple[Panel | StackSpec, Box, Size]]:
    """The innermost parts that have too little room if the layout has this box.

    Yields:
        The panel, or the options of the stack; its box; and what it needs at the width of its box.
    """
    if isinstance(node, Group):
        children = zip(node.items, place_children(node, box), strict=True)
        inner = [cramped for item, item_box in children for cramped in find_cramped(item, item_box)]
        yield from inner
        if inner:
            return
    needs = node.min_content(box.width)
    can_shrink = isinstance(node, Leaf) and node.item.can_shrink
    minimum = Size(1, 1) if can_shrink else needs
    if box.width < minimum.width or box.height < minimum.height:
        yield node.item if isinstance(node, Leaf) else node.options, box, needs


def check_room(template: Template, tree: LayoutTree, box: Box) -> None:
    """Check that everything fits into its box.

    Raises:
        TemplateError: Something does not fit.
    """
    keys: dict[int, KeyPath] = {id(panel): ("panels", name) for name, panel in template.panels.items()}
    keys |= {id(stack.options): stack.path for stack in _walk_stacks(template.layout)}
    errors = ErrorCollector(template.source_map)
    for part, part_box, needs in find_cramped(tree, box):
        message = f"has {part_box.width}×{part_box.height} pixels but needs {needs.width}×{needs.height}; "
        key = keys[id(part)]
        # Point at the size that makes the part too small, if the author gave one.
        if part.width is not None and part_box.width < needs.width:
            key = (*key, "width")
        elif part.height is not None and part_box.height < needs.height:
            key = (*key, "height")
        errors.add(message + "make it or the stack around it larger, or set no size", *key)
    errors.raise_errors()


def find_largest_length(template: Template) -> KeyPath | None:
    """The key of the scale, or of the largest length that the template gives; None if every length is harmless."""
    if template.canvas.scale is not None:
        return "canvas", "scale"
    path, pixels = max(_find_lengths(template), key=lambda length: length[1], default=((), 0))
    return path if pixels > HARMLESS_LENGTH else None


def _find_lengths(template: Template) -> Iterator[tuple[KeyPath, int]]:
    """The lengths of the theme that exceed the default, and all of the canvas, the panels and the stacks."""
    default = Theme()
    for key in ("cell", "text", "title"):
        pixels = getattr(template.theme, key)
        if pixels is not None and pixels > (getattr(default, key) or DEFAULT_CELL_SIZE):
            yield ("theme", key), pixels
    parts: list[tuple[SpecModel, KeyPath]] = [(template.canvas, ("canvas",))]
    parts += [(panel, ("panels", name)) for name, panel in template.panels.items()]
    parts += [(stack.options, stack.path) for stack in _walk_stacks(template.layout)]
    for part, path in parts:
        for name in part.model_fields_set:
            value, alias = getattr(part, name), type(part).model_fields[name].alias
            if isinstance(value, int) and not isinstance(value, bool):
                yield (*path, alias or name), value


def _walk_stacks(stack: Stack) -> Iterator[Stack]:
    yield stack
    for item in stack.items:
        if isinstance(item, Stack):
            yield from _walk_stacks(item)


def _round_up_even(length: float) -> int:
    """The next even integer."""
    return -(-int(-(-length // 1)) // 2) * 2
