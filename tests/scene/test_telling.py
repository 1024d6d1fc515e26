"""What is shown, in words."""

from __future__ import annotations

from typing import Any

import pytest

from reelnet.runs.header import TapInfo
from reelnet.scene.tap_view import describe_cell, describe_rows_and_columns, format_channel_numbers
from tests.conftest import MakeRun

CONV = TapInfo((10, 16, 7, 7), "float32")
DENSE = TapInfo((10, 10, 1, 1), "float32", fold=(1, 3, 4))
LINE = TapInfo((10, 8, 1, 20), "float32", fold=(1, 8, 20))


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
            {"by_change": True},
            "Rows are 6 of 16 channels, those that change most; columns are 10 samples",
        ),
        (CONV, 16, 10, {"by_change": True}, "Rows are 16 channels, columns are 10 samples"),
        (
            CONV,
            1,
            10,
            {"by_change": True},
            "The row is 1 of 16 channels, the one that changes most; columns are 10 samples",
        ),
        (TapInfo((1, 16, 7, 7), "float32"), 16, 1, {}, "Rows are 16 channels, the column is a sample"),
        (DENSE, 1, 10, {}, "Columns are 10 samples; a cell shows 10 values, row by row"),
        (DENSE, 1, 4, {"transposed": True}, "Rows are 4 of 10 samples; a cell shows 10 values, row by row"),
        (LINE, 1, 10, {}, "Columns are 10 samples; a cell shows a map of 8 × 20 values"),
    ],
)
def test_what_rows_and_columns_are(
    tap: TapInfo, channels: int, samples: int, how: dict[str, Any], words: str
) -> None:
    options = {"transposed": False, "by_change": False, **how}
    assert describe_rows_and_columns(tap, channels, samples, **options) == words


def test_cells_and_the_numbers_of_channels() -> None:
    assert describe_cell(CONV) == "a map of 7 × 7 values"
    assert describe_cell(DENSE) == "10 values"
    assert describe_cell(TapInfo((10, 16, 1, 1), "float32")) == "one value"
    assert format_channel_numbers(DENSE) == "0–9"
    assert (
        format_channel_numbers(TapInfo((10, 3, 1, 1), "float32", fold=(1, 1, 3), channels=(4, 5, 6))) == "4–6"
    )
    assert (
        format_channel_numbers(TapInfo((10, 3, 1, 1), "float32", fold=(1, 1, 3), channels=(0, 5, 6))) == "0…6"
    )


def test_templates_say_what_they_leave_out(make_run: MakeRun) -> None:
    run = make_run(taps={"conv1": (20, 12, 8, 8)})
    context = run.reel("square").scene.context
    assert context.text_fields["shown"] == (
        "Rows are 6 of 12 channels, those that change most; columns are 16 of 20 samples"
    )
    few = run.reel(settings=["panels.channels.show=0-2", "samples.show=0-1"]).scene.context
    assert few.text_fields["shown"] == "Rows are 3 of 12 channels, columns are 2 of 20 samples"
