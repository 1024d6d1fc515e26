"""What other pages, other people and broken clients may try: it is refused, or harmless, and the preview goes on."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reelnet.preview.web import handler, site
from tests.preview.served.serving import Response, Served, read_all, serve

OK = 200


@pytest.fixture(autouse=True)
def still_answers(served: Served) -> Iterator[None]:
    """Whatever a test tries, the preview answers its page afterwards."""
    yield
    assert served.call("open")[0]["run"]["samples"] == 3


def assert_refused(response: Response, *statuses: int) -> None:
    assert response.status in statuses, response
    assert not any(name.startswith("access-control") for name in response.headers)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(response.body) < 200


# Other paths


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/favicon.ico",
        "/call/open",
        "/AAAAAAAAAAAAAAAAAAAAAA/",
        "/{token}",
        "/{token}x/",
        "/{token}%00/",
        "/%2e%2e/{token}/",
        "/x/../{token}/",
        "http://127.0.0.1/{token}/",
        "/{token}\\",
    ],
)
def test_other_tokens(served: Served, path: str) -> None:
    assert_refused(served.request(path.format(token=served.token)), 404, 400)


def test_a_token_is_not_guessed_by_its_letters(served: Served) -> None:
    assert len(served.token) >= 22
    swapped = served.token.swapcase()
    assert_refused(served.request(f"/{swapped}/"), 404)


@pytest.mark.parametrize(
    "path",
    [
        "static/../../../../etc/passwd",
        "static/..%2f..%2f..%2fetc/passwd",
        "static/%2e%2e/%2e%2e/reel.py",
        "static/..%252f..%252freel.py",
        "static/..\\..\\reel.py",
        "static/..%5c..%5creel.py",
        "static/%c0%ae%c0%ae/reel.py",
        "static/..%c0%afreel.py",
        "static/..%ef%bc%8freel.py",
        "static//etc/passwd",
        "static/./figure.js",
        "static/figure.js/",
        "static/figure.js%00.css",
        "static/figure.js;x",
        "static/FIGURE.JS",
        "static/",
        "static",
        "static/../reel.py",
        "static/preview/../figure.js",
        "static/preview/%2e%2e/figure.js",
        "static/file:///etc/passwd",
        "../etc/passwd",
        "..",
        "call/../static/figure.js",
        "events/",
        "renders/",
        "static/fonts/LICENSE.txt",
    ],
)
def test_paths_to_other_files(served: Served, path: str) -> None:
    assert_refused(served.request(path), 400, 404, 405)


def test_lines_in_a_path(served: Served) -> None:
    response = served.request("static/x%0d%0aSet-Cookie:%20a=b")
    assert_refused(response, 404)
    assert "set-cookie" not in response.headers
    for line_end in ("\r\n", "\n", "\r"):
        response = served.request(f"static/x{line_end}Set-Cookie: a=b")
        assert response.status in (400, 403, 404, 505)
        assert "set-cookie" not in response.headers


# Other sites in the same browser


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1:{port}.evil.example",
        "127.0.0.1:{port}@evil.example",
        "evil.example#127.0.0.1:{port}",
        "evil.example:{port}, 127.0.0.1:{port}",
        "127.0.0.2:{port}",
        "10.0.0.1:{port}",
        "[::2]:{port}",
        "0.0.0.0:{port}",
        "0:{port}",
        "127.1:{port}",
        "localhost.:{port}",
        "",
        ":{port}",
        None,
    ],
)
def test_names_that_were_bound_to_this_machine(served: Served, host: str | None) -> None:
    host = host and host.format(port=served.port)
    assert_refused(served.request("", Host=host), 403)
    assert_refused(served.request("call/open", "POST", b"{}", Host=host, Origin=f"http://{host}"), 403)


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_names_of_this_machine(served: Served, host: str) -> None:
    own = host.format(port=served.port)
    assert served.request("", Host=own).status == OK
    assert served.call("open", Host=own, Origin=f"http://{own}")[0]["templates"]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.example",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port}/",
        "file://",
    ],
)
def test_calls_of_other_origins(served: Served, origin: str | None) -> None:
    origin = origin and origin.format(port=served.port)
    assert_refused(served.request("call/open", "POST", b"{}", Origin=origin), 403)
    if origin is not None:
        assert_refused(served.request("events", Origin=origin), 403)
        assert_refused(served.request("static/figure.js", Origin=origin), 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_requests_of_other_sites(served: Served, site: str) -> None:
    assert_refused(served.request("call/open", "POST", b"{}", Sec_Fetch_Site=site), 403)
    assert_refused(served.request("events", Sec_Fetch_Site=site), 403)
    assert_refused(served.request("static/figure.js", Sec_Fetch_Site=site), 403)


def test_a_link_may_lead_to_the_page_but_no_frame_may_hold_it(served: Served) -> None:
    assert served.request("", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="document").status == OK
    for kind in ("iframe", "frame", "embed", "object", "script", "image", "empty", "worker"):
        assert_refused(served.request("", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest=kind), 403)


def test_preflights(served: Served) -> None:
    for path in ("", "call/open", "events"):
        response = served.request(
            path, "OPTIONS", Origin="http://evil.example", Access_Control_Request_Method="POST"
        )
        assert_refused(response, 501)


@pytest.mark.parametrize(
    "method", ["HEAD", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "get", "G\u00cbT", "A" * 3000]
)
def test_other_methods(served: Served, method: str) -> None:
    for path in ("", "call/open", "events"):
        response = served.request(path, method)
        assert response.status in (400, 405, 501)
        assert response.body == b"" or method != "HEAD"


def test_calls_are_posts_and_nothing_else_is(served: Served) -> None:
    assert_refused(served.request("call/open"), 405)
    for path in ("", "events", "static/figure.js"):
        assert_refused(served.request(path, "POST", b"{}"), 405)


# Bodies


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("100000000", 413),
        ("2000001", 413),
        ("999999999999999999999999", 400),
        ("-1", 400),
        ("+2", 400),
        ("2_0", 400),
        ("0x2", 400),
        ("2.0", 400),
        ("\u00b2", 400),
        ("2, 2", 400),
        ("", 400),
        (None, 411),
    ],
)
def test_lengths(served: Served, length: str | None, status: int) -> None:
    began = time.monotonic()
    assert_refused(served.request("call/open", "POST", b"{}", Content_Length=length), status)
    assert time.monotonic() - began < 5


def test_a_body_that_never_ends_is_refused_by_its_length(served: Served) -> None:
    sent = 0
    with served.connect() as connection:
        head = f"POST /{served.token}/call/open HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        head += f"Origin: {served.origin}\r\nContent-Length: 100000000\r\n\r\n"
        connection.sendall(head.encode())
        try:
            while sent < 100_000_000:
                sent += connection.send(bytes(1 << 20))
        except OSError:
            pass
    assert sent < 50_000_000


def test_a_body_that_is_shorter_than_its_length(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "REQUEST_SECONDS", 0.3)
    began = time.monotonic()
    assert served.request("call/open", "POST", b"{}", Content_Length="2000").status == 0
    assert time.monotonic() - began < 5


def test_bodies_in_chunks(served: Served) -> None:
    for coding in ("chunked", "gzip, chunked", "identity", "xchunked", "\tchunked"):
        chunks = b"2\r\n{}\r\n0\r\n\r\n"
        refused = served.request("call/open", "POST", chunks, Content_Length=None, Transfer_Encoding=coding)
        assert_refused(refused, 411)
        assert_refused(served.request("call/open", "POST", chunks, Transfer_Encoding=coding), 411)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"{",
        b"[]",
        b'"open"',
        b"null",
        b"1",
        b"{}{}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b"\xff\xfe{}",
        b'{"a": "\xff"}',
        b"[" * 500_000,
        b'{"a":' * 300_000,
        b'{"a": ' + b"9" * 1_900_000 + b"}",
    ],
)
def test_bodies_that_are_not_objects(served: Served, body: bytes) -> None:
    began = time.monotonic()
    assert_refused(served.request("call/open", "POST", body), 400)
    assert time.monotonic() - began < 10


# Malformed requests


@pytest.mark.parametrize(
    "head",
    [
        "GET /{token}/ HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n",
        "GET /{token}/ HTTP/1.1\r\nHost: {host}\r\n evil.example\r\n\r\n",
        "GET /{token}/ HTTP/1.1\r\nHost : {host}\r\n\r\n",
        "GET /{token}/ HTTP/1.1\r\nno header\r\nHost: {host}\r\n\r\n",
        "GET /{token}/ HTTP/1.1\r\nHost: {host}\r\n: x\r\n\r\n",
        "GET /{token}/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n{{}}",
        "GET /{token}/ HTTP/1.1\r\n\r\n",
        "GET /{token}/ HTTP/1.0\r\n\r\n",
        "GET /{token}/\r\n\r\n",
        "GET  /{token}/  HTTP/1.1  x\r\nHost: {host}\r\n\r\n",
        "GET /{token}/ HTTP/2.0\r\nHost: {host}\r\n\r\n",
        "GET /{token}/ HTTP/1.1.1\r\nHost: {host}\r\n\r\n",
        "GET /{token}/ SMTP/1.1\r\nHost: {host}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "POST /{token}/call/open HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length: 2\r\n"
        "Content-Length: 3\r\n\r\n{{}} ",
        "POST /{token}/call/open HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nOrigin: {origin}\r\n"
        "Content-Length: 2\r\n\r\n{{}}",
        "POST /{token}/call/open HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length : 2\r\n\r\n{{}}",
        "POST /{token}/call/open HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length:\r\n 2\r\n\r\n{{}}",
        "POST /{token}/call/open HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length: 2\r\n"
        "Transfer-Encoding: chunked\r\n\r\n{{}}",
    ],
)
def test_malformed_requests(served: Served, head: str) -> None:
    filled = head.format(token=served.token, host=f"127.0.0.1:{served.port}", origin=served.origin)
    response = served.send(filled.encode("latin-1"))
    assert response.status in (400, 403, 404, 411, 505)
    assert b"templates" not in response.body


def test_what_follows_a_refused_request_is_no_request(served: Served) -> None:
    inner = f"GET /{served.token}/static/figure.js HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n"
    response = served.request(
        "call/open", "POST", inner.encode(), Content_Length="0", Transfer_Encoding="chunked"
    )
    assert_refused(response, 411)
    assert response.body.count(b"HTTP/1.1") == 0


def test_long_lines_and_many_headers(served: Served) -> None:
    assert_refused(served.request("x" * 60_000), 404)
    assert_refused(served.request("x" * 100_000), 414)
    assert_refused(served.request("", X="y" * 100_000), 431)
    assert_refused(served.send(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n"), 431)


# Too many, too slow


def test_a_thousand_silent_connections(served: Served) -> None:
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(served.connect())
        assert served.call("open")[0]["run"]["samples"] == 3
        assert threading.active_count() < 2 * site.MAX_CONNECTIONS


def test_connections_of_the_page_outlive_others(served: Served) -> None:
    request = f"GET /{served.token}/static/figure.css HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
    with served.connect() as own, ExitStack() as stack:
        own.sendall(f"{request}\r\n".encode())
        assert own.recv(20).startswith(b"HTTP/1.1 200")
        for _ in range(200):
            stack.enter_context(served.connect())
        own.sendall(f"{request}Connection: close\r\n\r\n".encode())
        assert read_all(own).count(b"HTTP/1.1 200") == 1


def test_more_connections_of_the_page_than_there_is_room_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = f"GET /{served.token}/static/figure.css HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n"
    with ExitStack() as stack:
        answered = 0
        for _ in range(site.MAX_CONNECTIONS + 20):
            connection = stack.enter_context(served.connect())
            connection.sendall(request.encode())
            answered += bool(connection.recv(20))
        assert site.MAX_CONNECTIONS - 2 <= answered <= site.MAX_CONNECTIONS


@pytest.mark.parametrize("begin", ["GET /", "GET / HTTP/1.1\r\nHost: x\r\nX-", ""])
def test_a_request_that_comes_byte_by_byte(
    served: Served, begin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "REQUEST_SECONDS", 0.5)
    began, ended = time.monotonic(), False
    with served.connect() as connection:
        connection.sendall(begin.encode())
        connection.settimeout(0.05)
        while not ended and time.monotonic() - began < 10:
            try:
                connection.sendall(b"x")
                ended = not connection.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                ended = True
    assert ended
    assert time.monotonic() - began < 5


def test_a_reader_that_does_not_read(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "WRITE_SECONDS", 0.3)
    monkeypatch.setattr(site.Site, "stream_events", lambda site, connection, write: write(bytes(30_000_000)))
    before = threading.active_count()
    with served.connect() as connection:
        connection.sendall(
            f"GET /{served.token}/events HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode()
        )
        connection.recv(1)
        deadline = time.monotonic() + 10
        while threading.active_count() > before:
            assert time.monotonic() < deadline, "a thread waits for the reader"
            time.sleep(0.05)


def test_half_a_request_and_away(served: Served) -> None:
    for part in (b"", b"G", b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"):
        with served.connect() as connection:
            connection.sendall(part)
        with served.connect() as connection:
            connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            assert len(read_all(connection)) < 2000
        with served.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(part)


# What a call may do


NAMES = (
    "<img src=x onerror=alert(1)>",
    "../../etc/passwd",
    "/etc/passwd",
    "a\0b",
    "article\n",
    "templates/x.yaml",
)


@pytest.fixture
def work_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with a file beside it that nobody may touch."""
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.yaml").write_text("secret: word", "utf-8")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def files_below(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


