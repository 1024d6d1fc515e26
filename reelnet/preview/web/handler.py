"""One connection of a page to the server of a preview: reads requests and writes responses."""

from __future__ import annotations

import io
import logging
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from reelnet.errors import ReelnetError, describe_error
from reelnet.preview.web.guard import RefusedRequest
from reelnet.preview.web.opened_file import RENDER, make_headers
from reelnet.preview.web.page import list_static_files, make_page, make_policy
from reelnet.preview.web.site import Site
from reelnet.preview.web.timed_reader import TimedReader
from reelnet.preview.web.wire import decode_arguments, encode_answer

LOG = logging.getLogger("reelnet")

REQUEST_SECONDS = 15
"""Within these a request must be complete, counted from the response before it or the beginning of the connection."""

WRITE_SECONDS = 20
"""A reader must take `WRITE_BYTES` within these."""

WRITE_BYTES = 256 * 1024

LINGER_SECONDS, LINGER_BYTES = 1, 4_000_000
"""How long, and how much, of what is left of a refused request is read, so that the response reaches its sender."""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Headers of every response. None is of CORS, so that no other page can read a response."""


class PreviewHandler(BaseHTTPRequestHandler):
    """Serves one connection, request after request.

    Args:
        site: What is served.
        connection: What `socketserver` gives: the connection, the address of the other end, the server.
    """

    protocol_version = "HTTP/1.1"
    # A response is written in several pieces, and each shall go at once.
    disable_nagle_algorithm = True

    def __init__(self, site: Site, *connection: Any) -> None:
        self._site = site
        # The base class serves the connection within its own.
        super().__init__(*connection)

    def setup(self) -> None:
        """Prepare the connection."""
        super().setup()
        self.rfile.close()
        self._reader = TimedReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)
        # Refusals before the first request is read ask for it.
        self.command = self.path = ""

    def handle_one_request(self) -> None:
        """Serve one request, or end the connection if none comes in time."""
        self._reader.set_deadline(REQUEST_SECONDS)
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answer with the page, a file of it, a rendered file, or the stream of events."""
        try:
            path = self._check()
            if self.headers.get("Content-Length", "0") != "0":
                raise RefusedRequest(HTTPStatus.BAD_REQUEST, "this request has no body")
            if path == "":
                self._site.guard.check_navigation(self.headers)
                self._send_page()
                return
            if render := RENDER.fullmatch(path):
                self._site.guard.check_opening(self.headers)
                self._send_render(*render.groups())
                return
            self._site.guard.check_origin(self.headers, is_call=False)
            if path == "events":
                self._stream_events()
                return
            self._send_static(path)
        except RefusedRequest as refused:
            self._refuse(refused)

    def do_POST(self) -> None:
        """Answer a call."""
        try:
            method = self._check().removeprefix("call/")
            self._site.guard.check_origin(self.headers, is_call=True)
            body = self._read_body()
            try:
                arguments = decode_arguments(body)
            except ValueError as error:
                raise RefusedRequest(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from None
        except RefusedRequest as refused:
            self._refuse(refused)
            return
        self._send(HTTPStatus.OK, "application/octet-stream", *self._call(method, arguments))

    def _check(self) -> str:
        """Check the headers and the token; return the rest of the path.

        Raises:
            RefusedRequest: The request is malformed or for another server, or its token is wrong.
        """
        if self.request_version == "HTTP/0.9":
            raise RefusedRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this is not a request of HTTP/1.1")
        guard = self._site.guard
        guard.check_headers(self.headers)
        path = guard.read_path(self.path)
        if path.startswith("call/") != (self.command == "POST"):
            raise RefusedRequest(HTTPStatus.METHOD_NOT_ALLOWED, "this address takes another method")
        self._site.connections.trust(self.connection)
        return path

    def _read_body(self) -> bytes:
        length = self._site.guard.read_length(self.headers)
        body = self.rfile.read(length)
        if len(body) < length:
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, "the body is shorter than its length says")
        return body

    def _call(self, method: str, arguments: dict[str, Any]) -> list[bytes]:
        try:
            answer = self._site.preview.call(method, arguments)
            return encode_answer(answer.json, answer.buffers)
        except ReelnetError as error:
            return encode_answer({"error": str(error)})
        except Exception as error:
            # A defect must not end the preview.
            LOG.exception("preview: %s", method)
            return encode_answer({"error": f"{describe_error(error)}: a defect; the terminal shows where"})

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        page = make_page(self._site.title, nonce)
        policy = {"Content-Security-Policy": make_policy(nonce)}
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page, headers=policy)

    def _send_static(self, path: str) -> None:
        found = list_static_files().get(path.removeprefix("static/")) if path.startswith("static/") else None
        if found is None:
            raise RefusedRequest(HTTPStatus.NOT_FOUND, "there is no such file")
        self._send(HTTPStatus.OK, found.content_type, found.file.read_bytes())

    def _send_render(self, job: str, number: str) -> None:
        found = self._site.preview.find_render(job, int(number))
        if found is None:
            raise RefusedRequest(HTTPStatus.NOT_FOUND, "there is no such file")
        try:
            file = found.open()
        except ReelnetError as error:
            raise RefusedRequest(HTTPStatus.GONE, str(error)) from None
        with file:
            headers = dict(make_headers(found.path))
            size = os.fstat(file.fileno()).st_size
            self._send_head(
                HTTPStatus.OK, headers.pop("Content-Type"), {**headers, "Content-Length": str(size)}
            )
            while piece := file.read(min(size, WRITE_BYTES)):
                self._write(piece)
                size -= len(piece)

    def _stream_events(self) -> None:
        self.close_connection = True
        self._send_head(HTTPStatus.OK, "text/event-stream", {})
        self._site.stream_events(self.connection, self._write)

    def _refuse(self, refused: RefusedRequest) -> None:
        self.close_connection = True
        # Otherwise there are no headers, if the version could not be read.
        self.request_version = self.protocol_version
        body = f"{refused}\n".encode()
        with suppress(OSError):
            self._send(refused.status, "text/plain; charset=utf-8", b"" if self.command == "HEAD" else body)
            self._linger()

    def _linger(self) -> None:
        """Read what is left of the request: closing a connection with bytes unread would take the response back."""
        self.connection.shutdown(socket.SHUT_WR)
        self._reader.set_deadline(LINGER_SECONDS)
        left = LINGER_BYTES
        while left > 0 and (read := len(self.rfile.read1(WRITE_BYTES))):
            left -= read

    def _send(
        self, status: HTTPStatus, content_type: str, *pieces: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        length = {"Content-Length": str(sum(map(len, pieces)))}
        self._send_head(status, content_type, {**length, **(headers or {})})
        for piece in pieces:
            self._write(piece)

    def _send_head(self, status: HTTPStatus, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        if self.close_connection:
            headers = {**headers, "Connection": "close"}
        for name, value in {"Content-Type": content_type, **HEADERS, **headers}.items():
            self.send_header(name, value)
        self.connection.settimeout(WRITE_SECONDS)
        self.end_headers()

    def _write(self, content: bytes) -> None:
        view = memoryview(content)
        for start in range(0, len(view), WRITE_BYTES):
            self.connection.settimeout(WRITE_SECONDS)
            self.connection.sendall(view[start : start + WRITE_BYTES])

    # What the base class decides.

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that the base class cannot read."""
        self._refuse(
            RefusedRequest(HTTPStatus(code), HTTPStatus(code).description or HTTPStatus(code).phrase)
        )

    def handle_expect_100(self) -> bool:
        """Invite no body: whoever waits for that sends it unasked after a moment, and gets the answer."""
        return True

    def version_string(self) -> str:
        """The name for the header `Server`."""
        return "reelnet"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: requests come several times a second."""
