"""The interactive figure in a real browser: what it shows, and what readers can do with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import Browser

from reelnet.export.html.figure import FIGURE_LEVELS
from reelnet.reel import Run
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.panel import HasCells
from tests.export.html.reading import ReadFigure
from tests.figure.browser import OpenPage, open_page, to_address, wait_for_maps, wait_until
from tests.figure.conftest import STEPS, make_maps
from tests.make_run import write_run

HOST = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; frame-src file:; script-src 'nonce-a'">
<iframe sandbox="allow-scripts" src="{name}" width="640" height="640"></iframe>
<script nonce="a">
  addEventListener("message", (event) => { document.title = JSON.stringify(event.data); });
</script>"""


@pytest.fixture
def figure(browser: Browser, figure_file: Path) -> Iterator[OpenPage]:
    """The figure, as large as its picture."""
    with open_page(browser, to_address(figure_file)) as opened:
        wait_for_maps(opened.page)
        yield opened


def find_maps(run: Run) -> list[CellRegion]:
    """The cells of the maps in the frames of the figure."""
    scene = run.reel("article", layer="conv2", density=1).scene
    drawings = [each for each in scene.drawings if isinstance(each, HasCells)]
    return [region for each in drawings for region in each.cell_regions() if not region.is_picture]


def draw_frame(run: Run, step: int) -> NDArray[np.uint8]:
    """The frame of a step with as many levels of colors as figures have."""
    rendition = run.reel("article", layer="conv2", density=1).rendition.with_full_levels(FIGURE_LEVELS)
    return np.take(rendition.palette_rgb, rendition.draw_step(step), axis=0)


def read_link(opened: OpenPage) -> str:
    """What follows the number sign in the address."""
    return str(opened.page.evaluate("location.hash"))


def read_step(opened: OpenPage) -> str:
    """The step as a screen reader says it."""
    return str(opened.slider.get_attribute("aria-valuetext"))


