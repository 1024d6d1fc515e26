"""Jobs in threads, with their results in order."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from reelnet._support.ordered_pool import OrderedPool


def job(number: int, seconds: float) -> Callable[[], int]:
    def run() -> int:
        time.sleep(seconds)
        return number

    return run


def test_results_come_in_the_order_of_the_jobs() -> None:
    pool: OrderedPool[int] = OrderedPool(workers=4)
    results: list[int] = []
    for number in range(20):
        results += pool.submit(job(number, 0.01 if number % 4 == 0 else 0))
    results += pool.drain()
    pool.close()
    assert results == list(range(20))


def test_no_more_results_are_held_than_allowed() -> None:
    pool: OrderedPool[int] = OrderedPool(workers=1, pending_per_worker=3)
    returned = [len(list(pool.submit(job(number, 0)))) for number in range(6)]
    assert returned == [0, 0, 0, 1, 1, 1]
    assert len(list(pool.drain())) == 3
    pool.close()


def test_the_error_of_a_job_is_raised_in_its_turn() -> None:
    def fail() -> int:
        raise ValueError("no")

    pool: OrderedPool[int] = OrderedPool(workers=2)
    assert not list(pool.submit(job(0, 0)))
    assert not list(pool.submit(fail))
    results = pool.drain()
    assert next(results) == 0
    with pytest.raises(ValueError, match="no"):
        next(results)
    pool.close()
