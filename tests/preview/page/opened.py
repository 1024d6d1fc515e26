"""A preview that is open in a browser, and what readers do with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from reelnet.preview.preview import Preview
from reelnet.preview.web.server import PreviewServer
from tests.figure.browser import OpenPage, open_page, wait_until

EDITOR = ".cm-content"


@contextmanager
def serve_forever(server: PreviewServer) -> Iterator[None]:
    """Let a server answer in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def serve(run: Path, template: str) -> Iterator[str]:
    """Serve the preview of a run: its address."""
    with (
        Preview(run, template) as preview,
        PreviewServer(preview, run.name) as server,
        serve_forever(server),
    ):
        yield server.address


@dataclass
class OpenPreview:
    """A preview in the browser.

    Attributes:
        opened: The page.
    """

    opened: OpenPage

    @property
    def page(self) -> Page:
        """The page in Playwright's words."""
        return self.opened.page

    @property
    def stage(self) -> Locator:
        """Where the picture is."""
        return self.page.locator(".stage")

    @property
    def sheet(self) -> Locator:
        """The picture."""
        return self.page.locator(".sheet")

    @property
    def image(self) -> str:
        """The address of the image; every one has its own."""
        return str(self.page.locator(".sheet > img").get_attribute("src"))

    @property
    def editor(self) -> Locator:
        """The text that can be edited."""
        return self.page.locator(EDITOR)

    @property
    def text(self) -> str:
        """The text in the editor."""
        return "\n".join(self.page.locator(".cm-line").all_inner_texts()).rstrip("\n")

    @property
    def step(self) -> str:
        """The shown step, in words."""
        return str(self.page.locator(".step").text_content())

    @property
    def link(self) -> str:
        """What follows the number sign in the address."""
        return str(self.page.evaluate("location.hash"))

    @property
    def mistakes(self) -> list[str]:
        """The mistakes over the picture."""
        return self.page.locator(".mistakes li").all_inner_texts()

    def wait_for_figure(self) -> None:
        """Wait until all steps are loaded."""
        self.page.wait_for_selector(".stage[data-shows=figure]")

    def wait_for_new_image(self, image: str) -> None:
        """Wait until there is another image than the one at an address."""
        wait_until(lambda: self.image != image)

    def open_tab(self, name: str) -> None:
        """Open a tab of the side bar."""
        self.page.get_by_role("tab", name=name).click()

    def type_at_end(self, text: str) -> None:
        """Type at the end of the template."""
        self.editor.click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(text)

    def find_center(self, panel: str) -> tuple[float, float]:
        """The center of a panel in the window, found by pointing at the picture."""
        box = self.sheet.bounding_box()
        assert box is not None
        for row in range(1, 40):
            for column in range(1, 10):
                x = box["x"] + box["width"] * column / 10
                y = box["y"] + box["height"] * row / 40
                self.page.mouse.move(x, y)
                if self.page.locator(".outline.hovered span").inner_text() == f"panels.{panel}":
                    return x, y
        raise AssertionError(f"no panel {panel}")


@contextmanager
def open_preview(browser: Browser, address: str, **options: Any) -> Iterator[OpenPreview]:
    """Open a preview in a window of its own, and wait for its first picture."""
    options = {"size": (1440, 1000), "permissions": ["clipboard-read", "clipboard-write"], **options}
    with open_page(browser, address, **options) as opened:
        opened.page.wait_for_selector(".stage[data-shows]")
        yield OpenPreview(opened)
