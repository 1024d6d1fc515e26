"""The size of the frame, and the largest integer scale at which the layout fits into it.

Errors say which part has too little room, or which length makes the frame too large.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from math import log

from reelnet.config.diagnostics import ErrorCollector, InvalidTemplate, KeyPath
from reelnet.config.spec import MAX_PIXELS, SpecModel
from reelnet.errors import ReelnetError, UsageError
from reelnet.scene.cell import DEFAULT_CELL_SIZE
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Size
from reelnet.scene.layout.density import scale_lengths
from reelnet.scene.layout.frame import FittedLayout, choose_width, find_cramped
from reelnet.scene.layout.measure import with_layout
from reelnet.scene.layout.scale_search import find_best, list_scales, rank_plans, walk_leaves
from reelnet.scene.panel import Panel
from reelnet.template.model import CanvasSpec, Stack, Template
from reelnet.template.theme import Theme

MAX_FRAME_AREA = 139_264 * 16**2
"""Pixels of a frame: the macroblocks of H.264's highest level, 6.2 (ITU-T H.264, table A-1)."""

MAX_UNASKED_SIDE = 4096
"""Pixels of a frame's side; larger ones must be asked for, with the canvas or a scale."""

ASKED_ASPECT = 1.2
"""Width to height of a frame that an author lets grow by asking for a scale."""

HARMLESS_DISTANCE = 0.45
"""Logarithm of the factor by which its aspect may be another one."""

FEWER, SHRINK_FACTORS, MIN_TEXT = (12, 8, 6, 4, 3, 2, 1), (0.8, 0.65, 0.5, 0.4, 0.3, 0.25), 8
"""How many channels or samples are shown, by how much text and gaps become smaller, and the least size of text in
pixels of the layout, for lack of room."""

MIN_CELL_SIZE = 12
"""Pixels of the layout; text becomes smaller, and less is shown, before cells are smaller than that."""

HARMLESS_LENGTH = 100
"""Pixels of the layout; a length up to this size never makes a frame too large."""


def fit_canvas(template: Template, context: SceneContext, scale: int | Fraction | None) -> FittedLayout:
    """Choose the size of cells, and lay out the frame.

    Args:
        template: What the author wrote.
        context: The run.
        scale: Output pixels per value of the layer's maps; None for the canvas' own, or the largest that fits.

    Raises:
        TemplateError: The layout does not fit the canvas even at scale 1, a size is too small for its content, or
            the layout is empty.
        UsageError: The scale is too large, or the frame is larger than any encoder accepts and no length in the
            template is at fault.
    """
    canvas = template.canvas
    canvas_scale = canvas.scale if scale is None else scale
    is_limited = bool(canvas.width_limit or canvas.height_limit)
    if canvas_scale is not None:
        layout, canvas = _lay_out_at_scale(template, context, canvas_scale)
        if overflow := layout.describe_overflow(canvas):
            if scale is not None:
                raise UsageError(overflow)
            raise InvalidTemplate([template.source_map.diagnose(("canvas", "scale"), overflow)])
    elif is_limited:
        layout = _find_roomy(_limit_wrapped_cells(template, context), context)
        if overflow := layout.describe_overflow(canvas):
            raise InvalidTemplate([template.source_map.diagnose(find_cause(template, layout), overflow)])
    else:
        layout = _shrink_to_screen(template, context)
    _check_frame_size(template, layout, is_template_scale=scale is None)
    check_room(layout)
    return layout


def _limit_wrapped_cells(template: Template, context: SceneContext) -> Template:
    """The template with cells of at most the usual size, if they could wrap in a frame without an end on one side."""
    canvas, panels = template.canvas, template.panels.values()
    is_endless = not (canvas.width_limit and canvas.height_limit) and canvas.max_cell is None
    if not is_endless or not any(isinstance(panel, Panel) and panel.wrap_gap is not None for panel in panels):
        return template
    max_cell = round(with_layout(template, context).cell.size)
    return replace(template, canvas=canvas.model_copy(update={"max_cell": max_cell}))


def _shrink_to_screen(template: Template, context: SceneContext) -> FittedLayout:
    """The layout with cells of the context's size, or smaller ones with which no side exceeds `MAX_UNASKED_SIDE`.

    Raises:
        UsageError: Smaller cells do not help.
    """
    layout = FittedLayout.lay_out(template, with_layout(template, context))
    if max(layout.size.width, layout.size.height) <= MAX_UNASKED_SIDE:
        return layout
    limits = {
        "max_width": MAX_UNASKED_SIDE,
        "max_height": MAX_UNASKED_SIDE,
        "max_cell": round(layout.context.cell.size),
    }
    small = replace(template, canvas=template.canvas.model_copy(update=limits))
    fitted = find_best(small, context)
    if fitted.fits(small.canvas):
        return fitted
    cause = find_largest_length(template, context.density)
    size = f"the frame would be {layout.size.width}×{layout.size.height} pixels"
    message = f"{size}, and no scale makes its sides smaller than {MAX_UNASKED_SIDE}"
    if cause is not None:
        raise InvalidTemplate([template.source_map.diagnose(cause, f"{message}; give a smaller number")])
    raise UsageError(f"{message}; show fewer channels or samples, or ask for the size with canvas.max_width")


