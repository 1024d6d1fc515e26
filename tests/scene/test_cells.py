"""How large cells are where nobody says."""

from __future__ import annotations

import pytest

from reelnet.runs.header import TapInfo
from reelnet.scene.tap_view import Cell
from tests.conftest import MakeRun


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


def test_the_author_may_say_another(make_run: MakeRun) -> None:
    run = make_run(taps={"conv1": (2, 2, 32, 32)}, side=32)
    assert (run.reel("plain").scene.size.width, run.reel("plain").scene.size.height) == (128, 192)
    assert run.reel("plain", settings=["theme.cell=56"]).scene.size.width == 112


def test_layers_that_share_a_size_of_cells_fill_them(make_run: MakeRun) -> None:
    shapes = {"conv1": (4, 4, 32, 32), "conv2": (4, 4, 16, 16), "conv3": (4, 8, 8, 8)}
    run = make_run(taps=shapes, side=32)
    context = run.reel("overview", layer="conv3").scene.context
    assert all(context.view(tap).cell.is_well_filled(context.require(tap)) for tap in shapes)
    # A layer alone takes what there is.
    alone = run.reel("square", layer="conv3").scene.context.cell
    assert alone.size > context.cell.size
