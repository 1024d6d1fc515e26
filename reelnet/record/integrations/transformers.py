"""Recording from a `transformers.Trainer`."""

from __future__ import annotations

import os
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from reelnet.record.integrations.loop import Loop


class ReelCallback(TrainerCallback):
    """Records a training by `transformers.Trainer(…, callbacks=[ReelCallback("runs/mine", samples=inputs)])`.

    A snapshot follows each optimizer step, with what the trainer logs for it.

    Args:
        path: The run folder to make.
        samples: What the model is called with: a mapping such as `{"pixel_values": images}`, or one tensor.
        options: To `reelnet.Recorder`: taps, labels, shown, every, …
    """

    def __init__(self, path: str | os.PathLike[str], *, samples: Any, **options: Any) -> None:
        self._loop = Loop(path, {"samples": samples, **options})
        self._logs: dict[str, Any] = {}

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: nn.Module | None = None,
        **others: Any,
    ) -> None:
        """Record the network before the first step."""
        # Every process has a trainer of its own; the recorders settle which one writes.
        if model is not None:
            self._loop.open(model, state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        """Keep what is logged for the step that was just taken."""
        # A summary of the whole training is no metric of its last step.
        if logs is not None and "train_runtime" not in logs:
            self._logs |= logs

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Record the step before: what is logged for it comes after its end."""
        self._record(state)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Record the last step of the epoch, if the best weights may take the place of its weights."""
        if args.load_best_model_at_end:
            self._record(state)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Record the last step, and end."""
        self._record(state)
        self._loop.close()

    def _record(self, state: TrainerState) -> None:
        logs, self._logs = self._logs, {}
        self._loop.step(state.global_step, logs)
