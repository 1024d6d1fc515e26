"""Filmstrips: every cell is compared with the values of its step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.scene.panel import HasCells
from tests.make_run import Bytes, Floats, gray_pictures, noise, write_run
from tests.render.panels.drawing import LaidOut, assert_cells, expand_cells, lay_out

STEPS = [0, 1, 2, 5, 10, 20, 50, 100]
LEVELS = np.array([0.1, 0.15, 0.2, 0.5, 0.52, 0.9, 0.95, 1.0], np.float32)
MAPS = noise(1, 3, 4, 7) * LEVELS[:, None, None, None, None]
"""One pattern that becomes stronger: two steps differ as much as their levels do."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("strip") / "run", MAPS, steps=STEPS)


def strip(run: Run, samples: dict[str, Any] | None = None, **options: Any) -> LaidOut:
    return lay_out(run, {"filmstrip": {"labels": False} | options}, samples=samples or {})


def assert_captions(below: Bytes, starts: list[int]) -> None:
    """Below the cells a line of text begins at each block."""
    for x in starts:
        assert (below[:, x : x + 60] < 128).any()


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([0, 10, 100], [0, 10, 100]),
        ([50, 2], [50, 2]),
        (1, [100]),
        (2, [0, 100]),
        # The levels 0.1 and 1 have 0.55 in their middle; the nearest is 0.52, at step 10.
        (3, [0, 10, 100]),
        (99, STEPS),
    ],
)
def test_selected_steps_are_side_by_side(run: Run, steps: Any, wanted: list[int]) -> None:
    shown = strip(run, steps=steps, apart=200).panel("filmstrip", 5)
    width, height = 3 * 56, 4 * 56
    assert shown.shape[1] == len(wanted) * (width + 200) - 200
    for number, step in enumerate(wanted):
        x = number * (width + 200)
        assert_cells(shown[:height, x : x + width], expand_cells(MAPS[STEPS.index(step)], 56, 8))
        if number:
            assert (shown[:height, x - 200 : x] == 255).all()
    assert_captions(shown[height:], [number * (width + 200) for number in range(len(wanted))])


def test_five_steps_by_default(run: Run) -> None:
    shown = strip(run).panel("filmstrip", 0)
    values = np.concatenate(
        [
            np.hstack([expand_cells(MAPS[STEPS.index(step)], 56, 8), np.full((224, 24), np.nan)])
            # The levels 0.1, 0.2, 0.52, 0.9 and 1: no other choice keeps the two small differences as large as 0.1.
            for step in (0, 2, 10, 20, 100)
        ],
        axis=1,
    )[:, :-24]
    assert_cells(shown[: 4 * 56, : values.shape[1]], values)


def test_only_a_choice_is_explained(run: Run) -> None:
    listed, chosen = (
        strip(run, labels=True, steps=steps).panel("filmstrip", 0) for steps in ([0, 10, 100], 3)
    )
    assert (chosen[: len(listed)] == listed).all()
    assert (chosen[len(listed) :] < 128).any()
    everything = strip(run, labels=True, steps=8).panel("filmstrip", 0)
    assert len(everything) == len(listed)


def test_in_a_column(run: Run) -> None:
    shown = strip(run, steps=[0, 100], arrange="column", apart=8).panel("filmstrip", 0)
    assert_cells(shown[:224], expand_cells(MAPS[0], 56, 8))
    below = next(y for y in range(232, 300, 8) if (shown[y] < 255).all())
    assert_cells(shown[below : below + 224], expand_cells(MAPS[-1], 56, 8))
    assert_captions(shown[224:below], [0])
    assert_captions(shown[below + 224 :], [0])


def test_channels_samples_and_gaps(run: Run) -> None:
    shown = strip(run, {"show": [2, 0], "gap": 5}, steps=[20], show=[3, 1], gap=10).panel("filmstrip", 0)
    # The gaps become multiples of 8, so that all cells begin on the grid of video codecs.
    wanted = expand_cells(MAPS[5][[2, 0]][:, [3, 1]], 56, 8, down=16, across=8)
    assert_cells(shown[: len(wanted), : wanted.shape[1]], wanted)


def test_rows_of_samples(run: Run) -> None:
    shown = strip(run, {"transposed": True}, steps=[1, 5], arrange="column").panel("filmstrip", 0)
    assert_cells(shown[:168], expand_cells(MAPS[1], 56, 8, transposed=True))


