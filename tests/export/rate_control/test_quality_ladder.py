"""The ladder goes from no loss to the most without gaps, in the order of its rungs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, replace
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
    find_smallest_scale,
    quality_points,
    reduction_points,
)

WHOLE = RenditionParams(frames=290, levels=169, density=1, channels=16, scale=8)


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
    undense: RenditionParams | None = None,
) -> list[RenditionParams]:
    last = LadderPoint(whole, None, CHANGE_COSTS[-1])
    scales = [7, 6, 5] if palette else [8]
    points = reduction_points(
        last,
        keep,
        levels=palette and quantizes,
        undense=undense or whole,
        channels=8,
        scales=scales,
        fixed_canvas=fixed,
    )
    return [point.params for point in points]


def test_frames_go_first_then_levels_channels_scale_and_still_more_frames() -> None:
    params = reductions()
    assert [each.frames for each in params[:3]] == [232, 145, 73]
    levels = [each for each in params if each.frames == 73 and each.channels == 16 and each.levels < 169]
    assert [each.levels for each in levels] == [127, 85, 57, 43, 34, 29, 25, 21, 18, 15]
    smaller = [each for each in params if each.frames == 73 and each.levels == 15]
    assert [(each.channels, each.scale) for each in smaller] == [(16, 8), (8, 8), (8, 7), (8, 6), (8, 5)]
    assert [each.frames for each in params[-6:]] == [73, 36, 18, 9, 4, 2]
    assert params[-1] == RenditionParams(2, 15, 1, 8, 5)
    for here, there in pairwise([WHOLE, *params]):
        changed = [a > b for a, b in zip(astuple(here), astuple(there), strict=True)]
        assert sum(changed) == 1


def test_density_goes_before_channels() -> None:
    dense, undense = replace(WHOLE, density=2, scale=16), WHOLE
    params = reductions(whole=dense, undense=undense)
    densities = [(each.density, each.channels, each.scale) for each in params if each.levels == 15]
    assert [*dict.fromkeys(densities)][:4] == [(2, 16, 16), (1, 16, 8), (1, 8, 8), (1, 8, 7)]
    assert {each.density for each in reductions("scale", whole=dense, undense=undense)} == {2}


def test_a_fixed_canvas_keeps_channels_and_scale_to_the_end() -> None:
    params = reductions(fixed=True)
    assert [each.frames for each in params if each.scale < 8 or each.channels < 16] == [2] * 4


@pytest.mark.parametrize(
    ("scale", "map_side", "smallest"),
    [(8, 7, 5), (6, 7, 4), (4, 7, 4), (3, 7, 3), (16, 7, 10), (2, 28, 2), (4, 28, 3), (1, 224, 1)],
)
def test_maps_keep_most_of_their_width_and_small_ones_their_values(
    scale: int, map_side: int, smallest: int
) -> None:
    assert find_smallest_scale(scale, map_side) == smallest


@pytest.mark.parametrize("kept", ["frames", "levels", "channels", "scale"])
def test_what_is_kept_stays(kept: str) -> None:
    params = reductions(kept)
    assert {getattr(each, kept) for each in params} == {getattr(WHOLE, kept)}
    assert not reductions("frames", "levels", "channels", "scale")


def test_five_seconds_stay_before_anything_else_goes() -> None:
    params = reductions(whole=replace(WHOLE, frames=60))
    assert params[0].frames == 48
    assert all(
        each.frames == 48 for each in params if each.levels > 15 or each.channels > 8 or each.scale > 5
    )


def test_video_keeps_its_levels() -> None:
    params = reductions(palette=False, whole=replace(WHOLE, scale=12))
    assert {each.levels for each in params} == {169}
    assert {each.scale for each in params} == {12, 8}
    assert {each.levels for each in reductions(quantizes=False)} == {169}


def test_steps_have_positions_of_their_own() -> None:
    last = LadderPoint(WHOLE, None, CHANGE_COSTS[-1])
    points = [
        last,
        *reduction_points(
            last, (), levels=True, undense=WHOLE, channels=8, scales=range(7, 0, -1), fixed_canvas=False
        ),
    ]
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
