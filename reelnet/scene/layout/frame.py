"""A layout in its frame: how large the frame is, where the layout is in it, and whether everything has room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reelnet.errors import TemplateError
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Group, Leaf, Size, place_children
from reelnet.scene.layout.measure import LayoutTree, measure_layout
from reelnet.scene.layout.snap import SnapGrid
from reelnet.scene.panel import Panel
from reelnet.template.model import CanvasSpec, StackSpec, Template


@dataclass(frozen=True)
class FittedLayout:
    """A layout in its frame.

    Attributes:
        template: The template, with the lengths that it has in this frame.
        context: The context with cells of the final size.
        tree: The panels of the layout with their sizes.
        size: Size of the frame; both sides are even, as video requires.
        box: The box of the layout in the frame.
    """

    template: Template
    context: SceneContext
    tree: LayoutTree
    size: Size
    box: Box

    @classmethod
    def lay_out(cls, template: Template, context: SceneContext) -> FittedLayout:
        """The layout with cells of the context's size: centered in the frame, or filling it if the layout grows.

        Raises:
            TemplateError: The layout is empty, or options of panels do not fit the run.
        """
        tree, canvas = measure_layout(template, context), template.canvas
        if tree is None:
            raise TemplateError(
                f"template {template.name!r}: the run has nothing to show in any of its panels"
            )
        width = choose_width(tree, canvas)
        height = tree.preferred_height(width)
        if canvas.aspect:
            across, down = map(int, canvas.aspect.split(":"))
            frame_width, frame_height = max(width, height * across / down), max(height, width * down / across)
            size = Size(_round_up_even(frame_width), _round_up_even(frame_height))
        else:
            frame_height = max(height, canvas.min_height or 0)
            size = Size(canvas.width or _round_up_even(width), canvas.height or _round_up_even(frame_height))
        if tree.grow:
            return cls(template, context, tree, size, Box(0, 0, size.width, size.height))
        grid = context.grid if tree.snaps else SnapGrid(1)
        x, y = grid.center(size.width - width), grid.center(size.height - height)
        return cls(template, context, tree, size, Box(x, y, width, height))

    def fits(self, canvas: CanvasSpec) -> bool:
        """Whether the layout and each of its parts have enough room."""
        return not self.describe_overflow(canvas) and not any(find_cramped(self.tree, self.box))

    def describe_overflow(self, canvas: CanvasSpec) -> str | None:
        """Say by how many pixels the layout is too large, and what would help; None if it fits."""
        tree, max_width, max_height = self.tree, canvas.width_limit, canvas.height_limit
        width = max(choose_width(tree, canvas), tree.min_width)
        too_wide = tree.min_width - max_width if max_width else 0
        too_tall = tree.preferred_height(width) - max_height if max_height else 0
        to_layout = self.context.to_layout
        missing = [f"{to_layout(too_wide)} pixels too wide"] * (too_wide > 0)
        missing += [f"{to_layout(too_tall)} pixels too tall"] * (too_tall > 0)
        if not missing:
            return None
        scale = self.context.cell.scale
        smaller = "give a smaller scale, " if scale > 1 else ""
        limits = (str(to_layout(limit)) if limit else "any" for limit in (max_width, max_height))
        return (
            f"the layout is {' and '.join(missing)} for {'×'.join(limits)} at scale {scale}; "
            f"{smaller}show fewer channels or samples, shorten texts, or give a larger canvas"
        )


def choose_width(tree: LayoutTree, canvas: CanvasSpec) -> int:
    """The width of a layout in its canvas, in pixels."""
    if canvas.width and tree.grow:
        return canvas.width
    return min(tree.natural_width, canvas.width_limit) if canvas.width_limit else tree.natural_width


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


def _round_up_even(length: float) -> int:
    """The next even integer."""
    return -(-int(-(-length // 1)) // 2) * 2
