"""The panel `race`: lanes in the order in which samples became right for good, with the certainty of the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.answers import lane_curves, race
from reelnet.render.panels.answers.race import order_lanes
from reelnet.scene.context import FrameState
from tests.make_run import Bytes, Floats, write_run
from tests.render.panels.drawing import LaidOut, lay_out

CLASSES = ("ant", "bee", "cat")
RIGHT, WRONG, INK = (0, 107, 98), (190, 60, 8), (31, 35, 40)
STEPS = 41


def learned_at(*steps: int) -> Floats:
    """A sample per step, of class 1, of which the network is certain by 80 % from that step on, else by 20 %."""
    right = np.arange(STEPS)[:, None] >= np.array(steps)
    truth = np.where(right, 0.8, 0.2)
    return np.stack([0.95 - truth, truth, np.full_like(truth, 0.05)], axis=2).astype(np.float32)


def recorded(path: Path, beliefs: Floats, **form: Any) -> Run:
    samples = beliefs.shape[1]
    taps = {"conv1": np.zeros((len(beliefs), samples, 1, 4, 4), np.float32), "out": beliefs[..., None, None]}
    form = {"classes": CLASSES, "labels": ["bee"] * samples, "bounds": None, **form}
    return write_run(path, taps, **form)


def laid_out(run: Run, **options: Any) -> LaidOut:
    panel = {"x": "linear", "width": 700, "height": 300, **options}
    return lay_out(run, {"race": panel}, theme={"text": 12})


def colored(pixels: Bytes, color: tuple[int, int, int]) -> Any:
    """The columns and rows that have more of a color than white paper: mixed with white by any part."""
    mixed = 255 - pixels.astype(float)
    full = 255 - np.array(color, float)
    part = (mixed @ full) / (full @ full)
    return (part > 0.2) & (np.abs(mixed - part[..., None] * full).max(axis=2) < 6)


def test_the_first_that_is_right_for_good_is_on_top() -> None:
    answers = np.array([[1, 0, 1, 0, 1], [0, 1, 1, 0, 1], [1, 1, 1, 0, 1]])
    certainty = np.tile([0.5, 0.5, 0.6, 0.1, 0.9], (3, 1))
    lanes = order_lanes(answers, np.ones(5, np.intp), certainty)
    assert lanes == [(4, 0), (2, 0), (1, 1), (0, 2), (3, None)]


def test_areas_are_right_or_wrong_and_as_high_as_the_certainty(tmp_path: Path) -> None:
    laid = laid_out(recorded(tmp_path / "run", learned_at(10, 30)))
    (drawing,) = laid.scene.drawings
    box, pixels = laid.box("race"), laid.frame(40)
    for lane, step in zip(drawing._lanes, (10, 30), strict=True):  # type: ignore[attr-defined]
        at = lane.box
        inside = pixels[at.y : at.bottom, at.x : at.right]
        wrong, right = colored(inside, WRONG), colored(inside, RIGHT)
        # The two certainties, 20 % and 80 %, would cross in the middle of a step.
        change = round((step - 0.5) / 40 * (at.width - 1))
        assert not right[:, : change - 3].any()
        assert not wrong[:, change + 3 :].any()
        early, late = change // 2, (change + at.width) // 2
        assert wrong[:, early].sum() == pytest.approx(0.2 * at.height, abs=2)
        assert right[:, late].sum() == pytest.approx(0.8 * at.height, abs=2)
    assert box.x + box.width <= pixels.shape[1]


def test_what_is_to_come_is_a_ghost(tmp_path: Path) -> None:
    laid = laid_out(recorded(tmp_path / "run", learned_at(10)))
    (drawing,) = laid.scene.drawings
    at = drawing._lanes[0].box  # type: ignore[attr-defined]
    for step in (0, 20):
        pixels = laid.frame(step)[at.y : at.bottom, at.x : at.right]
        now = round(step / 40 * (at.width - 1))
        future = pixels[:, now + 3 :]
        assert not colored(future, RIGHT).any()
        assert not colored(future, WRONG).any()
        assert (future != 255).any()


def test_the_step_is_marked_once_it_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    laid = laid_out(recorded(tmp_path / "run", learned_at(0, 10, 99)))

    def note(_canvas: Any, text: str, *_: Any, **__: Any) -> None:
        written.append(text)

    laid.frame(0)
    for module in (race, lane_curves):
        monkeypatch.setattr(module, "write", note)
    for step, marks in ((9, []), (10, ["10"]), (40, ["10"])):
        written.clear()
        drawing = laid.scene.drawings[0]
        canvas = np.zeros((400, 800), np.uint8)
        drawing.draw(canvas, state_at(laid, step))
        assert [text for text in written if text.isdigit()] == marks
        answers = [text for text in written if text in CLASSES]
        assert answers == ["bee", "bee" if step >= 10 else "ant", "ant"]


def state_at(laid: LaidOut, step: int) -> Any:
    return FrameState(laid.run.snapshot(step, laid.scene.taps), step)


def test_nan_leaves_a_gap(tmp_path: Path) -> None:
    beliefs = learned_at(0)
    beliefs[15:25] = np.nan
    laid = laid_out(recorded(tmp_path / "run", beliefs))
    (drawing,) = laid.scene.drawings
    at = drawing._lanes[0].box  # type: ignore[attr-defined]
    pixels = laid.frame(40)[at.y : at.bottom - 2, at.x : at.right]
    columns = colored(pixels, RIGHT).any(axis=0)
    assert columns[: at.width // 3].all()
    assert not columns[at.width * 16 // 40 : at.width * 23 // 40].any()
    assert columns[at.width * 3 // 4 : -2].all()


@pytest.mark.parametrize("steps", [(0,), (0, 100)])
def test_of_few_steps_a_bar_is_as_long_as_the_certainty(tmp_path: Path, steps: tuple[int, ...]) -> None:
    beliefs = learned_at(1)[: len(steps)]
    laid = laid_out(recorded(tmp_path / "run", beliefs, steps=steps))
    (drawing,) = laid.scene.drawings
    at = drawing._lanes[0].box  # type: ignore[attr-defined]
    for step, certainty, color in zip(steps, (0.2, 0.8), (WRONG, RIGHT), strict=False):
        row = laid.frame(step)[at.y + at.height // 2, at.x : at.right][None]
        assert colored(row, color).sum() == pytest.approx(certainty * at.width, abs=4)
        other = RIGHT if color == WRONG else WRONG
        assert not colored(row, other).any()


def test_the_caption_says_what_is_drawn(tmp_path: Path) -> None:
    def caption(run: Run, index: int = -1) -> str:
        (drawing,) = laid_out(run).scene.drawings
        return " ".join(drawing._captions[index])  # type: ignore[attr-defined]

    height, length = (f"{side}: certainty of the right answer, 0 to 100%." for side in ("Height", "Length"))
    late, never, start = learned_at(5, 9), learned_at(99), learned_at(0, 0)
    run = recorded(tmp_path / "late", late)
    assert caption(run) == caption(run, 5) == f"{height} Bold line: right from there on, the first on top."
    assert caption(run, 4) == f"{height} On top: right for good first."
    assert caption(recorded(tmp_path / "one", late[:, :1])) == f"{height} Bold line: right from there on."
    assert caption(recorded(tmp_path / "end", learned_at(38))) == height
    assert caption(recorded(tmp_path / "never", never)) == height
    assert caption(recorded(tmp_path / "start", start)) == f"{height} On top: right for good first."
    two = recorded(tmp_path / "two", late[:2])
    assert (caption(two, 0), caption(two)) == (length, f"{length} Thin line: at step\u00a00.")
    assert caption(recorded(tmp_path / "still", late[:1])) == length


def test_what_cannot_be_shown_is_refused_in_one_line(tmp_path: Path) -> None:
    crowd = recorded(tmp_path / "crowd", learned_at(*range(25)))
    with pytest.raises(TemplateError, match=r"25 samples are too many; show at most 24 with samples: \{show"):
        laid_out(crowd)
    unknown = recorded(tmp_path / "unknown", learned_at(1), labels=["wolf"])
    with pytest.raises(TemplateError, match="not all labels of the samples are names of classes"):
        laid_out(unknown)
    nameless = recorded(tmp_path / "nameless", learned_at(1), classes=None)
    with pytest.raises(TemplateError, match="the run has no names of classes; record it with classes="):
        laid_out(nameless)
    with pytest.raises(
        TemplateError, match=r"has 60 pixels for 20 samples; give it more, or show fewer samples"
    ):
        laid_out(recorded(tmp_path / "low", learned_at(*range(20))), height=60)
