"""The room right of a panel's cells where words about single cells stand, hiding none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.panels.annotations.annotation import SampleAnnotation
from reelnet.render.panels.annotations.captions import Span, span
from reelnet.render.typography import TextStyle, body_style, wrap_text
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Measure, Size

EMS = 12
"""Of the longest line."""


@dataclass(frozen=True)
class Note:
    """Words in the margin.

    Attributes:
        span: The steps at which they are shown.
        rows: Of the canvas, where the line to their cell may run; the first is the better one.
        height: Of all lines, in pixels.
        top: The row where they begin.
    """

    span: Span
    rows: tuple[int, ...]
    height: int
    top: int = 0

    @property
    def row(self) -> int:
        """Where the line runs; the words would stand in the middle of it."""
        return self.rows[0]

    @property
    def bottom(self) -> int:
        """First row after the words."""
        return self.top + self.height

    def meets(self, other: Note) -> bool:
        """Whether there is a step at which both are shown."""
        return self.span.first <= other.span.last and other.span.first <= self.span.last


def lead(style: TextStyle) -> int:
    """Pixels from the cells to the words."""
    return round(1.5 * style.size)


def lines(text: str, style: TextStyle) -> list[str]:
    """Words as the margin shows them."""
    return wrap_text(text, EMS * style.size, style)


def extent(annotation: SampleAnnotation, context: SceneContext) -> Size:
    """Of the words that an annotation has in the margin; nothing if it has none there.

    Raises:
        ValueError: A word is too long for a margin.
    """
    if not annotation.apart:
        return Size(0, 0)
    style = body_style(context.theme)
    found = lines(annotation.text or "", style)
    longest = max(style.width(line) for line in found)
    if longest > 2 * EMS * style.size:
        raise ValueError(f"needs {longest} pixels, a margin has {2 * EMS * style.size}; shorten it")
    return Size(longest, len(found) * style.line_height)


def check(annotation: SampleAnnotation, context: SceneContext) -> None:
    """Make sure that an annotation's sample and steps exist, and that its words can be written.

    Raises:
        OptionError: Something of it does not fit the run.
    """
    errors = ErrorCollector()
    with errors.collect("sample"):
        annotation.column(context)
    with errors.collect():
        span(annotation.from_step, annotation.to_step, context.steps)
    with errors.collect("text"):
        body_style(context.theme).width(annotation.text or "")
        extent(annotation, context)
    errors.raise_errors()


def measured(cells: Size, annotations: Iterable[SampleAnnotation], context: SceneContext) -> Measure:
    """What a panel needs for its cells and, if there are words for it, the margin."""
    words = [extent(each, context) for each in annotations if each.apart]
    if not words:
        return Measure(cells.width, cells.height)
    width = lead(body_style(context.theme)) + max(each.width for each in words)
    return Measure(cells.width + width, max(cells.height, *(each.height for each in words)))


def on_rows_of_their_own(notes: Sequence[Note]) -> list[Note]:
    """Notes whose lines run where no earlier note's does that is shown with them, if they have such a row."""
    found: list[Note] = []
    for note in notes:
        taken = {each.row for each in found if each.meets(note)}
        free = [row for row in note.rows if row not in taken]
        found.append(replace(note, rows=(*free, *note.rows)[:1]))
    return found


def stacked(notes: Sequence[Note], top: int, bottom: int, gap: int) -> list[Note]:
    """Notes each as near to its cell as those allow that are shown with it.

    First from the top down, none above its own place; then from the bottom up, as far as there is too little room.

    Args:
        notes: In any order.
        top: First row of the margin.
        bottom: First row after it.
        gap: Pixels between two notes.

    Raises:
        ValueError: There is no room for all that are shown together.
    """
    order = sorted(range(len(notes)), key=lambda number: notes[number].row)
    placed: dict[int, Note] = {}
    for number in order:
        note = notes[number]
        free = [each.bottom + gap for each in placed.values() if each.meets(note)]
        placed[number] = replace(note, top=max([top, note.row - note.height // 2, *free]))
    done: dict[int, Note] = {}
    for number in reversed(order):
        note = placed[number]
        free = [each.top - gap - note.height for each in done.values() if each.meets(note)]
        done[number] = replace(note, top=min([bottom - note.height, note.top, *free]))
    high = min((note.top for note in done.values()), default=top)
    if high < top:
        raise ValueError(
            f"the words in the margin need {top - high} pixels more than the {bottom - top} of their panel; "
            "shorten_text them, show them at different steps, or give another side"
        )
    return [done[number] for number in range(len(notes))]
