"""Which modules and parameters of a model patterns, types and predicates select."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.errors import UsageError
from reelnet.record.probe.tap_points import list_tap_points
from reelnet.record.recorder import Recorder
from reelnet.record.taps.selection import select_taps
from reelnet.record.taps.tap import Tap
from reelnet.reel import Run
from reelnet.runs.header import TapKind
from tests.record.cases import pictures
from tests.record.layers import CONVOLUTIONS, SAMPLES, network
from tests.record.outputs import Shared


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["layer2.conv1"], ["layer2.conv1"]),
        (["layer2.conv1", "layer1.act"], ["layer1.act", "layer2.conv1"]),
        (["*.conv?"], ["layer1.conv1", "layer2.conv1"]),
        (["layer1*"], ["layer1", "layer1.conv1", "layer1.act"]),
        (["layer[2].act", "*.act"], ["layer1.act", "layer2.act"]),
    ],
)
def test_layers_are_selected_by_path_and_glob_in_the_models_order(
    patterns: list[str], found: list[str]
) -> None:
    assert select_taps(network(), patterns) == [Tap(path) for path in found]


@pytest.mark.parametrize(
    ("patterns", "layers", "weights"),
    [
        (["layer1.conv1.weight"], [], ["layer1.conv1.weight"]),
        ([Tap.weight("layer1.conv1"), "head"], ["head"], ["layer1.conv1.weight"]),
        ([Tap.weight("*")], [], ["layer1.conv1.weight", "layer2.conv1.weight", "head.weight"]),
        (
            ["*.bias", "*.act"],
            ["layer1.act", "layer2.act"],
            [f"{path}.bias" for path in [*CONVOLUTIONS, "head"]],
        ),
        # What matches modules means modules only.
        (["layer1*"], ["layer1", "layer1.conv1", "layer1.act"], []),
        ([Tap("layer1.conv1")], ["layer1.conv1"], []),
    ],
)
def test_parameters_are_selected_by_path_and_glob(
    patterns: list[str | Tap], layers: list[str], weights: list[str]
) -> None:
    expected = [Tap(path) for path in layers] + [Tap(path, TapKind.WEIGHT) for path in weights]
    assert select_taps(network(), patterns) == expected


def test_an_unknown_parameter_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"no parameter 'layer1\.conv\.weight' .*did you mean 'layer1\.conv1\.weight'"
    ):
        select_taps(network(), [Tap.weight("layer1.conv")])
    with pytest.raises(
        UsageError, match=r"no layer 'layer3\.conv1\.weight' .*did you mean 'layer[12]\.conv1\.weight'"
    ):
        select_taps(network(), ["layer3.conv1.weight"])


def test_an_unknown_layer_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no layer 'layer1\.conv' .*did you mean 'layer1\.conv1'\?"):
        select_taps(network(), ["layer2.conv1", "layer1.conv"])


def test_tap_points_are_layers_that_return_maps_or_features() -> None:
    model = network()
    model.add_module("deep", nn.Unflatten(1, (2, 1, 1, 1, 1)))
    points = {point.path: point for point in list_tap_points(model, SAMPLES)}
    maps = {"layer1", "layer1.conv1", "layer1.act", "layer2", "layer2.conv1", "layer2.act"}
    assert set(points) == maps | {"flat", "head"}
    assert points["head"].info.shape == (3, 2, 1, 1)
    assert points["layer2.conv1"].info.shape == (3, 4, 8, 8)
    assert points["layer2.conv1"].info.nbytes == 3 * 4 * 8 * 8 * 4
    assert points["layer2.conv1"].kind == "Conv2d"


def plain() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3), nn.Flatten(), nn.Linear(128, 10))


def test_modules_are_selected_by_type_and_by_predicate() -> None:
    model = plain()
    assert [tap.path for tap in select_taps(model, [reelnet.modules(nn.Conv2d)])] == ["0", "2"]
    assert [tap.path for tap in select_taps(model, [reelnet.modules(nn.Conv2d, nn.Linear)])] == [
        "0",
        "2",
        "4",
    ]
    assert [tap.path for tap in select_taps(model, [lambda path, module: path > "2", "0"])] == ["0", "3", "4"]
    with pytest.raises(UsageError, match="no layer in Sequential is LSTM or GRU"):
        select_taps(model, [reelnet.modules(nn.LSTM, nn.GRU)])
    with pytest.raises(UsageError, match="no layer in Sequential matches the predicate"):
        select_taps(model, [lambda path, module: False])


def test_one_predicate_needs_no_list(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", plain(), samples=pictures(), taps=reelnet.modules(nn.Linear)):
        pass
    assert list(Run(tmp_path / "run").taps) == ["4"]


def test_a_module_with_two_paths_has_both_and_matches_once() -> None:
    model = Shared()
    assert [tap.path for tap in select_taps(model, ["again"])] == ["again"]
    assert [tap.path for tap in select_taps(model, ["*"])] == ["first", "inner", "act"]
    assert [tap.path for tap in select_taps(model, ["a*#2"])] == ["again#2", "act#2"]


class Tied(nn.Module):
    """Has one convolution at two paths, and two layers that share a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(1, 1, 3, padding=1)
        self.right = self.left
        self.near, self.far = nn.Linear(8, 8), nn.Linear(8, 8)
        self.far.weight = self.near.weight

    def forward(self, x: Tensor) -> Tensor:
        x = self.right(self.left(x))
        found: Tensor = self.far(self.near(x))
        return found


def test_a_module_with_two_paths_is_recorded_once_and_its_note_names_the_other(tmp_path: Path) -> None:
    taps: list[str | Tap] = ["?e*r", "right", "*t", "*.weight", Tap.grad("*ar")]
    with Recorder(tmp_path / "run", Tied(), samples=pictures(), taps=taps):
        pass
    infos = Run(tmp_path / "run").taps
    # The one convolution is called twice.
    assert list(infos) == ["right", "right#2", "near", "left.weight", "near.weight", "near.weight.grad"]
    assert {name: info.note for name, info in infos.items() if "same" in info.note} == {
        "right": "the same module as left",
        "right#2": "the same module as left",
        "left.weight": "the same parameter as right.weight",
        "near.weight": "the same parameter as far.weight",
        "near.weight.grad": "the same parameter as far.weight",
    }


def test_a_pattern_matches_any_path_of_a_module() -> None:
    assert [tap.path for tap in select_taps(Tied(), ["r*"])] == ["right"]
    assert [tap.path for tap in select_taps(Tied(), ["left", "r*"])] == ["left"]
    assert [tap.path for tap in select_taps(Tied(), ["left", "right"])] == ["left", "right"]
    assert [tap.path for tap in select_taps(Tied(), ["right*"])] == ["right"]
    assert [tap.path for tap in select_taps(Tied(), ["far.w*"])] == ["far.weight"]
