"""The datasets of `reelnet train`: MNIST, torchvision's classification datasets, and a folder of images."""

from __future__ import annotations

import gzip
import inspect
import logging
import warnings
from collections import defaultdict
from collections.abc import Sized
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from platformdirs import user_cache_path
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
)
from torchvision import datasets, transforms

from reelnet._support.input_path import require_regular
from reelnet._support.text import format_count, one_line
from reelnet.demo.networks import suggest_source
from reelnet.errors import ReelnetError, UsageError, suggest_names

LOG = logging.getLogger("reelnet")

ARTICLE_SAMPLES = (10, 5, 35, 30, 4, 15, 11, 17, 268, 12)
"""Indices of the article's ten test images of MNIST, one of each digit in order."""

DEFAULT_SAMPLES = len(ARTICLE_SAMPLES)
"""Number of images to record, unless the user sets it or the test set has fewer."""

FOLDER_IMAGE_SIZE = 224
"""Height and width of images from a folder, unless the user sets them; in pixels."""

Split = tuple[Dataset[Any], Dataset[Any], tuple[str, ...]]
"""Training set, test set, and the names of the classes."""


@dataclass(frozen=True)
class LabeledImages:
    """A training set and a test set of labeled images.

    Attributes:
        train: Pairs (image, class); images are float32 (channels, height, width) in 0..1.
        test: Pairs like those of `train`, for evaluation.
        classes: Names of the classes.
        sample_indices: Indices into `test` of the images that are recorded.
        inverted: Whether to invert the images for people: MNIST is white on black, but people know ink on paper.
    """

    train: Dataset[Any]
    test: Dataset[Any]
    classes: tuple[str, ...]
    sample_indices: tuple[int, ...]
    inverted: bool = False

    def get_samples(self) -> tuple[Tensor, list[str]]:
        """Return the recorded images (samples, channels, height, width), and the names of their classes."""
        images, labels = zip(*(self.test[index] for index in self.sample_indices), strict=True)
        return torch.stack(images), [self.classes[int(label)] for label in labels]

    def to_display(self, images: Tensor) -> Tensor:
        """Return images as people should see them, in the same shape and range."""
        return 1 - images if self.inverted else images


def load_images(
    name: str, *, channels: int, samples: int | None, root: Path | None, image_size: int | None
) -> LabeledImages:
    """Load a dataset.

    Args:
        name: `mnist` (included in reelnet), `torchvision:NAME`, or `folder:PATH`: a folder with one folder of images
            per class, or with such folders in `train` and `test` (or `val`).
        channels: 1 for grayscale images, 3 for color.
        samples: Number of images to record. They are taken from the test set, from each class in turn. By default 10,
            or all of a smaller test set.
        root: Folder in which torchvision's data is, or into which it is downloaded; None for the user's cache folder.
        image_size: Height and width to resize the images to; None keeps them (224 for `folder:`).

    Raises:
        UsageError: The dataset is unknown, or it has too few images.
        ReelnetError: The data cannot be read or downloaded.
    """
    source, _, path = name.partition(":")
    root = root if root is not None else user_cache_path("reelnet")
    if name == "mnist":
        train, test, classes = _load_mnist(root, channels, image_size)
    elif source == "torchvision":
        train, test, classes = _load_torchvision(path, root, _make_transform(channels, image_size))
    elif source == "folder":
        transform = _make_transform(channels, image_size or FOLDER_IMAGE_SIZE)
        train, test, classes = _load_folder(Path(path), transform)
    else:
        hint = suggest_source(name, "mnist", _list_torchvision_datasets())
        raise UsageError(f"--data {name}: unknown dataset; {hint} mnist, torchvision:NAME and folder:PATH")
    samples = fit_count("--samples", samples, DEFAULT_SAMPLES, len(cast(Sized, test)), "test image")
    like_article = name == "mnist" and samples == len(ARTICLE_SAMPLES)
    indices = ARTICLE_SAMPLES if like_article else _pick_samples(test, samples, len(classes))
    return LabeledImages(train, test, classes, indices, inverted=name == "mnist")


