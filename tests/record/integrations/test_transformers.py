"""Recording from a real, tiny training by `transformers.Trainer`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import reelnet

transformers = pytest.importorskip("transformers")

from reelnet.transformers import ReelCallback  # noqa: E402

IMAGES = torch.rand(12, 3, 16, 16, generator=torch.Generator().manual_seed(1))


class Pictures(torch.utils.data.Dataset[dict[str, Any]]):
    """Pictures with a class each."""

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"pixel_values": IMAGES[index], "labels": index % 2}


def vit() -> Any:
    torch.manual_seed(0)
    return transformers.ViTForImageClassification(
        transformers.ViTConfig(
            image_size=16,
            patch_size=4,
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
            num_labels=2,
        )
    )


class Keep(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
    """Keeps the weights after each step."""

    def __init__(self) -> None:
        self.weights: list[dict[str, torch.Tensor]] = []

    def on_train_begin(self, *arguments: Any, model: Any, **others: Any) -> None:
        self.on_step_end(model=model)

    def on_step_end(self, *arguments: Any, model: Any, **others: Any) -> None:
        self.weights.append({name: value.clone() for name, value in model.state_dict().items()})


def trained(path: Path, **settings: Any) -> tuple[Any, Keep, reelnet.Run]:
    model, keep = vit(), Keep()
    callback = ReelCallback(path / "run", samples={"pixel_values": IMAGES[:3]}, taps=["vit.embeddings"])
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(
            output_dir=str(path / "out"),
            num_train_epochs=2,
            per_device_train_batch_size=4,
            logging_steps=1,
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            **settings,
        ),
        train_dataset=Pictures(),
        eval_dataset=Pictures(),
        callbacks=[keep, callback],
    )
    trainer.train()
    return model, keep, reelnet.open(path / "run")


def test_every_step_is_what_the_weights_of_that_step_give(tmp_path: Path) -> None:
    model, keep, run = trained(tmp_path, save_strategy="no")
    assert run.steps == list(range(7))
    assert run.taps["vit.embeddings"].shape == (3, 8, 4, 4)
    for step, weights in enumerate(keep.weights):
        model.load_state_dict(weights)
        with torch.no_grad():
            tokens = model.eval().vit.embeddings(IMAGES[:3])[:, 1:]
        expected = tokens.transpose(1, 2).unflatten(2, (4, 4)).numpy()
        np.testing.assert_allclose(run.read("vit.embeddings", [step])[0], expected, atol=1e-6)
    losses = run.metrics["loss"]
    assert np.isnan(losses[0])
    assert np.isfinite(losses[1:]).all()
    assert "train_runtime" not in run.metrics


def test_the_last_step_is_the_last_even_if_the_best_model_is_loaded(tmp_path: Path) -> None:
    settings = {"eval_strategy": "steps", "eval_steps": 1, "save_strategy": "steps", "save_steps": 1}
    model, keep, run = trained(
        tmp_path,
        **settings,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        learning_rate=5.0,
    )
    model.load_state_dict(keep.weights[-1])
    with torch.no_grad():
        tokens = model.eval().vit.embeddings(IMAGES[:3])[:, 1:]
    expected = tokens.transpose(1, 2).unflatten(2, (4, 4)).numpy()
    np.testing.assert_allclose(run.read("vit.embeddings", [6])[0], expected, atol=1e-6)
    assert np.isfinite(run.metrics["eval_loss"][1:]).all()
