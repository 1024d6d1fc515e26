"""A page that stands for a notebook: it shows widgets, and brings their messages over a local socket."""

from __future__ import annotations

import base64
import json
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.preview.widget.kernel import Message, Wire

PAGE = """\
<!doctype html>
<html lang="en">
<style>
  :root { --page: red; --text: red; }
  body { margin: 16px; background: #fff; color: #222; font: 20px/2 serif; text-align: center; }
  body.dark { background: #111; color: #ddd; }
  button { color: rgb(0, 128, 0); height: 61px; }
  h1, span { letter-spacing: 5px; }
</style>
<link rel="icon" href="data:,">
<title>notebook</title>
<p><button id="own">Run</button> <input id="cell"></p>
<script type="module">
  import widget from "./script.js";
  const number = new URLSearchParams(location.search);
  const cleanups = (window.cleanups = []);
  window.keys = [];
  document.addEventListener("keydown", (event) => window.keys.push(event.key));
  for (const wire of number.getAll("wire")) {
    const handlers = new Set();
    const events = { "msg:custom": handlers, comm_live_update: (window.ends = new Set()) };
    const state = await (await fetch(`state?${wire}`)).json();
    const source = new EventSource(`messages?${wire}`);
    source.onmessage = ({ data }) => {
      const { content, buffers } = JSON.parse(data);
      const views = buffers.map((text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer));
      for (const handler of handlers) handler(content, views);
    };
    const model = {
      get: (name) => state[name],
      send: (content) => navigator.sendBeacon(`send?${wire}`, JSON.stringify(content)),
      on: (event, handler) => events[event].add(handler),
      off: (event, handler) => events[event].delete(handler),
    };
    const el = document.createElement("div");
    el.className = "output";
    document.body.append(el);
    await new Promise((resolve) => (source.onopen = resolve));
    cleanups.push(widget.render({ model, el }));
  }
</script>
</html>
"""


class Notebook(ThreadingHTTPServer):
    """Serves widgets to a page.

    Args:
        widgets: The widgets, as Jupyter has them: their states and their messages.
        has_kernel: Whether messages arrive.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, widgets: list[Any], *, has_kernel: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.widgets, self.has_kernel = widgets, has_kernel
        numbers = "&".join(f"wire={number}" for number in range(len(widgets)))
        self.address = f"http://127.0.0.1:{self.server_port}/?{numbers}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a defect; a page that is gone is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Notebook

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, _, number = self.path.partition("?")
        if path == "/":
            self._send("text/html", PAGE)
        elif path == "/script.js":
            self._send("text/javascript", self.server.widgets[0]._esm)
        elif path == "/state":
            self._send("application/json", json.dumps(self.server.widgets[int(number)].get_state()))
        else:
            self._stream(self.server.widgets[int(number)].comm)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.has_kernel:
            self.server.widgets[int(self.path.partition("?")[2])].comm.send_to_kernel(json.loads(body))
        self._send("text/plain", "")

    def _send(self, content_type: str, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, wire: Wire) -> None:
        waiting: queue.Queue[Message] = queue.Queue()
        wire.listeners.append(waiting.put)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        while True:
            message = waiting.get()
            buffers = [base64.b64encode(buffer).decode() for buffer in message.buffers]
            data = json.dumps({"content": message.content, "buffers": buffers})
            self.wfile.write(f"data: {data}\n\n".encode())


@contextmanager
def open_notebook(widgets: list[Any], *, has_kernel: bool = True) -> Iterator[str]:
    """The address of a notebook that shows widgets."""
    with Notebook(widgets, has_kernel=has_kernel) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()
