"""Whether all parts of a layout have the room that they need, where the author fixed sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reelnet.scene.layout import Box, Group, Leaf, Size
from reelnet.scene.measure import Tree
from reelnet.scene.panel import Panel
from reelnet.scene.placing import inside
from reelnet.template.misfit import Path
from reelnet.template.mistakes import raise_all
from reelnet.template.spec import Stack, StackSpec, Template


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
    shrinks = isinstance(node, Leaf) and node.item.shrinks
    least = Size(1, 1) if shrinks else needs
    if box.width < least.width or box.height < least.height:
        yield Cramped(node.item if isinstance(node, Leaf) else node.style, box, needs)


def require_room(template: Template, tree: Tree, box: Box) -> None:
    """Make sure that everything fits into its box.

    Raises:
        TemplateError: Something does not; with the pixels that it needs.
    """
    names: dict[int, Path] = {id(panel): ("panels", name) for name, panel in template.panels.items()}
    known = {**names, **paths(template.layout)}
    raise_all(
        template.places.mistake(
            (*known[id(found.part)], *too_small(found)),
            f"has {found.box.width}×{found.box.height} pixels but needs {found.needs.width}×{found.needs.height}; "
            "give more width or height to it, or to the stack around it, or leave them out",
        )
        for found in cramped(tree, box)
    )


def too_small(found: Cramped) -> Path:
    """The key by which the author gave a part too little room, if it is one of its own."""
    if found.part.width is not None and found.box.width < found.needs.width:
        return ("width",)
    return ("height",) if found.part.height is not None and found.box.height < found.needs.height else ()


def paths(stack: Stack) -> dict[int, Path]:
    """The place in the file of each stack, by the identity of its options."""
    found = {id(stack.options): stack.path}
    for item in stack.items:
        if isinstance(item, Stack):
            found |= paths(item)
    return found
