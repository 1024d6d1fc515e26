"""Models that do what models do: normalise, drop, remember, branch, share, and run in wrappers and other types."""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import StochasticDepth

from reelnet.record.taps.tap import Tap, TapSpec
from tests.record.cases import Case, Outputs, on_noise, pictures, require_module, total
from tests.record.outputs import Split


class Mixed(nn.Module):
    """What training and evaluation do differently, and an activation that rewrites a convolution's output."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.depth = StochasticDepth(0.5, "row")
        self.head = nn.Linear(4, 7)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.norm(self.relu(self.conv1(x))))
        x = x + self.depth(self.conv2(x).relu_())
        scores: Tensor = self.head(x.mean((2, 3)))
        return scores


def mixed() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        maps = {name: outputs[name][0] for name in ("conv1", "relu", "norm", "drop", "conv2", "depth")}
        return {**maps, "head": outputs["head"][0][:, :, None, None]}

    return Case(Mixed, pictures(), ["*"], expected, on_noise(6, 1, 8, 8))


class Normalised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 3, 3))
        self.old = nn.utils.weight_norm(nn.Conv2d(3, 2, 3))
        self.spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(2, 4))

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.spectral(self.old(self.conv(x)).mean((2, 3)))
        return scores


def weight_norm() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {
            "conv": outputs["conv"][0],
            "old": outputs["old"][0],
            "spectral": outputs["spectral"][0][:, :, None, None],
            "conv.weight": model.get_submodule("conv").weight,  # type: ignore[dict-item]
            "old.weight": model.get_submodule("old").weight,  # type: ignore[dict-item]
            "spectral.weight": model.get_submodule("spectral").weight[None, None],  # type: ignore[index]
        }

    taps: list[TapSpec] = [
        "conv",
        "old",
        "spectral",
        Tap.weight("conv"),
        Tap.weight("old"),
        Tap.weight("spectral"),
    ]
    return Case(Normalised, pictures(), taps, expected, on_noise(4, 1, 8, 8))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 5, batch_first=True)
        self.gru = nn.GRU(5, 4)
        self.cell = nn.GRUCell(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        found, _ = self.lstm(x.squeeze(1))
        found, _ = self.gru(found.transpose(0, 1))
        state: Tensor | None = None
        for part in found[:3]:
            state = self.cell(part, state)
        if state is None:
            raise AssertionError("no part")
        return state


def recurrent() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {
            "lstm": outputs["lstm"][0][0].transpose(1, 2)[:, :, None],
            "state": outputs["lstm"][0][1][0].permute(1, 2, 0)[:, :, None],
            "gru": outputs["gru"][0][0].permute(1, 2, 0)[:, :, None],
            **{
                "cell" + end: outputs["cell"][at][:, :, None, None] for at, end in enumerate(("", "#2", "#3"))
            },
        }

    taps: list[TapSpec] = [
        "lstm",
        Tap("lstm", key="1.0", dims="LNC", name="state"),
        "cell",
        "gru",
    ]
    return Case(Recurrent, pictures(), taps, expected, on_noise(4, 1, 8, 8))


def transformer() -> Case:
    """Has a fast path in eval mode that bypasses its layers."""

    def build() -> nn.Module:
        layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        return nn.Sequential(nn.Linear(8, 4), nn.TransformerEncoder(layer, 2), nn.Flatten())

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        names = ["1", "1.layers.0", "1.layers.1.linear1"]
        lines = {name: outputs[name][0].transpose(1, 2)[:, :, None] for name in names}
        return {**lines, "2": outputs["2"][0][:, :, None, None]}

    names = ["1", "1.layers.0", "1.layers.1.linear1", "2"]
    return Case(build, pictures(4)[:, 0, :5], names, expected, on_noise(4, 5, 8))


class Stateful(nn.Module):
    """Keeps state between calls, counts its calls, and draws random numbers from its own generator."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.calls = 0
        self.before: Tensor | None = None
        self.seen: list[float] = []
        self.sums = {"all": 0.0}
        self.own = torch.Generator().manual_seed(4)

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        found: Tensor = self.conv(x)
        # Control flow by what happened before, and by the values.
        if self.before is not None and len(self.before) == len(x):
            found = found + 0.1 * self.before
        if self.training:
            found = found * (1 + self.calls + len(self.seen) + self.sums["all"])
            found = found + torch.rand((), generator=self.own) + random.random()
        self.seen.append(0.5)
        self.sums["all"] += 1.0
        self.before = found.detach()
        torch.rand((), generator=self.own)
        return found if found.mean() > 0 else 2 * found


