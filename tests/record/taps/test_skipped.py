"""Modules that match a pattern but cannot be recorded are skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.errors import ReelnetError
from reelnet.record.recorder import Recorder
from reelnet.reel import Run


class Spare(nn.Module):
    """Has a layer that only runs in training, and one whose output cannot be recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3)
        self.table = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv1(x) + self.table(torch.zeros(7, 3)).sum()
        return found + self.conv2(x) if self.training else found


@pytest.mark.parametrize("taps", [None, "conv?", reelnet.modules(nn.Conv2d), "*", lambda path, module: True])
def test_matches_of_patterns_that_cannot_be_recorded_are_skipped(
    taps: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Recorder(tmp_path / "run", Spare(), samples=torch.rand(3, 1, 8, 8), taps=taps) as recorder:
        recorder.step()
    run = Run(tmp_path / "run")
    assert (run.steps, run.missing, list(run.taps)) == ([0, 1], {}, ["conv1"])
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "skipped 2 layers; the first is" in warning or "skipped 1 layer; the first is" in warning
    assert "conv2" in warning or "table" in warning


@pytest.mark.parametrize(
    ("taps", "message"),
    [
        (["conv?", "conv2"], "layer 'conv2': was not called"),
        (["conv2", "conv?"], "layer 'conv2': was not called"),
        (["*2"], "layer 'conv2': was not called"),
        (["table"], r"layer 'table': output of shape \(7, 4\)"),
        (["tab*"], r"layer 'table': output of shape \(7, 4\)"),
    ],
)
def test_a_layer_given_by_its_path_must_be_recordable(taps: list[str], message: str, tmp_path: Path) -> None:
    with (
        pytest.raises(ReelnetError, match=message),
        Recorder(tmp_path / "run", Spare(), samples=torch.rand(3, 1, 8, 8), taps=taps),
    ):
        pass
    assert not (tmp_path / "run").exists()
