"""Training with a recorder gives bit for bit the same result as without."""

from __future__ import annotations

import copy
import random
import types
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reelnet.errors import ReelnetError
from reelnet.record.probe import probe as probe_module
from reelnet.record.probe.state import preserve_rng_states
from reelnet.record.recorder import Recorder
from reelnet.record.taps.tap import Tap


class Mixed(nn.Module):
    """Has what a recorder could disturb: moving and frozen statistics, both kinds of dropout, an in-place ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.relu1 = nn.ReLU(inplace=True)
        self.norm1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.norm2 = nn.BatchNorm2d(6)
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(6 * 6 * 6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.relu1(self.conv1(x)))
        x = torch.relu_(self.norm2(self.conv2(x)))
        x = nn.functional.dropout(x, 0.2, training=True)
        return cast(Tensor, self.out(self.drop(x.flatten(1))))


class Caching(nn.Module):
    """Caches a tensor in its first forward pass and uses it in all later ones, also for gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(8, 8))
        self.grid: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.grid is None:
            self.grid = torch.linspace(0, 1, 8).outer(torch.linspace(0, 1, 8))
        return cast(Tensor, (self.conv1(x) * (self.grid * self.scale)).mean((2, 3)))


class Reassigning(Mixed):
    """Replaces one buffer in each forward pass, also in eval mode, and counts in another one in place."""

    mean: Tensor
    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        self.mean = self.mean * 0.9 + x.mean() * 0.1
        self.calls.add_(1)
        random.random()
        np.random.rand()
        return super().forward(x)


def store_mean(module: Any, args: Any, output: Tensor) -> None:
    module.means.append(output.mean().detach())


class Settling(nn.Module):
    """Creates layers and a hook in its first pass, as some libraries do, and notes that in an attribute."""

    def __init__(self) -> None:
        super().__init__()
        conv: Any = nn.Conv2d(1, 2, 3)
        conv.means = []
        self.conv1 = conv
        self.settled = False

    def forward(self, x: Tensor) -> Tensor:
        if not self.settled:
            self.conv1.register_forward_hook(store_mean)
            self.head = nn.Conv2d(2, 2, 1)
            self.scale = nn.Parameter(torch.rand(1))
            self.settled = True
        conv: Any = self.conv1
        before = len(conv.means)
        found = self.head(conv(x)).mean((2, 3)) * self.scale
        return cast(Tensor, found * (len(conv.means) - before))


class Stepper(Protocol):
    def step(self, **metrics: Any) -> None: ...


class Silent:
    def step(self, **metrics: Any) -> None:
        pass


