"""Recording from a real, tiny Lightning training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import reelnet

lightning = pytest.importorskip("lightning.pytorch")

from reelnet.lightning import ReelCallback  # noqa: E402

IMAGES = torch.rand(24, 1, 6, 6, generator=torch.Generator().manual_seed(1))
CLASSES = torch.arange(24) % 3


class Classifier(lightning.LightningModule):  # type: ignore[misc, name-defined]
    """A convolution and a sum; it keeps its weights after each step."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.weights: list[dict[str, torch.Tensor]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.conv(x)).mean((2, 3))

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], number: int) -> torch.Tensor:
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.5)


class Keep(lightning.Callback):  # type: ignore[misc, name-defined]
    """Keeps the weights after each batch."""

    def on_train_start(self, trainer: object, module: Classifier) -> None:
        self.on_train_batch_end(trainer, module)

    def on_train_batch_end(self, trainer: object, module: Classifier, *others: object) -> None:
        module.weights.append({name: value.clone() for name, value in module.state_dict().items()})


def fitted(path: Path, **settings: object) -> tuple[Classifier, reelnet.Run]:
    model = Classifier()
    callback = ReelCallback(path / "run", samples=IMAGES[:4], taps=["conv"], labels=range(4))
    trainer = lightning.Trainer(
        max_epochs=2,
        callbacks=[Keep(), callback],
        default_root_dir=path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        log_every_n_steps=1,
        **settings,
    )
    trainer.fit(model, DataLoader(TensorDataset(IMAGES, CLASSES), batch_size=8))
    return model, reelnet.open(path / "run")


def test_every_step_is_what_the_weights_of_that_step_give(tmp_path: Path) -> None:
    model, run = fitted(tmp_path)
    assert run.steps == list(range(7))
    for step, weights in enumerate(model.weights):
        model.load_state_dict(weights)
        expected = model.conv(IMAGES[:4]).detach().numpy()
        np.testing.assert_allclose(run.read("conv", [step])[0], expected, atol=1e-6)
    losses = run.metrics["train_loss"]
    assert np.isnan(losses[0])
    assert np.isfinite(losses[1:]).all()


def test_batches_whose_gradients_are_accumulated_are_one_step(tmp_path: Path) -> None:
    _, run = fitted(tmp_path, accumulate_grad_batches=3)
    assert run.steps == [0, 1, 2]


def test_a_training_that_fails_keeps_its_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Classifier, batch: tuple[torch.Tensor, torch.Tensor], number: int) -> torch.Tensor:
        if number == 2:
            raise RuntimeError("no more")
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    monkeypatch.setattr(Classifier, "training_step", failing)
    with pytest.raises(RuntimeError, match="no more"):
        fitted(tmp_path)
    assert reelnet.open(tmp_path / "run").steps == [0, 1, 2]
