"""Jobs in threads, with their results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

MAX_WORKERS = 8

Result = TypeVar("Result")


class OrderedPool(Generic[Result]):
    """Runs jobs in threads and returns their results in the order of submission.

    Args:
        workers: The number of threads; by default one per core, at most 8.
        pending_per_worker: The most jobs per thread that wait, run or have a result that was not returned yet.
    """

    def __init__(self, workers: int | None = None, pending_per_worker: int = 2) -> None:
        workers = min(MAX_WORKERS, os.cpu_count() or 1) if workers is None else workers
        self._max_pending = pending_per_worker * workers
        self._executor = ThreadPoolExecutor(workers)
        self._pending: deque[Future[Result]] = deque()

    def submit(self, job: Callable[[], Result]) -> Iterator[Result]:
        """Start a job; yields results while too many jobs are pending."""
        self._pending.append(self._executor.submit(job))
        while len(self._pending) > self._max_pending:
            yield self._pending.popleft().result()

    def drain(self) -> Iterator[Result]:
        """Yield the results of all remaining jobs."""
        while self._pending:
            yield self._pending.popleft().result()

    def close(self) -> None:
        """Cancel the jobs that have not started, and wait for the others."""
        self._executor.shutdown(cancel_futures=True)