def control_flow() -> Case:
    return Case(
        Stateful,
        pictures(4),
        ["conv"],
        lambda outputs, model: {"conv": outputs["conv"][0]},
        on_noise(4, 1, 8, 8),
    )


class Several(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 2, 3), nn.Linear(4, 2)

    def forward(self, picture: Tensor, facts: Tensor | None = None, *, scale: float = 1.0) -> Tensor:
        found: Tensor = self.left(picture) * scale
        return found if facts is None else found + self.right(facts)[:, :, None, None]


def tuple_samples() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {"left": outputs["left"][0], "right": outputs["right"][0][:, :, None, None]}

    samples = (pictures(), torch.linspace(0, 1, 12).reshape(3, 4))
    return Case(
        Several,
        samples,
        ["left", "right"],
        expected,
        lambda model: total(model(torch.randn(5, 1, 8, 8), torch.randn(5, 4))),
    )


def dict_samples() -> Case:
    case = tuple_samples()
    samples = {"facts": case.samples[1], "scale": 2.0, "picture": case.samples[0]}
    return Case(case.build, samples, case.taps, case.expected, case.loss, shown=torch.zeros(3, 8, 8))


def in_half() -> Case:
    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 3)).half()

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {"0": outputs["0"][0], "2": outputs["2"][0]}

    return Case(build, pictures(), None, expected, lambda model: total(model(torch.randn(4, 1, 8, 8).half())))


def under_autocast() -> Case:
    def loss(model: nn.Module) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return total(model(torch.randn(4, 1, 8, 8)))

    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {"0": outputs["0"][0], "2": outputs["2"][0]}

    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 3))

    return Case(build, pictures(), None, expected, loss)


def functional() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {"conv": outputs["conv"][0], "tanh": torch.tanh(outputs["conv"][0])}

    return Case(
        lambda: Split("list"),
        pictures(),
        ["conv", Tap("conv", then=torch.tanh, name="tanh")],
        expected,
        on_noise(4, 1, 8, 8),
    )


def in_parallel() -> Case:
    case = mixed()
    return Case(
        lambda: nn.DataParallel(Mixed()),
        case.samples,
        case.taps,
        case.expected,
        case.loss,
        inner=lambda model: require_module(model.module),
    )


def compiled() -> Case:
    case = mixed()
    return Case(
        lambda: torch.compile(Mixed(), backend="eager"),  # type: ignore[arg-type, return-value]
        case.samples,
        case.taps,
        case.expected,
        case.loss,
        inner=lambda model: require_module(model._orig_mod),
    )


class PartlyCompiled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body: Any = torch.compile(Mixed(), backend="eager")
        self.head = nn.Linear(7, 2)
        self.head.compile(backend="eager")

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(self.body(x))
        return scores


def partly_compiled() -> Case:
    def expected(outputs: Outputs, model: nn.Module) -> dict[str, Tensor]:
        return {
            "body.conv1": outputs["body._orig_mod.conv1"][0],
            "body.conv2": outputs["body._orig_mod.conv2"][0],
            "head": outputs["head"][0][:, :, None, None],
        }

    return Case(PartlyCompiled, pictures(), ["body.conv?", "head"], expected, on_noise(6, 1, 8, 8))
