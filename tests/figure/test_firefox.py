"""The interactive figure in Firefox, which speaks the protocol Marionette: no driver is needed."""

from __future__ import annotations

import base64
import io
import json
import shutil
import socket
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reelnet.reel import Run
from tests.figure.browser import to_address, wait_until
from tests.figure.conftest import STEPS
from tests.figure.test_browser import draw_frame, find_maps
from tests.make_run import Bytes

FIREFOX = shutil.which("firefox") or shutil.which("firefox-esr")

HOME, END = "\ue011", "\ue010"
ERRORS = "return Services.console.getMessageArray().map(String).filter((each) => each.includes('.html'))"


class Firefox:
    """A window with a profile of its own, in which nothing plays by itself."""

    def __init__(self, profile: Path) -> None:
        (profile / "user.js").write_text(
            'user_pref("marionette.port", 0); user_pref("ui.prefersReducedMotion", 1);'
        )
        options = ["--headless", "--marionette", "--remote-allow-system-access", "--profile", str(profile)]
        self.process = subprocess.Popen([str(FIREFOX), *options], stderr=subprocess.DEVNULL)
        port = profile / "MarionetteActivePort"
        wait_until(lambda: port.exists() and port.read_text().isdigit(), 60)
        self._socket = socket.create_connection(("127.0.0.1", int(port.read_text())), timeout=60)
        self._answers = self._socket.makefile("rb")
        self._receive()
        self.call("WebDriver:NewSession")

    def call(self, command: str, **parameters: Any) -> Any:
        """Send a command; its answer."""
        text = json.dumps([0, 1, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, answer = self._receive()
        assert error is None, error
        return answer

    def _receive(self) -> Any:
        length = b"".join(iter(lambda: self._answers.read(1), b":"))
        return json.loads(self._answers.read(int(length)))

    def evaluate(self, script: str) -> Any:
        """What a script returns."""
        return self.call("WebDriver:ExecuteScript", script=script, args=[])["value"]

    def take_screenshot(self) -> Bytes:
        """What the window shows, uint8 (height, width, 3)."""
        picture = base64.b64decode(self.call("WebDriver:TakeScreenshot", full=False)["value"])
        return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))

    def act(self, device: str, *actions: dict[str, Any]) -> None:
        """Use the keyboard (`key`) or the mouse (`pointer`) as a reader does."""
        self.call("WebDriver:PerformActions", actions=[{"type": device, "id": device, "actions": actions}])

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self.process.terminate()
        self.process.wait(30)


@pytest.mark.skipif(FIREFOX is None, reason="no Firefox is installed: apt install firefox-esr")
def test_firefox_shows_the_frames(figure_run: Run, figure_file: Path, tmp_path: Path) -> None:
    regions = find_maps(figure_run)
    with closing(Firefox(tmp_path)) as firefox:
        width, height = firefox.evaluate("return [outerWidth - innerWidth, outerHeight - innerHeight]")
        firefox.call("WebDriver:SetWindowRect", width=800 + width, height=900 + height)
        firefox.call("WebDriver:Navigate", url=to_address(figure_file))
        wait_until(lambda: firefox.evaluate("return document.documentElement.dataset.ready === 'yes'"))
        for key, step in ((HOME, 0), (END, STEPS - 1)):
            firefox.act("key", {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})
            assert firefox.evaluate("return location.hash") == f"#step={step}"
            shown, expected = firefox.take_screenshot(), draw_frame(figure_run, step)
            left = (800 - expected.shape[1]) // 2
            for box in (box for region in regions for box in region.boxes):
                rows, columns = slice(box.y, box.bottom), slice(box.x, box.right)
                np.testing.assert_array_equal(shown[rows, left:][:, columns], expected[rows, columns])
        move = {"type": "pointerMove", "x": regions[0].boxes[0].x + 3, "y": regions[0].boxes[0].y + 3}
        press = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        firefox.act("pointer", move, *press)
        text = firefox.evaluate("return document.querySelector('dialog[open]').innerText")
        assert "row 1, column 1: " in text
        firefox.call("Marionette:SetContext", value="chrome")
        assert firefox.evaluate(ERRORS) == []
