"""Which step each frame shows, and for how long."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, groupby
from typing import Any

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import UsageError
from reelnet.scene.panel import Pause
from reelnet.scene.timeline.selection import (
    Changes,
    even,
    listed,
    may_show,
    resolve_step,
    rule_of,
    select,
    thin,
    within,
)
from reelnet.template.timeline import SpeedSpec, StepsSpec, TimelineSpec

MOST_SLOTS = 100_000
"""Frames of an animation in all; nearly three hours at 10 frames a second."""
LEAST_FPS, MOST_FPS = 0.01, 1000
MIN_SHORTENED_FPS = 8
"""A shortened animation plays no slower than this, unless its author made it slower; motion would fall apart."""


@dataclass(frozen=True)
class TimelineFrame:
    """One frame of the timeline.

    Attributes:
        step: The training step that it shows.
        pts: When it appears, in seconds from the start.
        duration: How long it stays, in seconds.
    """

    step: int
    pts: Fraction
    duration: Fraction


@dataclass(frozen=True)
class Timeline:
    """The frames of the whole animation, without holes; two neighbours never show the same step.

    Attributes:
        frames: The frames in order; each stays for a whole number of slots of 1 / `fps` seconds.
        fps: Slots a second.
        moving_slots: Slots from the first step to the last, without pauses, holds and the way back.
        unshown_pauses: Names of the rests for which no frame is shown.
    """

    frames: tuple[TimelineFrame, ...]
    fps: Fraction
    moving_slots: int
    unshown_pauses: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        spec: TimelineSpec,
        steps: Sequence[int],
        *,
        fps: float | None = None,
        change: Changes | None = None,
        pauses: Sequence[Pause] = (),
    ) -> Timeline:
        """What the author's timeline means for a run.

        Args:
            spec: What the author wrote.
            steps: The recorded training steps, ascending; at least one.
            fps: Frames a second in place of the template's. The moving part keeps its frames and changes its
                pace; pauses, holds and rewind keep their seconds.
            change: Gives for each recorded step by how much the activations changed since the one before,
                float64 (steps,), the first 0; asked only for an adaptive selection that leaves steps out.
            pauses: Pauses that panels ask for. Their first steps are shown, if the template's list or range of steps
                allows them and there are frames enough.

        Raises:
            OptionError: The timeline names steps that were not recorded, or has too many frames.
            UsageError: `fps` is none that a frame rate can be.
            ValueError: The selection is adaptive and there is no `change`.
        """
        pace = _pace(spec.effective_fps if fps is None else fps)
        held = _checked(spec, steps, pace)
        moving = _shown(spec, steps, held, pauses, change)
        resting, unshown_pauses = _rested(moving, steps, pauses, pace)
        there = [*_resting(spec, moving, _added(held, resting), pace)]
        # Counted before the rewind is laid out, which could be long.
        _limit(sum(slots for _, slots in there) + _slots(spec.rewind, pace))
        whole = [*there, *_back(spec, moving, pace)]
        _limit(sum(slots for _, slots in whole))
        return cls(
            tuple(_frames(whole, steps, pace)), pace, sum(slots for _, slots in moving), unshown_pauses
        )

    @property
    def duration(self) -> Fraction:
        """Of the whole animation, in seconds."""
        return self.frames[-1].pts + self.frames[-1].duration

    @property
    def steps_shown(self) -> tuple[int, ...]:
        """The different training steps, ascending."""
        return tuple(sorted({each.step for each in self.frames}))

    def __iter__(self) -> Iterator[TimelineFrame]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class TimelinePlan:
    """What a timeline is made from, so that it can be made again with fewer frames.

    Attributes:
        spec: What the author wrote.
        steps: The recorded training steps, ascending.
        change: See `Timeline.of`.
        pauses: Pauses that panels ask for.
    """

    spec: TimelineSpec
    steps: tuple[int, ...]
    change: Changes | None = None
    pauses: tuple[Pause, ...] = ()

    def build(self, fps: float | None = None) -> Timeline:
        """The timeline at a frame rate, or at the template's; see `Timeline.of`."""
        return Timeline.of(self.spec, self.steps, fps=fps, change=self.change, pauses=self.pauses)

    def shortened(self, timeline: Timeline, frames: int) -> tuple[TimelinePlan, Timeline]:
        """Shorten a timeline made from this plan to at most `frames` frames.

        The first, the last and the held steps stay, however few frames that allows. Of the other steps those stay
        between which the activations change most, unless the author chose steps by a list, a logarithm or every n-th,
        or gave stretches a speed of their own.
        The duration is kept down to `MIN_SHORTENED_FPS`; with still fewer frames the animation becomes shorter.

        Returns:
            The new plan and its timeline; both unchanged if the timeline is short enough.
        """
        plan, shorter = self, timeline
        required = {
            timeline.frames[0].step,
            *timeline.steps_shown[-1:],
            *(hold.step for hold in self.spec.holds),
        }
        slots = timeline.moving_slots
        while len(shorter) > frames and slots != len(required):
            # A step may take several slots, and there may be a way back: then frames and slots differ in number.
            slots = max(len(required), min(slots - 1, slots * frames // len(shorter)))
            plan, shorter = self._with_slots(timeline, slots)
        return plan, shorter

    def _with_slots(self, timeline: Timeline, slots: int) -> tuple[TimelinePlan, Timeline]:
        """The plan and its timeline with `slots` slots in the moving part."""
        rule = rule_of(self.spec)
        update: dict[str, Any] = {"max_frames": slots}
        by_change = rule.list is None and rule.log is None and rule.every in (None, 1)
        if by_change and self.change is not None and not self.spec.speed:
            update["steps"] = StepsSpec(adaptive=max(2, slots), range=rule.range)
        plan = replace(self, spec=self.spec.model_copy(update=update))
        # A boomerang shows neither end twice.
        before, after = (
            2 * max(2, count) - 2 if self.spec.boomerang else count
            for count in (timeline.moving_slots, slots)
        )
        lowest = min(Fraction(MIN_SHORTENED_FPS), timeline.fps)
        return plan, plan.build(float(max(lowest, timeline.fps * after / before)))


_Stay = tuple[int, int]
"""A position among the recorded steps, from 0, and the number of slots that it stays, from 1."""


def _pace(fps: float) -> Fraction:
    if not LEAST_FPS <= fps <= MOST_FPS:
        raise UsageError(f"fps {fps}: give from {LEAST_FPS} to {MOST_FPS} frames a second")
    return Fraction(str(fps)).limit_denominator(1001)


def _slots(seconds: float, pace: Fraction) -> int:
    return max(1, round(Fraction(str(seconds)) * pace)) if seconds else 0


def _limit(slots: int) -> None:
    if slots > MOST_SLOTS:
        raise OptionError(
            f"{slots:,} frames in all are more than {MOST_SLOTS:,}; give a smaller max_frames, or shorter pauses"
        )


Slots = Mapping[int, int]  # For each of some positions the slots that it stays in addition.


def _checked(spec: TimelineSpec, steps: Sequence[int], pace: Fraction) -> Slots:
    """The held positions, once it is sure that every step that the template names is there."""
    errors, rule = ErrorCollector(), rule_of(spec)
    held: Slots = {}
    with errors.collect():
        if rule.list is not None:
            listed(steps, rule.list)
        else:
            within(steps, rule.range)
    with errors.collect():
        _windows(spec, steps)
    with errors.collect():
        held = _held(spec, steps, pace)
    errors.raise_errors()
    return held


def _held(spec: TimelineSpec, steps: Sequence[int], pace: Fraction) -> Slots:
    """The positions of the template's holds; holds on the same step add up."""
    held: dict[int, int] = {}
    errors = ErrorCollector()
    for number, hold in enumerate(spec.holds):
        with errors.collect("holds", number, "step"):
            position = resolve_step(steps, hold.step)
            _require_shown(spec, steps, position)
            held[position] = held.get(position, 0) + _slots(hold.seconds, pace)
    errors.raise_errors()
    return held


def _require_shown(spec: TimelineSpec, steps: Sequence[int], position: int) -> None:
    """Make sure that the template's list or range of steps does not leave out a held one.

    Raises:
        OptionError: It does.
    """
    rule, step = rule_of(spec), steps[position]
    if may_show(spec, steps, step, step) is not None:
        return
    if rule.list is not None:
        raise OptionError(f"step {step} is not in timeline.steps.list; add it there")
    inside = [each for each in steps if may_show(spec, steps, each, each) is not None]
    if inside:
        ends = f"{inside[0]} to {inside[-1]}"
        raise OptionError(f"step {step} lies outside timeline.steps.range, where steps run from {ends}")


def _added(held: Slots, more: Slots) -> Slots:
    return {position: held.get(position, 0) + more.get(position, 0) for position in {*held, *more}}


def _shown(
    spec: TimelineSpec, steps: Sequence[int], held: Slots, pauses: Sequence[Pause], change: Changes | None
) -> list[_Stay]:
    """The moving part, with the steps at which it is held, and those for rests if there is room for them."""
    begins = (may_show(spec, steps, rest.first_step, rest.last_step) for rest in pauses)
    wanted = {position for position in begins if position is not None} - {*held}
    kept = {*held, *wanted}
    try:
        return _moving(spec, _at_speed(spec, steps, select(spec, steps, kept, change), kept), kept)
    except OptionError:
        if not wanted:
            raise
        return _shown(spec, steps, held, (), change)


def _rested(
    moving: Sequence[_Stay], steps: Sequence[int], pauses: Sequence[Pause], pace: Fraction
) -> tuple[Slots, tuple[str, ...]]:
    """The positions of pauses, each the first that is shown for it, and the names of those for which none is."""
    found: dict[int, int] = {}
    unshown_pauses = []
    for rest in pauses:
        position = next(
            (each for each, _ in moving if rest.first_step <= steps[each] <= rest.last_step), None
        )
        if position is None:
            unshown_pauses.append(rest.name)
        else:
            found[position] = found.get(position, 0) + _slots(rest.seconds, pace)
    return found, tuple(unshown_pauses)


def _at_speed(
    spec: TimelineSpec, steps: Sequence[int], chosen: Iterable[int], held: Collection[int]
) -> list[_Stay]:
    """The slots of each position: 1, and in a window of another speed 1 / its factor on average.

    A position whose share comes to no slot is dropped, except the last one and those that are held.
    """
    windows = _windows(spec, steps)
    starts = [window.from_ for window in windows]

    def window_of(position: int) -> SpeedSpec | None:
        number = bisect_right(starts, steps[position]) - 1
        return windows[number] if number >= 0 and steps[position] <= windows[number].to else None

    stays: list[_Stay] = []
    for window, positions in groupby(chosen, window_of):
        factor = Fraction(str(window.factor)) if window else Fraction(1)
        begin = 0
        for passed, position in enumerate(positions, 1):
            end = -(-passed * factor.denominator // factor.numerator)
            stays.append((position, end - begin))
            begin = end
    last = stays[-1][0]
    kept = ((position, max(slots, int(position in held or position == last))) for position, slots in stays)
    return [(position, slots) for position, slots in kept if slots]


def _windows(spec: TimelineSpec, steps: Sequence[int]) -> list[SpeedSpec]:
    errors = ErrorCollector()
    for number, window in enumerate(spec.speed):
        with errors.collect("speed", number):
            if bisect_right(steps, window.to) == bisect_right(steps, window.from_ - 1):
                raise OptionError(
                    f"no recorded step between {window.from_} and {window.to}; "
                    f"steps run from {steps[0]} to {steps[-1]}"
                )
    errors.raise_errors()
    return sorted(spec.speed, key=lambda each: each.from_)


def _moving(spec: TimelineSpec, stays: Sequence[_Stay], held: Collection[int]) -> list[_Stay]:
    """The part from the first to the last step, in as many slots as the template allows."""
    ends = [*accumulate(slots for _, slots in stays)]
    target = spec.moving_frames or min(ends[-1], spec.max_frames or ends[-1])
    _limit(target)
    wanted = [
        range(end - slots, end)
        for (position, slots), end in zip(stays, ends, strict=True)
        if position in held
    ]
    places = thin(ends[-1], target, wanted)
    return _merged((stays[bisect_right(ends, place)][0], 1) for place in places)


def _resting(spec: TimelineSpec, moving: Sequence[_Stay], held: Slots, pace: Fraction) -> Iterator[_Stay]:
    """The moving part with its pauses and holds."""
    final = len(moving) - 1
    for number, (position, slots) in enumerate(moving):
        start = _slots(spec.start_pause, pace) if number == 0 else 0
        end = _slots(spec.end_pause, pace) if number == final else 0
        yield position, start + slots + held.get(position, 0) + end


def _back(spec: TimelineSpec, moving: Sequence[_Stay], pace: Fraction) -> list[_Stay]:
    """What follows the last step: the way back, without pauses and holds."""
    if spec.boomerang:
        return [*moving[-2:0:-1]]
    if (slots := _slots(spec.rewind, pace)) == 0:
        return []
    # The last step is on the screen already, so it counts as a single slot to leave from.
    way = [position for position, stay in moving[:-1] for _ in range(stay)] + [moving[-1][0]]
    places = even(len(way), slots + 1)[:-1] if slots < len(way) else even(max(1, len(way) - 1), slots)
    return _merged((way[place], 1) for place in reversed(places))


def _merged(stays: Iterable[_Stay]) -> list[_Stay]:
    """Neighbours of the same position become one."""
    return [
        (position, sum(slots for _, slots in group))
        for position, group in groupby(stays, lambda each: each[0])
    ]


def _frames(stays: Iterable[_Stay], steps: Sequence[int], pace: Fraction) -> Iterator[TimelineFrame]:
    begin = 0
    for position, slots in _merged(stays):
        yield TimelineFrame(int(steps[position]), begin / pace, slots / pace)
        begin += slots
