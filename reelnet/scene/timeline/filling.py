"""More or fewer steps in the time of a timeline, for figures whose readers choose the step themselves."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from reelnet.scene.timeline import selection
from reelnet.scene.timeline.timeline import Timeline, TimelineFrame, TimelinePlan


def fill_timeline(plan: TimelinePlan, timeline: Timeline, max_steps: int) -> Timeline:
    """Add the recorded steps between the steps of a timeline, as frames that share the time of the frame before.

    Pauses, holds and the duration stay as they are, and so does the way back. Nothing is added where the author lists
    steps or asks for every n-th.

    Args:
        plan: What the timeline was made from.
        timeline: The timeline, without a thumbnail.
        max_steps: The most different steps of the result; the added ones are then evenly spaced. A timeline that has
            more is returned as it is.
    """
    rule, shown = selection.resolve_rule(plan.spec), timeline.steps_shown
    if rule.list is not None or (rule.every or 1) > 1 or len(shown) >= max_steps:
        return timeline
    first = bisect_left(plan.steps, shown[0])
    steps = plan.steps[first : bisect_left(plan.steps, shown[-1]) + 1]
    required = [bisect_left(steps, step) for step in shown]
    chosen = selection.sample_with_required(
        len(steps), min(max_steps, len(steps)), [range(position, position + 1) for position in required]
    )
    frames = _insert_frames(timeline, [steps[position] for position in chosen])
    return replace(timeline, frames=tuple(frames))


def choose_steps(plan: TimelinePlan, timeline: Timeline, steps: Sequence[int], count: int) -> list[int]:
    """Choose some of the steps of a filled timeline, ascending.

    Args:
        plan: What the timeline was made from.
        timeline: The timeline before it was filled. Its steps are chosen first of all; of these its first, its last
            and held ones.
        steps: The steps of the filled timeline.
        count: The number of steps; more if the first, the last and the held ones are more.
    """
    own = [step for step in timeline.steps_shown if step in {*steps}]
    required = {own[0], own[-1], *(hold.step for hold in plan.spec.holds)} & {*own}
    candidates, required = (steps, {*own}) if count >= len(own) else (own, required)
    places = [range(place, place + 1) for place, step in enumerate(candidates) if step in required]
    count = min(len(candidates), max(count, len(places)))
    return [candidates[place] for place in selection.sample_with_required(len(candidates), count, places)]


def keep_steps(timeline: Timeline, steps: Collection[int]) -> Timeline:
    """Leave out the frames of all other steps; those before them stay for longer.

    Args:
        timeline: The timeline.
        steps: Some of its steps, with the first.
    """
    frames: list[TimelineFrame] = []
    for frame in timeline:
        if frame.step in steps and (not frames or frames[-1].step != frame.step):
            frames.append(frame)
        else:
            frames[-1] = replace(frames[-1], duration=frames[-1].duration + frame.duration)
    return replace(timeline, frames=tuple(frames))


def _insert_frames(timeline: Timeline, steps: Sequence[int]) -> Iterator[TimelineFrame]:
    """The frames of a timeline, and on the way to a later step one frame for each of `steps` in between."""
    slot = timeline.repeat / timeline.fps
    for frame, following in pairwise(timeline.frames):
        between = steps[bisect_left(steps, frame.step + 1) : bisect_left(steps, following.step)]
        # A pause belongs to the step that asks for it.
        share = min(slot, frame.duration) / (len(between) + 1)
        duration = frame.duration - share * len(between)
        yield replace(frame, duration=duration)
        for number, step in enumerate(between):
            yield TimelineFrame(step, frame.pts + duration + number * share, Fraction(share))
    yield timeline.frames[-1]
