"""Pictures compressed on every core, their results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

MOST_WORKERS = 8

Result = TypeVar("Result")


class OrderedPool(Generic[Result]):
    """Does jobs in threads and gives their results in the order of the jobs, few of them held at a time."""

    def __init__(self) -> None:
        self._workers = min(MOST_WORKERS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._workers)
        self._jobs: deque[Future[Result]] = deque()

    def add(self, job: Callable[[], Result]) -> Iterator[Result]:
        """Begin a job; gives results that must be taken first."""
        self._jobs.append(self._pool.submit(job))
        while len(self._jobs) > 2 * self._workers:
            yield self._jobs.popleft().result()

    def rest(self) -> Iterator[Result]:
        """The results of all jobs that were begun."""
        while self._jobs:
            yield self._jobs.popleft().result()

    def close(self) -> None:
        """Forget what was not done."""
        self._pool.shutdown(cancel_futures=True)
