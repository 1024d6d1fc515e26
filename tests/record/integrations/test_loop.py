"""The recorder that all callbacks share."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reelnet
from reelnet.record.integrations.loop import LoopRecorder


@pytest.mark.parametrize("start", [0, 2])
def test_a_framework_that_resumes_from_a_checkpoint_gives_its_step(start: int, tmp_path: Path) -> None:
    model: Any = nn.Sequential(nn.Conv2d(1, 1, 1))
    options = {"samples": torch.ones(2, 1, 4, 4), "resume": True, "on_error": "raise"}

    def train(steps: range, values: float) -> None:
        loop = LoopRecorder(tmp_path / "run", options)
        loop.open(model, steps[0] - 1)
        for step in steps:
            with torch.no_grad():
                model[0].weight.fill_(values + step)
                model[0].bias.zero_()
            loop.record_step(step, {"loss": step})
        loop.close()

    train(range(1, 5), 10)
    train(range(start + 1, 4), 20)
    run = reelnet.open(tmp_path / "run")
    assert run.steps == [0, 1, 2, 3]
    expected = [10 + step if step <= start else 20 + step for step in (1, 2, 3)]
    np.testing.assert_array_equal(run.read("0")[1:, 0, 0, 0, 0], expected)