def _lay_out_at_scale(
    template: Template, context: SceneContext, scale: int | Fraction
) -> tuple[FittedLayout, CanvasSpec]:
    """The layout at a scale, in the arrangement that it has at the largest one, or else in one that fits.

    If none fits and the height of the frame is not given, the frame becomes as large as cells of this scale need,
    with as few blocks as make it neither narrow nor low.

    Returns:
        The layout, and the canvas that it has to fit.
    """
    canvas, layouts, whole = template.canvas, list[FittedLayout](), with_layout(template, context)
    if not (canvas.width_limit or canvas.height_limit):
        return FittedLayout.lay_out(template, whole.with_scale(scale)), canvas
    plans = rank_plans(template, whole, may_be_fewer=False)
    arranged = [plan.apply(template, context) for plan in plans] or [whole]
    for each in arranged:
        layouts.append(FittedLayout.lay_out(template, each.with_scale(scale)))
        if layouts[-1].fits(canvas):
            return layouts[-1], canvas
    if canvas.height or len(arranged) == 1:
        return layouts[0], canvas
    free = canvas.model_copy(update={"width": None, "max_width": None, "max_height": None})
    larger = replace(template, canvas=free)
    grown = [FittedLayout.lay_out(larger, layout.context) for layout in layouts]

    def rate(layout: FittedLayout) -> tuple[float, int]:
        """How far the aspect is from `ASKED_ASPECT`, as far as it matters, and the number of blocks."""
        distance = abs(log(layout.size.width / layout.size.height / ASKED_ASPECT))
        arrangement = layout.context.arrangement
        return max(distance, HARMLESS_DISTANCE), arrangement.channel_blocks * arrangement.sample_bands

    best = min(grown, key=rate)
    return best, free


def _find_roomy(template: Template, context: SceneContext) -> FittedLayout:
    """The best layout; if nothing fits, or it shows little, a layout with fewer channels or smaller text."""
    canvas, found = template.canvas, list[FittedLayout]()
    for layout in list_layouts(template, context):
        wraps = any(leaf.item.wrap_gap is not None for leaf in walk_leaves(layout.tree))
        least = min(context.px(MIN_CELL_SIZE), canvas.max_cell or MAX_PIXELS) if wraps else 0
        if layout.fits(canvas) and layout.context.cell.size >= least:
            return layout
        if not found and not layout.fits(canvas) and not may_fit(template, context):
            return layout
        found.append(layout)
    fitting = [layout for layout in found if layout.fits(canvas)]
    return max(fitting, key=count_channels, default=found[0])


def may_fit(template: Template, context: SceneContext) -> bool:
    """Whether one of `list_layouts` may fit: the one that shows least, at the smallest scale, tells at once."""
    *_, smallest = shrink(template, context.px(MIN_TEXT))
    least = replace(context, theme=smallest.theme, shows_charts=False, max_channels=1, _field_texts={})
    try:
        if least.samples_spec.show.first is not None:
            least = least.keep_samples(1)
        return has_room(smallest, with_layout(smallest, least))
    except ReelnetError:
        # A panel may name another sample.
        return True


def count_channels(layout: FittedLayout) -> int:
    """How many channels of the scene's layer a layout shows."""
    choice = layout.context.choice
    return 0 if choice is None else len(choice.channels)


def list_layouts(template: Template, context: SceneContext) -> Iterator[FittedLayout]:
    """The best layout, then with fewer channels if they are not named, smaller text, no charts, and fewer samples."""
    for shows_charts in (True, False):
        for smaller in shrink(template, context.px(MIN_TEXT)):
            lesser = replace(context, theme=smaller.theme, shows_charts=shows_charts, _field_texts={})
            best = find_best(smaller, lesser)
            yield best
            choice = best.context.choice
            if choice is None or choice.most is not None:
                continue
            fewer = [each for each in FEWER if each < len(choice.channels)]
            if fewer and has_room(smaller, with_layout(smaller, replace(lesser, max_channels=1))):
                yield from (find_best(smaller, replace(lesser, max_channels=each)) for each in fewer)
    if context.samples_spec.show.first is not None:
        for count in (each for each in FEWER if each < len(context.sample_indices)):
            # A panel may name one of the others.
            with suppress(InvalidTemplate):
                yield find_best(smaller, lesser.keep_samples(count))
    if choice is not None and choice.most is not None:
        with suppress(InvalidTemplate):
            yield find_best(smaller, replace(lesser, max_channels=1))


