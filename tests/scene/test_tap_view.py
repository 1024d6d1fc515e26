"""Views of taps: the size of cells, the limits of the colormap, and what is shown in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.reel import Run
from reelnet.runs.header import TapInfo
from reelnet.scene.cell import Cell
from reelnet.scene.limits import Limits
from reelnet.scene.tap_view import (
    describe_cell,
    describe_rows_and_columns,
    format_channel_numbers,
)
from tests.make_run import TANH, MakeRun, write_run
from tests.rendering import WHITE_ANCHORS, color_values, to_pixels


@pytest.mark.parametrize(
    ("sides", "box"),
    [
        ((28, 14, 7), 56),
        ((32, 16, 8), 64),
        ((30, 13), 64),
        ((32, 24), 72),
        ((22,), 72),
        ((5,), 56),
        ((13,), 56),
        ((26,), 56),
        ((1,), 56),
        # Larger maps have boxes of their own size, and do not count for the others.
        ((112, 56, 28), 56),
        ((100,), 56),
        # No size does for both: the layer's own counts.
        ((32, 51), 64),
    ],
)
def test_maps_fill_four_fifths_of_their_cells(sides: tuple[int, ...], box: int) -> None:
    taps = {f"conv{number}": TapInfo((2, 4, side, side), "float32") for number, side in enumerate(sides)}
    assert Cell.choose_size(taps, "conv0") == box


def test_the_author_may_set_the_cell_size(make_run: MakeRun) -> None:
    run = make_run(taps={"conv1": (2, 2, 32, 32)}, side=32)
    assert (run.reel("plain").scene.size.width, run.reel("plain").scene.size.height) == (128, 216)
    assert run.reel("plain", settings=["theme.cell=56"]).scene.size.width == 64


def test_layers_that_share_a_size_of_cells_fill_them(make_run: MakeRun) -> None:
    shapes = {"conv1": (4, 4, 32, 32), "conv2": (4, 4, 16, 16), "conv3": (4, 8, 8, 8)}
    run = make_run(taps=shapes, side=32)
    context = run.reel("plain", layer="conv3", settings=["panels.channels.taps=all"]).scene.context
    assert all(context.view(tap).cell.fills(context.cell_size) for tap in shapes)


RED, WHITE, BLUE = (156, 17, 39), (255, 255, 255), (17, 77, 140)
BLUE_TINT, RED_TINT = (226, 238, 246), (252, 231, 221)
"""The first colors of the two halves that can be told from white."""
MISSING = (90, 92, 95), (150, 150, 150)
"""The two colors of the hatching."""


def run_of(path: Path, *steps: list[float], bounds: tuple[float, float] | None = None) -> Run:
    """A run with one map of 1×1 a sample, in each step those values."""
    maps = np.array(steps, np.float32)[:, :, None, None, None]
    return write_run(path / "run", maps, bounds=bounds)


def limits_of(run: Run) -> Limits:
    """Those of the layer."""
    context = run.reel().scene.context
    return context.view(context.layer).limits


def cells(run: Run, step: int = 0) -> list[tuple[int, ...]]:
    """The color of each sample's cell."""
    shown = to_pixels(run.reel("plain").frame(step))[56:]
    middles: NDArray[np.uint8] = shown[28, 28::56]
    return [tuple(map(int, rgb)) for rgb in middles]


def test_tanh_has_limits_of_one_whatever_the_values(tmp_path: Path) -> None:
    run = run_of(tmp_path, [0.5, -0.25, 0.0], bounds=TANH)
    limits = limits_of(run)
    assert (limits.low, limits.high) == (-1, 1)
    assert cells(run)[0] not in (BLUE, WHITE)


def test_signed_values_have_symmetric_limits(tmp_path: Path) -> None:
    run = run_of(tmp_path, [-4.0, 0.0, 4.0, 2.0])
    assert cells(run)[:3] == [RED, WHITE, BLUE]
    run = run_of(tmp_path / "b", [-1.0, 0.0, 4.0, -4.0], [-1.0, 0.0, 1.0, 1.0])
    limits = limits_of(run)
    assert (limits.low, limits.high) == (-4, 4)


def test_limits_are_those_of_the_run_and_not_of_the_step(tmp_path: Path) -> None:
    run = run_of(tmp_path, [-0.5, 0.0, 1.0], [-8.0, 0.0, 1.0])
    assert cells(run, 1)[0] == RED
    assert cells(run, 0)[2] == cells(run, 1)[2]
    assert cells(run, 0)[2] != BLUE


def test_values_above_zero_use_one_half_of_the_map(tmp_path: Path) -> None:
    run = run_of(tmp_path, [0.0, 3.0, 6.0])
    white, middle, blue = cells(run)
    assert (white, blue) == (BLUE_TINT, BLUE)
    assert np.abs(np.array(middle) - color_values(np.array(0.56), anchors=WHITE_ANCHORS)).max() <= 2


