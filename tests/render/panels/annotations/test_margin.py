"""Texts in the margin: they hide no cell, and do not overlap each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.annotations.callout import MarginNote, assign_line_rows, stack_notes
from reelnet.render.panels.annotations.captions import StepRange
from tests.make_run import noise, write_run
from tests.render.panels.drawing import ACCENT, WHITE, LaidOut, find_changes, lay_out

STEPS = [0, 10, 20, 30]
SIDE = 56


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Five samples, four channels, all of them dark blue."""
    maps = np.ones((4, 5, 4, 7, 7), np.float32)
    return write_run(tmp_path_factory.mktemp("margin") / "run", maps, steps=STEPS)


def channels(run: Run, *annotations: dict[str, Any], **more: Any) -> LaidOut:
    """Channels without labels, with annotations."""
    return lay_out(run, {"channels": {"labels": False, "annotations": list(annotations)}}, **more)


def note(channel: int, sample: int, text: str = "here", **more: Any) -> dict[str, Any]:
    """A text without a frame."""
    return {"channel": channel, "sample": sample, "text": text, "box": False, **more}


def hidden(run: Run, layout: LaidOut, step: int = 10) -> Any:
    """Which pixels of the cells an annotation hides, (height, width)."""
    box = layout.box("channels")
    cells = np.s_[box.y : box.y + 4 * SIDE, box.x : box.x + 5 * SIDE]
    return find_changes(layout.frame(step)[cells], channels(run).frame(step)[cells])


@pytest.mark.parametrize("channel", range(4))
def test_texts_hide_no_cell_and_their_line_runs_between_rows(run: Run, channel: int) -> None:
    layout = channels(run, note(channel, 1))
    plain = channels(run)
    assert layout.box("channels").width > plain.box("channels").width == 5 * SIDE
    rows, columns = np.nonzero(hidden(run, layout))
    assert columns.min() == 2 * SIDE
    # The line, with background on both sides, runs along an edge of the cell.
    edges = [(channel + part) * SIDE for part in (0, 1) if 0 < channel + part < 4]
    assert min(max(abs(rows - edge)) for edge in edges) <= 2
    assert np.ptp(rows) + 1 == 4
    box = layout.box("channels")
    words = layout.frame(10)[box.y : box.bottom, box.x + 5 * SIDE + 10 : box.right]
    assert (words < 100).all(axis=2).sum() > 20
    assert (layout.frame(10)[:, box.right :] == WHITE).all()


def test_a_line_runs_from_the_frame_to_the_text(run: Run) -> None:
    layout = channels(run, {"channel": 1, "sample": 2, "text": "here"})
    box, frame = layout.box("channels"), layout.frame(10)
    line = (frame[box.y + 2 * SIDE - 1] == ACCENT).all(axis=1)
    assert line[box.x + 3 * SIDE + 4 : box.x + 5 * SIDE + 8].all()
    assert not line[box.x + 5 * SIDE + 18 :].any()


def test_two_notes_in_one_row_have_separate_lines(run: Run) -> None:
    one, both = channels(run, note(1, 0)), channels(run, note(1, 0), note(1, 3, "there"))
    rows = {int(row) for row in np.nonzero(hidden(run, both))[0]}
    assert len(rows) == 2 * len({int(row) for row in np.nonzero(hidden(run, one))[0]})


def test_an_arrow_points_at_the_middle_of_its_cell(run: Run) -> None:
    layout = channels(run, note(2, 2, arrow=True))
    box = layout.box("channels")
    rows, columns = np.nonzero((layout.frame(10) == ACCENT).all(axis=2))
    tip = columns.min()
    assert box.x + 3 * SIDE <= tip <= box.x + 3 * SIDE + 3
    assert abs(rows.mean() - (box.y + 2.5 * SIDE)) <= 1


def test_texts_of_different_steps_share_their_position(run: Run) -> None:
    early = note(1, 0, "early", to=10)
    late = note(1, 4, "later", **{"from": 20})
    apart, alone = channels(run, early, late), channels(run, early)
    assert (apart.box("channels"), apart.scene.size) == (alone.box("channels"), alone.scene.size)
    assert not find_changes(apart.frame(0), alone.frame(0)).any()


def test_inputs_have_a_margin_too(run: Run) -> None:
    layout = lay_out(run, {"inputs": {"annotations": [{"sample": 1, "text": "a one"}]}})
    plain = lay_out(run, {"inputs": {}})
    assert layout.box("inputs").width > plain.box("inputs").width
    box = plain.box("inputs")
    differs = find_changes(
        layout.frame(0)[:, : box.x + 9 * SIDE // 2], plain.frame(0)[:, : box.x + 9 * SIDE // 2]
    )
    assert differs.any()


def test_annotations_of_layers_that_are_not_shown_take_no_space(tmp_path: Path) -> None:
    from tests.make_run import write_run

    run = write_run(tmp_path / "run", {"a": noise(1, 3, 2, 7), "b": noise(1, 3, 2, 7)})
    shown = [channels(run, note(0, 0) | {"tap": "a"}, layer=layer).box("channels").width for layer in "ab"]
    assert shown[0] > shown[1] == 3 * SIDE


def test_texts_that_do_not_fit_the_margin(run: Run) -> None:
    with pytest.raises(TemplateError, match=r"annotations\[1\].text: needs \d+ pixels, .* use shorter words"):
        channels(run, note(0, 0), note(0, 1, "x" * 100))
    many = [
        note(number % 4, number % 5, "many words on several lines, again and again") for number in range(9)
    ]
    with pytest.raises(TemplateError, match=r"need \d+ pixels more than the \d+ of their panel"):
        channels(run, *many)
    later = [each | {"from": 10 * (number % 4), "to": 10 * (number % 4)} for number, each in enumerate(many)]
    channels(run, *later)


NOTES = st.lists(
    st.builds(
        lambda first, last, row, height: MarginNote(
            StepRange(min(first, last), max(first, last)), (row,), height
        ),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 400),
        st.integers(1, 60),
    ),
    max_size=8,
)


@given(NOTES)
def test_notes_do_not_overlap_and_stay_in_their_margin(notes: list[MarginNote]) -> None:
    try:
        placed = stack_notes(notes, 0, 400, 4)
    except ValueError:
        # Stacked, they would not fit either.
        assert sum(note.height + 4 for note in notes) - 4 > 400
        return
    for number, note in enumerate(placed):
        assert note.top >= 0
        assert note.bottom <= 400
        for other in placed[:number]:
            assert (
                not note.steps.overlaps(other.steps)
                or note.bottom + 4 <= other.top
                or other.bottom + 4 <= note.top
            )
    if len(placed) == 1:
        wanted = notes[0].row - notes[0].height // 2
        assert placed[0].top == min(max(wanted, 0), 400 - notes[0].height)


def test_rows_are_assigned_in_turn() -> None:
    late = MarginNote(StepRange(5, 9), (10, 20), 5)
    notes = [MarginNote(StepRange(0, 5), (10, 20), 5)] * 3 + [late, MarginNote(StepRange(6, 9), (20, 10), 5)]
    assert [note.row for note in assign_line_rows(notes)] == [10, 20, 10, 10, 20]
