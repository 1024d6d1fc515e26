"""One thread that does all that takes time, the most urgent first; what nobody waits for any more is dropped."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from enum import IntEnum
from typing import Any, TypeVar

from reelnet.errors import ReelnetError
from reelnet.preview.answer import Ticket

T = TypeVar("T")

MAX_CLIENTS = 64
"""Pages whose latest requests are remembered."""


class Overtaken(Exception):  # noqa: N818 - it is no error: the answer says so
    """A later request of the same client makes a request superfluous."""


class Work(IntEnum):
    """Kinds of work, the most urgent first."""

    LAYOUT = 0
    PICTURE = 1
    FIGURE = 2
    FORECAST = 3
    THUMBNAIL = 4


OVERTAKEN_BY: dict[Work, tuple[Work, ...]] = {
    Work.LAYOUT: (Work.LAYOUT,),
    Work.PICTURE: (Work.LAYOUT, Work.PICTURE),
    Work.FIGURE: (Work.LAYOUT, Work.FIGURE),
    Work.FORECAST: (Work.FORECAST,),
}
"""Which later requests of a client make one superfluous."""


class _Task:
    """A request in the queue."""

    def __init__(self, work: Work, run: Callable[[], Any], ticket: Ticket | None) -> None:
        self.work, self.run, self.ticket = work, run, ticket
        self.future: Future[Any] = Future()


class LayoutWorker:
    """Does one thing at a time in a thread of its own, so that a run and its scenes need no locks.

    Long work calls `pause` between its steps: more urgent work is done then, and work that is out of date stops.

    Attributes:
        picture_seconds: Seconds of processor time spent on layouts and pictures.
    """

    def __init__(self) -> None:
        self.picture_seconds = 0.0
        self._changed = threading.Condition()
        self._tasks: list[_Task] = []
        self._latest: OrderedDict[str, dict[Work, int]] = OrderedDict()
        self._current: list[_Task] = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._loop, name="reelnet-preview", daemon=True)
        self._thread.start()

    def do(self, work: Work, run: Callable[[], T], ticket: Ticket | None = None) -> T:
        """Have something done, and wait for its result.

        Raises:
            Overtaken: The client has asked for something that makes it superfluous.
            ReelnetError: The preview is closed.
            Exception: What `run` raised.
        """
        task = _Task(work, run, ticket)
        with self._changed:
            if self._is_closed:
                raise ReelnetError("the preview is closed")
            if ticket is not None:
                self._remember(work, ticket)
            for old in [each for each in self._tasks if self._is_overtaken(each)]:
                self._tasks.remove(old)
                old.future.set_exception(Overtaken())
            self._tasks.append(task)
            self._changed.notify_all()
        result: T = task.future.result()
        return result

    def pause(self) -> None:
        """Let more urgent work pass. Only work in progress calls this.

        Raises:
            Overtaken: The work in progress is out of date, or the preview is closed.
        """
        task = self._current[-1]
        while True:
            with self._changed:
                if self._is_closed or self._is_overtaken(task):
                    raise Overtaken
                urgent = self._take(before=task.work)
            if urgent is None:
                return
            self._perform(urgent)

    @property
    def is_drawing(self) -> bool:
        """Whether a layout or a picture is being made, or waits."""
        with self._changed:
            return any(task.work <= Work.PICTURE for task in (*self._current, *self._tasks))

    def close(self) -> None:
        """Stop, at the latest at the end of the work in progress."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _remember(self, work: Work, ticket: Ticket) -> None:
        latest = self._latest.setdefault(ticket.client, {})
        latest[work] = max(ticket.serial, latest.get(work, 0))
        self._latest.move_to_end(ticket.client)
        if len(self._latest) > MAX_CLIENTS:
            self._latest.popitem(last=False)

    def _is_overtaken(self, task: _Task) -> bool:
        if task.ticket is None:
            return False
        latest = self._latest.get(task.ticket.client, {})
        return any(latest.get(work, 0) > task.ticket.serial for work in OVERTAKEN_BY[task.work])

    def _take(self, before: int) -> _Task | None:
        """Take the most urgent task that is more urgent than `before`; of equal ones the first."""
        task = min(self._tasks, key=lambda each: each.work, default=None)
        if task is None or task.work >= before:
            return None
        self._tasks.remove(task)
        return task

    def _perform(self, task: _Task) -> None:
        self._current.append(task)
        start = time.thread_time()
        try:
            with self._changed:
                if self._is_overtaken(task):
                    raise Overtaken
            task.future.set_result(task.run())
        except BaseException as error:
            task.future.set_exception(error)
        finally:
            self._current.pop()
            if task.work <= Work.PICTURE:
                self.picture_seconds += time.thread_time() - start

    def _loop(self) -> None:
        while True:
            with self._changed:
                while (task := self._take(before=len(Work))) is None and not self._is_closed:
                    self._changed.wait()
                if self._is_closed:
                    waiting = [task, *self._tasks] if task else [*self._tasks]
                    self._tasks.clear()
                    break
            assert task is not None
            self._perform(task)
        for each in waiting:
            each.future.set_exception(ReelnetError("the preview is closed"))
