"""The progress bar fills in proportion to the elapsed time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.reel import Reel
from reelnet.render.panels.basic.small_panels import Progress
from reelnet.runs.snapshot import Snapshot
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from tests.make_run import Bytes, noise, write_run
from tests.render.panels.drawing import lay_out
from tests.rendering import to_pixels

ACCENT, FAINT, WHITE = (33, 102, 172), (222, 225, 229), (255, 255, 255)


def reel(tmp_path: Path, options: Mapping[str, Any]) -> Reel:
    run = write_run(tmp_path / "run", noise(3, 4, 1, 7))
    template = {"panels": {"progress": dict(options)}, "layout": {"column": ["channels", "progress"]}}
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(template), "utf-8")
    return run.reel(str(file))


def bar(tmp_path: Path, past: Fraction, options: Mapping[str, Any], box: Box) -> Bytes:
    """A bar in its box at a step after that part of the steps, uint8 (height, width, 3)."""
    context = replace(reel(tmp_path, {}).scene.context, steps=(0, 20, 30, 60))
    step_index = context.steps.index(int(60 * past))
    builder = PaletteBuilder()
    background = builder.ramp(context.theme.background, context.theme.background, 1)
    drawing = Progress(**options).place(context, box, builder)
    palette = builder.freeze()
    canvas = np.full((box.bottom, box.right), background.indices[0], np.uint8)
    drawing.draw_still(canvas)
    drawing.draw(canvas, FrameState(Snapshot(0, {}, {}), step_index))
    return palette.rgb[canvas]


@pytest.mark.parametrize("past", [Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)])
def test_it_fills_as_the_steps_pass(tmp_path: Path, past: Fraction) -> None:
    shown = bar(tmp_path, past, {"thickness": 4}, Box(10, 20, 300, 8))
    wanted = np.full((28, 310, 3), WHITE, np.uint8)
    wanted[22:26, 10:] = FAINT
    wanted[22:26, 10 : 10 + int(300 * past)] = ACCENT
    assert (shown == wanted).all()


def test_it_never_leaves_its_box(tmp_path: Path) -> None:
    shown = bar(tmp_path, Fraction(1), {"thickness": 12, "color": (1, 2, 3), "track": False}, Box(0, 6, 9, 2))
    assert (shown[:6] == WHITE).all()
    assert (shown[6:] == (1, 2, 3)).all()


def test_it_is_as_wide_as_its_column(tmp_path: Path) -> None:
    # The first row contains the outline of the cells.
    assert (to_pixels(reel(tmp_path, {"height": 6, "thickness": 6}).frame(0))[-5:] == FAINT).all()


def test_without_a_track_nothing_is_drawn_at_first(tmp_path: Path) -> None:
    options = {"height": 6, "thickness": 6, "track": False}
    assert (to_pixels(reel(tmp_path, options).frame(0))[-5:] == WHITE).all()


@pytest.mark.parametrize(("step_index", "filled"), [(0, 0), (2, 3), (3, 30), (4, 300)])
def test_steps_that_were_recorded_as_logarithms_fill_it_in_proportion(
    step_index: int, filled: int, tmp_path: Path
) -> None:
    steps = (0, 1, 10, 100, 1000)
    context = replace(reel(tmp_path, {}).scene.context, steps=steps)
    builder = PaletteBuilder()
    drawing = Progress().place(context, Box(0, 0, 300, 4), builder)
    palette = builder.freeze()
    canvas = np.zeros((4, 300), np.uint8)
    drawing.draw_still(canvas)
    drawing.draw(canvas, FrameState(Snapshot(steps[step_index], {}, {}), step_index))
    assert np.count_nonzero((palette.rgb[canvas][2] == ACCENT).all(axis=-1)) == filled


@pytest.mark.parametrize(("gray", "is_blank"), [(255, True), (0, False)])
def test_a_counter_stands_over_blank_paper_only(tmp_path: Path, gray: int, *, is_blank: bool) -> None:
    pictures = np.full((2, 28, 28), 255, np.uint8)
    pictures[0, 3, 2] = gray
    run = write_run(tmp_path / "run", {"conv1": (2, 2, 4, 4)}, pictures=pictures)
    counters = {
        "over": {"kind": "counter", "needs": "blank edge", "boxed": True},
        "above": {"kind": "counter", "needs": "no blank edge"},
    }
    boxes = dict(lay_out(run, {**counters, "inputs": {}}).scene.boxes)
    assert ("over" in boxes, "above" in boxes) == (is_blank, not is_blank)
