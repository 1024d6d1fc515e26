"""The panel `verdict`: a headline and a comment in the color of the outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from tests.make_run import noise, write_run
from tests.render.panels.drawing import LaidOut, lay_out

CLASSES = ("ant", "bee", "cat")
RIGHT, WRONG, INK = (0, 107, 98), (190, 60, 8), (31, 35, 40)


def recorded(path: Path, **form: Any) -> Run:
    """Sample 0 is taken for its label at step 1 only."""
    values = np.full((2, 1, 3, 1, 1), 0.2, np.float32)
    values[0, 0, 2] = values[1, 0, 0] = 0.6
    taps = {"conv1": noise(2, 1, 1, 4), "out": values}
    return write_run(path, taps, **{"labels": CLASSES[:1], "classes": CLASSES, **form})


def draw(run: Run, panel: dict[str, Any] | None = None, **keys: Any) -> LaidOut:
    return lay_out(run, {"inputs": {}, "verdict": panel or {}}, layer="conv1", **keys)


def has(laid: LaidOut, step: int, color: tuple[int, int, int]) -> bool:
    return bool((laid.panel("verdict", step) == color).all(axis=2).any())


def test_the_comment_has_the_color_of_the_outcome(tmp_path: Path) -> None:
    laid = draw(recorded(tmp_path / "run"))
    assert [has(laid, 0, color) for color in (INK, RIGHT, WRONG)] == [True, False, True]
    assert [has(laid, 1, color) for color in (INK, RIGHT, WRONG)] == [True, True, False]


def test_without_known_truth_it_is_neither(tmp_path: Path) -> None:
    laid = draw(recorded(tmp_path / "run", labels=("dog",)))
    assert [has(laid, 0, color) for color in (INK, RIGHT, WRONG)] == [True, False, False]


def test_it_is_left_out_without_class_output(tmp_path: Path) -> None:
    laid = draw(recorded(tmp_path / "run", classes=None))
    assert "verdict" not in dict(laid.scene.boxes)
    assert "record it with classes=" in laid.scene.notes[0]


@pytest.mark.parametrize("width", [120, 240, 900])
def test_long_names_wrap_inside_the_panel(tmp_path: Path, width: int) -> None:
    names = ("golden retriever of the north", "Siberian husky", "hot-air balloon")
    laid = draw(recorded(tmp_path / "run", classes=names, labels=names[:1]), {"width": width})
    for step in (0, 1):
        frame, box = laid.frame(step), laid.box("verdict")
        # The last row and column of letters stay inside: nothing is drawn right of the panel or below it.
        assert (frame[box.y : box.bottom, box.right :] == 255).all()
        assert (frame[box.bottom :] == 255).all()


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no shown sample has the label 'owl'"):
        draw(recorded(tmp_path / "run"), {"sample": "owl"})
