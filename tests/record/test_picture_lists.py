"""Models that take a list of pictures, as those for detection do: its length is the number of samples."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import reelnet
from reelnet.errors import ReelnetError
from reelnet.record.recorder import Recorder
from reelnet.record.samples import Samples


class Detector(nn.Module):
    """Takes a list of pictures of any sizes, as torchvision's detectors do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3, padding=1)

    def forward(self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Tensor:
        if type(images) is not list:
            raise TypeError("expected a list")
        resized = [nn.functional.interpolate(image[None], (16, 16))[0] for image in images]
        maps: Tensor = self.conv(torch.stack(resized))
        return maps


def plain(channel: int, height: int = 16, width: int = 16) -> Tensor:
    picture = torch.zeros(3, height, width)
    picture[channel] = 1
    return picture


def record(path: Path, samples: Any, **options: Any) -> reelnet.Run:
    with Recorder(path, Detector(), samples=samples, **options) as recorder:
        recorder.step()
    return reelnet.open(path)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("named", [True, False])
def test_the_length_is_the_number_of_samples(count: int, named: bool, tmp_path: Path) -> None:
    images = [plain(number % 3) for number in range(count)]
    run = record(tmp_path / "run", {"images": images} if named else (images,))
    np.testing.assert_array_equal(
        run.samples, [255 * image.permute(1, 2, 0).numpy().astype(np.uint8) for image in images]
    )
    np.testing.assert_array_equal(run.inputs, np.stack([image.numpy() for image in images]))
    assert run.taps["conv"].shape == (count, 2, 16, 16)
    assert "pictures" not in run.about


def test_arrays_and_targets(tmp_path: Path) -> None:
    images = [plain(0).numpy(), plain(1).numpy()]
    targets = [{"boxes": torch.zeros(4, 4)}, {"boxes": torch.zeros(1, 4)}]
    run = record(tmp_path / "run", (images, targets), labels=["a", "b"])
    assert (len(run.samples), run.labels) == (2, ("a", "b"))


def test_pictures_of_different_sizes_are_shown_in_equal_cells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = [plain(0, 20, 10), plain(1, 6, 4), plain(2, 8, 30)]
    with caplog.at_level(logging.INFO, "reelnet"):
        run = record(tmp_path / "run", (images,))
    note = "pictures of 3 sizes, enlarged by whole factors and centered in cells of 30×20"
    assert run.about["pictures"] == note
    assert sum(note in message for message in caplog.messages) == 1
    assert run.samples.shape == (3, 20, 30, 3)
    expected = np.zeros((3, 20, 30, 3), np.uint8)
    expected[0, :, 10:20, 0] = 255
    expected[1, 1:19, 9:21, 1] = 255  # three times as large
    expected[2, 6:14, :, 2] = 255
    np.testing.assert_array_equal(run.samples, expected)
    assert run.inputs.shape == (3, 3, 20, 30)
    for picture, fed in zip(images, run.inputs, strict=True):
        _, height, width = picture.shape
        np.testing.assert_array_equal(fed[:, :height, :width], picture)
        assert fed.sum() == picture.sum()
    assert run.reel().frame(0).size


def test_margins_do_not_change_the_scale_of_normalized_pictures() -> None:
    for low, high in ((-2.0, 3.0), (2.0, 7.0)):
        small = torch.full((1, 1, 2), low)
        small[0, 0, 1] = (low + high) / 2
        pictures = Samples.from_inputs(([torch.full((1, 2, 2), high), small],)).make_pictures(None)
        np.testing.assert_array_equal(pictures, [[[255, 255], [255, 255]], [[0, 128], [0, 0]]])


def test_sequences_of_different_lengths_are_samples() -> None:
    samples = Samples.from_inputs(([torch.ones(5, dtype=torch.long), torch.ones(3, dtype=torch.long)],))
    assert samples.count == 2
    assert samples.first.tolist() == [[1] * 5, [1, 1, 1, 0, 0]]


def test_a_list_with_one_tensor_per_input() -> None:
    inputs = [torch.zeros(4, 2), torch.zeros(4, 7)]
    assert Samples.from_inputs((inputs,)).count == 4
    assert Samples.from_inputs(([torch.zeros(4, 2, 8, 8), torch.zeros(4, 2, 4, 4)],)).count == 4
    sequences = [torch.zeros(4, 9, 2), torch.zeros(4, 5, 7)]
    assert Samples.from_inputs((sequences,), samples_dim=0).count == 4


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([plain(0), plain(0)[:1]], r"different numbers of channels \(\[1, 3\]\); make them alike"),
        ([plain(0), plain(0).to(torch.uint8)], r"different dtypes \(float32, uint8\)"),
    ],
)
def test_pictures_that_do_not_go_together(images: list[Tensor], message: str) -> None:
    with pytest.raises(ReelnetError, match=message):
        Samples.from_inputs((images,))


def test_a_list_of_pictures_that_is_not_in_a_tuple() -> None:
    with pytest.raises(ReelnetError, match=r"gets it from a tuple: \(pictures,\)"):
        Samples.from_inputs([plain(0), plain(1, 4, 4)])  # type: ignore[arg-type]


def test_a_detector_of_torchvision(tmp_path: Path) -> None:
    from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn

    torch.manual_seed(0)
    model = fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None, min_size=64, max_size=96
    )
    images = [torch.rand(3, 48, 64), torch.rand(3, 40, 40)]
    with Recorder(tmp_path / "run", model, samples=(images,), taps=["backbone.body.0.0"]):
        pass
    run = reelnet.open(tmp_path / "run")
    (tap,) = run.taps.values()
    assert (len(run.samples), tap.shape[0]) == (2, 2)


class Batched(Detector):
    """Takes a list of dicts, as detectron2's detectors do, or a tuple."""

    def forward(self, batch: Any, targets: None = None) -> Tensor:  # type: ignore[override]
        return super().forward([each["image"] if isinstance(each, dict) else each for each in batch])


@pytest.mark.parametrize("mapped", [True, False])
def test_tuples_and_dicts(mapped: bool, tmp_path: Path) -> None:
    pictures = [plain(0), plain(1, 8, 12), plain(2)]
    batch: Any = [{"image": each, "height": 16} for each in pictures] if mapped else tuple(pictures)
    with Recorder(tmp_path / "run", Batched(), samples=(batch,)):
        pass
    run = reelnet.open(tmp_path / "run")
    assert run.samples.shape == (3, 16, 16, 3)
    np.testing.assert_array_equal(run.samples[[0, 2]].mean((1, 2)), [[255, 0, 0], [0, 0, 255]])
    assert [len(each) for each in Samples.from_inputs((batch,)).take_first(2).args] == [2]


def test_states_of_an_rnn_are_no_pictures() -> None:
    states = torch.zeros(1, 4, 8), torch.ones(1, 4, 8)
    samples = Samples.from_inputs((torch.rand(4, 5, 8), states))
    assert list(samples.tensors) == ["fed", "fed.1.0", "fed.1.1"]
    assert samples.count == 4


@pytest.mark.parametrize("wrapped", [True, False])
def test_nested_and_sparse_tensors(wrapped: bool) -> None:
    nested = torch.nested.nested_tensor([plain(0), plain(1, 8, 12)])
    for tensor, what in ((nested, "nested"), (torch.eye(3).to_sparse(), "sparse")):
        with pytest.raises(ReelnetError, match=rf"a {what} tensor .* \(pictures,\)"):
            Samples.from_inputs((tensor,) if wrapped else tensor)
