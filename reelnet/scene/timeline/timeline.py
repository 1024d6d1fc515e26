"""Which step each frame shows, and for how long. Nothing here touches pixels."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, groupby
from typing import Any, NamedTuple

from reelnet._support.arguments import require_number
from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.scene.timeline import selection
from reelnet.template.timeline import SpeedSpec, StepsSpec, TimelineSpec

MAX_SLOTS = 100_000
"""Largest number of slots of an animation; nearly three hours at 10 frames per second."""
MIN_FPS, MAX_OVERRIDE_FPS = 0.01, 1000
MOVING_HUNDREDTHS, MAX_STEP_HUNDREDTHS = 750, 200
"""Duration in 1/100 s of the moving part where its pace is chosen, and the longest of one of its steps."""
MIN_SLOT, FINE_SLOT = 5, 4
"""Shortest step in 1/100 s, and the slot of which longer steps have several, so that pauses stay exact."""
MIN_SHORTENED_FPS = 10
"""A shortened animation plays no slower than this, unless its author made it slower; motion would fall apart."""


@dataclass(frozen=True)
class Pause:
    """A pause that a panel asks for, at the first frame that shows one of some training steps.

    Attributes:
        first_step: The first of these steps.
        last_step: The last of these steps.
        seconds: How long the frame stays in addition to its usual time.
        name: The key path of what asks for it, relative to the panel: `items[2]`.
    """

    first_step: int
    last_step: int
    seconds: float
    name: str


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
    """The frames of the whole animation, without gaps. Neighboring frames never show the same step.

    Attributes:
        frames: The frames in order; each stays for a whole number of slots of 1 / `fps` seconds.
        fps: Slots per second.
        moving_slots: Slots from the first step to the last, without pauses, holds and the way back.
        repeat: Slots for which each frame of the moving part is repeated, from 1; the others count as one.
        unshown_pauses: Names of the pauses of which no step is shown.
        thumbnail: Seconds for which the last step is shown before the first one; 0 for not at all.
    """

    frames: tuple[TimelineFrame, ...]
    fps: Fraction
    moving_slots: int
    repeat: int = 1
    unshown_pauses: tuple[str, ...] = ()
    thumbnail: Fraction = Fraction(0)

    @property
    def duration(self) -> Fraction:
        """Duration of the whole animation, in seconds."""
        return self.frames[-1].pts + self.frames[-1].duration

    @property
    def steps_shown(self) -> tuple[int, ...]:
        """The distinct training steps, ascending."""
        return tuple(sorted({frame.step for frame in self.frames}))

    def with_thumbnail(self, seconds: Fraction) -> Timeline:
        """The timeline with the last step in front for some seconds; 0 for none."""
        if seconds == self.thumbnail:
            return self
        frames = self.frames[1:] if self.thumbnail else self.frames
        shift = seconds - self.thumbnail
        moved = (replace(frame, pts=frame.pts + shift) for frame in frames)
        first = (TimelineFrame(self.steps_shown[-1], Fraction(0), seconds),) if seconds else ()
        return replace(self, frames=(*first, *moved), thumbnail=seconds)

    def __iter__(self) -> Iterator[TimelineFrame]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class TimelinePlan:
    """What a timeline is made from, so that it can be made again with fewer frames.

    Attributes:
        spec: What the author wrote.
        steps: The recorded training steps, ascending; at least one.
        compute_changes: See `select_positions`.
        pauses: Pauses that panels ask for. Their first steps are shown if the template's list or range of steps
            allows them and there are enough frames.
    """

    spec: TimelineSpec
    steps: tuple[int, ...]
    compute_changes: selection.ComputeChanges | None = None
    pauses: tuple[Pause, ...] = ()

    def build(self, fps: float | None = None) -> Timeline:
        """Make the timeline.

        Args:
            fps: Frames per second instead of the template's. The moving part keeps its frames and changes its speed;
                pauses, holds and rewind keep their seconds.

        Raises:
            OptionError: The timeline names steps that were not recorded, or has too many frames.
            UsageError: `fps` is out of range.
            ValueError: The selection is adaptive and there is no `compute_changes`.
        """
        holds = _resolve_holds(self.spec, self.steps)
        moving = self._lay_out_moving(holds, self.pauses)
        if fps is None and self.spec.chooses_pace:
            rate, repeat = choose_pace(_count_slots(moving))
        else:
            rate, repeat = _to_frame_rate(self.spec.effective_fps if fps is None else fps), 1
        return self._build_at(rate, repeat, moving, holds)

    def _build_at(
        self, rate: Fraction, repeat: int, moving: Sequence[_Stay], seconds: Mapping[int, float]
    ) -> Timeline:
        """Make the timeline from its moving part and the seconds of holds by position."""
        spec, steps = self.spec, self.steps
        moving = [_Stay(position, repeat * slots) for position, slots in moving]
        holds = {position: _to_slots(hold, rate) for position, hold in seconds.items()}
        pauses, unshown = _locate_pauses(self.pauses, moving, steps, rate)
        extra = Counter(holds) + pauses
        extra[moving[0].position] += _to_slots(spec.start_pause, rate)
        extra[moving[-1].position] += _to_slots(spec.end_pause, rate)
        forward = [_Stay(position, slots + extra[position]) for position, slots in moving]
        # Checked before the rewind is laid out, which could be long.
        _check_slots(_count_slots(forward) + _to_slots(spec.rewind, rate))
        whole = [*forward, *_lay_out_return(spec, moving, rate)]
        _check_slots(_count_slots(whole))
        return Timeline(tuple(_to_frames(whole, steps, rate)), rate, _count_slots(moving), repeat, unshown)

    def shorten(self, timeline: Timeline, max_frames: int) -> tuple[TimelinePlan, Timeline]:
        """Shorten a timeline made from this plan to at most `max_frames` frames.

        The first, the last and the held steps stay, however few frames that allows. Of the other steps those stay
        between which the activations change most, unless the author chose steps by a list, a logarithm or every n-th,
        or gave stretches a speed of their own.
        The duration is kept down to `MIN_SHORTENED_FPS`; with still fewer frames the animation becomes shorter.

        Returns:
            The new plan and its timeline; both unchanged if the timeline is short enough.
        """
        thumbnail, given = timeline.thumbnail, timeline
        if thumbnail:
            timeline, max_frames = timeline.with_thumbnail(Fraction(0)), max(1, max_frames - 1)
        plan, shorter = self, timeline
        required = {
            timeline.frames[0].step,
            *timeline.steps_shown[-1:],
            *(hold.step for hold in self.spec.holds),
        }
        slots = timeline.moving_slots // timeline.repeat
        while len(shorter) > max_frames and slots != len(required):
            # A step may take several slots, and there may be a way back: then frames and slots differ in number.
            slots = max(len(required), min(slots - 1, slots * max_frames // len(shorter)))
            plan, shorter = self._with_slots(timeline, slots)
        if shorter is timeline:
            return self, given
        # In a video it is one slot, which may be longer now.
        return plan, shorter.with_thumbnail(1 / shorter.fps if thumbnail == 1 / timeline.fps else thumbnail)

    def _with_slots(self, timeline: Timeline, slots: int) -> tuple[TimelinePlan, Timeline]:
        """The plan and its timeline with `slots` slots in the moving part."""
        rule = selection.resolve_rule(self.spec)
        update: dict[str, Any] = {"max_frames": slots}
        by_change = rule.list is None and rule.log is None and rule.every in (None, 1)
        if by_change and self.compute_changes is not None and not self.spec.speed:
            update["steps"] = StepsSpec(adaptive=max(2, slots), range=rule.range)
        plan = replace(self, spec=self.spec.model_copy(update=update))
        # A boomerang shows neither end twice.
        before, after = (
            2 * max(2, count) - 2 if self.spec.boomerang else count
            for count in (timeline.moving_slots // timeline.repeat, slots)
        )
        pace = timeline.fps / timeline.repeat
        pace = max(min(Fraction(MIN_SHORTENED_FPS), pace), pace * after / before)
        holds = _resolve_holds(plan.spec, plan.steps)
        moving = plan._lay_out_moving(holds, plan.pauses)
        repeat = max(1, round(MIN_SHORTENED_FPS / pace)) if self.spec.chooses_pace else 1
        return plan, plan._build_at(_to_frame_rate(float(pace * repeat)), repeat, moving, holds)

    def _lay_out_moving(self, holds: Collection[int], pauses: Sequence[Pause]) -> list[_Stay]:
        """The part from the first step to the last, with all held steps, and those of pauses if they fit."""
        spec, steps = self.spec, self.steps
        first_shown = (
            selection.find_allowed(spec, steps, pause.first_step, pause.last_step) for pause in pauses
        )
        paused = {position for position in first_shown if position is not None} - {*holds}
        required = {*holds, *paused}
        try:
            positions = selection.select_positions(spec, steps, required, self.compute_changes)
            return _fit_frames(spec, [*_apply_speed(spec, steps, positions, required)], required)
        except OptionError:
            if not paused:
                raise
            return self._lay_out_moving(holds, ())


def choose_pace(count: int) -> tuple[Fraction, int]:
    """The slots per second, and the slots of each of `count` frames, that show them all in about 7.5 seconds.

    Frames take a whole number of 1/100 s, as GIF stores delays, from 1/20 s to 2 s.
    """
    wanted = min(MOVING_HUNDREDTHS / count, MAX_STEP_HUNDREDTHS)
    if wanted > FINE_SLOT * MIN_SLOT:
        return Fraction(100, FINE_SLOT), round(wanted / FINE_SLOT)
    if wanted > 2 * MIN_SLOT:
        return Fraction(100, round(wanted / 2)), 2
    return Fraction(100, max(MIN_SLOT, round(wanted))), 1


class _Stay(NamedTuple):
    """A position among the recorded steps, from 0, and the number of slots that it is shown, from 1."""

    position: int
    slots: int


def _to_frame_rate(fps: float) -> Fraction:
    fps = require_number("fps", fps, MIN_FPS, MAX_OVERRIDE_FPS)
    return Fraction(str(fps)).limit_denominator(1001)


def _to_slots(seconds: float, fps: Fraction) -> int:
    return max(1, round(Fraction(str(seconds)) * fps)) if seconds else 0


def _count_slots(stays: Iterable[_Stay]) -> int:
    return sum(stay.slots for stay in stays)


def _check_slots(slots: int) -> None:
    if slots > MAX_SLOTS:
        raise OptionError(
            f"the animation has {slots:,} frames, more than {MAX_SLOTS:,}; lower max_frames or shorten the pauses"
        )


def _resolve_holds(spec: TimelineSpec, steps: Sequence[int]) -> Mapping[int, float]:
    """The seconds of the template's holds by position; holds of the same step add up.

    Checks all steps that the template names.
    """
    rule, errors = selection.resolve_rule(spec), ErrorCollector()
    holds: dict[int, float] = {}
    with errors.collect():
        if rule.list is not None:
            selection.resolve_steps(steps, rule.list)
        else:
            selection.resolve_range(steps, rule.range)
    with errors.collect():
        _resolve_windows(spec, steps)
    for number, hold in enumerate(spec.holds):
        with errors.collect("holds", number, "step"):
            position = selection.resolve_step(steps, hold.step)
            _check_allowed(spec, steps, hold.step)
            holds[position] = holds.get(position, 0.0) + hold.seconds
    errors.raise_errors()
    return holds


def _check_allowed(spec: TimelineSpec, steps: Sequence[int], step: int) -> None:
    """Check that the template's list or range of steps contains a held step.

    Raises:
        OptionError: It does not.
    """
    if selection.find_allowed(spec, steps, step, step) is not None:
        return
    if selection.resolve_rule(spec).list is not None:
        raise OptionError(f"step {step} is not in timeline.steps.list; add it there")
    allowed = [each for each in steps if selection.find_allowed(spec, steps, each, each) is not None]
    if allowed:
        ends = f"{allowed[0]} to {allowed[-1]}"
        raise OptionError(f"step {step} lies outside timeline.steps.range, where steps run from {ends}")


def _resolve_windows(spec: TimelineSpec, steps: Sequence[int]) -> list[SpeedSpec]:
    """The stretches of another speed, ascending.

    Raises:
        OptionError: A stretch contains no recorded step.
    """
    errors = ErrorCollector()
    for number, window in enumerate(spec.speed):
        if bisect_right(steps, window.to) == bisect_right(steps, window.from_ - 1):
            ends = f"steps run from {steps[0]} to {steps[-1]}"
            errors.add(f"no recorded step between {window.from_} and {window.to}; {ends}", "speed", number)
    errors.raise_errors()
    return sorted(spec.speed, key=lambda window: window.from_)


def _apply_speed(
    spec: TimelineSpec, steps: Sequence[int], positions: Sequence[int], required: Collection[int]
) -> Iterator[_Stay]:
    """Give each position 1 slot, or 1 / factor slots on average in a stretch of another speed.

    A position with less than one slot is dropped, except the last and the required ones.
    """
    windows = _resolve_windows(spec, steps)
    starts = [window.from_ for window in windows]

    def find_window(position: int) -> SpeedSpec | None:
        number = bisect_right(starts, steps[position]) - 1
        return windows[number] if number >= 0 and steps[position] <= windows[number].to else None

    for window, group in groupby(positions, find_window):
        factor = Fraction(str(window.factor)) if window else Fraction(1)
        begin = 0
        for passed, position in enumerate(group, 1):
            end = -(-passed * factor.denominator // factor.numerator)
            slots = max(end - begin, int(position in required or position == positions[-1]))
            begin = end
            if slots:
                yield _Stay(position, slots)


def _fit_frames(spec: TimelineSpec, stays: Sequence[_Stay], required: Collection[int]) -> list[_Stay]:
    """Stretch or thin out the moving part to the number of slots that the template asks for."""
    ends = [*accumulate(stay.slots for stay in stays)]
    target = spec.moving_frames or min(ends[-1], spec.max_frames or ends[-1])
    _check_slots(target)
    required_slots = [
        range(end - stay.slots, end)
        for stay, end in zip(stays, ends, strict=True)
        if stay.position in required
    ]
    slots = selection.sample_with_required(ends[-1], target, required_slots)
    return [*_merge_equal(_Stay(stays[bisect_right(ends, slot)].position, 1) for slot in slots)]


def _locate_pauses(
    pauses: Sequence[Pause], moving: Sequence[_Stay], steps: Sequence[int], fps: Fraction
) -> tuple[Counter[int], tuple[str, ...]]:
    """The slots of pauses at the first position that is shown for each, and the names of pauses without one."""
    located, unshown = Counter[int](), []
    for pause in pauses:
        shown = (stay.position for stay in moving)
        position = next((each for each in shown if pause.first_step <= steps[each] <= pause.last_step), None)
        if position is None and pause.seconds:
            unshown.append(pause.name)
        elif position is not None:
            located[position] += _to_slots(pause.seconds, fps)
    return located, tuple(unshown)


def _lay_out_return(spec: TimelineSpec, moving: Sequence[_Stay], fps: Fraction) -> Sequence[_Stay]:
    """The way back after the last step, without pauses and holds."""
    if spec.boomerang:
        return moving[-2:0:-1]
    if (slots := _to_slots(spec.rewind, fps)) == 0:
        return ()
    # The last step is on screen already, so it counts as a single slot to start from.
    path = [stay.position for stay in moving[:-1] for _ in range(stay.slots)] + [moving[-1].position]
    if slots < len(path):
        sampled = selection.sample_evenly(len(path), slots + 1)[:-1]
    else:
        sampled = selection.sample_evenly(max(1, len(path) - 1), slots)
    return [_Stay(path[index], 1) for index in reversed(sampled)]


def _merge_equal(stays: Iterable[_Stay]) -> Iterator[_Stay]:
    """Merge neighbors that show the same position."""
    for position, group in groupby(stays, lambda stay: stay.position):
        yield _Stay(position, _count_slots(group))


def _to_frames(stays: Iterable[_Stay], steps: Sequence[int], fps: Fraction) -> Iterator[TimelineFrame]:
    begin = 0
    for position, slots in _merge_equal(stays):
        yield TimelineFrame(int(steps[position]), begin / fps, slots / fps)
        begin += slots
