"""Which dimension is that of the samples: inputs (positions, samples), and as many positions as samples."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.errors import ReelnetError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.record.samples import Samples
from reelnet.record.taps.tap import Tap

LAYERS = ["embed", "encoder", "norm", "lstm"]


class Sentences(nn.Module):
    """Works on (positions, samples, channels), torch's default.

    Args:
        turn: Whether the inputs are (samples, positions), and turned inside.
    """

    def __init__(self, *, turn: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.turn = turn
        self.embed, self.encoder = nn.Embedding(20, 8), nn.TransformerEncoderLayer(8, 2, 16)
        self.norm, self.lstm, self.head = nn.LayerNorm(8), nn.LSTM(8, 8), nn.Linear(8, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.norm(self.encoder(self.embed(tokens.t() if self.turn else tokens)))
        scores: Tensor = self.head(self.lstm(x)[0][-1])
        return scores


def record(path: Path, model: nn.Module, samples: Any, taps: Any, **options: Any) -> reelnet.Run:
    with Recorder(path, model, samples=samples, taps=taps, **options) as recorder:
        recorder.step()
    return reelnet.open(path)


def call(model: nn.Module, names: list[str], *args: Tensor) -> Mapping[str, Tensor]:
    """What the layers return in eval mode."""
    found: dict[str, Tensor] = {}
    for name in names:
        model.get_submodule(name).register_forward_hook(
            lambda _, args, output, name=name: found.update(
                {name: output[0] if isinstance(output, tuple) else output}
            )
        )
    model.eval()(*args)
    return {name: value.detach() for name, value in found.items()}


@pytest.mark.parametrize("positions", [12, 4, 3])
@pytest.mark.parametrize("turn", [True, False])
def test_each_sample_stays_itself(
    positions: int, turn: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Sentences(turn=turn)
    tokens = torch.randint(0, 20, (4, positions) if turn else (positions, 4))
    run = record(tmp_path / "run", model, tokens, [*LAYERS, "head"], samples_dim=None if turn else 1)
    assert len(run.samples) == 4
    np.testing.assert_array_equal(run.inputs, tokens if turn else tokens.t())
    truth = call(model, [*LAYERS, "head"], tokens)
    for name in LAYERS:
        expected = truth[name].permute(1, 2, 0)[:, :, None]
        np.testing.assert_allclose(run.read(name)[0], expected, atol=1e-5)
        assert "fits, too" not in run.taps[name].note
    np.testing.assert_allclose(run.read("head")[0], truth["head"][:, :, None, None], atol=1e-5)
    assert caplog.messages == []


@pytest.mark.parametrize("tap", ["encoder", Tap("encoder", dims="LNC"), "lstm", "head"])
def test_positions_are_not_taken_for_samples(tap: Any, tmp_path: Path) -> None:
    tokens = torch.randint(0, 20, (12, 4))
    with pytest.raises(ReelnetError, match=r"has 4 samples, not the 12 samples .* samples_dim=1"):
        record(tmp_path / "run", Sentences(), tokens, tap)
    run = record(tmp_path / "run", Sentences(), tokens, tap, samples_dim=1)
    assert [info.shape[0] for info in run.taps.values()] == [4]


class Averages(nn.Module):
    """Has no module that says in which dimension the samples are."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(20, 8), nn.Linear(8, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        scores: Tensor = self.head(self.embed(tokens).mean(0))
        return scores


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Sentences(), r"'encoder.self_attn' with batch_first=False returns \(12, 4, 8\), which is 4 samples"),
        (Averages(), r"the model returns \(4, 3\), which is 4 samples"),
    ],
)
def test_layers_that_fit_by_chance_are_doubted(
    model: nn.Module, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = torch.randint(0, 20, (12, 4))
    record(tmp_path / "run", model, tokens, "embed")
    (warning,) = (entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING)
    assert re.search(message, warning)
    assert "give samples_dim=1" in warning
    caplog.clear()
    record(tmp_path / "said", model, tokens, "embed", samples_dim=0)
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("model", "tap", "message"),
    [
        (
            Sentences(),
            "lstm",
            r"with fewer samples, 'encoder.self_attn' .* \(11, 12, 8\), which is 12 samples",
        ),
        (
            Sentences(),
            "embed",
            r"with fewer samples, 'encoder.self_attn' .* \(11, 12, 8\), which is 12 samples",
        ),
        (Averages(), "head", r"with fewer samples, the model returns \(12, 3\), which is 12 samples"),
    ],
)
def test_square_inputs_with_positions_first_are_doubted(
    model: nn.Module, tap: str, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = torch.randint(0, 20, (12, 12))
    run = record(tmp_path / "run", model, tokens, tap)
    assert re.search(message, caplog.messages[0])
    assert ("fits, too" in run.taps[tap].note) == (tap == "embed")
    caplog.clear()
    record(tmp_path / "said", model, tokens, tap, samples_dim=1)
    assert caplog.messages == []


class Fixed(nn.Module):
    """Takes 4 samples only, so another number of them cannot show which dimension they are in."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.then = nn.Identity()

    def forward(self, tokens: Tensor) -> Tensor:
        if tokens.shape != (4, 4):
            raise ValueError("other samples")
        embedded: Tensor = self.then(self.embed(tokens))
        return embedded


def test_what_stays_in_doubt_is_noted_and_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = torch.randint(0, 20, (4, 4))
    for name, dim, dims, other in (("a", None, "NLC", "LNC"), ("b", 1, "LNC", "NLC")):
        run = record(tmp_path / name, Fixed(), tokens, ["embed", "then"], samples_dim=dim)
        assert all(f"read as {dims}, but {other} fits, too" in tap.note for tap in run.taps.values())
        (warning,) = caplog.messages
        assert f"fit two layouts; the first is 'embed', read as {dims} and not as {other}" in warning
        caplog.clear()
    run = record(tmp_path / "c", Fixed(), tokens, Tap("embed", dims="LNC"))
    assert caplog.messages == []
    assert "fits" not in run.taps["embed"].note


def test_as_many_channels_as_rows_and_columns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
    run = record(tmp_path / "run", model, torch.rand(2, 1, 8, 8), ["0", "1"])
    assert [tap.note for tap in run.taps.values()] == ["", "read as NCHW, but NHWC fits, too"]
    (warning,) = caplog.messages
    assert "1 output fit two layouts; the first is '1', read as NCHW and not as NHWC" in warning


class Counts(nn.Module):
    """Draws random numbers and keeps what it has seen, in the pass with another number of samples, too."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.calls, self.last = nn.Embedding(20, 4), 0, torch.zeros(())

    def forward(self, tokens: Tensor) -> Tensor:
        self.calls += 1
        self.last = tokens
        embedded: Tensor = self.embed(tokens)
        return embedded + torch.rand(())


def test_settling_leaves_no_trace(tmp_path: Path) -> None:
    model, tokens = Counts(), torch.randint(0, 20, (4, 4))
    last = model.last
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with Recorder(tmp_path / "run", model, samples=tokens, taps="embed"):
        assert torch.equal(torch.get_rng_state(), before)
    assert model.calls == 0
    assert model.last is last


class Placed(nn.Module):
    """Has a table with exactly as many positions as the inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(20, 8), nn.Embedding(4, 8)

    def forward(self, tokens: Tensor) -> Tensor:
        assert tokens.shape[0] <= 4 >= tokens.shape[1]  # beyond the table, a GPU would fail for good
        placed: Tensor = self.embed(tokens) + self.place(torch.arange(tokens.shape[0]))[:, None]
        return placed


@pytest.mark.parametrize("dim", [None, 1])
def test_settling_never_makes_inputs_longer(dim: int | None, tmp_path: Path) -> None:
    run = record(tmp_path / "run", Placed(), torch.randint(0, 20, (4, 4)), "embed", samples_dim=dim)
    assert run.taps["embed"].note == "channels down, positions across"


@pytest.mark.parametrize("count", [1, 2])
def test_few_samples(count: int, tmp_path: Path) -> None:
    model, tokens = Sentences(), torch.randint(0, 20, (count, count))
    run = record(tmp_path / "run", model, tokens, LAYERS, samples_dim=1)
    truth = call(model, LAYERS, tokens)
    for name in LAYERS:
        np.testing.assert_allclose(run.read(name)[0], truth[name].permute(1, 2, 0)[:, :, None], atol=1e-5)


def test_masks_beside_inputs_with_positions_first() -> None:
    words, mask = torch.zeros(5, 3, 2), torch.zeros(3, 5, dtype=torch.bool)
    samples = Samples.from_inputs({"src": words, "src_key_padding_mask": mask}, samples_dim=1)
    assert samples.count == 3
    assert {name: tuple(value.shape) for name, value in samples.tensors.items()} == {
        "fed": (3, 5, 2),
        "fed.src_key_padding_mask": (3, 5),
    }
    _, kwargs = samples.copy_to(torch.device("cpu"), None)
    assert kwargs["src"].shape == (5, 3, 2)


@pytest.mark.parametrize("dim", [2, -1])
def test_invalid_samples_dim(dim: int) -> None:
    with pytest.raises(UsageError, match=rf"samples_dim={dim}: the inputs have shape \(5, 3\); give 0 to 1"):
        Samples.from_inputs(torch.zeros(5, 3), samples_dim=dim)
