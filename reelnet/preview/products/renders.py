"""Files that a page has written, one job after the other, in processes that can be stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelnet._support.output_path import require_writable, resolve_output
from reelnet._support.text import one_line
from reelnet.errors import ReelnetError, UsageError
from reelnet.export.parallel import Stopped, save_each
from reelnet.export.report import Report
from reelnet.export.report_text import format_embedding, format_report
from reelnet.export.request import ExportRequest
from reelnet.export.save import OnProgress, OnTrial, save
from reelnet.preview.products.rendered_file import RenderedFile

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LOG = logging.getLogger("reelnet")

REPORT_SECONDS = 0.1
"""Seconds between two reports of progress."""

MAX_OPENED = 1000
"""Files that can be opened: those that were written last."""

OnEvent = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True)
class _Job:
    """Files to write.

    Attributes:
        name: The name by which the page knows it.
        requests: The files.
        stop: Closed to stop it.
        stopped: Ends when it is stopped.
    """

    name: str
    requests: Sequence[ExportRequest]
    stop: Connection[Any, Any]
    stopped: Connection[Any, Any]


class Renders:
    """Writes files below one folder.

    Args:
        folder: The folder.
        on_event: Called with `job` and the state of a job whenever it changes.
    """

    def __init__(self, folder: Path, on_event: OnEvent) -> None:
        self.folder = folder
        self._on_event = on_event
        self._numbers = count(1)
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._current: _Job | None = None
        self._thread: threading.Thread | None = None
        self._written: OrderedDict[tuple[str, int], RenderedFile] = OrderedDict()

    def start(self, requests: Sequence[ExportRequest]) -> str:
        """Have files written.

        Args:
            requests: The files. Their paths are below the folder, or are put there.

        Returns:
            The name of the job.

        Raises:
            UsageError: The options of a file do not fit, or it may not be written there.
            TemplateError: A format has too few colors.
            ReelnetError: The folder cannot be written.
        """
        requests = [replace(request, path=self._place(request.path)) for request in requests]
        for request in requests:
            request.check()
        require_writable(*(request.path for request in requests))
        stopped, stop = Pipe(duplex=False)
        job = _Job(str(next(self._numbers)), requests, stop, stopped)
        with self._changed:
            self._waiting.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="reelnet-renders", daemon=True)
                self._thread.start()
        return job.name

    def cancel(self, name: str) -> None:
        """Stop a job. One that has ended stays as it is."""
        with self._changed:
            waiting = [job for job in self._waiting if job.name == name]
            for job in waiting:
                self._waiting.remove(job)
            if self._current is not None and self._current.name == name:
                self._current.stop.close()
        for job in waiting:
            job.stop.close()
            job.stopped.close()
            self._tell(job, state="cancelled")

    def find(self, name: str, number: int) -> RenderedFile | None:
        """A file that a job has written; None if there is none.

        Args:
            name: The job.
            number: The number of the file in the job's `files`.
        """
        return self._written.get((name, number))

    def close(self) -> None:
        """Stop all jobs, and wait until no partial file is left."""
        with self._changed:
            jobs = [*self._waiting, *([self._current] if self._current else [])]
            thread = self._thread
        for job in jobs:
            self.cancel(job.name)
        if thread is not None:
            thread.join()

    def _place(self, path: Path) -> Path:
        """The path of a file below the folder, such as `renders/a.gif` for `a.gif` and for itself.

        Raises:
            UsageError: It would be elsewhere.
        """
        below = path if path.is_relative_to(self.folder) else self.folder / path
        target = resolve_output(below).resolve()
        if path.is_absolute() or ".." in path.parts or not target.is_relative_to(self.folder.resolve()):
            raise UsageError(f"{path}: is not below {self.folder}/; write it with 'reelnet render'")
        return below

    def _loop(self) -> None:
        """Write the files of the jobs that wait; the thread ends with the last one."""
        while True:
            with self._changed:
                if not self._waiting:
                    self._thread = None
                    return
                job = self._current = self._waiting.popleft()
            try:
                self._write(job)
            finally:
                with self._changed:
                    self._current = None
                    job.stop.close()
                    job.stopped.close()

    def _write(self, job: _Job) -> None:
        last = [0.0]

        def on_start(request: ExportRequest) -> tuple[OnProgress, OnTrial]:
            name, trial = request.path.name, [""]

            def on_progress(done: int, total: int) -> None:
                if done == total or time.monotonic() >= last[0] + REPORT_SECONDS:
                    last[0] = time.monotonic()
                    words = ": ".join(filter(None, (name, trial[0])))
                    self._tell(job, state="running", done=done, total=total, words=words)

            def on_trial(text: str) -> None:
                trial[0] = text
                self._tell(job, state="running", words=f"{name}: {text}")

            on_progress(0, 0)
            return on_progress, on_trial

        try:
            reports = save_each(job.requests, save, 1, on_start, job.stopped)
        except Stopped:
            self._tell(job, state="cancelled")
        except ReelnetError as error:
            self._tell(job, state="failed", words=one_line(error))
        except Exception as error:
            LOG.exception("A file could not be written")
            self._tell(job, state="failed", words=one_line(error))
        else:
            self._remember(job)
            self._tell(job, state="done", lines=[*describe_reports(reports)])

    def _remember(self, job: _Job) -> None:
        """Note which files can be opened."""
        for number, request in enumerate(job.requests):
            if file := RenderedFile.find(request.path):
                self._written[job.name, number] = file
        while len(self._written) > MAX_OPENED:
            self._written.popitem(last=False)

    def _tell(
        self,
        job: _Job,
        *,
        state: str,
        done: int = 0,
        total: int = 0,
        words: str = "",
        lines: Sequence[str] = (),
    ) -> None:
        content = {"job": job.name, "state": state, "done": done, "total": total, "words": words}
        files = [
            {"path": str(request.path), "opens": self.find(job.name, number) is not None}
            for number, request in enumerate(job.requests)
        ]
        self._on_event("job", {**content, "lines": [*lines], "files": files})


def describe_reports(reports: Sequence[Report]) -> Iterator[str]:
    """What the command line prints about files: a line for each, how to show figures, and the notes."""
    yield from map(format_report, reports)
    yield from filter(None, map(format_embedding, reports))
    yield from (f"note: {note}" for note in dict.fromkeys(note for each in reports for note in each.notes))
