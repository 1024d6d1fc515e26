"""Modules that are exchanged during training are found again, or their taps alone have no values."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet import Tap
from reelnet.errors import ReelnetError
from reelnet.record.recorder import Recorder
from reelnet.record.taps.tap import TapSpec
from tests.record.cases import pictures


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a: Any = nn.Conv2d(1, 2, 3)
        self.body: Any = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.body(self.a(x)))


class Adapted(nn.Module):
    """Adds to what a layer returns, as LoRA does."""

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base, self.more = base, nn.Conv2d(2, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.base(x) + self.more(x))


def new_layer(model: Pair) -> None:
    model.body[0] = nn.Conv2d(2, 2, 3)


def new_parent(model: Pair) -> None:
    model.body = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Tanh())


def adapter(model: Pair) -> None:
    model.body[0] = Adapted(model.body[0])


def wrapper(model: Pair) -> None:
    model.body[0] = torch.compile(model.body[0], backend="eager")


EXCHANGES: dict[Callable[[Pair], None], list[str]] = {
    new_layer: ["body.0"],
    new_parent: ["body.0", "body.1"],
    adapter: ["body.0"],
    wrapper: [],
}
"""The paths at which another module is found."""


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_the_new_module_is_recorded(
    exchange: Callable[[Pair], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Pair()
    path = tmp_path / "run"
    expected = []
    with Recorder(
        path, model, samples=pictures(), taps=["a", "body.0", "body.1"], on_error="raise"
    ) as recorder:
        for step in range(1, 5):
            if step == 3:
                exchange(model)
            recorder.step()
            with torch.no_grad():
                expected.append(model.body[0](model.a(pictures())).numpy())
    run = reelnet.open(path)
    np.testing.assert_array_equal(run.read("body.0")[1:], expected)
    assert run.steps == [0, 1, 2, 3, 4]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        f"{path}: {name!r} is another module since step 3" for name in EXCHANGES[exchange]
    ]
    assert not any(module._forward_hooks for module in model.modules())


def test_weights_and_gradients_of_the_new_module_are_recorded(tmp_path: Path) -> None:
    model = Pair()
    taps: list[TapSpec] = ["a", Tap.weight("body.0"), Tap.grad("body.0")]
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=taps, on_error="raise") as recorder:
        for step in range(1, 5):
            if step == 3:
                new_layer(model)
            model(pictures()).sum().backward()
            recorder.step()
    run = reelnet.open(tmp_path / "run")
    conv = model.body[0]
    np.testing.assert_array_equal(run.read("body.0.weight", 4)[0], conv.weight.detach())
    np.testing.assert_array_equal(run.read("body.0.weight.grad", 4)[0], conv.weight.grad)


def larger(model: Pair) -> None:
    model.body[0] = nn.Conv2d(2, 3, 3)


def other_dtype(model: Pair) -> None:
    class Double(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).double()

    model.body[0] = Double(2, 2, 3)


def gone(model: Pair) -> None:
    model.body = nn.Identity()


def bypassed(model: Pair) -> None:
    class Bypass(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return x

    model.body = Bypass(*model.body)
    model.body[0] = nn.Conv2d(2, 2, 3)


def unbounded(model: Pair) -> None:
    model.body[1] = nn.ReLU()


REFUSALS: dict[Callable[[Pair], None], tuple[str, str]] = {
    larger: ("body.0", "returns float32 (3, 3, 4, 4), but float32 (3, 2, 4, 4) at first"),
    other_dtype: ("body.0", "returns float64 (3, 2, 4, 4), but float32 (3, 2, 4, 4) at first"),
    gone: ("body.0", "is not in the model"),
    bypassed: ("body.0", "was not called in the forward pass on the samples"),
    unbounded: ("body.1", "can return values outside of -1 to 1, its range at first"),
}


@pytest.mark.parametrize("exchange", REFUSALS)
def test_a_module_that_does_not_fit_has_no_values_and_the_others_have(
    exchange: Callable[[Pair], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = Pair()
    path = tmp_path / "run"
    name, reason = REFUSALS[exchange]
    with Recorder(path, model, samples=pictures(), taps=["a", name]) as recorder:
        for step in range(1, 5):
            if step == 3:
                exchange(model)
            recorder.step()
    run = reelnet.open(path)
    assert (run.steps, list(run.missing)) == ([0, 1, 2, 3, 4], [])
    assert np.isfinite(run.read("a")).all()
    assert np.isfinite(run.read(name, [0, 1, 2])).all()
    assert np.isnan(run.read(name, [3, 4])).all()
    said = [each for each in caplog.messages if "NaN from step" in each]
    assert len(said) == 1
    assert said[0].startswith(
        f"{path}: {name!r} is recorded as NaN from step 3 until it fits again: {reason}"
    )
    assert run.reel("plain", layer=name).frame(4)


def test_layers_between_grown_layers_lose_their_own_values_only(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3))
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=["*"]) as recorder:
        recorder.step()
        model[0], model[2] = nn.Conv2d(1, 5, 3), nn.Conv2d(5, 2, 3)
        recorder.step()
    run = reelnet.open(tmp_path / "run")
    assert (run.steps, run.missing) == ([0, 1, 2], {})
    assert [bool(np.isnan(run.read(name, 2)).all()) for name in ("0", "1", "2")] == [True, True, False]


def test_a_shared_layer_that_is_split(tmp_path: Path) -> None:
    layer = nn.Conv2d(1, 1, 3)
    model = nn.Sequential(layer, layer)
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=["0"]) as recorder:
        model[1] = nn.Conv2d(1, 1, 3)
        recorder.step()
    run = reelnet.open(tmp_path / "run")
    assert (run.steps, run.missing) == ([0, 1], {})
    assert np.isfinite(run.read("0")).all()
    assert np.isnan(run.read("0#2", 1)).all()


@pytest.mark.parametrize("exchange", REFUSALS)
def test_on_error_raise(exchange: Callable[[Pair], None], tmp_path: Path) -> None:
    model = Pair()
    name, reason = REFUSALS[exchange]
    with Recorder(
        tmp_path / "run", model, samples=pictures(), taps=["a", name], on_error="raise"
    ) as recorder:
        exchange(model)
        with pytest.raises(ReelnetError) as error:
            recorder.step()
    assert f"step 1: layer {name!r}: {reason}" in str(error.value)
    assert reelnet.open(tmp_path / "run").steps == [0]


def test_the_first_module_may_come_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = Pair()
    first = model.body[0]
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=["a", "body.0"]) as recorder:
        larger(model)
        recorder.step()
        model.body[0] = first
        recorder.step()
        larger(model)
        recorder.step()
    assert [bool(np.isnan(each).any()) for each in reelnet.open(tmp_path / "run").read("body.0")] == [
        False,
        True,
        False,
        True,
    ]
    assert sum("NaN from step" in message for message in caplog.messages) == 2


def test_a_parameter_that_does_not_fit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = Pair()
    taps: list[TapSpec] = ["a", Tap.weight("body.0"), Tap.grad("body.0")]
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=taps) as recorder:
        for step in range(1, 7):
            if step in (3, 5):
                (larger if step == 3 else gone)(model)
            model(pictures()).sum().backward()
            recorder.step()
    run = reelnet.open(tmp_path / "run")
    assert run.steps == list(range(7))
    assert np.isnan(run.read("body.0.weight", [3, 4, 5, 6])).all()
    start = "'body.0.weight' is recorded as NaN from step 3 until it fits again: has the shape"
    assert f"{start} (1, 3, 2, 3, 3)" not in caplog.text
    assert f"{start} (3, 2, 3, 3), but (2, 2, 3, 3)" in caplog.text
    assert (
        "'body.0.weight' is recorded as NaN from step 5 until it fits again: is not in the model"
        in caplog.text
    )


def test_values_without_nan_make_the_step_missing(tmp_path: Path) -> None:
    class Counting(Pair):
        def forward(self, x: Tensor) -> Tensor:
            return cast(Tensor, self.body(self.a(x)).int())

    model = Counting()
    model.body[1] = nn.Flatten()
    taps: list[TapSpec] = ["a", Tap("body.0", then=lambda values: values.int())]
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=taps) as recorder:
        recorder.step()
        larger(model)
        recorder.step()
    run = reelnet.open(tmp_path / "run")
    assert list(run.missing) == [2]
    assert "layer 'body.0': returns int32 (3, 3, 4, 4)" in run.missing[2]
