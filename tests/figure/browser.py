"""A real browser for tests of the interactive figure: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Frame, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

ARGUMENTS = ("--force-color-profile=srgb", "--disable-lcd-text", "--hide-scrollbars")


@dataclass
class OpenPage:
    """A page in the browser, with what it asked for and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def slider(self) -> Any:
        """The slider over the steps."""
        return self.page.locator("input[type=range]")

    def seek(self, index: int) -> None:
        """Move the slider to the step with an index, as a reader's drag does."""
        self.slider.evaluate(
            "(slider, index) => { slider.value = index; slider.dispatchEvent(new Event('input')); }", index
        )

    def screenshot(self) -> NDArray[np.uint8]:
        """What the window shows, uint8 (height, width, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))


@contextmanager
def open_page(
    browser: Browser, address: str, size: tuple[int, int] = (800, 900), **options: Any
) -> Iterator[OpenPage]:
    """Open a page in a window of its own; by default without motion, so that nothing plays by itself."""
    width, height = size
    options = {"reduced_motion": "reduce", "viewport": {"width": width, "height": height}, **options}
    context = browser.new_context(**options)
    opened = OpenPage(context.new_page())
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on(
        "console", lambda note: opened.errors.append(note.text) if note.type in ("error", "warning") else None
    )
    try:
        opened.page.goto(address)
        yield opened
    finally:
        context.close()


def wait_for_maps(frame: Page | Frame) -> None:
    """Wait until the maps of a figure are drawn."""
    frame.wait_for_selector("html[data-ready=yes]")


def wait_until(is_true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is true. The page's policy forbids Playwright's own waiting, which evaluates text."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.02)


def to_address(path: Path, link: str = "") -> str:
    """The address of a file, with what follows the number sign."""
    return path.resolve().as_uri() + (f"#{link}" if link else "")
