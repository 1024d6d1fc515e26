"""The images that come with reelnet, those of torchvision, and those of a folder."""

from __future__ import annotations

import itertools
from collections.abc import Sized
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import ImageFolder

from reelnet.demo.datasets import LabeledImages, load_images, make_loader
from reelnet.errors import ReelnetError, UsageError
from reelnet.record.samples import to_pictures


@pytest.fixture(scope="module")
def mnist(root: Path) -> LabeledImages:
    return load_images("mnist", channels=1, samples=10, root=root, image_size=None)


def length(dataset: Any) -> int:
    return len(cast(Sized, dataset))


def test_mnist_is_complete(mnist: LabeledImages) -> None:
    assert (length(mnist.train), length(mnist.test)) == (60_000, 10_000)
    pictures, labels = mnist.train[:]
    assert pictures.shape == (60_000, 1, 28, 28)
    assert pictures.dtype == torch.float32
    assert (pictures.min(), pictures.max()) == (0, 1)
    # Counts of each digit, as published with the data set.
    assert torch.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert torch.bincount(mnist.test[:][1]).tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    assert mnist.classes == tuple("0123456789")


def test_the_articles_samples_are_the_ten_digits_in_order(mnist: LabeledImages) -> None:
    assert mnist.sample_indices == (10, 5, 35, 30, 4, 15, 11, 17, 268, 12)
    pictures, labels = mnist.get_samples()
    assert labels == list("0123456789")
    assert torch.equal(pictures[3], mnist.test[30][0])


def test_mnist_is_shown_as_ink_on_paper(mnist: LabeledImages) -> None:
    pictures, _ = mnist.get_samples()
    shown = to_pictures(mnist.to_display(pictures).numpy())
    assert (shown[:, 0, 0] == 255).all()  # paper in the corner
    np.testing.assert_array_equal(shown, 255 - np.rint(pictures[:, 0].numpy() * 255).astype(np.uint8))
    assert pictures[:, 0, 0, 0].max() == 0  # what the network gets is as published


def test_other_numbers_of_samples_are_picked_from_each_class_in_turn(root: Path) -> None:
    data = load_images("mnist", channels=3, samples=13, root=root, image_size=14)
    pictures, labels = data.get_samples()
    assert labels == [*"0123456789", *"012"]
    assert len(set(data.sample_indices)) == 13
    assert pictures.shape == (13, 3, 14, 14)


@pytest.mark.parametrize("count", [0, 10_001])
def test_invalid_numbers_of_samples(count: int, root: Path) -> None:
    with pytest.raises(UsageError, match=f"--samples {count}: choose 1 to 10000"):
        load_images("mnist", channels=1, samples=count, root=root, image_size=None)


def test_a_damaged_copy_of_mnist_is_one_clear_line(tmp_path: Path) -> None:
    load_images("mnist", channels=1, samples=10, root=tmp_path, image_size=None)
    file = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ReelnetError, match=r"raw: damaged .*; remove this folder"):
        load_images("mnist", channels=1, samples=10, root=tmp_path, image_size=None)


def test_a_data_root_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReelnetError, match=r"cannot unpack MNIST here .*--data-root"):
        load_images("mnist", channels=1, samples=10, root=tmp_path / "file", image_size=None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mnits", r"did you mean 'mnist'\? Choose from mnist, torchvision:NAME and folder:PATH"),
        ("MNIST", "did you mean 'mnist'"),
        ("mnist:full", "did you mean 'mnist'"),
        ("cifar10", "did you mean 'torchvision:CIFAR10'"),
        ("torchvison:FashionMNIST", "did you mean 'torchvision:FashionMNIST'"),
        ("my pictures", "unknown dataset; choose from mnist, torchvision:NAME and folder:PATH"),
        ("torchvision:FakeDat", "did you mean 'FakeData'"),
        ("torchvision:fakedata", "did you mean 'FakeData'"),
        ("torchvision:", "choose from .* in all"),
        ("torchvision:VisionDataset", "cannot be loaded"),
        ("folder:/does/not/exist", "not a folder with one folder of images per class"),
    ],
)
def test_unknown_datasets(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ReelnetError, match=message) as error:
        load_images(name, channels=3, samples=2, root=tmp_path, image_size=8)
    assert f"--data {name}" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_download_that_fails_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route\nto host")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", refuse)
    with pytest.raises(
        ReelnetError, match=r"FashionMNIST: cannot be loaded from .*no route to host"
    ) as error:
        load_images("torchvision:FashionMNIST", channels=1, samples=2, root=tmp_path, image_size=None)
    assert "\n" not in str(error.value)


def make_image_folder(path: Path, counts: dict[str, int]) -> None:
    for shade, (name, count) in enumerate(counts.items(), 1):
        (path / name).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (12, 9), (shade * 50, number, 0)).save(path / name / f"{number:04d}.png")


