"""That only one recorder is at work where there are no locks: an object that is renewed as long as it lives."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reelnet._support.atomic_path import is_process_dead
from reelnet.errors import UsageError
from reelnet.runs.storage.file_lock import holder, owner_of

if TYPE_CHECKING:
    from reelnet.runs.storage.remote import RemoteStore

NAME = "lock"

SECONDS = 60
"""After so long without a sign of life a recording counts as dead."""

RENEW = 15
"""Seconds from one sign of life to the next."""


class Lease:
    """Holds the object `lock` of a run.

    Args:
        store: The run's files.

    Raises:
        UsageError: Another recorder holds it, or held it less than a minute ago.
    """

    def __init__(self, store: RemoteStore) -> None:
        self._store, self._owner, self._process = store, uuid.uuid4().hex, os.getpid()
        self._holder = holder()
        held = self._held()
        if held is not None and (left := held["time"] + SECONDS - time.time()) > 0 and not _is_dead(held):
            raise UsageError(
                f"{store}: is being recorded by {owner_of(held)}; choose another address, "
                f"or try again in {min(SECONDS, left):.0f} s if that one was killed"
            )
        self._sign()
        held = self._held()
        if held is None or held["owner"] != self._owner:
            raise UsageError(
                f"{store}: another recorder began there at the same moment; choose another address"
            )
        self._over = threading.Event()
        threading.Thread(target=self._live, name="reelnet-lease", daemon=True).start()

    def release(self) -> None:
        """Let others record."""
        if self._process == os.getpid() and not self._over.is_set():
            self._over.set()
            with suppress(OSError):
                self._store.remove([NAME])

    def _live(self) -> None:
        while not self._over.wait(RENEW):
            with suppress(OSError):
                self._sign()

    def _sign(self) -> None:
        content = {"owner": self._owner, **self._holder, "time": time.time()}
        self._store.write(NAME, json.dumps(content).encode())

    def _held(self) -> dict[str, Any] | None:
        try:
            found = json.loads(self._store.read(NAME))
            return {**found, "time": float(found["time"]), "owner": str(found["owner"])}
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


def _is_dead(held: dict[str, Any]) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    try:
        return held.get("host") == platform.node() and is_process_dead(int(held["process"]))
    except (ValueError, TypeError, KeyError):
        return False
