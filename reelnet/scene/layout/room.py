"""The lengths that a template gives, and which of them can have made a frame too large.

Whether all parts of a layout have the room that they need, where the author fixed sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reelnet.config.diagnostics import KeyPath, raise_diagnostics
from reelnet.config.spec import SpecModel
from reelnet.scene.layout.boxes import Box, Group, Leaf, Size
from reelnet.scene.layout.measure import Tree
from reelnet.scene.layout.placement import inside
from reelnet.scene.panel import Panel
from reelnet.scene.tap_view import DEFAULT_CELL_SIZE
from reelnet.template.model import Stack, StackSpec, Template
from reelnet.template.theme import Theme

PLENTY = 100
"""Pixels below which a length alone makes no frame too large."""


def longest(template: Template) -> KeyPath | None:
    """The key of the scale, or else of the greatest length, that makes the frame as large as it is."""
    if template.canvas.scale is not None:
        return "canvas", "scale"
    found = [*of_theme(template), *of_parts(template)]
    path, pixels = max(found, key=lambda each: each[1], default=((), 0))
    return path if pixels > PLENTY else None


def of_theme(template: Template) -> Iterator[tuple[KeyPath, int]]:
    """The theme's lengths that are greater than usual."""
    usual = Theme()
    for key in ("cell", "text", "title"):
        pixels = getattr(template.theme, key)
        if pixels is not None and pixels > (getattr(usual, key) or DEFAULT_CELL_SIZE):
            yield ("theme", key), pixels


def of_parts(template: Template) -> Iterator[tuple[KeyPath, int]]:
    """Those of the canvas, of stacks and of panels."""
    yield from written(template.canvas, ("canvas",))
    for name, panel in template.panels.items():
        yield from written(panel, ("panels", name))
    yield from of_stack(template.layout)


def of_stack(stack: Stack) -> Iterator[tuple[KeyPath, int]]:
    """Those of a stack and of all within."""
    yield from written(stack.options, stack.path)
    for item in stack.items:
        if isinstance(item, Stack):
            yield from of_stack(item)


def written(part: SpecModel, path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
    """The whole numbers that an author gave in one part."""
    for name in part.model_fields_set:
        value, alias = getattr(part, name), type(part).model_fields[name].alias
        if isinstance(value, int) and not isinstance(value, bool):
            yield (*path, alias or name), value


@dataclass(frozen=True)
class Cramped:
    """A panel, or a stack by its options, in a box that is too small for it."""

    part: Panel | StackSpec
    box: Box
    needs: Size


def cramped(node: Tree, box: Box) -> Iterator[Cramped]:
    """What has too little room when the layout stands in a box; of a stack, what within it has."""
    if isinstance(node, Group):
        boxes = inside(node, box)
        within = [
            found for item, each in zip(node.items, boxes, strict=True) for found in cramped(item, each)
        ]
        yield from within
        if within:
            return
    needs = node.needs(box.width)
    shrinks = isinstance(node, Leaf) and node.item.can_shrink
    least = Size(1, 1) if shrinks else needs
    if box.width < least.width or box.height < least.height:
        yield Cramped(node.item if isinstance(node, Leaf) else node.style, box, needs)


def require_room(template: Template, tree: Tree, box: Box) -> None:
    """Make sure that everything fits into its box.

    Raises:
        TemplateError: Something does not; with the pixels that it needs.
    """
    names: dict[int, KeyPath] = {id(panel): ("panels", name) for name, panel in template.panels.items()}
    known = {**names, **paths(template.layout)}
    raise_diagnostics(
        template.source_map.diagnose(
            (*known[id(found.part)], *too_small(found)),
            f"has {found.box.width}×{found.box.height} pixels but needs {found.needs.width}×{found.needs.height}; "
            "give more width or height to it, or to the stack around it, or leave them out",
        )
        for found in cramped(tree, box)
    )


def too_small(found: Cramped) -> KeyPath:
    """The key by which the author gave a part too little room, if it is one of its own."""
    if found.part.width is not None and found.box.width < found.needs.width:
        return ("width",)
    return ("height",) if found.part.height is not None and found.box.height < found.needs.height else ()


def paths(stack: Stack) -> dict[int, KeyPath]:
    """The place in the file of each stack, by the identity of its options."""
    found = {id(stack.options): stack.path}
    for item in stack.items:
        if isinstance(item, Stack):
            found |= paths(item)
    return found
