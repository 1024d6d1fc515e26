"""Where the parts of a flow stand: how many channels layers show, in how many rows, how large, on which line."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from reelnet.render.typography import TextStyle, split_word, wrap_text
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.layout.snap import SnapGrid

PATH_PART = re.compile(r"[^.]+\.?|\.")
"""A part of a layer's path, with the dot after it."""
CHANNEL_COUNTS = (16, 12, 8, 6, 4, 3, 2, 1)
"""The most channels that a layer may show, the best first."""
MAX_ROWS = 16
LEGIBLE_CHANNELS = 4
"""Channels of a layer below which fewer layers are shown instead."""
LINE_COST = 0.85
"""By how much smaller maps may be if that saves a line: one line shows best where things go."""
FILL_GAIN = 0.5
"""Power of the fraction of the room that is filled by which maps may be smaller to fill more of it."""
BLANK_COST = 3
"""Power of the fraction of channels that are shown, and of cells that are filled, by which maps may be smaller."""
MIN_FILLED_PITCH = 0.7
"""A pitch may be this much smaller than the largest if maps fill its cells better."""


@dataclass(frozen=True)
class Spacing:
    """The cells of all layers.

    Attributes:
        rows: The most cells below each other.
        pitch: Pixels from the start of a cell to the start of the next.
        gap: Pixels between two cells.
        channels: The most channels that a layer shows.
        room: Pixels of the room from top to bottom.
    """

    rows: int
    pitch: int
    gap: int
    channels: int
    room: int

    @property
    def cell(self) -> int:
        """Side of a cell."""
        return self.pitch - self.gap

    @property
    def height(self) -> int:
        """Pixels of all rows."""
        return self.span(self.rows)

    def span(self, cells: int) -> int:
        """Pixels of some cells with the gaps between them."""
        return cells * self.pitch - self.gap


@dataclass(frozen=True)
class Caption:
    """What stands below a part.

    Attributes:
        name: In bold.
        detail: Below it, muted.
    """

    name: str
    detail: str


def keep_together(text: str) -> str:
    """A text that is not broken at its spaces."""
    return text.replace(" ", "\u00a0")


class CaptionStyles:
    """The fonts of captions."""

    def __init__(self, name: TextStyle, detail: TextStyle) -> None:
        self.name, self.detail = name, detail
        # The search for the largest maps asks for the same captions again and again.
        self._min_widths: dict[Caption, int] = {}
        self._wrapped: dict[tuple[Caption, int], list[tuple[str, TextStyle]]] = {}

    def min_width(self, caption: Caption) -> int:
        """Pixels of the longest piece that cannot be broken."""
        if caption not in self._min_widths:
            names = [part for word in caption.name.split(" ") for part in split_word(word)]
            details = caption.detail.split(" ")
            widths = [*map(self.name.width, names), *map(self.detail.width, details)]
            self._min_widths[caption] = max(widths)
        return self._min_widths[caption]

    def wrap(self, caption: Caption, width: int) -> list[tuple[str, TextStyle]]:
        """The lines with their fonts."""
        if (caption, width) not in self._wrapped:
            details = wrap_text(caption.detail, width, self.detail)
            lines = [(line, self.name) for line in self._wrap_name(caption.name, width)]
            self._wrapped[caption, width] = [*lines, *((line, self.detail) for line in details)]
        return self._wrapped[caption, width]

    def _wrap_name(self, name: str, width: int) -> list[str]:
        """The lines of a name; a path breaks at its dots rather than at underscores."""
        lines = [""]
        for part in PATH_PART.findall(name):
            if self.name.width(lines[-1] + part) <= width:
                lines[-1] += part
            else:
                lines += wrap_text(part, width, self.name)
        return [line for line in lines if line]

    def height(self, caption: Caption, width: int) -> int:
        """Pixels of all lines."""
        return sum(style.line_height for _, style in self.wrap(caption, width))


class Part(ABC):
    """One part of a flow: the input, a layer, or the probabilities."""

    @abstractmethod
    def size_at(self, spacing: Spacing) -> Size:
        """The pixels that it takes, without its caption."""

    @abstractmethod
    def caption_at(self, spacing: Spacing) -> Caption:
        """What stands below it."""

    def widen(self, size: Size, room: Size) -> Size:
        """Its size where there is more room than it needs: at most as wide and as high as that."""
        return size

    def map_side(self, spacing: Spacing) -> int | None:
        """The side in pixels of a square as large as its maps; None if it has none."""
        return None

    def count_cells(self, spacing: Spacing) -> int | None:
        """The number of cells with maps; None if it has none."""
        return None

    def count_places(self, spacing: Spacing) -> int:
        """The number of cells, with those that stay blank at the end of the last column."""
        return 0


