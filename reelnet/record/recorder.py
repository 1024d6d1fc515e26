"""The recorder: a snapshot after each training step, or after some."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reelnet._support.byte_size import parse_size
from reelnet.errors import ReelnetError, UsageError, describe_error
from reelnet.record.async_writer import Keeper
from reelnet.record.metrics import number, numbers, texts
from reelnet.record.probe.distributed import PartedError, Ranks
from reelnet.record.probe.probe import Probe
from reelnet.record.samples import Samples
from reelnet.record.schedule import When, schedule_of
from reelnet.record.size_budget import Plan, Thinning, bytes_of, packed_at
from reelnet.record.taps.module_paths import unwrap
from reelnet.record.taps.reading import Arrays, Wanted
from reelnet.record.taps.selection import chosen
from reelnet.record.taps.tap import Channels, Pattern
from reelnet.record.tensors import to_numpy
from reelnet.runs.session import require_free_path, resolve_resume_step
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.storage.open_store import path_to_text
from reelnet.runs.writer import RunWriter

LOG = logging.getLogger("reelnet")

HEADER = 8192
"""Bytes of a run's header and of what a file of samples has beside them, at most, but for very many taps."""


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
        path: The run folder to make, or an address such as `s3://bucket/run`.
        model: The network, on any device.
        samples: What the model is called with, (samples, channels, height, width), say; a few are enough. A tuple of
            tensors for a model of several inputs, a mapping for inputs by name.
        taps: What to record: paths or glob patterns of layers, or of parameters (`conv1.weight`); `Tap`s;
            predicates such as `reelnet.modules(nn.Conv2d)`. Every `Conv2d` by default.
        labels: One short text or number a sample, shown above its column.
        shown: The samples as a person should see them, (samples, height, width) or (…, 3), in 0..1 or uint8;
            by default made from `samples`.
        metrics: Numbers of the untrained network, if there are any.
        about: Facts to keep in `run.json` (model, data, seed).
        force: Replace a run that lies at `path`.
        every: Which steps: every n-th, `reelnet.Log(per_decade=30)`, `reelnet.Seconds(30)`, or a function that is
            true for a step. Metrics of other steps are not kept.
        steps: Which steps, as a list, instead of `every`.
        total_steps: How many steps the training will take, so that `plan()` can say what that comes to.
        dtype: Type in which floating values are recorded: `float16`, `float32` or `float64`, as a text or as torch's
            own; that of the values by default.
        channels: Of each layer the first so many channels, or the positions of some; all by default.
        max_bytes: Most that the run may take, such as `"500MB"`: it is thinned out evenly on the way; the first and
            the last step stay.
        on_error: What to do when a step cannot be recorded: `warn` says so once (logger `reelnet`), marks the step as
            missing and lets the training go on; `raise` raises. What goes wrong while a step is written behind the
            training is raised at a later step, or at the end.
        resume: Go on with the run that lies at `path`, after a restart: `resume=150` where the model comes from a
            checkpoint of step 150, that is after 150 calls of `optimizer.step()`; steps that were recorded after it
            are superseded. `resume=True` goes on after the last step that was recorded, and begins a run if there
            is none.

    Raises:
        UsageError: `path` is taken, or another recorder is at work there; there is no run to resume, or one of
            other taps or samples; a pattern of `taps` matches nothing, or an option cannot be.
        ReelnetError: The samples do not fit the model, a layer gives what cannot be recorded, or the folder
            cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: nn.Module,
        *,
        samples: torch.Tensor | NDArray[np.generic] | tuple[Any, ...] | Mapping[str, Any],
        taps: Sequence[Pattern] | Pattern | None = None,
        labels: Sequence[object] | torch.Tensor | None = None,
        shown: torch.Tensor | NDArray[np.generic] | None = None,
        metrics: Mapping[str, Any] | None = None,
        about: Mapping[str, Any] | None = None,
        force: bool = False,
        every: When = 1,
        steps: Iterable[int] | None = None,
        total_steps: int | None = None,
        dtype: str | torch.dtype | None = None,
        channels: Channels | None = None,
        max_bytes: int | str | None = None,
        on_error: Literal["warn", "raise"] = "warn",
        resume: int | bool = False,
    ) -> None:
        self.where = path_to_text(path)
        self._force, self._resume = force, resume
        self._about = {"model": type(unwrap(model)).__name__, "torch": torch.__version__, **(about or {})}
        self._metrics = numbers(metrics or {})
        self._schedule = schedule_of(every, steps)
        self._total = total_steps
        self._raises = _is_raise(on_error)
        self._samples = Samples.of(samples)
        self._shown = self._samples.pictures(shown)
        self._room = None
        if max_bytes is not None:
            self._room = parse_size(max_bytes) - self._samples.nbytes - self._shown.nbytes - HEADER
        self._labels = texts(labels, self._samples.count)
        self._probe = Probe(model, self._samples, chosen(model, taps), Wanted.of(dtype, channels))
        self._ranks = Ranks()
        self._is_open = self._resumed = self._began = False
        self._keeper: Keeper | None = None
        self._step = 0
        self._left_out: set[str] = set()
        self._seconds: list[float] = []

    def __enter__(self) -> Self:
        self._ranks = ranks = Ranks.of(self._probe.model)
        if ranks.probes:
            ranks.require_same(self._probe.names)
            ranks.together(self._require_free)
            arrays = ranks.together(lambda: self._probed(untrained=True))
            ranks.together(lambda: self._begin(arrays))
        self._is_open = self._began = True
        return self

    def _require_free(self) -> None:
        if self._began:
            raise ReelnetError(f"{self.where}: this recorder has recorded already; make another one")
        self._step = 0
        if self._ranks.writes:
            after = resolve_resume_step(self.where, self._resume)
            if after is None:
                require_free_path(self.where, force=self._force)
            self._resumed, self._step = after is not None, after or 0

    def _begin(self, arrays: Arrays) -> None:
        if not self._ranks.writes:
            return
        fed = {name: to_numpy(value) for name, value in self._samples.tensors.items()}
        writer = RunWriter(
            self.where,
            taps=self._probe.infos,
            inputs=fed,
            pictures=self._shown,
            labels=self._labels,
            about=self._about,
            force=self._force,
            resume=self._step if self._resumed else None,
            segment_bytes=packed_at(self._room, self._probe.infos),
        )
        try:
            thinning = Thinning(writer, self._room, self._probe.infos, self._schedule, self._step)
            if self._step == 0 and not writer.step_count:
                thinning.offer(Snapshot(0, arrays, self._metrics))
        except BaseException:
            writer.discard()
            raise
        self._keeper = Keeper(writer, thinning, self.where, raises=self._raises)
        if self._resumed:
            self._tell_gap(thinning.last)
        LOG.info("%s: recording %s", self.where, self.plan())
        if left_out := self._probe.left_out:
            name, reason = next(iter(left_out.items()))
            layers = "1 layer is" if len(left_out) == 1 else f"{len(left_out)} layers are"
            LOG.warning("%s: %s left out, the first is %r: it %s", self.where, layers, name, reason)

    def _tell_gap(self, last: int | None) -> None:
        """Say so where the run that goes on ends before the step after which it does."""
        count = self._schedule.count
        if last is None or (last < self._step and (count(last) is None or count(last) != count(self._step))):
            ends = "holds no step up to it" if last is None else f"ends at step {last}"
            LOG.warning(
                "%s: goes on after step %s, but the run %s; what lies between is not recorded",
                self.where,
                self._step,
                ends,
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        keeper, self._keeper, self._is_open = self._keeper, None, False
        if keeper is not None:
            keeper.close(error)

    def step(self, **metrics: Any) -> None:
        """Record the step that was just taken, if it is one of those that are recorded.

        Args:
            metrics: Numbers of this step by name; a one-element tensor will do. Those whose names end in
                `loss` or `accuracy` are drawn as curves; prefixes such as `train_` and `test_` share one chart.

        Raises:
            ReelnetError: The recorder is not open; or, with `on_error="raise"`, a metric is no number, or the step
                cannot be recorded.
        """
        if not self._is_open:
            raise ReelnetError("the recorder is closed; call step() inside 'with Recorder(…) as recorder:'")
        step = self._step + 1
        try:
            if self._ranks.probes and self._ranks.agreed(lambda: self._schedule.due(step)):
                snapshot = self._ranks.together(lambda: self._at(step, metrics))
                if self._keeper is not None:
                    self._keeper.offer(snapshot)
        except PartedError:
            raise
        except Exception as error:
            failed = self._failed(step, error)
            if self._raises:
                raise failed from error
            if self._keeper is not None:
                self._keeper.miss(step, failed)
        self._step = step
        if self._keeper is not None:
            self._keeper.check()

    def flush(self) -> None:
        """Wait until all steps that were recorded so far are on disk; leaving the recorder does so, too.

        Raises:
            ReelnetError: With `on_error="raise"`, one of them could not be written.
        """
        if self._keeper is not None:
            self._keeper.flush()

    def plan(self) -> Plan:
        """What the recording will take: snapshots, bytes and seconds.

        Raises:
            ReelnetError: The samples do not fit the model, or a layer gives what cannot be recorded.
        """
        if not self._seconds:
            self._probed(untrained=True)
        each = bytes_of(self._probe.infos)
        return Plan(
            taps=len(self._probe.infos),
            samples=self._samples.count,
            when=str(self._schedule),
            snapshot_bytes=each,
            snapshot_seconds=sum(self._seconds) / len(self._seconds),
            snapshots=None if self._total is None else self._schedule.count(self._total),
            most=None if self._room is None else max(0, self._room) // each,
        )

    def _probed(self, *, untrained: bool = False) -> Arrays:
        began = time.perf_counter()
        arrays = self._probe(untrained=untrained)
        self._seconds = [*self._seconds[-9:], time.perf_counter() - began]
        return arrays

    def _at(self, step: int, metrics: Mapping[str, Any]) -> Snapshot:
        values = self._numbers(step, metrics) if self._ranks.writes else {}
        return Snapshot(step, self._probed(), values)

    def _failed(self, step: int, error: Exception) -> ReelnetError:
        """What went wrong at a step, with the run and the step."""
        known = isinstance(error, ReelnetError)
        kind = type(error) if isinstance(error, ReelnetError) else ReelnetError
        return kind(f"{self.where}: step {step}: {error if known else describe_error(error)}")

    def _numbers(self, step: int, metrics: Mapping[str, Any]) -> dict[str, float]:
        found = {}
        for name, value in metrics.items():
            try:
                found[name] = number(name, value)
            except ReelnetError as error:
                if self._raises:
                    raise
                # A number that is missing costs less than the picture of the step.
                if name not in self._left_out:
                    LOG.warning("%s: step %s: %s; it is left out", self.where, step, error)
                self._left_out.add(name)
        return found


def _is_raise(on_error: str) -> bool:
    if on_error not in ("warn", "raise"):
        raise UsageError(f"on_error={on_error!r}: give 'warn' or 'raise'")
    return on_error == "raise"
