"""Write several files at a time, each in a process of its own."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from reelnet.errors import ReelnetError
from reelnet.export.request import ExportRequest
from reelnet.export.save import OnProgress, OnTrial

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

T = TypeVar("T")

SaveTask = Callable[[ExportRequest, OnProgress, OnTrial], T]
"""Writes one file, such as `save`. It must be a function of a module, so that other processes can import it."""

OnStart = Callable[[ExportRequest], tuple[OnProgress, OnTrial]]
"""Called when a file is begun. Returns what is called as it proceeds."""

CORES_PER_JOB = 8
"""One render keeps about two cores busy, and up to eight with some codecs: below that, a second one gains nothing."""

STOP_SECONDS = 10.0
"""How long a stopped process may take to remove its temporary files."""


def default_jobs() -> int:
    """How many files are written at a time by default."""
    return max(1, (os.cpu_count() or 1) // CORES_PER_JOB)


class Stopped(Exception):  # noqa: N818 - it is no error, but what was asked for
    """Writing was stopped. Files that were not finished are gone."""


def save_each(
    requests: Sequence[ExportRequest],
    task: SaveTask[T],
    jobs: int,
    on_start: OnStart,
    stop: Connection[Any, Any] | None = None,
) -> list[T]:
    """Write files, up to `jobs` at a time.

    With several jobs each runs in a process of its own, and takes as much memory as a single render. They end with
    this process, even if it is killed, and leave no partial files.

    Args:
        requests: The files.
        task: Writes one of them.
        jobs: How many are written at a time; 1 writes them in this process, one after the other, unless there is a
            `stop`.
        on_start: Called for each file.
        stop: Becomes ready for reading, or ends, when writing is to stop at once.

    Returns:
        What `task` returned, in the order of the requests.

    Raises:
        ReelnetError: A process was killed.
        Stopped: `stop` is ready.
        Exception: What `task` raised. Files that were already begun are finished first.
    """
    jobs = min(jobs, len(requests))
    if jobs <= 1 and stop is None:
        return [task(request, *on_start(request)) for request in requests]
    with _start_workers(task, jobs) as workers:
        return _Dispatcher(requests, workers, on_start, stop).run()


@dataclass(frozen=True)
class Worker:
    """A process that takes requests, and the connection to it.

    Attributes:
        process: The process. It ends with this one, even if this one is killed.
        connection: Takes one request after the other. After each it gives any number of `("progress", (done, total))`
            and `("trial", text)`, and at last `("result", content)` or `("error", exception)`. It is at its end once
            the process has ended.
    """

    process: SpawnProcess
    connection: Connection[Any, Any]


class _Dispatcher:
    """Hands out requests to workers, and collects what they report."""

    def __init__(
        self,
        requests: Sequence[ExportRequest],
        workers: Sequence[Worker],
        on_start: OnStart,
        stop: Connection[Any, Any] | None,
    ) -> None:
        self._requests, self._on_start = requests, on_start
        self._stop = [] if stop is None else [stop]
        self._idle = list(workers)
        self._busy: dict[Connection[Any, Any], tuple[Worker, int, OnProgress, OnTrial]] = {}
        self._results: dict[int, Any] = {}
        self._errors: dict[int, Exception] = {}

    def run(self) -> list[Any]:
        """Write all files."""
        from multiprocessing.connection import Connection, wait

        waiting = list(range(len(self._requests)))[::-1]
        while self._busy or (waiting and not self._errors):
            while self._idle and waiting and not self._errors:
                self._begin(self._idle.pop(), waiting.pop())
            for connection in wait([*self._stop, *self._busy]):
                assert isinstance(connection, Connection)
                if connection in self._stop:
                    raise Stopped
                self._receive(connection)
        if self._errors:
            raise self._errors[min(self._errors)]
        return [self._results[number] for number in range(len(self._requests))]

    def _begin(self, worker: Worker, number: int) -> None:
        self._busy[worker.connection] = (worker, number, *self._on_start(self._requests[number]))
        # If the process has died, its connection is at its end, which `_receive` reports.
        with suppress(BrokenPipeError):
            worker.connection.send(self._requests[number])

    def _receive(self, connection: Connection[Any, Any]) -> None:
        """Handle the next report of a worker."""
        worker, number, on_progress, on_trial = self._busy[connection]
        try:
            kind, content = connection.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join()
            self._errors[number] = ReelnetError(
                f"{self._requests[number].path}: its process ended with code {worker.process.exitcode}; if memory "
                "is short, give fewer --jobs"
            )
            del self._busy[connection]
            return
        match kind:
            case "progress":
                on_progress(*content)
                return
            case "trial":
                on_trial(content)
                return
            case "result":
                self._results[number] = content
            case "error":
                self._errors[number] = content
        del self._busy[connection]
        self._idle.append(worker)


@contextmanager
def _start_workers(task: SaveTask[Any], jobs: int) -> Iterator[list[Worker]]:
    """Start processes that wait for requests; at the end they are stopped, whatever they do."""
    workers = list[Worker]()
    try:
        for _ in range(jobs):
            workers.append(start_worker(task))
        yield workers
    finally:
        stop_workers(workers)


def start_worker(task: Callable[[Any, OnProgress, OnTrial], Any]) -> Worker:
    """Start a process that performs a task for each request that it receives.

    Args:
        task: A function of a module, so that the process can import it.
    """
    from multiprocessing import get_context

    # Codecs start threads, which do not survive a fork.
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, task), daemon=True)
    with _block_interrupts():
        process.start()
    # The connection ends with the process only if no other process has it.
    theirs.close()
    return Worker(process, ours)


def stop_workers(workers: Sequence[Worker]) -> None:
    """Stop processes, whatever they do; they remove their temporary files."""
    for worker in workers:
        worker.connection.close()
        worker.process.terminate()
    for worker in workers:
        worker.process.join(STOP_SECONDS)
        worker.process.kill()


@contextmanager
def _block_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait. Processes that are started meanwhile never receive it: this process stops them."""
    if sys.platform == "win32":
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _work(connection: Connection[Any, Any], task: SaveTask[Any]) -> None:
    """Write the files that come through a connection, until it ends."""
    # An exception lets temporary files be removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        with suppress(EOFError, BrokenPipeError, ConnectionResetError):
            _answer(connection, task)
        # The signal may come when the connection has ended this process already.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _answer(connection: Connection[Any, Any], task: SaveTask[Any]) -> None:
    while True:
        request = connection.recv()
        try:
            result = task(
                request,
                lambda done, total: connection.send(("progress", (done, total))),
                lambda text: connection.send(("trial", text)),
            )
        except (BrokenPipeError, ConnectionResetError):
            # Nobody waits for the file: the connection ended.
            raise
        except Exception as error:
            connection.send(("error", _make_portable(error)))
        else:
            connection.send(("result", result))


def _make_portable(error: Exception) -> Exception:
    """An error that can be sent to another process, with the same text and exit code."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        restored = pickle.loads(pickle.dumps(error))
    except Exception:
        restored = None
    if type(restored) is type(error) and str(restored) == str(error):
        return error
    portable = ReelnetError(str(error)) if isinstance(error, ReelnetError) else RuntimeError(repr(error))
    portable.__dict__.update(exit_code=getattr(error, "exit_code", 1), __notes__=error.__notes__)
    return portable