@pytest.mark.usefixtures("work_folder")
@pytest.mark.parametrize("name", [*NAMES, "../secret.yaml", "../secret", ""])
@pytest.mark.parametrize(
    "method", ["read", "check", "layout", "controls", "panel", "set", "save", "thumbnail"]
)
def test_templates_that_were_not_offered(preview_run: Path, tmp_path: Path, method: str, name: str) -> None:
    arguments: dict[str, Any] = {
        "template": name,
        "view": {"template": name, "text": None, "layer": None},
        **{"step": 0, "pixel_ratio": 1, "client": "c", "serial": 1, "panel": "title", "key": "theme"},
        **{"value": "dark", "text": "theme: dark", "sha256": "0", "layer": None, "width": 200},
    }
    with serve(preview_run) as running:
        answer, buffers = running.call(method, arguments)
    assert "error" in answer
    assert "\n" not in answer["error"]
    assert "secret: word" not in json.dumps(answer)
    assert buffers == []
    assert files_below(tmp_path) == ["secret.yaml", "work"]


@pytest.mark.parametrize("name", [*NAMES, "../secret", "..", ".hidden/x", "con/../x", "C:\\x", "", " "])
def test_names_of_new_templates_are_no_paths(
    preview_run: Path, tmp_path: Path, work_folder: Path, name: str
) -> None:
    arguments = {"name": name, "text": "extends: article", "from": "article", "replace": True}
    with serve(preview_run) as running:
        answer, _ = running.call("save_as", arguments)
    assert (tmp_path / "secret.yaml").read_text("utf-8") == "secret: word"
    written = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "secret.yaml"]
    assert all(file.parent == work_folder / "templates" for file in written)
    assert ("error" in answer) == (not written)


