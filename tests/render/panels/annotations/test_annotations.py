"""Frames, arrows and texts on single cells: where and when they are drawn, and what they do not cover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.scene.layout.boxes import Box
from tests.make_run import noise, write_run
from tests.render.panels.drawing import ACCENT, WHITE, LaidOut, find_changes, lay_out, mask_box

STEPS = [0, 10, 20, 30]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Five samples, four channels, all of them dark blue, however many levels fit in the palette."""
    maps = np.ones((4, 5, 4, 7, 7), np.float32)
    return write_run(tmp_path_factory.mktemp("annotated") / "run", maps, steps=STEPS)


def cells(run: Run, *annotations: dict[str, Any], **more: Any) -> LaidOut:
    """Channels without labels, with annotations."""
    return lay_out(run, {"channels": {"labels": False, "annotations": list(annotations)}}, **more)


def cell(layout: LaidOut, channel: int, sample: int) -> Box:
    """The box of a cell of 56 pixels, without gaps and labels."""
    box = layout.box("channels")
    return Box(box.x + 56 * sample, box.y + 56 * channel, 56, 56)


def difference(run: Run, layout: LaidOut, step: int = 10) -> Any:
    """The pixels that an annotation changes."""
    return find_changes(cells(run).frame(step), layout.frame(step))


def test_a_frame_surrounds_its_cell_between_lines_of_background(run: Run) -> None:
    layout = cells(run, {"channel": 2, "sample": 1})
    box, frame = cell(layout, 2, 1), layout.frame(10)
    differs = difference(run, layout)
    assert not differs[mask_box(box, frame.shape)].any()
    assert not differs[~mask_box(box.expand(5), frame.shape)].any()
    for margin, color in ((1, WHITE), (2, ACCENT), (3, ACCENT), (4, ACCENT), (5, WHITE)):
        ring = mask_box(box.expand(margin), frame.shape) & ~mask_box(box.expand(margin - 1), frame.shape)
        assert (frame[ring] == color).all()


def test_without_space_the_frame_is_inside_its_cell(run: Run) -> None:
    for channel, sample in ((0, 0), (3, 4), (0, 4)):
        layout = cells(run, {"channel": channel, "sample": sample}, padding=0)
        box, frame = cell(layout, channel, sample), layout.frame(10)
        plain = cells(run, padding=0).frame(10)
        differs = find_changes(plain, frame)
        assert not differs[~mask_box(box, frame.shape)].any()
        assert not differs[mask_box(box.expand(-5), frame.shape)].any()
        ring = mask_box(box.expand(-1), frame.shape) & ~mask_box(box.expand(-4), frame.shape)
        assert (frame[ring] == ACCENT).all()


def test_an_annotation_is_shown_from_its_first_to_its_last_step(run: Run) -> None:
    layout, plain = cells(run, {"channel": 1, "sample": 1, "from": 10, "to": 20}), cells(run)
    there = [find_changes(layout.frame(step), plain.frame(step)).any() for step in STEPS]
    assert there == [False, True, True, False]
    layout = cells(run, {"channel": 1, "sample": 1, "from": 15})
    assert [find_changes(layout.frame(step), plain.frame(step)).any() for step in STEPS] == [
        False,
        False,
        True,
        True,
    ]
    layout = cells(run, {"channel": 1, "sample": 1, "to": 0})
    assert [find_changes(layout.frame(step), plain.frame(step)).any() for step in STEPS] == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("side", ["left", "right", "above", "below"])
@pytest.mark.parametrize("arrow", [False, True])
@pytest.mark.parametrize(("channel", "sample"), [(0, 0), (0, 4), (3, 0), (3, 4), (2, 2)])
def test_texts_stay_in_the_panel_and_do_not_cover_their_cell(
    run: Run, side: str, arrow: bool, channel: int, sample: int
) -> None:
    annotation = {
        "channel": channel,
        "sample": sample,
        "text": "edge",
        "side": side,
        "box": False,
        "arrow": arrow,
    }
    layout = cells(run, annotation)
    differs = difference(run, layout)
    assert differs.any()
    assert not differs[~mask_box(layout.box("channels"), differs.shape)].any()
    assert not differs[mask_box(cell(layout, channel, sample), differs.shape)].any()


