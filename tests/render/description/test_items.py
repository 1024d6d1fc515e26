"""Items say what they show: values of cells, places of turned text, and pixels that nobody describes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelnet.reel import Run
from reelnet.render.canvas import fill_box, polyline, stamp, write
from reelnet.render.compositor import Compositor
from reelnet.render.description.described_canvas import DescribedCanvas
from reelnet.render.description.items import (
    CellLevels,
    CellsItem,
    LineItem,
    RasterItem,
    RectItem,
    TextItem,
)
from reelnet.render.typography import TextStyle
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from tests.looks.shapes import write_shape
from tests.make_run import Floats, MakeRun
from tests.render.description.painter import Painter
from tests.render.panels.drawing import lay_out

STYLE = TextStyle(20)


@pytest.mark.parametrize(
    ("shape", "template"),
    [
        ("digits", "article"),
        ("series", "article"),
        ("transformer", "article"),
        ("vectors", "article"),
        ("gaps", "table"),
        ("pictures", "flow"),
        ("series", "flow"),
        ("vectors", "flow"),
        ("digits", "barcode"),
        ("digits", "evolution"),
        ("three", "evolution"),
        ("digits", "filmstrip"),
    ],
)
def test_levels_tell_the_recorded_values(shape: str, template: str, tmp_path: Path) -> None:
    run = write_shape(tmp_path, shape)
    rendition, step = run.reel(template, density=1).rendition, run.steps[-2]
    panels = [*rendition.describe_still(), *rendition.describe_step(step)]
    items = [item for panel in panels for item in panel.items]
    levels = [item.levels for item in items if isinstance(item, CellsItem) and item.levels is not None]
    assert levels
    for each in levels:
        check_values(each, read_values(run, each, step))


def read_values(run: Run, levels: CellLevels, step: int) -> Floats:
    """The recorded value of each value that cells show."""
    info, shape = run.taps[levels.tap], levels.levels.shape
    steps = [run.steps.index(step)] if levels.steps is None else range(len(run.steps))
    recorded = np.stack([info.fold_values(run.read(levels.tap, steps=[run.steps[at]])[0]) for at in steps])
    height, width = info.map_shape[1:]
    if levels.reduction != (1, 1):
        down, across = levels.reduction
        assert height % down == width % across == 0
        recorded = recorded.reshape(*recorded.shape[:3], height // down, down, width // across, across)
        recorded = recorded.mean(axis=(4, 6))
    recorded = recorded.reshape(*recorded.shape[:3], -1)
    positions = levels.positions
    if positions is None:
        # A unit of a barcode is the only value of its channel.
        count = recorded.shape[-1]
        positions = np.arange(count).reshape(shape[2:] if count > 1 else (1, 1))
    shown_steps = np.zeros(1, np.intp) if levels.steps is None else levels.steps
    every = (shown_steps, levels.samples, levels.channels, positions)
    found: Floats = recorded[tuple(np.broadcast_to(each, shape) for each in every)]
    return found


def check_values(levels: CellLevels, recorded: Floats) -> None:
    """Check that every level is the one nearest to its value, or the outermost one beyond the limits."""
    limits, last = levels.limits, len(levels.ink.indices) - 1
    high = np.array(limits.by_channel)[levels.channels] if limits.by_channel else np.array(limits.high)
    high = np.broadcast_to(high, recorded.shape)
    shown = limits.low + levels.levels / last * (high - limits.low)
    is_told = np.isfinite(recorded)
    if levels.blank is not None:
        is_told &= ~np.broadcast_to(levels.blank, recorded.shape)
    nearest = np.clip(recorded, limits.low, high)
    half = (high - limits.low) / last / 2
    assert (np.abs(shown - nearest) <= 1.001 * half)[is_told].all()
    assert limits.exceeds[1] or (recorded <= high + 1e-6)[is_told].all()


@pytest.mark.parametrize(
    "panel",
    [
        {"kind": "weights", "tap": "conv1.weight"},
        {"kind": "histogram"},
        {"kind": "histogram", "colored": False},
        {"kind": "curve", "style": "chart"},
        {"kind": "progress"},
        {"kind": "belief"},
        {"kind": "says"},
        {"kind": "tally"},
        {"kind": "verdict"},
    ],
    ids=lambda panel: "-".join(map(str, panel.values())),
)
def test_panels_replay_to_the_frame(panel: dict[str, object], tmp_path: Path) -> None:
    run = write_shape(tmp_path, "pictures")
    laid_out, step = lay_out(run, {"shown": panel, "channels": {}}), run.steps[3]
    compositor, painter = Compositor(laid_out.scene, run), Painter(laid_out.scene)
    described = [*compositor.describe_still(), *compositor.describe_step(step)]
    painter.paint(described)
    difference = np.abs(painter.rgb.astype(int) - laid_out.frame(step)).max(axis=-1)
    assert not difference[~painter.near_shapes].any()
    items = [item for shown in described for item in shown.items]
    assert not any(isinstance(item, RasterItem) for item in items)


@pytest.fixture
def ink() -> Ink:
    """Black on white."""
    palette = PaletteBuilder()
    ink = palette.ramp((0, 0, 0), (255, 255, 255))
    palette.freeze()
    return ink


@pytest.fixture
def canvas(ink: Ink) -> DescribedCanvas:
    """An empty canvas of 60 × 100 pixels."""
    return DescribedCanvas.start(np.full((60, 100), ink.indices[0], np.uint8))


def test_views_know_where_they_are(canvas: DescribedCanvas, ink: Ink) -> None:
    view = canvas[10:, 20:][5:30, 7:60]
    fill_box(view, Box(1, 2, 3, 4), ink)
    write(view, "a", ink, 8, 3, STYLE)
    (box, text) = canvas.take_items()
    assert isinstance(box, RectItem)
    assert box.box == Box(28, 17, 3, 4)
    assert isinstance(text, TextItem)
    assert (text.x, text.y, text.text) == (35, 18, "a")


def test_copies_note_nothing(canvas: DescribedCanvas, ink: Ink) -> None:
    copy = canvas.copy()
    fill_box(copy, Box(0, 0, 10, 10), ink)
    fill_box(np.full_like(canvas[:10, :10], 0), Box(0, 0, 10, 10), ink)
    assert canvas.take_items() == []
    assert (copy[:10, :10] == ink.indices[-1]).all()


def test_pixels_that_nobody_describes_are_a_raster_on_top(canvas: DescribedCanvas, ink: Ink) -> None:
    fill_box(canvas, Box(0, 0, 10, 10), ink)
    canvas[20:22, 30:33] = ink.indices[-1]
    canvas[0, 0] = ink.indices[0]
    (_, raster) = canvas.take_items()
    assert isinstance(raster, RasterItem)
    assert raster.box == Box(0, 0, 33, 22)
    assert raster.is_drawn.sum() == 7
    assert canvas.take_items() == []


def test_a_shape_that_was_cut_is_no_longer_known(canvas: DescribedCanvas, ink: Ink) -> None:
    mask = polyline([(1, 1), (18, 8)], 2, (20, 10))
    stamp(canvas, mask, ink, 5, 6)
    stamp(canvas, mask[:, ::-1], ink, 45, 6)
    line, raster = canvas.take_items()
    assert isinstance(line, LineItem)
    assert line.lines == (((6, 7), (23, 14)),)
    assert isinstance(raster, RasterItem)
    assert raster.box.x >= 45


def test_baseline_of_turned_text_starts_where_the_turn_puts_it(ink: Ink) -> None:
    # The middle of the line, about which it turns, is at (30, 40), and the baseline is below it.
    left, top, below = 10, 40 - STYLE.line_height / 2, STYLE.ascent - STYLE.line_height / 2
    starts = [TextItem("x", left, top, 40, STYLE, ink, angle).baseline_start for angle in (0, 90, -90)]
    expected = [(10, 40 + below), (30 + below, 60), (30 - below, 20)]
    assert np.array(starts) == pytest.approx(np.array(expected))


def test_drawing_is_the_same_with_notes(make_run: MakeRun) -> None:
    run = make_run()
    rendition = run.reel("article").rendition
    before = rendition.draw_step(run.steps[1]).copy()
    rendition.describe_still()
    rendition.describe_step(run.steps[1])
    assert (rendition.draw_step(run.steps[1]) == before).all()
