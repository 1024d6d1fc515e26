"""Files that the page has written, and the menu of templates."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.figure.browser import wait_until
from tests.figure.conftest import STEPS
from tests.preview.page.opened import OpenPreview


def choose(page: Page, name: str) -> None:
    """Choose what a file is for."""
    page.get_by_role("radio", name=name).check()


def test_render_writes_the_file_of_the_text_in_the_editor(preview: OpenPreview, folder: Path) -> None:
    preview.type_at_end("canvas: {width: 400}\n")
    wait_until(lambda: preview.page.locator(".save-bar .state").inner_text() == "Not saved")
    preview.open_tab("Output")
    choose(preview.page, "GIF no limit")
    preview.page.get_by_role("button", name="Render").click()
    preview.page.wait_for_selector(".job[data-state=done]")
    file = preview.page.locator(".job .file").inner_text()
    with Image.open(folder / file) as image:
        assert image.width == 400
    assert Path(file).parent == Path("renders")
    with preview.page.context.expect_page() as opened:
        preview.page.get_by_role("link", name=f"Open {file}").click()
    opened.value.locator("img").wait_for()
    assert opened.value.locator("img").evaluate("(image) => image.naturalWidth") == 400
    opened.value.close()
    preview.page.locator(".job .file").click()
    wait_until(lambda: preview.page.locator(".toast").inner_text() == f"Copied {file}")


def test_a_rendered_animation_has_all_steps(preview: OpenPreview, folder: Path) -> None:
    preview.open_tab("Output")
    choose(preview.page, "github-readme")
    preview.page.get_by_role("button", name="Render").click()
    preview.page.wait_for_selector(".job[data-state=done]")
    assert "of 5 MB" in preview.page.locator(".job").inner_text()
    with Image.open(folder / preview.page.locator(".job .file").inner_text()) as image:
        assert getattr(image, "n_frames", 1) >= STEPS


def test_forecasts_are_bars_against_the_cap(preview: OpenPreview) -> None:
    preview.open_tab("Output")
    choose(preview.page, "github-readme")
    row = preview.page.locator(".target", has_text="github-readme")
    wait_until(lambda: "of 5 MB, GIF" in preview.page.locator(".detail").inner_text())
    share = float(row.locator(".bar").evaluate("(bar) => bar.style.getPropertyValue('--share')"))
    amount, unit = row.locator(".size").inner_text().removeprefix("about ").split()
    size = float(amount) * {"B": 1, "kB": 1e3, "MB": 1e6}[unit]
    assert abs(share - size / 5e6) < 0.01 * share
    preview.page.locator(".detail img").wait_for()
    others = preview.page.locator(".target", has_text="discord-bot").locator(".size")
    wait_until(lambda: others.inner_text() not in ("", "…"), seconds=60)


def test_what_cannot_be_rendered_says_why(preview: OpenPreview) -> None:
    preview.open_tab("Output")
    choose(preview.page, "Files of the template")
    preview.page.get_by_role("button", name="Render all").click()
    wait_until(lambda: "outputs" in preview.page.locator(".detail .error").inner_text())


@pytest.mark.parametrize("name", ["dark", "filters"])
def test_the_menu_shows_all_templates(preview: OpenPreview, name: str) -> None:
    button = preview.page.get_by_role("button", name="Template:")
    button.click()
    card = preview.page.locator(f".card[data-name={name}]")
    card.scroll_into_view_if_needed()
    if name == "filters":
        wait_until(lambda: "Not for this run" in card.inner_text())
        assert "no filters" in card.inner_text()
    else:
        card.locator("img").wait_for()
        image = preview.image
        card.click()
        preview.wait_for_new_image(image)
        assert button.inner_text() == name
        assert f"template={name}" in preview.link


def test_keys_move_through_the_menu(preview: OpenPreview) -> None:
    preview.page.get_by_role("button", name="Template:").click()
    preview.page.locator(".card[aria-current]").wait_for()
    names = preview.page.locator(".card").evaluate_all("(cards) => cards.map(({ dataset }) => dataset.name)")
    focused = "document.activeElement.dataset.name"
    assert preview.page.evaluate(focused) == "mine"
    preview.page.keyboard.press("Home")
    preview.page.keyboard.press("ArrowRight")
    assert preview.page.evaluate(focused) == names[1]
    preview.page.keyboard.press("Escape")
    wait_until(lambda: preview.page.locator(".templates").is_hidden())


def test_a_new_template_leaves_the_list_as_it_is(preview: OpenPreview, folder: Path) -> None:
    preview.open_tab("Output")
    choose(preview.page, "mastodon")
    row = preview.page.locator(".target", has_text="mastodon")
    row.evaluate("(row) => row.dataset.mark = 'same'")
    (folder / "templates" / "other.yaml").write_text("extends: plain\n")
    preview.page.locator(".menu").click()
    preview.page.wait_for_selector(".card[data-name=other]")
    # One's own come before those of reelnet.
    first = preview.page.locator(".card").nth(1)
    assert first.get_attribute("data-name") == "other"
    assert row.get_attribute("data-mark") == "same"
    assert row.get_by_role("radio").is_checked()
