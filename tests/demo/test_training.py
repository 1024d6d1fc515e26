"""A whole training: data, network, recording."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from reelnet.demo import training
from reelnet.demo.networks import build_network
from reelnet.demo.training import Recipe, list_layers
from reelnet.errors import ReelnetError, UsageError
from reelnet.reel import Run

CHANNELS = [4, 4, 8, 8, 16, 16]
SIDES = [28, 28, 14, 14, 7, 7]

train = functools.partial(training.train, evaluations=1)


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Run:
    path = tmp_path_factory.mktemp("runs") / "article"
    train(path, Recipe(steps=4, batch_size=128, seed=5), root=root)
    return Run(path)


def test_the_articles_network_is_recorded_after_each_step(article: Run) -> None:
    assert article.steps == [0, 1, 2, 3, 4]
    assert article.labels == tuple("0123456789")
    *convolutions, output = article.taps.items()
    assert (output[0], output[1].shape, article.class_output) == ("dense3", (10, 10, 1, 1), "dense3")
    assert article.classes == tuple("0123456789")
    for number, (name, tap) in enumerate(convolutions):
        assert name == f"conv{number + 1}"
        assert tap.shape == (10, CHANNELS[number], SIDES[number], SIDES[number])
        assert (tap.dtype, tap.bounds) == ("float32", (-1.0, 1.0))
        values = article.read(name).astype(float)
        assert np.abs(values).max() <= 1
        assert all(not np.array_equal(values[step], values[step + 1]) for step in range(4))
    assert set(article.metrics) == {"test_loss", "test_accuracy", "train_loss", "train_accuracy"}
    np.testing.assert_array_equal(
        np.isfinite(article.metrics["test_accuracy"]), [True, False, False, False, True]
    )
    np.testing.assert_array_equal(np.isfinite(article.metrics["train_loss"]), [False, True, True, True, True])
    facts = {"model": "a small network", "data": "MNIST", "seed": 5}
    assert {key: article.about[key] for key in facts} == facts


def test_the_digits_are_shown_dark_on_white(article: Run) -> None:
    shown, fed = article.samples, article.inputs
    assert shown.shape == (10, 28, 28)
    assert (shown[:, 0] == 255).all()
    np.testing.assert_array_equal(shown, 255 - np.rint(fed[:, 0].astype(float) * 255))


def test_the_first_convolution_is_what_its_weights_say(article: Run) -> None:
    torch.manual_seed(5)
    kernel = build_network("article", 10).get_parameter("conv1.weight").detach().numpy()
    fed = np.pad(article.inputs[:, 0].astype(float), ((0, 0), (1, 1), (1, 1)))
    expected = np.zeros((10, 4, 28, 28))
    for row in range(3):
        for column in range(3):
            part = fed[:, None, row : row + 28, column : column + 28]
            expected += kernel[None, :, 0, row, column, None, None] * part
    np.testing.assert_allclose(article.read("conv1", 0)[0], np.tanh(expected), atol=1e-6)


def test_the_same_seed_gives_the_same_recording(article: Run, root: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    for seed, same in ((5, True), (6, False)):
        path = tmp_path / str(seed)
        train(
            path,
            Recipe(steps=4, batch_size=128, seed=seed),
            root=root,
            progress=lambda *counts: calls.append(counts),
        )
        again = Run(path)
        for name in article.taps:
            assert np.array_equal(again.read(name), article.read(name)) == same
        assert (again.metrics["test_loss"][-1] == article.metrics["test_loss"][-1]) == same
    assert calls == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)] * 2


def test_torchvisions_networks_and_data(tmp_path: Path) -> None:
    recipe = Recipe(
        "torchvision:resnet18", "torchvision:FakeData", steps=2, batch_size=8, samples=3, image_size=32
    )
    recipe = Recipe(**{**vars(recipe), "layers": ("conv1", "layer?.0.conv2")})
    outcome = train(tmp_path / "run", recipe, root=tmp_path)
    run = Run(tmp_path / "run")
    assert (outcome.steps, run.steps) == (2, [0, 1, 2])
    assert run.metrics["test_accuracy"][-1] == outcome.test_accuracy
    assert {name: tap.shape for name, tap in run.taps.items()} == {
        "conv1": (3, 64, 16, 16),
        "layer1.0.conv2": (3, 64, 8, 8),
        "layer2.0.conv2": (3, 128, 4, 4),
        "layer3.0.conv2": (3, 256, 2, 2),
        "layer4.0.conv2": (3, 512, 1, 1),
    }
    assert run.samples.shape == (3, 32, 32, 3)
    assert run.inputs.shape == (3, 3, 32, 32)


def test_the_layers_of_the_articles_network(root: Path) -> None:
    found = {point.path: point for point in list_layers(Recipe(), root)}
    maps = ["conv1", "conv2", "pool1", "conv3", "conv4", "pool2", "conv5", "conv6"]
    assert list(found) == [*maps, "flatten", "dense1", "relu1", "dense2", "relu2", "dense3"]
    assert found["dense3"].info.shape == (10, 10, 1, 1)
    assert found["conv6"].info.shape == (10, 16, 7, 7)
    assert found["conv6"].info.bounds == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(model="articel"), "--model articel: unknown network; did you mean 'article'"),
        (Recipe(model="torchvision:resnet19"), "did you mean 'resnet1"),
        (Recipe(data="cifar"), "--data cifar: unknown dataset; "),
        (Recipe(layers=("conv7",), steps=1), "no layer 'conv7' .*did you mean 'conv"),
        (Recipe(batch_size=70_000), "--batch-size 70000"),
    ],
)
def test_unknown_names_are_one_line_and_leave_no_folder(
    recipe: Recipe, message: str, root: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message) as error:
        train(tmp_path / "run", recipe, root=root)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_images_that_the_network_cannot_take(root: Path, tmp_path: Path) -> None:
    recipe = Recipe(model="torchvision:squeezenet1_1", image_size=1, steps=1)
    with pytest.raises(ReelnetError, match=r"cannot take a batch of 250x3x1x1 \(.*--image-size") as error:
        train(tmp_path / "run", recipe, root=root)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("side", [14, 32])
def test_the_articles_network_names_its_size(side: int, root: Path, tmp_path: Path) -> None:
    expected = (
        f"takes images of 28×28 pixels, but those of --data mnist have {side}×{side}; use --image-size 28"
    )
    with pytest.raises(UsageError, match=expected):
        train(tmp_path / "run", Recipe(image_size=side, steps=1), root=root)
    with pytest.raises(UsageError, match=expected):
        list_layers(Recipe(image_size=side), root)
    assert list(tmp_path.iterdir()) == []


def test_small_data_lowers_the_defaults(root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(12):
        (tmp_path / "data" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), 20 * number).save(tmp_path / "data" / "ab"[number % 2] / f"{number}.png")
    recipe = Recipe(data=f"folder:{tmp_path / 'data'}", steps=1, image_size=28)
    train(tmp_path / "run", recipe, root=root)
    run = Run(tmp_path / "run")
    assert (len(run.samples), run.about["samples"], run.about["batch_size"]) == (2, 2, 10)
    assert {record.getMessage() for record in caplog.records} >= {
        "--samples: 2 test images instead of 10, as there are no more",
        "--batch-size: 10 training images instead of 1024, as there are no more",
    }


def test_an_existing_run_is_refused_and_kept(article: Run, root: Path) -> None:
    before = (article.path / "log.jsonl").read_bytes()
    with pytest.raises(ReelnetError, match="a run exists already"):
        train(article.path, Recipe(steps=1, batch_size=8), root=root)
    assert (article.path / "log.jsonl").read_bytes() == before