def fit_count(option: str, count: int | None, default: int, available: int, noun: str) -> int:
    """Return a count that the user has set, or else the default; if that is more than there are, all, with a note.

    Args:
        option: The option that sets the count.
        count: What the user has set.
        default: The count if the user has set none.
        available: How many there are.
        noun: What is counted.
    """
    if count is not None:
        return count
    if 0 < available < default:
        LOG.warning(
            "%s: %s instead of %s, as there are no more", option, format_count(available, noun), default
        )
        return available
    return default


def make_loader(dataset: Dataset[Any], batch_size: int, *, seed: int | None = None) -> DataLoader[Any]:
    """Make a loader: with a `seed`, full batches in random order; otherwise all images in order.

    Raises:
        UsageError: With a seed: the dataset has no full batch.
    """
    sized = cast(Sized, dataset)
    order: Any = SequentialSampler(sized)
    if seed is not None:
        if batch_size > len(sized):
            raise UsageError(
                f"--batch-size {batch_size}: the training set has only {len(sized)} images; choose a smaller batch"
            )
        order = RandomSampler(sized, generator=torch.Generator().manual_seed(seed))
    sampler = BatchSampler(order, batch_size, drop_last=seed is not None)
    if isinstance(dataset, TensorDataset):
        # Index the tensors once per batch instead of once per image: ten times as fast.
        return DataLoader(dataset, batch_size=None, sampler=sampler)
    return DataLoader(dataset, batch_sampler=sampler)


def _load_mnist(root: Path, channels: int, image_size: int | None) -> Split:
    folder = root / "MNIST" / "raw"
    _unpack_mnist(folder)
    parts = []
    for train in (True, False):
        try:
            part = datasets.MNIST(str(root), train=train, download=False)
        except Exception as error:
            raise ReelnetError(
                f"{folder}: damaged ({error}); remove this folder, and reelnet unpacks it again"
            ) from error
        images = part.data[:, None].float().div_(255)
        if image_size is not None:
            images = transforms.functional.resize(images, [image_size, image_size], antialias=True)
        parts.append(TensorDataset(images.expand(-1, channels, -1, -1), part.targets))
    return parts[0], parts[1], tuple("0123456789")


