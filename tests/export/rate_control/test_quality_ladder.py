"""The ladder goes from no loss to the most without gaps, in the order of its rungs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest

from reelnet.export.encoders.codec import AV1, GIF, H264, H264_LIMITS, VP9, VP9_LIMITS, Codec, QualityLimits
from reelnet.export.encoders.content import Content
from reelnet.export.rate_control.quality_ladder import (
    CHANGE_COSTS,
    MAX_CHANGE_COST,
    VIDEO_CHANGE_COSTS,
    LadderPoint,
    QualityLadder,
    RenditionParams,
    quality_points,
    reduction_points,
)

WHOLE = RenditionParams(frames=290, levels=169, scale=8)


def ladder_of(codec: Codec, content: Content = Content.BLOCKS, *, quantizes: bool = True) -> QualityLadder:
    """The quality rungs, where each point saves 7 %."""
    points, limits = (
        quality_points(WHOLE, codec, content, quantizes=quantizes),
        codec.quality_limits.get(content),
    )
    step = max(
        limits.step if limits is not None else 0,
        codec.quality_range.step if codec.quality_range is not None else 0,
    )
    return QualityLadder(points, [-0.07 * number for number in range(len(points))], step)


def located(ladder: QualityLadder, count: int = 401) -> list[LadderPoint]:
    return [ladder.locate(position)[1] for position in np.linspace(0, ladder.end, count).tolist()]


@pytest.mark.parametrize("codec", [GIF, H264, VP9], ids=lambda codec: codec.name)
def test_no_two_positions_are_alike(codec: Codec) -> None:
    points = located(ladder_of(codec))
    assert len({(round(point.change_cost, 6), point.quality) for point in points}) == len(points)
    assert points[0].change_cost == 0
    last = MAX_CHANGE_COST if codec is GIF else VIDEO_CHANGE_COSTS[-1]
    assert points[-1].change_cost == pytest.approx(last)


@pytest.mark.parametrize(("codec", "limits"), [(VP9, VP9_LIMITS), (H264, H264_LIMITS)])
def test_whole_qualities_are_taken_and_the_change_cost_fills_what_lies_between(
    codec: Codec, limits: Mapping[Content, QualityLimits]
) -> None:
    points, expected = located(ladder_of(codec), 2001), limits[Content.BLOCKS]
    qualities = {point.quality for point in points}
    assert qualities == set(np.arange(expected.default, expected.floor + 1).tolist())
    for quality in qualities:
        costs = [point.change_cost for point in points if point.quality == quality]
        assert len(set(costs)) > 10, quality
        if quality != expected.unseen:
            assert costs == sorted(costs)


def test_fine_patterns_lose_quality_alone() -> None:
    points = located(ladder_of(H264, Content.FINE, quantizes=False))
    assert {point.change_cost for point in points} == {0}
    assert len({point.quality for point in points}) > 100
    limits = H264_LIMITS[Content.FINE]
    assert (points[0].quality, points[-1].quality, limits.change_power) == (limits.default, limits.alone, 0)


def test_a_codec_that_quantization_does_not_help_loses_quality_alone() -> None:
    points, limits = located(ladder_of(AV1, quantizes=False)), AV1.quality_limits[Content.BLOCKS]
    assert {point.change_cost for point in points} == {0}
    assert (points[0].quality, points[-1].quality) == (limits.default, limits.alone)


def reductions(
    *keep: str,
    palette: bool = True,
    fixed: bool = False,
    quantizes: bool = True,
    whole: RenditionParams = WHOLE,
) -> list[RenditionParams]:
    last = LadderPoint(whole, None, CHANGE_COSTS[-1])
    points = reduction_points(
        last, keep, levels=palette and quantizes, all_scales=palette, fixed_canvas=fixed
    )
    return [point.params for point in points]


def test_frames_go_first_then_levels_then_scale_then_still_more_frames() -> None:
    params = reductions()
    assert [each.frames for each in params[:3]] == [232, 145, 73]
    levels = [each for each in params if each.frames == 73 and each.scale == 8 and each.levels < 169]
    assert [each.levels for each in levels] == [127, 85, 57, 43, 34, 29, 25, 21, 18, 15]
    assert [each.scale for each in params if each.frames == 73 and each.levels == 15] == [8, 7, 6, 5, 4]
    assert [each.scale for each in params if each.frames == 24] == [4, 3, 2, 1]
    assert params[-1] == RenditionParams(2, 15, 1)
    for here, there in pairwise([WHOLE, *params]):
        changed = [here.frames > there.frames, here.levels > there.levels, here.scale > there.scale]
        assert sum(changed) == 1


def test_a_fixed_canvas_keeps_its_scale_to_the_end() -> None:
    params = reductions(fixed=True)
    assert [each.frames for each in params if each.scale < 8] == [2] * 7


@pytest.mark.parametrize("kept", ["frames", "levels", "scale"])
def test_what_is_kept_stays(kept: str) -> None:
    params = reductions(kept)
    assert {getattr(each, kept) for each in params} == {getattr(WHOLE, kept)}
    assert not reductions("frames", "levels", "scale")


def test_six_seconds_stay_before_anything_else_goes() -> None:
    params = reductions(whole=RenditionParams(frames=60, levels=169, scale=4))
    assert params[0].frames == 48
    assert all(each.frames == 48 for each in params if each.levels > 15)
    assert {each.scale for each in params if each.frames == 24} == {4, 3, 2, 1}


def test_video_keeps_its_levels_and_takes_scales_that_suit_its_blocks() -> None:
    params = reductions(palette=False, whole=RenditionParams(frames=290, levels=169, scale=12))
    assert {each.levels for each in params} == {169}
    assert {each.scale for each in params} == {12, 8, 2}
    assert {each.levels for each in reductions(quantizes=False)} == {169}


def test_steps_have_positions_of_their_own() -> None:
    last = LadderPoint(WHOLE, None, CHANGE_COSTS[-1])
    points = [last, *reduction_points(last, (), levels=True, all_scales=True, fixed_canvas=False)]
    ladder = QualityLadder(points, [-0.2 * number for number in range(len(points))])
    found = [ladder.locate(position) for position in np.linspace(0, ladder.end, 500).tolist()]
    positions = [position for position, _ in found]
    assert positions == sorted(positions)
    by_position: dict[float, LadderPoint] = {}
    for position, point in found:
        assert by_position.setdefault(round(position, 9), point) == point
        assert ladder.locate(position)[1] == point
    assert {point.params.scale for _, point in found} == set(range(1, 9))
    without = ladder.without_scale(5)
    assert 5 not in {without.locate(position)[1].params.scale for position in positions}
    assert without.end == ladder.end