@dataclass(frozen=True)
class PlacedPart:
    """A part in its place, in pixels from the corner of the panel.

    Attributes:
        number: Which part, from 0.
        line: On which line, from 0.
        slot_x: Where the space for its caption begins.
        slot_width: How wide that is.
        box: The part itself.
        caption_y: Top of its caption.
    """

    number: int
    line: int
    slot_x: int
    slot_width: int
    box: Box
    caption_y: int


@dataclass(frozen=True)
class Room:
    """Where parts are arranged, in output pixels.

    Attributes:
        size: Width and height that the parts may take.
        grid: Where cells begin.
        pitches: The pitches of cells to choose from, ascending.
        gap: Between two cells.
        between: Between two parts.
        most_between: The same where there is room.
        line_gap: Between two lines.
        caption_gap: Between a part and its caption.
        legible: Side of legible maps.
        styles: Fonts of captions.
    """

    size: Size
    grid: SnapGrid
    pitches: Sequence[int]
    gap: int
    between: int
    most_between: int
    line_gap: int
    caption_gap: int
    legible: int
    styles: CaptionStyles


@dataclass(frozen=True)
class Candidate:
    """One way to arrange parts in a room.

    Attributes:
        parts: From the input on.
        spacing: Their cells.
        room: Where they are.
    """

    parts: Sequence[Part]
    spacing: Spacing
    room: Room

    @cached_property
    def sizes(self) -> list[Size]:
        """The sizes of the parts."""
        return [part.size_at(self.spacing) for part in self.parts]

    @cached_property
    def captions(self) -> list[Caption]:
        """The captions of the parts."""
        return [part.caption_at(self.spacing) for part in self.parts]

    @cached_property
    def slots(self) -> list[int]:
        """Pixels across that each part takes with its caption."""
        pairs = zip(self.sizes, self.captions, strict=True)
        return [max(size.width, self.room.styles.min_width(caption)) for size, caption in pairs]

    def _break(self, width: int) -> list[list[int]] | None:
        """Numbers of the parts on each line; None if a part is wider than a line."""
        lines: list[list[int]] = [[]]
        used = 0
        for number, slot in enumerate(self.slots):
            if slot > width:
                return None
            more = slot + (self.room.between if lines[-1] else 0)
            if used + more > width:
                lines.append([])
                used, more = 0, slot
            lines[-1].append(number)
            used += more
        return lines

    @cached_property
    def lines(self) -> list[list[int]] | None:
        """The parts on each line, as even as possible; None if they do not fit in the room."""
        lines = self._break(self.room.size.width)
        if lines is None or len(lines) == 1:
            return lines
        # At the ends of lines, bands fade.
        most = self.room.size.width - 2 * self.room.between
        lines, low, high = self._break(most), max(self.slots), most
        while lines is not None and low < high:
            middle = (low + high) // 2
            narrower = self._break(middle)
            if narrower is not None and len(narrower) <= len(lines):
                high = middle
            else:
                low = middle + 1
        return None if lines is None else self._break(high)

    def line_height(self, line: Sequence[int]) -> int:
        """Pixels of the parts of a line, without captions."""
        return max(self.sizes[number].height for number in line)

    def caption_height(self, line: Sequence[int]) -> int:
        """Pixels of the highest caption of a line."""
        return max(
            self.room.styles.height(self.captions[number], self._caption_width(number)) for number in line
        )

    def _caption_width(self, number: int) -> int:
        # A caption may reach into half of the space beside its part.
        return self.slots[number] + self.room.between // 2

    @property
    def height(self) -> int:
        """Pixels of all lines with their captions."""
        lines = self.lines or []
        each = [self.line_height(line) + self.room.caption_gap + self.caption_height(line) for line in lines]
        grid = self.room.grid
        return (
            sum(map(grid.round_up, each[:-1]))
            + each[-1]
            + (len(lines) - 1) * grid.round_up(self.room.line_gap)
        )

    @property
    def fits(self) -> bool:
        """Whether there is room for everything."""
        return self.lines is not None and self.height <= self.room.size.height

    @cached_property
    def _map_sides(self) -> list[int]:
        return [side for part in self.parts if (side := part.map_side(self.spacing)) is not None]

    @property
    def least_side(self) -> int:
        """Side of a square as large as the smallest maps, in pixels."""
        return min(self._map_sides, default=self.spacing.cell)

    @cached_property
    def score(self) -> float:
        """How good it is: the mean side of the maps, less where cells or the room are not filled, and for lines."""
        sides = self._map_sides or [self.spacing.cell]
        size = sum(sides) / len(sides) * min(1.0, self.least_side / self.spacing.cell)
        cost = LINE_COST ** (len(self.lines or []) - 1)
        return float(size * self._completeness * self._fill**FILL_GAIN * cost)

    @property
    def _fill(self) -> float:
        """The fraction of the room that parts cover, before they are widened."""
        covered = sum(size.width * size.height for size in self.sizes)
        return covered / (self.room.size.width * self.room.size.height)

    @property
    def misfit(self) -> float:
        """How different its shape is from that of the room."""
        width = max(
            (
                sum(self.slots[number] for number in line) + self.room.between * (len(line) - 1)
                for line in self.lines or []
            ),
            default=1,
        )
        return abs(math.log(width / self.height / (self.room.size.width / self.room.size.height)))

    @property
    def _completeness(self) -> float:
        """How much less it is worth as channels are left out and cells stay blank, 0 to 1."""
        loose = replace(self.spacing, rows=1)
        shown, wanted = (
            sum(part.count_cells(spacing) or 0 for part in self.parts) for spacing in (self.spacing, loose)
        )
        places = sum(part.count_places(self.spacing) for part in self.parts)
        return (shown / wanted * shown / places) ** BLANK_COST if places else 1.0

    def place(self) -> Iterator[PlacedPart]:
        """Place all parts, each line across the room or in its middle."""
        lines, grid, y = self.lines or [], self.room.grid, 0
        for row, line in enumerate(lines):
            height = self.line_height(line)
            slots = {number: self.slots[number] for number in line}
            sizes = {number: self.sizes[number] for number in line}
            spaces, free = len(line) - 1, self.room.size.width - sum(slots.values())
            for number in reversed(line):
                most = slots[number] + max(0, free - self.room.between * spaces)
                sizes[number] = self.parts[number].widen(sizes[number], Size(most, height))
                wider = max(slots[number], sizes[number].width)
                slots[number], free = wider, free - wider + slots[number]
            between = min(self.room.most_between, free // spaces) if spaces else 0
            x = max(0, free - between * spaces) // 2
            for number in line:
                size, slot = sizes[number], slots[number]
                left = grid.round_down(x + (slot - size.width) // 2)
                top = y + grid.round_down((height - size.height) // 2)
                box = Box(left, top, size.width, size.height)
                width = slot + self.room.between // 2
                middle = left + size.width // 2
                yield PlacedPart(
                    number, row, middle - width // 2, width, box, y + height + self.room.caption_gap
                )
                x += slot + between
            below = height + self.room.caption_gap + self.caption_height(line)
            y += grid.round_up(below) + grid.round_up(self.room.line_gap)


def arrange_parts(
    make_parts: Callable[[int], Sequence[Part]], layers: int, most_channels: int, room: Room
) -> Candidate | None:
    """Find the arrangement with the most layers and channels whose maps are legible.

    Args:
        make_parts: Makes the parts with a number of layers.
        layers: The number of all layers.
        most_channels: The most channels of a layer.
        room: Where they are arranged.

    Returns:
        None if there is too little room.
    """
    counts = [most_channels, *(count for count in CHANNEL_COUNTS if count < most_channels)]
    best: Candidate | None = None
    for number in range(layers, 0, -1):
        parts = make_parts(number)
        for channels in counts:
            if number > 1 and channels < min(LEGIBLE_CHANNELS, most_channels):
                continue
            found = _find_largest(parts, channels, room)
            if found is not None and found.least_side >= room.legible:
                return found
            if found is not None and (best is None or found.score > best.score):
                best = found
    return best


def _find_largest(parts: Sequence[Part], channels: int, room: Room) -> Candidate | None:
    """The arrangement of these parts with the largest maps; None if there is none."""
    best: Candidate | None = None
    for rows in range(1, min(MAX_ROWS, channels) + 1):
        highest = (room.size.height + room.gap) // rows
        candidates = [
            Candidate(parts, Spacing(rows, pitch, room.gap, channels, room.size.height), room)
            for pitch in room.pitches
            if pitch <= highest
        ]
        # A larger pitch may need less height, since captions then wrap less.
        largest = next((each for each in reversed(candidates) if each.fits), None)
        if largest is None:
            continue
        least = MIN_FILLED_PITCH * largest.spacing.pitch
        fitting = [each for each in candidates if least <= each.spacing.pitch <= largest.spacing.pitch]
        # Of pitches with equally large maps, the smallest leaves the least margin around them.
        found = max(fitting, key=lambda each: (each.fits, each.score, -each.spacing.pitch))
        if best is None or (found.score, -found.misfit) > (best.score, -best.misfit):
            best = found
    return best


def spread(count: int, total: int) -> list[int]:
    """`count` of `total` positions, evenly spread, with the first and the last."""
    if count >= total:
        return list(range(total))
    if count == 1:
        return [total - 1]
    return sorted({math.floor(each * (total - 1) / (count - 1) + 0.5) for each in range(count)})
