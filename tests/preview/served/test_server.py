"""The server of a preview as its page uses it."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from pathlib import Path
from posixpath import normpath

import pytest
from playwright.sync_api import Browser

from reelnet.errors import UsageError
from reelnet.preview.preview import Preview
from reelnet.preview.web import event_stream
from reelnet.preview.web.page import list_static_files
from reelnet.preview.web.server import PreviewServer
from reelnet.preview.web.wire import decode_arguments, encode_answer, encode_event
from tests.figure.browser import open_page, wait_until
from tests.preview.served.serving import Response, Served, decode_answer, read_all, serve


def read_policy(response: Response) -> dict[str, list[str]]:
    """The sources of each directive of a policy."""
    policy = [directive.split() for directive in response.headers["content-security-policy"].split(";")]
    return {name: sources for name, *sources in policy}


def test_the_page(served: Served) -> None:
    response = served.request()
    assert response.status == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page, policy = response.body.decode(), read_policy(response)
    (nonce,) = set(re.findall(r'nonce="([\w-]{20,})"', page))
    assert policy["script-src"] == [f"'nonce-{nonce}'"]
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'none'"]
    assert policy["connect-src"] == ["'self'"]
    assert "unsafe" not in response.headers["content-security-policy"]
    assert nonce not in served.request().body.decode()


def test_headers_of_every_response(served: Served) -> None:
    responses = [
        served.request(),
        served.request("static/figure.js"),
        served.request("call/open", "POST", b"{}"),
        served.request("/"),
        served.request("call/open"),
    ]
    for response in responses:
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in response.headers
        assert served.token not in json.dumps(response.headers)


def test_files_of_the_page(served: Served) -> None:
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".ttf": "font/ttf"}
    files = list_static_files()
    assert {"figure.js", "picture.js", "figure.css", "fonts/OpenSans-Regular.ttf"} <= set(files)
    for path, found in files.items():
        response = served.request(f"static/{path}")
        assert response.status == 200
        assert response.headers["content-type"] == types[Path(path).suffix]
        assert response.body == found.file.read_bytes()


def test_modules_and_styles_find_what_they_import() -> None:
    files = list_static_files()
    wanted = re.compile(
        r"""(?:from|import) ["'](\.[^"']+)["'];|import\(["'](\.[^"']+)["']\)|url\(["']?([^"')#]+)"""
    )
    for path, found in files.items():
        if path.endswith(".ttf"):
            continue
        for groups in wanted.findall(found.file.read_text("utf-8")):
            name = next(filter(None, groups))
            if not name.startswith("data:"):
                assert normpath(f"{Path(path).parent.as_posix()}/{name}") in files, f"{path} imports {name}"


def test_what_the_page_names_is_served(served: Served) -> None:
    links = re.findall(r'(?:href|src)="(static/[^"]+)"', served.request().body.decode())
    assert len(links) >= 2
    assert [served.request(link).status for link in links] == [200] * len(links)


def test_calls(served: Served) -> None:
    answer, buffers = served.call("open")
    assert answer["run"]["steps"] == [0, 1, 2, 3, 4, 5]
    assert buffers == []
    view = {"template": "article", "text": None, "layer": None}
    asked = {"view": view, "step": 3, "pixel_ratio": 1, "client": "a", "serial": 7}
    answer, (picture,) = served.call("layout", asked)
    assert (answer["serial"], answer["step"], answer["diagnostics"]) == (7, 3, [])
    assert picture.startswith(b"\x89PNG")


def test_mistakes_of_a_call_are_one_line(served: Served) -> None:
    answer, _ = served.call("laiout")
    assert answer["error"] == "no method 'laiout'; did you mean 'layout'?"
    answer, _ = served.call("layout", {"view": {"template": "artikle"}})
    assert answer["error"].count("\n") == 0


def test_a_defect_is_an_answer_too(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Preview, "call", lambda preview, method, arguments: 1 / 0)
    answer, _ = served.call("open")
    assert answer["error"].startswith("ZeroDivisionError: division by zero")
    assert "Traceback" in caplog.text


def test_several_requests_over_one_connection(served: Served) -> None:
    body = b'{"a": "\xc3\xa4"}'
    get = f"GET /{served.token}/static/figure.css HTTP/1.1\r\nHost: localhost:{served.port}\r\n\r\n".encode()
    post = (
        f"POST /{served.token}/call/open HTTP/1.1\r\nHost: localhost:{served.port}\r\n"
        f"Origin: http://localhost:{served.port}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    last = get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    # All at once: a browser may send the next request before the response to the first one has come.
    with served.connect() as connection:
        connection.sendall(get + post + post + last)
        content = read_all(connection)
    assert content.count(b"HTTP/1.1 200 OK\r\n") == 4
    types = re.findall(rb"Content-Type: ([\w/-]+)", content)
    assert types == [b"text/css", b"application/octet-stream", b"application/octet-stream", b"text/css"]


class EventReader:
    """A page that listens to events."""

    def __init__(self, served: Served) -> None:
        self.connection = served.connect()
        head = f"GET /{served.token}/events HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n\r\n"
        self.connection.sendall(head.encode())
        self.lines = self.connection.makefile("rb")
        self.head = [*iter(lambda: self.lines.readline().strip(), b"")]

    def read(self) -> tuple[str, object]:
        """The name and the content of the next event."""
        name = ""
        while not name:
            line = self.lines.readline()
            assert line, "the stream has ended"
            name = line.decode().partition("event: ")[2].strip()
        return name, json.loads(self.lines.readline().decode().removeprefix("data: "))

    def close(self) -> None:
        """Leave."""
        self.lines.close()
        self.connection.close()


def test_events(preview_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates").mkdir()
    with serve(preview_run) as running:
        readers = [EventReader(running), EventReader(running)]
        assert b"Content-Type: text/event-stream" in readers[0].head
        time.sleep(0.3)
        (tmp_path / "templates" / "mine.yaml").write_text("extends: article\n", "utf-8")
        assert [reader.read() for reader in readers] == [("templates", {})] * 2
    for reader in readers:
        assert reader.read() == ("end", {})
        assert reader.lines.read().strip() == b""
        reader.close()


def test_a_stream_ends_when_its_page_has_gone(served: Served) -> None:
    before = threading.active_count()
    reader = EventReader(served)
    assert threading.active_count() == before + 1
    reader.close()
    deadline = time.monotonic() + 5
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_heartbeats(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(event_stream, "LOOK_SECONDS", 0.05)
    reader = EventReader(served)
    lines = [reader.lines.readline() for _ in range(6)]
    assert lines == [b"retry: 1000\n", b"\n", b":\n", b"\n", b":\n", b"\n"]
    reader.close()


def test_a_page_that_is_far_behind_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "MAX_WAITING", 3)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        written: list[bytes] = []
        stream = event_stream.EventStream(ours, written.append)
        for number in range(5):
            stream.put("run", {"number": number})
        stream.run()
        assert stream.ended.is_set()
        assert written == [event_stream.BEGIN]


def test_two_previews_have_two_ports(preview_run: Path) -> None:
    with serve(preview_run) as first, serve(preview_run) as second:
        assert first.port != second.port
        assert first.token != second.token
        assert first.call("open")[0]["run"]["samples"] == second.call("open")[0]["run"]["samples"] == 3
        with pytest.raises(UsageError, match=f"--port {first.port}: another program uses it"):
            PreviewServer(Preview(preview_run), "run", port=first.port)


def test_the_same_port_again(preview_run: Path) -> None:
    with serve(preview_run) as first:
        first.call("open")
    with serve(preview_run, port=first.port) as second:
        assert second.call("open")[0]["run"]["samples"] == 3


def test_hosts(preview_run: Path) -> None:
    with serve(preview_run, host="localhost") as running:
        assert not running.server.is_exposed
        assert running.server.address.startswith(f"http://localhost:{running.port}/")
    with serve(preview_run, host="0.0.0.0") as running:
        assert running.server.is_exposed
        for host in ("127.0.0.1", "192.0.2.7", socket.gethostname(), "[2001:db8::1]"):
            assert running.request("", Host=f"{host}:{running.port}").status == 200
        for host in ("evil.example", "192.0.2.7.evil.example"):
            assert running.request("", Host=f"{host}:{running.port}").status == 403
        assert running.request("/").status == 404
    for host in ("nothing.invalid", "192.0.2.7", "a b", "a" * 300, "\udc80"):
        with pytest.raises(UsageError, match="--host"):
            PreviewServer(Preview(preview_run), "run", host=host)


def test_answers() -> None:
    pieces = encode_answer({"text": "ä\n", "number": 1.5, "name": "\udcff"}, (b"12", b"", b"345"))
    answer, buffers = decode_answer(b"".join(pieces))
    assert answer == {"text": "ä\n", "number": 1.5, "name": "\udcff", "buffers": [2, 0, 3]}
    assert buffers == [b"12", b"", b"345"]
    with pytest.raises(ValueError, match="JSON"):
        encode_answer({"number": float("nan")})


def test_arguments() -> None:
    assert decode_arguments('{"a": [1, 2.5, "ä😀", null]}'.encode()) == {"a": [1, 2.5, "ä😀", None]}
    for body in (b"[1]", b"{", b'{"a": NaN}', b'{"a": 1e400}', b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011
            decode_arguments(body)


def test_events_are_single_lines() -> None:
    assert (
        encode_event("job", {"words": "a\r\nb\u2028c"})
        == b'event: job\ndata: {"words": "a\\r\\nb\\u2028c"}\n\n'
    )


def test_the_browser_asks_for_all_modules_and_styles_at_once(browser: Browser, served: Served) -> None:
    named = re.findall(r'(?:href|src)="static/([^"]+)"', served.request().body.decode())
    assert "figure.js" not in named
    with open_page(browser, f"{served.origin}/{served.token}/") as opened:
        opened.page.wait_for_selector(".stage img")
        asked = [each.partition("/static/")[2] for each in opened.requests if each.endswith((".js", ".css"))]
    assert sorted(asked) == sorted(named)
    assert opened.errors == []


def test_a_hidden_page_leaves_and_comes_back(browser: Browser, served: Served) -> None:
    def count_streams() -> int:
        return len(served.server._site._streams)

    def count_opens() -> int:
        # Playwright reports requests meanwhile.
        opened.page.wait_for_timeout(10)
        return sum(each.endswith("/call/open") for each in opened.requests)

    with open_page(browser, f"{served.origin}/{served.token}/") as opened:
        wait_until(lambda: count_streams() == 1)
        for hidden, count in (("true", 0), ("false", 1), ("true", 0), ("false", 1)):
            opened.page.evaluate(
                f"Object.defineProperty(document, 'hidden', {{value: {hidden}, configurable: true}});"
                "document.dispatchEvent(new Event('visibilitychange'))"
            )
            wait_until(lambda count=count: count_streams() == count)  # type: ignore[misc]
        # It asks for what has changed meanwhile.
        wait_until(lambda: count_opens() == 3)
        assert opened.errors == []
