"""Seriation of channels: the path through them is about as short as the shortest one."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest

from reelnet.scene.channel_signatures import ChannelSignatures, find_short_path


def path_length(path: list[int], points: np.ndarray) -> float:
    return float(sum(np.linalg.norm(points[one] - points[other]) for one, other in pairwise(path)))


@pytest.mark.parametrize("seed", range(8))
def test_a_path_is_hardly_longer_than_the_shortest(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(7, 2))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    shortest = min(path_length(list(path), points) for path in permutations(range(7)))
    found = find_short_path(distances)
    assert sorted(found) == list(range(7))
    assert path_length(found, points) <= 1.05 * shortest


def test_points_on_a_line_are_passed_in_order() -> None:
    places = np.random.default_rng(0).permutation(40).astype(float)
    found = find_short_path(np.abs(places[:, None] - places))
    passed = places[found]
    assert passed.tolist() in (sorted(places.tolist()), sorted(places.tolist(), reverse=True))


def test_opposite_channels_are_as_far_apart_as_can_be_and_copies_are_not_apart() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    signatures = ChannelSignatures.from_values(
        np.stack([values, -2 * values, 3 * values + 1]), np.zeros(3, bool)
    )
    assert signatures.distances[1, 2] == pytest.approx(1)
    weak = ChannelSignatures.from_values(np.stack([values, 2 * values, 2 * values]), np.zeros(3, bool))
    assert weak.distances[1, 2] == pytest.approx(0, abs=1e-6)
    assert weak.distances[0, 1] == pytest.approx(0.25)


def test_a_channel_that_hardly_changes_is_not_chosen_for_being_different() -> None:
    strong = np.random.default_rng(0).normal(size=1000)
    other = strong + 0.3 * np.random.default_rng(1).normal(size=1000)
    values = np.stack([0.01 * np.random.default_rng(2).normal(size=1000), strong, other])
    signatures = ChannelSignatures.from_values(values, np.zeros(3, bool))
    assert signatures.distances[0, 1] > signatures.distances[1, 2]
    assert signatures.select_different(2) == [1, 2]


def test_the_strongest_channel_is_chosen_first() -> None:
    values = np.random.default_rng(0).normal(size=(4, 1000)) * [[1], [0.5], [2], [1.5]]
    assert ChannelSignatures.from_values(values, np.zeros(4, bool)).select_different(1) == [2]


def test_values_that_are_not_finite_do_not_spread() -> None:
    values = np.random.default_rng(0).normal(size=(3, 50))
    values[0, :5], values[1, 7] = np.nan, np.inf
    signatures = ChannelSignatures.from_values(values, np.array([False, False, True]))
    assert np.isfinite(signatures.distances).all()
    assert signatures.select_different(2) == [0, 1]
    assert signatures.order_by_similarity([2, 1, 0]) == [0, 1, 2]


def test_dead_channels_are_chosen_only_if_all_are() -> None:
    values = np.random.default_rng(0).normal(size=(5, 100))
    dead = np.array([False, True, False, True, False])
    signatures = ChannelSignatures.from_values(values, dead)
    assert signatures.select_different(4) == [0, 2, 4]
    assert signatures.select_different(5) == [0, 1, 2, 3, 4]
    assert ChannelSignatures.from_values(values, np.ones(5, bool)).select_different(2) == [0, 1]
