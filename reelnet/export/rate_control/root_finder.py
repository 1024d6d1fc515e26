"""Bracketing search for the ladder position whose file just fits the cap, on the logarithm of the size."""

from __future__ import annotations

import math

import numpy as np

MIN_STEEPNESS, MAX_STEEPNESS = 0.15, 2.5
"""Bounds on the fall of the logarithm of the size per unit of position, which is 1 if the prediction is right."""

PRIOR_STEP = 0.05
"""The prediction counts as much as a secant of this length, since sizes that lie close together are noisy."""

NEAR_END = 0.9
"""From this fraction of the way to the end of a ladder on, its end itself is tried."""

BRACKET_MARGIN = 0.03
"""The least distance of a new position from both ends of the bracket, as a fraction of its width."""

MIN_STEP = 1e-3
"""The least step towards the end of a ladder."""

SAMPLE_TOLERANCE = 0.012
"""How far from the target a size estimated from samples may be; the cap is 0.015 above the target of a search."""


class SizeRootFinder:
    """Finds the position where the logarithm of the size meets a target just below the cap.

    Before there is a bracket, it follows the secant through the two observations next to the target; then the chord
    between the ends of the bracket, in the Illinois variant: M. Dowell, P. Jarratt, "A modified regula falsi method
    for computing the root of an equation", BIT 11 (1971).

    Sizes estimated from a sample of the frames cost far less than measured ones. They are off by a few percent, but
    by nearly the same ratio at neighboring positions, so each measured size corrects the estimates around it.

    Args:
        end: The last position of the ladder.
        cap: The logarithm of the largest size that fits.
        target: The logarithm of the size to aim at, below `cap`.
    """

    def __init__(self, end: float, cap: float, target: float) -> None:
        self.end, self._cap, self.target = end, cap, target
        self._sizes: list[tuple[float, float]] = []
        self._measured: list[tuple[float, float]] = []
        self._samples: dict[float, float] = {}
        self._order: list[float] = []

    def sample(self, position: float, log_size: float) -> None:
        """Take the logarithm of a size that was estimated from samples of the frames."""
        self._samples[position] = log_size
        self._append(position)

    def is_sampled(self, position: float) -> bool:
        """Whether a size at a position was estimated from samples."""
        return position in self._samples

    def find_sampled(self, *, on_target: bool) -> float | None:
        """The sampled position that should meet the target best, and was not measured; None without one.

        Args:
            on_target: Whether its size must be close to the target; otherwise it must fit the cap.
        """
        measured = {position for position, _ in self._measured}
        below, above = (SAMPLE_TOLERANCE,) * 2 if on_target else (math.inf, self._cap - self.target)
        found = [
            (abs(size - self.target), position)
            for position, size in self._corrected_samples
            if position not in measured and -below <= size - self.target <= above
        ]
        return min(found)[1] if found else None

    @property
    def _corrected_samples(self) -> list[tuple[float, float]]:
        """The sampled sizes, corrected by the measured ones next to them."""
        errors = sorted(
            (position, size - self._samples[position])
            for position, size in self._measured
            if position in self._samples
        )
        if not errors:
            return [*self._samples.items()]
        places, corrections = np.array(errors).T
        return [
            (position, size + float(np.interp(position, places, corrections)))
            for position, size in self._samples.items()
        ]

    @property
    def _known_sizes(self) -> list[tuple[float, float]]:
        """What is known of the sizes, in order; a measured size counts more than a sample."""
        known = {**dict(self._corrected_samples), **dict(self._sizes)}
        return [(position, known[position]) for position in self._order]

    def observe(self, position: float, log_size: float, *, measured: bool = True) -> None:
        """Take the logarithm of a size; estimates do not tell how fast sizes fall."""
        self._sizes.append((position, log_size))
        self._append(position)
        if measured:
            self._measured.append((position, log_size))

    def _append(self, position: float) -> None:
        self._order = [*(each for each in self._order if each != position), position]

    @property
    def reached_end(self) -> bool:
        """Whether the end of the ladder was observed."""
        return max(self._known_sizes)[0] >= self.end

    @property
    def end_size(self) -> float:
        """The expected logarithm of the size at the end of the ladder."""
        position, log_size = max(self._known_sizes)
        return log_size - (self.end - position)

    def predict(self) -> float | None:
        """The position to try next; None if the end was observed and is too large."""
        over = max((position for position, size in self._known_sizes if size > self._cap), default=None)
        under = min((position for position, size in self._known_sizes if size <= self._cap), default=None)
        sampled = len(self._known_sizes) > len(self._sizes)
        known = self._known_sizes if sampled else self._measured or self._known_sizes
        if len(known) == 1 and over is not None and under is not None:
            # An estimate on the other side of the cap says more than the predicted steepness.
            known = self._known_sizes
        near = sorted(known, key=lambda each: abs(each[1] - self.target))[:2]
        position = near[0][0] + (near[0][1] - self.target) / self._steepness(near)
        if under is None:
            start = over or 0.0
            left, step = self.end - start, max(position - start, MIN_STEP)
            # Near the end, the end itself tells whether the ladder suffices.
            return None if left <= 0 else self.end if step > NEAR_END * left else start + step
        if over is None:
            return max(0.0, position)
        ends = {position for position, _ in (self._known_sizes if sampled else self._measured)} & {
            over,
            under,
        }
        if self._repeats or len(ends) == 2:
            position = self._cross_chord(over, under)
        margin = BRACKET_MARGIN * (under - over)
        return min(under - margin, max(over + margin, position)) if margin > 0 else (over + under) / 2

    @property
    def _repeats(self) -> int:
        """How many of the last observations were on the same side of the cap as the one before them."""
        sides = [size > self._cap for _, size in reversed(self._known_sizes)]
        return next((count for count, side in enumerate(sides) if side != sides[0]), 1) - 1

    def _cross_chord(self, over: float, under: float) -> float:
        """Where the chord meets the target; the end that stays counts half as much with each repetition."""
        sizes, weight = dict(self._known_sizes), 0.5**self._repeats
        distances = [max(1e-6, abs(sizes[position] - self.target)) for position in (over, under)]
        distances[1 if self._known_sizes[-1][1] > self._cap else 0] *= weight
        return over + (under - over) * distances[0] / (distances[0] + distances[1])

    @staticmethod
    def _steepness(near: list[tuple[float, float]]) -> float:
        """How fast the logarithm of the size falls with the position."""
        if len(near) == 1:
            return 1.0
        (position, size), (other_position, other_size) = sorted(near)
        secant = (size - other_size + PRIOR_STEP) / (other_position - position + PRIOR_STEP)
        return min(MAX_STEEPNESS, max(MIN_STEEPNESS, secant))
