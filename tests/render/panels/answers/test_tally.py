"""The panel `tally`: how many samples the network is right about, and its accuracy in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.render.panels.answers import tally
from tests.make_run import write_run
from tests.render.panels.drawing import lay_out

RIGHT, WRONG = (0, 107, 98), (190, 60, 8)


def written(path: Path, monkeypatch: pytest.MonkeyPatch, step: int, **form: Any) -> list[tuple[str, Any]]:
    """The lines at a step, and their colors."""
    beliefs = np.zeros((4, 2, 3, 1, 1), np.float32)
    beliefs[:, 0, 0] = 1
    beliefs[:3, 1, 0] = beliefs[3:, 1, 1] = 1
    form = {"labels": ("ant", "bee"), "classes": ("ant", "bee", "cat"), "bounds": None, **form}
    run = write_run(path, {"conv1": np.zeros((4, 2, 1, 4, 4), np.float32), "out": beliefs}, **form)
    lines: list[tuple[str, Any]] = []

    def note(_canvas: Any, text: str, ink: Any, *_: Any, **__: Any) -> None:
        lines.append((text, tuple(ink.colors[-1].tolist())))

    laid = lay_out(run, {"tally": {}, "inputs": {}})
    monkeypatch.setattr(tally, "write", note)
    laid.frame(step)
    return lines


def test_it_counts_and_knows_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = {"train_accuracy": [0.9] * 4, "test_accuracy": [0.1, None, 0.5, 0.75]}
    (count, accuracy) = written(tmp_path / "a", monkeypatch, 1, metrics=metrics)
    assert count == ("1 of 2 right", WRONG)
    assert accuracy[0] == "10% in tests"
    (count, accuracy) = written(tmp_path / "b", monkeypatch, 3, metrics=metrics)
    assert count == ("2 of 2 right", RIGHT)
    assert accuracy[0] == "75% in tests"


def test_it_says_nothing_that_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [text for text, _ in written(tmp_path / "a", monkeypatch, 0)] == ["1 of 2 right"]
    metrics = {"val_acc": [None, 0.25, 0.5, 0.5]}
    lines = written(tmp_path / "b", monkeypatch, 1, metrics=metrics, labels=("ant", "wolf"))
    assert [text for text, _ in lines] == ["25% in validation"]
    # In percent it is no share.
    lines = written(tmp_path / "c", monkeypatch, 1, metrics={"val_acc": [25.0] * 4})
    assert [text for text, _ in lines] == ["1 of 2 right"]
