"""Normalized inputs: shown as the pictures that they were, or the log says that they are not."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reelnet
from reelnet.errors import UsageError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Normalize(nn.Module):
    """Like torchvision's transform."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.std = list(MEAN), list(STD)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return normalize(values)


def normalize(
    values: torch.Tensor, mean: tuple[float, ...] = MEAN, std: tuple[float, ...] = STD
) -> torch.Tensor:
    """Normalize pictures (samples, channels, height, width)."""
    return (values - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)


def night() -> torch.Tensor:
    """A dark gray ramp in color, of which stretching makes a bright one with a tint."""
    return torch.linspace(0, 0.15, 8).view(1, 1, 1, 8).expand(2, 3, 8, 8).contiguous()


def record(path: Path, samples: Any, channels: int = 3, **options: Any) -> np.ndarray[Any, Any]:
    """The pictures of a run."""
    with reelnet.Recorder(path / "run", nn.Sequential(nn.Conv2d(channels, 2, 3)), samples=samples, **options):
        pass
    return reelnet.open(path / "run").samples


@pytest.mark.parametrize(
    "options",
    [
        {"mean": MEAN, "std": STD},
        {"mean": torch.tensor(MEAN), "std": np.array(STD)},
        {"denormalize": Normalize()},
        {"denormalize": SimpleNamespace(transforms=[abs, Normalize()])},
        {"denormalize": nn.Sequential(nn.Identity(), Normalize())},
        {"denormalize": lambda x: x * torch.tensor(STD).view(-1, 1, 1) + torch.tensor(MEAN).view(-1, 1, 1)},
    ],
)
def test_they_are_the_pictures_that_they_were(
    tmp_path: Path, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    shown = record(tmp_path, normalize(night()), **options)
    np.testing.assert_array_equal(shown, np.rint(255 * night().permute(0, 2, 3, 1).double().numpy()))
    assert "stretched" not in caplog.text


def test_gray_pictures_have_one_mean(tmp_path: Path) -> None:
    gray = night()[:, :1]
    shown = record(tmp_path, (gray - 0.1307) / 0.3081, 1, mean=0.1307, std=0.3081)
    np.testing.assert_array_equal(shown, np.rint(255 * gray[:, 0].double().numpy()))


def test_means_up_to_255(tmp_path: Path) -> None:
    mean = (123.7, 116.8, 103.9)
    shown = record(tmp_path, normalize(255 * night(), mean, (1.0, 1.0, 1.0)), mean=mean, std=1)
    np.testing.assert_array_equal(shown, np.rint(255 * night().permute(0, 2, 3, 1).double().numpy()))


def test_pictures_of_several_sizes(tmp_path: Path) -> None:
    class Lists(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 2, 3)

        def forward(self, pictures: list[torch.Tensor]) -> Any:
            return self.conv(torch.stack([each[:, :4, :6] for each in pictures]))

    pictures = [night()[0], night()[0, :, :4, :6]]
    samples = ([normalize(each[None])[0] for each in pictures],)
    with reelnet.Recorder(tmp_path / "run", Lists(), samples=samples, taps=["conv"], mean=MEAN, std=STD):
        pass
    shown = reelnet.open(tmp_path / "run").samples
    np.testing.assert_array_equal(shown[0], np.rint(255 * night()[0].permute(1, 2, 0).numpy()))
    # What surrounds the smaller one is black.
    assert not shown[1, 0].any()


def test_without_a_mean_the_log_says_once_that_they_are_stretched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "reelnet"):
        shown = record(tmp_path, normalize(night()))
    assert shown.max() == 255
    said = [message for message in caplog.messages if "stretched" in message]
    assert len(said) == 1
    assert "inputs from -2.12 to -1.14 are stretched" in said[0]
    assert "mean= and std=" in said[0]


@pytest.mark.parametrize("samples", [night(), (255 * night()).to(torch.uint8).float() / 255])
def test_brightness_is_not_stretched(
    tmp_path: Path, samples: torch.Tensor, caplog: pytest.LogCaptureFixture
) -> None:
    record(tmp_path, samples)
    assert "stretched" not in caplog.text


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        (normalize(night()), {"mean": MEAN}, "both mean= and std="),
        (normalize(night()), {"mean": MEAN, "std": STD, "denormalize": Normalize()}, "either mean= and std="),
        (
            normalize(night()),
            {"mean": MEAN, "std": STD, "shown": np.zeros((2, 8, 8))},
            "shown= are pictures already",
        ),
        (normalize(night()), {"mean": MEAN[:2], "std": STD[:2]}, "2 numbers do not fit samples of shape"),
        (normalize(night()), {"mean": (0.1,) * 3, "std": (5.0,) * 3}, "leaves values from -10.5 to"),
        (night(), {"mean": MEAN, "std": STD}, "are not normalized"),
        (normalize(night()), {"mean": MEAN, "std": 0}, "above 0"),
        (normalize(night()), {"mean": "x", "std": 1}, "give a number each"),
        (
            normalize(night()),
            {"denormalize": nn.Sequential(nn.Identity())},
            "no transforms with mean and std",
        ),
        (normalize(night()), {"denormalize": nn.Sequential(Normalize(), Normalize())}, "2 transforms"),
        (normalize(night()), {"mean": [], "std": []}, "mean and std are empty"),
        (
            normalize(night()),
            {"denormalize": lambda values: None},
            "denormalize returned a NoneType; return",
        ),
        (normalize(night()), {"denormalize": lambda values: "x"}, "denormalize returned a str"),
        (normalize(night()), {"denormalize": 3}, "no transforms with mean and std in int"),
    ],
)
def test_what_cannot_be_right_is_refused(
    tmp_path: Path, samples: torch.Tensor, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        record(tmp_path, samples, **options)
    assert not (tmp_path / "run").exists()
