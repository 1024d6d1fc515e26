"""Labels beside cells: in which way they are written, and that none is cut or covers another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.render.panels.maps.labels import Labels, rasterize_turned
from reelnet.render.typography import TextStyle
from tests.make_run import noise, write_run
from tests.render.panels.drawing import lay_out

STYLE = TextStyle(16)
NAMES = "golden retriever", "Siberian husky", "sunset", "hot-air balloon"


@pytest.mark.parametrize(
    ("pitch", "lines", "size", "is_turned"),
    [
        (140, 1, 16, False),
        (80, 2, 16, False),
        (60, 2, 13, False),
        (40, 1, 16, True),
        (22, 1, 13, True),
        (15, 0, 16, False),
    ],
)
def test_names_are_whole_or_broken_or_smaller_or_turned(
    pitch: int, lines: int, size: int, is_turned: bool
) -> None:
    labels = Labels.fit_columns(NAMES, STYLE, pitch, 4)
    assert max(map(len, labels.lines), default=0) == lines
    assert (labels.style.size, labels.is_turned) == (size, is_turned)
    for name, written in zip(NAMES, labels.lines, strict=False):
        assert " ".join(written).replace("- ", "-") == name
        if not is_turned:
            assert max(map(labels.style.width, written)) <= pitch - 4


def test_labels_do_not_shrink_below_the_size_of_the_theme() -> None:
    """At 13 px the names fit on two lines, see above."""
    labels = Labels.fit_columns(NAMES, TextStyle(16, min_size=15), 60, 4)
    assert (labels.style.size, labels.is_turned) == (16, True)
    assert not Labels.fit_rows(NAMES, TextStyle(16, min_size=16), 140, 20).lines
    assert Labels.fit_rows(NAMES, TextStyle(16), 140, 20).lines


@pytest.mark.parametrize(("width", "pitch", "lines"), [(140, 30, 1), (80, 50, 2), (80, 36, 2), (80, 20, 0)])
def test_names_beside_rows_have_as_many_lines_as_fit(width: int, pitch: int, lines: int) -> None:
    labels = Labels.fit_rows(NAMES, STYLE, width, pitch)
    assert max(map(len, labels.lines), default=0) == lines
    assert labels.width <= width
    assert lines * labels.style.line_height <= pitch


def test_a_heading_is_never_left_out() -> None:
    style = TextStyle(16, bold=True)
    assert Labels.fit_heading("features.denseblock3", style, 400).lines == (("features.denseblock3",),)
    broken = Labels.fit_heading("features.denseblock3.layer1", style, 150).lines[0]
    assert "".join(broken) == "features.denseblock3.layer1"
    assert Labels.fit_heading("W" * 50, style, 100).lines == (("W" * 50,),)


def test_turned_text_rises_to_the_right() -> None:
    mask = rasterize_turned("a longer name", STYLE)
    left, right = (np.flatnonzero(part.any(axis=1)).mean() for part in (mask[:, :30], mask[:, -30:]))
    assert left > right + 20
    falling = rasterize_turned("a longer name", STYLE, -45)
    left, right = (np.flatnonzero(part.any(axis=1)).mean() for part in (falling[:, :30], falling[:, -30:]))
    assert left < right - 20
    # As much ink as in a straight line.
    straight = Labels.fit_columns(["a longer name"], STYLE, 400, 4)
    assert abs(mask.shape[0] - 0.707 * (straight.width + STYLE.line_height)) < 3


@pytest.mark.parametrize("cell", [8, 28, 56, 120])
@pytest.mark.parametrize("transposed", [False, True])
def test_names_stay_in_the_panel(tmp_path: Path, cell: int, transposed: bool) -> None:
    run = write_run(tmp_path / "run", noise(1, 4, 3, 1), labels=list(NAMES))
    panels: dict[str, Any] = {"channels": {"inputs": True}}
    laid_out = lay_out(run, panels, theme={"cell": cell}, samples={"transposed": transposed, "gap": 4})
    frame, box = laid_out.frame(0).copy(), laid_out.box("channels")
    around = frame.copy()
    around[box.y - 1 : box.bottom + 1, box.x - 1 : box.right + 1] = 255
    assert (around == 255).all()
    first = min(
        region.boxes[0].x if transposed else region.boxes[0].y for region in laid_out.scene.cell_regions
    )
    names = frame[:, : first - 2] if transposed else frame[: first - 2]
    has_names = (names[box.y :] if transposed else names).min() < 128
    is_noted = any("no room for the names" in note for note in laid_out.scene.notes)
    assert has_names != is_noted
    assert is_noted == (cell == 8)
