"""What the panels of cells share: where their cells stand, and where their labels go."""

from __future__ import annotations

from collections.abc import Sequence

from reelnet.compose.text import shorten, text_size
from reelnet.scene.facts import Facts

INPUT_LABEL = "input"
GUTTER_GAP = 10
"""Pixels between a row's label and its cells."""


def row_labels(facts: Facts) -> list[str]:
    """The channels' numbers, counted from 0 as the recorded arrays count them."""
    return [str(channel) for channel in range(facts.channels)]


def gutter(facts: Facts, *, labels: bool) -> int:
    """Pixels left of the cells; a multiple of eight, for video's transform blocks (see `scene.resolve.RHYTHM`)."""
    if not labels:
        return 0
    widest = max(text_size(text, facts.theme.text).width for text in [INPUT_LABEL, *row_labels(facts)])
    return -(-(widest + GUTTER_GAP) // 8) * 8


def thinned(labels: Sequence[str], each: int, room: int) -> dict[int, str]:
    """Every so manieth label, so that each has the `room` it needs in cells of `each` pixels."""
    apart = max(1, -(-room // each))
    return {number: labels[number] for number in range(0, len(labels), apart)}


def column_labels(facts: Facts) -> dict[int, str]:
    """The samples' labels by column, shortened and thinned to what has room over the cells."""
    if facts.labels is None:
        return {}
    size, box = facts.theme.text, facts.cell.box
    widest = max(text_size(label, size).width for label in facts.labels)
    if widest + 4 <= box or box >= 3 * size:
        return {column: shorten(label, box - 4, size) for column, label in enumerate(facts.labels)}
    room = min(widest + 4, 8 * size)
    kept = {
        column: shorten(text, room - 4, size) for column, text in thinned(facts.labels, box, room).items()
    }
    right = facts.samples * box
    return {
        at: text for at, text in kept.items() if at * box + (box + text_size(text, size).width) // 2 <= right
    }
