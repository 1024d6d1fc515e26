"""The keys of a panel, after a click on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.preview.page.opened import OpenPreview


@pytest.fixture
def keys(preview: OpenPreview) -> Locator:
    """The keys of the title."""
    preview.page.mouse.click(*preview.find_center("title"))
    keys = preview.page.locator(".panel-keys")
    expect(keys.get_by_role("heading")).to_contain_text("title")
    return keys


def test_each_key_has_its_value_documentation_and_place(
    preview: OpenPreview, keys: Locator, mine: Path
) -> None:
    expect(keys.get_by_label("text", exact=True)).to_have_value("First title")
    entry = keys.locator(".entry", has=preview.page.get_by_label("text", exact=True))
    # The place of the panel holds for its keys; those of what it extends have another.
    expect(keys.locator("header .place")).to_have_text("templates/mine.yaml:4")
    expect(entry.locator(".place")).to_be_empty()
    inherited = keys.locator(".entry", has=preview.page.get_by_label("style", exact=True))
    expect(inherited.locator(".place")).to_have_text(re.compile(r"article\.yaml:\d+$"))
    expect(entry).to_contain_text("The text, with fields in braces")
    link = keys.get_by_role("link", name="Open in editor")
    assert str(link.get_attribute("href")).startswith(f"vscode://file{mine.resolve().as_posix()}:4")
    # What is written stands before what is not.
    names = keys.locator(".row .name").all_inner_texts()
    assert names.index("text") < names.index("hidden")
    keys.get_by_role("button", name="panels.title.").click()
    assert preview.page.evaluate("navigator.clipboard.readText()") == "panels.title."


def test_a_key_stands_in_both_forms(preview: OpenPreview, keys: Locator) -> None:
    preview.open_tab("Controls")
    title = preview.page.locator(".settings").get_by_label("Title", exact=True)
    expect(title).to_have_value("First title")
    preview.open_tab("Panel")
    keys.locator(".row label", has_text="text").first.click()
    expect(keys.get_by_label("text", exact=True)).to_be_focused()
    preview.page.keyboard.press("Control+a")
    preview.page.keyboard.type("Other")
    preview.page.keyboard.press("Enter")
    preview.open_tab("Controls")
    expect(title).to_have_value("Other")


def test_values_are_edited_in_place(preview: OpenPreview, keys: Locator) -> None:
    image = preview.image
    keys.get_by_label("bold", exact=True).check(force=True)
    preview.wait_for_new_image(image)
    expect(preview.editor).to_contain_text("bold: true")
    keys.get_by_label("size", exact=True).fill("0")
    expect(keys.locator(".error:visible")).to_have_count(1)
    keys.get_by_role("button", name="Reset size").click()
    expect(keys.locator(".error:visible")).to_have_count(0)
    expect(preview.editor).not_to_contain_text("size:")
    keys.get_by_label("text", exact=True).fill("<i>second</i>")
    expect(preview.editor).to_contain_text("<i>second</i>")
    assert preview.page.locator("aside i").count() == 0
