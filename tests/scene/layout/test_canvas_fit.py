"""Sizes that an author fixes: too small ones are reported, and nothing is drawn over something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from tests.make_run import noise, write_run
from tests.template.text import reel_of, template_of


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Cells of 3 samples and 2 channels, 56 pixels each, 8 apart: 184×120."""
    return write_run(tmp_path / "run", noise(5, 3, 2, 7), steps=[0, 10, 20, 30, 40])


CELLS = "channels: {labels: false}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "panels: {channels: {labels: false, width: 100}}\nlayout: {column: [channels]}",
            "mine.yaml:1:36: panels.channels.width: has 100×120 pixels but needs 184×120",
        ),
        (
            "panels: {channels: {labels: false, height: 50}}\nlayout: {column: [channels]}",
            "mine.yaml:1:36: panels.channels.height: has 184×50 pixels but needs 184×120",
        ),
        (
            f"panels: {{{CELLS}}}\nlayout: {{column: {{width: 120, items: [channels]}}}}",
            "panels.channels: has 120×120 pixels but needs 184×120",
        ),
        (
            f"panels: {{{CELLS}}}\nlayout: {{column: {{height: 112, items: [{{row: [channels]}}, counter]}}}}",
            "mine.yaml:2:19: layout.column.height: has 184×112 pixels but needs 184×162",
        ),
        (
            f"panels: {{{CELLS}}}\nlayout: {{row: {{width: 200, padding: 20, items: [channels, spacer]}}}}",
            "layout.row.width: has 200×168 pixels but needs 232×168",
        ),
    ],
)
def test_a_size_that_is_too_small_is_an_error(run: Run, text: str, message: str) -> None:
    with pytest.raises(TemplateError) as error:
        reel_of(run, text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("canvas: {width: 20}\n", "mine.yaml:1:10: canvas.width: the layout is "),
        ("canvas: {max_width: 20}\n", "mine.yaml:1:10: canvas.max_width: "),
        ("canvas: {width: 400, height: 10}\n", "mine.yaml:1:22: canvas.height: "),
        ("canvas: {width: 400, max_height: 10}\n", "mine.yaml:1:22: canvas.max_height: "),
        ("canvas: {width: 20, max_height: 10}\n", "mine.yaml:1:10: canvas.width: "),
        ("canvas: {width: 400}\nsamples: {gap: 500}\n", "mine.yaml:2:11: samples.gap: "),
        (
            "canvas: {max_width: 400}\npanels: {counter: {width: 500}}\n",
            "mine.yaml:2:20: panels.counter.width: ",
        ),
    ],
)
def test_what_makes_the_layout_too_large_is_named(run: Run, text: str, key: str) -> None:
    with pytest.raises(TemplateError) as error:
        reel_of(run, text + "layout: {column: [channels, counter]}")
    assert str(error.value).startswith(key)


def test_maps_that_wrap_do_not_grow_without_an_end(run: Run) -> None:
    text = "canvas: {width: 1200}\npanels: {channels: {wrap: auto}}\nlayout: {column: [channels]}"
    # With one cell of 1,200 pixels per row the frame would be 7,200 pixels high.
    assert reel_of(run, text).scene.size.height < 600


def test_the_largest_scale_heeds_the_width_of_a_panel(run: Run) -> None:
    text = (
        "canvas: {width: 400}\npanels: {channels: {labels: false, width: 100}}\nlayout: {column: [channels]}"
    )
    scene = reel_of(run, text).scene
    # 3 samples of 7 pixels: four times as large is 84, five times 105.
    assert scene.context.cell.scale == 4
    assert dict(scene.boxes)["channels"].width == 100


def test_a_scale_that_video_codecs_prefer_fits_as_well(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"fc": (6, 10, 1, 1)}, steps=range(2))
    for width in range(240, 400, 4):
        # Cells whose values are on the grid may be smaller than others and still need more room, for wider gaps.
        text = (
            f"canvas: {{width: {width}, height: 600}}\nsamples: {{gap: 3}}\nlayout: {{column: [channels]}}\n"
        )
        scene = reel_of(run, text).scene
        assert all(box.right <= width for _, box in scene.boxes)


def test_panels_that_can_shrink_may_have_any_size(run: Run) -> None:
    text = "panels: {progress: {thickness: 20, height: 5, width: 10}}\nlayout: {column: [progress]}"
    assert dict(reel_of(run, text).scene.boxes)["progress"].height == 5