def shrink(template: Template, min_text: int) -> Iterator[Template]:
    """The template, then with smaller lengths, as long as its text has at least `min_text` pixels."""
    theme = template.theme
    yield template
    for factor in SHRINK_FACTORS:
        text = round(factor * theme.text)
        if text >= min_text:
            title = round(text + factor**2 * (theme.title - theme.text))
            smaller = replace(theme, text=text, title=title, min_text=None)
            scaled = scale_lengths(template, factor)
            # A size that the author gives to a panel is kept, or refused.
            panels = {
                name: panel.model_copy(update={"width": own.width, "height": own.height})
                for (name, panel), own in zip(scaled.panels.items(), template.panels.values(), strict=True)
            }
            yield replace(scaled, theme=smaller, canvas=template.canvas, panels=panels)


def has_room(template: Template, context: SceneContext) -> bool:
    """Whether the layout fits with the smallest cells."""
    smallest = list_scales(template.canvas, context)[0]
    return FittedLayout.lay_out(template, context.with_scale(smallest)).fits(template.canvas)


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
    width = choose_width(tree, template.canvas)
    content = Size(width, tree.preferred_height(width))
    if template.canvas.aspect and _is_encodable(content):
        advice = f"give a ratio nearer to that of its content, {content.width}:{content.height}"
        raise InvalidTemplate([template.source_map.diagnose(("canvas", "aspect"), f"{message}; {advice}")])
    cause = find_largest_length(template, layout.context.density) if is_template_scale else None
    if cause is not None:
        raise InvalidTemplate([template.source_map.diagnose(cause, f"{message}; give a smaller number")])
    layer = layout.context.layer
    raise UsageError(
        f"{message}; give a smaller scale, show fewer channels, or choose another layer than {layer!r} with --layer"
    )


def _is_encodable(size: Size) -> bool:
    """Whether encoders accept frames of this size."""
    return max(size.width, size.height) <= MAX_PIXELS and size.width * size.height <= MAX_FRAME_AREA


def check_room(layout: FittedLayout) -> None:
    """Check that everything fits into its box.

    Raises:
        TemplateError: Something does not fit.
    """
    template = layout.template
    keys: dict[int, KeyPath] = {id(panel): ("panels", name) for name, panel in template.panels.items()}
    keys |= {id(stack.options): stack.path for stack in _walk_stacks(template.layout)}
    errors = ErrorCollector(template.source_map)
    density, to_layout = layout.context.density, layout.context.to_layout
    for part, part_box, needs in find_cramped(layout.tree, layout.box):
        has = f"{part_box.width // density}×{part_box.height // density}"
        message = f"has {has} pixels but needs {to_layout(needs.width)}×{to_layout(needs.height)}; "
        key = keys[id(part)]
        # Point at the size that makes the part too small, if the author gave one.
        if part.width is not None and part_box.width < needs.width:
            key = (*key, "width")
        elif part.height is not None and part_box.height < needs.height:
            key = (*key, "height")
        errors.add(message + "make it or the stack around it larger, or set no size", *key)
    errors.raise_errors()


def find_cause(template: Template, layout: FittedLayout) -> KeyPath:
    """The key of the length that alone exceeds the canvas, or else of the limit of the canvas that is exceeded."""
    canvas, limits = (
        template.canvas,
        {"width": template.canvas.width_limit, "height": template.canvas.height_limit},
    )
    side = "width" if limits["width"] and layout.tree.min_width > limits["width"] else "height"
    lengths = (
        length for length in _find_lengths(template, layout.context.density) if length[0][0] != "canvas"
    )
    along = (length for length in lengths if length[0][-1] not in {*limits} - {side})
    path, pixels = max(along, key=lambda length: length[1], default=((), 0))
    if pixels > max(limits[side] or MAX_PIXELS, layout.context.density * HARMLESS_LENGTH):
        return path
    return "canvas", side if getattr(canvas, side) is not None else f"max_{side}"


def find_largest_length(template: Template, density: int) -> KeyPath | None:
    """The key of the scale, or of the largest length that the template gives; None if every length is harmless.

    Args:
        template: What the author wrote, with lengths in output pixels.
        density: Output pixels per pixel of the layout.
    """
    if template.canvas.scale is not None:
        return "canvas", "scale"
    lengths = _find_lengths(template, density)
    path, pixels = max(lengths, key=lambda length: length[1], default=((), 0))
    return path if pixels > density * HARMLESS_LENGTH else None


def _find_lengths(template: Template, density: int) -> Iterator[tuple[KeyPath, int]]:
    """The lengths of the theme that exceed the default, and all of the canvas, samples, panels and stacks."""
    default = Theme()
    for key in ("cell", "text", "title"):
        pixels = getattr(template.theme, key)
        if pixels is not None and pixels > density * (getattr(default, key) or DEFAULT_CELL_SIZE):
            yield ("theme", key), pixels
    parts: list[tuple[SpecModel, KeyPath]] = [
        (template.canvas, ("canvas",)),
        (template.samples, ("samples",)),
    ]
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
