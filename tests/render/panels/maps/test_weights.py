"""The weights panel: rows are output channels, columns input channels."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.errors import TemplateError
from reelnet.reel import Reel, Run
from reelnet.render.typography import body_style, rasterize_text
from reelnet.runs.header import TapKind
from tests.make_run import TANH, noise, write_run
from tests.rendering import SMALL_TYPE, color_bounds, to_pixels
from tests.runs.damage import read_header, read_lines, write_header, write_lines

LEVEL = 2 / 120


def recorded(path: Path, values: NDArray[Any]) -> Run:
    """A run of one layer, conv1, with `values` (steps, outputs, inputs, height, width) as its weights."""
    taps = {"conv1": noise(len(values), 3, 4, 5), "conv1.weight": values.astype(np.float32)}
    return write_run(path, taps, bounds={"conv1": TANH}, kinds={"conv1.weight": TapKind.WEIGHT})


def laid_out(run: Run, panel: dict[str, Any], **keys: Any) -> Reel:
    template = {
        "panels": {"weights": panel},
        "layout": {"column": ["counter", "weights"]},
        "theme": SMALL_TYPE,
        **keys,
    }
    file = run.path / "template.yaml"
    file.write_text(json.dumps(template))
    return run.reel(str(file))


VALUES = np.random.default_rng(5).normal(size=(3, 4, 2, 3, 3))
VALUES[1, 0, 0, 0, 0] = -9.0  # beyond all others
END = math.ceil(10 * np.sort(np.abs(VALUES), axis=None)[-2]) / 10
"""Of 216 values, 99.5 % are up to the second largest; two significant digits."""


@pytest.mark.parametrize(
    ("panel", "outputs", "side", "gap"),
    [
        ({}, [0, 1, 2, 3], 24, 8),
        ({"cell": 13, "gap": 0, "labels": False}, [0, 1, 2, 3], 12, 0),
        ({"heading": False, "cell": 28}, [0, 1, 2, 3], 27, 4),
        ({"show": [2, 0], "labels": False}, [2, 0], 24, 8),
        ({"cell": 1, "gap": 5}, [0, 1, 2, 3], 3, 5),
    ],
)
def test_each_weight_has_its_position_and_color(
    tmp_path: Path, panel: dict[str, Any], outputs: list[int], side: int, gap: int
) -> None:
    reel = laid_out(recorded(tmp_path / "run", VALUES), panel)
    box = dict(reel.scene.boxes)["weights"]
    height, width = len(outputs) * (side + gap) - gap, 2 * (side + gap) - gap
    left = 16 if panel.get("labels", True) else 0
    top = (24 if panel.get("labels", True) else 0) + (24 if panel.get("heading", True) else 0)
    scale = side // 3
    for step in range(3):
        field = to_pixels(reel.frame(step))[box.y + top :, box.x + left :][:height, :width]
        for row, output in enumerate(outputs):
            for column in range(2):
                y, x = row * (side + gap), column * (side + gap)
                cell = field[y : y + side, x : x + side]
                values = np.clip(VALUES[step, output, column] / END, -1, 1)
                wanted = np.kron(values, np.ones((scale, scale)))
                least, most = color_bounds(wanted, LEVEL)
                assert ((cell >= least) & (cell <= most)).all()


def test_the_heading_is_not_cut(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run", VALUES)
    panel = {"labels": False, "cell": 3, "gap": 0}
    reel, bare = laid_out(run, panel), laid_out(run, panel | {"heading": False})
    name = body_style(reel.scene.context.theme, bold=True)
    box, without = dict(reel.scene.boxes)["weights"], dict(bare.scene.boxes)["weights"]
    assert box.height == without.height + 24
    # The name is wider than the cells.
    shown = to_pixels(reel.frame(0))[box.y : box.y + 24, box.x : box.x + name.width("conv1.weight")]
    words = 255 - rasterize_text("conv1.weight", name)
    assert np.abs(shown[: words.shape[0]].mean(axis=2) - words).max() < 60


def test_the_outputs_that_change_most(tmp_path: Path) -> None:
    values = np.zeros((2, 4, 1, 3, 3))
    values[1, :, 0, 0, 0] = 1, -4, 0, 3
    run = recorded(tmp_path / "run", values)
    found = laid_out(run, {"show": {"top": 2}, "labels": False}).frame(1)
    assert found.tobytes() == laid_out(run, {"show": [1, 3], "labels": False}).frame(1).tobytes()


def test_the_panel_is_left_out_without_weights(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run", VALUES)
    assert "weights" in dict(laid_out(run, {}).scene.boxes)
    renamed = json.dumps([read_header(run.path), read_lines(run.path)]).replace(
        "conv1.weight", "conv2.weight"
    )
    header, lines = json.loads(renamed)
    write_header(run.path, header)
    write_lines(run.path, lines)
    again = Run(run.path)
    assert "weights" not in dict(laid_out(again, {}).scene.boxes)
    assert "weights" in dict(laid_out(again, {"tap": "conv2.weight"}).scene.boxes)


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ({"tap": "conv1"}, "'conv1' is an activation"),
        ({"tap": "conv9.weight"}, "did you mean 'conv1.weight'"),
        ({"show": [4]}, "no output channel 4; they are numbered from 0 to 3"),
    ],
)
def test_an_error_is_one_line_with_its_position(tmp_path: Path, panel: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError, match=said) as error:
        laid_out(recorded(tmp_path / "run", VALUES), panel)
    assert "template.yaml:1" in str(error.value)


def test_nan_weights_have_the_missing_color(tmp_path: Path) -> None:
    values = VALUES.copy()
    values[2, 1, 1] = np.nan
    reel = laid_out(
        recorded(tmp_path / "run", values), {"heading": False, "labels": False, "gap": 0, "cell": 3}
    )
    box = dict(reel.scene.boxes)["weights"]
    field = to_pixels(reel.frame(2))[box.y : box.y + 12, box.x : box.x + 6]
    missing = (field == (150, 150, 150)).all(axis=-1) | (field == (90, 92, 95)).all(axis=-1)
    wanted = np.zeros((12, 6), bool)
    wanted[3:6, 3:6] = True
    assert (missing == wanted).all()
