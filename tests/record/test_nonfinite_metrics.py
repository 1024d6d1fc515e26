"""A metric that is NaN or infinite is recorded as it is, and the log says so."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import pytest

from reelnet.record.recorder import Recorder
from tests.record.layers import SAMPLES, network


def test_the_log_tells_of_the_first_value_and_of_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    run, metrics = tmp_path / "run", {"loss": math.nan}
    with Recorder(run, network(), samples=SAMPLES, every=2, metrics={"lr": math.inf}) as recorder:
        for step in range(1, 11):
            recorder.step(**({"loss": 1.0} if step < 4 else metrics), lr=0.1)
    assert [record.getMessage() for record in caplog.records] == [
        f"{run}: step 0: metric 'lr' is inf",
        f"{run}: step 4: metric 'loss' is nan",
        f"{run}: lr: 1 value is infinite, at step 0",
        f"{run}: loss: 4 values are NaN, from step 4 on",
    ]