@pytest.mark.parametrize("side", ["left", "right", "above", "below"])
def test_texts_are_on_the_given_side(run: Run, side: str) -> None:
    layout = cells(run, {"channel": 2, "sample": 2, "text": "edge", "side": side, "box": False})
    box = cell(layout, 2, 2)
    y, x = np.argwhere(difference(run, layout)).T
    assert {
        "left": x.max() < box.x,
        "right": x.min() >= box.right,
        "above": y.max() < box.y,
        "below": y.min() >= box.bottom,
    }[side]
    # The text is centered on that side.
    if side in ("left", "right"):
        assert abs(y.min() + y.max() + 1 - box.y - box.bottom) <= 1
    else:
        assert abs(x.min() + x.max() + 1 - box.x - box.right) <= 1


@pytest.mark.parametrize(
    ("side", "column", "beyond"), [("right", 4, "left"), ("left", 0, "right"), ("right", 0, "right")]
)
def test_texts_move_to_the_other_side_if_there_is_no_space(
    run: Run, side: str, column: int, beyond: str
) -> None:
    layout = cells(run, {"channel": 1, "sample": column, "text": "edge", "side": side, "box": False})
    box = cell(layout, 1, column)
    x = np.argwhere(difference(run, layout))[:, 1]
    assert (x.max() < box.x) if beyond == "left" else (x.min() >= box.right)


@pytest.mark.parametrize("side", ["left", "right", "above", "below"])
def test_an_arrow_points_at_its_cell(run: Run, side: str) -> None:
    layout = cells(run, {"channel": 2, "sample": 2, "arrow": True, "side": side, "box": False})
    box, frame = cell(layout, 2, 2), layout.frame(10)
    y, x = np.argwhere((frame == ACCENT).all(axis=2)).T
    distance, across = {
        "left": (box.x - 1 - x, y),
        "right": (x - box.right, y),
        "above": (box.y - 1 - y, x),
        "below": (y - box.bottom, x),
    }[side]
    assert distance.min() >= 0
    spread = [np.ptp(across[distance == far]) + 1 for far in np.unique(distance)]
    # The tip is thin, the head broad, and the shaft runs to the tail.
    assert spread[0] < max(spread)
    assert max(spread) >= 6
    assert spread[-1] == 2
    middle = (box.y + box.bottom - 1) / 2 if side in ("left", "right") else (box.x + box.right - 1) / 2
    assert abs(across.mean() - middle) <= 0.5


def test_the_color_of_an_annotation(run: Run) -> None:
    frame = cells(run, {"channel": 2, "sample": 2, "color": "#b35900"}).frame(10)
    assert (frame == (0xB3, 0x59, 0)).all(axis=2).sum() == 64**2 - 58**2
    assert not (frame == ACCENT).all(axis=2).any()


def test_cells_are_identified_by_their_numbers_in_the_run(run: Run) -> None:
    panel = {"labels": False, "show": [3, 1], "gap": 8, "annotations": [{"channel": 1, "sample": 0}]}
    layout = lay_out(run, {"channels": panel}, samples={"show": [4, 2, 0], "gap": 16})
    box, frame = layout.box("channels"), layout.frame(10)
    wanted = Box(box.x + 2 * (56 + 16), box.y + 1 * (56 + 8), 56, 56)
    ring = mask_box(wanted.expand(4), frame.shape) & ~mask_box(wanted.expand(1), frame.shape)
    assert (frame[ring] == ACCENT).all()
    assert (frame == ACCENT).all(axis=2).sum() == ring.sum()
    layout = lay_out(run, {"channels": panel}, samples={"show": [4, 2, 0], "gap": 16, "transposed": True})
    box, frame = layout.box("channels"), layout.frame(10)
    wanted = Box(box.x + 1 * (56 + 8), box.y + 2 * (56 + 16), 56, 56)
    ring = mask_box(wanted.expand(4), frame.shape) & ~mask_box(wanted.expand(1), frame.shape)
    assert (frame[ring] == ACCENT).all()


