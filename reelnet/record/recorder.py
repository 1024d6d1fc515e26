"""The recorder: one snapshot after each training step."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reelnet.errors import ReelnetError, UsageError
from reelnet.record.pictures import as_pictures
from reelnet.record.probe import Probe, to_numpy, unwrap
from reelnet.record.taps import Tap, convolutions, describe, describe_weight, select, weights
from reelnet.runs.header import TapKind
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.writer import RunWriter, refuse_existing


class Recorder:
    """A context manager around a training loop that records what chosen layers give for fixed samples.

    Step 0, the untrained network, is recorded on entry; then call `step()` after each `optimizer.step()`.
    Training goes exactly as it would without: weights, buffers, optimizer, random numbers, hooks and
    train/eval flags are bit for bit the same.

        with reelnet.Recorder("runs/mine", model, samples=images, taps=["conv1"]) as recorder:
            for x, y in loader:
                ...
                recorder.step(loss=loss)

    Args:
        path: The run folder to make.
        model: The network, on any device.
        samples: What the model is called with, (samples, channels, height, width); a few are enough.
        taps: Paths or glob patterns of the layers to record, and of parameters (`conv1.weight`) or `Tap`s; every
            `Conv2d` by default.
        labels: One short text or number a sample, shown above its column.
        shown: The samples as a person should see them, (samples, height, width) or (…, 3), in 0..1 or uint8;
            by default made from `samples`.
        metrics: Numbers of the untrained network, if there are any.
        about: Facts to keep in `run.json` (model, data, seed).
        force: Replace a run that lies at `path`.

    Raises:
        UsageError: `path` is taken, or a pattern of `taps` matches no layer.
        ReelnetError: The samples do not fit the model, a layer gives neither maps nor features, or the folder
            cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: nn.Module,
        *,
        samples: torch.Tensor | NDArray[np.generic],
        taps: Sequence[str | Tap] | Tap | None = None,
        labels: Sequence[object] | torch.Tensor | None = None,
        shown: torch.Tensor | NDArray[np.generic] | None = None,
        metrics: Mapping[str, Any] | None = None,
        about: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> None:
        self.path = Path(path)
        self._force = force
        self._about = {"model": type(unwrap(model)).__name__, "torch": torch.__version__, **(about or {})}
        self._metrics = numbers(metrics or {})
        self._samples = as_samples(samples)
        self._shown = as_pictures(to_numpy(self._samples if shown is None else as_tensor(shown)))
        if len(self._shown) != len(self._samples):
            raise ReelnetError(
                f"shown: {len(self._shown)} pictures for {len(self._samples)} samples; give one each"
            )
        self._labels = texts(labels, len(self._samples))
        module = unwrap(model)
        chosen = (
            convolutions(module)
            if taps is None
            else select(module, [taps] if isinstance(taps, str | Tap) else taps)
        )
        layers, self._weights = (
            [tap.path for tap in chosen if tap.kind is kind] for kind in (TapKind.ACTIVATION, TapKind.WEIGHT)
        )
        if not layers:
            lacks = "no layer is among the taps" if chosen else "no Conv2d to record"
            raise UsageError(f"{type(module).__name__}: {lacks}; name its layers with taps=[…]")
        self._probe = Probe(model, self._samples, layers)
        self._writer: RunWriter | None = None
        self._step = 0

    def __enter__(self) -> Self:
        refuse_existing(self.path, force=self._force)
        module = self._probe.model
        given, held = self._probe(), weights(module, self._weights)
        places = {name: describe(array, module.get_submodule(name)) for name, array in given.items()}
        places |= {name: describe_weight(array) for name, array in held.items()}
        self._writer = RunWriter(
            self.path,
            taps=places,
            fed=to_numpy(self._samples),
            shown=self._shown,
            labels=self._labels,
            about=self._about,
            force=self._force,
        )
        try:
            self._writer.commit(Snapshot(0, given | held, self._metrics))
        except BaseException:
            self._writer.discard()
            self._writer = None
            raise
        self._step = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def step(self, **metrics: Any) -> None:
        """Record the step that was just taken.

        Args:
            metrics: Numbers of this step by name; a one-element tensor will do. Those whose names end in
                `loss` or `accuracy` are drawn as curves; prefixes such as `train_` and `test_` share one chart.

        Raises:
            ReelnetError: The recorder is not open, a metric is no number, or the step cannot be written.
        """
        if self._writer is None:
            raise ReelnetError("the recorder is closed; call step() inside 'with Recorder(…) as recorder:'")
        values = numbers(metrics)
        arrays = self._probe() | weights(self._probe.model, self._weights)
        snapshot = Snapshot(self._step + 1, arrays, values)
        self._writer.commit(snapshot)
        self._step += 1


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Metrics as plain numbers.

    Raises:
        ReelnetError: One of them is not a single real number.
    """
    found = {}
    for name, value in metrics.items():
        try:
            if isinstance(value, str):
                raise TypeError
            found[name] = float(value.item() if isinstance(value, torch.Tensor | np.ndarray) else value)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            form = f"of shape {tuple(value.shape)}" if hasattr(value, "shape") else repr(value)
            raise ReelnetError(
                f"metric {name!r}: {type(value).__name__} {form} is not one number; take its mean, say"
            ) from None
    return found


def as_tensor(values: torch.Tensor | NDArray[np.generic]) -> torch.Tensor:
    """An array of numbers as a tensor; torch takes no array with negative strides, a flipped one say.

    Raises:
        ReelnetError: It holds something else than numbers.
    """
    if isinstance(values, torch.Tensor):
        return values
    array = np.ascontiguousarray(values)
    try:
        return torch.as_tensor(array)
    except (TypeError, ValueError) as error:
        raise ReelnetError(
            f"samples of type {array.dtype} are no numbers; give a tensor or an array of numbers"
        ) from error


def as_samples(values: torch.Tensor | NDArray[np.generic]) -> torch.Tensor:
    """Samples as a tensor that nobody else changes.

    Raises:
        ReelnetError: They hold something else than numbers, or nothing.
    """
    samples = as_tensor(values).detach().clone()
    if samples.ndim == 0 or samples.numel() == 0:
        raise ReelnetError(
            f"samples of shape {tuple(samples.shape)} hold no sample; "
            "give at least one, (samples, channels, height, width)"
        )
    return samples


def texts(labels: Sequence[object] | torch.Tensor | None, samples: int) -> tuple[str, ...] | None:
    """Labels as texts, one a sample.

    Raises:
        ReelnetError: There are more or fewer labels than samples.
    """
    if labels is None:
        return None
    listed = labels.tolist() if isinstance(labels, torch.Tensor | np.ndarray) else list(labels)
    if len(listed) != samples:
        raise ReelnetError(f"labels: {len(listed)} for {samples} samples; give one each")
    return tuple(str(label) for label in listed)
