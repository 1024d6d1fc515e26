"""A recorder that the callbacks of all frameworks share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from torch import nn

from reelnet.errors import ReelnetError
from reelnet.record.recorder import Recorder
from reelnet.record.tensors import to_number
from reelnet.runs.session import resolve_resume_step


class LoopRecorder:
    """A recorder that a framework's callback opens, steps and closes.

    Args:
        path: The run folder to create.
        options: Keyword arguments for `Recorder`.
    """

    def __init__(self, path: str | os.PathLike[str], options: Mapping[str, Any]) -> None:
        self._path, self._options = path, options
        self._recorder: Recorder | None = None
        self._step = 0

    def open(self, model: nn.Module, step: int = 0) -> None:
        """Create the recorder, which records the network as it is.

        Args:
            model: The network.
            step: Number of optimizer steps taken so far; above 0 if the framework resumes from a checkpoint.
        """
        self.close()
        self._step = step
        options = dict(self._options)
        # The framework knows at which step it resumes; the run may hold later ones.
        if options.get("resume") is True and resolve_resume_step(self._path, True) is not None:
            options["resume"] = step
        self._recorder = Recorder(self._path, model, **options)
        self._recorder.__enter__()

    def record_step(self, step: int, metrics: Mapping[str, Any]) -> None:
        """Record the network after an optimizer step, unless that step was recorded already.

        Args:
            step: Number of optimizer steps taken so far; if gradients are accumulated, several batches share one.
            metrics: Metrics of the step. Values that are not numbers are skipped: frameworks also log strings and
                arrays.
        """
        if self._recorder is None or step <= self._step:
            return
        self._step = step
        numbers = {}
        for name, value in metrics.items():
            try:
                numbers[str(name)] = to_number(str(name), value)
            except ReelnetError:
                continue
        self._recorder.step(**numbers)

    def close(self) -> None:
        """End the recording. The recorded steps are kept, also if the training failed."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.__exit__(None, None, None)
