"""Words about runs of many shapes: whole, true sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.runs.header import TapInfo
from reelnet.scene.wording import (
    count_inputs,
    describe_changing,
    describe_layer,
    describe_naming,
    name_layer,
    name_network,
)
from tests.make_run import write_run

Shape = tuple[int, int, int, int]


@pytest.mark.parametrize(
    ("about", "network", "inputs"),
    [
        ({}, "a network", "ten samples"),
        ({"class": "PatchTransformer", "torch": "2"}, "a network", "ten samples"),
        ({"model": "Sequential", "data": "MNIST"}, "a network", "ten digits"),
        ({"model": "ResNet", "data": "CIFAR-10"}, "ResNet", "ten samples of CIFAR-10"),
        ({"model": " a small\nnetwork ", "data": 5}, "a small network", "ten samples"),
        ({"model": "x" * 61, "data": ""}, "a network", "ten samples"),
    ],
)
def test_network_and_inputs(about: dict[str, Any], network: str, inputs: str) -> None:
    assert (name_network(about), count_inputs(about, None, 10, 10, are_pictures=False)) == (network, inputs)


def test_numbers() -> None:
    counts = [count_inputs({}, None, number, number, are_pictures=False) for number in (1, 2, 12, 13, 1000)]
    assert counts == ["one sample", "two samples", "twelve samples", "13 samples", "1,000 samples"]


@pytest.mark.parametrize(
    ("shown", "total", "text"),
    [(3, 10, "three of ten pictures"), (16, 64, "16 of 64 pictures"), (1, 13, "1 of 13 pictures")],
)
def test_samples_that_are_left_out_are_counted(shown: int, total: int, text: str) -> None:
    assert count_inputs({}, None, shown, total, are_pictures=True) == text


@pytest.mark.parametrize(
    ("labels", "count", "are_pictures", "title"),
    [
        (tuple("0123456789"), 10, True, "Ten digits find their names"),
        (("7", "11"), 2, True, "Two pictures find their names"),
        (None, 24, True, "24 pictures find their names"),
        (("sine",), 1, False, "One sample finds its name"),
    ],
)
def test_samples_find_their_names(
    labels: tuple[str, ...] | None, count: int, are_pictures: bool, title: str
) -> None:
    inputs = count_inputs({}, labels, count, count, are_pictures=are_pictures)
    assert describe_naming(inputs, count, 10, are_found=True) == title


@pytest.mark.parametrize(
    ("count", "classes", "title"),
    [(1, 10, "One sample among ten answers"), (3, 13, "Three samples among 13 answers")],
)
def test_samples_that_are_not_all_right_do_not_find_their_names(count: int, classes: int, title: str) -> None:
    inputs = count_inputs({}, None, count, count, are_pictures=False)
    assert describe_naming(inputs, count, classes, are_found=False) == title


@pytest.mark.parametrize(
    ("steps", "has_changed", "title"),
    [
        (9, True, "How layer 2 changes while a network learns"),
        (9, False, "While a network learns, layer 2 stays as it is"),
        (1, False, "At step 1,000: layer 2 of a network"),
    ],
)
def test_the_title_of_several_moments(steps: int, has_changed: bool, title: str) -> None:
    words = describe_changing("layer 2", "a network", 1000, steps=steps, has_changed=has_changed)
    assert words == title


@pytest.mark.parametrize(
    ("layer", "name"), [("conv6", "conv6"), ("2", "layer 2"), ("1.0", "layer 1.0"), ("été", "été")]
)
def test_a_number_alone_is_no_name(layer: str, name: str) -> None:
    assert name_layer(layer) == name


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((10, 16, 7, 7), {}, "2: 16 channels of 7 × 7, one per row"),
        ((10, 16, 7, 7), {"transposed": True}, "2: 16 channels of 7 × 7, one per column"),
        ((10, 64, 7, 9), {"channels": 6}, "2: 6 of 64 channels of 7 × 9, one per row"),
        (
            (10, 64, 7, 7),
            {"channels": 6, "are_different": True},
            "2: 6 of 64 channels, those that differ most; each 7 × 7, one per row",
        ),
        (
            (10, 64, 7, 7),
            {"channels": 1, "are_different": True},
            "2: 1 of 64 channels, the strongest; 7 × 7",
        ),
        ((10, 1, 28, 28), {}, "2: 1 channel of 28 × 28"),
        ((10, 4, 65, 65), {"attention": True}, "2, 4 heads: which position looks at which"),
        ((10, 1, 65, 65), {"attention": True}, "2, 1 head: which position looks at which"),
        ((10, 4096, 1, 1), {"fold": (1, 64, 64)}, "2: 4,096 values per sample, row by row"),
        ((10, 16, 1, 96), {}, "2: 16 channels of 96 values, one per row"),
        ((10, 1, 1, 1), {}, "2: 1 channel of 1 value"),
        ((10, 8, 1, 1), {}, "2: 8 values, one per row"),
        ((10, 8, 1, 1), {"are_classes": True, "transposed": True}, "2: 8 classes, one per column"),
        (
            (10, 8, 1, 1),
            {"channels": 6, "are_different": True},
            "2: 6 of 8 values, those that differ most, one per row",
        ),
        ((10, 6, 7, 7), {"dead": [5]}, "2: 6 channels of 7 × 7, one per row; channel 5 dead at the end"),
        (
            (10, 6, 7, 7),
            {"dead": [5, 0, 2], "at_end": False},
            "2: 6 channels of 7 × 7, one per row; 0, 2 and 5 dead",
        ),
        (
            (10, 6, 7, 7),
            {"dead": [0, 1, 2, 3]},
            "2: 6 channels of 7 × 7, one per row; 4 of them dead at the end",
        ),
        (
            (10, 6, 7, 7),
            {"dead": [5, 0], "are_dead_last": True},
            "2: 6 channels of 7 × 7, one per row; the last 2 dead at the end",
        ),
        (
            (10, 6, 7, 7),
            {"dead": [3], "are_dead_last": True, "at_end": False},
            "2: 6 channels of 7 × 7, one per row; the last one dead",
        ),
        (
            (10, 2, 7, 7),
            {"dead": [0, 1]},
            "2: 2 channels of 7 × 7, one per row; all dead at the end",
        ),
        ((10, 1, 7, 7), {"dead": [0], "ends": (0.0, 0.0)}, "2: 1 channel of 7 × 7; dead: 0 for every input"),
    ],
)
def test_what_is_seen_of_a_layer(shape: Shape, options: dict[str, Any], words: str) -> None:
    fold = options.pop("fold", None)
    low, high = options.pop("ends", (-1.0, 1.0))
    tap = TapInfo(shape, "float32", fold=fold, min=low, max=high)
    given = {
        "transposed": False,
        "are_different": False,
        "attention": False,
        "channels": tap.map_shape[0],
        **options,
    }
    assert describe_layer("2", tap, **given) == f"layer {words}"


@pytest.mark.parametrize("is_softmax", [True, False])
def test_maps_are_attention_only_if_their_rows_sum_to_one(tmp_path: Path, is_softmax: bool) -> None:
    values = np.random.default_rng(0).random((2, 3, 4, 5, 5))
    if is_softmax:
        values /= values.sum(axis=-1, keepdims=True)
    run = write_run(tmp_path / "run", {"block.attention": values}, bounds=None)
    context = run.reel("article").scene.context
    assert ("4 heads" in str(context.text_fields["seen"])) == is_softmax
