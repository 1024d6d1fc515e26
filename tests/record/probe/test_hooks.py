"""Hooks of users belong to the training and do not run in a probe; hooks of libraries and of the model itself do."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.nn.utils import prune

import reelnet
from reelnet.record.probe.state import GLOBAL_HOOKS
from reelnet.record.recorder import Recorder
from tests.record.probe.test_state import SAMPLES, build

STEPS = 3


def network() -> Any:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 2))


class Collector:
    """An object of the user, with hooks."""

    def __init__(self) -> None:
        self.features: list[Tensor] = []

    def collect(self, module: nn.Module, args: Any, output: Tensor) -> None:
        self.features.append(output)

    def collect_named(self, module: nn.Module, args: Any, kwargs: Any, output: Tensor) -> None:
        self.features.append(output)

    def collect_input(self, module: nn.Module, args: Any) -> None:
        self.features.append(args[0])

    def collect_named_input(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        self.features.append(args[0])

    @torch.no_grad()
    def scale(self, module: nn.Module, args: Any, output: Tensor) -> Tensor:
        self.features.append(output)
        return output * (1 + len(self.features) % 3)

    def __call__(self, module: nn.Module, args: Any, output: Tensor) -> None:
        self.features.append(output)


FEATURES = Collector()
"""One in a global variable."""


def collect_globally(module: nn.Module, args: Any, output: Tensor) -> None:
    FEATURES.features.append(output)


Register = Callable[[Any, Collector], Any]
"""Registers a hook."""

HOOKS: dict[str, Register] = {
    "forward": lambda model, own: model[1].register_forward_hook(own.collect),
    "lambda": lambda model, own: model[1].register_forward_hook(lambda *all: own.features.append(all[-1])),
    "callable": lambda model, own: model[1].register_forward_hook(own),
    "partial": lambda model, own: model[1].register_forward_hook(functools.partial(Collector.collect, own)),
    "global variable": lambda model, own: model[1].register_forward_hook(collect_globally),
    "always called": lambda model, own: model[1].register_forward_hook(own.collect, always_call=True),
    "with kwargs": lambda model, own: model[1].register_forward_hook(own.collect_named, with_kwargs=True),
    "output changed": lambda model, own: model[0].register_forward_hook(own.scale),
    "pre": lambda model, own: model[1].register_forward_pre_hook(own.collect_input),
    "pre with kwargs": lambda model, own: model[1].register_forward_pre_hook(
        own.collect_named_input, with_kwargs=True
    ),
    "global": lambda model, own: torch_module.register_module_forward_hook(own.collect),
    "global always called": lambda model, own: torch_module.register_module_forward_hook(
        own.collect, always_call=True
    ),
    "global with kwargs": lambda model, own: torch_module.register_module_forward_hook(
        own.collect_named, with_kwargs=True
    ),
    "global pre": lambda model, own: torch_module.register_module_forward_pre_hook(own.collect_input),
    "backward": lambda model, own: model[0].register_full_backward_hook(own.collect_named_input),
    "backward pre": lambda model, own: model[0].register_full_backward_pre_hook(own.collect_input),
    "global backward": lambda model, own: torch_module.register_module_full_backward_hook(
        own.collect_named_input
    ),
}


class Failing(nn.Flatten):
    """Fails in a probe."""

    def forward(self, x: Tensor) -> Tensor:
        if reelnet.probing():
            raise ArithmeticError("no more")
        return super().forward(x)


def registries(model: nn.Module) -> list[tuple[int, list[Any]]]:
    """All dictionaries of hooks, and their items in order."""
    held = [each for module in model.modules() for name, each in vars(module).items() if "hooks" in name]
    return [(id(each), list(each.items())) for each in (*held, *GLOBAL_HOOKS)]


def train(name: str, path: Path | None, *, fails: bool) -> tuple[list[list[float]], int]:
    """Train with a hook on whose features the loss depends; return the weights of each step and the calls of it."""
    own, model = Collector(), build(network)
    FEATURES.features.clear()
    handles = [HOOKS[name](model, own), model[1].register_forward_hook(Collector().collect, prepend=True)]
    before = registries(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    recorder = None if path is None else Recorder(path, model, samples=SAMPLES).__enter__()
    weights, calls = [], 0
    if fails:
        model[2] = Failing()
        before = registries(model)
    for _ in range(STEPS):
        loss = model(torch.randn(4, 1, 8, 8)).square().mean()
        used = FEATURES.features if name == "global variable" else own.features
        if name not in ("backward", "backward pre", "global backward"):
            loss = loss + sum(each.float().square().mean() for each in used)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        calls += len(used)
        used.clear()
        if recorder is not None:
            recorder.step()
            assert registries(model) == before
        weights.append([*model[0].weight.flatten().tolist(), *model[3].weight.flatten().tolist()])
    if recorder is not None:
        recorder.__exit__(None, None, None)
    for handle in handles:
        handle.remove()
    return weights, calls


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("fails", [False, True], ids=["", "fails"])
@pytest.mark.parametrize("name", HOOKS)
def test_training_with_hooks_is_bit_identical(name: str, fails: bool, tmp_path: Path) -> None:
    alone, calls = train(name, None, fails=fails)
    assert calls >= STEPS
    assert train(name, tmp_path / "run", fails=fails) == (alone, calls)
    assert len(reelnet.open(tmp_path / "run").steps) == (1 if fails else STEPS + 1)


def test_a_recording_shows_what_the_model_returns_without_the_hooks_of_users(tmp_path: Path) -> None:
    model = build(network)
    with torch.no_grad():
        expected = model[0](SAMPLES)
    model[0].register_forward_hook(lambda module, args, output: output * 2)
    with Recorder(tmp_path / "run", model, samples=SAMPLES, taps=["0"]):
        pass
    np.testing.assert_array_equal(reelnet.open(tmp_path / "run").read("0", 0)[0], expected)


class OwnPruning(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return (t > 0).to(t.dtype)


def weight_norm(layer: nn.Module) -> None:
    nn.utils.weight_norm(layer)


def spectral_norm(layer: nn.Module) -> None:
    nn.utils.spectral_norm(layer)


def pruning(layer: nn.Module) -> None:
    prune.l1_unstructured(layer, "weight", 0.5)  # type: ignore[no-untyped-call]


def own_pruning(layer: nn.Module) -> None:
    OwnPruning.apply(layer, "weight")  # type: ignore[no-untyped-call]


def parametrization(layer: nn.Module) -> None:
    nn.utils.parametrizations.weight_norm(layer)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("prepare", [weight_norm, spectral_norm, pruning, own_pruning, parametrization])
def test_hooks_of_torch_run_in_the_probe(prepare: Callable[[nn.Module], None], tmp_path: Path) -> None:
    model = build(network)
    prepare(model[0])
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Recorder(tmp_path / "run", model, samples=SAMPLES, taps=["0"], on_error="raise") as recorder:
        for _ in range(2):
            optimizer.zero_grad()
            model(torch.randn(4, 1, 8, 8)).square().mean().backward()
            optimizer.step()
            recorder.step()
    # A hook computes the weight from what was trained; without it, it would be that of the last forward pass.
    with torch.no_grad():
        expected = model.eval()[0](SAMPLES)
    np.testing.assert_array_equal(reelnet.open(tmp_path / "run").read("0", 2)[0], expected)


class Skips(nn.Module):
    """Computes with what its own hooks keep, as some networks with skip connections do."""

    def __init__(self, *, by_method: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.kept: list[Tensor] = []
        if by_method:
            self.conv.register_forward_hook(self.keep)
        else:
            self.conv.register_forward_hook(lambda module, args, output: self.kept.append(output))

    def keep(self, module: nn.Module, args: Any, output: Tensor) -> None:
        self.kept.append(output)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv(x).relu()
        return (found + self.kept.pop()).mean((2, 3))


@pytest.mark.parametrize("by_method", [False, True])
def test_hooks_of_the_model_itself_run_in_the_probe(by_method: bool, tmp_path: Path) -> None:
    model = build(lambda: Skips(by_method=by_method))
    with Recorder(tmp_path / "run", model, samples=SAMPLES, on_error="raise") as recorder:
        for _ in range(2):
            model(SAMPLES)
            recorder.step()
    assert model.kept == []


def test_a_hook_of_the_model_that_collects_for_the_loss(tmp_path: Path) -> None:
    class Collecting(Skips):
        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.conv(x)
            return found.mean((2, 3))

    model = build(lambda: Collecting(by_method=True))
    with Recorder(tmp_path / "run", model, samples=SAMPLES, on_error="raise") as recorder:
        for step in range(1, 4):
            model(SAMPLES)
            recorder.step()
            assert len(model.kept) == step


LIBRARY = """
class FeatureHooks:
    def __init__(self):
        self.outputs, self.calls, self.sums = {}, [], None

    def collect(self, key, module, args, output):
        self.outputs[key] = output
        self.calls.append(key)
        self.sums = output.detach().mean() + (0 if self.sums is None else self.sums)
