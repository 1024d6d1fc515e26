"""Boxes, arrows and words on single cells, for a range of training steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from reelnet.compose.canvas import arrow, cover, fill_box, stamp, stroke_box, thickened, write
from reelnet.compose.panels.spans import Span, listed, span, told_positions
from reelnet.compose.text import Type, body, wrapped
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas
from reelnet.template.colour import Colour
from reelnet.template.words import Words

Side = Literal["left", "right", "above", "below"]

OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left", "above": "below", "below": "above"}
OTHERS: dict[Side, tuple[Side, Side]] = {
    "left": ("above", "below"),
    "right": ("above", "below"),
    "above": ("right", "left"),
    "below": ("right", "left"),
}
"""Where words go that have no room on either side of the cell."""

SHADES = 6
"""Of an annotation's colour: arrows are small."""


class SampleAnnotation(Words):
    """A box, an arrow or words on the picture of one sample."""

    id: str | None = Field(
        None, description="A name by which a template that extends this one can change it."
    )
    sample: int = Field(ge=0, description="The sample, counted from 0.")
    from_step: int | None = Field(
        None, ge=0, alias="from", description="First training step; by default the first recorded one."
    )
    to_step: int | None = Field(
        None, ge=0, alias="to", description="Last training step; by default the last recorded one."
    )
    text: str | None = Field(None, min_length=1, max_length=200, description="Words beside the cell.")
    box: bool = Field(True, description="Draw a frame around the cell.")
    arrow: bool = Field(False, description="Draw an arrow from the words to the cell.")
    side: Side = Field(
        "right",
        description="Where the words and the arrow's tail stand; elsewhere if the panel has no room there.",
    )
    color: Colour | None = Field(
        None, description="Colour of frame and arrow; by default the theme's accent."
    )

    @model_validator(mode="after")
    def _shows_something(self) -> SampleAnnotation:
        if not (self.box or self.arrow or self.text):
            raise ValueError("shows nothing; give box, arrow or text")
        if self.from_step is not None and self.to_step is not None and self.to_step < self.from_step:
            raise ValueError(f"ends at step {self.to_step}, before it begins at step {self.from_step}")
        return self

    def column(self, facts: Facts) -> int:
        """The position of its sample among those that are shown.

        Raises:
            ValueError: It is not shown.
        """
        if self.sample not in facts.columns:
            raise ValueError(f"sample {self.sample} is not shown; shown: {told_positions(facts.columns)}")
        return facts.columns.index(self.sample)


class CellAnnotation(SampleAnnotation):
    """A box, an arrow or words on the cell of one channel and one sample."""

    tap: str | None = Field(
        None, description="The layer, needed if several are shown; on other layers nothing is drawn."
    )
    channel: int = Field(ge=0, description="The channel, counted from 0.")


SampleAnnotations = Annotated[tuple[SampleAnnotation, ...], BeforeValidator(listed)]
CellAnnotations = Annotated[tuple[CellAnnotation, ...], BeforeValidator(listed)]


@dataclass(frozen=True)
class Target:
    """An annotation and the cell that it is about."""

    spec: SampleAnnotation
    cell: Box


class Annotations:
    """The annotations of a panel, ready to be drawn over it.

    Args:
        targets: By their number in the template.
        room: The panel; no words stand outside.
        margin: Pixels around the panel that frames may cover.
    """

    def __init__(
        self, targets: dict[int, Target], room: Box, margin: int, facts: Facts, palette: Palette
    ) -> None:
        self._marks = []
        for number, target in targets.items():
            try:
                self._marks.append(Mark(target, room, margin, facts, palette))
            except ValueError as error:
                raise ValueError(f"annotations[{number}]: {error}") from None

    def draw(self, canvas: Canvas, step: int) -> None:
        """Draw those of a training step: all frames, then what lies over them."""
        marks = [mark for mark in self._marks if step in mark.span]
        for mark in marks:
            mark.draw_frame(canvas)
        for mark in marks:
            mark.draw_words(canvas)


