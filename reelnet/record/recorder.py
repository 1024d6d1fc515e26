"""The recorder: takes a snapshot of a model after training steps and writes it to a run folder."""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reelnet._support.arguments import require_mapping
from reelnet._support.byte_size import parse_size
from reelnet._support.text import format_count
from reelnet.errors import ReelnetError, UsageError, describe_error
from reelnet.record.async_writer import AsyncWriter
from reelnet.record.class_output import find_class_output, format_classes
from reelnet.record.denormalize import Statistic, resolve_denormalize
from reelnet.record.preview_process import PreviewProcess
from reelnet.record.probe.distributed import SYNC_TIMEOUT, OutOfSyncError, ProcessRole
from reelnet.record.probe.probe import Probe
from reelnet.record.probe.probing import probing
from reelnet.record.samples import Samples
from reelnet.record.schedule import ScheduleSpec, parse_schedule
from reelnet.record.size_budget import (
    RecordingPlan,
    ThinningWriter,
    choose_segment_bytes,
    estimate_snapshot_bytes,
)
from reelnet.record.taps.reading import Arrays, ReadOptions
from reelnet.record.taps.selection import resolve_taps, unwrap_model
from reelnet.record.taps.tap import ChannelSpec, TapSpec
from reelnet.record.tensors import to_number, to_numpy
from reelnet.runs.format.compaction import SEGMENT_BYTES
from reelnet.runs.metrics import describe_nonfinite
from reelnet.runs.session import require_free_path, resolve_resume_step
from reelnet.runs.snapshot import Snapshot
from reelnet.runs.storage.open_store import path_to_text
from reelnet.runs.writer import RunWriter

LOG = logging.getLogger("reelnet")

HEADER_BYTES = 8192
"""Bytes for the header of the run and of its file of samples; enough unless there are very many taps."""

MAX_LISTED = 4
"""Number of objects that a log message names."""

TIMED_PROBES = 10
"""Number of latest probes over which `Recorder.plan` averages the seconds."""


