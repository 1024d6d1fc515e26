"""Options of taps, and their errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import Tensor, nn

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.recorder import Recorder
from reelnet.record.taps.reading import get_output_bounds
from reelnet.record.taps.tap import Tap
from reelnet.reel import Run
from reelnet.scene.class_scores import ClassScores
from tests.record.cases import pictures
from tests.record.layers import unnamed
from tests.record.models import Recurrent
from tests.record.outputs import Split
from tests.render.panels.drawing import lay_out
from tests.rendering import ANCHORS


def record(path: Path, model: nn.Module, *taps: Any, **options: Any) -> Run:
    with Recorder(path / "run", model, samples=pictures(), taps=taps, **options):
        pass
    return Run(path / "run")


def test_then_is_applied_to_the_output(tmp_path: Path) -> None:
    model = unnamed()
    run = record(tmp_path, model, "0", Tap("0", then=torch.tanh, name="tanh"), Tap("2", then=lambda x: x**2))
    np.testing.assert_array_equal(run.read("tanh"), torch.tanh(torch.tensor(run.read("0"))).numpy())
    assert [run.taps[name].bounds for name in ("0", "tanh", "2")] == [None, (-1, 1), None]
    assert run.read("2").min() >= 0


@pytest.mark.parametrize(
    ("taps", "message"),
    [
        (["0", Tap("0", then=torch.tanh)], "two taps are named '0'; rename one of them with name="),
        ([Tap("*", name="all")], "'\\*' matches 5 layers, which cannot all be named 'all'"),
        (
            [Tap("0", then=lambda x: cast(Tensor, 1))],
            "layer '0': then= returns an int; it must return a tensor",
        ),
        ([Tap("0", then=lambda x: x.reshape(7))], "layer '0': then= failed"),
        ([Tap("0", then=torch.Tensor.to_sparse)], "layer '0': returns a sparse tensor"),
        (
            [Tap("0", then=lambda x: x.to(torch.complex64))],
            "layer '0': returns complex values .complex64.; record real values",
        ),
        ([Tap("0", key=1)], "layer '0': returns a single Tensor; it has no key 1"),
        ([Tap("0", channels=[0, 4])], "layer '0': has no channel 4; its 4 are numbered from 0"),
        (["1#2"], "layer '1#2': was called only once"),
        (
            [Tap.attention("0")],
            "layer '0.attention': is a Conv2d, but Tap.attention reads nn.MultiheadAttention only",
        ),
        ([Tap("0", slice=1)], "layer '0': output of shape .* has no depth"),
        ([Tap.grad("5")], "no parameter '5.weight' in Sequential"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_folder(taps: list[Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ReelnetError, match=message) as error:
        record(tmp_path, unnamed(), *taps)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["conv#0", "conv#x", "conv#-1", "conv#"])
def test_the_number_of_a_call_starts_at_1(path: str) -> None:
    with pytest.raises(UsageError, match="'#' must be followed by the number of a call, from 1"):
        Tap(path)


@pytest.mark.parametrize(
    ("module", "bounds"),
    [
        (nn.Tanh(), (-1, 1)),
        (nn.Sigmoid(), (0, 1)),
        (nn.ReLU6(), (0, 6)),
        (nn.ReLU(), None),
        (nn.Conv2d(1, 1, 1), None),
    ],
)
def test_bounds_follow_from_the_kind_of_module(module: nn.Module, bounds: tuple[float, float] | None) -> None:
    assert get_output_bounds(module) == bounds


@pytest.mark.parametrize(
    ("kind", "key", "message"),
    [
        ("dict", "lo", r"returns a dict without key 'lo'; did you mean 'low'\? There are .*low"),
        ("list", 2, "returns a list without key 2; choose from 0, 1"),
        ("dataclass", "map", "returns an Answer without key 'map'; did you mean 'maps'"),
        ("list", "1.5", "returns a tuple at '1' without key '5'; choose from 0, 1"),
    ],
)
def test_unknown_keys(kind: str, key: int | str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ReelnetError, match=f"layer 'split': {message}"):
        record(tmp_path, Whole(kind), Tap("split", key=key))
    with pytest.raises(ReelnetError, match=f"layer 'split' .named 'mine'.: {message}"):
        record(tmp_path, Whole(kind), Tap("split", key=key, name="mine"))


class Whole(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.split = Split(kind)

    def forward(self, x: Tensor) -> Any:
        return self.split(x)


def test_notes_say_how_an_output_was_read(tmp_path: Path) -> None:
    class Parts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.split, self.rnn = Split("list"), Recurrent()
            self.volume = nn.Conv3d(1, 2, 1)

        def forward(self, x: Tensor) -> Any:
            self.split(x), self.rnn(x), self.volume(x[:, :, None].expand(-1, -1, 5, -1, -1))

    run = record(tmp_path, Parts(), "split", "rnn.lstm", Tap("volume", slice=1), "rnn.cell")
    assert run.taps["split"].note == "the first of 3 tensors (key=0, 1.0, 1.1)"
    assert (
        run.taps["rnn.lstm"].note
        == "the first of 3 tensors (key=0, 1.0, 1.1); channels down, positions across"
    )
    assert run.taps["volume"].note == "slice 1 of 5"
    assert run.taps["rnn.cell"].note == ""


def test_selected_channels_keep_their_numbers(tmp_path: Path) -> None:
    model = unnamed()
    whole = record(tmp_path / "whole", model, "0", "2", "4")
    some = record(tmp_path / "some", model, Tap("0", channels=[3, 1]), "2", "4", channels=5)
    np.testing.assert_array_equal(some.read("0"), whole.read("0")[:, :, [3, 1]])
    np.testing.assert_array_equal(some.read("2"), whole.read("2")[:, :, :5])
    np.testing.assert_array_equal(some.read("4"), whole.read("4")[:, :, :5])
    assert [some.taps[name].channels for name in "02"] == [(3, 1), (0, 1, 2, 3, 4)]
    assert whole.taps["0"].channels is None
    # The labels of rows are drawn as those of the whole layer.
    panels: dict[str, Any] = {"channels": {}}
    part, all_of = (lay_out(run, panels, layer="0") for run in (some, whole))
    labels = [
        [shown.panel("channels", 0)[48 * row : 48 * row + 48, :24] for row in range(count)]
        for shown, count in ((part, 2), (all_of, 4))
    ]
    np.testing.assert_array_equal(labels[0][0][8:40], labels[1][3][8:40])
    np.testing.assert_array_equal(labels[0][1][8:40], labels[1][1][8:40])
    assert not np.array_equal(labels[0][0][8:40], labels[1][0][8:40])


@pytest.mark.parametrize("given", ["float16", "float32", "float64", torch.float16])
def test_values_are_converted_to_dtype(given: Any, tmp_path: Path) -> None:
    model = unnamed()
    exact = record(tmp_path / "exact", model, "0", "0.weight")
    run = record(tmp_path / "run", model, "0", "0.weight", dtype=given)
    dtype = str(given).removeprefix("torch.")
    for name, info in run.taps.items():
        assert info.dtype == dtype
        np.testing.assert_array_equal(run.read(name), exact.read(name).astype(dtype))
    for wrong in ("float8", torch.bfloat16):
        with pytest.raises(UsageError, match=f"dtype={wrong!r}: cannot be recorded; did you mean"):
            record(tmp_path / "wrong", model, "0", dtype=wrong)


def test_non_finite_values_are_stored_and_counted(tmp_path: Path) -> None:
    class Strange(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 1)
            self.act = nn.Identity()
            self.step = 0

        def forward(self, x: Tensor) -> Any:
            x = self.conv(x)
            if self.step:
                x[0, 0, 0, :3] = torch.tensor([torch.nan, torch.inf, -torch.inf])
            return self.act(x)

    model = Strange()
    with Recorder(tmp_path / "run", model, samples=pictures(), taps=["act"]) as recorder:
        for model.step in range(3):
            recorder.step()
    run = Run(tmp_path / "run")
    assert run.nonfinite == {"act": (6, 2)}
    np.testing.assert_array_equal(run.read("act", 3)[0, 0, 0, 0, :3], [np.nan, np.inf, -np.inf])
    assert -100 < (run.taps["act"].min or 0) < (run.taps["act"].max or 0) < 100
    report = run.reel("plain").save(tmp_path / "a.gif")
    assert report.notes[-1].startswith("act: 6 NaN or infinite values, from step 2 on")


def test_an_uninitialized_layer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReelnetError, match=r"parameter '0\.weight' has no values yet; run one batch"):
        record(tmp_path, nn.Sequential(nn.LazyConv2d(2, 3)), "0")


def test_features_are_folded_to_a_grid_and_still_read_as_class_scores(tmp_path: Path) -> None:
    class Odd(nn.Module):
        """Returns 13 scores, of which the second is the highest."""

        def __init__(self) -> None:
            super().__init__()
            self.out = nn.Linear(64, 13)
            with torch.no_grad():
                self.out.weight.zero_()
                self.out.bias.copy_(torch.tensor([-1.0, 1.0, -0.5, 0.5, 0.0, 0.25, -0.25, *[0.125] * 6]))

        def forward(self, x: Tensor) -> Any:
            return self.out(x.flatten(1))

    names = (*"abcdefghijklm",)
    with Recorder(tmp_path / "run", Odd(), samples=pictures(), taps=["out"], classes=names):
        pass
    run = Run(tmp_path / "run")
    assert (run.taps["out"].shape, run.taps["out"].map_shape) == ((3, 13, 1, 1), (1, 3, 5))
    shown = lay_out(run, {"channels": {"labels": False}, "says": {"labels": False}}, layer="out")
    region = shown.scene.cell_regions[0]
    box, side = region.boxes[0], region.value_width
    cell = shown.frame(0)[box.y : box.bottom, box.x : box.right]
    # Five values side by side, in three rows.
    assert cell.shape == (3 * side, 5 * side, 3)
    half = side // 2
    colors = [
        [tuple(map(int, cell[side * row + half, side * column + half])) for column in range(5)]
        for row in range(3)
    ]
    assert colors[0][0] == ANCHORS[0]
    assert colors[0][1] == ANCHORS[-1]
    assert colors[0][4] == ANCHORS[4]
    assert colors[2][3] == colors[2][4] == (255, 255, 255)
    scores = ClassScores.find(shown.scene.context)
    assert scores is not None
    assert (scores.tap, scores.classes) == ("out", names)
    assert scores.to_probabilities(run.snapshot(0).taps["out"]).argmax(axis=1).tolist() == [1, 1, 1]
    report = run.reel("plain", layer="out").save(tmp_path / "out.gif", max_size="20kB")
    assert report.frames == 1


def test_inputs_may_be_nested(tmp_path: Path) -> None:
    class Nested(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 1)

        def forward(self, batch: dict[str, Any]) -> Any:
            first, (second, scale) = batch["pair"]
            first.mul_(2)
            return self.conv(first + second * scale)

    samples = ({"pair": [pictures(), (pictures() + 1, 3.0)], "mask": torch.arange(3)},)
    model = Nested()
    with Recorder(tmp_path / "run", model, samples=samples, on_error="raise") as recorder:
        recorder.step()
    run = Run(tmp_path / "run")
    with torch.no_grad():
        expected = model.conv(2 * pictures() + 3 * (pictures() + 1)).numpy()
    np.testing.assert_allclose(run.read("conv").astype(np.float64), np.stack([expected, expected]), atol=1e-6)
    np.testing.assert_array_equal(run.inputs, pictures())
    kept = load_file(tmp_path / "run" / "samples.safetensors")
    assert set(kept) == {"fed", "fed.0.pair.1.0", "fed.0.mask", "shown"}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_scripted_submodule(tmp_path: Path) -> None:
    inner = torch.jit.script(nn.Sequential(nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2)))
    model = nn.Sequential(nn.Conv2d(1, 4, 3), inner).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run = record(tmp_path, model, "0")
    assert run.taps["0"].shape == (3, 4, 6, 6)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert inner.training
    with pytest.raises(ReelnetError, match="layer '1': was compiled by TorchScript"):
        record(tmp_path / "inner", model, "1")


def test_a_model_on_the_meta_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReelnetError, match=r"parameter '0.weight' has no values yet"):
        record(tmp_path, unnamed().to("meta"), "0")
