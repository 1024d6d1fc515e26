"""The labelled pictures that `reelnet train` knows: MNIST, torchvision's by name, a folder of one's own."""

from __future__ import annotations

import difflib
import gzip
import inspect
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

from reelnet.errors import ReelnetError, UsageError, suggest_names

ARTICLE_SAMPLES = (10, 5, 35, 30, 4, 15, 11, 17, 268, 12)
"""The article's ten test pictures of MNIST, one of each digit in order."""


@dataclass(frozen=True)
class Data:
    """Labelled pictures, split in two.

    Attributes:
        name: As the user gave it.
        train: Pairs (picture, class); pictures are float32 (channels, height, width) in 0..1.
        test: Likewise; never trained on.
        classes: The classes' names.
        samples: Positions in `test` of the pictures that are recorded.
        inverted: Whether the pictures are white on black what a person knows as ink on paper.
    """

    name: str
    train: Dataset[Any]
    test: Dataset[Any]
    classes: tuple[str, ...]
    samples: tuple[int, ...]
    inverted: bool = False

    def chosen(self) -> tuple[Tensor, list[str]]:
        """The recorded pictures (samples, channels, height, width) and their classes' names."""
        pairs = [self.test[index] for index in self.samples]
        return torch.stack([picture for picture, _ in pairs]), [
            self.classes[int(label)] for _, label in pairs
        ]

    def shown(self, pictures: Tensor) -> Tensor:
        """Pictures of this data as a person should see them, of the same shape and in 0..1."""
        return 1 - pictures if self.inverted else pictures


def load(name: str, *, channels: int, samples: int, root: Path | None, side: int | None) -> Data:
    """Open a data set.

    Args:
        name: `mnist` (ships with reelnet), `torchvision:NAME`, or `folder:PATH` (a folder of folders of
            pictures, one a class; with `train` and `test` or `val` folders in it, those are the split).
        channels: 1 for grey pictures, 3 for colour.
        samples: How many pictures to record, taken from the test set, class by class in turn.
        root: Where torchvision's data lies or is downloaded to; the user's cache folder by default.
        side: Height and width to bring the pictures to; as they are by default (224 for `folder:`).

    Raises:
        UsageError: There is no such data set, or too few pictures.
        ReelnetError: The data cannot be read or downloaded.
    """
    kind, _, wanted = name.partition(":")
    root = root if root is not None else user_cache_path("reelnet")
    match kind:
        case "mnist" if not wanted:
            train, test, classes = _mnist(root, channels, side)
        case "torchvision":
            train, test, classes = _torchvision(wanted, root, _transform(channels, side))
        case "folder":
            train, test, classes = _folder(Path(wanted), _transform(channels, side or 224))
        case _:
            raise _unknown(name)
    chosen = ARTICLE_SAMPLES if kind == "mnist" and samples == 10 else _in_turn(test, samples, len(classes))
    return Data(name, train, test, classes, chosen, inverted=kind == "mnist")


def batches(dataset: Dataset[Any], size: int, *, seed: int | None = None) -> DataLoader[Any]:
    """Batches of `size`: in random order, full ones only, when there is a `seed`; else all, in order.

    Raises:
        UsageError: A full batch is more than there is.
    """
    count = len(cast(Sized, dataset))
    if seed is not None and size > count:
        raise UsageError(f"--batch-size {size}: there are {count} pictures to train on; take fewer")
    if seed is not None:
        order: Any = RandomSampler(cast(Sized, dataset), generator=torch.Generator().manual_seed(seed))
    else:
        order = SequentialSampler(cast(Sized, dataset))
    sampler = BatchSampler(order, size, drop_last=seed is not None)
    if isinstance(dataset, TensorDataset):
        # One indexing a batch instead of a thousand: ten times as fast.
        return DataLoader(dataset, batch_size=None, sampler=sampler)
    return DataLoader(dataset, batch_sampler=sampler)


def _unknown(name: str) -> UsageError:
    # Also by the bare name: --data CIFAR10 lacks nothing but where it comes from.
    meant = {"mnist": "mnist"}
    for each in _published():
        whole = f"torchvision:{each}"
        meant = {each.lower(): whole, whole.lower(): whole} | meant
    near = difflib.get_close_matches(name.lower(), meant, n=1)
    hint = f"did you mean {meant[near[0]]!r}? There" if near else "there"
    return UsageError(f"--data {name}: no such data set; {hint} are mnist, torchvision:NAME and folder:PATH")


def _published() -> list[str]:
    return [each for each in datasets.__all__ if inspect.isclass(getattr(datasets, each, None))]


def _mnist(root: Path, channels: int, side: int | None) -> tuple[Dataset[Any], Dataset[Any], tuple[str, ...]]:
    _unpack_mnist(root / "MNIST" / "raw")
    parts = []
    for train in (True, False):
        try:
            part = datasets.MNIST(str(root), train=train, download=False)
        except Exception as error:
            raise ReelnetError(
                f"{root / 'MNIST' / 'raw'}: damaged ({error}); remove this folder, it is unpacked anew"
            ) from error
        pictures = part.data[:, None].float().div_(255)
        if side is not None:
            pictures = transforms.functional.resize(pictures, [side, side], antialias=True)
        parts.append(TensorDataset(pictures.expand(-1, channels, -1, -1), part.targets))
    return parts[0], parts[1], tuple("0123456789")


