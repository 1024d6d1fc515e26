"""What all charts draw of their axes: the rows of value ticks, and the steps below the plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.charts.axis import Axis
from reelnet.render.typography import TextStyle
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas

TICK_LENGTH = 4
"""Layout pixels of an axis' ticks, where no grid line crosses the plot."""
LABEL_GAP = 16
"""Least layout pixels between two labels of steps."""


def place_value_ticks(
    axis: Axis, plot: Box, style: TextStyle, labels: Sequence[str] | None = None
) -> Iterator[tuple[str, int]]:
    """The ticks of a vertical axis from the bottom up, without those whose labels touch the one below.

    Yields:
        The label of a tick and its row of the canvas.
    """
    free_below = None
    for label, fraction in zip(labels or axis.tick_labels, axis.to_fraction(axis.ticks), strict=True):
        row = plot.bottom - 1 - round(fraction * (plot.height - 1))
        if free_below is None or row <= free_below:
            yield label, row
            free_below = row - round(0.8 * style.line_height)


def draw_step_axis(
    canvas: Canvas,
    axis: Axis,
    plot: Box,
    ends: tuple[int, int],
    inks: tuple[Ink, Ink],
    style: TextStyle,
    density: int,
) -> None:
    """Write the first and the last step below the ends of the plot, and round ones between them if they fit.

    The word "step" stands left of the first one if there is room for it, so that the number is below its place, or
    else before the last one.

    Args:
        canvas: Changed in place.
        axis: The axis of the steps; without ticks nothing is drawn.
        plot: The box of the curves; the labels are below it.
        ends: The columns between which the labels stay; that of the last step ends at the second one.
        inks: Of labels and of ticks.
        style: Font of the labels.
        density: Output pixels per layout pixel.
    """
    ticks, (ink, faint), length, gap = axis.ticks, inks, TICK_LENGTH * density, LABEL_GAP * density
    if not ticks:
        return
    y, (left, right) = plot.bottom + length, ends
    word, (first, *_, last) = (
        "step (log) " if axis.log else "step ",
        [f"{tick:,.0f}" for tick in (*ticks[:1], *ticks)],
    )
    start = plot.x - style.width(first) // 2
    has_room = start + style.width(first) - style.width(word + first) >= left
    if has_room or len(ticks) == 1:
        first, start = word + first, start + style.width(first) - style.width(word + first)
    else:
        last = word + last
    start = max(start, left)
    write(canvas, first, ink, start, y, style)
    if len(ticks) == 1:
        return
    write(canvas, last, ink, right, y, style, anchor="right")
    free, end = start + style.width(first) + gap, right - style.width(last) - gap
    columns = [plot.x + round(part * (plot.width - 1)) for part in axis.to_fraction(ticks[1:-1])]
    for column in columns:
        fill_box(canvas, Box(column, plot.bottom, density, length), faint)
    labels = [f"{tick:,.0f}" for tick in ticks[1:-1]]
    halves = [style.width(label) // 2 for label in labels]
    for number in choose_labeled(ticks, columns, halves, gap, (free, end), log=axis.log):
        write(canvas, labels[number], ink, columns[number], y, style, anchor="middle")


def choose_labeled(
    ticks: Sequence[float],
    columns: Sequence[int],
    halves: Sequence[int],
    gap: int,
    ends: tuple[int, int],
    *,
    log: bool,
) -> list[int]:
    """Choose which ticks between the first and the last one get labels: all, or every second, third, …, if they fit.

    On a logarithmic axis powers of ten go before other numbers, and those that are chosen are equally far apart up to
    the last tick.

    Args:
        ticks: Round values, ascending, from the first to the last tick.
        columns: Where those between the first and the last are.
        halves: Half of the width of the label of each.
        gap: Least pixels between two labels.
        ends: The columns between which there is room for labels.
        log: Whether the axis is logarithmic.

    Returns:
        The chosen ones of the ticks between the first and the last, counted from 0.
    """
    inner = ticks[1:-1]
    numbers = [*range(len(inner))]
    fitting = [
        number
        for number in numbers
        if ends[0] <= columns[number] - halves[number] and columns[number] + halves[number] <= ends[1]
    ]
    if log:
        exponents = {number: math.log10(inner[number] or 1) for number in numbers}
        powers = [number for number, exponent in exponents.items() if exponent % 1 == 0]
        end = math.log10(ticks[-1] or 1)
        anchor = round(end) if end % 1 == 0 else 0
        ways = [
            numbers,
            *(
                [each for each in powers if (round(exponents[each]) - anchor) % stride == 0]
                for stride in range(1, len(inner) + 1)
            ),
        ]
        ways = [way for way in ways if set(way) <= set(fitting)] or [[]]
    else:
        distance = inner[1] - inner[0] if len(inner) > 1 else 1
        ways = [
            [each for each in fitting if round(inner[each] / distance) % stride == 0]
            for stride in range(1, len(inner) + 1)
        ]
    for way in ways:
        pairs = pairwise(way)
        if all(columns[two] - columns[one] >= halves[one] + halves[two] + gap for one, two in pairs):
            return way
    return []
