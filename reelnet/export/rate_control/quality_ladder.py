"""One dial from the least loss to the most that an author allows: quality, then held values, then quality again.

How far each part goes was measured on recorded runs (sizes and PSNR by decoding). H.264 at CRF 10 is as exact as
its planes are; up to CRF 17 it saves a fifth of its bytes for less than 1 dB. Then held values save more for the
same loss. Past the limit of error a coarser quality pays: from CRF 17 to 30 a fifth to
a third of the bytes for 2 to 3 dB. At half the size all frames at CRF 33 and a quarter of them at CRF 27 were about
as far off, and a third at CRF 30 least.
H.265 goes the same way, with 3 to 5 % fewer bytes.
AV1 has tools of its own for flat cells: held values save it next to nothing, and at CRF 36 it keeps 40 dB.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.export.encoders.formats import Codec
from reelnet.export.quantize.temporal import LEAST

DEAR = 3e4
"""Price of a change, in squared distances of RGB, at which nearly all is held that may be."""

LITTLE = 1e-3
"""The least fall of the logarithm of the bytes from one setting to the next."""

NEAR_END = 0.9
"""Part of the way to a dial's end from which on it is turned to its end."""

GRID = LEAST, 5.0, 20.0, 80.0, 320.0, 1280.0, 5120.0, DEAR
"""Prices at which changes are counted on a sample."""


@dataclass(frozen=True)
class Course:
    """How far a codec's quality goes.

    Attributes:
        held: With values held.
        floor: At the worst; beyond it frames or scale are given up instead.
        alone: At the worst where no values can be held.
        power: Of the number of changes, with which the bytes of maps go; 0 where holding values does not pay.
    """

    held: float
    floor: float
    alone: float
    power: float


COURSES = {
    "h264": Course(held=17, floor=30, alone=30, power=1.0),
    "h265": Course(held=17, floor=30, alone=30, power=1.0),
    "vp9": Course(held=18, floor=30, alone=40, power=0.8),
    "av1": Course(held=12, floor=12, alone=40, power=0),
}
PALETTE = Course(held=0, floor=0, alone=0, power=1.15)
"""Of formats that keep colours as they are: values alone."""


def course_of(codec: Codec) -> Course:
    """How far a codec goes."""
    return COURSES.get(codec.name, PALETTE)


@dataclass(frozen=True)
class Setting:
    """Where a dial stands.

    Attributes:
        price: Of a change; 0 for values as they are.
        quality: Of the codec, in its own terms; None for its usual one.
    """

    price: float
    quality: float | None


class Dial:
    """A way from 0, the usual quality of exact values, to 1, the worst that is allowed.

    Args:
        codec: What compresses.
        changes: Gives about how many changes are left at a price.
        part: Gives the part of the bytes of the usual quality that another one leaves.
        beside: Gives the part of the bytes that is beside the maps, before values are held.
    """

    def __init__(
        self,
        codec: Codec,
        changes: Callable[[float], float],
        part: Callable[[float], float],
        beside: Callable[[], float],
    ) -> None:
        self._knob = codec.quality_range if codec.name in COURSES else None
        self.course = course_of(codec)
        exact = changes(0)
        self.holds = self.course.power > 0 and exact > 0 and changes(DEAR) < 0.99 * exact
        self._settings, self._falls = [Setting(0.0, self._start)], np.zeros(1)
        if self._knob is not None:
            end = self.course.held if self.holds else self.course.alone
            self._settings.append(Setting(0.0, end))
            self._falls = np.array([0.0, max(LITTLE, -math.log(part(end)))])
        if self.holds:
            with ThreadPoolExecutor(min(len(GRID), os.cpu_count() or 1)) as pool:
                counts = np.array([exact, *pool.map(changes, GRID)])
            self._maps = (np.minimum.accumulate(np.maximum(counts, 1)) / exact) ** self.course.power
            self._first = len(self._settings)
            self._settings += [Setting(price, self._settings[-1].quality) for price in GRID]
            self._falls = np.append(self._falls, self._falls[-1] + self._held(beside()))

    def _held(self, beside: float) -> NDArray[np.float64]:
        """By how much the logarithm of the bytes falls at each price of the grid."""
        fall = -np.log(beside + (1 - beside) * self._maps)
        return np.asarray(fall[1:] + LITTLE * np.arange(1, len(fall)))

    def with_beside(self, beside: float) -> Dial:
        """The same dial where, at its end, so large a part of the bytes is beside the maps."""
        if not self.holds:
            return self
        # With values as they are the maps have more bytes, and that is a smaller part.
        other, least = copy(self), beside * self._maps[-1]
        before, falls = self._falls[self._first - 1], self._falls.copy()
        held = before + self._held(least / (least + 1 - beside))
        grid = slice(self._first, self._first + len(GRID))
        falls[grid.stop :] += held[-1] - falls[grid.stop - 1]
        falls[grid] = held
        other._falls = falls
        return other

    def coarser(self, part: float) -> None:
        """Let the dial go on to the codec's worst quality, at which a part of the bytes is left."""
        self._settings.append(Setting(DEAR, self.course.floor))
        self._falls = np.append(self._falls, self.end - math.log(part))

    def _between(self, price: float, quality: float) -> Setting:
        """A quality that the codec has; where it has steps, the price fills what lies between two of them."""
        step = self._knob.step if self._knob is not None else 0
        if not step or not self.holds:
            return Setting(price, float(quality))
        whole = math.floor(quality / step)
        part = quality / step - whole
        if price < DEAR:
            return Setting(part * LEAST, float(whole * step))
        if part == 0:
            return Setting(price, float(quality))
        dear = math.exp((1 - part) * math.log(GRID[-3]) + part * math.log(DEAR))
        return Setting(dear, float((whole + 1) * step))

    @property
    def _start(self) -> float | None:
        return self._knob.default if self._knob is not None else None

    @property
    def end(self) -> float:
        """How far the logarithm of the bytes falls in all, as far as one can tell."""
        return float(self._falls[-1])

    def at(self, fall: float) -> Setting:
        """The setting at which the logarithm of the bytes is about so much lower than without loss."""
        if len(self._settings) == 1:
            return self._settings[0]
        fall = min(max(fall, 0.0), self.end)
        place = int(np.clip(np.searchsorted(self._falls, fall, "right") - 1, 0, len(self._falls) - 2))
        one, other = self._settings[place], self._settings[place + 1]
        part = (fall - self._falls[place]) / (self._falls[place + 1] - self._falls[place])
        price = 0.0
        if one.price and other.price:
            price = math.exp((1 - part) * math.log(one.price) + part * math.log(other.price))
        elif other.price:
            price = part * other.price
        if one.quality is None or other.quality is None or one.quality == other.quality:
            return Setting(price, one.quality)
        return self._between(price, (1 - part) * one.quality + part * other.quality)


