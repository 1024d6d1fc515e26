"""Steps between those of a timeline."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from reelnet.scene.timeline.filling import fill_timeline
from reelnet.scene.timeline.timeline import Timeline, TimelinePlan
from reelnet.template.timeline import TimelineSpec

STEPS = tuple(range(0, 100, 5))


def fill(max_steps: int = 1000, **spec: object) -> tuple[Timeline, Timeline]:
    plan = TimelinePlan(TimelineSpec.model_validate(spec), STEPS, lambda: np.ones(len(STEPS)))
    timeline = plan.build()
    filled = fill_timeline(plan, timeline, max_steps)
    assert filled.duration == timeline.duration
    for before, after in pairwise(filled):
        assert before.pts + before.duration == after.pts
        assert before.step != after.step
    return timeline, filled


def test_a_slot_is_shared_and_pauses_stay() -> None:
    timeline, filled = fill(
        max_frames=3, fps=10, start_pause=1, end_pause=2, holds=[{"step": 50, "seconds": 3}]
    )
    assert timeline.steps_shown == (0, 50, 95)
    assert filled.steps_shown == STEPS
    stays = {frame.step: frame.duration for frame in filled}
    # The slot of 1/10 s after a pause goes to the step and the nine that follow.
    assert stays[0] == 1 + Fraction(1, 100)
    assert stays[5] == Fraction(1, 100)
    assert stays[50] == 3 + Fraction(1, 90)
    assert stays[95] == timeline.frames[-1].duration


def test_the_way_back_stays() -> None:
    timeline, filled = fill(max_frames=3, boomerang=True)
    assert [frame.step for frame in timeline] == [0, 50, 95, 50]
    assert [frame.step for frame in filled] == [*STEPS, 50]


@pytest.mark.parametrize("steps", [{"list": [0, 10, 95]}, {"every": 4}])
def test_steps_that_the_author_names_are_the_only_ones(steps: dict[str, object]) -> None:
    timeline, filled = fill(steps=steps)
    assert filled == timeline


def test_a_range_has_no_steps_beyond_it() -> None:
    _, filled = fill(steps={"range": [20, 60]}, max_frames=2)
    assert filled.steps_shown == (20, 25, 30, 35, 40, 45, 50, 55, 60)


def test_at_most_so_many_steps() -> None:
    timeline, filled = fill(8, max_frames=4)
    assert len(filled.steps_shown) == 8
    assert {*timeline.steps_shown} <= {*filled.steps_shown}
    _, filled = fill(3, max_frames=4)
    assert len(filled.steps_shown) == 4
