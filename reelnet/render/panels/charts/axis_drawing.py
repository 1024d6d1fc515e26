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
    canvas: Canvas, axis: Axis, plot: Box, right: int, inks: tuple[Ink, Ink], style: TextStyle, density: int
) -> None:
    """Write the first and the last step at the ends of the plot, and round ones between them if they fit.

    Args:
        canvas: Changed in place.
        axis: The axis of the steps; without ticks nothing is drawn.
        plot: The box of the curves; the labels are below it.
        right: The column at which the label of the last step ends.
        inks: Of labels and of ticks.
        style: Font of the labels.
        density: Output pixels per layout pixel.
    """
    ticks, (ink, faint), length, gap = axis.ticks, inks, TICK_LENGTH * density, LABEL_GAP * density
    if not ticks:
        return
    y = plot.bottom + length
    first, last = f"step {'(log) ' * axis.log}{ticks[0]:,.0f}", f"{ticks[-1]:,.0f}"
    write(canvas, first, ink, plot.x, y, style)
    if len(ticks) == 1:
        return
    write(canvas, last, ink, right, y, style, anchor="right")
    free, end = plot.x + style.width(first) + gap, right - style.width(last) - gap
    inner, columns = ticks[1:-1], [round(part * (plot.width - 1)) for part in axis.to_fraction(ticks[1:-1])]
    halves = [style.width(f"{tick:,.0f}") // 2 for tick in inner]
    labeled = choose_labeled(inner, columns, halves, gap, log=axis.log)
    for number, (tick, column, half) in enumerate(zip(inner, columns, halves, strict=True)):
        x = plot.x + column
        fill_box(canvas, Box(x, plot.bottom, density, length), faint)
        if number in labeled and free <= x - half and x + half <= end:
            write(canvas, f"{tick:,.0f}", ink, x, y, style, anchor="middle")


def choose_labeled(
    ticks: Sequence[float], columns: Sequence[int], halves: Sequence[int], gap: int, *, log: bool
) -> list[int]:
    """Choose the ticks that get labels, counted from 0: all, or else every second, third, …, so that none touch.

    On a logarithmic axis powers of ten go before other numbers.

    Args:
        ticks: Round values, ascending.
        columns: Where they are.
        halves: Half of the width of each label.
        gap: Least pixels between two labels.
        log: Whether the axis is logarithmic.
    """
    numbers = [*range(len(ticks))]
    powers = [number for number in numbers if math.log10(ticks[number] or 1) % 1 == 0] if log else numbers
    distance = ticks[1] - ticks[0] if len(ticks) > 1 else 1
    ways = [numbers] if log else []
    for stride in range(1, len(ticks) + 1):
        if log:
            ways.append([each for each in powers if round(math.log10(ticks[each] or 1)) % stride == 0])
        else:
            ways.append([each for each in numbers if round(ticks[each] / distance) % stride == 0])
    for way in ways:
        pairs = pairwise(way)
        if all(columns[two] - columns[one] >= halves[one] + halves[two] + gap for one, two in pairs):
            return way
    return []