@pytest.mark.parametrize(
    "path", ["../out.png", "/tmp/reelnet-attack.png", "renders/../../out.png", "{layer}/../../../out.png"]
)
def test_outputs_outside_of_the_folder_of_renders(
    preview_run: Path, tmp_path: Path, work_folder: Path, path: str
) -> None:
    text = f"extends: article\noutputs:\n  - path: {path}\n    step: last\n"
    view = {"template": "article", "text": text, "layer": None}
    with serve(preview_run) as running:
        running.call("render", {"view": view, "outputs": True})
        time.sleep(1)
    assert not os.path.exists("/tmp/reelnet-attack.png")  # noqa: PTH110
    written = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "secret.yaml"]
    assert all(file.is_relative_to(work_folder / "renders") for file in written)


@pytest.mark.parametrize("method", ["", "__init__", "close", "call", "nothing", "open/", "OPEN", "a" * 5000])
def test_methods_that_do_not_exist(served: Served, method: str) -> None:
    answer, buffers = served.call(method)
    assert list(answer) == ["error", "buffers"]
    assert buffers == []


def test_html_in_names_is_text(served: Served) -> None:
    page = served.request("").body.decode()
    assert "<b>run" not in page
    assert "&lt;b&gt;run&lt;/b&gt;" in page
