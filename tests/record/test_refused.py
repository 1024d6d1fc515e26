"""What a recorder refuses before it records anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.record.taps.tap import Tap
from reelnet.reel import Run


@pytest.mark.parametrize("path", ["conv#0", "conv#x", "conv#-1", "conv#"])
def test_a_call_has_a_number(path: str) -> None:
    with pytest.raises(UsageError, match="behind # goes the number of a call"):
        Tap(path)


@pytest.mark.parametrize("channels", [0, -1, [], [1, 1], slice(0, 2)])
def test_channels_are_some(tmp_path: Path, channels: Any) -> None:
    with pytest.raises(UsageError, match=r"^channels="):
        Recorder(
            tmp_path / "run",
            nn.Sequential(nn.Conv2d(1, 2, 3)),
            samples=torch.ones(1, 1, 4, 4),
            channels=channels,
        )


def test_a_recorder_records_once(tmp_path: Path) -> None:
    recorder = Recorder(
        tmp_path / "run", nn.Sequential(nn.Conv2d(1, 2, 3)), samples=torch.ones(1, 1, 4, 4), force=True
    )
    with recorder:
        recorder.step()
    with pytest.raises(ReelnetError, match="make another one"):
        recorder.__enter__()
    assert Run(tmp_path / "run").steps == [0, 1]
