"""Recording from a Lightning `Trainer`."""

from __future__ import annotations

import os
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from reelnet.record.integrations.loop import LoopRecorder


class ReelCallback(Callback):
    """Records a Lightning training: a snapshot after each optimizer step, with what the module has logged by then.

    Example:
        trainer = Trainer(callbacks=[ReelCallback("runs/mine", samples=images, taps=["conv*"])])

    Args:
        path: The run folder to create.
        samples: What the module is called with, such as (samples, channels, height, width).
        options: More keyword arguments for `reelnet.Recorder`: taps, labels, every, …
    """

    def __init__(self, path: str | os.PathLike[str], *, samples: Any, **options: Any) -> None:
        self._recorder = LoopRecorder(path, {"samples": samples, **options})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the network before the first step."""
        # The strategy's own model: if it is sharded over processes, this is the one that all of them must run.
        self._recorder.open(trainer.model or pl_module, trainer.global_step)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record the step, if the batch completed one."""
        self._recorder.record_step(trainer.global_step, trainer.callback_metrics)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the recording."""
        self._recorder.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the recording; the recorded steps are kept."""
        self._recorder.close()