class Turns:
    """How far a dial was turned, and what came of it; both ends of what is possible draw nearer with each trial.

    Args:
        end: How far the dial can be turned.
        cap: The logarithm of the most bytes.
        target: That of the bytes to aim at, below `cap`.
    """

    def __init__(self, end: float, cap: float, target: float) -> None:
        self._end, self._cap, self._target = end, cap, target
        self._known: list[tuple[float, float]] = []
        self._sure: list[tuple[float, float]] = []

    def learn(self, turn: float, size: float, *, sure: bool = True) -> None:
        """Take the logarithm of the bytes at a turn; one that is not sure tells nothing of how fast they fall."""
        self._known.append((turn, size))
        if sure:
            self._sure.append((turn, size))

    def extend(self, end: float) -> None:
        """Let the dial go further."""
        self._end = end

    @property
    def ended(self) -> bool:
        """Whether the dial was turned to its end."""
        return max(self._known)[0] >= self._end

    @property
    def at_end(self) -> float:
        """The logarithm of the bytes to expect at the dial's end."""
        turn, size = max(self._known)
        return size - (self._end - turn)

    def next(self) -> float | None:
        """Where to turn the dial; None if it is at its end and that is not enough.

        By the chord between the nearest trials over the cap and below it, once there are both; before that by the
        secant through the two trials next to the target.
        """
        over = max((turn for turn, size in self._known if size > self._cap), default=None)
        under = min((turn for turn, size in self._known if size <= self._cap), default=None)
        some = self._sure or self._known
        if len(some) == 1 and over is not None and under is not None:
            # A guess on the other side of the cap tells more than the dial does.
            some = self._known
        near = sorted(some, key=lambda each: abs(each[1] - self._target))[:2]
        turn = near[0][0] + (near[0][1] - self._target) / self._steepness(near)
        if under is None:
            left, step = self._end - (over or 0.0), max(turn - (over or 0.0), 1e-3)
            # Near the end one may as well see what it gives: if it is not enough, other things must go.
            return None if left <= 0 else self._end if step > NEAR_END * left else (over or 0.0) + step
        if over is None:
            return max(0.0, turn)
        # Never at an end, which is known already.
        margin = 0.03 * (under - over)
        ends = {turn for turn, _ in self._sure} & {over, under}
        if self._again or len(ends) == 2:
            turn = self._chord(over, under)
        return min(under - margin, max(over + margin, turn)) if margin > 0 else (over + under) / 2

    @property
    def _again(self) -> int:
        """How many of the last trials were on the same side of the cap as the one before them."""
        sides = [size > self._cap for _, size in reversed(self._known)]
        return next((count for count, side in enumerate(sides) if side != sides[0]), 1) - 1

    def _chord(self, over: float, under: float) -> float:
        """Where the chord between two turns meets the target; the end that stays counts half as much each time.

        So it is in the Illinois algorithm: M. Dowell, P. Jarratt, "A modified regula falsi method for computing the
        root of an equation", BIT 11 (1971).
        """
        sizes, half = dict(self._known), 0.5**self._again
        off = [max(1e-6, abs(sizes[turn] - self._target)) for turn in (over, under)]
        stays = 1 if self._known[-1][1] > self._cap else 0
        off[stays] *= half
        return over + (under - over) * off[0] / (off[0] + off[1])

    def _steepness(self, near: list[tuple[float, float]]) -> float:
        """How fast the logarithm of the bytes falls with a turn."""
        if len(near) > 1 and abs(near[1][0] - near[0][0]) > 0.01:
            (one, first), (other, second) = near
            return min(2.5, max(0.15, (first - second) / (other - one)))
        return 1.0
