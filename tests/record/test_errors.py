"""What a recorder refuses: one clear line, and nothing is left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import rnn

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.record.taps.tap import Tap
from reelnet.reel import Run
from tests.record.layers import SAMPLES, network


def one_line(error: pytest.ExceptionInfo[ReelnetError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


class Patches(nn.Module):
    """Calls its layer on four patches per sample, so the number of maps differs from that of the samples."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 1, 1)

    def forward(self, x: Tensor) -> Any:
        return self.conv1(x.reshape(-1, 1, 4, 4))


class Deep(nn.Module):
    """Has parameters that cannot be recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 1, 1)
        self.filters = nn.Parameter(torch.zeros(1, 1, 1, 1, 1))
        self.turns = nn.Parameter(torch.zeros(2, dtype=torch.complex64))

    def forward(self, x: Tensor) -> Any:
        return self.conv1(x)


class Idle(Patches):
    """Has a layer that it never calls."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Transformed(Patches):
    """Calls its layer inside of a transform of torch.func."""

    def __init__(self, transform: Any) -> None:
        super().__init__()
        self.transform = transform

    def forward(self, x: Tensor) -> Any:
        return self.transform(lambda each: self.conv1(each).sum())(x)


class Packed(nn.Module):
    """Runs an RNN on sequences of different lengths."""

    def __init__(self, kind: type[nn.LSTM | nn.GRU]) -> None:
        super().__init__()
        self.rnn = kind(8, 2, batch_first=True)
        self.padded = nn.Identity()

    def forward(self, x: Tensor) -> Any:
        output, _ = self.rnn(rnn.pack_padded_sequence(x[:, 0], [8, 2, 3], True, enforce_sorted=False))
        return self.padded(rnn.pad_packed_sequence(output, batch_first=True)[0])


@pytest.mark.parametrize(
    ("model", "form", "message"),
    [
        (
            network(),
            {"samples": torch.rand(3, 2, 8, 8), "shown": torch.rand(3, 8, 8)},
            r"Sequential failed in eval mode on samples of shape \(3, 2, 8, 8\), in 'layer1.conv1', before the first "
            "recorded layer: RuntimeError: .*; give samples of the shape of one training batch",
        ),
        (
            network(),
            {"samples": torch.rand(3, 1, 9, 9)},
            r"in 'head', after layer 'layer2\.conv1': RuntimeError",
        ),
        (network(), {"samples": torch.rand(5)}, r"samples of shape \(5,\) cannot be shown as pictures"),
        (network(), {"samples": np.array(["a", "b"])}, "not numeric"),
        (
            network(),
            {"samples": [torch.rand(2, 1, 8, 8), torch.rand(2, 3)]},
            "a tuple of them for several inputs",
        ),
        (network(), {"samples": ("a", None)}, "are empty"),
        (network(), {"samples": SAMPLES[:0]}, r"shape \(0, 1, 8, 8\) are empty; give at least one"),
        (network(), {"samples": SAMPLES[:0], "shown": np.zeros((0, 8, 8)), "labels": []}, "are empty"),
        (network(), {"samples": torch.zeros(3, 0, 8, 8), "shown": SAMPLES}, "are empty"),
        (network(), {"samples": torch.tensor(1.0), "shown": SAMPLES}, r"shape \(\) are empty"),
        (network(), {"about": "me"}, "about 'me': give a mapping, such as a dict"),
        (network(), {"metrics": [1]}, r"metrics \[1\]: give a mapping"),
        (network(), {"labels": [1, 2]}, "labels: got 2 labels for 3 samples"),
        (network(), {"shown": torch.rand(2, 8, 8)}, "shown: got 2 pictures for 3 samples"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Unflatten(1, (2, 1, 1))),
            {"taps": ["1"]},
            r"layer '1': output of shape \(3, 2, 1, 1, 6, 6\) cannot be recorded; expected 1 to 5 dimensions",
        ),
        (network(), {"taps": []}, r"no layer is among the taps, .*; add a layer: taps=\['conv1'\]"),
        (
            network(),
            {"taps": [Tap.grad("head")]},
            r"weights and gradients are only shown beside one; add a layer: taps=\['head', 'head.weight'\]",
        ),
        (
            Deep(),
            {"taps": ["conv1", "filters"]},
            r"parameter 'filters': float32 of shape \(1, 1, 1, 1, 1\)",
        ),
        (Deep(), {"taps": ["conv1", "turns"]}, "parameter 'turns': complex64 .* cannot be recorded"),
        (network(), {"taps": ["layer3.conv1"]}, "did you mean 'layer[12].conv1'"),
        (network(), {"metrics": {"loss": [1, 2]}}, "metric 'loss'"),
        (nn.Sequential(nn.Flatten()), {}, "no Conv2d to record"),
        (Patches(), {}, r"layer 'conv1': output of shape \(12, 1, 4, 4\)"),
        (Idle(), {}, "layer 'conv1': was not called"),
        *(
            (Transformed(each), {}, r"layer 'conv1': returns no values inside of a transform of torch\.func")
            for each in (torch.func.grad, torch.func.vmap, torch.func.jacrev)
        ),
        (Transformed(torch.func.vmap), {"taps": [Tap("conv1", then=torch.tanh)]}, "called outside of it"),
        *(
            (Packed(nn.LSTM), {"taps": [Tap("rnn", key=key)]}, r"returns a PackedSequence.*key='1'.*'1\.0'")
            for key in (None, 0)
        ),
        (
            network(),
            {"shown": [SAMPLES[0, 0], SAMPLES[1, 0, :4], SAMPLES[2, 0]]},
            "shown: a list .* of one size",
        ),
        (
            network(),
            {"shown": np.zeros((3, 8, 8), complex)},
            r"shown: complex128 of shape \(3, 8, 8\) cannot",
        ),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_folder(
    model: nn.Module, form: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(ReelnetError, match=message) as error,
        Recorder(tmp_path / "run", model, **{"samples": SAMPLES, **form}),
    ):
        pass
    one_line(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [torch.zeros(2), np.zeros((2, 2)), "0.5", None, [1.0], 1j, 10**400])
def test_a_metric_must_be_a_single_number(value: object, tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", network(), samples=SAMPLES, on_error="raise") as recorder:
        with pytest.raises(ReelnetError, match="metric 'loss'") as error:
            recorder.step(loss=value)
        recorder.step(loss=1)
    one_line(error)
    assert Run(tmp_path / "run").steps == [0, 1]  # the refused step was not taken


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.array([0.5]), torch.tensor([[0.5]], requires_grad=True)]
)
def test_metrics_of_many_types(value: object, tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", network(), samples=SAMPLES) as recorder:
        recorder.step(loss=value)
    assert Run(tmp_path / "run").metrics["loss"][1] == 0.5


@pytest.mark.parametrize(("kind", "key"), [(nn.LSTM, "1.0"), (nn.GRU, "1")])
def test_what_is_said_of_packed_sequences_works(
    kind: type[nn.LSTM | nn.GRU], key: str, tmp_path: Path
) -> None:
    with Recorder(
        tmp_path / "run", Packed(kind), samples=SAMPLES, taps=[Tap("rnn", key=key), "padded"]
    ) as recorder:
        recorder.step()
    run = Run(tmp_path / "run")
    last = np.array([7, 1, 2])
    np.testing.assert_array_equal(run.read("rnn")[1, :, :, 0, 0], run.read("padded")[1, range(3), :, 0, last])


def record(path: Path, *, force: bool = False, steps: int = 0) -> None:
    with Recorder(path, network(), samples=SAMPLES, force=force) as recorder:
        for _ in range(steps):
            recorder.step()


def test_a_run_is_replaced_only_with_force(tmp_path: Path) -> None:
    record(tmp_path / "run", steps=3)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    before = {file: file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()}
    with pytest.raises(UsageError, match=r"a run exists already; .*\(force=True\).*Recorder\(resume=True\)"):
        record(tmp_path / "run")
    assert {file: file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file()} == before
    record(tmp_path / "run", force=True, steps=1)
    assert Run(tmp_path / "run").steps == [0, 1]
    assert len(list((tmp_path / "run" / "steps").iterdir())) == 2
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["thesis.tex", "run.json"])
@pytest.mark.parametrize("force", [False, True])
def test_a_foreign_folder_is_never_touched(name: str, force: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(json.dumps({"format": "of another program"}))
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "1.txt").write_text("one")
    with pytest.raises(UsageError, match="exists and is not a run"):
        record(tmp_path, force=force)
    assert sorted(file.name for file in tmp_path.rglob("*")) == sorted([name, "steps", "1.txt"])


