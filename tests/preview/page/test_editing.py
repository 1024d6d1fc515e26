"""Templates that change: on disk, in the page, and in both."""

from __future__ import annotations

from pathlib import Path

from tests.figure.browser import wait_until
from tests.preview.page.conftest import MINE
from tests.preview.page.opened import OpenPreview

WRONG = """\
extends: article
panels:
  title: {texd: "First title"}
canvas: {widht: 800}
theme: darkk
"""


def test_page_follows_the_file(preview: OpenPreview, mine: Path) -> None:
    image = preview.image
    mine.write_text(MINE.replace("First", "Second"))
    preview.wait_for_new_image(image)
    preview.wait_for_figure()
    assert "Second title" in str(preview.page.locator(".picture").text_content())
    wait_until(lambda: "Second title" in preview.text)


def test_all_mistakes_of_the_file_stand_over_the_last_picture(preview: OpenPreview, mine: Path) -> None:
    preview.wait_for_figure()
    mine.write_text(WRONG)
    wait_until(lambda: len(preview.mistakes) == 3)
    places = [each.partition(": ")[0] for each in preview.mistakes]
    assert places == [f"templates/mine.yaml:{place}" for place in ("3:11", "4:10", "5:1")]
    assert all("did you mean" in each for each in preview.mistakes)
    assert preview.page.get_by_text("Showing the last valid picture").is_visible()
    assert "First title" in str(preview.page.locator(".picture").text_content())
    mine.write_text(MINE)
    wait_until(lambda: preview.mistakes == [])
    assert preview.page.get_by_text("Showing the last valid picture").is_hidden()


def test_mistakes_lead_to_their_line(preview: OpenPreview, mine: Path) -> None:
    mine.write_text(WRONG)
    wait_until(lambda: len(preview.mistakes) == 3)
    preview.open_tab("Output")
    preview.page.locator(".mistakes button").nth(1).click()
    assert preview.page.get_by_role("tab", name="Template").get_attribute("aria-selected") == "true"
    wait_until(lambda: "canvas: {widht" in preview.page.locator(".cm-activeLine").inner_text())


def test_typing_changes_the_picture_but_not_the_file(preview: OpenPreview, mine: Path) -> None:
    image = preview.image
    preview.type_at_end("theme: dark\n")
    preview.wait_for_new_image(image)
    assert mine.read_text() == MINE
    preview.page.keyboard.press("Control+s")
    wait_until(lambda: mine.read_text() == MINE + "theme: dark\n")
    wait_until(lambda: preview.page.locator(".save-bar .state").inner_text() == "Saved")


def test_file_that_changed_meanwhile_is_not_overwritten(preview: OpenPreview, mine: Path) -> None:
    preview.type_at_end("theme: dark\n")
    theirs = MINE.replace("First", "Their")
    mine.write_text(theirs)
    wait_until(lambda: preview.page.get_by_role("button", name="Take theirs").is_visible())
    preview.page.keyboard.press("Control+s")
    assert mine.read_text() == theirs
    preview.page.get_by_role("button", name="Take theirs").click()
    wait_until(lambda: preview.text == theirs.rstrip())
    preview.wait_for_figure()
    wait_until(lambda: "Their title" in str(preview.page.locator(".picture").text_content()))
    assert mine.read_text() == theirs


def test_text_that_is_not_saved_outlives_a_look_at_another_template(preview: OpenPreview) -> None:
    preview.type_at_end("theme: dark\n")
    text = preview.text
    for name in ("plain", "mine"):
        image = preview.image
        preview.page.get_by_role("button", name="Template:").click()
        preview.page.locator(f".card[data-name={name}]").click()
        preview.wait_for_new_image(image)
        wait_until(lambda: (preview.text == text) == (name == "mine"))  # noqa: B023 - called at once


def test_the_step_stays_where_the_reader_has_gone_meanwhile(preview: OpenPreview, mine: Path) -> None:
    preview.wait_for_figure()
    image = preview.image
    preview.type_at_end("theme: dark\n")
    for index in range(8):
        preview.opened.seek(index)
    preview.wait_for_new_image(image)
    preview.wait_for_figure()
    assert preview.step.startswith("step 7 ")
