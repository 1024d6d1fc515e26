"""Barcodes: every pixel is compared with the value of its unit at its step, up to the present."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.history.barcode import Barcode
from reelnet.render.panels.history.barcode_image import find_units
from reelnet.scene.panel import HasCells
from tests.make_run import Bytes, Floats, noise, write_run
from tests.render.panels.drawing import LaidOut, assert_cells, lay_out
from tests.rendering import ANCHORS, SMALL_TYPE

STEPS = 5
VECTOR = noise(STEPS, 2, 6, 1)
MAPS = noise(STEPS, 2, 3, 4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("barcode") / "run", {"conv1": MAPS, "fc": VECTOR})


def barcode(run: Run, theme: dict[str, Any] | None = None, **options: Any) -> LaidOut:
    return lay_out(run, {"barcode": {"order": "recorded"} | options}, theme=SMALL_TYPE | (theme or {}))


def shown_image(layout: LaidOut, step: int) -> tuple[Bytes, int, int]:
    """The pixels of the image, and the size of a value."""
    drawing = layout.scene.drawings[0]
    assert isinstance(drawing, HasCells)
    region = drawing.cell_regions()[0]
    box = region.boxes[0]
    frame = layout.frame(step)[box.y : box.bottom, box.x : box.right]
    return frame, region.value_width, region.value_height


def find_trim(width: int) -> int:
    """Pixels by which the first and the last column are narrower: half a column, if that is on the grid of 8."""
    grid = math.gcd(width, 8)
    return width // 2 // grid * grid


def enlarge(values: Floats, width: int, height: int) -> Floats:
    """Values (rows, columns of all steps) as pixels."""
    trim, pixels = find_trim(width), np.kron(values, np.ones((height, width)))
    return pixels[:, trim : pixels.shape[1] - trim]


def scale(values: Floats) -> Floats:
    """Values (units, steps) as fractions of the limits."""
    percentile = np.percentile(np.abs(values), 99.5)
    unit = 10 ** (math.floor(math.log10(percentile)) - 1)
    end = min(math.ceil(percentile / unit) * unit, np.abs(values).max())
    scaled: Floats = np.clip(values / end, -1, 1)
    return scaled


def test_rows_are_units_and_columns_steps_up_to_the_present(run: Run) -> None:
    layout = barcode(run, sample=1)
    image, width, height = shown_image(layout, 2)
    trim = find_trim(width)
    assert image.shape[:2] == (6 * height, STEPS * width - 2 * trim)
    present = 3 * width - trim
    # The line of the present stands in the middle of its column, and after that there is nothing yet.
    cursor = present - width // 2
    assert (image[:, cursor] < 60).all()
    shown = np.delete(np.arange(present), cursor)
    assert_cells(image[:, shown], enlarge(VECTOR[:, 1, :, 0, 0].T, width, height)[:, shown])
    assert (image[:, present:] == 255).all()


def test_the_image_fits_its_canvas(run: Run) -> None:
    sizes = []
    for width, height in ((500, 900), (1200, 700)):
        canvas = {"width": width, "height": height}
        layout = lay_out(run, {"barcode": {}}, theme=SMALL_TYPE, canvas=canvas)
        box = layout.box("barcode")
        assert 0.8 * width < box.width <= width - 32
        sizes.append(shown_image(layout, STEPS - 1)[0].shape)
    assert sizes[0][0] > sizes[1][0]
    assert sizes[0][1] < sizes[1][1]


def test_few_steps_have_the_edges_of_the_axis(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"fc": noise(9, 1, 4, 1)})
    image, width, _ = shown_image(barcode(run), 8)
    assert image.shape[1] == 8 * width


def test_the_mean_over_samples(run: Run) -> None:
    image, width, height = shown_image(barcode(run, sample="mean"), STEPS - 1)
    values = enlarge(VECTOR[..., 0, 0].mean(axis=1).T, width, height)
    assert_cells(image[:, :-2], values[:, :-2])


def test_a_layer_with_maps_has_the_mean_of_each(run: Run) -> None:
    layout = barcode(run, tap="conv1")
    image, width, height = shown_image(layout, STEPS - 1)
    means = MAPS[:, 0].mean(axis=(2, 3)).T
    assert_cells(image[:, :-2], enlarge(scale(means), width, height)[:, :-2])


def test_more_units_than_rows_are_averaged(tmp_path: Path) -> None:
    vector = noise(3, 1, 10, 1)
    run = write_run(tmp_path / "run", {"fc": vector})
    fixed = {"limits": [-1, 1]}
    image, width, height = shown_image(barcode(run, fixed, units_height=4), 2)
    assert (height, len(image)) == (1, 4)
    values = vector[:, 0, :, 0, 0].T.astype(float)
    rows = np.stack([values[start : start + 3].mean(axis=0) for start in (0, 3, 6, 9)])
    assert_cells(image[:, :-2], enlarge(rows, width, height)[:, :-2])


def test_more_steps_than_columns_are_averaged_and_never_ahead_of_time(tmp_path: Path) -> None:
    steps = 2000
    ramp = np.linspace(-1, 1, steps, dtype=np.float32)[:, None, None, None, None] * np.ones((1, 1, 2, 1, 1))
    run = write_run(tmp_path / "run", {"fc": ramp.astype(np.float32)})
    layout = barcode(run, {"limits": [-1, 1]})
    image, width, _ = shown_image(layout, 1000)
    assert width == 1
    assert image.shape[1] == 640
    shown = np.flatnonzero((image[0] != 255).any(axis=1))[:-1]
    assert 310 <= shown[-1] <= 320
    last, _, _ = shown_image(layout, steps - 1)
    assert_cells(last[:1, :-2], np.linspace(-1, 1, 640)[None, :-2])


def test_uneven_steps_lie_on_the_axis(tmp_path: Path) -> None:
    vector = noise(3, 1, 2, 1)
    run = write_run(tmp_path / "run", {"fc": vector}, steps=[0, 25, 100])
    image, _, height = shown_image(barcode(run, {"limits": [-1, 1]}), 100)
    for column, position in ((0, 0), (100, 1), (300, 2)):
        assert_cells(image[:height, column : column + 1], np.full((height, 1), vector[position, 0, 0, 0, 0]))


def test_similar_units_are_together_and_dead_ones_last(tmp_path: Path) -> None:
    up, down = np.linspace(0, 1, STEPS), np.linspace(1, 0, STEPS)
    series = np.stack([np.zeros(STEPS), up, down, up * 0.98, down * 0.98], axis=1).astype(np.float32)
    run = write_run(tmp_path / "run", {"fc": series[:, None, :, None, None]})
    image, _width, height = shown_image(lay_out(run, {"barcode": {}}, theme=SMALL_TYPE), STEPS - 1)
    column = image[height // 2 :: height, 0]
    assert (column[-1] == ANCHORS[4]).all()
    low = [(pixel == ANCHORS[4]).all() for pixel in column[:4]]
    assert low in ([True, True, False, False], [False, False, True, True])


def test_the_longest_vector_is_shown_by_default(tmp_path: Path) -> None:
    taps = {"a": noise(3, 1, 3, 1), "b": noise(3, 1, 7, 1), "conv1": noise(3, 1, 9, 4)}
    image, _, height = shown_image(barcode(write_run(tmp_path / "run", taps)), 1)
    assert len(image) == 7 * height


def test_a_hidden_vector_comes_before_a_longer_class_output(tmp_path: Path) -> None:
    taps = {"fc": noise(3, 1, 4, 1), "out": noise(3, 1, 7, 1)}
    run = write_run(tmp_path / "run", taps, classes=tuple("abcdefg"), labels=("a",), bounds=None)
    assert Barcode().find_layer(barcode(run).scene.context) == "fc"


def test_limits_contain_nearly_all_values_of_the_sample(tmp_path: Path) -> None:
    vector = np.full((1000, 1, 2, 1, 1), 0.731, np.float32)
    vector[0, 0, :, 0, 0] = 100, -100
    run = write_run(tmp_path / "run", {"fc": vector}, bounds=None)
    assert find_units(barcode(run).scene.context, "fc", (0,)).limits.labels == ("≤ −0.74", "≥ 0.74")


def test_two_steps_are_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"fc": noise(2, 1, 4, 1)})
    with pytest.raises(TemplateError, match="2 recorded steps are too few for a barcode"):
        barcode(run)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sample": 2}, "sample 2 is not shown; shown: 0, 1"),
        ({"tap": "conv9"}, "no layer 'conv9'"),
    ],
)
def test_options_that_do_not_fit_the_run(run: Run, options: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        barcode(run, **options)


def test_missing_values_are_hatched(tmp_path: Path) -> None:
    vector = noise(3, 1, 2, 1)
    vector[1, 0, 1] = np.nan
    image, width, height = shown_image(barcode(write_run(tmp_path / "run", {"fc": vector})), 2)
    trim = find_trim(width)
    cell = image[height:, width - trim : 2 * width - trim].reshape(-1, 3)
    assert len(np.unique(cell, axis=0)) == 2
