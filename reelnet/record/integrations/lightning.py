"""Recording from a Lightning `Trainer`."""

from __future__ import annotations

import os
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from reelnet.record.integrations.loop import Loop


class ReelCallback(Callback):
    """Records a Lightning training: `Trainer(callbacks=[ReelCallback("runs/mine", samples=images)])`.

    A snapshot follows each optimizer step; what the module has logged by then is its metrics.

    Args:
        path: The run folder to make.
        samples: What the module is called with, (samples, channels, height, width), say.
        options: To `reelnet.Recorder`: taps, labels, every, …
    """

    def __init__(self, path: str | os.PathLike[str], *, samples: Any, **options: Any) -> None:
        self._loop = Loop(path, {"samples": samples, **options})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the network before the first step."""
        # The strategy's own model: where it is spread over processes, that is what all of them must run.
        self._loop.open(trainer.model or pl_module, trainer.global_step)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record the step, if the batch made one."""
        self._loop.step(trainer.global_step, trainer.callback_metrics)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the recording."""
        self._loop.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the recording; its steps are kept."""
        self._loop.close()
