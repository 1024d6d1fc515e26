"""The timeline: frames, pace, pauses, holds, speed and the way back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reelnet.config.diagnostics import OptionError, format_key_path
from reelnet.errors import UsageError
from reelnet.scene.timeline.timeline import Pause, Timeline, TimelineFrame, TimelinePlan
from reelnet.template.timeline import TimelineSpec

RUN = st.lists(st.integers(0, 500), min_size=1, max_size=40, unique=True).map(sorted)
SECONDS = st.floats(0.01, 3).map(lambda seconds: round(seconds, 2))


def make_plan(content: Any, steps: list[int]) -> TimelinePlan:
    """The plan that YAML with this content means; all steps change equally."""
    return TimelinePlan(TimelineSpec.model_validate(content), tuple(steps), lambda: np.ones(len(steps)))


def plan(content: Any, steps: list[int], fps: float | None = None) -> Timeline:
    """The timeline of all steps at 10 frames per second without pauses, unless `content` says otherwise."""
    plain: dict[str, Any] = {"steps": "all", "start_pause": 0, "end_pause": 0}
    if not {"duration", "frames"} <= {*content}:
        plain["fps"] = 10
    return make_plan({**plain, **content}, steps).build(fps)


def stays(timeline: Timeline) -> list[tuple[int, int]]:
    """Each frame's step and its whole number of slots."""
    slots = [each.duration * timeline.fps for each in timeline]
    assert all(number.denominator == 1 and number >= 1 for number in slots)
    return [(each.step, int(number)) for each, number in zip(timeline, slots, strict=True)]


def merged(slots: list[int]) -> list[tuple[int, int]]:
    """Steps slot by slot, as frames."""
    return [(step, len(list(group))) for step, group in groupby(slots)]


@st.composite
def contents(draw: st.DrawFn, steps: list[int]) -> dict[str, Any]:
    """Anything that a template may say about those steps, and that fits together."""
    low, high = sorted(draw(st.tuples(st.sampled_from(steps), st.sampled_from(steps))))
    choices: list[Any] = ["all", "log", "adaptive", {"every": draw(st.integers(1, 9))}]
    choices += [
        {"log": draw(st.integers(2, 9))},
        {"adaptive": draw(st.integers(2, 9)), "range": [None, high]},
    ]
    choices += [{"range": [low, high]}, {"list": sorted({low, high})}]
    content: dict[str, Any] = {
        "steps": draw(st.sampled_from(choices)),
        **draw(
            st.sampled_from([{}, {"fps": 25}, {"fps": 12.5, "duration": 2.0}, {"duration": 3, "frames": 20}])
        ),
        **draw(st.sampled_from([{}, {"rewind": 0.7}, {"boomerang": True}])),
    }
    content["start_pause"], content["end_pause"] = draw(SECONDS), draw(SECONDS)
    if draw(st.booleans()):
        content["max_frames"] = draw(st.integers(30, 60))
    if draw(st.booleans()):
        content["speed"] = [
            {"from": low, "to": high, "factor": draw(st.sampled_from([0.3, 0.5, 1.5, 2, 3, 50]))}
        ]
    if draw(st.booleans()):
        content["holds"] = [{"step": high, "seconds": draw(SECONDS)}]
    return content


