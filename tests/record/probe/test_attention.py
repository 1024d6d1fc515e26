"""Transformers run as in training, and messages about attention weights say how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.errors import ReelnetError
from reelnet.record.recorder import Recorder
from reelnet.record.taps.tap import Tap

MASK = torch.tensor([[False] * 4 + [True] * 2, *[[False] * 6] * 3])
WORDS = torch.linspace(-1, 1, 4 * 6 * 32).sin().reshape(4, 6, 32)


class Padded(nn.Module):
    """Gets a padding mask, with which torch passes nested tensors between the layers in eval mode."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.encoder, self.fails = nn.TransformerEncoder(layer, 2), fails

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        encoded: Tensor = self.encoder(x, src_key_padding_mask=mask)
        if self.fails:
            raise ValueError("no")
        return encoded


@pytest.mark.parametrize(
    "taps",
    [
        ["encoder.layers.0"],
        ["encoder.layers.0.linear1"],
        [reelnet.modules(nn.Linear), "encoder"],
        [Tap.attention("encoder.layers.1.self_attn")],
    ],
)
def test_an_encoder_with_a_padding_mask(taps: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Padded()
    before = torch.backends.mha.get_fastpath_enabled()
    with Recorder(tmp_path / "run", model, samples=(WORDS, MASK), taps=taps) as recorder:
        recorder.step()
    assert torch.backends.mha.get_fastpath_enabled() is before is True
    # The training, in which dropout is the only difference, never takes the fast path.
    truth: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        module.register_forward_hook(lambda _, args, output, name=name: truth.update({name: output}))
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        model.eval()(WORDS, MASK)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    run = reelnet.open(tmp_path / "run")
    for name in run.taps:
        if name.endswith("attention"):
            assert run.taps[name].shape == (4, 4, 6, 6)
            assert (run.read(name)[0][0, :, :, 4:] == 0).all()
        else:
            expected = truth[name].detach().permute(0, 2, 1)[:, :, None]
            np.testing.assert_allclose(run.read(name)[1], expected, atol=1e-6)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_fast_path_is_put_back(enabled: bool, tmp_path: Path) -> None:
    torch.backends.mha.set_fastpath_enabled(enabled)
    try:
        with pytest.raises(ReelnetError, match="ValueError: no"):
            Recorder(
                tmp_path / "run", Padded(fails=True), samples=(WORDS, MASK), taps=["encoder"]
            ).__enter__()
        assert torch.backends.mha.get_fastpath_enabled() is enabled
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


class FusedAttention(nn.Module):
    """Attention as in timm: the weights go through a dropout, unless a fused kernel computes them."""

    def __init__(self, *, fused: bool) -> None:
        super().__init__()
        self.fused_attn = fused
        self.attn_drop: nn.Module | None = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        if self.fused_attn:
            return nn.functional.scaled_dot_product_attention(x, x, x)
        assert self.attn_drop
        weights: Tensor = self.attn_drop((x @ x.transpose(-2, -1)).softmax(-1))
        return weights @ x


def test_fused_attention(tmp_path: Path) -> None:
    samples = torch.rand(3, 2, 6, 4)
    attention = FusedAttention(fused=True)
    model = nn.Sequential(attention)

    def record(name: str, tap: Tap) -> reelnet.Run:
        with Recorder(tmp_path / name, model, samples=samples, shown=torch.rand(3, 4, 4), taps=[tap]):
            pass
        return reelnet.open(tmp_path / name)

    with pytest.raises(
        ReelnetError, match=r"is a FusedAttention, .* fused_attn=False, .* Tap\('….attn_drop'"
    ):
        record("a", Tap.attention("0"))
    tap = Tap("0.attn_drop", dims="NCHW")
    with pytest.raises(ReelnetError, match=r"was not called .*; a FusedAttention .* set fused_attn=False"):
        record("b", tap)
    attention.fused_attn = False
    with pytest.raises(
        ReelnetError, match=r"MultiheadAttention only; record the weights as Tap\('….attn_drop'"
    ):
        record("d", Tap.attention("0"))
    attention.attn_drop, attention.fused_attn = None, True
    with pytest.raises(ReelnetError, match="has no module that returns the weights"):
        record("e", Tap.attention("0"))
    attention.attn_drop, attention.fused_attn = nn.Dropout(0.1), False
    weights = record("c", tap).read("0.attn_drop")[0]
    assert weights.shape == (3, 2, 6, 6)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)


def test_attention_of_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    path = "encoder.layer.0.attention.self"

    def record(kind: str, tap: Tap) -> reelnet.Run:
        config = transformers.BertConfig(**sizes, vocab_size=100, attn_implementation=kind)
        run = tmp_path / f"{kind}{tap.key}"
        words = {"input_ids": torch.arange(30).reshape(3, 10)}
        with Recorder(run, transformers.BertModel(config), samples=words, taps=[tap]):
            pass
        return reelnet.open(run)

    hint = r"only eager attention returns weights: .* attn_implementation=\"eager\", .* key=\"1\""
    with pytest.raises(ReelnetError, match=rf"Tap.attention reads nn.MultiheadAttention only; {hint}"):
        record("sdpa", Tap.attention(path))
    with pytest.raises(ReelnetError, match=rf"returns None as its part '1'; {hint}"):
        record("sdpa", Tap(path, key="1"))
    weights = record("eager", Tap(path, key="1")).read(path)[0]
    assert weights.shape == (3, 4, 10, 10)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
