"""Models whose layers return all kinds of outputs: tokens, volumes, containers, all dtypes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models import SwinTransformer, VisionTransformer

from reelnet.record.taps.tap import Tap, TapSpec
from tests.record.cases import Case, Outputs, on_noise, pictures, total


def tokens() -> Case:
    def build() -> Any:
        return VisionTransformer(
            image_size=8, patch_size=2, num_layers=2, num_heads=2, hidden_dim=6, mlp_dim=8, num_classes=3
        )

    name = "encoder.layers.encoder_layer_0"

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        whole = outputs[name][0]
        attention = model.get_submodule(f"{name}.self_attention")
        inputs = outputs[f"{name}.ln_1"][0]
        weights = attention(inputs, inputs, inputs, average_attn_weights=False)[1]
        return {
            f"{name}.class": whole[:, :1, None],
            name: torch.stack([whole[:, 1 + at] for at in range(16)], -1).reshape(3, 6, 4, 4),
            f"{name}.self_attention.attention": weights,
            "encoder.ln.class": outputs["encoder.ln"][0][:, :1, None],
            "encoder.ln": outputs["encoder.ln"][0][:, 1:].transpose(1, 2).reshape(3, 6, 4, 4),
        }

    taps: list[TapSpec] = [name, "encoder.ln", Tap.attention(f"{name}.self_attention")]
    return Case(build, pictures(3, 3), taps, expected, on_noise(2, 3, 8, 8))


def channels_last() -> Case:
    def build() -> Any:
        return SwinTransformer([2, 2], 8, [1, 1], [2, 2], [2, 2], num_classes=3)

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        names = ["features.0", "features.1", "features.1.0.norm1", "features.2", "features.1.0.mlp.0"]
        return {name: outputs[name][0].permute(0, 3, 1, 2) for name in names}

    names = ["features.0", "features.1", "features.1.0.norm1", "features.2", "features.1.0.mlp.0"]
    return Case(build, pictures(3, 3, 16), names, expected, on_noise(2, 3, 16, 16))


class Heads(nn.Module):
    """Hand-written attention, with a softmax module that returns its weights (samples, heads, tokens, tokens)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.softmax = nn.Softmax(-1)
        self.out = nn.Linear(8, 2)

    def forward(self, words: Tensor) -> Tensor:
        x = self.embed(words).unflatten(2, (2, 4)).transpose(1, 2)
        weights = self.softmax(x @ x.transpose(2, 3) / 2)
        scores: Tensor = self.out((weights @ x).transpose(1, 2).flatten(2).mean(1))
        return scores


def words() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {"embed": outputs["embed"][0].transpose(1, 2)[:, :, None], "softmax": outputs["softmax"][0]}

    samples = (torch.arange(10) ** 2 % 11).reshape(2, 5)
    return Case(
        Heads,
        samples,
        ["embed", "softmax"],
        expected,
        lambda model: total(model(torch.randint(0, 11, (4, 5)))),
    )


def signals() -> Case:
    def build() -> nn.Module:
        return nn.Sequential(
            nn.Conv1d(2, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(2), nn.Flatten(), nn.Linear(10, 2)
        )

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {name: outputs[name][0][:, :, None] for name in "012"} | {
            "4": outputs["4"][0][:, :, None, None]
        }

    return Case(
        build, torch.linspace(-1, 1, 60).reshape(3, 2, 10), list("0124"), expected, on_noise(4, 2, 10)
    )


def volumes() -> Case:
    def build() -> nn.Module:
        return nn.Sequential(nn.Conv3d(1, 3, 3, padding=1), nn.Tanh(), nn.Conv3d(3, 2, 3))

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {"0": outputs["0"][0][:, :, 3], "1": outputs["1"][0][:, :, 0], "2": outputs["2"][0][:, :, 2]}

    samples = torch.linspace(0, 1, 2 * 6**3).reshape(2, 1, 6, 6, 6)
    return Case(
        build, samples, ["0", Tap("1", slice=0), Tap("2", slice=2)], expected, on_noise(2, 1, 6, 6, 6)
    )


@dataclass
class Answer:
    scores: Tensor
    maps: Tensor


class Pair(NamedTuple):
    low: Tensor
    high: Tensor


class Split(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.conv, self.kind = nn.Conv2d(1, 4, 3), kind

    def forward(self, x: Tensor) -> Any:
        low, high = self.conv(x).chunk(2, 1)
        match self.kind:
            case "dict":
                return {"low": low, "other": {"high": high}}
            case "dataclass":
                return Answer(low.mean((2, 3)), high)
            case "named":
                return Pair(low, high)
        return [low, (high, low + high)]


class Containers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = (Split(kind) for kind in ("dict", "dataclass", "named", "list"))

    def forward(self, x: Tensor) -> list[Tensor]:
        a, b, c, d = self.a(x), self.b(x), self.c(x), self.d(x)
        return [a["low"], a["other"]["high"], b.maps, b.scores, c.high, d[1][1]]


def containers() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        a, b, c, d = (outputs[name][0] for name in "abcd")
        return {
            "a": a["low"],
            "a high": a["other"]["high"],
            "b": b.maps,
            "c": c.high,
            "d": d[0],
            "d both": d[1][1],
        }

    taps: list[TapSpec] = [
        "a",
        Tap("a", key="other.high", name="a high"),
        Tap("b", key="maps"),
        Tap("c", key="high"),
        "d",
        Tap("d", key="1.1", name="d both"),
    ]
    return Case(Containers, pictures(), taps, expected, on_noise(4, 1, 8, 8))


class Shared(nn.Module):
    """Uses one module at two paths, and one activation in three places."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 3, 3, padding=1)
        self.inner = nn.Conv2d(3, 3, 3, padding=1)
        self.again = self.inner
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(x))
        x = self.act(self.inner(x))
        act: Tensor = self.act(self.again(x))
        return act


def several_calls() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        act, inner = outputs["act"], outputs["inner"]
        return {"act": act[0], "act#2": act[1], "act#3": act[2], "second": inner[1], "again": inner[0]}

    taps: list[TapSpec] = ["act", Tap("inner#2", name="second"), "again#1"]
    return Case(Shared, pictures(), taps, expected, on_noise(4, 1, 8, 8))


class Kinds(nn.Module):
    """Has layers that return all dtypes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        kinds = ("as_half", "as_brain", "as_double", "as_whole", "as_short", "as_truth", "as_unsigned")
        self.named = nn.ModuleDict({name: nn.Identity() for name in kinds})

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        self.named["as_half"](x.half())
        self.named["as_brain"](x.bfloat16())
        self.named["as_double"](x.double())
        self.named["as_whole"]((100 * x).long())
        self.named["as_short"]((100 * x).to(torch.int16))
        self.named["as_truth"](x > 0)
        self.named["as_unsigned"]((100 * x.abs()).to(torch.uint16))
        return x


def kinds() -> Case:
    names = [
        f"named.as_{kind}" for kind in ("half", "brain", "double", "whole", "short", "truth", "unsigned")
    ]

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {name: outputs[name][0].float() if "brain" in name else outputs[name][0] for name in names}

    return Case(Kinds, pictures(), names, expected, on_noise(4, 1, 8, 8))