class Recorder:
    """Records what chosen layers of a network return for a few fixed samples, while the network trains.

    A context manager around a training loop. It records step 0, the untrained network, on entry; call `step` after
    each `optimizer.step()`. The samples run in eval mode, without gradients and without autocast. The training goes
    exactly as it would without the recorder: weights, buffers, optimizer state, random numbers, hooks and train/eval
    flags are bit for bit the same.

    Example:
        with reelnet.Recorder("runs/mine", model, samples=images[:8], taps=["conv1", "conv2"]) as recorder:
            for x, y in loader:
                loss = loss_function(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                recorder.step(loss=loss)
        reelnet.open("runs/mine").reel().save("learning.mp4")

    Args:
        path: The run folder to create, or an address such as `s3://bucket/run`.
        model: The network, on any device.
        samples: What the model is called with: a tensor or array, such as (samples, channels, height, width); a tuple
            of them for a model with several inputs; a mapping for inputs by name. A few samples are enough. A model
            that takes a list of pictures, as those for detection do, gets `(pictures,)`.
        taps: What to record, one or a list: paths or glob patterns of layers (`"conv*"`) or of parameters
            (`"conv1.weight"`); `Tap`s; predicates such as `reelnet.modules(nn.Conv2d)`. By default every `Conv2d`.
        labels: One short string or number per sample, shown above its column.
        classes: Names of the classes between which the network decides, in the order of the values that it returns:
            logits or probabilities. Templates then show what the network takes each sample for, if its last layer is
            among the taps.
        shown: Pictures of the samples for people, (samples, height, width) or (samples, height, width, 3), float in
            0..1 or uint8. By default made from `samples`.
        mean: With `std`, what the samples were normalized with: a number, or one per channel. They are then shown as
            the pictures that they were. By default values outside 0..1 are stretched, and the log says so.
        std: See `mean`.
        denormalize: In place of `mean` and `std`: the torchvision transform that normalized the samples, such as
            `Normalize` or a `Compose` with one, or a function that turns them into brightness, 0 to 1.
        metrics: Metrics of the untrained network, by name.
        about: Facts to store in `run.json` (model, data, seed).
        force: Replace a run that exists at `path`. Anything else there is never touched.
        every: Which steps to record: every n-th, `reelnet.Log(per_decade=30)`, `reelnet.Seconds(30)`, or a function
            of the step number. By default every step. Metrics of other steps are not stored.
        steps: Which steps to record, as a list; instead of `every`.
        total_steps: Number of training steps, from which `plan` predicts size and time.
        dtype: Dtype in which floating-point values are recorded: `float16`, `float32` or `float64`, as a string or a
            torch dtype. By default their own.
        channels: Which channels of each layer to record: the first n, or a list of indices. By default all.
        max_bytes: Largest size of the run, in bytes or as a string such as `"500MB"`. When the run reaches it, every
            second snapshot is dropped, and from then on only every second one is kept; the first and the last step
            stay. By default unlimited.
        on_error: What happens when a step cannot be recorded: `"warn"` logs the first such step as a warning (logger
            `reelnet`), marks the steps as missing, and lets the training continue; `"raise"` raises. Snapshots are
            written in the background, so an error in writing one is raised at a later step, or at the end.
        resume: Continue the run at `path` after a restart. Give `resume=150` for a model from a checkpoint after 150
            calls of `optimizer.step()`; steps of the run after 150 are superseded. `resume=True` continues after the
            last recorded step, and starts a new run if there is none.
        samples_dim: Which dimension of the inputs is that of the samples: 1 for (positions, samples, …), the default
            order of torch's RNNs and transformers. By default the first, 0.
        preview: Show the run in the browser while it grows, by a process of its own with the lowest priority. Its
            address is written to stderr. It ends with this process, or when nothing refers to the recorder any more.

    Raises:
        UsageError: The path is taken, or another recorder writes to it; the run to resume does not exist, or has
            other taps or samples; a pattern in `taps` matches nothing; an option is invalid.
        ReelnetError: The samples are empty or not numeric, or labels, pictures or metrics do not fit. On entry: the
            model fails on the samples, an output cannot be recorded, or the folder cannot be written.
    """

    segment_bytes: ClassVar[int] = SEGMENT_BYTES
    """Bytes of values after which the steps of the run are packed into one file. A subclass may change it."""

    sync_timeout: ClassVar[timedelta] = SYNC_TIMEOUT
    """How long processes with a sharded model wait for each other after a probe. A subclass may change it."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: nn.Module,
        *,
        samples: torch.Tensor | NDArray[np.generic] | tuple[Any, ...] | Mapping[str, Any],
        taps: Sequence[TapSpec] | TapSpec | None = None,
        labels: Sequence[object] | torch.Tensor | None = None,
        classes: Sequence[object] | None = None,
        shown: torch.Tensor | NDArray[np.generic] | None = None,
        mean: Statistic | None = None,
        std: Statistic | None = None,
        denormalize: Any = None,
        metrics: Mapping[str, Any] | None = None,
        about: Mapping[str, Any] | None = None,
        force: bool = False,
        every: ScheduleSpec = 1,
        steps: Iterable[int] | None = None,
        total_steps: int | None = None,
        dtype: str | torch.dtype | None = None,
        channels: ChannelSpec | None = None,
        max_bytes: int | str | None = None,
        on_error: Literal["warn", "raise"] = "warn",
        resume: int | bool = False,
        samples_dim: int | None = None,
        preview: bool = False,
    ) -> None:
        if on_error not in ("warn", "raise"):
            raise UsageError(f"on_error={on_error!r}: give 'warn' or 'raise'")
        self._location = path_to_text(path)
        self._force, self._resume, self._preview = force, resume, preview
        self._about = {
            "class": type(unwrap_model(model)).__name__,
            "torch": torch.__version__,
            **require_mapping("about", about),
        }
        self._metrics = {
            name: to_number(name, value) for name, value in require_mapping("metrics", metrics).items()
        }
        self._schedule = parse_schedule(every, steps)
        self._total_steps = total_steps
        self._raise_errors = on_error == "raise"
        self._samples = Samples.from_inputs(samples, samples_dim)
        undo = resolve_denormalize(mean, std, denormalize)
        if shown is not None and undo is not None:
            raise UsageError("shown= are pictures already; give either it, or mean= and std= or denormalize=")
        self._pictures = self._samples.make_pictures(shown, undo)
        self._budget = None
        if max_bytes is not None:
            self._budget = parse_size(max_bytes) - self._samples.nbytes - self._pictures.nbytes - HEADER_BYTES
        self._labels = self._samples.format_labels(labels)
        self._classes = format_classes(classes)
        self._stretching = self._samples.stretching_note if shown is None and undo is None else ""
        if shown is None and self._samples.fitting_note:
            self._about = {"pictures": self._samples.fitting_note, **self._about}
        options = ReadOptions.from_arguments(dtype, channels)
        self._probe = Probe(model, self._samples, resolve_taps(model, taps), options)
        self._role = ProcessRole()
        self._is_open = self._was_opened = self._resumed = False
        self._writer: AsyncWriter | None = None
        self._preview_process: PreviewProcess | None = None
        self._step = 0
        self._skipped_metrics: set[str] = set()
        self._nonfinite_metrics: dict[str, dict[int, float]] = {}
        self._refused: dict[str, str] = {}
        # Threads may share a recorder. A probe has a lock of its own, since recorders may share a model.
        self._lock = threading.RLock()
        self._probe_seconds: list[float] = []

    def __enter__(self) -> Self:
        self._role = role = ProcessRole.from_model(self._probe.model, self.sync_timeout)
        if role.probes:
            role.require_same_taps(self._probe.names)
            role.run_in_all(self._claim_path)
            arrays = role.run_in_all(lambda: self._run_probe(self._step, untrained=True))
            role.run_in_all(lambda: self._start_writer(arrays))
        self._is_open = self._was_opened = True
        return self

    def _claim_path(self) -> None:
        if self._was_opened:
            raise ReelnetError(f"{self._location}: a recorder records only once; create another one")
        self._step = 0
        if self._role.writes:
            resume_step = resolve_resume_step(self._location, self._resume)
            if resume_step is None:
                require_free_path(self._location, force=self._force)
            self._resumed, self._step = resume_step is not None, resume_step or 0

    def _start_writer(self, arrays: Arrays) -> None:
        if not self._role.writes:
            return
        infos = self._probe.infos
        run_writer = RunWriter(
            self._location,
            taps=infos,
            inputs={name: to_numpy(value) for name, value in self._samples.tensors.items()},
            pictures=self._pictures,
            labels=self._labels,
            classes=self._classes,
            class_output=self._find_class_output(arrays),
            about=self._about,
            force=self._force,
            resume=self._step if self._resumed else None,
            segment_bytes=choose_segment_bytes(self._budget, infos, self.segment_bytes),
        )
        try:
            thinning_writer = ThinningWriter(run_writer, self._budget, infos, self._schedule, self._step)
            if self._step == 0 and not run_writer.steps:
                thinning_writer.add(Snapshot(0, arrays, self._metrics))
                self._watch_metrics(0, self._metrics)
        except BaseException:
            run_writer.discard()
            raise
        self._writer = AsyncWriter(
            run_writer, thinning_writer, self._location, raise_errors=self._raise_errors
        )
        if self._preview:
            self._start_preview()
        if self._resumed:
            self._warn_about_gap(thinning_writer.last_step)
        LOG.info("%s: recording %s", self._location, self.plan())
        for doubt in self._probe.doubts:
            LOG.warning("%s: %s", self._location, doubt)
        if "pictures" in self._about:
            LOG.info("%s: %s", self._location, self._about["pictures"])
        if self._stretching:
            LOG.warning("%s: %s", self._location, self._stretching)
        if skipped := self._probe.skipped:
            name, reason = next(iter(skipped.items()))
            layers = format_count(len(skipped), "layer")
            LOG.warning("%s: skipped %s; the first is %r: it %s", self._location, layers, name, reason)

    def _start_preview(self) -> None:
        """Start the preview; a training goes on without one."""

        def show(address: str) -> None:
            if sys.stderr is not None:
                sys.stderr.write(f"{location}: preview at {address}\n")

        def warn(reason: str) -> None:
            LOG.warning("%s: no preview: %s", location, reason)

        location = self._location
        try:
            self._preview_process = PreviewProcess(location, show, warn)
        except OSError as error:
            warn(str(error))

    def _find_class_output(self, arrays: Arrays) -> str | None:
        """The tap that gives the model's output, one value per class; see `Header.class_output`.

        Raises:
            ReelnetError: The model returns another number of values than there are classes.
        """
        scores = self._probe.class_scores
        if self._classes is None or scores is None:
            return None
        if scores.shape[1] != len(self._classes):
            raise ReelnetError(
                f"classes: got {len(self._classes)} names, but the model returns {scores.shape[1]} values per sample"
            )
        output = find_class_output(scores, arrays)
        if not output:
            LOG.warning(
                "%s: classes are given, but no tap records what the model returns; to show what it takes the samples "
                "for, record its last layer, too",
                self._location,
            )
        return output

    def _warn_about_gap(self, last_step: int | None) -> None:
        """Warn if the resumed run ends before the step after which it is resumed."""
        count = self._schedule.count_snapshots
        if last_step is None:
            end = "has no step up to it"
        elif last_step < self._step and (count(last_step) is None or count(last_step) != count(self._step)):
            end = f"ends at step {last_step}"
        else:
            return
        LOG.warning(
            "%s: resumed after step %s, but the run %s; the steps between are not recorded",
            self._location,
            self._step,
            end,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            writer, self._writer, self._is_open = self._writer, None, False
        for name, values in self._nonfinite_metrics.items():
            for sentence in describe_nonfinite(name, values):
                LOG.warning("%s: %s", self._location, sentence)
        if writer is not None:
            writer.close(error)

    def step(self, **metrics: Any) -> None:
        """Record the training step that was just taken, if the schedule selects it.

        Call it after each `optimizer.step()`, and before `zero_grad()` if gradients are recorded. Threads that call
        it at the same time wait for each other; none of them may train the model meanwhile.

        Args:
            metrics: Metrics of this step by name: numbers, or tensors with one element. Names that end in `loss` or
                `accuracy` are drawn as curves; those with prefixes such as `train_` and `test_` share a chart.

        Raises:
            ReelnetError: The recorder is not open, or the model calls this. With `on_error="raise"`, also: a metric
                is not a number, or the step, or an earlier one, cannot be recorded.
        """
        if probing():
            raise ReelnetError(
                "the model calls step() while the samples run through it; call it in the training loop"
            )
        with self._lock:
            self._record_step(metrics)

    def _record_step(self, metrics: Mapping[str, Any]) -> None:
        if not self._is_open:
            raise ReelnetError("the recorder is closed; call step() inside 'with Recorder(…) as recorder:'")
        step = self._step + 1
        try:
            if self._role.probes and self._role.broadcast_decision(lambda: self._schedule.is_due(step)):
                snapshot = self._role.run_in_all(lambda: self._take_snapshot(step, metrics))
                if self._writer is not None:
                    self._writer.submit(snapshot)
        except OutOfSyncError:
            raise
        except Exception as error:
            step_error = self._step_error(step, error)
            if self._raise_errors:
                raise step_error from error
            if self._writer is not None:
                self._writer.mark_missing(step, step_error)
        self._step = step
        if self._writer is not None:
            self._writer.raise_pending_error()

    def flush(self) -> None:
        """Wait until all steps recorded so far are on disk. Leaving the recorder does so, too.

        Raises:
            ReelnetError: With `on_error="raise"`, a step could not be written.
        """
        if self._writer is not None:
            self._writer.flush()

    def plan(self) -> RecordingPlan:
        """Predict the size and the time of the recording.

        The result has attributes such as `snapshots`, `bytes` and `seconds`; printed, it is a sentence. Before the
        recorder is entered, this runs the samples through the model once.

        Raises:
            ReelnetError: The model fails on the samples, or an output cannot be recorded.
        """
        if not self._probe_seconds:
            self._run_probe(self._step, untrained=True)
        snapshot_bytes = estimate_snapshot_bytes(self._probe.infos)
        return RecordingPlan(
            taps=len(self._probe.infos),
            samples=self._samples.count,
            schedule=str(self._schedule),
            snapshot_bytes=snapshot_bytes,
            snapshot_seconds=sum(self._probe_seconds) / len(self._probe_seconds),
            snapshots=None
            if self._total_steps is None
            else self._schedule.count_snapshots(self._total_steps),
            max_snapshots=None if self._budget is None else max(0, self._budget) // snapshot_bytes,
        )

    def _run_probe(self, step: int, *, untrained: bool = False) -> Arrays:
        start = time.perf_counter()
        try:
            arrays = self._probe.run(untrained=untrained)
        finally:
            self._log_findings(step)
        self._probe_seconds = [*self._probe_seconds[1 - TIMED_PROBES :], time.perf_counter() - start]
        return arrays

    def _log_findings(self, step: int) -> None:
        """Log what the last probe found that people should know; each thing once."""
        if found := [f"{name} ({reason})" for name, reason in self._probe.unrestorable.items()]:
            more = f" and {len(found) - MAX_LISTED} more" if len(found) > MAX_LISTED else ""
            LOG.warning(
                "%s: cannot restore what the forward pass of the samples changes in %s%s; see reelnet.probing()",
                self._location,
                ", ".join(found[:MAX_LISTED]),
                more,
            )
        for path, what in self._probe.exchanged.items():
            LOG.warning("%s: %r %s since step %s", self._location, path, what, step)
        for name, reason in self._probe.refused.items():
            if self._refused.get(name) != reason:
                LOG.warning(
                    "%s: %r is recorded as NaN from step %s until it fits again: %s",
                    self._location,
                    name,
                    step,
                    reason,
                )
        self._refused = dict(self._probe.refused)

    def _take_snapshot(self, step: int, metrics: Mapping[str, Any]) -> Snapshot:
        values = self._convert_metrics(step, metrics) if self._role.writes else {}
        arrays = self._run_probe(step)
        if self._raise_errors and self._probe.refused:
            name, reason = next(iter(self._probe.refused.items()))
            raise ReelnetError(f"layer {name!r}: {reason}")
        return Snapshot(step, arrays, values)

    def _convert_metrics(self, step: int, metrics: Mapping[str, Any]) -> dict[str, float]:
        values = {}
        for name, value in metrics.items():
            try:
                values[name] = to_number(name, value)
            except ReelnetError as error:
                if self._raise_errors:
                    raise
                # Losing a metric is better than losing the step.
                if name not in self._skipped_metrics:
                    LOG.warning("%s: step %s: skipped %s", self._location, step, error)
                self._skipped_metrics.add(name)
        self._watch_metrics(step, values)
        return values

    def _watch_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Warn of the first value of each metric that is NaN or infinite, and keep all of them for the end."""
        for name, value in values.items():
            if not math.isfinite(value):
                if name not in self._nonfinite_metrics:
                    LOG.warning("%s: step %s: metric %r is %s", self._location, step, name, value)
                self._nonfinite_metrics.setdefault(name, {})[step] = value

    def _step_error(self, step: int, error: Exception) -> ReelnetError:
        """Prefix an error with the run and the step; its class stays if it is one of reelnet's."""
        if isinstance(error, ReelnetError):
            return type(error)(f"{self._location}: step {step}: {error}")
        return ReelnetError(f"{self._location}: step {step}: {describe_error(error)}")
