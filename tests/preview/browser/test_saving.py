"""Saving in the page: the file, a name of its own, and changes by others meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.figure.browser import OpenPage, wait_until
from tests.preview.browser.conftest import find_text, write_at_end
from tests.preview.conftest import MINE


@pytest.fixture
def file(folder: Path) -> Path:
    """The file of the template."""
    return folder / "templates" / "mine.yaml"


def expect_state(opened: OpenPage, state: str) -> None:
    """Wait until the bar says something."""
    expect(opened.page.locator(".save-bar .state")).to_have_text(state)


def choose_template(opened: OpenPage, name: str) -> None:
    opened.page.locator(".menu").click()
    opened.page.locator(".card", has_text=name).first.click()


def test_ctrl_s_writes_the_text_and_nothing_else(opened: OpenPage, file: Path) -> None:
    expect_state(opened, "Saved")
    write_at_end(opened, "theme: dark\n")
    expect_state(opened, "Not saved")
    assert file.read_text() == MINE
    opened.page.keyboard.press("Control+s")
    expect_state(opened, "Saved")
    assert file.read_text() == MINE + "theme: dark\n"
    # What was saved can be undone, and then is not saved.
    opened.page.keyboard.press("Control+z")
    expect_state(opened, "Not saved")


def test_line_breaks_of_windows_stay(opened: OpenPage, file: Path) -> None:
    file.write_bytes(MINE.replace("\n", "\r\n").encode())
    expect_state(opened, "Saved")
    write_at_end(opened, "theme: dark\n")
    opened.page.keyboard.press("Control+s")
    wait_until(lambda: file.read_bytes() == (MINE + "theme: dark\n").replace("\n", "\r\n").encode())


def test_text_follows_the_file(opened: OpenPage, file: Path) -> None:
    file.write_text(MINE + "theme: paper\n")
    expect(find_text(opened)).to_contain_text("theme: paper")
    expect_state(opened, "Saved")
    opened.page.get_by_role("button", name="Undo").click()
    expect(find_text(opened)).not_to_contain_text("theme: paper")


def test_keeping_mine(opened: OpenPage, file: Path) -> None:
    write_at_end(opened, "theme: dark\n")
    file.write_text(MINE + "# theirs\n# and more\n")
    conflict = opened.page.locator(".conflict")
    expect(conflict).to_contain_text("templates/mine.yaml has changed on disk (+2 −1 lines")
    expect(opened.page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    conflict.get_by_role("button", name="Keep mine").click()
    expect(conflict).to_be_hidden()
    opened.page.get_by_role("button", name="Save", exact=True).click()
    expect_state(opened, "Saved")
    assert file.read_text() == MINE + "theme: dark\n"


def test_taking_theirs(opened: OpenPage, file: Path) -> None:
    write_at_end(opened, "theme: dark\n")
    file.write_text(MINE + "# theirs\n")
    opened.page.get_by_role("button", name="Take theirs").click()
    expect(find_text(opened)).to_contain_text("# theirs")
    expect_state(opened, "Saved")
    opened.page.keyboard.press("Control+z")
    expect(find_text(opened)).to_contain_text("theme: dark")
    expect_state(opened, "Not saved")
    assert file.read_text() == MINE + "# theirs\n"


def test_a_built_in_template_gets_a_name(opened: OpenPage, folder: Path) -> None:
    choose_template(opened, "plain")
    expect_state(opened, "Built-in template")
    write_at_end(opened, "# mine\n")
    opened.page.get_by_role("button", name="Save", exact=True).click()
    form = opened.page.locator("form.save-as")
    expect(form.get_by_role("textbox")).to_be_focused()
    form.get_by_role("textbox").fill("../escaped")
    form.get_by_role("button", name="Save").click()
    expect(opened.page.locator(".save-bar .error")).to_contain_text("give a name of letters")
    form.get_by_role("textbox").fill("mine")
    form.get_by_role("button", name="Save").click()
    expect(opened.page.locator(".save-bar .error")).to_contain_text("exists already")
    assert (folder / "templates" / "mine.yaml").read_text() == MINE
    form.get_by_role("textbox").fill("own")
    expect(form).to_contain_text("templates/own.yaml")
    form.get_by_role("button", name="Save").click()
    expect_state(opened, "Saved")
    assert (folder / "templates" / "own.yaml").read_text().endswith("# mine\n")
    expect(opened.page.locator(".menu")).to_contain_text("own")


def test_an_existing_file_is_replaced_after_a_question(opened: OpenPage, file: Path) -> None:
    write_at_end(opened, "# mine\n")
    opened.page.get_by_role("button", name="Save as").click()
    form = opened.page.locator("form.save-as")
    form.get_by_role("textbox").fill("mine")
    form.get_by_role("button", name="Save").click()
    assert file.read_text() == MINE
    form.get_by_role("button", name="Replace").click()
    expect_state(opened, "Saved")
    assert file.read_text() == MINE + "# mine\n"


def test_another_template_loses_nothing(opened: OpenPage) -> None:
    write_at_end(opened, "theme: dark\n")
    choose_template(opened, "plain")
    expect_state(opened, "Built-in template")
    choose_template(opened, "mine")
    expect(find_text(opened)).to_contain_text("theme: dark")
    expect_state(opened, "Not saved")


def test_leaving_the_page_asks_while_something_is_not_saved(opened: OpenPage) -> None:
    write_at_end(opened, "theme: dark\n")
    with opened.page.expect_event("dialog") as asked:
        opened.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(find_text(opened)).to_contain_text("theme: dark")
