"""Reads from a connection up to a deadline, however slowly the bytes come."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from time import monotonic


class TimedReader(io.RawIOBase):
    """The bytes that a connection receives.

    The timeout of a socket counts anew with every byte; a deadline holds for all of them.

    Args:
        connection: A connection, whose timeout this changes.
        clock: Seconds from any beginning.
    """

    def __init__(self, connection: socket.socket, clock: Callable[[], float] = monotonic) -> None:
        self._connection, self._clock = connection, clock
        self._deadline = clock()

    def set_deadline(self, seconds: float) -> None:
        """From now on, wait so long in all."""
        self._deadline = self._clock() + seconds

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read what has come.

        Raises:
            TimeoutError: The deadline has passed.
            OSError: The connection is broken.
        """
        remaining = self._deadline - self._clock()
        if remaining <= 0:
            raise TimeoutError
        self._connection.settimeout(remaining)
        return self._connection.recv_into(buffer)
