"""Callouts: the frames, arrows and texts of annotations, drawn over the cells of a panel and beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, replace

from reelnet.config.diagnostics import ErrorCollector, OptionError, error_context
from reelnet.render.canvas import dilate_mask, fill_box, fill_mask, rasterize_arrow, stamp, stroke_box, write
from reelnet.render.panels.annotations.annotation import SampleAnnotation, Side, margin_gap, wrap_note
from reelnet.render.panels.annotations.captions import StepRange, resolve_step_range
from reelnet.render.typography import body_style, wrap_text
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas

OPPOSITE_SIDE: dict[Side, Side] = {"left": "right", "right": "left", "above": "below", "below": "above"}
ADJACENT_SIDES: dict[Side, tuple[Side, Side]] = {
    "left": ("above", "below"),
    "right": ("above", "below"),
    "above": ("right", "left"),
    "below": ("right", "left"),
}
"""The sides to try for a text that fits neither on its side nor on the opposite one."""

SHADES = 6
"""Shades of an annotation's color; arrows are small, so few are enough."""


@dataclass(frozen=True)
class MarginNote:
    """A text in the margin.

    Attributes:
        steps: The steps at which it is shown.
        rows: Rows of the canvas in which the line to its cell may run; the first one is preferred.
        height: Height of all its lines in pixels.
        top: The row in which the text begins.
    """

    steps: StepRange
    rows: tuple[int, ...]
    height: int
    top: int = 0

    @property
    def row(self) -> int:
        """The row in which the line runs; ideally the middle of the text."""
        return self.rows[0]

    @property
    def bottom(self) -> int:
        """First row below the text."""
        return self.top + self.height


def assign_line_rows(notes: Sequence[MarginNote]) -> list[MarginNote]:
    """Give each note a row for its line that no earlier note uses at the same steps, if it has one."""
    assigned: list[MarginNote] = []
    for note in notes:
        used = {each.row for each in assigned if each.steps.overlaps(note.steps)}
        free = [row for row in note.rows if row not in used]
        assigned.append(replace(note, rows=(*free, *note.rows)[:1]))
    return assigned


