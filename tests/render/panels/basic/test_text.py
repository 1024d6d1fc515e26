"""Texts that are left out if a run lacks their subject, and labels of rows and columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.reel import Run
from reelnet.render.typography import body_style, rasterize_text
from tests.make_run import write_run
from tests.render.panels.drawing import LaidOut, lay_out

WORDS = {"kind": "text", "text": "Words"}


def shows(run: Run, needs: str) -> bool:
    """Whether a text that needs something is shown."""
    layout = lay_out(run, {"words": WORDS | {"needs": needs}, "counter": {}})
    return "words" in dict(layout.scene.boxes)


def test_texts_are_shown_only_with_their_subject(tmp_path: Path) -> None:
    maps, out = (3, 2, 4, 4), (3, 5, 1, 1)
    bare = write_run(tmp_path / "bare", taps={"conv1": maps})
    full = write_run(
        tmp_path / "full",
        taps={"conv1": maps, "out": out},
        classes="01234",
    )
    assert [shows(bare, needs) for needs in ("scores", "no scores")] == [False, True]
    assert [shows(full, needs) for needs in ("scores", "no scores")] == [True, False]
    assert "words" in dict(lay_out(bare, {"words": WORDS}).scene.boxes)


def darkness(layout: LaidOut, x: int, y: int, size: tuple[int, ...]) -> Any:
    """How far pixels are between white and the muted color, 0 to 255, like the coverage of a text."""
    part = layout.frame(0)[y : y + size[0], x : x + size[1]].astype(float).mean(axis=2)
    return (255 - part) / (255 - np.mean(layout.scene.context.theme.muted)) * 255


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_the_samples_are_named_left_of_their_row_or_above_their_column(
    tmp_path: Path, transposed: bool, apart: bool
) -> None:
    run = write_run(tmp_path / "run", taps={"conv1": (3, 2, 7, 7)})
    panels: dict[str, Any] = {"inputs": {}} if apart else {"channels": {"inputs": True}}
    layout = lay_out(run, panels, samples={"transposed": transposed})
    box, style = layout.box("inputs" if apart else "channels"), body_style(layout.scene.context.theme)
    mask = rasterize_text("input", style)
    # Labels take 24 pixels above the cells; left of them, they take the width of the longest.
    gutter = 24 if transposed else 40
    x = box.x + gutter + 56 // 2 - style.width("input") // 2 if transposed else box.x + 30 - mask.shape[1]
    y = box.y if transposed else box.y + 24 + (56 - style.line_height) // 2
    assert np.abs(darkness(layout, x, y, mask.shape) - mask).max() < 25


def test_a_name_that_does_not_fit_is_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", taps={"conv1": (3, 2, 8, 8)})
    layout = lay_out(run, {"inputs": {}}, samples={"transposed": True}, theme={"cell": 8})
    box = layout.box("inputs")
    assert (layout.frame(0)[box.y : box.y + 17, box.x : box.right] == 255).all()
