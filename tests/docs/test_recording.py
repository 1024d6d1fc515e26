"""Recording: the page's snippets are run as they stand there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import reelnet
from tests.docs.pages import Snippet, broken, snippets

PAGE = "recording.md"


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 2, 3), nn.Linear(4, 2)

    def forward(self, picture: Tensor, facts: Tensor) -> Any:
        return self.left(picture) + self.right(facts)[:, :, None, None]


def around() -> dict[str, Any]:
    """What the snippets take as given."""
    torch.manual_seed(0)
    random.seed(0)
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(1, 3, 3))
    model.add_module("conv2", nn.Conv2d(3, 4, 3))
    model.add_module("flat", nn.Flatten())
    model.add_module("out", nn.Linear(64, 5))
    images = torch.rand(5, 1, 8, 8)
    return {
        "model": model,
        "pair_model": Pair(),
        "images": images,
        "facts": torch.rand(5, 4),
        "digits": range(5),
        "animals": ["dog", "cat", "cat", "ship", "frog"],
        "loader": [(images, torch.arange(5))] * 3,
        "loss_of": nn.functional.cross_entropy,
        "optimizer": torch.optim.SGD(model.parameters(), 0.1),
    }


def within_lightning(given: dict[str, Any]) -> None:
    import lightning.pytorch as lightning

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 3, 3)

        def forward(self, x: Tensor) -> Tensor:
            maps: Tensor = self.conv1(x)
            return maps

        def training_step(self, batch: Any, number: int) -> Tensor:
            loss: Tensor = self(batch[0]).square().mean()
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.1)

    batches = DataLoader(TensorDataset(given["images"]), batch_size=2)
    still = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
    given |= {"lightning": lightning, "module": Module(), "batches": batches}
    given["quiet"] = {"max_epochs": 1, "accelerator": "cpu", **dict.fromkeys(still, False)}


def within_transformers(given: dict[str, Any]) -> None:
    import transformers

    sizes: Any = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = transformers.ViTConfig(image_size=8, patch_size=4, num_channels=1, **sizes)
    images = given["images"]
    given["dataset"] = [{"pixel_values": image, "labels": number % 2} for number, image in enumerate(images)]
    given["vit"] = transformers.ViTForImageClassification(config)
    given["transformers"] = transformers
    given["arguments"] = transformers.TrainingArguments(
        "out", max_steps=2, report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=True
    )


def within_keras(given: dict[str, Any]) -> None:
    import keras

    layers = [keras.layers.Input((8, 8, 1)), keras.layers.Conv2D(3, 3, name="conv1"), keras.layers.Flatten()]
    given["keras_model"] = keras.Sequential([*layers, keras.layers.Dense(1)])
    given["keras_model"].compile("sgd", "mse")
    given["images_last"] = given["images"].permute(0, 2, 3, 1).numpy()
    given["targets"] = given["images_last"].mean((1, 2))


TRAINERS = {"lightning": within_lightning, "transformers": within_transformers, "keras": within_keras}


@pytest.mark.parametrize("snippet", snippets(PAGE, "python"), ids=str)
def test_every_snippet_runs(
    snippet: Snippet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    given = around()
    for name, prepare in TRAINERS.items():
        if f"reelnet.{name}" in snippet.text:
            pytest.importorskip(name)
            prepare(given)
    if "accelerate" in snippet.text:
        pytest.importorskip("accelerate")
    if "resume=" in snippet.text or "open(" in snippet.text:
        # These go on with a run, or look at one.
        before = around()
        with reelnet.Recorder("runs/mine", before["model"], samples=before["images"]) as recorder:
            recorder.step()
    exec(compile(snippet.text, PAGE, "exec"), given)
    for path in (tmp_path / "runs").glob("*"):
        run = reelnet.open(path)
        assert run.reel("plain").frame(run.steps[-1]).size > (0, 0)
    if "plan()" in snippet.text:
        assert "30 steps per decade: " in capsys.readouterr().out
    else:
        assert any((tmp_path / "runs").iterdir())


def test_links_lead_somewhere() -> None:
    assert broken(PAGE) == []
