"""An executor of spawned processes, in which a dead process costs only the call that it was at."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

from reelnet.export.parallel import STOP_SECONDS, Worker, start_worker, stop_workers
from reelnet.export.save import OnProgress, OnTrial


class SpawnedPool(Executor):
    """Calls functions in up to `jobs` processes at a time.

    If a process dies, its call raises `BrokenExecutor`, and a new process takes the next call: in a
    `ProcessPoolExecutor` all other calls would fail as well. The processes end with this one, even if it is killed.

    Args:
        jobs: The number of processes. Each is started when it is first needed.
    """

    def __init__(self, jobs: int) -> None:
        self._threads = ThreadPoolExecutor(jobs)
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._lock = Lock()
        self._is_stopped = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function of a module in one of the processes."""
        return self._threads.submit(self._call, (function, args, kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: at once, or after the calls that were submitted.

        Args:
            wait: Let the calls finish. Otherwise those that have begun raise `BrokenExecutor`, and the others never
                begin.
            cancel_futures: Let only those finish that have begun.
        """
        with self._lock:
            self._is_stopped = not wait
            stopped = [] if wait else [worker.process for worker in self._workers]
        # Connections stay open as long as a thread may read from them.
        for process in stopped:
            process.terminate()
        for process in stopped:
            process.join(STOP_SECONDS)
            process.kill()
        self._threads.shutdown(True, cancel_futures=cancel_futures or not wait)
        stop_workers(self._workers)
        self._workers.clear()

    def _call(self, call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]) -> Any:
        with self._lock:
            if self._is_stopped:
                raise BrokenExecutor("its process was stopped")
            if not self._idle:
                self._idle.append(start_worker(_call_function))
                self._workers.append(self._idle[-1])
            worker = self._idle.pop()
        try:
            worker.connection.send(call)
            kind, content = worker.connection.recv()
        except (EOFError, OSError) as error:
            raise BrokenExecutor(self._discard(worker)) from error
        except BaseException:
            # What cannot be sent never reached the process.
            self._idle.append(worker)
            raise
        self._idle.append(worker)
        if kind == "error":
            raise content
        return content

    def _discard(self, worker: Worker) -> str:
        """Forget a process that has died. Returns a clause that says how it ended."""
        with self._lock:
            if self._is_stopped:
                return "its process was stopped"
            stop_workers([worker])
            self._workers.remove(worker)
        return f"its process ended with code {worker.process.exitcode}"


def _call_function(call: Any, on_progress: OnProgress, on_trial: OnTrial) -> Any:
    function, args, kwargs = call
    return function(*args, **kwargs)