@given(RUN, st.data(), st.none() | st.sampled_from([0.5, 10, 29.97, 60.0]))
def test_laws(steps: list[int], data: st.DataObject, fps: float | None) -> None:
    content = data.draw(contents(steps))
    timeline = make_plan(content, steps).build(fps)
    shown = list(timeline)
    assert len(timeline) == len(shown) > 0
    # Presentation times are cumulative, without holes, and add up.
    assert shown[0].pts == 0
    assert all(each.pts + each.duration == following.pts for each, following in pairwise(shown))
    assert timeline.duration == sum(each.duration for each in shown) == shown[-1].pts + shown[-1].duration
    # Only true steps, and neighbors differ.
    assert timeline.steps_shown == tuple(sorted({each.step for each in shown}))
    assert set(timeline.steps_shown) <= set(steps)
    assert all(each.step != following.step for each, following in pairwise(shown))
    # Up, and then down.
    numbers = [step for step, _ in stays(timeline)]
    top = numbers.index(max(numbers))
    assert numbers[: top + 1] == sorted(numbers[: top + 1])
    assert numbers[top:] == sorted(numbers[top:], reverse=True)
    if "rewind" not in content and "boomerang" not in content:
        assert top == len(numbers) - 1
    # Both ends and what is held stay.
    choice = content["steps"] if isinstance(content["steps"], dict) else {}
    first, last = choice.get("range") or (None, None)
    inside = [
        step
        for step in choice.get("list", steps)
        if (first or 0) <= step <= (steps[-1] if last is None else last)
    ]
    assert (timeline.steps_shown[0], timeline.steps_shown[-1]) == (inside[0], inside[-1])
    assert {hold["step"] for hold in content.get("holds", [])} <= set(timeline.steps_shown)


@given(RUN, st.sampled_from(["10", "12", "24", "25", "30", "50", "60", "29.97", "0.01"]))
def test_every_step_once_at_a_constant_fps(steps: list[int], fps: str) -> None:
    timeline = plan({}, steps, float(fps))
    assert [each.step for each in timeline] == steps
    assert [each.pts for each in timeline] == [number / Fraction(fps) for number in range(len(steps))]
    assert {each.duration for each in timeline} == {1 / Fraction(fps)}
    assert plan({}, steps).fps == 10


@pytest.mark.parametrize(
    ("content", "slots", "fps"),
    [
        ({}, 290, Fraction(10)),
        ({"fps": 29.97}, 290, Fraction(2997, 100)),
        ({"duration": 20}, 200, Fraction(10)),
        ({"frames": 200}, 200, Fraction(10)),
        ({"fps": 25, "duration": 3.0}, 75, Fraction(25)),
        ({"fps": 25, "frames": 400}, 400, Fraction(25)),
        ({"duration": 3, "frames": 100}, 100, Fraction(100, 3)),
        ({"duration": 0.01}, 1, Fraction(10)),
        ({"max_frames": 200}, 200, Fraction(10)),
        ({"max_frames": 300}, 290, Fraction(10)),
        ({"max_frames": 200, "duration": 20}, 200, Fraction(10)),
        ({"max_frames": 100, "duration": 20}, 100, Fraction(5)),
        ({"max_frames": 100, "duration": 20, "fps": 50}, 100, Fraction(5)),
        ({"max_frames": 100, "frames": 200}, 100, Fraction(10)),
        ({"max_frames": 100, "frames": 200, "duration": 40}, 100, Fraction(5, 2)),
    ],
)
def test_frames_and_fps_follow_from_what_is_given(content: Any, slots: int, fps: Fraction) -> None:
    timeline = plan(content, list(range(290)))
    assert timeline.fps == fps
    assert timeline.duration == slots / fps
    assert len(timeline) == min(slots, 290)


@pytest.mark.parametrize(("length", "frames"), [(290, 200), (599, 300), (1000, 300)])
@pytest.mark.parametrize("key", ["frames", "max_frames"])
def test_steps_are_left_out_evenly(length: int, frames: int, key: str) -> None:
    shown = plan({key: frames}, list(range(length))).steps_shown
    gaps = {second - first for first, second in pairwise(shown)}
    assert (shown[0], shown[-1], len(shown)) == (0, length - 1, frames)
    assert max(gaps) - min(gaps) <= 1


@given(RUN, st.integers(1, 200))
def test_steps_are_spread_over_more_frames_evenly(steps: list[int], frames: int) -> None:
    assume(frames >= len(steps))
    timeline = plan({"frames": frames}, steps)
    slots = [number for _, number in stays(timeline)]
    assert [each.step for each in timeline] == steps
    assert sum(slots) == frames
    assert max(slots) - min(slots) <= 1


