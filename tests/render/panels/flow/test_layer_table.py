"""The panel `layers`: the values of each sample in its row, layer by layer, and the keys of their colors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.flow.layer_table import LayerKey, LayerTableDrawing
from reelnet.render.panels.maps.colorbar import ColorbarDrawing
from tests.make_run import noise, write_run
from tests.render.panels.drawing import LaidOut, lay_out
from tests.rendering import SMALL_TYPE

CANVAS = {"width": 900, "height": 500}


def draw(run: Run, panel: dict[str, Any] | None = None, **keys: Any) -> LaidOut:
    keys = {"canvas": CANVAS, "theme": SMALL_TYPE, **keys}
    return lay_out(run, {"layers": {"width": 868, "height": 460, **(panel or {})}}, **keys)


def drawing_of(laid: LaidOut) -> LayerTableDrawing:
    (drawing,) = (each for each in laid.scene.drawings if isinstance(each, LayerTableDrawing))
    return drawing


def record(path: Path, layers: int = 2, samples: int = 3, factor: float = 1.0) -> Run:
    maps = {f"conv{n}": np.roll(noise(3, samples, 4, 8), n) * factor**n for n in range(1, layers + 1)}
    return write_run(path, maps, bounds=None)


def test_rows_are_samples_and_cells_show_their_values(tmp_path: Path) -> None:
    run = record(tmp_path / "run")
    laid = draw(run)
    regions = [each for each in drawing_of(laid).cell_regions() if not each.is_picture]
    assert [len(region.boxes) for region in regions] == [4] * 6
    frame = laid.frame(2).astype(int)
    for number, region in enumerate(regions):
        layer, sample = divmod(number, 3)
        values = run.read(f"conv{layer + 1}")[
            2, sample, list(drawing_of(laid)._layers[number]._tiles.channels)
        ]
        for box, each in zip(region.boxes, values, strict=True):
            assert box.height // region.value_height == each.shape[0]
            middle = frame[
                box.y + region.value_height // 2 : box.bottom : region.value_height,
                box.x + region.value_width // 2 : box.right : region.value_width,
            ]
            # Positive values are blue, negative ones red, and the stronger the less white.
            strong = abs(each) > 0.25 * abs(each).max()
            assert ((middle[..., 2] > middle[..., 0]) == (each > 0))[strong].all()
    tops = [min(box.y for box in region.boxes) for region in regions]
    assert tops[:3] == tops[3:]
    assert tops[0] < tops[1] < tops[2]


@pytest.mark.parametrize(("factor", "kinds"), [(1.0, [ColorbarDrawing]), (10.0, [LayerKey, LayerKey])])
def test_one_key_where_scales_agree_or_one_per_layer(
    factor: float, kinds: list[type], tmp_path: Path
) -> None:
    laid = draw(record(tmp_path / "run", factor=factor), theme={**SMALL_TYPE, "limits": "symmetric"})
    assert [type(key) for key in drawing_of(laid)._keys] == kinds


def test_of_many_layers_eight_are_spread_by_depth(tmp_path: Path) -> None:
    drawing = drawing_of(draw(record(tmp_path / "run", layers=15), {"channels": 2}))
    assert [layer.tap for layer in drawing.way.layers] == [f"conv{n}" for n in range(1, 16, 2)]
    assert " ".join(drawing._note).startswith("8 of 15 layers, spread by depth.")


def test_what_is_left_out_is_said_and_words_count_what_is_drawn(tmp_path: Path) -> None:
    laid = draw(record(tmp_path / "run", samples=40), {"channels": 2})
    drawing, context = drawing_of(laid), laid.scene.context
    shown = drawing.way.samples
    assert shown < 40
    assert " ".join(drawing._note) == "Where a layer has more channels, those that differ most are shown."
    assert context.sample_indices == tuple(range(shown))
    assert len(context.pictures) == shown
    assert context.text_fields["inputs"] == f"{shown} of 40 samples"
    assert any(f"has room for {shown} of 40 samples" in note for note in laid.scene.notes)


def test_samples_that_other_panels_show_stay(tmp_path: Path) -> None:
    run = record(tmp_path / "run", samples=20)
    panels = {"inputs": {"labels": False}, "layers": {"channels": 2, "width": 868, "height": 300}}
    laid = lay_out(run, panels, canvas={"width": 900, "height": 500}, theme=SMALL_TYPE)
    shown = drawing_of(laid).way.samples
    assert shown < 20
    assert " ".join(drawing_of(laid)._note).endswith(f"The first {shown} of 20 samples.")
    assert laid.scene.context.text_fields["inputs"] == "20 samples"


def test_layers_that_were_not_recorded_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no layer 'conv9' was recorded"):
        draw(record(tmp_path / "run"), {"layers": ["conv9"]})


def test_it_draws_vectors_and_sequences(tmp_path: Path) -> None:
    taps = {"conv": noise(3, 2, 4, 1, 16), "dense": noise(3, 2, 10, 1, 1)}
    laid = draw(write_run(tmp_path / "run", taps))
    assert len(np.unique(laid.frame(2).reshape(-1, 3), axis=0)) > 20


def test_the_class_output_becomes_answers(tmp_path: Path) -> None:
    scores = np.zeros((3, 2, 4, 1, 1), np.float32)
    scores[:, 0, 1], scores[2, 1, 2] = 9, 9
    taps = {"conv": noise(3, 2, 4, 8), "out": scores}
    names: dict[str, Any] = {"classes": ["ant", "bee", "cat", "dog"], "labels": ["bee", "dog"]}
    laid = draw(write_run(tmp_path / "run", taps, bounds=None, **names))
    drawing = drawing_of(laid)
    assert [layer.tap for layer in drawing.way.layers] == ["conv"]
    assert "out" in laid.scene.taps
    assert drawing._answers is not None
    first, second = drawing._answers._boxes
    frame = laid.frame(2).astype(int)

    def count_colored(box: Any, color: tuple[int, int, int]) -> int:
        return int((frame[box.y : box.bottom, box.x : box.right] == color).all(axis=2).sum())

    theme = laid.scene.context.theme
    assert count_colored(first, theme.right) > 0 == count_colored(first, theme.wrong)
    assert count_colored(second, theme.wrong) > 0 == count_colored(second, theme.right)


@pytest.mark.parametrize("shape", [(4, 1, 96), (64, 1, 1)])
def test_vectors_and_sequences_share_the_width_of_the_box(shape: tuple[int, ...], tmp_path: Path) -> None:
    taps = {f"dense{n}": noise(3, 3, shape[0], shape[2])[..., :1, :] for n in (1, 2)}
    drawing = drawing_of(draw(write_run(tmp_path / "run", taps, bounds=None)))
    boxes = [box for region in drawing.cell_regions() if not region.is_picture for box in region.boxes]
    assert max(box.right for box in boxes) - min(box.x for box in boxes) > 0.6 * CANVAS["width"]


def test_a_greatest_number_of_samples_is_no_promise(tmp_path: Path) -> None:
    laid = draw(record(tmp_path / "run", samples=40), {"channels": 2}, samples={"show": {"first": 30}})
    assert drawing_of(laid).way.samples < 30
    assert not any("has room for" in note for note in laid.scene.notes)
