"""Recorded values are those of the network in eval mode at that step."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reelnet.errors import RunError
from reelnet.record.recorder import Recorder
from reelnet.reel import Run
from reelnet.runs.header import TapKind
from tests.runs.damage import read_header, write_header

FORMS = {
    torch.float16: "float16",
    torch.float32: "float32",
    torch.float64: "float64",
    torch.bfloat16: "float32",
}


def network(form: torch.dtype = torch.float32) -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(3),
        nn.Dropout2d(0.5),
        nn.Conv2d(3, 4, 3),
        nn.Flatten(),
        nn.Linear(4 * 3 * 3, 2),
    ).to(form)


def expected(model: nn.Sequential, samples: Tensor, last: int) -> NDArray[Any]:
    """The output of module `last` in a copy of the model in eval mode, run module by module, without hooks."""
    with torch.no_grad():
        twin = copy.deepcopy(model).eval()
        values = samples.clone()
        for module in twin[: last + 1]:
            values = module(values)
    return (values.float() if values.dtype is torch.bfloat16 else values).numpy()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_values_equal_a_plain_forward_pass_at_each_step(form: torch.dtype, tmp_path: Path) -> None:
    model, samples = network(form), torch.randn(3, 2, 5, 5)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    wanted: dict[str, list[NDArray[Any]]] = {"0": [], "4": []}

    def store_expected() -> None:
        for name, found in wanted.items():
            found.append(expected(model, samples.to(form), int(name)))

    store_expected()
    with Recorder(tmp_path / "run", model, samples=samples, shown=torch.zeros(3, 5, 5)) as recorder:
        for _ in range(3):
            loss = model(torch.randn(4, 2, 5, 5, dtype=form)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.step()
            store_expected()
    run = Run(tmp_path / "run")
    for name, found in wanted.items():
        read = run.read(name)
        assert read.dtype.name == FORMS[form] == run.taps[name].dtype
        np.testing.assert_array_equal(read, np.stack(found))
        assert not np.array_equal(read[0], read[-1])
    assert run.read("0").astype(float).min() < 0  # before the ReLU that works in place


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_weights_and_features_equal_the_models_own_at_each_step(form: torch.dtype, tmp_path: Path) -> None:
    model, samples = network(form), torch.randn(3, 2, 5, 5)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    wanted: dict[str, list[NDArray[Any]]] = {"6": [], "0.weight": [], "6.weight": [], "6.bias": []}
    shapes = {"6": (3, 2, 1, 1), "0.weight": (3, 2, 3, 3), "6.weight": (1, 1, 2, 36), "6.bias": (1, 2, 1, 1)}

    def store_expected() -> None:
        wanted["6"].append(expected(model, samples.to(form), 6))
        for name, held in model.named_parameters():
            if name in wanted:
                values = held.detach().clone()
                wanted[name].append((values.float() if form is torch.bfloat16 else values).numpy())

    store_expected()
    with Recorder(
        tmp_path / "run", model, samples=samples, shown=torch.zeros(3, 5, 5), taps=list(wanted)
    ) as recorder:
        for _ in range(2):
            loss = model(torch.randn(4, 2, 5, 5, dtype=form)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.step()
            store_expected()
    run = Run(tmp_path / "run")
    assert list(run.taps) == list(wanted)
    for name, found in wanted.items():
        info = run.taps[name]
        assert info.shape == shapes[name]
        assert info.kind == (TapKind.WEIGHT if "." in name else TapKind.ACTIVATION)
        np.testing.assert_array_equal(run.read(name), np.stack(found).reshape(3, *shapes[name]))
        assert not np.array_equal(run.read(name)[0], run.read(name)[-1])


def test_taps_without_a_kind_in_the_header_are_activations(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", nn.Sequential(nn.Conv2d(1, 1, 1)), samples=torch.rand(1, 1, 4, 4)):
        pass
    header = read_header(tmp_path / "run")
    assert header["taps"]["0"].pop("kind") == "activation"
    write_header(tmp_path / "run", header)
    assert Run(tmp_path / "run").taps["0"].kind is TapKind.ACTIVATION
    header["taps"]["0"]["kind"] = "thought"
    write_header(tmp_path / "run", header)
    with pytest.raises(RunError, match=r"run\.json: not a run header \('thought'"):
        Run(tmp_path / "run")


def test_a_model_that_changes_its_input_in_place_gets_the_same_samples_at_each_step(tmp_path: Path) -> None:
    class InPlaceNormalization(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 1, 1)

        def forward(self, x: Tensor) -> Any:
            return self.conv1(x.sub_(0.5))

    samples = torch.rand(2, 1, 4, 4)
    kept = samples.clone()
    with Recorder(tmp_path / "run", InPlaceNormalization(), samples=samples) as recorder:
        recorder.step()
    run = Run(tmp_path / "run")
    np.testing.assert_array_equal(run.read("conv1", 0), run.read("conv1", 1))
    np.testing.assert_array_equal(run.inputs, kept.numpy())
    assert torch.equal(samples, kept)


def test_samples_may_be_a_flipped_array(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).random((3, 1, 4, 4), dtype=np.float32)[::-1]
    with Recorder(tmp_path / "run", nn.Sequential(nn.Conv2d(1, 1, 1)), samples=samples):
        pass
    np.testing.assert_array_equal(Run(tmp_path / "run").inputs, samples)


def test_a_wrapped_model_is_recorded_under_its_own_names(tmp_path: Path) -> None:
    model = nn.DataParallel(network())
    with Recorder(tmp_path / "run", model, samples=torch.rand(1, 2, 5, 5), shown=torch.zeros(1, 5, 5)):
        pass
    assert list(Run(tmp_path / "run").taps) == ["0", "4"]


def test_an_autocast_around_the_loop_does_not_change_the_values(tmp_path: Path) -> None:
    model, samples = network(), torch.randn(2, 2, 5, 5)
    with torch.autocast("cpu", torch.bfloat16):
        with Recorder(tmp_path / "run", model, samples=samples, shown=torch.zeros(2, 5, 5)):
            pass
        assert torch.is_autocast_enabled("cpu")
    np.testing.assert_array_equal(Run(tmp_path / "run").read("4")[0], expected(model, samples, 4))


def test_a_run_can_be_opened_while_it_is_recorded(tmp_path: Path) -> None:
    with Recorder(
        tmp_path / "run", nn.Sequential(nn.Conv2d(1, 1, 1)), samples=torch.rand(1, 1, 4, 4)
    ) as recorder:
        for step in range(3):
            recorder.flush()
            assert Run(tmp_path / "run").steps == list(range(step + 1))
            recorder.step(loss=step)
    assert Run(tmp_path / "run").steps == [0, 1, 2, 3]


class CastsItself(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return cast(Tensor, self.conv(x).float())


def test_a_step_under_autocast_shows_the_weights_after_the_step(tmp_path: Path) -> None:
    # Autocast keeps the converted weights of the training until its end.
    torch.manual_seed(0)
    model, pictures = CastsItself(), torch.rand(2, 1, 8, 8)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    recorder = Recorder(tmp_path / "run", model, samples=pictures, taps=["conv"])
    with recorder, torch.autocast("cpu", torch.bfloat16):
        model(pictures).sum().backward()
        optimizer.step()
        recorder.step()
    expected: list[Tensor] = []
    model.conv.register_forward_hook(lambda _module, _args, output: expected.append(output.detach().float()))
    model(pictures)
    np.testing.assert_array_equal(Run(tmp_path / "run").read("conv", 1)[0], expected[0].numpy())
