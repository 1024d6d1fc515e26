"""A color bar explains every color scale beside it, or the layout is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.maps.colorbar import Colorbar
from reelnet.runs.header import TapKind
from reelnet.template.search_path import find_builtin_folder
from tests.make_run import write_run
from tests.template.test_builtin import ABOUT_ANSWERS
from tests.template.text import reel_of, template_of

SECOND = "panels: {second: {kind: channels, taps: deep%s}}\nlayout: {column: [channels, colorbar, second%s]}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Layers from -1 to 1, from 0 to 4.75 and from -1 to 1 again, and a weight."""
    return write_run(
        tmp_path_factory.mktemp("bars") / "run",
        {"conv": (2, 3, 4, 4), "deep": (2, 3, 4, 4), "twin": (2, 3, 4, 4), "conv.weight": (3, 1, 3, 3)},
        bounds={"conv": (-1.0, 1.0), "deep": (0.0, 4.75), "twin": (-1.0, 1.0), "conv.weight": None},
        kinds={"conv.weight": TapKind.WEIGHT},
        metrics=lambda step: {"loss": 1 / (step + 1)},
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (SECOND % ("", ""), "panel 'second' shows deep from 0 to 4.8"),
        ("panels: {channels: {taps: all}}\nlayout: {column: [channels, colorbar]}", "'channels' shows deep"),
        ("panels: {filmstrip: {tap: deep}}\nlayout: {row: [filmstrip, colorbar, channels]}", "'filmstrip'"),
        ("panels: {colorbar: {tap: deep}}\nlayout: {column: [channels, colorbar]}", "'channels' shows conv"),
        (
            "panels: {colorbar: {}}\nlayout: {column: [channels, colorbar, weights]}",
            "'weights' shows conv.weight",
        ),
    ],
)
def test_a_bar_beside_colors_of_other_limits_is_an_error(run: Run, text: str, shown: str) -> None:
    match = rf"mine.yaml:\d+:\d+: (panels|layout)\S*: explains .*{shown}.*add a panel .kind: colorbar, tap: "
    with pytest.raises(TemplateError, match=match):
        reel_of(run, text, "conv")


@pytest.mark.parametrize(
    "text",
    [
        SECOND % (", colorbar: true", ""),
        "panels: {second: {kind: channels, taps: deep}, own: {kind: colorbar, tap: deep}}\n"
        "layout: {column: [channels, colorbar, second, own]}",
        SECOND % ("", "") + "\ntheme: {limits: [-5, 5]}",
        "panels: {second: {kind: channels, taps: twin}}\nlayout: {column: [channels, colorbar, second]}",
        "panels: {second: {kind: channels, taps: deep, hidden: true}}\n"
        "layout: {column: [channels, colorbar, second]}",
        "panels: {second: {kind: channels, taps: deep}}\nlayout: {column: [channels, second]}",
        "panels: {own: {kind: colorbar, tap: conv.weight}}\nlayout: {column: [channels, colorbar, weights, own]}",
        "panels: {histogram: {tap: deep}}\nlayout: {column: [channels, colorbar, histogram]}",
    ],
)
def test_what_works(run: Run, text: str) -> None:
    reel_of(run, text, "conv").frame(0)


@pytest.mark.parametrize(
    "file",
    sorted(file for file in find_builtin_folder().glob("*.yaml") if file.stem not in ABOUT_ANSWERS),
    ids=lambda file: file.stem,
)
@pytest.mark.parametrize("layer", ["conv", "deep"])
def test_built_in_templates_explain_every_layer(run: Run, file: Path, layer: str) -> None:
    run.reel(file.stem, layer=layer)


def test_a_bar_counts_the_clipped_values_of_all_that_it_explains(tmp_path: Path) -> None:
    values = {"one": lambda step: np.full((2, 1, 4, 4), 0.5), "two": lambda step: np.full((2, 3, 4, 4), 2.0)}
    run = write_run(tmp_path / "run", {"one": (2, 1, 4, 4), "two": (2, 3, 4, 4)}, values=values)
    beside = "theme: {limits: [-1, 1]}\nlayout: {column: [all, colorbar]}\npanels: {all: {kind: channels, taps: %s}}"
    assert bar_text(run, beside % "[one, two]", "one") == "≥ 1 (75.0% beyond)"
    assert bar_text(run, beside % "[one, two]", "two") == "≥ 1 (75.0% beyond)"
    assert bar_text(run, beside % "one", "one") == "+1"


def test_only_finite_values_are_counted(tmp_path: Path) -> None:
    one, two = np.full((2, 1, 4, 4), 0.5), np.full((2, 3, 4, 4), np.inf)
    two[0, 0, :1], two[0, 1], two[0, 2] = 2.0, np.nan, -np.inf
    run = write_run(
        tmp_path / "run",
        {"one": one.shape, "two": two.shape},
        values={"one": lambda step: one, "two": lambda step: two},
    )
    text = (
        "theme: {limits: [-1, 1]}\nlayout: {column: [all, colorbar]}\n"
        "panels: {all: {kind: channels, taps: [one, two]}}"
    )
    # Of 36 finite values, 4 are beyond the limits.
    assert bar_text(run, text, "one") == "≥ 1 (11.1% beyond)"
    report = reel_of(run, text, "one").save_still(0, tmp_path / "a.png")
    assert report.clipped == pytest.approx(4 / 36)


@pytest.mark.parametrize("limits", ["auto", "symmetric"])
def test_a_bar_counts_values_beyond_declared_bounds(tmp_path: Path, limits: str) -> None:
    values = {"conv": lambda step: np.array([0.5, 1.0, -1.0, 1.5], np.float32).reshape(1, 1, 2, 2)}
    run = write_run(tmp_path / "run", {"conv": (1, 1, 2, 2)}, values=values, bounds={"conv": (-1.0, 1.0)})
    text = f"panels: {{}}\ntheme: {{limits: {limits}}}\nlayout: {{column: [channels, colorbar]}}"
    assert bar_text(run, text, "conv") == "≥ 1 (25.0% beyond)"


def bar_text(run: Run, text: str, layer: str) -> str:
    """What the color bar of a template says right of its colors."""
    template, context = template_of(text), reel_of(run, text, layer).scene.context
    bar = template.panels["colorbar"]
    assert isinstance(bar, Colorbar)
    layout = bar.lay_out(context)
    return f"{layout.high} {layout.beyond}".strip()


def test_the_remedy_for_weights_is_a_bar_of_their_own(run: Run) -> None:
    text = "panels: {}\ntheme: {limits: [-1, 1]}\nlayout: {column: [channels, colorbar, weights]}"
    with pytest.raises(TemplateError, match=r"add a panel \{kind: colorbar, tap: conv.weight\}$"):
        reel_of(run, text, "conv")