def test_another_fps_keeps_the_frames_and_the_seconds_of_pauses() -> None:
    content = {
        "fps": 10,
        "duration": 2,
        "start_pause": 1,
        "end_pause": 0.5,
        "holds": [{"step": 5, "seconds": 2}],
    }
    timeline = plan(content, list(range(40)), fps=20)
    assert timeline.fps == 20
    assert timeline.duration == Fraction(20, 20) + Fraction(7, 2)
    assert len(timeline) == len(plan(content, list(range(40)))) == 20


@pytest.mark.parametrize("fps", [0, -1, 0.009, 1001, float("nan"), float("inf")])
def test_an_fps_out_of_range_is_an_error(fps: float) -> None:
    with pytest.raises(UsageError, match=rf"^fps {fps}: give a number from 0\.01 to 1000$"):
        plan({}, [0, 1], fps)


def test_pauses_are_whole_slots_and_at_least_one() -> None:
    timeline = plan({"start_pause": 0.001, "end_pause": 0.26}, [0, 1, 2])
    assert stays(timeline) == [(0, 2), (1, 1), (2, 4)]
    assert stays(plan({"start_pause": 0.2, "end_pause": 0.3}, [7])) == [(7, 6)]


def test_holds_add_up_and_leave_the_way_back_alone() -> None:
    holds = [{"step": 1, "seconds": 0.3}, {"step": 1, "seconds": 0.2}, {"step": 3, "seconds": 1}]
    timeline = plan({"holds": holds, "boomerang": True}, [0, 1, 2, 3])
    assert stays(timeline) == [(0, 1), (1, 6), (2, 1), (3, 11), (2, 1), (1, 1)]


@given(RUN, st.data())
def test_a_held_step_stays_whatever_leaves_steps_out(steps: list[int], data: st.DataObject) -> None:
    step = data.draw(st.sampled_from(steps))
    hold = {"holds": [{"step": step, "seconds": 2}]}
    for content in (
        {"max_frames": 3},
        {"frames": 3},
        {"steps": {"every": 8}},
        {"steps": {"log": 2}, "max_frames": 3},
        {"steps": {"adaptive": 2}},
        {"speed": [{"from": 0, "to": 500, "factor": 40}]},
    ):
        timeline = plan(content | hold, steps)
        assert dict(stays(timeline))[step] >= 21
        assert timeline.duration == plan(content, steps).duration + 2 + Fraction(
            len(timeline) - len(plan(content, steps)), 10
        )
        assert {steps[0], steps[-1]} <= set(timeline.steps_shown)


def test_a_hold_moves_only_the_nearest_frame() -> None:
    # Without the hold: 0 3 6 9.
    timeline = plan({"max_frames": 4, "holds": [{"step": 5, "seconds": 0.1}]}, list(range(10)))
    assert stays(timeline) == [(0, 1), (3, 1), (5, 2), (9, 1)]


@pytest.mark.parametrize(
    ("factor", "inside"),
    [
        (2, [10, 12, 14, 16, 18]),
        (3, [10, 13, 16, 19]),
        (1.5, [10, 11, 13, 14, 16, 17, 19]),
        (0.5, [step for step in range(10, 20) for _ in range(2)]),
        (0.01, [step for step in range(10, 20) for _ in range(100)]),
        (100, [10]),
        (1, list(range(10, 20))),
    ],
)
def test_windows_have_their_own_speed(factor: float, inside: list[int]) -> None:
    timeline = plan({"speed": [{"from": 10, "to": 19, "factor": factor}]}, list(range(30)))
    assert stays(timeline) == merged([*range(10), *inside, *range(20, 30)])


def test_the_last_step_stays_at_any_speed() -> None:
    speed = [{"from": 5, "to": 9, "factor": 100}, {"from": 0, "to": 4, "factor": 2}]
    assert [each.step for each in plan({"speed": speed}, list(range(10)))] == [0, 2, 4, 5, 9]


