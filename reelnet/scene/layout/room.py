"""Whether every part of a layout has enough room, and which length is at fault if a frame is too large."""

from __future__ import annotations

from collections.abc import Iterator

from reelnet.config.diagnostics import ErrorCollector, KeyPath
from reelnet.config.spec import SpecModel
from reelnet.scene.layout.boxes import Box, Group, Leaf, Size, place_children
from reelnet.scene.layout.measure import LayoutTree
from reelnet.scene.panel import Panel
from reelnet.scene.tap_view import DEFAULT_CELL_SIZE
from reelnet.template.model import Stack, StackSpec, Template
from reelnet.template.theme import Theme

HARMLESS_LENGTH = 100
"""Pixels; a length up to this size never makes a frame too large."""


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
