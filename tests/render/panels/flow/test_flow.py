"""The panel `flow`: the values of one sample's maps, layer after layer, and the probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.flow.flow import FlowDrawing
from reelnet.render.panels.flow.layer_drawing import LayerDrawing
from reelnet.render.panels.flow.probabilities import ProbabilityDrawing, choose_classes
from reelnet.scene.context import FrameState
from tests.make_run import Bytes, noise, write_run
from tests.render.panels.drawing import WHITE, LaidOut, assert_cells, lay_out
from tests.rendering import SMALL_TYPE

CLASSES = ("ant", "bee", "cat")
RIGHT, WRONG = (0, 107, 98), (190, 60, 8)
CANVAS = {"width": 1200, "height": 500}


def probabilities(steps: int = 3, samples: int = 2) -> Any:
    """Sample 0 is taken for class 2 at step 0 and for class 0, its label, later; sample 1 always for its label."""
    rows = np.empty((steps, samples, 3), np.float32)
    rows[:, 0], rows[:, 1], rows[0, 0] = (0.5, 0.25, 0.25), (0.25, 0.5, 0.25), (0.25, 0.125, 0.625)
    return rows[..., None, None]


def recorded(path: Path, taps: dict[str, Any] | None = None, **form: Any) -> Run:
    taps = taps or {"conv1": noise(3, 2, 4, 8), "conv2": noise(3, 2, 2, 4), "out": probabilities()}
    return write_run(path, taps, **{"labels": CLASSES[:2], "classes": CLASSES, **form})


def draw(run: Run, panel: dict[str, Any] | None = None, **keys: Any) -> LaidOut:
    keys = {"canvas": CANVAS, "theme": SMALL_TYPE, "layer": "conv1", **keys}
    items = [{"column": {"grow": 1, "items": ["flow"]}}]
    return lay_out(run, {"flow": panel or {}}, items, **keys)


def drawing_of(laid: LaidOut) -> FlowDrawing:
    (drawing,) = (each for each in laid.scene.drawings if isinstance(each, FlowDrawing))
    return drawing


def layers_of(laid: LaidOut) -> list[LayerDrawing]:
    return drawing_of(laid)._layer_drawings


def tile(frame: Bytes, laid: LaidOut, layer: int, number: int) -> Bytes:
    """The pixels of one tile of a layer."""
    box = layers_of(laid)[layer].cell_region().boxes[number]
    return frame[box.y : box.bottom, box.x : box.right]


def test_layers_show_the_values_of_the_sample(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run")
    laid = draw(run, {"sample": 1})
    for step in (0, 2):
        frame = laid.frame(step)
        for number, name in enumerate(("conv1", "conv2")):
            drawing, values = layers_of(laid)[number], run.read(name)[step, 1]
            region = drawing.cell_region()
            assert region.value_width == region.value_height >= 4
            assert len(region.boxes) == len(values)
            for place, channel in enumerate(drawing._tiles.channels):
                scaled = np.kron(values[channel], np.ones((region.value_height, region.value_width)))
                assert_cells(tile(frame, laid, number, place), scaled)


def test_layers_stand_in_their_order_and_the_class_output_is_no_layer(tmp_path: Path) -> None:
    laid = draw(recorded(tmp_path / "run"))
    assert [layer.level_maps().tap for layer in layers_of(laid)] == ["conv1", "conv2"]
    left, right = (layer.box for layer in layers_of(laid))
    assert left.right < right.x
    assert {"conv1", "conv2", "out"} == {*laid.scene.taps}


def test_cells_are_on_the_grid(tmp_path: Path) -> None:
    dense = np.zeros((3, 2, 100, 1, 1), np.float32)
    taps = {
        "conv1": noise(3, 2, 4, 9),
        "series": noise(3, 2, 3, 1, 30),
        "dense": dense,
        "out": probabilities(),
    }
    laid = draw(recorded(tmp_path / "run", taps))
    boxes = [box for region in drawing_of(laid).cell_regions() for box in region.boxes]
    assert len(boxes) >= 4 + 3 + 1 + 1
    assert all(box.x % 8 == box.y % 8 == 0 for box in boxes)


def test_quantized_levels_replace_the_values(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run")
    laid = draw(run, {"sample": 1})
    maps = {each.tap: each for each in drawing_of(laid).level_maps()}
    levels = {tap: np.zeros(each.shape, np.uint8) for tap, each in maps.items()}
    canvas = np.full((laid.scene.size.height, laid.scene.size.width), 0, np.uint8)
    drawing_of(laid).draw(canvas, FrameState(run.snapshot(2), 2, levels=levels))
    lowest = laid.scene.palette.rgb[canvas]
    assert (tile(lowest, laid, 0, 0) == maps["conv1"].colors[0]).all()
    positions = maps["conv1"].positions(run.read("conv1")[2])
    assert positions.shape == maps["conv1"].shape
    assert 0 <= positions.min() < positions.max() <= laid.scene.palette.levels - 1


def test_larger_maps_are_means_and_a_note_says_so(tmp_path: Path) -> None:
    values = np.zeros((1, 1, 1, 600, 600), np.float32)
    values[..., 0::2, :] = 1.0
    run = write_run(tmp_path / "run", {"conv1": values}, layer="conv1")
    laid = draw(run, canvas={"width": 600, "height": 400, "max_cell": 64})
    (layer,) = layers_of(laid)
    region = layer.cell_region()
    rows, columns = layer._tiles.cell.reduction
    assert rows == columns > 1
    shown = layer.level_maps().positions(values[0]) / (laid.scene.palette.levels - 1) * 2 - 1
    assert np.abs(shown[:, :, :-1] - 0.5).max() < 0.5 / rows + 0.01
    assert region.boxes[0].width == -(-600 // rows) * region.value_width
    assert f"Each pixel of conv1 is the mean of {rows} × {columns} values." in " ".join(
        drawing_of(laid)._note
    )


def test_cells_have_the_shape_of_their_maps(tmp_path: Path) -> None:
    taps = {"square": noise(3, 2, 8, 8), "long": noise(3, 2, 8, 4)[..., :1, :].repeat(2, 3).repeat(2, 4)}
    laid = draw(recorded(tmp_path / "run", taps, bounds=None), layer="square")
    square, long = (layer.cell_region().boxes[:2] for layer in layers_of(laid))
    assert square[0].width == square[0].height
    assert long[0].width == 4 * long[0].height
    assert square[0].width / 2 <= (long[0].width * long[0].height) ** 0.5 <= square[0].width
    assert long[0].right < long[1].x or long[0].bottom < long[1].y


def test_dead_channels_are_counted(tmp_path: Path) -> None:
    some, every = noise(3, 2, 4, 8), np.zeros((3, 2, 1, 8, 8), np.float32)
    some[:, :, 2] = 0.5
    laid = draw(recorded(tmp_path / "run", {"conv1": some, "relu": every}))
    details = [caption.detail.replace("\u00a0", " ") for caption in drawing_of(laid)._arrangement.captions]
    assert details[1:3] == ["4 × 8², 1 dead", "1 × 8², dead: never changes"]


def test_vectors_have_a_value_each_down_their_columns(tmp_path: Path) -> None:
    vector = np.linspace(-1, 1, 30, dtype=np.float32).reshape(1, 1, 30, 1, 1)
    run = write_run(tmp_path / "run", {"conv1": noise(1, 1, 4, 8), "dense": vector})
    laid = draw(run)
    region = layers_of(laid)[1].cell_region()
    assert len(region.boxes) == 30
    frame = laid.frame(0)
    in_order = sorted(region.boxes, key=lambda box: (box.x, box.y))
    for box, value in zip(in_order, vector.ravel(), strict=True):
        assert_cells(frame[box.y : box.bottom, box.x : box.right], np.full((box.height, box.width), value))


def test_of_a_large_vector_the_values_that_change_most_are_shown(tmp_path: Path) -> None:
    vector = np.zeros((2, 1, 5000, 1, 1), np.float32)
    vector[1, 0, 4000] = 1.0
    laid = draw(write_run(tmp_path / "run", {"conv1": noise(2, 1, 4, 8), "dense": vector}))
    order = layers_of(laid)[1]._tiles.order
    assert 4000 in order
    assert order.size < 5000


def test_sequences_are_bands(tmp_path: Path) -> None:
    values = noise(1, 1, 3, 1, 20)
    laid = draw(write_run(tmp_path / "run", {"conv1": values}))
    (layer,) = layers_of(laid)
    region, frame = layer.cell_region(), laid.frame(0)
    assert len(region.boxes) == 3
    for box, row in zip(region.boxes, values[0, 0, :, 0], strict=True):
        scaled = np.kron(row, np.ones((box.height, region.value_width)))
        assert_cells(frame[box.y : box.bottom, box.x : box.right], scaled)


def test_a_sequence_as_input_is_a_line(tmp_path: Path) -> None:
    pictures = np.linspace(0, 255, 20).astype(np.uint8).reshape(1, 1, 20)
    laid = draw(write_run(tmp_path / "run", {"conv1": noise(1, 1, 3, 1, 20)}, pictures=pictures))
    box, frame = drawing_of(laid)._input._box, laid.frame(0)
    drawn = (frame[box.y : box.bottom, box.x : box.right] < 128).all(axis=2)
    rows, columns = np.nonzero(drawn)
    # A rising line: the higher, the farther to the right.
    assert np.corrcoef(rows, columns)[0, 1] < -0.99


def test_missing_values_are_hatched_and_explained(tmp_path: Path) -> None:
    values = noise(1, 1, 2, 4)
    values[0, 0, 1, 2, 2] = np.nan
    laid = draw(write_run(tmp_path / "run", {"conv1": values}))
    (layer,), frame = layers_of(laid), laid.frame(0)
    place = layer._tiles.channels.index(1)
    size = layer.cell_region().value_width
    value = tile(frame, laid, 0, place)[2 * size : 3 * size, 2 * size : 3 * size]
    assert len(np.unique(value.reshape(-1, 3), axis=0)) == 2
    assert "Hatched: NaN or infinite." in " ".join(drawing_of(laid)._note)


def bars_of(laid: LaidOut) -> ProbabilityDrawing:
    bars = drawing_of(laid)._bars
    assert bars is not None
    return bars


def test_bars_are_as_long_as_the_probabilities(tmp_path: Path) -> None:
    laid = draw(recorded(tmp_path / "run"), {"sample": 0})
    for step, colors in ((0, (RIGHT, None, WRONG)), (2, (RIGHT, None, None))):
        frame, row = laid.frame(step), probabilities()[step, 0, :, 0, 0]
        for bar, share, color in zip(bars_of(laid)._bars, row, colors, strict=True):
            middle = frame[bar.track.y + bar.track.height // 2, bar.track.x : bar.track.right]
            filled = (middle != middle[-1]).any(axis=1)
            assert filled.sum() == pytest.approx(share * bar.track.width, abs=1)
            assert color is None or (middle[0] == color).all()


def test_without_known_truth_no_bar_is_right_or_wrong(tmp_path: Path) -> None:
    frame = draw(recorded(tmp_path / "run", labels=("x", "y"))).frame(0)
    assert not any((frame == color).all(axis=2).any() for color in (RIGHT, WRONG))


def test_without_class_output_the_flow_ends_with_the_last_layer(tmp_path: Path) -> None:
    laid = draw(recorded(tmp_path / "run", classes=None))
    assert drawing_of(laid)._bars is None
    assert [layer.level_maps().tap for layer in layers_of(laid)] == ["conv1", "conv2", "out"]


def test_classes_with_a_bar() -> None:
    beliefs = np.full((4, 1000), 0.5 / 999)
    beliefs[:, 7], beliefs[2, 900] = 0.5, 0.4
    chosen = choose_classes(beliefs, truth=500)
    assert {7, 500, 900} <= set(chosen)
    assert (len(chosen), chosen) == (10, sorted(chosen))
    assert choose_classes(beliefs[:, :12], truth=3) == list(range(12))
    # An answer has a bar, even if others are likelier at other steps.
    sure = np.zeros((12, 1000))
    sure[:, 100:112] = 0.5 * (1 - np.eye(12)) + 0.4 * np.eye(12)
    sure[0] = 0
    sure[0, 7] = 0.1
    assert 7 in choose_classes(sure, truth=500)


def test_the_other_classes_share_a_bar(tmp_path: Path) -> None:
    names = tuple(f"class {number}" for number in range(40))
    scores = np.full((2, 1, 40, 1, 1), 0.5 / 39, np.float32)
    scores[:, :, 3] = 0.5
    laid = draw(
        recorded(
            tmp_path / "run", {"conv1": noise(2, 1, 4, 8), "out": scores}, labels=names[:1], classes=names
        )
    )
    *_, last = bars_of(laid)._bars
    assert last.name == "30 others"
    row = laid.frame(0)[last.track.y + last.track.height // 2, last.track.x : last.track.right]
    # 9 of the other 39 have a bar of their own.
    assert (row != row[-1]).any(axis=1).sum() == pytest.approx(30 / 39 / 2 * last.track.width, abs=1)


def test_of_many_layers_some_are_shown_that_are_spread_by_depth(tmp_path: Path) -> None:
    taps = {f"conv{number}": noise(1, 1, 4, 8) * (number / 20) for number in range(1, 21)}
    laid = draw(write_run(tmp_path / "run", taps))
    shown = [layer.level_maps().tap for layer in layers_of(laid)]
    assert (shown[0], shown[-1]) == ("conv1", "conv20")
    assert shown == sorted(shown, key=lambda name: int(name.removeprefix("conv")))
    assert f"{len(shown)} of 20 layers, spread by depth." in " ".join(drawing_of(laid)._note)


def test_of_many_layers_those_that_repeat_another_are_left_out(tmp_path: Path) -> None:
    values = np.random.default_rng(5).uniform(-1, 1, (9, 2, 1, 4, 8, 8)).astype(np.float32)
    taps = {f"conv{number}": values[number] for number in range(9)} | {"dropout": values[8]}
    shown = [
        layer.level_maps().tap for layer in layers_of(draw(write_run(tmp_path / "run", taps), layer="conv0"))
    ]
    assert shown[-1] == "conv8"
    few = {name: taps[name] for name in ("conv0", "conv8", "dropout")}
    shown = [
        layer.level_maps().tap for layer in layers_of(draw(write_run(tmp_path / "few", few), layer="conv0"))
    ]
    assert shown == [*few]


def test_class_tokens_stand_with_the_other_tokens_of_their_layer(tmp_path: Path) -> None:
    taps = {
        "block": noise(1, 1, 4, 8),
        "block.class": noise(1, 1, 1, 1, 16),
        "other.class": noise(1, 1, 1, 1, 16),
    }
    laid = draw(write_run(tmp_path / "run", taps), layer="block")
    assert [layer.level_maps().tap for layer in layers_of(laid)] == ["block", "other.class"]


def test_listed_layers_and_fewer_channels(tmp_path: Path) -> None:
    laid = draw(recorded(tmp_path / "run"), {"layers": ["conv2", "conv1"], "channels": 2})
    assert [layer.level_maps().tap for layer in layers_of(laid)] == ["conv2", "conv1"]
    assert [len(layer.cell_region().boxes) for layer in layers_of(laid)] == [2, 2]


@pytest.mark.parametrize(
    "canvas", [(1440, 810), (1280, 720), (1080, 1080), (1080, 1920), (640, 360), (400, 800)], ids=str
)
def test_parts_stand_apart_inside_the_panel(tmp_path: Path, canvas: tuple[int, int]) -> None:
    laid = draw(recorded(tmp_path / "run"), canvas={"width": canvas[0], "height": canvas[1]})
    box, boxes = laid.box("flow"), [place.box for place in drawing_of(laid)._placed]
    for number, one in enumerate(boxes):
        assert box.x <= one.x < one.right <= box.right
        assert box.y <= one.y < one.bottom <= box.bottom
        for other in boxes[number + 1 :]:
            beside = one.right < other.x or other.right < one.x
            assert beside or one.bottom < other.y or other.bottom < one.y
    frame = laid.frame(0).copy()
    frame[box.y : box.bottom, box.x : box.right] = WHITE
    assert (frame == WHITE).all()


@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ({"layers": ["conv3"]}, "no layer 'conv3' was recorded"),
        ({"sample": 5}, "sample 5 is not shown; shown: 0, 1"),
        ({"sample": "cow"}, "no shown sample has the label 'cow'"),
        ({"height": 40}, "needs"),
    ],
)
def test_errors(tmp_path: Path, panel: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        draw(recorded(tmp_path / "run"), panel)