def test_only_the_first_block_has_row_labels(run: Run) -> None:
    plain = strip(run, steps=[0, 100], apart=40).panel("filmstrip", 0)
    shown = strip(run, steps=[0, 100], apart=40, labels=True).panel("filmstrip", 0)
    gutter = shown.shape[1] - plain.shape[1]
    assert gutter > 0
    assert (shown[:224, : gutter - 1] < 200).any()
    between = shown[:224, gutter + 168 : gutter + 208]
    assert (between[:, 1:-1] == 255).all()
    assert_cells(shown[:224, gutter : gutter + 168], expand_cells(MAPS[0], 56, 8))
    assert_cells(shown[:224, gutter + 208 :], expand_cells(MAPS[-1], 56, 8))


def test_inputs_are_above_each_block(tmp_path: Path) -> None:
    pictures = gray_pictures(3)
    run = write_run(tmp_path / "run", noise(2, 3, 1, 7), pictures=pictures)
    shown = strip(run, steps=[0, 1], inputs=True, apart=8).panel("filmstrip", 0).astype(int)
    row = np.hstack([np.kron(picture, np.ones((2, 2))) for picture in pictures])[..., None]
    for x in (0, 176):
        assert np.abs(shown[:56, x : x + 168] - row).max() <= 5


def test_samples_are_named_once(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run", noise(2, 3, 1, 7), pictures=gray_pictures(3), labels=("one", "two", "three")
    )
    layout = strip(run, steps=[0, 1], inputs=True, labels=True, apart=24)
    drawing = layout.scene.drawings[0]
    assert isinstance(drawing, HasCells)
    pictures = [region.boxes[0] for region in drawing.cell_regions() if region.is_picture]
    assert len({box.y for box in pictures}) == 1
    names = layout.frame(0)[: pictures[0].y - 1]
    middle = pictures[1].x - 8
    assert (names[:, :middle] < 128).any()
    assert (names[:, middle:] == 255).all()


def test_another_layer_in_the_order_of_change(tmp_path: Path) -> None:
    calm: Floats = np.zeros((2, 2, 3, 7, 7), np.float32)
    calm[1, :, 0], calm[1, :, 1], calm[1, :, 2] = 0.1, -0.9, 0.5
    run = write_run(tmp_path / "run", {"a": calm, "b": noise(2, 2, 3, 14)})
    shown = strip(run, tap="a", steps=[1], order="change").panel("filmstrip", 0)
    assert_cells(shown[:168, :112], expand_cells(calm[1][:, [1, 2, 0]], 56, 8))


def test_every_frame_is_the_same_and_reads_nothing(run: Run) -> None:
    layout = strip(run)
    assert layout.scene.taps == ()
    assert all((layout.frame(step) == layout.frame(0)).all() for step in STEPS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": [0, 60]}, "steps.1.: step 60 was not recorded; the nearest is 50"),
        ({"tap": "conv9"}, "no layer 'conv9'"),
        ({"show": [4]}, "no channel 4"),
    ],
)
def test_options_that_do_not_fit_the_run(run: Run, options: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        strip(run, **options)


@pytest.mark.parametrize("steps", [0, -1, [], [3, 3], [-1], ["last"], True])
def test_invalid_steps(run: Run, steps: Any) -> None:
    with pytest.raises(ValueError, match="steps"):
        strip(run, steps=steps)


def test_low_strips_are_below_each_other(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"conv1": noise(3, 6, 4, 7)})
    low, high = (
        strip(run, steps=[0, 2], arrange="auto", show=show).box("filmstrip") for show in ([0], "all")
    )
    assert low.width < 8 * 56 < 12 * 56 <= high.width


def test_rows_of_blocks_suit_the_canvas(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"conv1": noise(4, 3, 3, 7)})
    aspects = []
    for canvas in ({"max_width": 1000, "max_height": 250}, {"max_width": 500, "max_height": 500}):
        layout = lay_out(run, {"filmstrip": {"labels": False, "steps": 4, "arrange": "auto"}}, canvas=canvas)
        box = layout.box("filmstrip")
        aspects.append(box.width / box.height)
    assert aspects[0] > 3
    assert 0.8 < aspects[1] < 1.2
