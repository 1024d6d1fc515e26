"""Taps on gradients."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from reelnet.errors import ReelnetError
from reelnet.record.recorder import Recorder
from reelnet.record.taps.tap import Tap
from reelnet.reel import Run
from reelnet.runs.header import TapKind
from tests.record.cases import pictures
from tests.record.layers import unnamed
from tests.render.panels.drawing import lay_out


def test_gradients_are_those_that_the_step_used(tmp_path: Path) -> None:
    model = unnamed()
    optimizer, expected = torch.optim.SGD(model.parameters(), 0.1), []
    parameters = [model.get_parameter("0.weight"), model.get_parameter("4.bias")]
    taps: list[str | Tap] = ["0", Tap.grad("0"), Tap.grad("4.bias"), Tap.weight("0")]
    recorder = Recorder(tmp_path / "run", model, samples=pictures(), taps=taps, on_error="raise")
    assert recorder.plan().taps == len(taps)
    with recorder:
        for _ in range(2):
            optimizer.zero_grad()
            model(torch.randn(4, 1, 8, 8)).square().mean().backward()
            optimizer.step()
            recorder.step()
            expected.append([cast(Tensor, held.grad).clone().numpy() for held in parameters])
        optimizer.zero_grad()
        with pytest.raises(
            ReelnetError, match=r"step 3: parameter '0\.weight': has no gradient; .* before zero_grad"
        ):
            recorder.step()
    run = Run(tmp_path / "run")
    assert list(run.taps) == ["0", "0.weight", "0.weight.grad", "4.bias.grad"]
    assert run.taps["0.weight.grad"].kind is TapKind.GRADIENT
    assert np.isnan(run.read("0.weight.grad", 0)).all()
    for step, (weight, bias) in enumerate(expected, 1):
        np.testing.assert_array_equal(run.read("0.weight.grad", step)[0], weight)
        np.testing.assert_array_equal(run.read("4.bias.grad", step)[0].ravel(), bias)
    panels = {"weights": {"tap": "0.weight.grad"}, "channels": {}}
    shown = lay_out(run, panels, layer="0")
    first, last = shown.panel("weights", 0), shown.panel("weights", 2)
    assert ((first == 150).all(axis=2) & ~(last == 150).all(axis=2)).sum() >= 4 * 9
