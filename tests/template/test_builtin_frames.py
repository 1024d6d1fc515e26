"""Frames of built-in templates: the font is large enough, and the space is used."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from reelnet.reel import Run
from reelnet.render.registry import panel_registry
from reelnet.runs.header import TapKind
from reelnet.scene.resolve import resolve
from reelnet.template.load import load_template
from tests.make_run import write_run
from tests.template.test_builtin import TEMPLATES, curves


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Ten samples and six layers, as in the article."""
    shapes = [(4, 28), (4, 28), (8, 14), (8, 14), (16, 7), (16, 7)]
    taps = {f"conv{n}": (10, channels, side, side) for n, (channels, side) in enumerate(shapes, 1)}
    taps |= {"out": (10, 10, 1, 1), "conv1.weight": (4, 1, 3, 3)}
    path, digits = tmp_path_factory.mktemp("article") / "run", tuple("0123456789")
    kinds = {"conv1.weight": TapKind.WEIGHT}
    return write_run(
        path, taps=taps, steps=range(3), metrics=curves, labels=digits, classes=digits, kinds=kinds
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_other_processes_draw_the_same(name: str, run: Run) -> None:
    first = run.reel(name, density=1).rendition
    second = pickle.loads(pickle.dumps(first))
    step = run.steps[-1]
    assert (first.draw_step(step) == second.draw_step(step)).all()


READ = {
    "wide": 1 / 45,
    "vertical": 1 / 45,
    "square": 1 / 45,
    "compass": 1 / 45,
    "overview": 1 / 90,
    "filmstrip": 1 / 90,
}
"""Of the width of a frame, on a slide of its height: size of the smallest type, in pixels an em."""


@pytest.mark.parametrize("name", TEMPLATES)
def test_type_is_as_large_as_the_frame_asks_for(name: str, run: Run) -> None:
    scene = resolve(load_template(name, panel_registry()), run)
    across = min(scene.size.width, scene.size.height) if name == "wide" else scene.size.width
    assert scene.context.theme.text >= max(12, across * READ.get(name, 0))
    assert scene.context.theme.title >= 7 / 6 * scene.context.theme.text


@pytest.mark.parametrize("channels", [1, 4, 8, 64])
@pytest.mark.parametrize("name", ["square", "vertical", "wide"])
def test_frames_of_a_fixed_size_are_filled(name: str, channels: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", taps={"conv1": (10, channels, 14, 14)}, metrics=curves)
    scene = resolve(load_template(name, panel_registry()), run)
    boxes, size = [box for _, box in scene.boxes], scene.size
    top, bottom = min(box.y for box in boxes), max(box.bottom for box in boxes)
    left, right = min(box.x for box in boxes), max(box.right for box in boxes)
    assert max(top, left) <= size.width / 12
    assert top == pytest.approx(size.height - bottom, abs=8)
    assert left == pytest.approx(size.width - right, abs=8)
    assert scene.context.cell.width >= (42 if name == "square" else 56)
