"""A recorder that a trainer opens, steps and closes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from torch import nn

from reelnet.errors import ReelnetError
from reelnet.record.metrics import number
from reelnet.record.recorder import Recorder
from reelnet.runs.session import resolve_resume_step


class Loop:
    """What the callbacks of all trainers share.

    Args:
        path: The run folder to make.
        options: To `Recorder`.
    """

    def __init__(self, path: str | os.PathLike[str], options: Mapping[str, Any]) -> None:
        self._path, self._options = path, options
        self._recorder: Recorder | None = None
        self._steps = 0

    def open(self, model: nn.Module, steps: int = 0) -> None:
        """Record the network as it is before the first step.

        Args:
            model: The network.
            steps: That it has taken already; more than 0 where a trainer goes on from a checkpoint.
        """
        self.close()
        self._steps = steps
        options = dict(self._options)
        # The trainer knows from which step it goes on; the run may hold later ones.
        if options.get("resume") is True and resolve_resume_step(self._path, True) is not None:
            options["resume"] = steps
        self._recorder = Recorder(self._path, model, **options)
        self._recorder.__enter__()

    def step(self, steps: int, metrics: Mapping[str, Any]) -> None:
        """Record the network after `steps` steps, unless that was done already.

        Args:
            steps: Optimizer steps taken so far; with gradients accumulated, several batches share one.
            metrics: Of the last step. What is no number is left out.
        """
        if self._recorder is None or steps <= self._steps:
            return
        self._steps = steps
        self._recorder.step(**numbers(metrics))

    def close(self) -> None:
        """End the recording; whatever happened, its steps are kept."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.__exit__(None, None, None)


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Those of a trainer's metrics that are single numbers; trainers also log texts and arrays."""
    found = {}
    for name, value in metrics.items():
        try:
            found[str(name)] = number(str(name), value)
        except ReelnetError:
            continue
    return found