def test_speeds_keep_their_proportion_when_frames_are_left_out() -> None:
    content = {"speed": [{"from": 0, "to": 99, "factor": 0.25}], "max_frames": 250}
    timeline = plan(content, list(range(200)))
    slow = sum(slots for step, slots in stays(timeline) if step < 100)
    assert timeline.duration == 25
    assert abs(slow - 200) <= 1


@given(RUN)
def test_a_boomerang_shows_neither_end_twice(steps: list[int]) -> None:
    timeline = plan({"boomerang": True, "start_pause": 1, "end_pause": 1}, steps)
    back = steps[1:-1][::-1]
    assert [each.step for each in timeline] == steps + back
    assert [slots for _, slots in stays(timeline)][len(steps) :] == [1] * len(back)


def test_a_boomerang_goes_back_at_the_same_pace() -> None:
    timeline = plan({"boomerang": True, "speed": [{"from": 2, "to": 2, "factor": 0.2}]}, [0, 1, 2, 3])
    assert stays(timeline) == [(0, 1), (1, 1), (2, 5), (3, 1), (2, 5), (1, 1)]


@given(RUN, st.integers(1, 60))
def test_a_rewind_takes_its_time_and_ends_at_the_first_step(steps: list[int], slots: int) -> None:
    timeline = plan({"rewind": slots / 10}, steps)
    there, back = stays(timeline)[: len(steps)], stays(timeline)[len(steps) :]
    assert timeline.duration == Fraction(len(steps) + slots, 10)
    if len(steps) == 1:
        assert stays(timeline) == [(steps[0], 1 + slots)]
        return
    assert there == [(step, 1) for step in steps]
    assert back[-1][0] == steps[0]
    numbers = [steps.index(step) for step, _ in back]
    if slots < len(steps):
        gaps = [first - second for first, second in pairwise([len(steps) - 1, *numbers])]
        assert len(numbers) == slots
        assert max(gaps) - min(gaps) <= 1
    else:
        assert numbers == list(range(len(steps) - 2, -1, -1))
        assert max(slots for _, slots in back) - min(slots for _, slots in back) <= 1


def test_a_rewind_runs_back_through_slow_windows_slowly() -> None:
    timeline = plan({"speed": [{"from": 0, "to": 1, "factor": 0.5}], "rewind": 0.5}, [0, 1, 2, 3])
    assert stays(timeline) == [(0, 2), (1, 2), (2, 1), (3, 1), (2, 1), (1, 2), (0, 2)]


