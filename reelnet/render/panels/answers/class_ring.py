"""The ring of a compass: where the classes lie on a circle, and where their names are written around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reelnet.render.typography import TextStyle, rasterize_text, shorten_text, small_style, wrap_text
from reelnet.scene.layout.boxes import Box
from reelnet.template.theme import Theme

Floats = NDArray[np.float64]

SHORT_NAME = 2
"""Characters of names, such as digits, that are written large."""
SHORT_EMS, LONG_EMS, MIN_EMS = 1.45, 1.0, 0.75
"""Sizes of short names, of long ones, and of long ones that have little room, relative to the text's."""
MAX_NAME_EMS = 9
"""Width at which a line of a name is cut."""
GAP_EMS = 0.35
"""Room between a head on the circle and its name, relative to the text's size."""
MIN_SHARE = 0.62
"""Radius, relative to that without names, below which names become smaller."""
SWAP_ROUNDS = 50


@dataclass(frozen=True)
class ClassRing:
    """A circle with classes on it.

    Attributes:
        center: (x, y) in pixels.
        radius: In pixels.
        head: Radius of a sample's head.
        points: Place (x, y) of each class, (classes, 2).
        names: The lines of each class's name.
        boxes: What they cover.
        tops: The top of each name's first line of text.
        style: Their font.
    """

    center: tuple[float, float]
    radius: float
    head: int
    points: Floats
    names: tuple[tuple[str, ...], ...]
    boxes: tuple[Box, ...]
    tops: tuple[int, ...]
    style: TextStyle

    @classmethod
    def fit(
        cls, names: Sequence[str], box: Box, head_share: float, theme: Theme, below: str = ""
    ) -> ClassRing:
        """Find the largest circle that has room in a box, with its names around it.

        Args:
            names: Of the classes, clockwise from the top.
            box: Where the circle and the names have room.
            head_share: Radius of a head, relative to the circle's.
            theme: Fonts and sizes.
            below: A text for which there is room below each name; empty for none.

        Raises:
            ValueError: There is no room.
        """
        short = max(map(len, names)) <= SHORT_NAME
        alone = min(box.width, box.height) / 2 / (1 + head_share)
        for ems in (SHORT_EMS,) if short else (LONG_EMS, MIN_EMS):
            style = small_style(theme, ems, bold=True)
            ring = cls._fit_at(names, box, head_share, theme, style, below)
            if ring.radius >= MIN_SHARE * alone and not ring.has_overlaps:
                break
        if ring.radius < 4 * theme.text:
            raise ValueError(f"has {box.width}×{box.height} pixels; give it more")
        return ring

    @classmethod
    def _fit_at(
        cls,
        names: Sequence[str],
        box: Box,
        head_share: float,
        theme: Theme,
        style: TextStyle,
        below: str,
    ) -> ClassRing:
        count = len(names)
        width = MAX_NAME_EMS * style.size
        lines = [break_name(name, width, style) for name in names]
        written = [(*each, below) if below else each for each in lines]
        spans = [_measure_ink(each, style) for each in written]
        sizes = [
            (max(map(style.width, each)), bottom - top)
            for each, (top, bottom) in zip(written, spans, strict=True)
        ]
        angles = 2 * np.pi * np.arange(count) / count
        ways = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
        gap, radius = GAP_EMS * theme.text, min(box.width, box.height) / 2 / (1 + head_share)
        supports = [
            (abs(x) * size[0] + abs(y) * size[1]) / 2 for (x, y), size in zip(ways, sizes, strict=True)
        ]
        for way, size, support in zip(ways, sizes, supports, strict=True):
            for part, side, length in zip(np.abs(way), (box.width, box.height), size, strict=True):
                if part > 1e-9:
                    room = (side - length) / 2 / part - support - gap
                    radius = min(radius, room / (1 + head_share))
        center = box.x + box.width / 2, box.y + box.height / 2
        boxes = []
        for (x, y), (name_width, height), support in zip(ways, sizes, supports, strict=True):
            away = radius * (1 + head_share) + gap + support
            left, top = center[0] + x * away - name_width / 2, center[1] + y * away - height / 2
            boxes.append(Box(round(left), round(top), name_width, height))
        points = np.array(center) + radius * ways
        head = max(1, int(head_share * radius))
        tops = tuple(each.y - top for each, (top, _) in zip(boxes, spans, strict=True))
        return cls(center, radius, head, points, tuple(lines), tuple(boxes), tops, style)

    @property
    def has_overlaps(self) -> bool:
        """Whether two names cover each other."""
        return any(meet(one, other) for one, other in combinations(self.boxes, 2))

    def touches(self, box: Box) -> bool:
        """Whether a box covers a name, or a place that a head may cover."""
        x = min(max(self.center[0], box.x), box.right) - self.center[0]
        y = min(max(self.center[1], box.y), box.bottom) - self.center[1]
        margin = self.style.size // 2
        wide = box.expand(margin)
        return bool(np.hypot(x, y) < self.radius + self.head + margin) or any(
            meet(wide, name) for name in self.boxes
        )

    def locate(self, shares: Floats) -> Floats:
        """The means of the classes' places, weighted by probabilities (…, classes).

        What these lack to a sum of 1 pulls to the center.
        """
        center = np.array(self.center)
        places: Floats = center + np.nan_to_num(shares) @ (self.points - center)
        places[np.isnan(shares).any(axis=-1)] = np.nan
        return places


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def _measure_ink(lines: Sequence[str], style: TextStyle) -> tuple[int, int]:
    """The first row that lines of text cover, and the row after the last, from the top of the first line."""
    rows = [np.flatnonzero(rasterize_text(line, style).any(axis=1)) for line in lines]
    first, last = rows[0][:1].tolist() or [0], rows[-1][-1:].tolist() or [0]
    return first[0], (len(lines) - 1) * style.line_height + last[0] + 1


def break_name(name: str, width: int, style: TextStyle) -> tuple[str, ...]:
    """A name on one line, or its words on two if they are long."""
    words = name.split()
    if len(words) > 1 and style.width(name) > 4 * style.size:
        cuts = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
        words = list(min(cuts, key=lambda pair: max(map(style.width, pair))))
    else:
        words = wrap_text(name, width, style)[:2]
    return tuple(shorten_text(word, width, style) for word in words)


def order_by_similarity(shares: Floats) -> list[int]:
    """Order classes around a circle so that those are neighbors which the network believes in at the same time.

    Two-opt (Croes, 1958) from the given order: the order of the samples and of the steps does not matter.

    Args:
        shares: Probabilities (…, classes).
    """
    rows = np.nan_to_num(shares.reshape(-1, shares.shape[-1]))
    together = rows.T @ rows
    order = list(range(len(together)))
    if len(order) < 4:
        return order

    def score(circle: list[int]) -> float:
        return float(together[circle, np.roll(circle, -1)].sum())

    for _ in range(SWAP_ROUNDS):
        turned = [
            order[:start] + order[start:stop][::-1] + order[stop:]
            for start in range(1, len(order))
            for stop in range(start + 2, len(order) + 1)
        ]
        best = max(turned, key=score)
        if score(best) <= score(order) + 1e-9:
            break
        order = best
    return order
