"""Cached drawings: the same pixels with less drawing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from reelnet.render.compositor import Compositor, DrawingCache, cache_drawings
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.panel import Canvas
from tests.make_run import MakeRun


class Square:
    """Fills its box with a number that changes every second step, and counts how often it draws."""

    def __init__(self, box: Box) -> None:
        self.box, self.drawn = box, 0

    def cache_key(self, state: FrameState) -> int:
        return state.step_index // 2

    def draw_still(self, canvas: Canvas) -> None:
        return

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        self.drawn += 1
        canvas[self.box.y : self.box.bottom, self.box.x : self.box.right] = 10 + self.cache_key(state)


def test_a_cached_drawing_is_drawn_once_per_key(make_run: MakeRun) -> None:
    snapshot = make_run().snapshot(0, ["conv1"])
    square = Square(Box(2, 1, 3, 2))
    (panel,) = cache_drawings([square], [square.box])
    assert isinstance(panel, DrawingCache)
    for number in range(6):
        canvas = np.zeros((4, 8), np.uint8)
        panel.draw(canvas, FrameState(snapshot, number, Fraction(0)))
        wanted = np.zeros((4, 8), np.uint8)
        wanted[1:3, 2:5] = 10 + number // 2
        assert (canvas == wanted).all()
    assert square.drawn == 3


def test_drawings_that_touch_others_are_not_cached() -> None:
    boxes = [Box(0, 0, 4, 4), Box(4, 0, 4, 4), Box(20, 0, 4, 4)]
    # A hairline around the one reaches into the other.
    drawings = cache_drawings([Square(box) for box in boxes], boxes)
    assert [isinstance(drawing, DrawingCache) for drawing in drawings] == [False, False, True]


def test_frames_are_the_same_in_any_order(make_run: MakeRun) -> None:
    run = make_run(
        taps={"conv1": (4, 3, 7, 7), "out": (4, 5, 1, 1)},
        steps=range(9),
        metrics=lambda step: {"loss": 1 / (1 + step)},
    )
    scene = run.reel("annotated", layer="conv1").scene
    one = Compositor(scene, run)
    for step in (0, 5, 5, 2, 8, 0, 7):
        assert (one.draw_step(step) == Compositor(scene, run).draw_step(step)).all()
