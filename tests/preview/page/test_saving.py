"""Saving in the page: the file, a name of its own, and changes by others meanwhile."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.figure.browser import wait_until
from tests.preview.page.conftest import MINE
from tests.preview.page.opened import OpenPreview


def expect_state(preview: OpenPreview, state: str) -> None:
    """Wait until the bar says something."""
    expect(preview.page.locator(".save-bar .state")).to_have_text(state)


def choose_template(preview: OpenPreview, name: str) -> None:
    preview.page.locator(".menu").click()
    preview.page.locator(f".card[data-name={name}]").click()


def test_ctrl_s_writes_the_text_and_nothing_else(preview: OpenPreview, mine: Path) -> None:
    expect_state(preview, "Saved")
    preview.type_at_end("theme: dark\n")
    expect_state(preview, "Not saved")
    assert mine.read_text() == MINE
    preview.page.keyboard.press("Control+s")
    expect_state(preview, "Saved")
    assert mine.read_text() == MINE + "theme: dark\n"
    # What was saved can be undone, and then is not saved.
    preview.page.keyboard.press("Control+z")
    expect_state(preview, "Not saved")


def test_what_was_saved_is_not_laid_out_again(preview: OpenPreview, mine: Path) -> None:
    preview.wait_for_figure()
    preview.type_at_end("theme: dark\n")
    preview.page.wait_for_selector(".stage[data-shows=image]")
    preview.wait_for_figure()
    image = preview.image
    with preview.page.expect_request("**/call/read"):
        preview.page.keyboard.press("Control+s")
    preview.page.wait_for_timeout(300)
    assert preview.image == image
    assert preview.stage.get_attribute("data-shows") == "figure"
    # What somebody else saves is.
    mine.write_text(MINE)
    preview.wait_for_new_image(image)


def test_line_breaks_of_windows_stay(preview: OpenPreview, mine: Path) -> None:
    mine.write_bytes(MINE.replace("\n", "\r\n").encode())
    expect_state(preview, "Saved")
    preview.type_at_end("theme: dark\n")
    preview.page.keyboard.press("Control+s")
    wait_until(lambda: mine.read_bytes() == (MINE + "theme: dark\n").replace("\n", "\r\n").encode())


def test_text_follows_the_file(preview: OpenPreview, mine: Path) -> None:
    mine.write_text(MINE + "theme: paper\n")
    expect(preview.editor).to_contain_text("theme: paper")
    expect_state(preview, "Saved")
    preview.page.get_by_role("button", name="Undo").click()
    expect(preview.editor).not_to_contain_text("theme: paper")


def test_keeping_mine(preview: OpenPreview, mine: Path) -> None:
    preview.type_at_end("theme: dark\n")
    mine.write_text(MINE + "# theirs\n# and more\n")
    conflict = preview.page.locator(".conflict")
    expect(conflict).to_contain_text("templates/mine.yaml has changed on disk (+2 −1 lines")
    expect(preview.page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    conflict.get_by_role("button", name="Keep mine").click()
    expect(conflict).to_be_hidden()
    preview.page.get_by_role("button", name="Save", exact=True).click()
    expect_state(preview, "Saved")
    assert mine.read_text() == MINE + "theme: dark\n"


def test_taking_theirs(preview: OpenPreview, mine: Path) -> None:
    preview.type_at_end("theme: dark\n")
    mine.write_text(MINE + "# theirs\n")
    preview.page.get_by_role("button", name="Take theirs").click()
    expect(preview.editor).to_contain_text("# theirs")
    expect_state(preview, "Saved")
    preview.page.keyboard.press("Control+z")
    expect(preview.editor).to_contain_text("theme: dark")
    expect_state(preview, "Not saved")
    assert mine.read_text() == MINE + "# theirs\n"


def test_a_built_in_template_gets_a_name(preview: OpenPreview, folder: Path) -> None:
    choose_template(preview, "plain")
    expect_state(preview, "Read-only")
    preview.type_at_end("# mine\n")
    preview.page.get_by_role("button", name="Save", exact=True).click()
    form = preview.page.locator("form.save-as")
    expect(form.get_by_role("textbox")).to_be_focused()
    form.get_by_role("textbox").fill("../escaped")
    form.get_by_role("button", name="Save").click()
    expect(preview.page.locator(".save-bar .error")).to_contain_text("give a name of letters")
    form.get_by_role("textbox").fill("mine")
    form.get_by_role("button", name="Save").click()
    expect(preview.page.locator(".save-bar .error")).to_contain_text("exists already")
    assert (folder / "templates" / "mine.yaml").read_text() == MINE
    form.get_by_role("textbox").fill("own")
    expect(form).to_contain_text("templates/own.yaml")
    form.get_by_role("button", name="Save").click()
    expect_state(preview, "Saved")
    assert (folder / "templates" / "own.yaml").read_text().endswith("# mine\n")
    expect(preview.page.locator(".menu")).to_contain_text("own")
    expect(preview.page.get_by_label("Layer", exact=True)).to_have_value("conv2")


def test_an_existing_file_is_replaced_after_a_question(preview: OpenPreview, mine: Path) -> None:
    preview.type_at_end("# mine\n")
    preview.page.get_by_role("button", name="Save as").click()
    form = preview.page.locator("form.save-as")
    form.get_by_role("textbox").fill("mine")
    form.get_by_role("button", name="Save").click()
    assert mine.read_text() == MINE
    form.get_by_role("button", name="Replace").click()
    expect_state(preview, "Saved")
    assert mine.read_text() == MINE + "# mine\n"


def test_another_template_loses_nothing(preview: OpenPreview) -> None:
    preview.type_at_end("theme: dark\n")
    choose_template(preview, "plain")
    expect_state(preview, "Read-only")
    choose_template(preview, "mine")
    expect(preview.editor).to_contain_text("theme: dark")
    expect_state(preview, "Not saved")


def test_leaving_the_page_asks_while_something_is_not_saved(preview: OpenPreview) -> None:
    preview.type_at_end("theme: dark\n")
    with preview.page.expect_event("dialog") as asked:
        preview.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(preview.editor).to_contain_text("theme: dark")


def test_a_deleted_file_can_be_written_again(preview: OpenPreview, mine: Path) -> None:
    expect_state(preview, "Saved")
    mine.unlink()
    expect_state(preview, "Deleted on disk")
    preview.type_at_end("theme: dark\n")
    preview.page.wait_for_timeout(500)
    assert preview.mistakes == []
    preview.page.get_by_role("button", name="Save", exact=True).click()
    expect_state(preview, "Saved")
    assert mine.read_text() == MINE + "theme: dark\n"
    mine.unlink()
    expect_state(preview, "Deleted on disk")
    mine.write_text(MINE + "theme: dark\n")
    expect_state(preview, "Saved")
