"""What is as it was in the frame before is copied, not drawn again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from reelnet.scene.facts import Moment
from reelnet.scene.layout import Box
from reelnet.scene.panel import Canvas, Drawing, Resting


class Kept:
    """A drawing that rests, with the pixels of its box as they were last; nothing else may draw there."""

    def __init__(self, drawing: Resting, box: Box) -> None:
        self._drawing, self._box = drawing, box
        self._last: tuple[Hashable, Canvas] | None = None

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what is the same in every frame."""
        self._drawing.draw_still(canvas)

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Draw what a frame shows, or copy it."""
        box, state, last = self._box, self._drawing.state(moment), self._last
        region = canvas[box.y : box.bottom, box.x : box.right]
        if last is not None and last[0] == state:
            region[...] = last[1]
            return
        self._drawing.draw(canvas, moment)
        self._last = state, region.copy()


def kept(drawings: Sequence[Drawing], boxes: Sequence[Box]) -> list[Drawing]:
    """The drawings, of which those that rest and are alone in their boxes keep what they drew."""
    return [
        Kept(drawing, box) if isinstance(drawing, Resting) and alone(number, boxes) else drawing
        for number, (drawing, box) in enumerate(zip(drawings, boxes, strict=True))
    ]


def alone(number: int, boxes: Sequence[Box]) -> bool:
    """Whether no other box, with the hairline around it, reaches into one."""
    own = boxes[number]
    others = (each.grown(1) for place, each in enumerate(boxes) if place != number)
    return not any(
        max(own.x, each.x) < min(own.right, each.right) and max(own.y, each.y) < min(own.bottom, each.bottom)
        for each in others
    )
