"""Other pages in the same browser: a real browser lets none of them read the preview, call it or show it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from reelnet.preview.preview import Preview
from tests.figure.browser import wait_until
from tests.preview.served.serving import Served

OTHER_PAGE = "<!doctype html><title>other</title><body></body>"

TRY = """async ([kind, base]) => {
  const seen = (element, name) => new Promise((resolve) => {
    element.onload = () => resolve("load");
    element.onerror = () => resolve("error");
    Object.assign(element, name);
    document.body.append(element);
  });
  const add = (tag, name) => seen(document.createElement(tag), name);
  const body = JSON.stringify({template: "x", text: "y", sha256: "z"});
  try {
    switch (kind) {
      case "read page": return (await (await fetch(base)).text()).length;
      case "call": return (await (await fetch(`${base}call/open`, {method: "POST", body})).text()).length;
      case "call with JSON": {
        const headers = {"Content-Type": "application/json"};
        return (await (await fetch(`${base}call/open`, {method: "POST", headers, body})).text()).length;
      }
      case "blind call": return (await fetch(`${base}call/save`, {method: "POST", mode: "no-cors", body})).type;
      case "beacon": navigator.sendBeacon(`${base}call/save`, body); return "sent";
      case "module": return await add("script", {type: "module", src: `${base}static/figure.js`});
      case "script": return await add("script", {src: `${base}static/figure.js`});
      case "style": return await add("link", {rel: "stylesheet", href: `${base}static/figure.css`});
      case "image": return await add("img", {src: base});
      case "events": return await new Promise((resolve) => {
        const source = new EventSource(`${base}events`);
        source.onopen = () => resolve("open");
        source.onerror = () => resolve("error");
      });
    }
  } catch (error) {
    return error.name;
  }
}"""


class OtherHandler(BaseHTTPRequestHandler):
    """A page of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(OTHER_PAGE.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def other_port() -> Iterator[int]:
    """The port of another server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(params=["127.0.0.1", "localhost"])
def other_page(browser: Browser, other_port: int, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Another page: on the same site as the preview, with another port, or on another site."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://{request.param}:{other_port}/")
    yield page
    context.close()


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that reach the preview."""
    methods: list[str] = []
    monkeypatch.setattr(Preview, "call", lambda preview, method, arguments: methods.append(method))
    return methods


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("read page", "TypeError"),
        ("call", "TypeError"),
        ("call with JSON", "TypeError"),
        ("blind call", "TypeError"),
        ("beacon", "sent"),
        ("module", "error"),
        ("script", "error"),
        ("style", "error"),
        ("image", "error"),
        ("events", "error"),
    ],
)
def test_what_another_page_may_try(
    other_page: Page, served: Served, called: list[str], kind: str, result: str
) -> None:
    assert other_page.evaluate(TRY, [kind, f"{served.origin}/{served.token}/"]) == result
    other_page.wait_for_timeout(100)
    assert called == []


def test_a_form_of_another_page(other_page: Page, served: Served, called: list[str]) -> None:
    submit = """(address) => {
          const form = document.createElement("form");
          Object.assign(form, {method: "post", enctype: "text/plain", action: address});
          const field = document.createElement("input");
          Object.assign(field, {name: '{"name": "x', value: '"}'});
          form.append(field);
          document.body.append(form);
          form.submit();
        }"""
    with other_page.expect_navigation():
        other_page.evaluate(submit, f"{served.origin}/{served.token}/call/save")
    assert "only the page of the preview may ask this" in other_page.content()
    assert called == []


def test_a_frame_of_another_page(other_page: Page, served: Served) -> None:
    other_page.evaluate(
        "(src) => document.body.append(Object.assign(document.createElement('iframe'), {src}))",
        f"{served.origin}/{served.token}/",
    )
    wait_until(lambda: len(other_page.frames) == 2)
    other_page.wait_for_timeout(300)
    assert "reelnet preview" not in other_page.frames[1].content()


def test_a_window_that_another_page_opens(other_page: Page, served: Served) -> None:
    with other_page.context.expect_page() as opened:
        other_page.evaluate(
            "(address) => { window.other = open(address); }", f"{served.origin}/{served.token}/"
        )
    opened.value.wait_for_load_state()
    assert "reelnet preview" in opened.value.title()
    # The page is cut off from the window that opened it, on the same site, too.
    assert other_page.evaluate("window.other.closed") is True