"""
"""As timm has it: an object beside the model."""


@pytest.mark.parametrize("is_global", [False, True])
def test_what_hooks_of_libraries_collect_outside_of_the_model_is_restored(
    is_global: bool, tmp_path: Path
) -> None:
    def train(path: Path | None) -> tuple[list[list[float]], int, float]:
        library: dict[str, Any] = {"__name__": "timm.models._features"}
        exec(LIBRARY, library)
        own, model = library["FeatureHooks"](), build(network)
        collect = functools.partial(own.collect, "relu")
        handle = (
            torch_module.register_module_forward_hook(collect)
            if is_global
            else model[1].register_forward_hook(collect)
        )
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        with contextlib.nullcontext() if path is None else Recorder(path, model, samples=SAMPLES) as recorder:
            weights = []
            for _ in range(STEPS):
                optimizer.zero_grad()
                loss = model(SAMPLES).mean() + own.outputs["relu"].mean() * len(own.calls) * own.sums
                loss.backward()
                optimizer.step()
                if recorder is not None:
                    recorder.step()
                weights.append(model[0].weight.detach().flatten().tolist())
        handle.remove()
        return weights, len(own.calls), float(own.sums)

    assert train(tmp_path / "run") == train(None)


@pytest.fixture(autouse=True)
def remove_global_hooks() -> Iterator[None]:
    yield
    # Torch keeps some of its notes on a hook that was removed.
    for each in GLOBAL_HOOKS:
        each.clear()