def build(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    model = kind().train()
    if isinstance(model, Mixed):
        model.norm1.eval()  # a frozen one among those that learn
    return model


def train(model: nn.Module, recorder: Stepper, optimizer: torch.optim.Optimizer, fail_at: int = 0) -> None:
    for step in range(1, 6):
        pictures, classes = torch.randn(8, 1, 8, 8), torch.randint(0, 2, (8,))
        pictures += random.random() + float(np.random.rand())
        loss = nn.functional.cross_entropy(model(pictures), classes)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        recorder.step(loss=loss)
        if step == fail_at:
            raise KeyError("an error of the loop")


def hooks(model: nn.Module) -> dict[str, Any]:
    return {
        f"{path}.{name}": [getattr(each, "__name__", str(each)) for each in held.values()]
        for path, module in model.named_modules()
        for name, held in vars(module).items()
        if "hooks" in name and isinstance(held, dict)
    }


def state(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Everything that the rest of a training depends on, as comparable values."""
    adam = [
        {name: value.numpy().tobytes() for name, value in held.items()} for held in optimizer.state.values()
    ]
    kind, keys, *rest = np.random.get_state()
    return {
        "tensors": {name: value.detach().numpy().tobytes() for name, value in model.state_dict().items()},
        "gradients": [p.grad.numpy().tobytes() for p in model.parameters() if p.grad is not None],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "adam": adam,
        "groups": [group["lr"] for group in optimizer.param_groups],
        "torch": torch.get_rng_state().numpy().tobytes(),
        "numpy": (kind, np.asarray(keys).tobytes(), *map(float, rest)),
        "python": random.getstate(),
        "flags": {path: module.training for path, module in model.named_modules()},
        "hooks": hooks(model),
        "grad": torch.is_grad_enabled(),
    }


def outcome(
    kind: type[nn.Module], path: Path | None, fail_at: int = 0, taps: list[str | Tap] | None = None
) -> dict[str, Any]:
    model = build(kind)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    samples = torch.linspace(-1, 1, 2 * 64).reshape(2, 1, 8, 8)
    around: Any = nullcontext(Silent()) if path is None else Recorder(path, model, samples=samples, taps=taps)
    with (
        pytest.raises(KeyError, match="an error of the loop") if fail_at else nullcontext(),
        around as recorder,
    ):
        train(model, recorder, optimizer, fail_at)
    return state(model, optimizer)


@pytest.mark.parametrize("fail_at", [0, 3])
@pytest.mark.parametrize(
    ("kind", "taps"),
    [
        (Mixed, None),
        (Caching, None),
        (Reassigning, None),
        (Settling, None),
        (Mixed, ["conv2", "out", "*.weight", "*.bias"]),
        (Caching, ["conv1", "scale"]),
        (Mixed, ["conv1", Tap.grad("conv1"), Tap.grad("out.bias")]),
    ],
)
def test_training_is_bit_identical(
    kind: type[nn.Module], taps: list[str | Tap] | None, fail_at: int, tmp_path: Path
) -> None:
    alone = outcome(kind, None, fail_at)
    recorded = outcome(kind, tmp_path / "run", fail_at, taps)
    for name, value in alone.items():
        assert recorded[name] == value, name
    assert alone["adam"]


def test_the_identity_tests_see_a_disturbed_model() -> None:
    alone = outcome(Mixed, None)
    model = build(Mixed)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    model(torch.zeros(2, 1, 8, 8))  # one careless forward pass
    train(model, Silent(), optimizer)
    disturbed = state(model, optimizer)
    assert {name for name in alone if alone[name] != disturbed[name]} >= {"tensors", "torch", "adam"}


class Breakable(Mixed):
    broken = False

    def forward(self, x: Tensor) -> Tensor:
        out = super().forward(x)
        if self.broken:
            raise ArithmeticError("no more")
        return out


def test_a_failing_probe_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    model = build(Breakable)
    optimizer = torch.optim.Adam(model.parameters())
    with Recorder(tmp_path / "run", model, samples=torch.zeros(2, 1, 8, 8), on_error="raise") as recorder:
        train(model, recorder, optimizer)
        before = copy.deepcopy(state(model, optimizer))
        Breakable.broken = True
        try:
            with pytest.raises(ReelnetError, match=r"'conv2'.*no more"):
                recorder.step()
        finally:
            Breakable.broken = False
        assert state(model, optimizer) == before
        recorder.step()  # and the recorder goes on
    assert state(model, optimizer) == before


HOOK_COUNTS: list[int] = []


class Watching(Mixed):
    """Counts its hooks in each forward pass; in a global variable, which reelnet cannot restore."""

    def forward(self, x: Tensor) -> Tensor:
        HOOK_COUNTS.append(
            sum(len(held) for name, held in hooks(self).items() if name.endswith("_forward_hooks"))
        )
        return super().forward(x)


def test_hooks_exist_only_while_the_probe_runs(tmp_path: Path) -> None:
    model: Any = build(Watching)
    alone = hooks(model)
    HOOK_COUNTS.clear()
    with Recorder(tmp_path / "run", model, samples=torch.zeros(2, 1, 8, 8)) as recorder:
        assert hooks(model) == alone
        recorder.step()
        assert hooks(model) == alone
    assert hooks(model) == alone
    # One on each of the two convolutions; in the first pass, one on the linear layer tells the order of channels.
    assert HOOK_COUNTS == [3, 2]


@pytest.mark.parametrize(
    ("places", "saved"),
    [
        (["cpu"], ([], "cuda")),
        (["cpu", "meta"], ([], "cuda")),
        (["cpu", "cuda:1"], ([1], "cuda")),
        (["cuda:0", "cuda:1", "cpu"], ([0, 1], "cuda")),
        (["mps"], ([0], "mps")),
    ],
)
def test_the_generators_of_all_devices_are_saved(
    places: list[str], saved: tuple[list[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fork_rng(indices: list[int], device_type: str) -> nullcontext[None]:
        calls.append((sorted(indices), device_type))
        return nullcontext()

    monkeypatch.setattr(torch.random, "fork_rng", fork_rng)
    tensors: Any = [types.SimpleNamespace(device=torch.device(each)) for each in places]
    with preserve_rng_states(tensors):
        pass
    assert calls == [saved]


def test_the_devices_of_samples_count_in_a_model_without_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Tensor] = []

    def preserve(tensors: Iterable[Tensor]) -> nullcontext[None]:
        given.extend(tensors)
        return nullcontext()

    monkeypatch.setattr(probe_module, "preserve_rng_states", preserve)
    samples = torch.rand(2, 1, 4, 4)
    Recorder(tmp_path / "run", nn.Sequential(nn.Tanh()), samples=samples, taps=["0"]).plan()
    assert [each.shape for each in given] == [samples.shape]
