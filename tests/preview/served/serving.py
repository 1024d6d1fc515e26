"""A preview that is served, and clients that speak to it by sockets of their own."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelnet.preview.preview import Preview
from reelnet.preview.web.server import PreviewServer


@dataclass(frozen=True)
class Served:
    """A server, and how to speak to it.

    Attributes:
        server: The server.
        port: Its port.
        token: The token in its address.
    """

    server: PreviewServer
    port: int
    token: str

    @property
    def origin(self) -> str:
        """The origin of the page."""
        return f"http://127.0.0.1:{self.port}"

    def connect(self, timeout: float = 20) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def request(
        self, path: str = "", method: str = "GET", body: bytes = b"", **headers: str | None
    ) -> Response:
        """Send a request below the token, by default as the page does, over a connection of its own.

        Args:
            path: The path behind the token; one that begins with a slash replaces all of it.
            method: The method.
            body: The body.
            headers: Others than those of the page, with `_` for `-`; None leaves one out.
        """
        own = {"Host": f"127.0.0.1:{self.port}", "Connection": "close"}
        if method == "POST":
            own |= {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        if body or method == "POST":
            own["Content-Length"] = str(len(body))
        for name, value in headers.items():
            own.pop(name := name.replace("_", "-"), None)
            if value is not None:
                own[name] = value
        lines = [f"{method} {path if path.startswith('/') else f'/{self.token}/{path}'} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in own.items()]
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def send(self, content: bytes) -> Response:
        """Send bytes over a connection of its own, and read until it ends."""
        with self.connect() as connection:
            connection.sendall(content)
            return Response.parse(read_all(connection))

    def call(self, method: str, arguments: Any = None, **headers: str | None) -> tuple[Any, list[bytes]]:
        """The answer of a call and its buffers."""
        body = json.dumps({} if arguments is None else arguments).encode()
        response = self.request(f"call/{method}", "POST", body, **headers)
        assert response.status == 200, response
        return decode_answer(response.body)


@dataclass(frozen=True)
class Response:
    """A response of the server.

    Attributes:
        status: The status; 0 if the connection ended without a response.
        headers: The headers, with names in lower case.
        body: Everything behind the headers.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def parse(cls, content: bytes) -> Response:
        """Read what the server has sent over one connection."""
        if not content:
            return cls(0, {}, b"")
        head, _, body = content.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert len(headers) == len(lines), "a header is there twice"
        return cls(int(status.split()[1]), {name.lower(): value for name, value in headers.items()}, body)


def read_all(connection: socket.socket) -> bytes:
    """All that comes until the connection ends."""
    pieces = []
    try:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def decode_answer(content: bytes) -> tuple[Any, list[bytes]]:
    """The JSON and the buffers of an answer, by the words of the contract."""
    (length,) = struct.unpack("<I", content[:4])
    answer = json.loads(content[4 : 4 + length])
    buffers, start = [], 4 + length
    for size in answer["buffers"]:
        buffers.append(content[start : start + size])
        start += size
    assert start == len(content)
    return answer, buffers


@contextmanager
def serve(run: Path, **options: Any) -> Iterator[Served]:
    """Serve the preview of a run in a thread."""
    with Preview(run) as preview, PreviewServer(preview, "a <b>run</b>", **options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Served(server, server.server_port, server.address.split("/")[3])
        finally:
            server.shutdown()
            thread.join()
