"""The open connections of a server, of which there is a limited number."""

from __future__ import annotations

import contextlib
import socket
import threading


class Connections:
    """Keeps the number of open connections within a limit.

    Room for a new one is made by closing the oldest that has not yet sent a valid request, so that connections that
    say nothing cannot keep the page out.

    Args:
        limit: The most connections that are open at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        # In the order in which they came, and whether they have sent a valid request.
        self._trusted: dict[socket.socket, bool] = {}

    def admit(self, connection: socket.socket) -> bool:
        """Take a new connection, or return False if there is no room."""
        with self._lock:
            if len(self._trusted) >= self._limit:
                silent = next((each for each, is_trusted in self._trusted.items() if not is_trusted), None)
                if silent is None:
                    return False
                del self._trusted[silent]
                disconnect(silent)
            self._trusted[connection] = False
            return True

    def trust(self, connection: socket.socket) -> None:
        """Note that a connection has sent a valid request."""
        with self._lock:
            if connection in self._trusted:
                self._trusted[connection] = True

    def remove(self, connection: socket.socket) -> None:
        """Forget a connection that is being closed."""
        with self._lock:
            self._trusted.pop(connection, None)

    def disconnect_all(self) -> None:
        """End all connections; the threads that serve them find this out at once."""
        with self._lock:
            for connection in self._trusted:
                disconnect(connection)


def disconnect(connection: socket.socket) -> None:
    """End a connection that another thread may be reading from; that thread closes it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
