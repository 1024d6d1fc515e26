"""The server of a preview: one thread per connection, on this machine alone unless a host is given."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import socketserver
import sys
from http.server import ThreadingHTTPServer
from typing import Any

from reelnet.errors import ReelnetError, UsageError
from reelnet.preview.preview import Preview
from reelnet.preview.web.guard import Guard, bracket, is_wildcard
from reelnet.preview.web.handler import PreviewHandler
from reelnet.preview.web.site import Site

LOOPBACK = "127.0.0.1"

DEFAULT_PORT = 8321
"""The first port that is tried if none is given."""

TRIED_PORTS = 20
"""Ports that are tried in turn; after these, the system chooses one."""


class PreviewServer(ThreadingHTTPServer):
    """Serves a preview to browsers.

        with PreviewServer(preview, "demo") as server:
            print(server.address)
            server.serve_forever()

    Args:
        preview: What answers.
        title: What the tab of the browser shows.
        host: The name or address of this machine at which it listens.
        port: The port; None for the first free one.

    Attributes:
        address: The address of the page, with its token.
        is_exposed: Whether other machines can reach it.

    Raises:
        UsageError: The host is not one of this machine, or the port is in use or not allowed.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    # On Windows, the option would let two servers share a port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, preview: Preview, title: str, host: str = LOOPBACK, port: int | None = None) -> None:
        self.address_family, place = find_address(host)
        super().__init__((place, 0), PreviewHandler, bind_and_activate=False)
        try:
            self._bind(host, place, port)
        except BaseException:
            self.socket.close()
            raise
        guard = Guard(host, self.server_port)
        self._site = Site(preview, title, guard)
        self.is_exposed = not ipaddress.ip_address(place).is_loopback
        shown = LOOPBACK if is_wildcard(host) else bracket(host)
        self.address = f"http://{shown}:{self.server_port}/{guard.token}/"
        self.server_activate()

    def _bind(self, host: str, place: str, port: int | None) -> None:
        for candidate in [*range(DEFAULT_PORT, DEFAULT_PORT + TRIED_PORTS), 0] if port is None else [port]:
            self.server_address = (place, candidate)
            try:
                self.server_bind()
            except OSError as error:
                if error.errno == errno.EADDRINUSE and port is None:
                    continue
                raise describe_bind_error(error, host, candidate) from None
            return

    def server_bind(self) -> None:
        """Bind without asking for the name of this machine, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, if there is room."""
        if self._site.connections.admit(request):
            super().process_request(request, client_address)
        else:
            super().shutdown_request(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve the requests of a connection."""
        PreviewHandler(self._site, request, client_address, self)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._site.connections.remove(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a defect; connections that break are nobody's mistake."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Tell the pages that this is the end, and close all connections."""
        super().server_close()
        self._site.close()


def find_address(host: str) -> tuple[socket.AddressFamily, str]:
    """The family and the numbers of an address at which a server can listen.

    Raises:
        UsageError: The name is unknown.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UsageError(f"--host {host}: no such name; give a name or an address of this machine") from None
    family, _, _, _, place = found[0]
    return family, str(place[0])


def describe_bind_error(error: OSError, host: str, port: int) -> ReelnetError:
    """Why a server cannot listen at a port."""
    match error.errno:
        case errno.EADDRINUSE:
            return UsageError(f"--port {port}: another program uses it; leave --port out to get a free one")
        case errno.EACCES:
            return UsageError(f"--port {port}: not allowed for your account; give one from 1024 on")
        case errno.EADDRNOTAVAIL:
            return UsageError(f"--host {host}: not an address of this machine")
    return ReelnetError(f"{host}:{port}: cannot serve the preview here ({error.strerror})")