def stack_notes(notes: Sequence[MarginNote], top: int, bottom: int, gap: int) -> list[MarginNote]:
    """Place each note as near to its cell as the other notes of the same steps allow.

    The first pass, from the top down, moves notes down to clear the ones above them. The second pass, from the
    bottom up, moves them back up if space runs out.

    Args:
        notes: In any order.
        top: First row of the margin.
        bottom: First row below the margin.
        gap: Pixels between two notes.

    Raises:
        ValueError: The notes that are shown together do not fit.
    """
    order = sorted(range(len(notes)), key=lambda number: notes[number].row)
    lowered: dict[int, MarginNote] = {}
    for number in order:
        note = notes[number]
        taken = [each.bottom + gap for each in lowered.values() if each.steps.overlaps(note.steps)]
        lowered[number] = replace(note, top=max([top, note.row - note.height // 2, *taken]))
    stacked: dict[int, MarginNote] = {}
    for number in reversed(order):
        note = lowered[number]
        taken = [each.top - gap - note.height for each in stacked.values() if each.steps.overlaps(note.steps)]
        stacked[number] = replace(note, top=min([bottom - note.height, note.top, *taken]))
    highest = min((note.top for note in stacked.values()), default=top)
    if highest < top:
        raise ValueError(
            f"the texts in the margin need {top - highest} pixels more than the {bottom - top} of their panel; "
            "shorten them, show them at different steps, or choose another side"
        )
    return [stacked[number] for number in range(len(notes))]


class Callouts:
    """The annotations of a panel, ready to be drawn over it.

    Args:
        targets: Annotations with the boxes of their cells, by their number in the template.
        area: The panel without its margin; texts next to cells stay inside.
        bleed: Pixels around the panel that frames may cover.
        context: The run.
        palette: Where inks come from.

    Raises:
        OptionError: An annotation does not fit.
    """

    def __init__(
        self,
        targets: Mapping[int, tuple[SampleAnnotation, Box]],
        area: Box,
        bleed: int,
        context: SceneContext,
        palette: PaletteBuilder,
    ) -> None:
        self._callouts: list[Callout] = []
        errors = ErrorCollector()
        for number, (spec, cell) in targets.items():
            with errors.collect("annotations", number):
                kind = MarginCallout if spec.in_margin else AdjacentCallout
                self._callouts.append(kind(spec, cell, area, area.expand(bleed), context, palette))
        errors.raise_errors()
        in_margin = [each for each in self._callouts if isinstance(each, MarginCallout)]
        notes = assign_line_rows([callout.note for callout in in_margin])
        with error_context("annotations"):
            gap = body_style(context.theme).line_height // 2
            notes = stack_notes(notes, area.y, area.bottom, gap)
        for callout, note in zip(in_margin, notes, strict=True):
            callout.note = note

    def draw(self, canvas: Canvas, step: int) -> None:
        """Draw the annotations of a training step: lines to the margin below all frames, texts on top."""
        callouts = [each for each in self._callouts if step in each.steps]
        for callout in callouts:
            callout.clear_frame(canvas)
        for callout in callouts:
            callout.draw_line(canvas)
        for callout in callouts:
            callout.draw_frame(canvas)
        for callout in callouts:
            callout.draw_text(canvas)


@dataclass
class Callout:
    """One annotation: what all of them have in common.

    Attributes:
        spec: What the author wrote.
        cell: The box of the cell.
        area: The panel without its margin.
        frame_area: The box that frames stay in.
        context: The run.
        palette: Where inks come from.
    """

    spec: SampleAnnotation
    cell: Box
    area: Box
    frame_area: Box
    context: SceneContext
    palette: InitVar[PaletteBuilder]

    def __post_init__(self, palette: PaletteBuilder) -> None:
        theme, self.style = self.context.theme, body_style(self.context.theme)
        self.steps = resolve_step_range(self.spec.from_step, self.spec.to_step, self.context.steps)
        px = self.context.px
        self._hairline, self._stroke_width = px(1), px(3 if self.cell.width >= px(40) else 2)
        self.color = palette.ramp(self.spec.color or theme.accent, theme.background, SHADES)
        self.ink = palette.ramp(theme.ink, theme.background)
        self.background = palette.ramp(theme.background, theme.background, 1)

    @property
    def frame_width(self) -> int:
        """Pixels from the cell to the outer edge of its frame: the color between two lines of background."""
        return self._stroke_width + 2 * self._hairline

    def frame_box(self, canvas: Canvas) -> Box:
        """The frame around the cell, or inside it if there is no space; the cell itself without a frame."""
        outer, area = self.cell.expand(self.frame_width), self.frame_area
        fits = (
            min(outer.x - area.x, outer.y - area.y, outer.x, outer.y) >= 0
            and outer.right <= min(area.right, canvas.shape[1])
            and outer.bottom <= min(area.bottom, canvas.shape[0])
        )
        return outer if fits and self.spec.box else self.cell

    def clear_frame(self, canvas: Canvas) -> None:
        """Draw the background on both sides of the frame."""
        if self.spec.box:
            stroke_box(canvas, self.frame_box(canvas), self.frame_width, self.background)

    def draw_line(self, canvas: Canvas) -> None:
        """Draw the line from the cell to the margin, if there is one."""

    def draw_frame(self, canvas: Canvas) -> None:
        """Draw the frame."""
        if self.spec.box:
            stroke_box(canvas, self.frame_box(canvas).expand(-self._hairline), self._stroke_width, self.color)

    def draw_text(self, canvas: Canvas) -> None:
        """Draw the arrow and the text."""

    def draw_arrow(self, canvas: Canvas, side: Side, x: int, y: int, length: int) -> None:
        """Draw an arrow on one side of the cell that points at it, surrounded by background.

        Args:
            canvas: Where to draw.
            side: Side of the cell.
            x: Left edge of a horizontal arrow, middle of a vertical one.
            y: Middle of a horizontal arrow, top edge of a vertical one.
            length: Pixels from tail to tip.
        """
        stroke_width = max(self.context.px(2), round(self.style.size / 6))
        head_length = max(self.context.px(8), round(0.75 * self.style.size))
        mask = rasterize_arrow(length, stroke_width, head_length, OPPOSITE_SIDE[side])
        height, width = mask.shape
        x, y = (x, y - height // 2) if side in ("left", "right") else (x - width // 2, y)
        margin = self._hairline
        fill_mask(canvas, dilate_mask(mask, margin), self.background, x - margin, y - margin)
        stamp(canvas, mask, self.color, x, y)


class MarginCallout(Callout):
    """A text in the margin; the line to its cell runs between two rows of cells, where it hides little."""

    def __post_init__(self, palette: PaletteBuilder) -> None:
        super().__post_init__(palette)
        self._lines = wrap_note(self.spec.text or "", self.style)
        cell, area, height = self.cell, self.area, len(self._lines) * self.style.line_height
        rows = (cell.y + cell.height // 2,) * 2 if self.spec.arrow else (cell.bottom, cell.y)
        # A cell in the lower half prefers its upper edge: the text then has space on both sides of the line.
        in_lower_half = cell.y + cell.bottom > area.y + area.bottom
        self.note = MarginNote(self.steps, rows[::-1] if in_lower_half else rows, height)

    @property
    def _bend_x(self) -> int:
        """Where the line leaves its row if the text was moved: halfway between the cells and the text."""
        return self.area.right + margin_gap(self.style) // 2

    def _line_start(self, canvas: Canvas) -> int:
        """Where the line begins: at the cell, at its frame, or behind the tip of its arrow."""
        right = self.frame_box(canvas).right
        return right + self.style.size // 2 if self.spec.arrow else right - self.spec.box * self._hairline

    def draw_line(self, canvas: Canvas) -> None:
        """Draw the line with background above and below it."""
        style, row, start, bend = self.style, self.note.row, self._line_start(canvas), self._bend_x
        half, width, margin = (
            style.line_height // 2,
            max(self.context.px(2), style.size // 10),
            self._hairline,
        )
        end = max(self.note.top + half, min(row, self.note.bottom - half))
        clearing = Box(start, row - width // 2 - margin, self.area.right - start, width + 2 * margin)
        fill_box(canvas, clearing, self.background)
        for part in (
            Box(start, row - width // 2, bend + width - start, width),
            Box(bend, min(row, end) - width // 2, width, abs(end - row) + width),
            Box(bend, end - width // 2, bend - self.area.right - style.size // 3, width),
        ):
            fill_box(canvas, part, self.color)

    def draw_text(self, canvas: Canvas) -> None:
        """Draw the tip of the arrow at the cell, and the text in the margin."""
        style, left = self.style, self.area.right + margin_gap(self.style)
        if self.spec.arrow:
            start = self.frame_box(canvas).right + self._hairline
            self.draw_arrow(canvas, "right", start, self.note.row, max(self._bend_x - start, style.size))
        for number, line in enumerate(self._lines):
            write(canvas, line, self.ink, left, self.note.top + number * style.line_height, style)


class AdjacentCallout(Callout):
    """A text on a patch of background next to its cell, or only a frame or an arrow."""

    def __post_init__(self, palette: PaletteBuilder) -> None:
        super().__post_init__(palette)
        style = self.style
        # Pixels from the edge of the patch to the text; two of them are the line around it.
        border = 2 * self._hairline
        self._padding = border + round(0.4 * style.size), border + round(style.size / 6)
        width = min(16 * style.size, self.area.width - 2 * self._padding[0])
        self._lines = wrap_text(self.spec.text, width, style) if self.spec.text is not None else []
        self._patch, self._side = self._place_patch()

    def _patch_size(self) -> tuple[int, int]:
        """Width and height of the patch; zero without a text."""
        if not self._lines:
            return 0, 0
        across, down = self._padding
        width = max(self.style.width(line) for line in self._lines)
        return width + 2 * across, len(self._lines) * self.style.line_height + 2 * down

    def _place_patch(self) -> tuple[Box, Side | None]:
        """The patch, and its side of the cell; None if it fits only on top of the cell."""
        spec, size = self.spec, self._patch_size()
        if size[0] > self.area.width or size[1] > self.area.height:
            needed, room = map(self.context.format_size, (size, (self.area.width, self.area.height)))
            raise OptionError(
                f"needs {needed} pixels, more than the {room} of its panel; shorten it",
                "text",
            )
        gap = self.frame_width + (round(2.25 * self.style.size) if spec.arrow else self.style.size // 3)
        preferred: Side = "right" if spec.side == "margin" else spec.side
        for side in (preferred, OPPOSITE_SIDE[preferred], *ADJACENT_SIDES[preferred]):
            patch = place_beside(self.cell, side, gap, size)
            moved = move_inside(patch, self.area)
            if (moved.x == patch.x) if side in ("left", "right") else (moved.y == patch.y):
                return moved, side
        if not self._lines and spec.arrow and not spec.box:
            raise OptionError("does not fit on any side of the cell", "arrow")
        return move_inside(place_beside(self.cell, preferred, gap, size), self.area), None

    def draw_text(self, canvas: Canvas) -> None:
        """Draw the arrow, and the text on its patch."""
        if self.spec.arrow and self._side is not None:
            self._draw_arrow_to_cell(canvas, self._side)
        if not self._lines:
            return
        fill_box(canvas, self._patch, self.background)
        stroke_box(canvas, self._patch.expand(-self._hairline), self._hairline, self.color)
        x, y = self._patch.x + self._padding[0], self._patch.y + self._padding[1]
        for number, line in enumerate(self._lines):
            write(canvas, line, self.ink, x, y + number * self.style.line_height, self.style)

    def _draw_arrow_to_cell(self, canvas: Canvas, side: Side) -> None:
        cell, patch, gap = self.cell, self._patch, self.frame_width + self._hairline
        x, y = cell.x + cell.width // 2, cell.y + cell.height // 2
        x, y, length = {
            "right": (cell.right + gap, y, patch.x - cell.right),
            "left": (patch.right, y, cell.x - patch.right),
            "below": (x, cell.bottom + gap, patch.y - cell.bottom),
            "above": (x, patch.bottom, cell.y - patch.bottom),
        }[side]
        self.draw_arrow(canvas, side, x, y, length - gap)


def place_beside(cell: Box, side: Side, gap: int, size: tuple[int, int]) -> Box:
    """A box of a given size next to a cell, centered on that side."""
    x, y = cell.x + (cell.width - size[0]) // 2, cell.y + (cell.height - size[1]) // 2
    match side:
        case "left":
            x = cell.x - gap - size[0]
        case "right":
            x = cell.right + gap
        case "above":
            y = cell.y - gap - size[1]
        case "below":
            y = cell.bottom + gap
    return Box(x, y, *size)


def move_inside(box: Box, area: Box) -> Box:
    """Move a box into an area that is at least as large."""
    x = max(area.x, min(box.x, area.right - box.width))
    y = max(area.y, min(box.y, area.bottom - box.height))
    return Box(x, y, box.width, box.height)
