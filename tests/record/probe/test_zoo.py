"""Many kinds of models: training is not disturbed, and recorded values equal those of a checkpoint."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reelnet.record.recorder import Recorder
from reelnet.reel import Run
from reelnet.runs.header import TapKind
from tests.record.cases import Case
from tests.record.probe.zoo import ZOO

STEPS = 2

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


class Silent:
    def step(self) -> None:
        pass


def build_model(case: Case) -> nn.Module:
    torch.manual_seed(1)
    random.seed(1)
    with warnings.catch_warnings(action="ignore"):
        return case.build().train()


def bits(value: Any) -> Any:
    """Convert a state to values that are equal exactly if all bits of it are."""
    if isinstance(value, Tensor):
        plain = value.detach().contiguous()
        return str(plain.dtype), tuple(plain.shape), plain.reshape(-1).view(torch.uint8).numpy().tobytes()
    if isinstance(value, Mapping):
        return {name: bits(each) for name, each in value.items()}
    return [bits(each) for each in value] if isinstance(value, list | tuple) else value


def attributes(model: nn.Module) -> dict[str, Any]:
    plain = (int, float, str, bool, list, dict, Tensor, torch.Generator)
    return {
        f"{path}.{name}": bits(held.get_state() if isinstance(held, torch.Generator) else copy.copy(held))
        for path, module in model.named_modules()
        for name, held in vars(module).items()
        if isinstance(held, plain) and not name.startswith("_")
    }


def hooks(model: nn.Module) -> int:
    return sum(
        len(held)
        for module in model.modules()
        for name, held in vars(module).items()
        if "hooks" in name and isinstance(held, dict)
    )


def train(
    case: Case, path: Path | None, checkpoints: list[dict[str, Tensor]] | None = None
) -> dict[str, Any]:
    """Train a case, recorded if there is a path; return all that further training depends on."""
    model = build_model(case)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    # The checkpoint goes through bytes, as one on disk does.
    kept = checkpoints if checkpoints is not None else []
    if path is None:
        around: Any = nullcontext(Silent())
    else:
        around = Recorder(
            path, model, samples=case.samples, taps=case.taps, shown=case.shown, on_error="raise"
        )
    with around as recorder:
        kept.append(copy.deepcopy(model.state_dict()))
        own = hooks(model)
        for _ in range(STEPS):
            optimizer.zero_grad()
            case.loss(model).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            recorder.step()
            assert hooks(model) == own
            kept.append(copy.deepcopy(model.state_dict()))
    return {
        "weights": bits(model.state_dict()),
        "gradients": [bits(held.grad) for held in model.parameters()],
        "optimizer": bits(optimizer.state_dict()["state"]),
        "attributes": attributes(model),
        "random": (bits(torch.get_rng_state()), random.getstate()),
    }


@contextmanager
def collect_outputs(model: nn.Module, paths: Collection[str] | None = None) -> Iterator[dict[str, list[Any]]]:
    """Copy what all modules (or those at `paths`) return while the model runs, without reelnet."""
    outputs: dict[str, list[Any]] = {}
    handles = [
        module.register_forward_hook(
            lambda _module, _inputs, output, path=path: outputs.setdefault(path, []).append(
                copy.deepcopy(output)
            )
        )
        for path, module in model.named_modules()
        if paths is None or path in paths
    ]
    yield outputs
    for handle in handles:
        handle.remove()


def forward(model: nn.Module, samples: Any) -> None:
    """Call a model with the samples, converted to its dtype."""
    kind = next(model.parameters()).dtype

    def fit(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        return value.to(kind) if value.is_floating_point() else value.clone()

    if isinstance(samples, dict):
        model(**{name: fit(value) for name, value in samples.items()})
    else:
        model(*map(fit, samples if isinstance(samples, tuple) else (samples,)))


@pytest.mark.parametrize("name", ZOO)
def test_training_is_bit_identical(name: str, tmp_path: Path) -> None:
    case = ZOO[name]()
    alone, recorded = train(case, None), train(case, tmp_path / "run")
    for part, value in alone.items():
        assert recorded[part] == value, part


@pytest.mark.parametrize("name", ZOO)
def test_recorded_values_equal_those_of_a_checkpoint(name: str, tmp_path: Path) -> None:
    case, checkpoints = ZOO[name](), list[dict[str, Tensor]]()
    train(case, tmp_path / "run", checkpoints)
    run = Run(tmp_path / "run")
    assert run.steps == list(range(STEPS + 1))
    for step, checkpoint in enumerate(checkpoints):
        whole = build_model(case).eval()
        whole.load_state_dict(checkpoint)
        model = case.inner(whole)
        with torch.no_grad(), torch.compiler.set_stance("force_eager"), collect_outputs(model) as outputs:
            forward(model, case.samples)
            expected = case.expected(outputs, model)
        assert set(run.taps) == set(expected)
        for tap, values in expected.items():
            read = run.read(tap, step)[0]
            assert (read.dtype.name, read.shape) == (
                str(values.dtype).removeprefix("torch."),
                tuple(values.shape),
            )
            np.testing.assert_allclose(read, values.numpy(), rtol=1e-6, atol=1e-6, err_msg=f"{tap} at {step}")
    for tap, info in run.taps.items():
        if info.kind is TapKind.ACTIVATION:
            image = run.reel("plain", layer=tap).frame(STEPS)
            assert len(image.getcolors(1 << 20) or ()) > 3


def test_the_fast_path_of_a_transformer_gives_the_same_values(tmp_path: Path) -> None:
    case, checkpoints = ZOO["transformer"](), list[dict[str, Tensor]]()
    train(case, tmp_path / "run", checkpoints)
    read = Run(tmp_path / "run").read("2")
    for step, checkpoint in enumerate(checkpoints):
        model = build_model(case).eval()
        model.load_state_dict(checkpoint)
        with torch.no_grad():
            np.testing.assert_allclose(read[step, :, :, 0, 0].astype(float), model(case.samples), atol=1e-6)
