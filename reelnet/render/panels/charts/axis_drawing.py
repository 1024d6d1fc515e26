"""What all charts draw of their axes: the rows of value ticks, and the steps below the plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    inner = ticks[1:-1]
    for tick, fraction in zip(inner, axis.to_fraction(inner), strict=True):
        label, x = f"{tick:,.0f}", plot.x + round(fraction * (plot.width - 1))
        half = style.width(label) // 2
        fill_box(canvas, Box(x, plot.bottom, density, length), faint)
        if free <= x - half and x + half <= end:
            write(canvas, label, ink, x, y, style, anchor="middle")
            free = x + half + gap
