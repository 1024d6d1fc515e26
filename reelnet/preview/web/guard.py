"""Which requests the server of a preview answers; all others get a `RefusedRequest`."""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from email.message import Message
from http import HTTPStatus

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

TARGET = re.compile(r"/[A-Za-z0-9._/-]*")
"""All that a path may hold. Nothing is decoded, so that a path has one spelling only."""

LENGTH = re.compile(r"[0-9]{1,12}")

MAX_BODY = 2_000_000
"""Bytes of the body of a request."""


class RefusedRequest(Exception):  # noqa: N818
    """A request that is not answered.

    Args:
        status: The status of the response.
        reason: One sentence for the response, which has nothing from the request.
    """

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Guard:
    """Lets requests through that come from the preview's own page.

    A page elsewhere in the browser cannot read answers, since no CORS header allows it, cannot call, since its origin
    is another one, and does not know the token. The name in `Host` keeps out pages whose name was bound to this
    machine's address after they were loaded (DNS rebinding).

    Args:
        host: The name or address at which the server listens.
        port: Its port.

    Attributes:
        token: The first part of the path of every request; it cannot be guessed.
    """

    def __init__(self, host: str, port: int) -> None:
        self.token = secrets.token_urlsafe(16)
        self._port = port
        self._is_open_to_all = is_wildcard(host)
        own_name = socket.gethostname() if self._is_open_to_all else host
        self._names = {name.lower() for name in (*LOOPBACK_NAMES, bracket(own_name))}

    def check_headers(self, headers: Message) -> None:
        """Check the form of the headers, and that the request is for this server.

        Raises:
            RefusedRequest: Headers are malformed or contradict each other, or `Host` names another server.
        """
        is_malformed = headers.defects or headers.get_payload() or headers.is_multipart()
        if is_malformed or any("\r" in value or "\n" in value for value in headers.values()):
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, "the headers are malformed")
        for name in ("Host", "Origin", "Content-Length"):
            if len(headers.get_all(name, [])) > 1:
                raise RefusedRequest(HTTPStatus.BAD_REQUEST, f"there is more than one {name}")
        if "Transfer-Encoding" in headers:
            raise RefusedRequest(HTTPStatus.LENGTH_REQUIRED, "give the length of the body")
        if not self._is_own_host(headers.get("Host", "")):
            raise RefusedRequest(
                HTTPStatus.FORBIDDEN,
                f"this is not the name of the preview: open http://localhost:{self._port}/… or start it with --host",
            )

    def check_origin(self, headers: Message, *, is_call: bool) -> None:
        """Check that a request comes from the preview's page.

        Args:
            headers: Those of the request.
            is_call: Whether the request must tell its origin, as browsers do for every POST.

        Raises:
            RefusedRequest: It comes from elsewhere.
        """
        own = f"http://{headers.get('Host', '')}".lower()
        origin = headers.get("Origin", "" if is_call else own).lower()
        if origin != own or headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise RefusedRequest(HTTPStatus.FORBIDDEN, "only the page of the preview may ask this")

    def check_opening(self, headers: Message) -> None:
        """Check that a file is opened from the preview's page, or by its address.

        Raises:
            RefusedRequest: Another page asks for it.
        """
        if headers.get("Sec-Fetch-Site") != "none":
            self.check_origin(headers, is_call=False)

    def check_navigation(self, headers: Message) -> None:
        """Check that a browser opens the page in a tab.

        Raises:
            RefusedRequest: Another page embeds or reads it.
        """
        if headers.get("Sec-Fetch-Dest", "document") != "document":
            raise RefusedRequest(HTTPStatus.FORBIDDEN, "the preview cannot be part of another page")

    def read_path(self, target: str) -> str:
        """The path of a request behind the token.

        Raises:
            RefusedRequest: It has another token or a malformed path.
        """
        path = target.partition("?")[0]
        token, slash, rest = path[1:].partition("/")
        is_known = secrets.compare_digest(token.encode(), self.token.encode())
        if not TARGET.fullmatch(path) or not is_known or not slash:
            raise RefusedRequest(
                HTTPStatus.NOT_FOUND, "there is nothing here; the whole address ends in a token and a slash"
            )
        return rest

    def read_length(self, headers: Message) -> int:
        """Bytes of the body.

        Raises:
            RefusedRequest: The length is missing, malformed or too large.
        """
        text = headers.get("Content-Length")
        if text is None:
            raise RefusedRequest(HTTPStatus.LENGTH_REQUIRED, "give the length of the body")
        if not LENGTH.fullmatch(text):
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, "the length of the body is malformed")
        if int(text) > MAX_BODY:
            raise RefusedRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body may have {MAX_BODY:,} bytes")
        return int(text)

    def _is_own_host(self, host: str) -> bool:
        name, _, port = host.lower().rpartition(":")
        if port.endswith("]") or not name:
            # Without a port, which is then that of HTTP.
            name, port = host.lower(), "80"
        # No other site can have an address as its name.
        is_own = name in self._names or (self._is_open_to_all and is_address(name.strip("[]")))
        return is_own and port == str(self._port)


def is_wildcard(host: str) -> bool:
    """Whether a server with this name listens at all addresses of the machine."""
    return is_address(host) and ipaddress.ip_address(host).is_unspecified


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def bracket(host: str) -> str:
    """A host as in URLs, where IPv6 addresses have brackets."""
    return f"[{host}]" if ":" in host else host