def _unpack_mnist(folder: Path) -> None:
    """Unpack the included files to where torchvision expects them, unless that was done before."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for packed in resources.files("reelnet").joinpath("data", "mnist").iterdir():
            file = folder / packed.name.removesuffix(".gz")
            if packed.name.endswith(".gz") and not file.exists():
                temporary = file.with_suffix(".tmp")
                temporary.write_bytes(gzip.decompress(packed.read_bytes()))
                temporary.replace(file)
    except OSError as error:
        raise ReelnetError(
            f"{folder}: cannot unpack MNIST here ({error.strerror}); choose another folder with --data-root"
        ) from error


def _list_torchvision_datasets() -> list[str]:
    return [name for name in datasets.__all__ if inspect.isclass(getattr(datasets, name, None))]


def _load_torchvision(name: str, root: Path, transform: Any) -> Split:
    known = _list_torchvision_datasets()
    if name not in known:
        raise UsageError(f"--data torchvision:{name}: unknown dataset; {suggest_names(name, known)}")
    dataset_class = getattr(datasets, name)
    parameters = inspect.signature(dataset_class).parameters
    options = {"transform": transform, "root": str(root), "download": True}
    options = {key: value for key, value in options.items() if key == "transform" or key in parameters}
    try:
        if "train" in parameters:
            train, test = dataset_class(train=True, **options), dataset_class(train=False, **options)
        elif "split" in parameters:
            train, test = dataset_class(split="train", **options), dataset_class(split="test", **options)
        else:
            train, test = _split_tenths(dataset_class(**options))
    except Exception as error:
        raise ReelnetError(
            f"--data torchvision:{name}: cannot be loaded from {root} ({one_line(error)})"
        ) from error
    return train, test, _get_classes(train)


def _load_folder(path: Path, transform: Any) -> Split:
    def load(folder: Path) -> datasets.ImageFolder:
        return datasets.ImageFolder(str(folder), transform, loader=_open_image)

    try:
        if not (path / "train").is_dir():
            images = load(path)
            if len(images) < 2:
                raise UsageError(
                    f"--data folder:{path}: has only 1 image; give two or more, as every tenth is for testing only"
                )
            return *_split_tenths(images), _get_classes(images)
        test_folder = next((path / name for name in ("test", "val") if (path / name).is_dir()), None)
        if test_folder is None:
            raise UsageError(f"--data folder:{path}: has 'train' but neither 'test' nor 'val'")
        train, test = load(path / "train"), load(test_folder)
    except OSError as error:
        reason = error.strerror or one_line(error)
        raise UsageError(
            f"--data folder:{path}: not a folder with one folder of images per class ({reason})"
        ) from error
    if train.classes != test.classes:
        different = ", ".join(sorted(set(train.classes) ^ set(test.classes)))
        raise UsageError(
            f"--data folder:{path}: 'train' and '{test_folder.name}' have different classes ({different})"
        )
    return train, test, _get_classes(train)


def _open_image(path: str) -> Any:
    require_regular(Path(path))
    try:
        # Pillow warns of damaged metadata, which do not change the pixels.
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ReelnetError(f"{path}: cannot be read as an image ({error}); repair or remove it") from error


def _split_tenths(dataset: Dataset[Any]) -> tuple[Dataset[Any], Dataset[Any]]:
    """Split a dataset: every tenth image is for testing, the others are for training."""
    count = len(cast(Sized, dataset))
    return Subset(dataset, [i for i in range(count) if i % 10]), Subset(dataset, range(0, count, 10))


def _get_classes(dataset: Any) -> tuple[str, ...]:
    """Return the names of the classes, or their numbers if the dataset has no names."""
    inner = dataset.dataset if isinstance(dataset, Subset) else dataset
    names = getattr(inner, "classes", None)
    if names:
        return tuple(map(str, names))
    count = getattr(inner, "num_classes", None)
    if count is None:
        labels = getattr(inner, "targets", getattr(inner, "labels", None))
        if labels is None:
            raise ReelnetError(
                f"{type(inner).__name__}: has no list of classes; choose a dataset for classification"
            )
        count = int(max(labels)) + 1
    return tuple(map(str, range(count)))


def _pick_samples(dataset: Any, count: int, classes: int) -> tuple[int, ...]:
    """Return the indices of the first image of each class, then of the second ones, and so on."""
    size = len(dataset)
    if not 1 <= count <= size:
        raise UsageError(f"--samples {count}: choose 1 to {size}, the number of test images")
    labels = _list_labels(dataset)
    by_class: dict[int, list[int]] = defaultdict(list)
    # Without a list of labels, look at enough images to meet each class often, but do not decode a whole dataset.
    for index in range(size if labels is not None else min(size, max(2000, 4 * count))):
        by_class[labels[index] if labels is not None else int(dataset[index][1])].append(index)
        if all(len(by_class[label]) * classes >= count for label in range(classes)):
            break
    ranked = sorted(
        (turn, label, index) for label, indices in by_class.items() for turn, index in enumerate(indices)
    )
    return tuple(index for _, _, index in ranked[:count])


def _list_labels(dataset: Any) -> list[int] | None:
    """Return the class of each image; None if the images must be decoded for that."""
    if isinstance(dataset, TensorDataset):
        return list(map(int, dataset.tensors[1]))
    if isinstance(dataset, datasets.ImageFolder):
        return list(dataset.targets)
    if isinstance(dataset, Subset):
        labels = _list_labels(dataset.dataset)
        return [labels[index] for index in dataset.indices] if labels is not None else None
    return None


def _make_transform(channels: int, image_size: int | None) -> Any:
    to_rgb = transforms.Lambda(lambda image: image.convert("RGB"))
    steps: list[Any] = [transforms.Grayscale() if channels == 1 else to_rgb]
    if image_size is not None:
        steps += [transforms.Resize(image_size), transforms.CenterCrop(image_size)]
    return transforms.Compose([*steps, transforms.ToTensor()])
