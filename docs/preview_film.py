"""Make the film of docs/preview.md, or the picture of README.md: a preview that is used in Chromium.

    python docs/preview_film.py -o preview.gif

Called by gallery.py, in a folder in which `runs/demo` is. The suffix says which one is made: .gif or .png.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

ARGUMENTS = ("--force-color-profile=srgb", "--disable-lcd-text", "--hide-scrollbars")

SIZE = (832, 600)
"""CSS pixels of the window: the width in which GitHub shows a picture of a page."""

PATIENCE = 60
"""Seconds."""

FPS = 20
"""Of the film. All times below are multiples of a frame."""

FRAME = 1 / FPS
"""Seconds."""

MAX_SIZE = "1.5MB"

STEP = 43
"""The step that is shown while the template is edited: most digits are right."""

POINTER = ((0, 0), (0, 17), (4, 13.2), (6.8, 19.6), (9.6, 18.4), (6.9, 12.2), (12.4, 12.2))
"""The corners of the arrow, in CSS pixels from its point."""

SMOOTHING = 4
"""The arrow is drawn at this size and reduced."""


def find_missing() -> str:
    """What a film needs and is not there, in words; empty if all is there."""
    if CHROMIUM is None:
        return "no Chromium"
    missing = [name for name in ("playwright", "moviepy") if importlib.util.find_spec(name) is None]
    return f"no {missing[0]}; install reelnet[dev]" if missing else ""


class Take:
    """Pictures of a page in use, with a pointer, each with the time for which it is shown.

    Attributes:
        page: The page.
        pictures: uint8 arrays (height, width, 3).
        seconds: How long each of them is shown.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pictures: list[NDArray[np.uint8]] = []
        self.seconds: list[float] = []
        self._at = (SIZE[0] * 0.72, SIZE[1] * 0.6)
        self._asked: set[Request] = set()
        page.on("request", lambda request: self._asked.add(request))
        page.on("requestfinished", lambda request: self._asked.discard(request))
        page.on("requestfailed", lambda request: self._asked.discard(request))
        page.mouse.move(*self._at)

    def wait(self) -> None:
        """Let the page do all that it has begun, however slow the machine is, and half a second pass in it."""
        before, still, end = b"", 0, time.monotonic() + PATIENCE
        while still < 5:
            if time.monotonic() > end:
                raise TimeoutError(f"the page did not stand still within {PATIENCE} s")
            self.page.clock.run_for(100)
            self.page.wait_for_timeout(40)
            now = self.page.screenshot()
            waits = any("/call/" in request.url for request in self._asked)
            before, still = now, still + 1 if now == before and not waits else 0

    def show(self, seconds: float, is_pressed: bool = False) -> None:
        """Show for some seconds what the page shows now."""
        with Image.open(io.BytesIO(self.page.screenshot())) as image:
            picture = np.asarray(draw_pointer(image.convert("RGB"), *self._at, is_pressed))
        picture.flags.writeable = False
        if self.pictures and np.array_equal(picture, self.pictures[-1]):
            self.seconds[-1] += seconds
        else:
            self.pictures.append(picture)
            self.seconds.append(seconds)

    def move(self, target: Locator | tuple[float, float], seconds: float = 0.6) -> None:
        """Move the pointer to the middle of an element, or to a position in the window."""
        if isinstance(target, tuple):
            x, y = target
        else:
            box = target.bounding_box()
            assert box is not None
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        start, count = self._at, round(seconds / FRAME)
        for number in range(1, count + 1):
            part = number / count
            eased = part * part * (3 - 2 * part)
            self._at = (start[0] + (x - start[0]) * eased, start[1] + (y - start[1]) * eased)
            self.page.mouse.move(*self._at)
            self.page.clock.run_for(round(1000 * FRAME))
            self.show(FRAME)

    def push(self, target: Locator | tuple[float, float], seconds: float = 0.5) -> None:
        """Move to something, and press the button."""
        self.move(target, seconds)
        self.show(2 * FRAME, is_pressed=True)
        self.page.mouse.click(*self._at)

    def click(self, target: Locator | tuple[float, float], seconds: float = 0.5) -> None:
        """Click something, and wait for what follows."""
        self.push(target, seconds)
        self.wait()

    def type(self, text: str, seconds: float = 2 * FRAME) -> None:
        """Type some characters, each in some seconds; for the page, they come too quickly to answer in between."""
        for character in text:
            self.page.keyboard.press("Enter" if character == "\n" else character)
            self.page.clock.run_for(20)
            self.show(seconds)
        self.wait()

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a control."""
        control = self.page.get_by_label(label, exact=True)
        self.click(control)
        self.page.keyboard.press("Escape")
        control.select_option(option)
        self.wait()

    def play(self, seconds: float) -> None:
        """Show what plays, with a clock that waits for the pictures."""
        for _ in range(round(seconds / FRAME / 2)):
            self.page.clock.run_for(round(2000 * FRAME))
            self.show(2 * FRAME)


def draw_pointer(image: Image.Image, x: float, y: float, is_pressed: bool) -> Image.Image:
    """Draw the arrow over a picture, with a ring around its point while the button is pressed."""
    scale = image.width / SIZE[0] * SMOOTHING
    side = round(48 * scale)
    drawn = Image.new("RGBA", (side, side))
    draw, center = ImageDraw.Draw(drawn), side / 2
    if is_pressed:
        radius = 14 * scale
        ends = (center - radius, center - radius, center + radius, center + radius)
        draw.ellipse(ends, (9, 105, 218, 70), (9, 105, 218, 255), round(2 * scale))
    corners = [(center + scale * right, center + scale * down) for right, down in POINTER]
    draw.line([*corners, *corners[:2]], "white", round(3 * scale), "curve")
    draw.polygon(corners, "#1f2328")
    small = drawn.resize((side // SMOOTHING, side // SMOOTHING), Image.Resampling.BOX)
    half = small.width / 2
    place = (round(x * scale / SMOOTHING - half), round(y * scale / SMOOTHING - half))
    image.paste(small, place, small)
    return image


def change_text(take: Take) -> None:
    """A mistake in the template, its correction, and a title."""
    page = take.page
    take.show(0.8)
    take.click(page.locator(".cm-line").last)
    take.type("theme: drak")
    take.show(0.8)
    take.move(page.locator(".cm-lintRange-error"), 0.4)
    take.wait()
    take.show(0.7)
    take.click(page.get_by_role("button", name="Change to dark"), 0.3)
    take.show(0.7)
    page.keyboard.press("End")
    take.type("\npanels:", FRAME)
    take.type("\ntitle: {text: ", FRAME)
    take.type("What conv6 learns")
    take.show(0.8)


def find_curve(take: Take) -> tuple[float, float]:
    """A point on the curve at the bottom of the picture."""
    box = take.page.locator(".sheet").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.9


def change_panel(take: Take) -> None:
    """A click on the curve, and a tall frame."""
    page = take.page
    take.click(find_curve(take))
    take.show(1.2)
    take.click(page.get_by_role("tab", name="Controls"))
    page.keyboard.press("Escape")
    page.get_by_label("Frame", exact=True).scroll_into_view_if_needed()
    page.mouse.wheel(0, 60)
    take.wait()
    take.show(0.4)
    take.choose("Frame", "9:16, 1080 × 1920")
    take.show(1.6)


def play(take: Take) -> None:
    """The training goes on."""
    take.push(take.page.get_by_role("button", name="Play"))
    take.play(2.4)
    take.show(0.6)


@contextmanager
def open_page() -> Iterator[Page]:
    """Start a preview, and open it in Chromium."""
    from playwright.sync_api import sync_playwright

    from reelnet.template.search_path import find_builtin_folder

    Path("templates").mkdir(exist_ok=True)
    # What the page says of files has no path of this machine in it.
    shutil.copy(find_builtin_folder() / "article.yaml", "templates")
    Path("templates/mine.yaml").write_text("extends: article\n", "utf-8")
    words = ["preview", "runs/demo", "--template", "mine", "--step", str(STEP), "--no-browser"]
    preview = subprocess.Popen(
        [sys.executable, "-m", "reelnet", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert preview.stdout is not None
        address = re.search(r"http://\S+", preview.stdout.readline())
        assert address is not None
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            width, height = SIZE
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.clock.install()
            page.goto(address[0])
            page.wait_for_selector(".stage[data-shows=figure]")
            page.clock.pause_at(page.evaluate("Date.now()") + 1000)
            yield page
            browser.close()
    finally:
        preview.send_signal(signal.SIGINT)
        preview.wait()


def make_film(file: Path) -> None:
    """Write the film."""
    import moviepy

    import reelnet

    with open_page() as page:
        take = Take(page)
        take.wait()
        change_text(take)
        change_panel(take)
        play(take)
    clip = moviepy.ImageSequenceClip(take.pictures, durations=take.seconds)
    reelnet.save(clip, file, fps=FPS, max_size=MAX_SIZE)


def make_still(file: Path) -> None:
    """Write the page as it is once a panel has been clicked."""
    with open_page() as page:
        take = Take(page)
        take.wait()
        change_text(take)
        take.click(find_curve(take))
        page.get_by_role("tab", name="Template").click()
        take.wait()
        take.show(FRAME)
    Image.fromarray(take.pictures[-1]).quantize(
        256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    ).save(file)


def main() -> None:
    """Make a film or a picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", dest="file", type=Path, required=True)
    file = parser.parse_args().file
    missing = find_missing()
    if missing:
        sys.exit(f"{file} not made: {missing}")
    (make_film if file.suffix == ".gif" else make_still)(file)


if __name__ == "__main__":
    main()
