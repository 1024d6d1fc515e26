"""Color bars: their colors, their limits, and how they shrink."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.maps.colorbar import ColorbarDrawing
from reelnet.render.typography import body_style, rasterize_text
from reelnet.runs.header import TapKind
from tests.make_run import Bytes, noise, write_run
from tests.render.panels.drawing import LaidOut, lay_out
from tests.rendering import color_values

TINT = 0.118
"""Where the colors from 0 to 1 begin, so that those of 0 differ from white."""
LINE, GAP = 17, 8
"""Pixels of a line of default text, and between a bar and its limits."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A layer from -1 to 1, and one from 0 to 5."""
    return write_run(
        tmp_path_factory.mktemp("legend") / "run",
        taps={"signed": (6, 2, 8, 8), "positive": (6, 1, 8, 8)},
        values={
            "signed": lambda step: np.full((6, 2, 8, 8), -0.5),
            "positive": lambda step: np.full((6, 1, 8, 8), 3.0),
        },
        bounds={"signed": (-1.0, 1.0), "positive": (0.0, 5.0)},
    )


def assert_legend(
    shown: Bytes,
    layout: LaidOut,
    low: str,
    high: str,
    ends: tuple[float, float],
    quantity: str = "activation",
) -> None:
    """Assert that a picture shows only a bar with its frame between its two limits, after what its values are."""
    style = body_style(layout.scene.context.theme)
    height, width = shown.shape[:2]
    start = style.width(quantity) + 2 * GAP if quantity else 0
    for text, x in ((quantity, 0), (low, start), (high, width - style.width(high))):
        covered = rasterize_text(text, style)[:, : style.width(text)]
        part = shown[:, x : x + covered.shape[1]].astype(float).mean(axis=2)
        # Covered pixels are darker: muted ink is (94, 101, 110).
        dark = (255 - part) / (255 - 101.7) * 255
        assert np.abs(dark - covered).max(initial=0) < 25
    left, right = start + style.width(low) + GAP, width - style.width(high) - GAP
    bar = shown[height // 2, left + 1 : right - 1].astype(float)
    wanted = color_values(np.linspace(*ends, right - left - 2))
    off = np.abs(bar - wanted).max(axis=1)
    if ends[0] < 0:
        # A zero is written over the middle.
        middle = len(bar) // 2
        assert bar[middle - 5 : middle + 5].min() < 160
        off[middle - 5 : middle + 5] = 0
    assert off.max() <= 255 * 2 * 2 / 80
    assert (shown[:, left - GAP : left] == 255).all()


@pytest.mark.parametrize(
    ("tap", "low", "high", "ends"), [("signed", "−1", "+1", (-1.0, 1.0)), ("positive", "0", "5", (TINT, 1.0))]
)
def test_a_bar_shows_the_layers_colors_between_its_limits(
    run: Run, tap: str, low: str, high: str, ends: tuple[float, float]
) -> None:
    layout = lay_out(run, {"colorbar": {"tap": tap}}, ["colorbar"])
    assert_legend(layout.panel("colorbar", 0), layout, low, high, ends)
    assert layout.box("colorbar").height == LINE


def test_each_layer_has_its_own_bar_as_wide_as_its_cells(run: Run) -> None:
    panel = {
        "taps": "all",
        "colorbar": True,
        "labels": False,
        "heading": False,
        "arrange": "row",
        "apart": 24,
    }
    layout = lay_out(run, {"channels": panel})
    box, frame, wide = layout.box("channels"), layout.frame(0), 6 * 56
    for number, (low, high, ends) in enumerate((("−1", "+1", (-1.0, 1.0)), ("0", "5", (TINT, 1.0)))):
        x = box.x + number * (wide + 24)
        assert_legend(frame[box.y : box.y + LINE, x : x + wide], layout, low, high, ends)


def test_a_block_is_at_least_as_wide_as_its_bar(run: Run) -> None:
    def width(**more: Any) -> int:
        panel = {"taps": "signed", "labels": False, **more}
        return lay_out(run, {"channels": panel}, samples={"show": [0]}).box("channels").width

    assert width() == 56
    assert width(colorbar=True) > 4 * 12 + 2 * GAP


def test_a_bar_shrinks_in_a_narrow_box(run: Run) -> None:
    natural = lay_out(run, {"colorbar": {}}).box("colorbar").width
    row = {"row": {"width": 200, "items": ["counter", "colorbar"]}}
    panels: dict[str, Any] = {"counter": {"width": 60 + 40}, "colorbar": {"tap": "signed"}}
    layout = lay_out(run, panels, [row])
    box = layout.box("colorbar")
    assert box.width == 100 < natural
    assert_legend(layout.panel("colorbar", 0), layout, "−1", "+1", (-1.0, 1.0), quantity="")


def test_a_bar_with_a_length_does_not_shrink(run: Run, tmp_path: Path) -> None:
    row = {"row": {"width": 200, "items": ["counter", "colorbar"]}}
    with pytest.raises(TemplateError, match="needs"):
        lay_out(run, {"counter": {"width": 100}, "colorbar": {"length": 156}}, [row])


@pytest.mark.parametrize("option", ["length", "thickness"])
def test_a_bar_without_a_pixel_of_color_is_an_error(run: Run, option: str) -> None:
    with pytest.raises(ValueError, match="2: give at least 3"):
        lay_out(run, {"colorbar": {option: 2}}, ["colorbar"])
    panel = lay_out(run, {"colorbar": {option: 3, "tap": "signed"}}, ["colorbar"]).panel("colorbar", 0)
    assert (panel != 255).any()


def test_a_key_explains_the_hatching_only_if_values_are_missing(tmp_path: Path) -> None:
    values = np.zeros((6, 2, 8, 8))
    width = {}
    for name, value in (("finite", 0.5), ("missing", np.nan)):
        values[0, 0, 0, 0] = value
        run = write_run(
            tmp_path / name,
            {"conv1": (6, 2, 8, 8)},
            values={"conv1": lambda step: values},
            bounds={"conv1": (-1.0, 1.0)},
        )
        layout = lay_out(run, {"colorbar": {}})
        width[name] = layout.box("colorbar").width
        shown = layout.panel("colorbar", 0)
        stripes = (shown == (90, 92, 95)).all(axis=2).any(axis=0)
        assert stripes.any() == (name == "missing")
    style = body_style(layout.scene.context.theme)
    assert width["missing"] - width["finite"] == 3 * GAP + 24 + style.width("NaN or infinite")
    # The key ends with its words.
    assert int(np.flatnonzero(stripes).max()) < width["missing"] - style.width("NaN or infinite")


@pytest.mark.parametrize(("kind", "quantity"), [(TapKind.WEIGHT, "weight"), (TapKind.GRADIENT, "gradient")])
def test_a_bar_says_what_it_is(tmp_path: Path, kind: TapKind, quantity: str) -> None:
    run = write_run(tmp_path / "run", {"conv1": (2, 1, 4, 4), "w": (2, 1, 3, 3)}, kinds={"w": kind})
    layout = lay_out(run, {"colorbar": {"tap": "w"}})
    drawing = layout.scene.drawings[0]
    assert isinstance(drawing, ColorbarDrawing)
    assert drawing.layout.quantity == quantity


def test_a_layer_that_gives_only_zero_has_a_swatch_and_no_range(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", np.zeros((1, 2, 3, 4, 4)), bounds=None)
    layout = lay_out(run, {"colorbar": {}}, ["colorbar"])
    shown, style = layout.panel("colorbar", 0), body_style(layout.scene.context.theme)
    start, end = style.width("activation") + 3 * GAP + 1, shown.shape[1] - style.width("0") - GAP - 1
    swatch = shown[shown.shape[0] // 2, start:end].astype(float)
    assert np.ptp(swatch, axis=0).max() == 0
    assert np.abs(swatch - color_values(np.array(TINT))).max() <= 255 * 2 * 2 / 80
    assert end - start == 4 * style.size - 2


def test_a_bar_says_what_it_is_before_how_much_is_beyond_its_ends(tmp_path: Path) -> None:
    maps = noise(4, 4, 2, 16)
    maps[0, 0, 0, 0, 0] = 50
    run = write_run(tmp_path / "run", maps, bounds=None)
    full = lay_out(run, {"colorbar": {}}, ["colorbar"]).box("colorbar").width
    drawn = lay_out(run, {"colorbar": {}}, ["colorbar"], canvas={"width": full // 2 * 2 - 20})
    style = body_style(drawn.scene.context.theme)
    word = rasterize_text("activation", style)[:, : style.width("activation")]
    part = drawn.panel("colorbar", 0)[:, : word.shape[1]].astype(float).mean(axis=2)
    assert np.abs((255 - part) / (255 - 101.7) * 255 - word).max() < 25