def test_inputs(run: Run) -> None:
    note = {"sample": 3, "from": 10, "text": "three", "side": "left"}
    layout = lay_out(run, {"inputs": {"labels": False, "annotations": [note]}, "channels": {"labels": False}})
    plain = lay_out(run, {"inputs": {"labels": False}, "channels": {"labels": False}})
    differs = find_changes(layout.frame(10), plain.frame(10))
    assert differs.any()
    assert not differs[~mask_box(layout.box("inputs"), differs.shape)].any()
    assert not find_changes(layout.frame(0), plain.frame(0)).any()
    box = layout.box("inputs")
    wanted = Box(box.x + 3 * 56, box.y, 56, 56)
    ring = mask_box(wanted.expand(-1), differs.shape) & ~mask_box(wanted.expand(-4), differs.shape)
    assert (layout.frame(20)[ring] == ACCENT).all()


def test_an_annotation_for_another_layer_draws_nothing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": noise(1, 3, 6, 7), "b": noise(1, 3, 2, 7)})
    note = {"tap": "a", "channel": 5, "sample": 1}
    shown = [cells(run, note, layer=layer).frame(0) for layer in ("a", "b")]
    plain = [cells(run, layer=layer).frame(0) for layer in ("a", "b")]
    assert find_changes(shown[0], plain[0]).any()
    assert not find_changes(shown[1], plain[1]).any()


def test_of_several_layers_one_must_be_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"a": noise(1, 3, 2, 7), "b": noise(1, 3, 2, 7)})
    both = {"labels": False, "heading": False, "taps": "all", "apart": 24}
    note = {"channel": 0, "sample": 1}
    layout = lay_out(run, {"channels": both | {"annotations": [note | {"tap": "b"}]}})
    box, frame = layout.box("channels"), layout.frame(0)
    wanted = Box(box.x + 56, box.y + 2 * 56 + 24, 56, 56)
    ring = mask_box(wanted.expand(4), frame.shape) & ~mask_box(wanted.expand(1), frame.shape)
    assert (frame[ring] == ACCENT).all()
    with pytest.raises(TemplateError, match=r"annotations\[0\].tap: needs a tap.*a, b"):
        lay_out(run, {"channels": both | {"annotations": [note]}})
    with pytest.raises(TemplateError, match=r"annotations\[0\].tap: layer 'b' is not shown"):
        lay_out(run, {"channels": {"taps": "a", "annotations": [note | {"tap": "b"}]}})


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        ({"channel": 4, "sample": 0}, "channel: channel 4 of conv1 is not shown; shown: 0 to 3"),
        ({"channel": 0, "sample": 5}, "sample: sample 5 is not shown; shown: 0 to 4"),
        ({"channel": 0, "sample": 0, "tap": "conv2"}, "tap: no layer 'conv2' was recorded"),
        ({"channel": 0, "sample": 0, "from": 31}, "from: step 31 is beyond the last recorded step, 30"),
        ({"channel": 0, "sample": 0, "to": 31}, "to: step 31 is beyond the last recorded step, 30"),
        (
            {"channel": 0, "sample": 0, "from": 11, "to": 19},
            "from: no step from 11 to 19 was recorded.*10 and 20",
        ),
        ({"channel": 0, "sample": 0, "text": "x" * 200}, "text: needs .* use shorter words"),
    ],
)
def test_annotations_that_do_not_fit_the_run(run: Run, annotation: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateError, match=rf"annotations\[1\].{words}"):
        cells(run, {"channel": 0, "sample": 0}, annotation)


def test_annotations_of_cells_that_are_not_selected(run: Run) -> None:
    panel = {"show": [0, 3], "annotations": [{"channel": 1, "sample": 0}]}
    with pytest.raises(TemplateError, match="channel 1 of conv1 is not shown; shown: 0, 3"):
        lay_out(run, {"channels": panel})
    with pytest.raises(TemplateError, match="sample 2 is not shown; shown: 0, 1"):
        lay_out(run, {"inputs": {"annotations": [{"sample": 2}]}}, samples={"show": [0, 1]})


@pytest.mark.parametrize(
    "annotation",
    [
        {"channel": 0, "sample": 0, "box": False},
        {"channel": 0, "sample": 0, "from": 20, "to": 10},
        {"channel": 0},
        {"sample": 0},
        {"channel": -1, "sample": 0},
        {"channel": 0, "sample": 0, "side": "top"},
        {"channel": 0, "sample": 0, "from_step": 3},
    ],
)
def test_invalid_annotations(run: Run, annotation: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="annotations"):
        cells(run, annotation)
