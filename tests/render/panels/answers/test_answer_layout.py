"""Names of answers: all or none, whole, in the same way at all steps and beside all blocks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.reel import Run
from reelnet.render.panels.answers.answer_layout import AnswerLayout
from reelnet.render.panels.maps.channels import ChannelsDrawing
from reelnet.render.panels.maps.grid import fit_sample_labels
from reelnet.scene.class_scores import ClassScores
from tests.make_run import write_run
from tests.render.panels.drawing import LaidOut, lay_out

NAMES = "red mushroom", "snowman", "lighthouse at dusk", "open umbrella", "never an answer, and far too long"
INK = 31, 35, 40
MARKS_AND_BARS = "has no room for the names of the answers"


def scores(step: int) -> Any:
    """Scores of which those of step 0 are all wrong, and those of step 1 all right."""
    found = np.zeros((4, 5, 1, 1))
    found[np.arange(4), np.arange(4) if step else [1, 0, 3, 2]] = 3
    return found


@pytest.fixture
def run(tmp_path: Path) -> Run:
    taps = {"conv1": (4, 4, 8, 8), "out": (4, 5, 1, 1)}
    given: dict[str, Any] = {"values": {"out": scores}, "steps": range(2), "classes": list(NAMES)}
    return write_run(tmp_path / "run", taps=taps, labels=list(NAMES[:4]), **given)


def lay_out_cells(run: Run, panels: dict[str, Any], cell: int, *, transposed: bool = False) -> LaidOut:
    samples = {"transposed": transposed, "gap": 4}
    return lay_out(run, panels, theme={"cell": cell}, samples=samples)


def find_layout(laid_out: LaidOut) -> AnswerLayout:
    context = laid_out.scene.context
    found = ClassScores.find(context)
    assert found is not None
    return AnswerLayout(context, found, has_bars=False, bar=True, percent=False)


@pytest.mark.parametrize(
    ("cell", "lines", "is_turned"), [(8, 0, False), (32, 1, True), (104, 2, False), (160, 1, False)]
)
def test_names_below_columns_are_whole_and_of_one_size(
    run: Run, cell: int, lines: int, *, is_turned: bool
) -> None:
    panels: dict[str, Any] = {"channels": {}, "says": {}}
    laid_out = lay_out_cells(run, panels, cell)
    layout = find_layout(laid_out)
    assert (max(map(len, layout.names.lines), default=0), layout.names.is_turned) == (lines, is_turned)
    written = [" ".join(each) for each in layout.names.lines]
    # The name that is never an answer takes no room.
    assert written == (list(NAMES[:4]) if lines else [])
    assert any(MARKS_AND_BARS in note for note in laid_out.scene.notes) == (not lines)


@pytest.mark.parametrize(("cell", "has_names"), [(8, False), (40, True)])
def test_names_beside_rows_are_all_there_or_none(run: Run, cell: int, *, has_names: bool) -> None:
    laid_out = lay_out_cells(run, {"says": {}}, cell, transposed=True)
    assert find_layout(laid_out).has_names == has_names
    assert any(MARKS_AND_BARS in note for note in laid_out.scene.notes) == (not has_names)


@pytest.mark.parametrize("transposed", [False, True])
def test_marks_and_bars_remain_where_names_do_not_fit(run: Run, *, transposed: bool) -> None:
    laid_out = lay_out_cells(run, {"says": {"labels": False}}, 8, transposed=transposed)
    wrong, right = laid_out.panel("says", 0), laid_out.panel("says", 1)
    assert not find_layout(laid_out).has_names
    assert (wrong != right).any()
    for shown in (wrong, right):
        assert not (shown == INK).all(axis=-1).any()
    named = lay_out_cells(run, {"says": {"labels": False}}, 104, transposed=transposed)
    assert (named.panel("says", 0) == INK).all(axis=-1).any()


def test_turned_answers_fall_from_their_columns(run: Run) -> None:
    laid_out = lay_out_cells(run, {"says": {}}, 32)
    layout, shown = find_layout(laid_out), laid_out.panel("says", 1)
    assert layout.names.is_turned
    dark = shown[-layout.names_height :].max(axis=-1) < 128
    left = laid_out.scene.context.samples_extent + layout.overhang
    rows, columns = np.nonzero(dark[:, -left:])
    # Right of the first column's diagonal there is text, left of it none.
    assert ((columns - rows) > -16).all()
    assert (np.corrcoef(rows, columns)[0, 1]) > 0.2


def test_names_of_parts_of_the_samples_are_written_as_those_of_all(run: Run) -> None:
    for cell in (32, 88, 120):
        context = lay_out_cells(run, {"channels": {}}, cell).scene.context
        whole = fit_sample_labels(context)
        parts = [fit_sample_labels(context.select_samples(part)) for part in ((0, 1), (2, 3))]
        assert whole is not None
        for part in parts:
            assert part is not None
            assert (part.style, part.is_turned) == (whole.style, whole.is_turned)
        assert sum((part.lines for part in parts if part), ()) == whole.lines


def test_samples_keep_their_names_above_answers_that_have_none(run: Run) -> None:
    for labels in (True, False):
        panels = {"channels": {"inputs": True, "says": True, "wrap": 2, "labels": labels, "apart": 16}}
        laid_out = lay_out_cells(run, panels, 32)
        (drawing,) = laid_out.scene.drawings
        assert isinstance(drawing, ChannelsDrawing)
        pictures = [block.cell_regions(changes=False)[1].boxes for block in drawing.blocks]
        above = laid_out.frame(0)[: pictures[0][0].y - 2]
        assert above.min() < 128
        assert any(MARKS_AND_BARS in note for note in laid_out.scene.notes)
        # The turned names of a block reach above the next one.
        names = fit_sample_labels(laid_out.scene.context)
        assert names is not None
        assert names.is_turned
        overhang = names.overhang(laid_out.scene.context.cell_pitch, laid_out.scene.context.cell_extent)
        distance = pictures[1][0].x - pictures[0][-1].right
        assert overhang > 60 > distance
