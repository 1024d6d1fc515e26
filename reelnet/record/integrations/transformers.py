"""Recording from a `transformers.Trainer`."""

from __future__ import annotations

import os
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from reelnet.record.integrations.loop import LoopRecorder


class ReelCallback(TrainerCallback):
    """Records a training by `transformers.Trainer`: a snapshot after each optimizer step, with what is logged for it.

    Example:
        trainer = transformers.Trainer(…, callbacks=[ReelCallback("runs/mine", samples={"pixel_values": images})])

    Args:
        path: The run folder to create.
        samples: What the model is called with: a mapping such as `{"pixel_values": images}`, or one tensor.
        options: More keyword arguments for `reelnet.Recorder`: taps, labels, shown, every, …
    """

    def __init__(self, path: str | os.PathLike[str], *, samples: Any, **options: Any) -> None:
        self._recorder = LoopRecorder(path, {"samples": samples, **options})
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
        # Every process has its own trainer; the recorders decide which of them writes.
        if model is not None:
            self._recorder.open(model, state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        """Keep what is logged for the step that was just taken."""
        # The summary of the whole training is not a metric of its last step.
        if logs is not None and "train_runtime" not in logs:
            self._logs |= logs

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Record the previous step: the trainer logs its metrics only after its end."""
        self._record(state)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Record the last step of the epoch before the trainer can replace its weights by the best ones."""
        if args.load_best_model_at_end:
            self._record(state)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **others: Any
    ) -> None:
        """Record the last step, and end the recording."""
        self._record(state)
        self._recorder.close()

    def _record(self, state: TrainerState) -> None:
        logs, self._logs = self._logs, {}
        self._recorder.record_step(state.global_step, logs)
