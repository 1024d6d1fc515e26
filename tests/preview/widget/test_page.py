"""The page's side of the widget, in Chromium, with a kernel behind it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from reelnet.preview.widget.assets import read_script, read_style
from tests.figure.browser import OpenPage, open_page, wait_until
from tests.preview.conftest import MINE
from tests.preview.widget.conftest import Explore
from tests.preview.widget.notebook import open_notebook

SIZE = (1280, 800)


@contextmanager
def show(browser: Browser, *widgets: Any, **options: Any) -> Iterator[OpenPage]:
    """Widgets in a notebook; at the end it has complained of nothing."""
    with open_notebook([*widgets], **options) as address, open_page(browser, address, SIZE) as opened:
        yield opened
        assert opened.errors == []


def find(opened: OpenPage, number: int = 0) -> Locator:
    """A widget, whose figure is there."""
    output = opened.page.locator(".output").nth(number)
    expect(output.locator(".stage")).to_have_attribute("data-shows", "figure")
    return output


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_script_can_be_parsed(tmp_path: Path) -> None:
    (tmp_path / "script.mjs").write_text(read_script(), "utf-8")
    subprocess.run(["node", "--check", str(tmp_path / "script.mjs")], check=True)


def test_the_style_is_complete() -> None:
    style = read_style()
    assert "@import" not in style
    assert "@font-face" not in style
    assert all(name in style for name in (":host", ".picture", ".cm-content", ".row", ".outputs"))


def test_what_is_changed_in_the_widget_is_the_reel(browser: Browser, explore: Explore) -> None:
    widget, _ = explore({"extends": "mine", "theme": "dark"})
    with show(browser, widget) as opened:
        output = find(opened)
        expect(output.locator(".cm-content")).to_contain_text("extends: mine")
        expect(output.locator(".save-bar .state")).to_have_text("Not in a file")
        output.locator(".cm-content").click()
        opened.page.keyboard.press("Control+End")
        opened.page.keyboard.insert_text("canvas: {scale: 9}\n")
        wait_until(lambda: "scale: 9" in widget.template)
        assert widget.reel.rendition.scale == 9
        expect(output.locator(".save-bar .state")).to_have_text("Not saved")
        output.get_by_role("button", name="Undo").click()
        wait_until(lambda: "scale: 9" not in widget.template)


def test_a_page_that_is_opened_again_has_the_text(browser: Browser, explore: Explore) -> None:
    widget, _ = explore("mine")
    text = MINE + "theme: dark\n"
    with show(browser, widget) as opened:
        output = find(opened)
        output.locator(".cm-content").click()
        opened.page.keyboard.press("Control+End")
        opened.page.keyboard.insert_text("theme: dark\n")
        wait_until(lambda: widget.template == text)
        opened.page.reload()
        expect(find(opened).locator(".cm-content")).to_contain_text("theme: dark")
        expect(output.locator(".save-bar .state")).to_have_text("Not saved")
        assert widget.template == text


def test_saving_writes_the_file(browser: Browser, explore: Explore, folder: Path) -> None:
    widget, _ = explore("mine")
    with show(browser, widget) as opened:
        output = find(opened)
        output.locator(".cm-content").click()
        opened.page.keyboard.press("Control+End")
        opened.page.keyboard.insert_text("theme: dark\n")
        opened.page.keyboard.press("Control+s")
        expect(output.locator(".save-bar .state")).to_have_text("Saved")
        assert (folder / "templates" / "mine.yaml").read_text() == MINE + "theme: dark\n"


def test_neither_has_the_styles_of_the_other(browser: Browser, explore: Explore) -> None:
    widget, _ = explore("mine")
    with show(browser, widget) as opened:
        output = find(opened)
        own = opened.page.locator("#own")
        expect(own).to_have_css("color", "rgb(0, 128, 0)")
        expect(own).to_have_css("height", "61px")
        play = output.locator(".play")
        expect(play).to_have_css("height", "32px")
        expect(play).to_have_css("color", "rgb(31, 35, 40)")
        expect(output.locator(".preview")).to_have_css("background-color", "rgb(255, 255, 255)")
        expect(output.locator("h1")).to_have_css("letter-spacing", "normal")
        # The document gets fonts, under names of their own.
        rules = opened.page.evaluate(
            "[...document.styleSheets].slice(1).flatMap(({cssRules}) => [...cssRules].map(({cssText}) => cssText))"
        )
        assert [rule[:10] for rule in rules] == ["@font-face", "@font-face"]
        assert all('"reelnet Open Sans"' in rule for rule in rules)
        fonts = "[...document.fonts].map(({family, status}) => [family, status])"
        assert ["reelnet Open Sans", "loaded"] in opened.page.evaluate(fonts)
        assert opened.page.evaluate("document.adoptedStyleSheets.length") == 0


def test_it_is_no_higher_than_the_window(browser: Browser, explore: Explore) -> None:
    widget, _ = explore("mine")
    with show(browser, widget) as opened:
        box = find(opened).bounding_box()
        assert box is not None
        assert box["height"] <= 0.8 * SIZE[1] + 1
        # In a narrow column, the side bar lies below the picture.
        opened.page.locator(".output").evaluate("output => (output.style.width = '500px')")
        stage, bar = (opened.page.locator(name).bounding_box() for name in (".stage", ".side-bar"))
        assert stage is not None
        assert bar is not None
        assert bar["y"] >= stage["y"] + stage["height"]


def test_keys_belong_to_the_widget_that_has_the_focus(browser: Browser, explore: Explore) -> None:
    one, two = explore("mine")[0], explore("plain")[0]
    with show(browser, one, two) as opened:
        first, second = find(opened, 0), find(opened, 1)
        steps = first.locator(".step"), second.locator(".step")
        expect(steps[0]).to_have_text("step 110 of 110")
        expect(steps[1]).to_have_text("step 110 of 110")
        opened.page.locator("#cell").click()
        opened.page.keyboard.press("Home")
        expect(steps[0]).to_have_text("step 110 of 110")
        second.locator(".view").click(position={"x": 2, "y": 2})
        opened.page.keyboard.press("Home")
        expect(steps[1]).to_have_text("step 0 of 110")
        expect(steps[0]).to_have_text("step 110 of 110")
        opened.page.keyboard.press("d")
        opened.page.keyboard.press("Control+Shift+p")
        # Letters stay in the widget, and combinations that it does not know are the notebook's.
        assert opened.page.evaluate("keys") == ["Home", "Control", "Shift", "p"]
        first.locator(".menu").click()
        expect(first.locator(".templates")).to_be_visible()
        expect(second.locator(".templates")).to_be_hidden()


def test_the_theme_is_that_of_the_notebook(browser: Browser, explore: Explore) -> None:
    widget, _ = explore("mine")
    with show(browser, widget) as opened:
        preview = find(opened).locator(".preview")
        expect(preview).to_have_css("background-color", "rgb(255, 255, 255)")
        opened.page.evaluate("document.body.classList.add('dark')")
        expect(preview).to_have_css("background-color", "rgb(26, 29, 32)")
        opened.page.evaluate("document.body.classList.remove('dark')")
        expect(preview).to_have_css("background-color", "rgb(255, 255, 255)")


def test_without_a_kernel_there_is_the_figure(browser: Browser, explore: Explore) -> None:
    widget, _ = explore("mine")
    with show(browser, widget, has_kernel=False) as opened:
        output = opened.page.locator(".output")
        expect(output.get_by_text("The controls need a running kernel.")).to_be_visible()
        expect(output.locator(".preview")).to_be_hidden()
        figure = output.frame_locator("iframe")
        expect(figure.locator("html")).to_have_attribute("data-ready", "yes")


def test_the_end_of_the_kernel_is_said(browser: Browser, explore: Explore) -> None:
    widget, _ = explore("mine")
    with show(browser, widget) as opened:
        output = find(opened)
        opened.page.evaluate("for (const tell of ends) tell()")
        expect(output.locator(".banner")).to_have_text("The kernel has stopped. Run the cell again.")


def test_a_removed_page_leaves_nothing(browser: Browser, explore: Explore) -> None:
    widget, _ = explore("mine")

    def list_threads() -> list[str]:
        return [each.name for each in threading.enumerate() if each.name.startswith("reelnet")]

    before = list_threads()
    with show(browser, widget) as opened:
        find(opened)
        assert list_threads() != before
        opened.page.evaluate("cleanups.forEach((cleanup) => cleanup())")
        wait_until(lambda: list_threads() == before)