@pytest.mark.parametrize("index", [0, STEPS // 2, STEPS - 1])
def test_cells_have_the_colors_of_the_frame(figure: OpenPage, figure_run: Run, index: int) -> None:
    figure.seek(index)
    expected = draw_frame(figure_run, index)
    shown = figure.screenshot()
    boxes = [box for region in find_maps(figure_run) for box in region.boxes]
    assert len(boxes) >= 8
    left = (800 - expected.shape[1]) // 2
    for box in boxes:
        rows, columns = slice(box.y, box.bottom), slice(box.x, box.right)
        moved = slice(left + box.x, left + box.right)
        np.testing.assert_array_equal(shown[rows, moved], expected[rows, columns])


def test_texts_and_lines_look_like_those_of_the_frame(figure: OpenPage, figure_run: Run) -> None:
    figure.seek(STEPS - 1)
    expected = draw_frame(figure_run, STEPS - 1).astype(int)
    shown = figure.screenshot()[: expected.shape[0], : expected.shape[1]].astype(int)
    # Glyphs are drawn by other code, so that edges differ; what is dark in 8 × 8 pixels is dark in the other, too.
    assert np.abs(average_blocks(shown) - average_blocks(expected)).mean() < 1.5


def average_blocks(picture: NDArray[np.int_]) -> NDArray[np.float64]:
    """The mean of each block of 8 × 8 pixels."""
    height, width = (side // 8 * 8 for side in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // 8, 8, width // 8, 8, 3)
    return np.asarray(blocks.mean(axis=(1, 3, 4)))


def test_page_asks_for_nothing_and_complains_of_nothing(figure: OpenPage) -> None:
    figure.seek(3)
    assert len(figure.requests) == 1
    assert figure.errors == []


def test_slider_says_which_step_it_shows(figure: OpenPage) -> None:
    figure.seek(7)
    assert read_step(figure) == f"step 7 of {STEPS - 1}"
    assert figure.page.locator(".step").inner_text() == f"step 7 of {STEPS - 1}"


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("ArrowRight", 6),
        ("ArrowLeft", 4),
        ("ArrowUp", 6),
        ("ArrowDown", 4),
        ("PageUp", 11),
        ("PageDown", 0),
        ("Home", 0),
        ("End", 11),
    ],
)
def test_keys_move_through_the_steps(figure: OpenPage, key: str, step: int) -> None:
    figure.seek(5)
    figure.page.keyboard.press(key)
    assert read_step(figure) == f"step {step} of {STEPS - 1}"
    assert read_link(figure) == f"#step={step}"


def test_space_plays_and_pauses(figure: OpenPage) -> None:
    figure.page.keyboard.press(" ")
    assert figure.page.get_by_role("button", name="Pause").is_visible()
    figure.page.keyboard.press(" ")
    assert figure.page.get_by_role("button", name="Play").is_visible()


def test_a_chosen_step_stays_while_it_played_before(figure: OpenPage) -> None:
    figure.seek(STEPS // 2)
    figure.page.keyboard.press(" ")
    wait_until(lambda: int(figure.slider.input_value()) > STEPS // 2)
    figure.page.keyboard.press("Home")
    figure.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert figure.slider.input_value() == "0"


def test_playing_follows_the_timeline_to_its_end(browser: Browser, figure_file: Path) -> None:
    with open_page(browser, to_address(figure_file)) as opened:
        wait_for_maps(opened.page)
        opened.page.get_by_label("Speed").select_option(label="4×")
        opened.page.get_by_role("button", name="Play").click()
        wait_until(lambda: opened.slider.input_value() == str(STEPS - 1))


def test_value_under_the_pointer_is_the_recorded_one(figure: OpenPage, figure_run: Run) -> None:
    figure.seek(4)
    reel = figure_run.reel("article", layer="conv2", density=1)
    channels = next(maps for each in reel.scene.drawings for maps in getattr(each, "level_maps", list)())
    region = find_maps(figure_run)[0]
    box = region.boxes[1]
    figure.page.mouse.move(box.x + 2.5 * region.value_width, box.y + 3.5 * region.value_height)
    note = figure.page.get_by_role("status").inner_text().splitlines()
    sample, channel = (1, 0) if not channels.rows_are_samples else (0, 1)
    value = float(make_maps("conv2", 4)[channels.samples[sample], channels.channels[channel], 3, 2])
    assert note[0].startswith("row 4, column 3: ")
    assert float(note[0].split(": ")[1].replace("−", "-")) == pytest.approx(value, abs=0.0051)
    assert f"conv2, channel {channels.channels[channel]}, input" in note[1]


def test_click_enlarges_a_cell_and_escape_closes_it(figure: OpenPage, figure_run: Run) -> None:
    box = find_maps(figure_run)[0].boxes[0]
    figure.page.mouse.click(box.x + 3, box.y + 3)
    dialog = figure.page.locator("dialog[open]")
    assert "conv2, channel" in dialog.inner_text()
    assert "row 1, column 1: " in dialog.inner_text()
    assert dialog.locator(".line").get_attribute("d").count("L") == STEPS - 1  # type: ignore[union-attr]
    figure.page.keyboard.press("Escape")
    assert figure.page.locator("dialog[open]").count() == 0


def test_a_value_of_a_sequence_is_enlarged_and_named(browser: Browser, tmp_path: Path) -> None:
    values = np.random.default_rng(1).uniform(-1, 1, (STEPS, 3, 2, 1, 96)).astype(np.float32)
    run = write_run(
        tmp_path / "run",
        {"4": (3, 2, 1, 96)},
        values={"4": lambda step: values[step]},
        layer="4",
        steps=range(STEPS),
        labels=["sine", "saw", "saw"],
    )
    run.reel("article", density=1).save(tmp_path / "a.html")
    layer = ReadFigure.read(tmp_path / "a.html").scene["layers"][0]
    block = next(each for each in layer["maps"] if each["tap"])
    right, down = (0, block["pitch"][1]) if block["rowsAreSamples"] else (block["pitch"][0], 0)
    channel = block["channels"][0]
    with open_page(browser, to_address(tmp_path / "a.html")) as opened:
        wait_for_maps(opened.page)
        for sample, name in enumerate(("input “sine”", "input 1 “saw”", "input 2 “saw”")):
            opened.page.mouse.click(block["x"] + sample * right + 2, block["y"] + sample * down + 2)
            assert opened.page.locator("dialog h2").inner_text() == f"layer 4, channel {channel}, {name}"
        # A row of 96 values is a strip in which each can be pointed at.
        strip = opened.page.locator("dialog canvas").bounding_box()
        assert strip is not None
        assert strip["width"] == 288
        assert strip["height"] == 48
        opened.page.mouse.move(strip["x"] + 3 * 50 + 1, strip["y"] + 40)
        shown = opened.page.locator("dialog p").inner_text()
        assert shown.startswith("position 51: ")
        shown_value = float(shown.split(": ")[1].replace("−", "-"))
        assert shown_value == pytest.approx(values[0, 2, channel, 0, 50], abs=0.0101)


def test_values_are_within_reach_of_the_keyboard(figure: OpenPage) -> None:
    figure.page.keyboard.press("Tab")
    status = figure.page.get_by_role("status")
    assert status.inner_text().startswith("row 1, column 1: ")
    figure.page.keyboard.press("ArrowRight")
    assert status.inner_text().startswith("row 1, column 2: ")
    figure.page.keyboard.press("Enter")
    assert "row 1, column 2: " in figure.page.locator("dialog[open]").inner_text()
    figure.page.keyboard.press("Escape")
    assert figure.page.evaluate("document.activeElement.className") == "stage"


def test_a_row_of_a_barcode_is_shown_as_a_line(browser: Browser, figure_run: Run, tmp_path: Path) -> None:
    file = tmp_path / "barcode.html"
    figure_run.reel("barcode", layer="conv2", density=1).save(file)
    with open_page(browser, to_address(file, f"step={STEPS - 1}")) as opened:
        wait_for_maps(opened.page)
        opened.page.keyboard.press("Tab")
        opened.page.keyboard.press("ArrowRight")
        assert opened.page.get_by_role("status").inner_text().endswith(", step 1")
        opened.page.keyboard.press("Enter")
        line = opened.page.locator("dialog[open] .line")
        assert line.get_attribute("d").count("L") == STEPS - 1  # type: ignore[union-attr]
        assert not opened.page.locator("dialog[open] canvas").is_visible()
        assert opened.errors == []


def test_a_figure_of_several_moments_has_no_slider(browser: Browser, figure_run: Run, tmp_path: Path) -> None:
    file = tmp_path / "filmstrip.html"
    figure_run.reel("filmstrip", layer="conv2", density=1).save(file)
    with open_page(browser, to_address(file)) as opened:
        wait_for_maps(opened.page)
        assert not opened.slider.is_visible()
        opened.page.keyboard.press("Tab")
        assert opened.page.get_by_role("status").inner_text().endswith(", step 0")
        opened.page.keyboard.press("Enter")
        assert opened.page.locator("dialog[open] canvas").is_visible()
        assert not opened.page.locator("dialog[open] .chart").is_visible()


def test_cursor_of_the_curve_can_be_dragged(figure: OpenPage) -> None:
    box = figure.page.evaluate("window.figureScene?.layers[0].cursor[0]")
    assert box is None, "the scene is not for other scripts"
    panel = figure.page.locator("svg").nth(1).bounding_box()
    assert panel is not None
    y = panel["y"] + panel["height"] - 60
    figure.page.mouse.move(300, y)
    figure.page.mouse.down()
    figure.page.mouse.move(panel["x"] + 120, y)
    figure.page.mouse.up()
    early = int(figure.slider.input_value())
    figure.page.mouse.move(panel["x"] + 120, y)
    figure.page.mouse.down()
    figure.page.mouse.move(panel["x"] + panel["width"] - 120, y)
    figure.page.mouse.up()
    assert int(figure.slider.input_value()) > early


def test_a_drag_of_the_cursor_that_ends_on_a_cell_opens_none(figure: OpenPage, figure_run: Run) -> None:
    cell = find_maps(figure_run)[0].boxes[0]
    panel = figure.page.locator("svg").nth(1).bounding_box()
    assert panel is not None
    figure.page.mouse.move(300, panel["y"] + panel["height"] - 60)
    figure.page.mouse.down()
    figure.page.mouse.move(cell.x + 3, cell.y + 3, steps=4)
    figure.page.mouse.up()
    assert read_step(figure) == f"step 0 of {STEPS - 1}"
    assert figure.page.locator("dialog[open]").count() == 0


def test_pinned_step_stays_beside_the_current_one(figure: OpenPage) -> None:
    figure.seek(2)
    figure.page.get_by_role("button", name="Compare").click()
    figure.page.keyboard.press("End")
    captions = figure.page.locator(".caption").all_inner_texts()
    assert captions == ["Before: step 2", f"Now: step {STEPS - 1}"]
    figure.page.keyboard.press("Escape")
    assert figure.page.locator(".picture").count() == 1


def test_layers_can_be_switched(browser: Browser, layers_file: Path) -> None:
    with open_page(browser, to_address(layers_file, "step=3")) as opened:
        wait_for_maps(opened.page)
        before = opened.screenshot()
        opened.page.get_by_label("Layer").select_option(label="conv2")
        wait_until(lambda: not np.array_equal(before, opened.screenshot()))
        assert read_link(opened) == "#step=3&layer=conv2"
        assert opened.errors == []


def test_link_opens_its_step_and_layer(browser: Browser, layers_file: Path) -> None:
    with open_page(browser, to_address(layers_file, "step=8&layer=conv1")) as opened:
        wait_for_maps(opened.page)
        assert read_step(opened) == f"step 8 of {STEPS - 1}"
        assert opened.page.get_by_label("Layer").locator("option:checked").inner_text() == "conv1"


@pytest.mark.parametrize("link", ["step=nonsense&layer=nowhere", "step=-7", "step=1e99", "layer=%zz", "&&="])
def test_links_that_make_no_sense_do_no_harm(browser: Browser, layers_file: Path, link: str) -> None:
    with open_page(browser, to_address(layers_file, link)) as opened:
        wait_for_maps(opened.page)
        assert opened.errors == []


def test_nothing_plays_for_readers_who_ask_for_less_motion(figure: OpenPage) -> None:
    assert figure.page.get_by_role("button", name="Play").is_visible()


def test_figure_plays_by_itself(browser: Browser, figure_file: Path) -> None:
    with open_page(browser, to_address(figure_file), reduced_motion="no-preference") as opened:
        wait_for_maps(opened.page)
        wait_until(lambda: int(opened.slider.input_value()) > 0)


def test_dark_scheme_has_the_dark_theme(browser: Browser, figure_file: Path, figure_run: Run) -> None:
    with open_page(browser, to_address(figure_file), color_scheme="dark") as opened:
        wait_for_maps(opened.page)
        reel = figure_run.reel("article", layer="conv2", density=1, settings=["theme=dark"])
        expected = np.asarray(reel.frame(0))
        shown = opened.screenshot()
        np.testing.assert_array_equal(shown[2, 400], expected[2, 400])
        box = find_maps(figure_run)[0].boxes[0]
        rows, columns = slice(box.y, box.bottom), slice(box.x, box.right)
        # The dark theme alone has other inks, and so some more or fewer levels of its colormap.
        assert np.abs(shown[rows, columns].astype(int) - expected[rows, columns]).max() <= 4


@pytest.mark.parametrize("width", [320, 375])
def test_phones_show_all_without_scrolling_sideways(browser: Browser, layers_file: Path, width: int) -> None:
    with open_page(browser, to_address(layers_file), size=(width, 700), has_touch=True) as opened:
        wait_for_maps(opened.page)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        for element in opened.page.locator("button:visible, select:visible, input").all():
            box = element.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
        opened.page.touchscreen.tap(width // 2, 150)
        assert opened.errors == []


def test_sandboxed_frame_under_a_strict_policy(browser: Browser, figure_file: Path) -> None:
    host = figure_file.with_name("host.html")
    host.write_text(HOST.replace("{name}", figure_file.name), encoding="utf-8")
    with open_page(browser, to_address(host)) as opened:
        frame = opened.page.frames[1]
        wait_for_maps(frame)
        frame.locator("input").evaluate(
            "(input) => { input.value = 5; input.dispatchEvent(new Event('input')); }"
        )
        assert frame.locator("input").get_attribute("aria-valuetext") == f"step 5 of {STEPS - 1}"
        frame.locator("input").press("End")
        assert frame.evaluate("location.hash") == ""
        opened.page.evaluate("frames[0].postMessage('reelnet-height', '*')")
        wait_until(lambda: "reelnet-height" in opened.page.title())
        assert opened.errors == []


def test_print_shows_the_current_step_alone(figure: OpenPage) -> None:
    figure.seek(6)
    figure.page.emulate_media(media="print")
    assert not figure.page.locator(".controls").is_visible()
    assert figure.page.locator(".picture").is_visible()


def test_paper_is_light(browser: Browser, figure_file: Path) -> None:
    background = "getComputedStyle(document.querySelector('.picture')).backgroundColor"
    with open_page(browser, to_address(figure_file), color_scheme="dark") as opened:
        wait_for_maps(opened.page)
        dark = opened.page.evaluate(background)
        opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert opened.page.evaluate(background) == "rgb(255, 255, 255)" != dark
        opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert opened.page.evaluate(background) == dark


def test_without_scripts_there_is_a_poster(browser: Browser, figure_file: Path) -> None:
    with open_page(browser, to_address(figure_file), java_script_enabled=False) as opened:
        poster = opened.page.locator("img")
        assert poster.is_visible()
        assert str(STEPS - 1) in str(poster.get_attribute("alt"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_checker_finds_nothing(browser: Browser, layers_file: Path, scheme: str) -> None:
    with open_page(browser, to_address(layers_file), color_scheme=scheme, bypass_csp=True) as opened:
        wait_for_maps(opened.page)
        result = Axe().run(opened.page)
        assert result.violations_count == 0, result.generate_report()
