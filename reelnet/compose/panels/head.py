"""What stands over a chart: its title, the names of its curves, and their present values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reelnet.compose.panels.axis import widest, written
from reelnet.compose.panels.series import Chart, Series
from reelnet.compose.text import Type, body, shorten, sized
from reelnet.template.theme import Theme

SAMPLE = 20
"""Pixels of a curve's sample, in charts where some are dashed."""
LONGEST = 16
"""Ems that a label may take."""


@dataclass(frozen=True)
class Entry:
    """One curve's name and present value, on one line.

    Attributes:
        number: Of the series in its chart.
        label: Empty for none.
        sample: Pixels for a sample of the curve.
        slot: Pixels for the value, so that nothing moves while digits change.
        x: Pixels from the head's left.
        y: Pixels from the head's top.
        width: Pixels from one end to the other.
    """

    number: int
    label: str
    sample: int
    slot: int
    x: int = 0
    y: int = 0
    width: int = 0

    @property
    def right(self) -> int:
        """Where its value ends."""
        return self.x + self.width


class Head:
    """A title beside or over its entries."""

    def __init__(self, chart: Chart, theme: Theme, *, legend: bool, values: bool) -> None:
        self.title, self.heading = chart.title, heading(theme)
        self.style, self.bold = body(theme), body(theme, bold=True)
        # Pixels between the parts of an entry, and between two entries.
        self.near, self._apart = round(theme.text / 3), round(theme.text * 7 / 6)
        longest = LONGEST * theme.text
        dashed = legend and any(each.tone >= len(theme.curves) for each in chart.series)
        entries = (
            Entry(
                number,
                shorten(each.label, longest, self.style) if legend else "",
                SAMPLE if dashed else 0,
                slot(each, self.bold) if values else 0,
            )
            for number, each in enumerate(chart.series)
        )
        wide = (replace(each, width=self._width(each)) for each in entries)
        self._entries = [each for each in wide if each.width]

    def _width(self, entry: Entry) -> int:
        parts = (entry.sample, self.style.width(entry.label) if entry.label else 0, entry.slot)
        return sum(parts) + self.near * (sum(part > 0 for part in parts) - 1) if any(parts) else 0

    @property
    def natural(self) -> int:
        """Pixels that everything takes on one line."""
        title = self.heading.width(self.title) if self.title else 0
        return title + self._together + (self._apart if title and self._entries else 0)

    @property
    def _together(self) -> int:
        """Pixels that the entries take on one line."""
        return sum(each.width for each in self._entries) + self._apart * max(0, len(self._entries) - 1)

    @property
    def _below(self) -> int:
        """The first row of entries under the title."""
        return self.heading.line + 2 if self.title else 0

    def fitting(self, width: int) -> str:
        """The title, or as much of it as a width has room for."""
        return shorten(self.title, width, self.heading)

    def height(self, width: int) -> int:
        """Pixels that it takes at a width."""
        bottoms = [each.y + self.style.line for each in self.entries(width)]
        return max([*bottoms, self.heading.line if self.title else 0])

    def entries(self, width: int) -> list[Entry]:
        """The entries in their places: right of the title if all fits, or else in columns under it."""
        if self.natural <= width:
            y = (self.heading.line - self.style.line + 1) // 2 if self.title else 0
            left = width - self._together if self.title else 0
            return list(self._along(left, y))
        if self._together <= width:
            return list(self._along(0, self._below))
        return list(self._in_columns(width))

    def _along(self, x: int, y: int) -> Iterator[Entry]:
        for entry in self._entries:
            yield replace(entry, x=x, y=y)
            x += entry.width + self._apart

    def _in_columns(self, width: int) -> Iterator[Entry]:
        each = min(width, max((entry.width for entry in self._entries), default=0))
        columns = max(1, (width + self._apart) // (each + self._apart))
        for place, entry in enumerate(self._entries):
            row, column = divmod(place, columns)
            room = each - (entry.width - self.style.width(entry.label)) if entry.label else 0
            yield replace(
                entry,
                label=shorten(entry.label, room, self.style) if entry.label else "",
                x=column * (each + self._apart),
                y=self._below + row * self.style.line,
                width=each,
            )


def heading(theme: Theme) -> Type:
    """The type of a chart's title."""
    return sized(theme, 1.1 * theme.text, bold=True)


def slot(series: Series, style: Type) -> int:
    """Pixels that the widest value of a series needs."""
    percent, digit = series.axis.percent, max("0123456789", key=style.width)
    digits = str.maketrans(dict.fromkeys("0123456789", digit))
    return max(
        style.width(written(value, percent=percent).translate(digits)) for value in widest(series.last)
    )
