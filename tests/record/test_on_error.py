"""Errors in recording a step do not end the training."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.errors import ReelnetError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.reel import Run
from tests.record.cases import pictures
from tests.record.probe.test_zoo import hooks


class Fragile(nn.Module):
    """Fails, returns another shape or dtype, or skips a layer, depending on `mood`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.act = nn.Identity()
        self.mood = "well"

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        match self.mood:
            case "broken":
                raise ArithmeticError("no more\nof this")
            case "smaller":
                x = x[:, :, 1:]
            case "other type":
                x = x.double()
            case "away":
                return x
            case "interrupted" if reelnet.probing():
                raise KeyboardInterrupt
        return self.act(x)


MOODS = {
    "broken": r"Fragile failed in eval mode on samples of shape \(3, 1, 8, 8\), after layer 'conv', test_on_error.py "
    r"line \d+: ArithmeticError: no more of this; check that the model accepts them after model.eval\(\)",
    "smaller": r"layer 'act': returns float32 \(3, 2, 5, 6\), but float32 \(3, 2, 6, 6\) at first",
    "other type": r"layer 'act': returns float64 \(3, 2, 6, 6\), but float32",
    "away": "layer 'act': was not called",
}


@pytest.mark.parametrize("mood", MOODS)
def test_a_step_that_cannot_be_recorded_is_marked_as_missing(
    mood: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Fragile()
    # A layer that no longer fits is only NaN if there are others.
    taps = ["conv", "act"] if mood == "broken" else ["act"]
    before = hooks(model)
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=taps) as recorder:
        for step in range(1, 8):
            model.mood = mood if step in (3, 4, 6) else "well"
            recorder.step(loss=step)
            assert hooks(model) == before
    run = Run(tmp_path / "run")
    assert run.steps == [0, 1, 2, 5, 7]
    assert list(run.missing) == [3, 4, 6]
    np.testing.assert_array_equal(run.metrics["loss"][1:], [1, 2, 5, 7])
    first, last = (record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert first.startswith(f"{tmp_path / 'run'}: step 3: ")
    assert "3 steps missing, the first is step 3" in last
    with pytest.raises(ReelnetError, match=MOODS[mood]):
        raise ReelnetError(first)
    assert run.missing[3] in first
    notes = run.reel("plain").save(tmp_path / "a.gif").notes
    assert any(note.startswith("3 missing steps, the first is 3: ") for note in notes)


@pytest.mark.parametrize("mood", [mood for mood in MOODS if mood != "broken"])
def test_a_layer_that_no_longer_fits_is_nan_in_that_step_and_the_others_are_recorded(
    mood: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Fragile()
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=["conv", "act"]) as recorder:
        for step in range(1, 4):
            model.mood = mood if step == 2 else "well"
            recorder.step()
    run = Run(tmp_path / "run")
    assert (run.steps, run.missing) == ([0, 1, 2, 3], {})
    assert np.isfinite(run.read("conv")).all()
    assert [bool(np.isnan(run.read("act", step)).all()) for step in run.steps] == [False, False, True, False]
    (message,) = (record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert message.startswith(
        f"{tmp_path / 'run'}: 'act' is recorded as NaN from step 2 until it fits again: "
    )
    assert re.search(MOODS[mood].removeprefix("layer 'act': "), message)


@pytest.mark.parametrize("mood", MOODS)
def test_on_error_raise(mood: str, tmp_path: Path) -> None:
    model = Fragile()
    with Recorder(
        tmp_path / "run", model, samples=pictures(), taps=["conv", "act"], on_error="raise"
    ) as recorder:
        model.mood = mood
        with pytest.raises(ReelnetError, match=f"step 1: {MOODS[mood]}") as error:
            recorder.step()
        model.mood = "well"
        recorder.step()
    assert "\n" not in str(error.value)
    assert Run(tmp_path / "run").steps == [0, 1]


def only_even(step: int) -> bool:
    if step > 2:
        raise ArithmeticError("no more\nof this")
    return step % 2 == 0


def test_the_error_of_a_failing_schedule_names_run_step_and_function(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "run"
    line = f"{path}: step 3: every=only_even failed (ArithmeticError: no more of this); it must return true or false"
    with Recorder(path, Fragile(), samples=pictures(), every=only_even) as recorder:
        for _ in range(5):
            recorder.step()
    assert (Run(path).steps, list(Run(path).missing)) == ([0, 2], [3, 4, 5])
    first, last = (record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)
    assert first == f"{line}; the step is marked as missing, and the training continues"
    assert "3 steps missing" in last
    with Recorder(
        path, Fragile(), samples=pictures(), every=only_even, on_error="raise", force=True
    ) as recorder:
        recorder.step()
        recorder.step()
        with pytest.raises(ReelnetError) as error:
            recorder.step()
    assert str(error.value) == line


def test_a_metric_that_is_not_a_number_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Recorder(tmp_path / "run", Fragile(), samples=pictures()) as recorder:
        for step in range(3):
            recorder.step(loss=step, test_loss=None)
    run = Run(tmp_path / "run")
    assert (run.steps, list(run.metrics)) == ([0, 1, 2, 3], ["loss"])
    assert [message for message in caplog.messages if "metric" in message] == [
        f"{tmp_path / 'run'}: step 1: skipped metric 'test_loss': None is not a single number"
    ]


def test_errors_before_the_first_step_are_always_raised(tmp_path: Path) -> None:
    model = Fragile()
    model.mood = "broken"
    with pytest.raises(ReelnetError, match="no more"), Recorder(tmp_path / "run", model, samples=pictures()):
        pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="on_error='ignore': give 'warn' or 'raise'"):
        Recorder(tmp_path / "run", model, samples=pictures(), on_error="ignore")  # type: ignore[arg-type]


def test_ctrl_c_is_not_an_error_of_the_recording(tmp_path: Path) -> None:
    model = Fragile()
    with Recorder(tmp_path / "run", model, samples=pictures()) as recorder:
        recorder.step()
        model.mood = "interrupted"
        with pytest.raises(KeyboardInterrupt):
            recorder.step()
    assert Run(tmp_path / "run").steps == [0, 1]
    assert not Run(tmp_path / "run").missing


def test_a_folder_that_vanishes_does_not_end_the_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Fragile()
    with Recorder(tmp_path / "run", model, samples=pictures()) as recorder:
        recorder.step()
        recorder.flush()
        (tmp_path / "run" / "steps").rename(tmp_path / "away")
        recorder.step()
        recorder.flush()
        (tmp_path / "away").rename(tmp_path / "run" / "steps")
        recorder.step()
    assert Run(tmp_path / "run").steps == [0, 1, 3]
    assert "cannot write step 2" in Run(tmp_path / "run").missing[2]
    assert "cannot write step 2" in caplog.text


def test_an_error_of_the_loop_is_not_hidden(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run", Fragile(), samples=pictures())
    recorder.__enter__()
    recorder.step(loss=torch.tensor(1.0))
    recorder.flush()
    # If the last step cannot be written either, the error of the loop takes precedence.
    (tmp_path / "run" / "steps").rename(tmp_path / "away")
    recorder.__exit__(KeyError, KeyError("own"), None)
    (tmp_path / "away").rename(tmp_path / "run" / "steps")
    assert Run(tmp_path / "run").steps == [0, 1]
