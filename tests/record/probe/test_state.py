"""Whatever state a forward pass changes, the training is the same with and without a recorder."""

from __future__ import annotations

import copy
import itertools
import logging
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reelnet
from reelnet.record.probe import reachable
from reelnet.record.recorder import Recorder
from tests.record.probe.stateful import KINDS as PLAIN_KINDS
from tests.record.probe.stateful import PlainTensor, Stateful
from tests.record.probe.stateful_foreign import FOREIGN_KINDS
from tests.record.probe.test_zoo import bits

KINDS = PLAIN_KINDS | FOREIGN_KINDS

STEPS = 3

SAMPLES = torch.linspace(-1, 1, 2 * 64).reshape(2, 1, 8, 8)


def train(
    model: Any, record: Callable[[], Any] = lambda: None, steps: int = STEPS
) -> tuple[torch.optim.Optimizer, list[Any]]:
    """Train a model; return its optimizer and its state after each step."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    states = []
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(torch.randn(4, 1, 8, 8)), torch.randint(0, 2, (4,)))
        loss = loss + random.random() + float(np.random.rand())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        record()
        states.append(
            copy.deepcopy(
                {
                    "reachable": model.observe() if isinstance(model, Stateful) else None,
                    "weights": bits(model.state_dict()),
                    "gradients": [bits(each.grad) for each in model.parameters()],
                    "optimizer": bits(optimizer.state_dict()["state"]),
                    "torch": bits(torch.get_rng_state()),
                    "python": random.getstate(),
                    "numpy": repr(np.random.get_state()),
                    "flags": [module.training for module in model.modules()],
                }
            )
        )
    return optimizer, states


def build(kind: Callable[[], nn.Module]) -> Any:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    return kind().train()


@pytest.mark.parametrize("fails", [False, True], ids=["", "fails"])
@pytest.mark.parametrize("name", KINDS)
def test_training_is_bit_identical(name: str, fails: bool, tmp_path: Path) -> None:
    _, alone = train(build(KINDS[name]))
    model = build(KINDS[name])
    with Recorder(tmp_path / "run", model, samples=SAMPLES) as recorder:
        model.fails_in_probe = fails
        _, recorded = train(model, recorder.step)
    for step, (one, other) in enumerate(zip(alone, recorded, strict=True), 1):
        for part, value in one.items():
            assert other[part] == value, f"{part} at step {step}"
    assert reelnet.open(tmp_path / "run").steps == ([0] if fails else list(range(STEPS + 1)))


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_state_changes_in_a_forward_pass(name: str) -> None:
    model = build(KINDS[name])
    before = copy.deepcopy(model.observe())
    model(SAMPLES)
    assert repr(model.observe()) != repr(before)


def test_a_large_model_restores_the_parameters_that_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("reelnet.record.probe.copies.MAX_EACH_BYTES", 0)
    for name in ("MaxNorm", "MovingAverage", "MovingAverageInPlace", "Freezing"):
        _, alone = train(build(KINDS[name]))
        model = build(KINDS[name])
        with Recorder(tmp_path / name, model, samples=SAMPLES) as recorder:
            assert train(model, recorder.step)[1] == alone, name


class LateWriter(PlainTensor):
    """Begins to change a parameter when `writes` is set."""

    writes = False

    def change(self, maps: torch.Tensor) -> Any:
        if self.writes:
            with torch.no_grad():
                self.head.bias.add_(1)
        return 0


def test_a_late_change_of_a_parameter_of_a_large_model_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("reelnet.record.probe.copies.MAX_EACH_BYTES", 0)
    model = LateWriter()
    with Recorder(tmp_path / "run", model, samples=SAMPLES) as recorder:
        recorder.step()
        model.writes = True
        recorder.step()
        after = model.head.bias.tolist()
        recorder.step()
        recorder.step()
    assert model.head.bias.tolist() == after  # from then on it is restored
    assert [message for message in caplog.messages if "head.bias" in message] == [
        f"{tmp_path / 'run'}: cannot restore what the forward pass of the samples changes in LateWriter.head.bias "
        "(was changed, and had no copy); see reelnet.probing()"
    ]


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


class Unrestorable(PlainTensor):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = [itertools.count(), (each for each in range(100))]
        self.other = [iter([1, 2]), iter("ab")]
        self.file: Any = Path(__file__).open()  # noqa: SIM115


def test_what_cannot_be_copied_is_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = Unrestorable()
    with Recorder(tmp_path / "run", model, samples=SAMPLES) as recorder:
        recorder.step()
        recorder.step()
    model.file.close()
    (message,) = (text for text in warnings_of(caplog) if "cannot restore" in text)
    assert message.startswith(
        f"{tmp_path / 'run'}: cannot restore what the forward pass of the samples changes in Unrestorable."
    )
    kinds = {"list_iterator", "str_ascii_iterator", "itertools.count", "generator", "_io.TextIOWrapper"}
    assert sum(f"(its type, {kind}, cannot be copied)" in message for kind in kinds) == 4
    assert message.endswith(" and 1 more; see reelnet.probing()")


class Numbers(itertools.count):  # type: ignore[type-arg]
    """A Python class of objects whose content only C can reach."""


class UnrestorableWithin(PlainTensor):
    def __init__(self) -> None:
        super().__init__()
        self.numbers: dict[str, int] = defaultdict(itertools.count().__next__)
        self.derived = Numbers()


def test_what_is_held_by_c_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Recorder(tmp_path / "run", UnrestorableWithin(), samples=SAMPLES):
        pass
    (message,) = (text for text in warnings_of(caplog) if "cannot restore" in text)
    assert "UnrestorableWithin.numbers.default_factory.__self__ (its type, itertools.count, cannot" in message
    assert f"UnrestorableWithin.derived (its type, {__name__}.Numbers, cannot be copied)" in message


class Spawning(PlainTensor):
    numbers: Any

    def change(self, maps: torch.Tensor) -> Any:
        return self.numbers.spawn(1)[0].random()


def test_what_cannot_be_undone_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model: Any = Spawning()
    model.numbers = np.random.default_rng(0)
    with Recorder(tmp_path / "run", model, samples=SAMPLES) as recorder:
        recorder.step()
    assert [message for message in caplog.messages if "restore" in message] == [
        f"{tmp_path / 'run'}: cannot restore what the forward pass of the samples changes in "
        "Spawning.numbers.bit_generator (numpy cannot undo spawn()); "
        "see reelnet.probing()"
    ]


@pytest.mark.parametrize(
    ("limit", "most", "reason"),
    [
        ("MAX_BYTES", 10_000, "it has 16,000 bytes, and at most 10,000 are copied in all"),
        ("MAX_OBJECTS", 50, "the model holds too many objects, more than 50 objects"),
        ("MAX_DEPTH", 1, "the model holds too many objects, more than 1 in each other"),
    ],
)
def test_limits_are_reported(
    limit: str,
    most: int,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(reachable, limit, most)
    model: Any = PlainTensor()
    model.many = [[each] for each in range(500)]
    model.large = np.zeros(2000)
    with Recorder(tmp_path / "run", model, samples=SAMPLES) as recorder:
        recorder.step()
    name = "large" if limit == "MAX_BYTES" else "many"
    assert [message for message in caplog.messages if "restore" in message] == [
        f"{tmp_path / 'run'}: cannot restore what the forward pass of the samples changes in PlainTensor.{name} "
        f"({reason}); see reelnet.probing()"
    ]


def test_probing_is_true_inside_a_probe_only(tmp_path: Path) -> None:
    class Asking(PlainTensor):
        def change(self, maps: torch.Tensor) -> Any:
            ANSWERS.append(reelnet.probing())
            return 0

    model = Asking()
    model(SAMPLES)
    with Recorder(tmp_path / "run", model, samples=SAMPLES) as recorder:
        model(SAMPLES)
        recorder.step()
        model.fails_in_probe = True
        recorder.step()
    assert not reelnet.probing()
    assert ANSWERS == [False, True, False, True, True]


ANSWERS: list[bool] = []


def test_a_restored_write_is_none_for_autograd(tmp_path: Path) -> None:
    """A backward pass that began before the probe needs tensors as they were."""
    model = build(KINDS["PlainTensor"])
    with Recorder(tmp_path / "run", model, samples=SAMPLES) as recorder:
        weight = torch.ones(2, requires_grad=True)
        product = (weight * model.memory).sum()
        recorder.step()
        product.backward()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_odd_tensors(tmp_path: Path) -> None:
    """Tensors without memory, with shared memory, and of other layouts, are left as they are."""
    model: Any = build(KINDS["PlainTensor"])
    model.freed = torch.ones(4)
    model.freed.untyped_storage().resize_(0)
    model.expanded = torch.ones(1).expand(3)
    model.meta = torch.ones(2, device="meta")
    model.sparse = torch.eye(3).to_sparse()
    model.nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    model.empty = torch.zeros(0)
    model.quantized = torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    model.complex = torch.ones(2, dtype=torch.complex64).conj()
    with torch.inference_mode():
        model.inferred = torch.ones(2)
    model.view = torch.arange(6.0)[::2]
    held = dict(vars(model))
    with Recorder(tmp_path / "run", model, samples=SAMPLES, on_error="raise") as recorder:
        recorder.step()
    assert all(vars(model)[name] is value for name, value in held.items())
    assert model.view.tolist() == [0, 2, 4]
