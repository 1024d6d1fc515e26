"""The page of a preview in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from reelnet.preview.preview import Preview
from reelnet.preview.server import PreviewServer
from tests.figure.browser import OpenPage, open_page


@pytest.fixture
def address(preview: Preview) -> Iterator[str]:
    """The address of the page, which begins with the template `mine`."""
    with PreviewServer(preview, "run") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[OpenPage]:
    """The page, with the picture and the text of the template; at the end it has complained of nothing."""
    with open_page(browser, address, (1280, 800)) as page:
        expect(page.page.locator(".cm-content")).to_contain_text("Keep this comment.")
        expect(page.page.locator(".sheet")).to_be_visible()
        yield page
        assert page.errors == []


def find_text(opened: OpenPage) -> Locator:
    """The text in the editor."""
    return opened.page.locator(".cm-content")


def read_text(opened: OpenPage) -> str:
    """The text in the editor, of which all lines are in view."""
    return "\n".join(opened.page.locator(".cm-line").all_inner_texts()).replace("\n\n", "\n")


def write_at_end(opened: OpenPage, text: str) -> None:
    """Type at the end of the text, as a reader does."""
    find_text(opened).click()
    opened.page.keyboard.press("Control+End")
    opened.page.keyboard.type(text)