class Mark:
    """One annotation in its place."""

    def __init__(self, target: Target, room: Box, margin: int, facts: Facts, palette: Palette) -> None:
        theme, self._spec, self._cell = facts.theme, target.spec, target.cell
        self.span: Span = span(target.spec.from_step, target.spec.to_step, facts.steps)
        self._room, self._margin, self._style = room, margin, body(theme)
        self._line = 3 if target.cell.width >= 40 else 2
        colour = target.spec.color or theme.accent
        self._colour = palette.ramp(colour, theme.background, SHADES)
        self._ink = palette.ramp(theme.ink, theme.background)
        self._paper = palette.ramp(theme.background, theme.background, 1)
        self._words = lines(target.spec.text, room.width, self._style)
        self._label, self._side = self._stand()

    @property
    def outset(self) -> int:
        """Pixels from the cell to the outer edge of a frame around it: colour between two lines of paper."""
        return self._line + 2

    def _stand(self) -> tuple[Box, Side | None]:
        """Where the words stand, and on which side of the cell; None if they have room only over it."""
        spec, size = self._spec, extent(self._words, self._style)
        if size[0] > self._room.width or size[1] > self._room.height:
            raise ValueError(
                f"text: needs {size[0]}×{size[1]} pixels, more than the {self._room.width}×{self._room.height} "
                "of its panel; shorten it"
            )
        apart = self.outset + (round(2.25 * self._style.size) if spec.arrow else self._style.size // 3)
        for side in (spec.side, OPPOSITE[spec.side], *OTHERS[spec.side]):
            label = beside(self._cell, side, apart, size)
            slid = within(label, self._room)
            if (slid.x == label.x) if side in ("left", "right") else (slid.y == label.y):
                return slid, side
        if not self._words and spec.arrow and not spec.box:
            raise ValueError("arrow: has no room on any side of the cell")
        return within(beside(self._cell, spec.side, apart, size), self._room), None

    def draw_frame(self, canvas: Canvas) -> None:
        """Draw the frame around the cell, or inside it where there is no room."""
        if not self._spec.box:
            return
        outer, room = self._cell.grown(self.outset), self._room.grown(self._margin)
        around = (
            min(outer.x - room.x, outer.y - room.y, outer.x, outer.y) >= 0
            and outer.right <= min(room.right, canvas.shape[1])
            and outer.bottom <= min(room.bottom, canvas.shape[0])
        )
        outer = outer if around else self._cell
        stroke_box(canvas, outer, self.outset, self._paper)
        stroke_box(canvas, outer.grown(-1), self._line, self._colour)

    def draw_words(self, canvas: Canvas) -> None:
        """Draw the arrow, and the words on a patch of paper."""
        if self._spec.arrow and self._side is not None:
            self._draw_arrow(canvas, self._side)
        if not self._words:
            return
        patch = self._label
        fill_box(canvas, patch, self._paper)
        stroke_box(canvas, patch.grown(-1), 1, self._colour)
        across, down = padding(self._style)
        x, y = patch.x + across, patch.y + down
        for number, line in enumerate(self._words):
            write(canvas, line, self._ink, x, y + number * self._style.line, self._style)

    def _draw_arrow(self, canvas: Canvas, side: Side) -> None:
        cell, label, reach = self._cell, self._label, self.outset + 1
        length = {
            "right": label.x - cell.right,
            "left": cell.x - label.right,
            "below": label.y - cell.bottom,
            "above": cell.y - label.bottom,
        }[side] - reach
        width = max(2, round(self._style.size / 6))
        mask = arrow(length, width, max(8, round(0.75 * self._style.size)), OPPOSITE[side])
        height, across = mask.shape
        middle = cell.x + (cell.width - across) // 2, cell.y + (cell.height - height) // 2
        x, y = {
            "right": (cell.right + reach, middle[1]),
            "left": (label.right, middle[1]),
            "below": (middle[0], cell.bottom + reach),
            "above": (middle[0], label.bottom),
        }[side]
        cover(canvas, thickened(mask), self._paper, x - 1, y - 1)
        stamp(canvas, mask, self._colour, x, y)


def lines(text: str | None, width: int, style: Type) -> list[str]:
    """The words in lines of some 16 ems at the most, less where the panel is narrower."""
    if text is None:
        return []
    return wrapped(text, min(16 * style.size, width - 2 * padding(style)[0]), style)


def extent(words: Sequence[str], style: Type) -> tuple[int, int]:
    """Width and height of the patch under the words: paper, a line of colour, and paper around it."""
    if not words:
        return 0, 0
    across, down = padding(style)
    return max(style.width(line) for line in words) + 2 * across, len(words) * style.line + 2 * down


def padding(style: Type) -> tuple[int, int]:
    """Pixels from the patch's edge to the words, across and down; two of them are the lines around it."""
    return 2 + round(0.4 * style.size), 2 + round(style.size / 6)


def beside(cell: Box, side: Side, apart: int, size: tuple[int, int]) -> Box:
    """A box of a size beside a cell, in the middle of its side."""
    x, y = cell.x + (cell.width - size[0]) // 2, cell.y + (cell.height - size[1]) // 2
    match side:
        case "left":
            x = cell.x - apart - size[0]
        case "right":
            x = cell.right + apart
        case "above":
            y = cell.y - apart - size[1]
        case "below":
            y = cell.bottom + apart
    return Box(x, y, *size)


def within(box: Box, room: Box) -> Box:
    """The box, moved into the room; it must not be larger."""
    x = max(room.x, min(box.x, room.right - box.width))
    y = max(room.y, min(box.y, room.bottom - box.height))
    return Box(x, y, box.width, box.height)
