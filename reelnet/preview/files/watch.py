"""Looks every now and then whether templates or the run have changed on disk.

Looking works everywhere; network file systems, containers and WSL do not report changes of other machines.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reelnet.errors import ReelnetError
from reelnet.preview.files.family import Family, FileState, find_state
from reelnet.preview.files.template_files import OWN_FOLDER, TemplateFiles, hash_text
from reelnet.template.load import read_template_text
from reelnet.template.search_path import SearchPath
from reelnet.template.source import TemplateText

LOG = logging.getLogger("reelnet")

INTERVAL = 0.1
"""Seconds between two looks at templates."""

UNREADABLE_LOOKS = 2
"""For how many looks the text of a file may be no YAML, because an editor is still writing it."""

MAX_WATCHED = 8
"""Templates that are watched: those that pages showed last."""

MISSING_LOOKS = 10
"""For how many looks a template may be missing, because an editor is replacing its file."""

GROWING_INTERVAL, FINISHED_INTERVAL, MAX_INTERVAL = 0.5, 1.0, 30.0
"""Seconds between two looks at a run: at least, if nobody records it, and between news of it at most."""

MAX_LOAD = 0.015
"""The part of a processor that may be spent on the pictures of a growing run, and as much again on its figures."""

ANSWER_SECONDS = 3.0
"""How long after new steps were told the work of the preview counts as caused by them."""

OnEvent = Callable[[str, Mapping[str, Any]], None]


class _WatchedTemplate:
    """What was last seen of a template.

    Args:
        source: Its text as it was shown.
    """

    def __init__(self, source: TemplateText) -> None:
        self.family = Family.find(source)
        self.states = self.find_states()
        self._unreadable = 0

    def find_states(self) -> list[FileState]:
        """The states of its files."""
        return [find_state(file) for file in self.family.files]

    def look(self, files: TemplateFiles, name: str) -> bool:
        """Look at the content of its files. Return whether it means something else."""
        states = self.find_states()
        family = Family.find(files.read_source(name))
        if _is_yaml(family):
            self._unreadable = 0
        elif self._unreadable < UNREADABLE_LOOKS:
            # The states stay as they were, so that it is looked at again.
            self._unreadable += 1
            return False
        is_other = family != self.family
        self.family = family
        self.states = states if not is_other else self.find_states()
        return is_other


class TemplateWatch:
    """Tells which templates have changed on disk.

    Args:
        files: The templates.
    """

    def __init__(self, files: TemplateFiles) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._watched: OrderedDict[str, _WatchedTemplate] = OrderedDict()
        self._folders = OWN_FOLDER, SearchPath().user_folder
        self._folder_states = self._find_folder_states()
        self._listed = self._list_existing()
        self._missing_looks = 0

    def add(self, name: str) -> None:
        """Watch a template from now on. Those that were not shown for long are no longer watched."""
        with self._lock:
            if name not in self._watched:
                self._watched[name] = _WatchedTemplate(self._files.read_source(name))
            self._watched.move_to_end(name)
            if len(self._watched) > MAX_WATCHED:
                self._watched.popitem(last=False)

    def look(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What has changed since the last look, as events."""
        events = list[tuple[str, Mapping[str, Any]]]()
        folder_states = self._find_folder_states()
        are_folders_other = folder_states != self._folder_states
        if are_folders_other:
            listed = self._list_existing()
            is_missing = not self._listed.keys() <= listed.keys()
            self._missing_looks = self._missing_looks + 1 if is_missing else 0
            if self._missing_looks in (0, MISSING_LOOKS):
                self._missing_looks, self._folder_states = 0, folder_states
                if listed != self._listed:
                    self._listed = listed
                    events.append(("templates", {}))
        with self._lock:
            for name, watched in self._watched.items():
                if are_folders_other or watched.find_states() != watched.states:
                    # A file that cannot be read is looked at again.
                    with suppress(ReelnetError):
                        before = watched.family
                        if watched.look(self._files, name):
                            events.append(("file", _describe_change(name, before, watched.family)))
        return events

    def _list_existing(self) -> dict[str, Path]:
        """The templates that have a file; the given one may have been deleted."""
        return {name: file for name, file in self._files.list_files().items() if file.exists()}

    def _find_folder_states(self) -> list[int]:
        """When something was last added to the folders, or removed from them."""
        return [_find_time(folder) for folder in self._folders]


class RunWatch:
    """Follows a run that grows, at a pace that leaves the processor to the training.

    Args:
        is_locked: Whether somebody records the run.
        refresh: Reads what was recorded meanwhile. Returns the steps, and whether they changed.
        measure_work: Seconds of processor time spent on pictures of the run so far; None while one is drawn.

    Attributes:
        growing: Whether somebody records the run.
    """

    def __init__(
        self,
        is_locked: Callable[[], bool],
        refresh: Callable[[], tuple[list[int], bool]],
        measure_work: Callable[[], float | None],
    ) -> None:
        self._is_locked, self._refresh, self._measure_work = is_locked, refresh, measure_work
        self.growing = is_locked()
        self._next = time.monotonic() + GROWING_INTERVAL
        self._told, self._work, self._spent = -math.inf, 0.0, 0.0

    def look(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What has changed since the last look, as events."""
        now, work = time.monotonic(), self._measure_work()
        if work is None or now < self._next:
            return []
        if now < self._told + ANSWER_SECONDS:
            self._spent = work - self._work
        was_growing, self.growing = self.growing, self._is_locked()
        is_early = now < self._told + min(MAX_INTERVAL, self._spent / MAX_LOAD)
        interval = GROWING_INTERVAL if self.growing else FINISHED_INTERVAL
        self._next = now + interval
        if is_early and self.growing == was_growing:
            return []
        steps, is_new = self._refresh()
        # A look at a run in an object store takes long.
        self._next = time.monotonic() + max(interval, time.monotonic() - now)
        if not is_new and was_growing == self.growing:
            return []
        self._told, self._work, self._spent = now, work, 0.0
        return [("run", {"steps": steps, "growing": self.growing})]


class Watcher:
    """Looks in a thread of its own, as long as it is needed.

    Args:
        looks: What is looked at; each returns events.
        on_event: Called with the name and the content of an event.
    """

    def __init__(
        self, looks: list[Callable[[], list[tuple[str, Mapping[str, Any]]]]], on_event: OnEvent
    ) -> None:
        self._looks, self._on_event = [*looks], on_event
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reelnet-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stopped.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _loop(self) -> None:
        while not self._stopped.wait(INTERVAL):
            for look in [*self._looks]:
                try:
                    events = look()
                except Exception:
                    # A defect here must not end the other looks, nor be told ten times a second.
                    LOG.exception("changes on disk are no longer noticed")
                    self._looks.remove(look)
                    continue
                for name, content in events:
                    self._on_event(name, content)


def _describe_change(name: str, before: Family, after: Family) -> Mapping[str, Any]:
    """What to tell of a template: its checksum if nothing else has changed, so that who saved it knows it already."""
    return {"template": name, "sha256": hash_text(after.texts[0].text) if after.is_like(before) else None}


def _is_yaml(family: Family) -> bool:
    """Whether all texts of a family can be read."""
    try:
        for text in family.texts:
            read_template_text(text, [])
    except ReelnetError:
        return False
    return True


def _find_time(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