def test_a_grids_item_has_the_width_that_it_asks_for(run: Run) -> None:
    grid = "{grid: {columns: 1, items: [counter, channels]}}"
    text = f"panels: {{{CELLS}, counter: {{width: 120, size: 15}}}}\nlayout: {grid}"
    boxes = dict(reel_of(run, text).scene.boxes)
    assert (boxes["counter"].width, boxes["channels"].width) == (120, 184)


def test_a_frame_is_no_larger_than_encoders_take(run: Run) -> None:
    largest = "canvas: 8192x4352\nlayout: {column: [counter]}"
    assert reel_of(run, largest).scene.size.height == 4352
    with pytest.raises(TemplateError, match=r"8192×4354 pixels is too large .*35\.7 million in all"):
        reel_of(run, largest.replace("4352", "4354"))


@pytest.mark.parametrize(
    ("stack", "key"), [("column", "columns"), ("row", "columns"), ("overlay", "columns"), ("overlay", "gap")]
)
def test_options_of_other_stacks_are_errors(stack: str, key: str) -> None:
    text = f"layout: {{{stack}: {{{key}: 3, items: [counter]}}}}"
    with pytest.raises(
        TemplateError, match=rf"mine.yaml:1:\d+: layout.{stack}.{key}: has no effect in the stack"
    ):
        template_of(text)


@pytest.mark.parametrize("stack", ["column", "row", "grid", "overlay"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("gap", 8),
        ("padding", 8),
        ("align", "end"),
        ("justify", "end"),
        ("columns", 1),
        ("width", 900),
        ("height", 500),
    ],
)
def test_all_other_options_change_something(run: Run, stack: str, option: str, value: object) -> None:
    if (stack, option) in {
        ("column", "columns"),
        ("row", "columns"),
        ("overlay", "columns"),
        ("overlay", "gap"),
    }:
        return
    usual = (
        f"canvas: 1000x600\npanels: {{{CELLS}}}\nlayout: {{{stack}: {{grow: 1, items: [counter, channels]}}}}"
    )
    if option in ("width", "height"):
        # A whole that grows has the frame's size in any case.
        usual = usual.replace("grow: 1, ", "").replace("canvas: 1000x600\n", "")
    other = usual.replace("items", f"{option}: {value}, items")
    assert reel_of(run, usual).scene.boxes != reel_of(run, other).scene.boxes or (
        reel_of(run, usual).scene.size != reel_of(run, other).scene.size
    )


@pytest.mark.parametrize(
    ("steps", "shown"),
    [("{range: [20, 40]}", (20, 30, 40)), ("{list: [0, 40]}", (0, 40)), ("all", (0, 10, 20, 30, 40))],
)
def test_a_caption_pauses_at_the_first_frame_that_shows_it(
    run: Run, steps: str, shown: tuple[int, ...]
) -> None:
    items = "[{text: Now, from: 0, to: 5}, {text: Later, from: 10, hold: 3}]"
    pace = "fps: 10, start_pause: 0, end_pause: 0"
    text = f"panels: {{captions: {{items: {items}}}}}\nlayout: {{column: [captions]}}\n"
    text += f"timeline: {{steps: {steps}, {pace}}}"
    timeline = reel_of(run, text).scene.timeline
    assert timeline.steps_shown == shown
    first = next(each.step for each in timeline if each.duration > 1)
    assert first == min(step for step in shown if step >= 10)
    assert float(timeline.duration) == pytest.approx(len(shown) / 10 + 3)


@pytest.mark.parametrize("key", ["int", "str", "none", "p-[ding", "float"])
def test_an_unknown_key_may_be_any_word(key: str) -> None:
    with pytest.raises(TemplateError, match="no such key"):
        template_of(f"theme: {{'{key}': 3}}\nlayout: counter")


def test_a_kind_must_be_a_word() -> None:
    with pytest.raises(TemplateError, match=r"panels.a.kind: no kind \[\]"):
        template_of("panels: {a: {kind: []}}\nlayout: a")


def test_a_long_value_is_shortened() -> None:
    with pytest.raises(TemplateError) as error:
        template_of(f"panels: {{channels: {{show: {'x' * 5000}}}}}\nlayout: channels")
    assert len(str(error.value)) < 500
    assert str(error.value).endswith("top: 8")


def test_an_unknown_layer_is_reported_with_its_position(run: Run) -> None:
    with pytest.raises(
        TemplateError, match=r"mine.yaml:2:1: layer: no layer 'conv7' was recorded; did you mean 'conv1'"
    ):
        reel_of(run, "layout: counter\nlayer: conv7")
