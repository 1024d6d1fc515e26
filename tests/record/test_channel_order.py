"""Sequences: which dimension is that of the channels follows from the layers around, not from the shape."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.record.recorder import Recorder


class Transpose(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2)


SIGNALS = torch.linspace(-1, 1, 3 * 5 * 6).reshape(3, 5, 6).sin()
TOKENS = torch.arange(15).reshape(3, 5)
FIRST, LAST = (0, 1, 2), (0, 2, 1)
"""The dimensions of outputs (samples, channels, positions) and (samples, positions, channels)."""


@pytest.mark.parametrize(
    ("model", "samples", "path", "order"),
    [
        (nn.Sequential(nn.Linear(6, 4), nn.GELU()), SIGNALS, "1", LAST),
        (nn.Sequential(nn.Sequential(nn.Linear(6, 4), nn.ReLU())), SIGNALS, "0", LAST),
        (nn.Sequential(nn.Dropout(), nn.LSTM(6, 4, batch_first=True)), SIGNALS, "0", LAST),
        (nn.Sequential(nn.Identity(), nn.Conv1d(5, 4, 3)), SIGNALS, "0", FIRST),
        (nn.Sequential(nn.Conv1d(5, 4, 3), nn.ReLU()), SIGNALS, "1", FIRST),
        (nn.Sequential(nn.Conv1d(5, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2)), SIGNALS, "1", FIRST),
        (nn.Sequential(nn.Embedding(15, 8), Transpose(), nn.Conv1d(8, 4, 3), nn.ReLU()), TOKENS, "3", FIRST),
        (nn.Sequential(nn.Embedding(15, 8), Transpose(), nn.Conv1d(8, 4, 3)), TOKENS, "1", FIRST),
        (nn.Sequential(nn.Conv1d(5, 4, 3), Transpose(), nn.Tanh()), SIGNALS[:, :, :5], "2", LAST),
    ],
)
def test_channels(
    model: nn.Module, samples: Tensor, path: str, order: tuple[int, ...], tmp_path: Path
) -> None:
    truth: list[Tensor] = []
    handle = model.get_submodule(path).register_forward_hook(lambda *call: truth.append(call[2]))
    model.eval()(samples)
    handle.remove()
    with Recorder(tmp_path / "run", model, samples=samples, shown=torch.rand(3, 4, 4), taps=[path]):
        pass
    run = reelnet.open(tmp_path / "run")
    np.testing.assert_array_equal(run.read(path)[0][:, :, 0], truth[0].detach().permute(order).numpy())
    assert "fits, too" not in run.taps[path].note


def test_no_layer_tells(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.WARNING, "reelnet"),
        Recorder(tmp_path / "run", nn.Sequential(nn.Tanh()), samples=SIGNALS, taps=["0"]),
    ):
        pass
    note = reelnet.open(tmp_path / "run").taps["0"].note
    assert note.endswith("read as NCL, but NLC fits, too")
    assert "'0', read as NCL and not as NLC" in caplog.text


class Words(nn.Module):
    """Gets (positions, samples), returns 3 classes per sample."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(20, 6), nn.Linear(6, 3)

    def forward(self, words: Tensor) -> Tensor:
        classes: Tensor = self.head(self.embed(words).mean(0))
        return classes


def test_as_many_classes_as_fewer_samples(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    words = torch.arange(16).reshape(4, 4)
    with (
        caplog.at_level(logging.WARNING, "reelnet"),
        Recorder(tmp_path / "run", Words(), samples=words, taps=["embed"]),
    ):
        pass
    assert "give samples_dim=1" in caplog.text