def _unpack_mnist(folder: Path) -> None:
    """Lay the shipped files out as torchvision expects them, once."""
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
            f"{folder}: cannot unpack MNIST here ({error.strerror}); name a folder with --data-root"
        ) from error


def _torchvision(name: str, root: Path, transform: Any) -> tuple[Dataset[Any], Dataset[Any], tuple[str, ...]]:
    known = _published()
    if name not in known:
        raise UsageError(f"--data torchvision:{name}: no such data set; {suggest_names(name, known)}")
    make = getattr(datasets, name)
    words = inspect.signature(make).parameters
    common = {"transform": transform} | ({"root": str(root)} if "root" in words else {})
    common |= {"download": True} if "download" in words else {}
    try:
        if "train" in words:
            train, test = make(train=True, **common), make(train=False, **common)
        elif "split" in words:
            train, test = make(split="train", **common), make(split="test", **common)
        else:
            train, test = _halves(make(**common))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ReelnetError(f"--data torchvision:{name}: cannot be loaded from {root} ({reason})") from error
    return train, test, _classes(train)


def _folder(path: Path, transform: Any) -> tuple[Dataset[Any], Dataset[Any], tuple[str, ...]]:
    try:
        if (path / "train").is_dir():
            test = next((path / each for each in ("test", "val") if (path / each).is_dir()), None)
            if test is None:
                raise UsageError(f"--data folder:{path}: has 'train' but neither 'test' nor 'val'")
            first = datasets.ImageFolder(str(path / "train"), transform, loader=_open)
            second = datasets.ImageFolder(str(test), transform, loader=_open)
            if first.classes != second.classes:
                only = ", ".join(sorted(set(first.classes) ^ set(second.classes)))
                raise UsageError(
                    f"--data folder:{path}: 'train' and '{test.name}' hold other classes ({only})"
                )
            return first, second, _classes(first)
        whole = datasets.ImageFolder(str(path), transform, loader=_open)
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise UsageError(f"--data folder:{path}: not a folder of folders of pictures ({reason})") from error
    return (*_halves(whole), _classes(whole))


def _open(path: str) -> Any:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except OSError as error:
        raise ReelnetError(
            f"{path}: not a picture that can be read ({error}); repair or remove it"
        ) from error


def _halves(whole: Dataset[Any]) -> tuple[Dataset[Any], Dataset[Any]]:
    """Nine tenths to train on and each tenth picture to test on."""
    count = len(cast(Sized, whole))
    return Subset(whole, [i for i in range(count) if i % 10]), Subset(whole, range(0, count, 10))


def _classes(dataset: Any) -> tuple[str, ...]:
    inner = dataset.dataset if isinstance(dataset, Subset) else dataset
    names = getattr(inner, "classes", None)
    if names:
        return tuple(map(str, names))
    count = getattr(inner, "num_classes", None)
    if count is None:
        labels = getattr(inner, "targets", None)
        labels = labels if labels is not None else getattr(inner, "labels", None)
        if labels is None:
            raise ReelnetError(
                f"{type(inner).__name__}: does not tell its classes; use one for classification"
            )
        count = int(max(labels)) + 1
    return tuple(map(str, range(count)))


def _in_turn(dataset: Dataset[Any], count: int, classes: int) -> tuple[int, ...]:
    """The first pictures of each class in turn: class 0, 1, 2 …, then the second ones."""
    size = len(cast(Sized, dataset))
    if not 1 <= count <= size:
        raise UsageError(f"--samples {count}: take from 1 to {size}, the number of test pictures")
    inner: Any = dataset
    labels = _labels(inner)
    seen: dict[int, list[int]] = {label: [] for label in range(classes)}
    # Far enough to meet each class often enough, without decoding a whole data set.
    for index in range(size if labels is not None else min(size, max(2000, 4 * count))):
        label = labels[index] if labels is not None else int(inner[index][1])
        seen.setdefault(label, []).append(index)
        if all(len(found) * classes >= count for found in seen.values()):
            break
    ranked = sorted((turn, label, index) for label, found in seen.items() for turn, index in enumerate(found))
    return tuple(index for _, _, index in ranked[:count])


def _labels(dataset: Any) -> list[int] | None:
    """The class of each picture where it can be told without decoding pictures."""
    if isinstance(dataset, TensorDataset):
        return list(map(int, dataset.tensors[1]))
    if isinstance(dataset, datasets.ImageFolder):
        return list(dataset.targets)
    if isinstance(dataset, Subset):
        inner = _labels(dataset.dataset)
        return [inner[index] for index in dataset.indices] if inner is not None else None
    return None


def _transform(channels: int, side: int | None) -> Any:
    steps: list[Any] = [transforms.Grayscale(channels)] if channels == 1 else [_to_colour]
    if side is not None:
        steps += [transforms.Resize(side), transforms.CenterCrop(side)]
    return transforms.Compose([*steps, transforms.ToTensor()])


def _to_colour(picture: Any) -> Any:
    return picture.convert("RGB")
