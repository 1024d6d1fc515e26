"""Converting samples to pictures for people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.errors import ReelnetError
from reelnet.record.samples import Samples, to_pictures


def test_values_in_0_to_1_are_brightness() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    for form in (np.float16, np.float32, np.float64):
        np.testing.assert_array_equal(to_pictures((levels / 255).astype(form)), levels)
    np.testing.assert_array_equal(to_pictures(np.full((2, 1, 3, 4), 0.2)), np.full((2, 3, 4), 51, np.uint8))


def test_uint8_is_brightness_as_it_is() -> None:
    grey = np.random.default_rng(0).integers(0, 40, (3, 5, 4), dtype=np.uint8)
    np.testing.assert_array_equal(to_pictures(grey), grey)
    np.testing.assert_array_equal(to_pictures(grey[:, None]), grey)


def test_other_values_are_stretched_all_samples_alike() -> None:
    samples = np.zeros((2, 1, 2, 2))
    samples[0, 0, 0, 0], samples[1, 0, 1, 1], samples[1, 0, 0, 0] = -2.0, 3.0, 0.5
    pictures = to_pictures(samples)
    assert pictures[0, 0, 0] == 0
    assert pictures[1, 1, 1] == 255
    assert pictures[1, 0, 0] == 128  # half way from −2 to 3, halves to the even neighbour
    assert pictures[0, 1, 1] == pictures[1, 0, 1] == 102  # 2/5


def test_integers_beyond_1_are_stretched() -> None:
    np.testing.assert_array_equal(to_pictures(np.array([[[0, 50, 200]]])), [[[0, 64, 255]]])


def test_constant_samples_out_of_range_are_black() -> None:
    assert not to_pictures(np.full((1, 2, 2), 7.0)).any()


def test_non_finite_values_are_shown_as_0() -> None:
    np.testing.assert_array_equal(
        to_pictures(np.array([[[np.nan, np.inf, -np.inf, 1.0]]])), [[[0, 0, 0, 255]]]
    )


def test_vectors_are_near_square_grids() -> None:
    vectors = np.arange(14, dtype=np.uint8).reshape(2, 7)
    np.testing.assert_array_equal(
        to_pictures(vectors), [[[0, 1, 2, 3], [4, 5, 6, 0]], [[7, 8, 9, 10], [11, 12, 13, 0]]]
    )


def test_volumes_are_shown_by_their_middle_slice() -> None:
    volumes = np.random.default_rng(0).integers(0, 256, (2, 1, 5, 4, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_pictures(volumes), volumes[:, 0, 2])


@pytest.mark.parametrize("first", [True, False])
def test_color_comes_out_with_channels_last(first: bool) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    given: NDArray[Any] = colors.transpose(0, 3, 1, 2) if first else colors
    np.testing.assert_array_equal(to_pictures(given), colors)
    np.testing.assert_array_equal(to_pictures(given / 255), colors)


@pytest.mark.parametrize("shape", [(4,), (0, 4), (2, 2, 4, 4), (2, 4, 4, 4), (0, 4, 4), (2, 2, 3, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ReelnetError, match=r"cannot be shown as pictures; give pictures with shown="
    ) as error:
        to_pictures(np.zeros(shape))
    assert str(shape) in str(error.value)


def test_labels_become_text() -> None:
    samples = Samples.from_inputs(np.zeros((3, 2)))
    assert samples.format_labels([1, "ö", "\ud800"]) == ("1", "ö", "?")
