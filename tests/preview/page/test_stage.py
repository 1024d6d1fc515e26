"""The picture of a preview: its steps, its panels, and what the address keeps."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from reelnet.preview.products import figures
from reelnet.reel import Run
from reelnet.scene.panel import HasCells
from tests.figure.browser import wait_until
from tests.figure.conftest import STEPS
from tests.preview.page.opened import OpenPreview, open_preview


def take_picture(preview: OpenPreview) -> NDArray[np.uint8]:
    """What the sheet shows, uint8 (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(preview.sheet.screenshot())).convert("RGB"))


def test_first_picture_shows_the_last_step_at_its_own_size(preview: OpenPreview, figure_run: Run) -> None:
    scene = figure_run.reel("mine", density=1).scene
    assert preview.step == f"step {STEPS - 1} of {STEPS - 1}"
    preview.page.get_by_role("button", name="100 %").click()
    box = preview.sheet.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (scene.size.width, scene.size.height)


def test_figure_shows_the_cells_where_the_image_had_them(preview: OpenPreview, figure_run: Run) -> None:
    preview.page.get_by_role("button", name="100 %").click()
    preview.wait_for_figure()
    figure = take_picture(preview).astype(int)
    preview.page.evaluate("document.querySelector('.picture').parentElement.hidden = true")
    image = take_picture(preview).astype(int)
    scene = figure_run.reel("mine", density=1).scene
    boxes = [
        box
        for drawing in scene.drawings
        if isinstance(drawing, HasCells)
        for region in drawing.cell_regions()
        if not region.is_picture
        for box in region.boxes
    ]
    assert len(boxes) >= 8
    for box in boxes:
        rows, columns = slice(box.y, box.bottom), slice(box.x, box.right)
        # The figure has at least 201 levels of colors, and the image what its palette has room for.
        assert np.abs(figure[rows, columns] - image[rows, columns]).max() <= 12


def test_scrubbing_asks_for_nothing_once_all_steps_are_loaded(preview: OpenPreview) -> None:
    preview.wait_for_figure()
    before, last = len(preview.opened.requests), take_picture(preview)
    for index in range(STEPS):
        preview.opened.seek(index)
        assert preview.step == f"step {index} of {STEPS - 1}"
    assert len(preview.opened.requests) == before
    np.testing.assert_array_equal(take_picture(preview), last)
    preview.opened.seek(0)
    assert np.any(take_picture(preview) != last)


@pytest.mark.parametrize(
    ("key", "step"),
    [("ArrowRight", 6), ("ArrowLeft", 4), ("PageUp", 11), ("PageDown", 0), ("Home", 0), ("End", 11)],
)
def test_keys_move_through_the_steps(preview: OpenPreview, key: str, step: int) -> None:
    preview.opened.seek(5)
    preview.page.keyboard.press(key)
    assert preview.step == f"step {step} of {STEPS - 1}"
    assert preview.link.endswith(f"step={step}")


def test_space_plays_and_pauses(preview: OpenPreview) -> None:
    preview.wait_for_figure()
    preview.page.keyboard.press(" ")
    wait_until(lambda: preview.step == f"step 3 of {STEPS - 1}")
    preview.page.keyboard.press(" ")
    assert preview.page.get_by_role("button", name="Play").is_visible()


def test_reload_keeps_template_layer_and_step(preview: OpenPreview) -> None:
    preview.page.get_by_label("Layer").select_option("conv1")
    wait_until(lambda: "layer=conv1" in preview.link)
    preview.opened.seek(4)
    assert preview.link == "#template=mine&layer=conv1&step=4"
    preview.page.reload()
    preview.page.wait_for_selector(".stage[data-shows]")
    assert preview.step == f"step 4 of {STEPS - 1}"
    assert preview.page.get_by_label("Layer").input_value() == "conv1"


def test_pointing_names_the_panel_and_clicking_copies_its_key(preview: OpenPreview) -> None:
    x, y = preview.find_center("curve")
    preview.page.mouse.click(x, y)
    assert preview.page.locator(".outline.chosen span").inner_text() == "panels.curve"
    wait_until(lambda: preview.page.locator(".toast").inner_text() == "Copied panels.curve.")
    assert preview.page.evaluate("navigator.clipboard.readText()") == "panels.curve."
    assert preview.page.get_by_role("tab", name="Panel").get_attribute("aria-selected") == "true"
    preview.page.keyboard.press("Escape")
    assert preview.page.locator(".outline.chosen").is_hidden()


def test_values_are_named_where_the_pointer_rests(preview: OpenPreview) -> None:
    preview.wait_for_figure()
    box = preview.page.locator(".picture canvas").first.bounding_box()
    assert box is not None
    preview.page.mouse.move(box["x"] + 5, box["y"] + 5)
    wait_until(lambda: "channel" in preview.page.locator(".note").inner_text())
    preview.page.mouse.move(2, 2)
    assert preview.page.locator(".note").is_hidden()


def test_sharp_pictures_on_dense_screens(browser: Browser, address: str) -> None:
    with open_preview(browser, address, device_scale_factor=2) as preview:
        preview.page.get_by_role("button", name="100 %").click()
        natural, shown = "document.querySelector('.sheet > img')", preview.sheet.bounding_box()
        assert shown is not None
        wait_until(lambda: preview.page.evaluate(f"{natural}.naturalWidth") == 2 * shown["width"])


def test_picture_stands_in_the_middle(preview: OpenPreview) -> None:
    preview.page.set_viewport_size({"width": 1300, "height": 900})
    view = preview.page.locator(".view")
    wait_until(lambda: (box := view.bounding_box()) is not None and box["height"] < 900)
    for zoom in ("Fit", "100 %", "Fit"):
        preview.page.get_by_role("button", name=zoom).click()
        outer, inner = view.bounding_box(), preview.sheet.bounding_box()
        assert outer is not None
        assert inner is not None
        assert abs(2 * (inner["x"] - outer["x"]) + inner["width"] - outer["width"]) <= 1
        if inner["height"] <= outer["height"]:
            assert abs(2 * (inner["y"] - outer["y"]) + inner["height"] - outer["height"]) <= 1


@pytest.mark.parametrize("method", ["check", "layout"])
def test_what_takes_long_is_said(preview: OpenPreview, method: str) -> None:
    preview.wait_for_figure()
    assert preview.stage.get_attribute("aria-busy") == "false"
    held: list[Route] = []
    is_slow = True
    preview.page.route(
        f"**/call/{method}", lambda route: held.append(route) if is_slow else route.continue_()
    )
    preview.type_at_end("theme: dark\n")
    wait_until(lambda: bool(preview.stage.get_attribute("aria-busy") == "true" and held))
    is_slow = False
    for route in held:
        route.continue_()
    wait_until(lambda: preview.stage.get_attribute("aria-busy") == "false")


def test_escape_closes_the_templates(preview: OpenPreview) -> None:
    preview.page.locator(".menu").click()
    popover = preview.page.locator("#templates:popover-open")
    expect(popover).to_be_visible()
    preview.page.locator(".menu").focus()
    preview.page.keyboard.press("Escape")
    expect(popover).to_have_count(0)


def test_a_figure_that_is_too_large_is_said(
    browser: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MAX_VALUES", 1)
    with open_preview(browser, address) as preview:
        preview.page.locator(".banner", has_text="Each step is loaded by itself").wait_for()
        before = preview.image
        preview.page.keyboard.press("Home")
        preview.wait_for_new_image(before)
        assert preview.opened.errors == []
