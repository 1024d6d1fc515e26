"""The controls of the page: each change is an edit of the text, which can be undone."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.preview.page.conftest import MINE
from tests.preview.page.opened import OpenPreview


@pytest.fixture
def controls(preview: OpenPreview) -> OpenPreview:
    """The preview, at the tab of the controls."""
    preview.open_tab("Controls")
    expect(find(preview, "Title")).to_have_value("First title")
    return preview


def find(preview: OpenPreview, label: str) -> Locator:
    """The field with a label."""
    return preview.page.locator(".settings").get_by_label(label, exact=True)


def find_row(preview: OpenPreview, label: str) -> Locator:
    """The row of the field with a label."""
    return preview.page.locator(".settings .row", has=preview.page.get_by_text(label, exact=True))


def expect_text(preview: OpenPreview, text: str) -> None:
    """Wait until the text of the template is another."""
    preview.open_tab("Template")
    expect(preview.page.locator(".cm-line")).to_have_text(text.split("\n"))
    preview.open_tab("Controls")


def with_line(line: str) -> str:
    """The text of the template with a new key where such a key belongs."""
    return MINE.replace("\n", f"\n{line}\n", 1)


def undo(preview: OpenPreview) -> None:
    preview.page.get_by_role("button", name="Undo").click()


def test_a_text_is_written_while_its_field_keeps_the_caret(controls: OpenPreview) -> None:
    image = controls.image
    title = find(controls, "Title")
    title.click()
    controls.page.keyboard.press("Home")
    controls.page.keyboard.type('A "<b>')
    controls.wait_for_new_image(image)
    controls.page.keyboard.type("new</b>' ")
    expect(title).to_have_value("A \"<b>new</b>' First title")
    expect(title).to_be_focused()
    expect(find_row(controls, "Title").locator(".error")).to_be_hidden()
    controls.page.keyboard.press("Enter")
    expect_text(controls, MINE.replace('"First title"', '"A \\"<b>new</b>\' First title"'))
    assert controls.page.get_by_role("tabpanel").locator("b").count() == 0
    undo(controls)
    expect_text(controls, MINE)
    expect(title).to_have_value("First title")


def test_a_reset_removes_the_key(controls: OpenPreview) -> None:
    title = find(controls, "Title")
    find_row(controls, "Title").get_by_role("button", name="Reset Title").click()
    expect(title).not_to_have_value("First title")
    expect(find_row(controls, "Title").get_by_role("button", name="Reset Title")).to_be_hidden()
    undo(controls)
    expect(title).to_have_value("First title")
    expect_text(controls, MINE)


def test_a_choice_changes_the_picture(controls: OpenPreview) -> None:
    image = controls.image
    controls.page.get_by_role("radio", name="dark").check()
    controls.wait_for_new_image(image)
    expect_text(controls, with_line("theme: dark"))
    undo(controls)
    expect(controls.page.get_by_role("radio", name="light")).to_be_checked()


def test_a_value_that_does_not_fit_is_explained_beside_its_field(controls: OpenPreview) -> None:
    background = find(controls, "Background")
    row = find_row(controls, "Background")
    background.fill("#12345")
    expect(row.locator(".error")).to_have_text("'#12345' is not a color such as '#1f2328'")
    expect(controls.page.get_by_role("tab", name="Template")).to_contain_text("1")
    background.fill("#123456")
    expect(row.locator(".error")).to_be_hidden()
    expect(row.locator("input[type=color]")).to_have_value("#123456")
    row.locator("input[type=color]").fill("#abcdef")
    expect(background).to_have_value("#abcdef")
    expect_text(controls, with_line("theme: {background: '#abcdef'}"))


def test_a_selection_says_how_many_it_chooses(controls: OpenPreview) -> None:
    row = find_row(controls, "Samples")
    expect(row.locator(".hint")).to_have_text("4 of 4 samples")
    find(controls, "Samples").fill("0, 2-3")
    expect(row.locator(".hint")).to_have_text("3 of 4 samples")
    find(controls, "Samples").fill("first 2")
    expect(row.locator(".hint")).to_have_text("2 of 4 samples")
    expect_text(controls, with_line("samples: {show: {first: 2}}"))


def test_quick_steps_of_a_number_are_undone_together(controls: OpenPreview) -> None:
    pause = find(controls, "Pause at the end")
    before = float(pause.input_value())
    pause.focus()
    for _ in range(3):
        controls.page.keyboard.press("ArrowUp")
    expect(pause).to_have_value(f"{before + 3:g}")
    expect_text(controls, MINE + f"timeline: {{end_pause: {before + 3:g}}}\n")
    undo(controls)
    expect_text(controls, MINE)
    expect(pause).to_have_value(f"{before:g}")
    find_row(controls, "Pause at the end").get_by_role("button", name="Less").click()
    expect(pause).to_have_value(f"{before - 1:g}")


def test_a_slow_preview_splits_no_edit(controls: OpenPreview) -> None:
    def answer_late(route: Route) -> None:
        time.sleep(1.2)
        route.continue_()

    controls.page.route("**/call/set", answer_late)
    pause = find(controls, "Pause at the end")
    before = float(pause.input_value())
    pause.focus()
    for _ in range(2):
        with controls.page.expect_request("**/call/set"):
            controls.page.keyboard.press("ArrowUp")
    expect_text(controls, MINE + f"timeline: {{end_pause: {before + 2:g}}}\n")
    undo(controls)
    expect_text(controls, MINE)


def test_captions_are_added_moved_and_removed(controls: OpenPreview) -> None:
    row = find_row(controls, "Captions")
    add = row.get_by_role("button", name="Add")
    texts = row.get_by_role("textbox")
    for words in ("At first", "Later"):
        add.click()
        controls.page.keyboard.type(words)
        controls.page.keyboard.press("Enter")
        expect(controls.editor).to_contain_text(words)
    expect(row.locator(".time")).to_have_text(["from 0%", "from 50%"])
    row.get_by_role("button", name="Move up").last.click()
    expect(texts.first).to_have_value("Later")
    texts.first.press("Tab")
    row.get_by_role("button", name="Remove").first.click()
    expect(texts).to_have_count(1)
    expect(controls.editor).not_to_contain_text("Later")
    expect(controls.editor).to_contain_text("At first")


def test_what_is_typed_while_a_value_is_written_stays(controls: OpenPreview) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if not held:
            controls.open_tab("Template")
            controls.type_at_end("# typed meanwhile\n")
        held.append(route)
        route.continue_()

    controls.page.route("**/call/set", hold)
    controls.page.get_by_role("radio", name="dark").check()
    expect(controls.editor).to_contain_text("theme: dark")
    expect(controls.editor).to_contain_text("# typed meanwhile")
    assert len(held) == 2