def test_zero_stays_white_when_no_value_is_near_it(tmp_path: Path) -> None:
    limits = limits_of(run_of(tmp_path, [5.0, 6.0]))
    assert (limits.low, limits.high) == (0, 6)


def test_values_below_zero_use_the_other_half(tmp_path: Path) -> None:
    run = run_of(tmp_path, [-6.0, -3.0, 0.0])
    assert cells(run)[0] == RED
    assert cells(run)[2] == RED_TINT
    assert np.abs(np.array(cells(run)[1]) - color_values(np.array(-0.56), anchors=WHITE_ANCHORS)).max() <= 2


def test_nothing_but_zero_has_the_tint_of_zero(tmp_path: Path) -> None:
    zero, _ = cells(run_of(tmp_path / "some", [0.0, 1.0]))
    assert cells(run_of(tmp_path / "zero", [0.0, 0.0])) == [zero, zero]


def test_values_that_are_not_finite(tmp_path: Path) -> None:
    run = run_of(tmp_path, [np.nan, np.inf, -np.inf, 2.0, -2.0, 0.0])
    *strange, last, least, zero = cells(run)
    assert all(each in MISSING for each in strange)
    assert [last, least, zero] == [BLUE, RED, WHITE]


def test_nothing_but_nan(tmp_path: Path) -> None:
    assert cells(run_of(tmp_path, [np.nan, np.nan])) == [MISSING[0]] * 2


@pytest.mark.parametrize("end", [1e-30, 1e-44, 1e30, 3e38])
def test_tiny_and_huge_values(tmp_path: Path, end: float) -> None:
    assert cells(run_of(tmp_path, [-end, 0.0, end])) == [RED, WHITE, BLUE]


CONV = TapInfo((10, 16, 7, 7), "float32")
DENSE = TapInfo((10, 10, 1, 1), "float32", fold=(1, 3, 4))
LINE = TapInfo((10, 8, 1, 20), "float32")


@pytest.mark.parametrize(
    ("tap", "channels", "samples", "how", "words"),
    [
        (CONV, 16, 10, {}, "Rows are 16 channels, columns are 10 samples"),
        (CONV, 16, 10, {"transposed": True}, "Rows are 10 samples, columns are 16 channels"),
        (CONV, 3, 4, {}, "Rows are 3 of 16 channels, columns are 4 of 10 samples"),
        (
            CONV,
            6,
            10,
            {"are_different": True},
            "Rows are 6 of 16 channels, those that differ most; columns are 10 samples",
        ),
        (CONV, 16, 10, {"are_different": True}, "Rows are 16 channels, columns are 10 samples"),
        (
            CONV,
            1,
            10,
            {"are_different": True},
            "The row is 1 of 16 channels, the strongest; columns are 10 samples",
        ),
        (TapInfo((1, 16, 7, 7), "float32"), 16, 1, {}, "Rows are 16 channels, the column is a sample"),
        (DENSE, 1, 10, {}, "Columns are 10 samples; a cell shows 10 values, row by row"),
        (DENSE, 1, 4, {"transposed": True}, "Rows are 4 of 10 samples; a cell shows 10 values, row by row"),
        (LINE, 8, 10, {}, "Rows are 8 channels, columns are 10 samples"),
    ],
)
def test_what_rows_and_columns_are(
    tap: TapInfo, channels: int, samples: int, how: dict[str, Any], words: str
) -> None:
    options = {"transposed": False, "are_different": False, **how}
    assert describe_rows_and_columns(tap, channels, samples, **options) == words


def test_cells_and_the_numbers_of_channels() -> None:
    assert describe_cell(CONV) == "a map of 7 × 7 values"
    assert describe_cell(DENSE) == "10 values"
    assert describe_cell(LINE) == "20 values"
    assert describe_cell(TapInfo((10, 16, 1, 1), "float32")) == "one value"
    assert format_channel_numbers(DENSE) == "0–9"
    assert (
        format_channel_numbers(TapInfo((10, 3, 1, 1), "float32", fold=(1, 1, 3), channels=(4, 5, 6))) == "4–6"
    )
    assert (
        format_channel_numbers(TapInfo((10, 3, 1, 1), "float32", fold=(1, 1, 3), channels=(0, 5, 6))) == "0…6"
    )


def test_the_shown_field_says_what_is_left_out(make_run: MakeRun) -> None:
    run = make_run(taps={"conv1": (20, 12, 8, 8)})
    context = run.reel(
        "square",
        settings=["panels.channels.show={top: 6}", "samples.show=0-15", "samples.transposed=false"],
    ).scene.context
    assert context.text_fields["shown"] == (
        "Rows are 6 of 12 channels, those that differ most; columns are 16 of 20 samples"
    )
    few = run.reel(settings=["panels.channels.show=0-2", "samples.show=0-1"]).scene.context
    assert few.text_fields["shown"] == "Rows are 3 of 12 channels, columns are 2 of 20 samples"
