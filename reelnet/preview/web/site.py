"""What the connections to a server share."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from reelnet.preview.preview import Preview
from reelnet.preview.web.connections import Connections
from reelnet.preview.web.event_stream import END, EventStream
from reelnet.preview.web.guard import Guard

MAX_CONNECTIONS = 64
"""A browser opens six for a page, of which one is for the events."""

END_SECONDS = 0.3
"""How long the end of a server waits for its pages to receive it."""


class Site:
    """A preview with what guards it.

    Args:
        preview: What answers.
        title: What the tab of the browser shows.
        guard: Which requests are answered.

    Attributes:
        connections: The open connections.
    """

    def __init__(self, preview: Preview, title: str, guard: Guard) -> None:
        self.preview, self.title, self.guard = preview, title, guard
        self.connections = Connections(MAX_CONNECTIONS)
        self._streams: set[EventStream] = set()

    def stream_events(self, connection: socket.socket, write: Callable[[bytes], None]) -> None:
        """Write the events of the preview to a page until one of them ends."""
        stream = EventStream(connection, write)
        self._streams.add(stream)
        unsubscribe = self.preview.subscribe(stream.put)
        try:
            with suppress(OSError):
                stream.run()
        finally:
            unsubscribe()
            self._streams.discard(stream)

    def close(self) -> None:
        """End the streams of events with `end`, and all connections."""
        streams = [*self._streams]
        for stream in streams:
            stream.put(END, {})
        deadline = monotonic() + END_SECONDS
        for stream in streams:
            stream.ended.wait(max(0, deadline - monotonic()))
        self.connections.disconnect_all()
