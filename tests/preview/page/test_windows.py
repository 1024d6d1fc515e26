"""The page in windows of all sizes, in light and in dark, and for readers who do not see or point."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.preview.page.opened import OpenPreview, open_preview

SIZES = [(375, 812), (812, 375), (768, 1024), (1024, 768), (1440, 900), (3840, 2160)]
TABS = ["Template", "Controls", "Panel", "Output"]


def check(preview: OpenPreview) -> None:
    """Check the page as it is once nothing fades any more."""
    preview.page.wait_for_timeout(300)
    result = Axe().run(preview.page)
    assert result.violations_count == 0, result.generate_report()


@pytest.mark.parametrize("size", SIZES)
def test_everything_is_within_the_window(browser: Browser, address: str, size: tuple[int, int]) -> None:
    with open_preview(browser, address, size=size) as preview:
        width, height = size
        assert preview.page.evaluate("document.documentElement.scrollWidth") <= width
        assert preview.page.evaluate("document.documentElement.scrollHeight") <= height
        for name in TABS:
            preview.open_tab(name)
            for part in (".head", ".stage", ".sheet", ".transport", ".side-bar"):
                box = preview.page.locator(part).bounding_box()
                assert box is not None
                assert box["x"] >= 0, part
                assert box["y"] >= 0, part
                assert box["x"] + box["width"] <= width + 1, part
                assert box["y"] + box["height"] <= height + 1, part
                assert min(box["width"], box["height"]) >= 40, part


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tab", TABS)
def test_readers_without_eyes_or_mouse_find_nothing_missing(
    browser: Browser, address: str, scheme: str, tab: str
) -> None:
    with open_preview(browser, address, color_scheme=scheme) as preview:
        preview.open_tab(tab)
        if tab == "Panel":
            preview.page.mouse.click(*preview.find_center("curve"))
        check(preview)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mistakes_and_the_menu_of_templates_are_accessible(
    browser: Browser, address: str, mine: Path, scheme: str
) -> None:
    with open_preview(browser, address, color_scheme=scheme) as preview:
        preview.page.get_by_role("button", name="Template:").click()
        preview.page.locator(".card img").first.wait_for()
        check(preview)
        preview.page.keyboard.press("Escape")
        mine.write_text("extends: article\ncanvas: {widht: 800}\n")
        preview.page.locator(".mistakes li").wait_for()
        check(preview)


def test_arrows_choose_tabs(preview: OpenPreview) -> None:
    preview.page.get_by_role("tab", name="Template").focus()
    for name in (*TABS[1:], TABS[0]):
        preview.page.keyboard.press("ArrowRight")
        assert preview.page.get_by_role("tab", name=name).get_attribute("aria-selected") == "true"
        assert preview.page.evaluate("document.activeElement.textContent") == name


def test_side_bar_is_as_wide_as_readers_make_it(preview: OpenPreview) -> None:
    def measure() -> float:
        return float(preview.page.evaluate("document.querySelector('.side-bar').offsetWidth"))

    box = preview.page.locator(".handle").bounding_box()
    assert box is not None
    preview.page.mouse.move(box["x"], 400)
    preview.page.mouse.down()
    preview.page.mouse.move(box["x"] - 100, 400)
    preview.page.mouse.up()
    wide = measure()
    preview.page.locator(".handle").focus()
    preview.page.keyboard.press("ArrowRight")
    assert measure() == wide - 16
    preview.page.reload()
    preview.page.wait_for_selector(".stage[data-shows]")
    assert measure() == wide - 16


def test_first_tab_stops_are_in_reading_order(preview: OpenPreview) -> None:
    order = []
    preview.page.keyboard.press("Tab")
    for _ in range(8):
        order.append(
            preview.page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
            )
        )
        preview.page.keyboard.press("Tab")
    assert order == ["Template: mine", "Layer", "Fit", "100 %", "200 %", "Play", "Training step", "Speed"]
