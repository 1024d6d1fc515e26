"""What the panels of cells share: where their labels go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reelnet.compose.panels.cells import Cells
from reelnet.compose.text import Type, body, shorten, sized
from reelnet.runs.header import layers_of
from reelnet.scene.facts import Facts
from reelnet.scene.layout import RHYTHM
from reelnet.scene.telling import numbered

INPUT_LABEL = "input"
GUTTER_GAP = 10
"""Pixels between a row's label and its cells."""


FEWEST = 4
"""Characters, the ellipsis among them, of which a shortened label must have more to tell anything."""
LEAST, SMALLEST = 0.65, 12
"""Part of the usual type, and pixels, below which labels of columns are not made smaller."""
OVERHANG = 8
"""Pixels by which a column's label may reach over the left edge of the cells."""


def gutter(facts: Facts, *, labels: bool) -> int:
    """Pixels left of the cells for labels of rows; the same for all panels of cells, so that they line up."""
    if not labels:
        return 0
    style, longest = body(facts.theme), max(facts.taps[name].maps[0] for name in layers_of(facts.taps)) - 1
    folded = [tap for tap in facts.taps.values() if tap.fold is not None and tap.maps[0] == 1]
    texts = [INPUT_LABEL, str(longest), *map(numbered, folded)]
    if facts.transposed and facts.labels is not None:
        texts = [shorten(label, 8 * style.size, style) for label in facts.labels]
    return rounded(max(style.width(text) for text in texts) + GUTTER_GAP)


def header(facts: Facts, *, labels: bool) -> int:
    """Pixels above the cells for labels of columns."""
    if not labels or (facts.labels is None and not facts.transposed):
        return 0
    return rounded(body(facts.theme).line + 2)


def rounded(pixels: int) -> int:
    """The next multiple of eight, for video's transform blocks."""
    return -(-pixels // RHYTHM) * RHYTHM


def thinned(labels: Sequence[str], each: int, room: int) -> dict[int, str]:
    """Every so manieth label, so that each has the `room` it needs in cells of `each` pixels."""
    apart = max(1, -(-room // each))
    return {number: labels[number] for number in range(0, len(labels), apart)}


def row_labels(labels: Sequence[str], cells: Cells, line: int) -> Iterator[tuple[str, int]]:
    """Labels of rows, thinned to what has room beside the cells, each with the top of its line."""
    for row, label in thinned(labels, cells.pitch[0], line).items():
        # Where cells are lower than a line, the first label would reach over the panel.
        y = max(cells.y, cells.at(row, 0).y + (cells.side - line) // 2)
        if y + line <= cells.whole.bottom:
            yield label, y


def column_type(labels: Sequence[str], facts: Facts, pitch: int) -> Type:
    """The type of labels over columns `pitch` apart: the usual one, or a smaller one in which all have room."""
    usual = body(facts.theme)
    for size in range(usual.size, max(SMALLEST, round(LEAST * usual.size)) - 1, -1):
        style = sized(facts.theme, size)
        if max(style.width(label) for label in labels) + 4 <= pitch:
            return style
    return usual


def column_labels(labels: Sequence[str], style: Type, side: int, pitch: int) -> dict[int, str]:
    """Labels by column, shortened and thinned to what has room over cells of `side` that stand `pitch` apart."""
    widest = max(style.width(label) for label in labels)
    if widest + 4 <= pitch or pitch >= 3 * style.size:
        return {column: shorten(label, pitch - 4, style) for column, label in enumerate(labels)}
    room = min(widest + 4, 8 * style.size)
    kept = {column: shorten(text, room - 4, style) for column, text in thinned(labels, pitch, room).items()}
    # The first label must not reach far to the left, where another block may end.
    kept[0] = shorten(labels[0], min(room, side + 2 * OVERHANG), style)
    right = (len(labels) - 1) * pitch + side
    return {
        at: text
        for at, text in kept.items()
        if at * pitch + (side + style.width(text)) // 2 <= right
        and (text == labels[at] or len(text) > FEWEST)
    }
