"""The events of a preview, as one page receives them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from time import monotonic
from typing import Any

from reelnet.preview.web.wire import encode_event

HEARTBEAT_SECONDS = 10
LOOK_SECONDS = 1
"""How often a stream looks whether its page is still there."""

MAX_WAITING = 1000
"""Events that may wait for a slow page; it is then disconnected, and asks anew."""

BEGIN = b"retry: 1000\n\n"
HEARTBEAT = b":\n\n"
END = "end"


class EventStream:
    """The events that wait for one page.

    Args:
        connection: The connection to the page.
        write: Writes to the page; raises `OSError` if it is gone.

    Attributes:
        ended: Set when nothing more is written.
    """

    def __init__(self, connection: socket.socket, write: Callable[[bytes], None]) -> None:
        self._connection, self._write = connection, write
        self._waiting: Queue[tuple[str, Mapping[str, Any]]] = Queue(MAX_WAITING)
        self._is_behind = False
        self.ended = threading.Event()

    def put(self, name: str, content: Mapping[str, Any]) -> None:
        """Add an event; any thread may do so."""
        try:
            self._waiting.put_nowait((name, content))
        except Full:
            self._is_behind = True

    def run(self) -> None:
        """Write events until the event `end`, or until the page is gone or far behind.

        Raises:
            OSError: The page is gone.
        """
        try:
            self._write_events()
        finally:
            self.ended.set()

    def _write_events(self) -> None:
        self._write(BEGIN)
        last = monotonic()
        while not self._is_behind:
            try:
                event = self._waiting.get(timeout=LOOK_SECONDS)
            except Empty:
                if self._is_gone():
                    return
                if monotonic() - last < HEARTBEAT_SECONDS:
                    continue
                self._write(HEARTBEAT)
            else:
                self._write(encode_event(*event))
                if event[0] == END:
                    return
            last = monotonic()

    def _is_gone(self) -> bool:
        self._connection.setblocking(False)
        try:
            return not self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
