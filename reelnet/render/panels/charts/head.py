"""What stands over a chart: its title, the names of its curves, and their present values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reelnet.render.panels.charts.axis import widest, written
from reelnet.render.panels.charts.series import Chart, Series
from reelnet.render.typography import TextStyle, body_style, shorten_text, text_style
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
        dated: Pixels for the step at which it was measured; 0 where that is not told.
        x: Pixels from the head's left.
        y: Pixels from the head's top.
        width: Pixels from one end to the other.
    """

    number: int
    label: str
    sample: int
    slot: int
    dated: int = 0
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
        self.style, self.bold, self.small = (
            body_style(theme),
            body_style(theme, bold=True),
            text_style(theme, 0.85 * theme.text),
        )
        # Pixels between the parts of an entry, and between two entries.
        self.near, self._apart = round(theme.text / 3), round(theme.text * 7 / 6)
        longest = LONGEST * theme.text
        dashed = legend and any(each.tone >= len(theme.curves) for each in chart.series)
        entries = (
            Entry(
                number,
                shorten_text(each.label, longest, self.style) if legend else "",
                SAMPLE if dashed else 0,
                slot(each, self.bold) if values else 0,
                self.small.max_width(dated(max(each.measured))) if values and each.measured else 0,
            )
            for number, each in enumerate(chart.series)
        )
        wide = [replace(each, width=self._width(each)) for each in entries]
        self._dated = [each for each in wide if each.width]
        plain = [replace(each, dated=0) for each in self._dated]
        self._entries = [replace(each, width=self._width(each)) for each in plain]

    def _width(self, entry: Entry) -> int:
        label = self.style.width(entry.label) if entry.label else 0
        parts = (entry.sample, label, entry.slot, entry.dated)
        return sum(parts) + self.near * (sum(part > 0 for part in parts) - 1) if any(parts) else 0

    @property
    def natural(self) -> int:
        """Pixels that everything takes on one line."""
        return self._beside(self._entries, self._apart)

    def _beside(self, entries: Sequence[Entry], apart: int) -> int:
        """Pixels that the title and entries take on one line."""
        title = self.heading.width(self.title) if self.title else 0
        return title + together(entries, apart) + (apart if title and entries else 0)

    @property
    def _below(self) -> int:
        """The first row of entries under the title."""
        return self.heading.line_height + 2 if self.title else 0

    def fitting(self, width: int) -> str:
        """The title, or as much of it as a width has room for."""
        return shorten_text(self.title, width, self.heading)

    def height(self, width: int) -> int:
        """Pixels that it takes at a width."""
        bottoms = [each.y + self.style.line_height for each in self.entries(width)]
        return max([*bottoms, self.heading.line_height if self.title else 0])

    def dates(self, width: int) -> bool:
        """Whether there is room to tell when values were measured, if that is to be told, without a further line."""
        return [entry.dated for entry in self.entries(width)] == [entry.dated for entry in self._dated]

    def entries(self, width: int, *, dated: bool = True) -> list[Entry]:
        """The entries in their places: right of the title if all fits, or else in columns under it.

        Args:
            width: Pixels that there are.
            dated: Tell when values were measured, where that needs no further line.
        """
        near = round(0.8 * self._apart)
        plain = (self._entries, self._apart)
        ways = [(self._dated, self._apart), (self._dated, near), plain] if dated else [plain]
        for entries, apart in ways:
            if self._beside(entries, apart) <= width:
                y = (self.heading.line_height - self.style.line_height + 1) // 2 if self.title else 0
                left = width - together(entries, apart) if self.title else 0
                return list(along(entries, left, y, apart))
        for entries, apart in ways:
            if together(entries, apart) <= width:
                return list(along(entries, 0, self._below, apart))
        return list(self._in_columns(width))

    def _in_columns(self, width: int) -> Iterator[Entry]:
        each = min(width, max((entry.width for entry in self._entries), default=0))
        columns = max(1, (width + self._apart) // (each + self._apart))
        for place, entry in enumerate(self._entries):
            row, column = divmod(place, columns)
            room = each - (entry.width - self.style.width(entry.label)) if entry.label else 0
            yield replace(
                entry,
                label=shorten_text(entry.label, room, self.style) if entry.label else "",
                x=column * (each + self._apart),
                y=self._below + row * self.style.line_height,
                width=each,
            )


def heading(theme: Theme) -> TextStyle:
    """The type of a chart's title."""
    return text_style(theme, 1.1 * theme.text, bold=True)


def together(entries: Sequence[Entry], apart: int) -> int:
    """Pixels that entries take on one line."""
    return sum(each.width for each in entries) + apart * max(0, len(entries) - 1)


def along(entries: Sequence[Entry], x: int, y: int, apart: int) -> Iterator[Entry]:
    """Entries on one line."""
    for entry in entries:
        yield replace(entry, x=x, y=y)
        x += entry.width + apart


def dated(step: int) -> str:
    """When a value was measured."""
    return f"at {step:,}"


def slot(series: Series, style: TextStyle) -> int:
    """Pixels that the widest value of a series needs."""
    percent, digit = series.axis.percent, max("0123456789", key=style.width)
    digits = str.maketrans(dict.fromkeys("0123456789", digit))
    return max(
        style.width(written(value, percent=percent).translate(digits)) for value in widest(series.last)
    )