@pytest.mark.parametrize("way_back", [{}, {"boomerang": True}, {"rewind": 0.3}])
@pytest.mark.parametrize(
    "choice", ["all", "log", "adaptive", {"every": 3}, {"list": [4]}, {"range": [4, 4]}, {"log": 2}]
)
def test_a_single_step_can_take_everything(choice: Any, way_back: Any) -> None:
    content = {
        "steps": choice,
        "frames": 5,
        "max_frames": 5,
        "start_pause": 1,
        "end_pause": 1,
        "speed": [{"from": 0, "to": 9, "factor": 3}],
        "holds": [{"step": 4, "seconds": 1}],
        **way_back,
    }
    slots = 5 + 30 + (3 if "rewind" in way_back else 0)
    assert stays(plan(content, [4])) == [(4, slots)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"holds": [{"step": 0, "seconds": 1}, {"step": 999, "seconds": 1}]},
            "timeline.holds[1].step: step 999 was not recorded; the nearest is 290",
        ),
        (
            {"holds": [{"step": 2, "seconds": 1}], "steps": {"list": [0, 290]}},
            "timeline.holds[0].step: step 2 is not in timeline.steps.list; add it there",
        ),
        (
            {"holds": [{"step": 2, "seconds": 1}], "steps": {"range": [3, 289]}},
            "timeline.holds[0].step: step 2 lies outside timeline.steps.range, where steps run from 4 to 288",
        ),
        (
            {"speed": [{"from": 0, "to": 9, "factor": 2}, {"from": 400, "to": 500, "factor": 2}]},
            "timeline.speed[1]: no recorded step between 400 and 500; steps run from 0 to 290",
        ),
        (
            {"speed": [{"from": 7, "to": 7, "factor": 2}]},
            "timeline.speed[0]: no recorded step between 7 and 7; ",
        ),
        ({"frames": 100_001}, "timeline: the animation has 100,001 frames, more than 100,000; "),
        ({"fps": 100, "start_pause": 600, "end_pause": 600}, "timeline: the animation has 120,146 frames"),
        ({"fps": 100, "start_pause": 600, "rewind": 600}, "timeline: the animation has 120,146 frames"),
        ({"frames": 60_000, "boomerang": True}, "frames, more than 100,000; "),
        (
            {
                "speed": [{"from": 0, "to": 290, "factor": 0.01}],
                "fps": 100,
                "end_pause": 600,
                "start_pause": 300,
            },
            "104,600",
        ),
    ],
)
def test_errors_begin_with_the_key_and_say_what_would_work(content: Any, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        plan(content, list(range(0, 291, 2)))
    line = "; ".join(
        ": ".join((format_key_path(("timeline", *path)), what)) for path, what in caught.value.errors
    )
    assert message in line
    assert "\n" not in line


def test_the_largest_number_of_frames() -> None:
    assert plan({"frames": 100_000}, [0, 1]).duration == 10_000
    with pytest.raises(OptionError, match="1,200,146"):
        plan({"start_pause": 600, "rewind": 600}, list(range(0, 291, 2)), fps=1000)


@pytest.mark.parametrize(
    ("count", "frames", "least", "most"),
    [
        (1, 1, 6, 6),
        (2, 2, 8, 8),
        (3, 3, 10, 10),
        *((count, count, 10.5, 12.5) for count in (4, 5, 7, 12, 20, 33, 41, 61, 75, 100, 120)),
        (291, 120, 11, 12),
        (4000, 120, 11, 12),
    ],
)
def test_by_default_a_run_takes_about_11_seconds(count: int, frames: int, least: float, most: float) -> None:
    timeline = make_plan({}, list(range(count))).build()
    assert len(timeline) == frames
    assert least <= timeline.duration <= most
    *moving, last = timeline
    first, *between = moving or [last]
    usual = {frame.duration for frame in between}
    assert len(usual) <= 1
    # GIF stores delays in 1/100 s.
    assert all((100 * frame.duration).denominator == 1 for frame in timeline)
    for duration in usual:
        assert Fraction(1, 20) <= duration <= 2
        assert first.duration == pytest.approx(duration + 1, abs=0.05)
        assert last.duration == pytest.approx(duration + 3, abs=0.05)


def test_a_step_at_which_a_caption_begins_is_shown() -> None:
    steps = list(range(1000))
    usual = set(make_plan({}, steps).build().steps_shown)
    step = next(step for step in steps if step not in usual)
    pauses = (Pause(step, 999, 0.0, "items[0]"),)
    assert set(replace(make_plan({}, steps), pauses=pauses).build().steps_shown) == usual | {step}


@pytest.mark.parametrize("count", [5, 291])
def test_a_thumbnail_shows_the_last_step_first(count: int) -> None:
    plan = make_plan({}, list(range(count)))
    usual, seconds = plan.build(), Fraction(1, 25)
    timeline = usual.with_thumbnail(seconds)
    assert timeline.frames[0] == TimelineFrame(count - 1, Fraction(0), seconds)
    assert [(each.step, each.pts - seconds, each.duration) for each in timeline.frames[1:]] == [
        (each.step, each.pts, each.duration) for each in usual
    ]
    assert timeline.with_thumbnail(Fraction(0)) == usual
    shorter = plan.shorten(timeline, 4)[1]
    assert [len(shorter), shorter.frames[0].step, shorter.frames[1].step] == [4, count - 1, 0]
