"""Render many files, by the processes of this machine or of others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from reelnet._support.output_path import require_writable
from reelnet.errors import ReelnetError, UsageError, describe_error
from reelnet.export.parallel import default_jobs
from reelnet.export.provenance import require_replaceable, write_provenance
from reelnet.export.save import save
from reelnet.many.spawned_pool import SpawnedPool
from reelnet.many.task import RenderTask

MAX_ATTEMPTS = 2
"""How often a task is begun whose process dies."""

POLL_SECONDS = 0.05
"""Time between two looks at what is done: not every executor's futures tell it themselves."""


class PendingResult(Protocol):
    """What an executor gives for a call: a `Future`, or a job that has the same methods."""

    def done(self) -> bool:
        """Whether the call has ended, or was canceled."""

    def result(self) -> Any:
        """What the call returned; it raises what the call raised."""

    def cancel(self) -> Any:
        """Do not begin the call."""


class TaskExecutor(Protocol):
    """What calls functions elsewhere."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> PendingResult:
        """Have a function called."""


@dataclass(frozen=True)
class RenderResult:
    """What became of a task.

    Attributes:
        task: The task.
        layer: The layer that the file shows; that of the task if there is no file.
        report: The figures of the file, as `Report.as_json` gives them; None if there is no file.
        notes: What else users should know about the file, one sentence each.
        error: Why there is no file; empty if there is one.
        exit_code: The exit code of the command line for this error; 0 without one.
        traceback: Where a defect of the code is; empty for mistakes that `error` explains.
        is_skipped: Whether the file was there already.
    """

    task: RenderTask
    layer: str | None = None
    report: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    exit_code: int = 0
    traceback: str = ""
    is_skipped: bool = False

    def as_json(self) -> dict[str, Any]:
        """The result for `json.dumps`: the run, the layer, and the figures of the report, or `path` and `error`."""
        rest = dict(self.report) if self.report else {"path": self.task.output, "error": self.error}
        return {"run": self.task.run, "layer": self.layer, **rest}


def render_many(
    tasks: Sequence[RenderTask],
    executor: TaskExecutor | None = None,
    *,
    jobs: int | None = None,
    keep_going: bool = False,
    on_result: Callable[[RenderResult], None] | None = None,
) -> list[RenderResult]:
    """Render many files. Each appears whole or not at all.

        run = reelnet.open("runs/mnist")
        tasks = [
            reelnet.RenderTask.for_run(run, f"{layer}.gif", layer=layer, max_size="3 MB")
            for layer in ("conv1", "conv2")
        ]
        results = reelnet.render_many(tasks, keep_going=True)

    A task whose process dies is begun once more. A script that uses the default executor needs
    `if __name__ == "__main__":`, like all that start processes.

    Args:
        tasks: The files.
        executor: Anything whose `submit(function, argument)` returns something with `done`, `result` and `cancel`,
            such as an executor of `concurrent.futures`. The function and its argument can be pickled; the argument
            and what it returns are plain data. By default, processes of this machine.
        jobs: How many processes render at a time by default: one for every 8 processors.
        keep_going: Go on after a task that failed.
        on_result: Called with each result as soon as it is known.

    Returns:
        The results, in the order of the tasks.

    Raises:
        UsageError: Two tasks write the same file, or `jobs` is given with an executor.
        ReelnetError: A task failed, without `keep_going`. Tasks that had begun were finished first.
    """
    if executor is not None and jobs is not None:
        raise UsageError("jobs is for the processes of this machine, but an executor has its own")
    reports = [Path(task.report) for task in tasks if task.report is not None]
    for path in reports:
        require_replaceable(path)
    require_writable(*(Path(task.output) for task in tasks), *reports)
    if executor is not None:
        return _Batch(tasks, executor, keep_going, on_result).run()
    pool = SpawnedPool(max(1, min(jobs or default_jobs(), len(tasks))))
    try:
        results = _Batch(tasks, pool, keep_going, on_result).run()
    except BaseException:
        pool.shutdown(wait=False)
        raise
    pool.shutdown()
    return results


def perform(content: Mapping[str, Any]) -> dict[str, Any]:
    """Render the file of a task, in whatever process this is.

    Args:
        content: The task, as `RenderTask.as_json` gives it.

    Returns:
        What a `RenderResult` has, but for the task, as plain data. Whatever goes wrong is in it.
    """
    try:
        task = RenderTask.from_json(content)
        request = task.resolve()
        report = save(request)
        if task.report is not None:
            write_provenance(Path(task.report), [(request, report)])
    except ReelnetError as error:
        return {"error": str(error), "exit_code": error.exit_code}
    except Exception as error:
        return {"error": describe_error(error), "exit_code": 1, "traceback": traceback.format_exc()}
    return {"layer": request.rendition.layer, "report": report.as_json(), "notes": [*report.notes]}


class _Batch:
    """Tasks that an executor performs."""

    def __init__(
        self,
        tasks: Sequence[RenderTask],
        executor: TaskExecutor,
        keep_going: bool,
        on_result: Callable[[RenderResult], None] | None,
    ) -> None:
        self._tasks, self._executor, self._keep_going = tasks, executor, keep_going
        self._on_result = on_result or (lambda result: None)
        self._attempts = [0] * len(tasks)
        self._pending: dict[int, PendingResult] = {}
        self._results: dict[int, RenderResult] = {}
        self._is_stopping = False

    def run(self) -> list[RenderResult]:
        """Perform all tasks."""
        for number in range(len(self._tasks)):
            self._begin(number)
        while self._pending:
            for number, pending in [*self._pending.items()]:
                if pending.done():
                    del self._pending[number]
                    self._finish(number, pending)
            if self._pending:
                time.sleep(POLL_SECONDS)
        failed = [number for number, result in sorted(self._results.items()) if result.report is None]
        if failed and not self._keep_going:
            raise _as_error(self._results[failed[0]])
        return [self._results[number] for number in range(len(self._tasks))]

    def _begin(self, number: int) -> None:
        self._attempts[number] += 1
        try:
            self._pending[number] = self._executor.submit(perform, self._tasks[number].as_json())
        except Exception as error:
            # An executor of the standard library takes nothing more after one of its processes has died.
            self._add(number, {"error": f"cannot be begun: {describe_error(error)}", "exit_code": 1})

    def _finish(self, number: int, pending: PendingResult) -> None:
        try:
            content = pending.result()
        # A canceled call raises an exception of its own kind, which need not be an `Exception`.
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            # `perform` raises nothing: it did not come to its end.
            if self._is_stopping:
                return
            if self._attempts[number] < MAX_ATTEMPTS:
                self._begin(number)
                return
            content = {"error": f"{describe_error(error)}, {MAX_ATTEMPTS} times", "exit_code": 1}
        self._add(number, content)

    def _add(self, number: int, content: Mapping[str, Any]) -> None:
        task = self._tasks[number]
        given = {"layer": task.layer, **content, "notes": tuple(content.get("notes", ()))}
        self._results[number] = result = RenderResult(task, **given)
        self._on_result(result)
        if result.report is None and not self._keep_going and not self._is_stopping:
            self._is_stopping = True
            for pending in self._pending.values():
                with suppress(Exception):
                    pending.cancel()


def _as_error(result: RenderResult) -> ReelnetError:
    output = result.task.output
    error = ReelnetError(result.error if output in result.error else f"{output}: {result.error}")
    error.exit_code = result.exit_code
    if result.traceback:
        error.add_note(result.traceback)
    return error