def test_a_folder_with_one_folder_of_images_per_class(tmp_path: Path) -> None:
    make_image_folder(tmp_path, {"cat": 20, "dog": 20})
    data = load_images(f"folder:{tmp_path}", channels=3, samples=4, root=None, image_size=8)
    assert (length(data.train), length(data.test)) == (36, 4)
    assert data.classes == ("cat", "dog")
    pictures, labels = data.get_samples()
    assert labels == ["cat", "dog", "cat", "dog"]
    assert pictures.shape == (4, 3, 8, 8)
    assert [round(float(picture[0, 0, 0]) * 255) for picture in pictures] == [50, 100, 50, 100]
    assert torch.equal(data.to_display(pictures), pictures)
    gray = load_images(f"folder:{tmp_path}", channels=1, samples=1, root=None, image_size=8)
    assert gray.get_samples()[0].shape == (1, 1, 8, 8)


def test_samples_come_from_all_classes_of_a_long_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_image_folder(tmp_path / "train", {"a": 1, "b": 1})
    make_image_folder(tmp_path / "val", {"a": 1, "b": 1})
    make = ImageFolder

    class Long(make):  # type: ignore[misc, valid-type]
        """Has 3,000 images of the first class before those of the second class."""

        def __init__(self, *args: Any, **words: Any) -> None:
            super().__init__(*args, **words)
            first, second = self.imgs
            self.samples = [first] * 3000 + [second] * 10
            self.targets = [label for _, label in self.samples]

    monkeypatch.setattr("torchvision.datasets.ImageFolder", Long)
    data = load_images(f"folder:{tmp_path}", channels=3, samples=4, root=None, image_size=8)
    assert data.sample_indices == (0, 3000, 1, 3001)


def test_a_folder_with_its_own_split(tmp_path: Path) -> None:
    make_image_folder(tmp_path / "train", {"a": 3, "b": 2})
    with pytest.raises(UsageError, match="has 'train' but neither 'test' nor 'val'"):
        load_images(f"folder:{tmp_path}", channels=3, samples=1, root=None, image_size=8)
    make_image_folder(tmp_path / "val", {"a": 1, "b": 1})
    data = load_images(f"folder:{tmp_path}", channels=3, samples=2, root=None, image_size=8)
    assert (length(data.train), length(data.test)) == (5, 2)
    make_image_folder(tmp_path / "test", {"a": 1, "c": 1})
    with pytest.raises(UsageError, match=r"'train' and 'test' have different classes \(b, c\)"):
        load_images(f"folder:{tmp_path}", channels=3, samples=2, root=None, image_size=8)


def test_few_images_lower_the_default_number_of_samples(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_image_folder(tmp_path, {"a": 20, "b": 11})
    data = load_images(f"folder:{tmp_path}", channels=3, samples=None, root=None, image_size=8)
    assert len(data.sample_indices) == length(data.test) == 4
    assert [record.getMessage() for record in caplog.records] == [
        "--samples: 4 test images instead of 10, as there are no more"
    ]
    with pytest.raises(UsageError, match="--samples 10: choose 1 to 4"):
        load_images(f"folder:{tmp_path}", channels=3, samples=10, root=None, image_size=8)


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    make_image_folder(tmp_path / "train", {"a": 2})
    make_image_folder(tmp_path / "test", {"a": 1})
    broken = tmp_path / "train" / "a" / "0001.png"
    broken.write_bytes(broken.read_bytes()[:30])
    data = load_images(f"folder:{tmp_path}", channels=3, samples=1, root=None, image_size=8)
    with pytest.raises(ReelnetError, match=r"0001\.png: cannot be read as an image"):
        list(make_loader(data.train, 2))


def test_batches_come_in_the_order_of_their_seed(mnist: LabeledImages) -> None:
    def order(seed: int) -> torch.Tensor:
        loader = make_loader(mnist.train, 64, seed=seed)
        return torch.cat([labels for _, labels in itertools.islice(loader, 4)])

    assert torch.equal(order(1), order(1))
    assert not torch.equal(order(1), order(2))
    assert len(make_loader(mnist.train, 1024, seed=0)) == 58
    assert sum(len(labels) for _, labels in make_loader(mnist.test, 3000)) == 10_000
    with pytest.raises(UsageError, match="--batch-size 60001: the training set has only 60000 images"):
        make_loader(mnist.train, 60_001, seed=0)


def test_damaged_metadata_of_an_image(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    make_image_folder(tmp_path, {"a": 2})
    damaged = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x05\x00\x0f\x01\x02\x00\xff\xff\x00\x00\xff\xff\x00\x00"
    (tmp_path / "b").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "b" / "0.jpg", exif=damaged)
    data = load_images(f"folder:{tmp_path}", channels=3, samples=1, root=None, image_size=8)
    for dataset in (data.train, data.test):
        for index in range(length(dataset)):
            dataset[index]
    assert not [warning for warning in recwarn if "File Read" in str(warning.message)]


def test_a_folder_with_one_image(tmp_path: Path) -> None:
    make_image_folder(tmp_path, {"a": 1})
    with pytest.raises(UsageError, match="has only 1 image; give two or more"):
        load_images(f"folder:{tmp_path}", channels=3, samples=None, root=None, image_size=8)
