"""The histogram: heights and colors of its bars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.errors import TemplateError
from reelnet.reel import Reel, Run
from reelnet.render.panels.charts.histogram import HistogramDrawing
from tests.make_run import noise, write_run
from tests.rendering import color_bounds, to_pixels

MUTED, FAINT, WHITE = (94, 101, 110), (222, 225, 229), (255, 255, 255)
LEVEL = 2 / 150


def laid_out(run: Run, panel: dict[str, Any], **keys: Any) -> Reel:
    template = {"panels": {"histogram": panel}, "layout": {"column": ["histogram"]}, **keys}
    file = run.path / "template.yaml"
    file.write_text(json.dumps(template))
    return run.reel(str(file))


def plot(reel: Reel, step: int) -> NDArray[np.uint8]:
    """The plot: the area between the top and the bottom hairline, right of the axis."""
    shown = to_pixels(reel.frame(step))
    lines = (shown == FAINT).all(axis=-1)
    rows = np.flatnonzero(lines.sum(axis=1) > 40)
    columns = np.flatnonzero(lines[rows[0]])
    return shown[rows[0] : rows[-1], columns[0] : columns[-1] + 1]


def tall(field: NDArray[np.uint8], bins: int) -> NDArray[np.intp]:
    """Height in pixels of each bar of a muted histogram, measured at its center."""
    middles = ((np.arange(bins) + 0.5) * field.shape[1] / bins).astype(int)
    found: NDArray[np.intp] = (field[:, middles] == MUTED).all(axis=-1).sum(axis=0)
    return found


def parts(values: NDArray[Any], bins: int, low: float, high: float) -> NDArray[np.float64]:
    """The share of all values in each bin; the outer bins include values beyond the limits."""
    flat = values.astype(float).ravel()
    at = np.clip(np.floor((flat - low) / (high - low) * bins), 0, bins - 1)
    return np.array([(at == number).mean() for number in range(bins)])


@pytest.mark.parametrize("bins", [8, 41])
@pytest.mark.parametrize("limits", [(-1.0, 1.0), (-0.5, 0.4)])
def test_bar_heights_match_the_counts(tmp_path: Path, bins: int, limits: tuple[float, float]) -> None:
    maps = noise(3, 4, 5, 6)
    maps[1] *= 0.4  # a narrower step, whose bars are taller: the axis is that of all steps
    theme = {"limits": list(limits)}
    reel = laid_out(write_run(tmp_path / "run", maps), {"bins": bins, "colored": False}, theme=theme)
    peak = max(parts(step, bins, *limits).max() for step in maps)
    for number, step in enumerate(maps):
        field = plot(reel, number)
        wanted = parts(step, bins, *limits)
        shown = tall(field, bins)
        assert shown.max() <= len(field)
        # The axis ends at a round number at or above the peak, at most at twice the peak.
        top = wanted.max() * len(field) / shown.max()
        assert peak * 0.99 <= top <= peak * 2.2
        np.testing.assert_allclose(shown, wanted * len(field) / top, atol=1.5)


def test_a_logarithmic_axis(tmp_path: Path) -> None:
    maps = np.zeros((1, 1, 1, 100, 100), np.float32)
    maps.ravel()[:10] = -0.9
    maps.ravel()[10:110] = 0.9
    run = write_run(tmp_path / "run", maps)
    field = plot(laid_out(run, {"bins": 3, "log": True, "colored": False}), 0)
    # One of 10,000 values is 0.01 %, four powers of ten below 100 %.
    wanted = len(field) * (4 + np.log10(np.array([0.001, 0.989, 0.01]))) / 4
    np.testing.assert_allclose(tall(field, 3), wanted, atol=1.5)


def test_bars_have_the_colors_of_their_values(tmp_path: Path) -> None:
    maps = np.linspace(-1, 1, 4096, dtype=np.float32).reshape(1, 1, 1, 64, 64)
    field = plot(laid_out(write_run(tmp_path / "run", maps), {"bins": 16}), 0)
    centers = (np.arange(16) + 0.5) / 8 - 1
    least, most = color_bounds(centers, LEVEL)
    inner = field[-8, ((np.arange(16) + 0.5) * field.shape[1] / 16).astype(int)]
    assert ((inner >= least) & (inner <= most)).all()
    # Bars are outlined, since some have almost the color of the background.
    assert (field[:, field.shape[1] // 2] == MUTED).all(axis=-1).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_ignored(value: float, tmp_path: Path) -> None:
    maps = noise(1, 2, 2, 4)
    maps[0, 0] = value
    field = plot(laid_out(write_run(tmp_path / "run", maps), {"bins": 2, "colored": False}), 0)
    finite = maps[0, 1]
    counts = np.array([(finite < 0).sum(), (finite >= 0).sum()])
    shown = tall(field, 2)
    assert shown[0] / shown[1] == pytest.approx(counts[0] / counts[1], abs=0.1)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_finite_value_at_all(value: float, log: bool, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", np.full((2, 1, 1, 4, 4), value, np.float32))
    field = plot(laid_out(run, {"bins": 8, "colored": False, "log": log}), 1)
    assert not tall(field, 8).any()


def test_values_beyond_the_limits_are_said_below_the_bars(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", np.linspace(-1, 1, 4096, dtype=np.float32).reshape(1, 1, 1, 64, 64))
    for limits, label in (([-0.75, 0.75], "≥ 0.75 (25.0% beyond)"), ([-1, 1], "+1")):
        reel = laid_out(run, {}, theme={"limits": limits})
        (drawing,) = reel.scene.drawings
        assert isinstance(drawing, HistogramDrawing)
        assert [text for text, _, anchor in drawing.limit_labels() if anchor == "right"] == [label]


@pytest.mark.parametrize("panel", [{"chart_width": 70}, {"chart_height": 40}, {"tap": "conv9"}])
def test_an_error_is_one_line_with_its_position(tmp_path: Path, panel: dict[str, Any]) -> None:
    with pytest.raises(TemplateError, match=r"template\.yaml:1") as error:
        laid_out(write_run(tmp_path / "run", noise(1, 1, 1, 4)), panel)
    assert "\n" not in str(error.value)


def test_every_option_changes_the_picture(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(2, 2, 2, 6))
    usual = laid_out(run, {}).frame(1)
    for panel in (
        {"bins": 20},
        {"log": True},
        {"colored": False},
        {"title": ""},
        {"chart_width": 300},
        {"chart_height": 200},
    ):
        other = laid_out(run, panel).frame(1)
        assert other.size != usual.size or other.tobytes() != usual.tobytes(), panel
