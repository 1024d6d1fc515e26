"""Whether every part of a layout has enough room, and which length is at fault if a frame is too large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reelnet.config.diagnostics import KeyPath, raise_diagnostics
from reelnet.config.spec import SpecModel
from reelnet.scene.layout.boxes import Box, Group, Leaf, Size, place_children
from reelnet.scene.layout.measure import LayoutTree
from reelnet.scene.panel import Panel
from reelnet.scene.tap_view import DEFAULT_CELL_SIZE
from reelnet.template.model import Stack, StackSpec, Template
from reelnet.template.theme import Theme

HARMLESS_LENGTH = 100
"""Pixels; a length up to this size never makes a frame too large."""


@dataclass(frozen=True)
class CrampedPart:
    """A part of the layout in a box that is too small for it.

    Attributes:
        part: The panel, or the options of the stack.
        box: Its box.
        needs: What it needs at the width of the box.
    """

    part: Panel | StackSpec
    box: Box
    needs: Size

    @property
    def own_key(self) -> KeyPath:
        """The key of the part that makes it too small; empty if the cause is elsewhere."""
        if self.part.width is not None and self.box.width < self.needs.width:
            return ("width",)
        return ("height",) if self.part.height is not None and self.box.height < self.needs.height else ()


def find_cramped(node: LayoutTree, box: Box) -> Iterator[CrampedPart]:
    """The parts with too little room if the layout has this box; the innermost ones."""
    if isinstance(node, Group):
        boxes = place_children(node, box)
        inner = [
            part
            for item, item_box in zip(node.items, boxes, strict=True)
            for part in find_cramped(item, item_box)
        ]
        yield from inner
        if inner:
            return
    needs = node.min_content(box.width)
    can_shrink = isinstance(node, Leaf) and node.item.can_shrink
    minimum = Size(1, 1) if can_shrink else needs
    if box.width < minimum.width or box.height < minimum.height:
        yield CrampedPart(node.item if isinstance(node, Leaf) else node.options, box, needs)


def check_room(template: Template, tree: LayoutTree, box: Box) -> None:
    """Check that everything fits into its box.

    Raises:
        TemplateError: Something does not fit.
    """
    keys: dict[int, KeyPath] = {id(panel): ("panels", name) for name, panel in template.panels.items()}
    keys |= {id(stack.options): stack.path for stack in _walk_stacks(template.layout)}
    raise_diagnostics(
        template.source_map.diagnose(
            (*keys[id(cramped.part)], *cramped.own_key),
            f"has {cramped.box.width}×{cramped.box.height} pixels but needs "
            f"{cramped.needs.width}×{cramped.needs.height}; make it or the stack around it larger, or set no size",
        )
        for cramped in find_cramped(tree, box)
    )


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
