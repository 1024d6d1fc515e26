"""The editor of the page: what it shows of mistakes, and how it is left."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.preview.page.opened import OpenPreview


def test_all_mistakes_are_shown_where_they_are(preview: OpenPreview) -> None:
    preview.type_at_end("thme: dark\ncanvas: {max_widht: 800}\n")
    page = preview.page
    marks = page.locator(".cm-lintRange-error")
    expect(marks).to_have_text(["thme", "max_widht"])
    problems = page.locator(".problems li")
    expect(problems).to_have_count(2)
    expect(problems.first).to_contain_text("5:1")
    expect(problems.first).to_contain_text("did you mean 'theme'?")
    expect(page.get_by_role("tab", name="Template")).to_contain_text("2")
    problems.last.get_by_role("button").click()
    expect(preview.editor).to_be_focused()
    expect(page.locator(".cm-activeLine")).to_have_text("canvas: {max_widht: 800}")
    # The caret is where the mistake begins.
    page.keyboard.press("Control+Delete")
    page.keyboard.type("max_width")
    expect(problems).to_have_count(1)


def test_a_click_mends_a_word_that_is_nearly_right(preview: OpenPreview) -> None:
    preview.type_at_end("thme: dark\n")
    page = preview.page
    page.locator(".cm-lintRange-error").hover()
    page.get_by_role("button", name="Change to theme").click()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    expect(preview.editor).to_contain_text("theme: dark")
    expect(page.locator(".problems")).to_contain_text("No problems.")


def test_a_click_mends_a_value_that_is_nearly_right(preview: OpenPreview) -> None:
    preview.type_at_end("theme: drak\n")
    page = preview.page
    mark = page.locator(".cm-lintRange-error")
    expect(mark).to_have_text("drak")
    mark.hover()
    page.get_by_role("button", name="Change to dark").click()
    expect(mark).to_have_count(0)
    expect(preview.editor).to_contain_text("theme: dark")


def test_markup_in_a_template_is_text(preview: OpenPreview) -> None:
    attack = "<img src=x onerror=document.title=1>"
    preview.type_at_end(f"theme: {attack}\n")
    page = preview.page
    expect(page.locator(".problems li")).to_contain_text(attack)
    page.locator(".cm-lintRange-error").first.hover()
    expect(page.locator(".cm-tooltip")).to_contain_text(attack)
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "1"


def test_tab_indents_and_escape_lets_it_leave(preview: OpenPreview) -> None:
    preview.type_at_end("theme:\n")
    page = preview.page
    expect(page.locator(".cm-activeLine")).to_have_text("  ")
    page.keyboard.press("Tab")
    expect(page.locator(".cm-activeLine")).to_have_text("    ")
    expect(preview.editor).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(preview.editor).not_to_be_focused()


def test_undo_and_redo(preview: OpenPreview) -> None:
    page = preview.page
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    expect(undo).to_be_disabled()
    preview.type_at_end("theme: dark")
    undo.click()
    expect(preview.editor).not_to_contain_text("theme: dark")
    expect(undo).to_be_disabled()
    redo.click()
    expect(preview.editor).to_contain_text("theme: dark")
    expect(redo).to_be_disabled()
    page.locator("h1").click()
    page.keyboard.press("Control+z")
    expect(preview.editor).not_to_contain_text("theme: dark")


def test_completion_knows_the_keys_and_the_run(preview: OpenPreview) -> None:
    page = preview.page
    options = page.locator(".cm-tooltip-autocomplete li")
    preview.editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("lay")
    expect(options.first).to_contain_text("layer")
    expect(page.locator(".cm-completionInfo")).to_be_visible()
    options.filter(has_text="layer").first.click()
    expect(page.locator(".cm-activeLine")).to_have_text("layer: ")
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("conv1")
    page.keyboard.press("Escape")
    page.keyboard.type("conv1\ntimeline:\n")
    page.keyboard.press("Control+Space")
    expect(options.filter(has_text="fps")).to_be_visible()
    page.keyboard.type("end")
    expect(options.first).to_contain_text("end_pause")
    # For 75 ms, a list that has just come up takes no Enter that was meant for the text.
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")
    expect(page.locator(".cm-activeLine")).to_have_text("  end_pause: ")