def test_a_file_in_the_way_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("text")
    with pytest.raises(UsageError, match="exists and is not a run"):
        record(tmp_path / "run", force=True)
    with pytest.raises(ReelnetError, match="cannot write a run here"):
        record(tmp_path / "run" / "below")
    assert (tmp_path / "run").read_text() == "text"


def test_an_empty_folder_is_accepted(tmp_path: Path) -> None:
    record(tmp_path)
    assert Run(tmp_path).steps == [0]


def test_a_closed_recorder_says_so(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run", network(), samples=SAMPLES)
    with pytest.raises(ReelnetError, match="the recorder is closed"):
        recorder.step()
    with recorder:
        pass
    with pytest.raises(ReelnetError, match="the recorder is closed"):
        recorder.step()


def test_a_change_of_dtype_is_an_error_of_the_step(tmp_path: Path) -> None:
    model = network()
    with Recorder(tmp_path / "run", model, samples=SAMPLES, on_error="raise") as recorder:
        model.double()
        with pytest.raises(
            ReelnetError, match=r"step 1: layer 'layer1\.conv1': returns float64 .*but float32"
        ):
            recorder.step()
    assert Run(tmp_path / "run").read("layer1.conv1").shape == (1, 3, 2, 8, 8)


def test_facts_of_any_type_are_stored(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", network(), samples=SAMPLES, about={"root": tmp_path, "seed": 7}):
        pass
    about = Run(tmp_path / "run").about
    assert about["root"] == str(tmp_path)
    assert about["seed"] == 7
    assert about["class"] == "Sequential"


@pytest.mark.parametrize("channels", [0, -1, [], [1, 1], slice(0, 2)])
def test_channels_are_a_number_or_distinct_indices(tmp_path: Path, channels: Any) -> None:
    with pytest.raises(UsageError, match=r"^channels="):
        Recorder(tmp_path / "run", network(), samples=SAMPLES, channels=channels)


def test_a_recorder_records_once(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run", network(), samples=SAMPLES, force=True)
    with recorder:
        recorder.step()
    with pytest.raises(ReelnetError, match="records only once; create another one"):
        recorder.__enter__()
    assert Run(tmp_path / "run").steps == [0, 1]
