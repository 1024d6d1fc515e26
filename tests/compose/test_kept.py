"""What is as it was is copied: the same pixels, with less drawing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from reelnet.render.canvas import stamp
from reelnet.render.compositor import Compositor, Kept, alone, kept
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas
from tests.conftest import MakeRun


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


def test_a_drawing_that_rests_draws_once_a_state(make_run: MakeRun) -> None:
    snapshot = make_run().snapshot(0, ["conv1"])
    square = Square(Box(2, 1, 3, 2))
    (panel,) = kept([square], [square.box])
    assert isinstance(panel, Kept)
    for number in range(6):
        canvas = np.zeros((4, 8), np.uint8)
        panel.draw(canvas, FrameState(snapshot, number, Fraction(0)))
        wanted = np.zeros((4, 8), np.uint8)
        wanted[1:3, 2:5] = 10 + number // 2
        assert (canvas == wanted).all()
    assert square.drawn == 3


def test_what_lies_over_or_beside_another_draws_itself() -> None:
    boxes = [Box(0, 0, 4, 4), Box(4, 0, 4, 4), Box(20, 0, 4, 4)]
    # A hairline around the one reaches into the other.
    assert [alone(number, boxes) for number in range(3)] == [False, False, True]


def test_frames_are_the_same_in_any_order(make_run: MakeRun) -> None:
    run = make_run(
        taps={"conv1": (4, 3, 7, 7), "out": (4, 5, 1, 1)},
        steps=range(9),
        metrics=lambda step: {"loss": 1 / (1 + step)},
    )
    scene = run.reel("annotated", layer="conv1").scene
    one = Compositor(scene, run)
    for step in (0, 5, 5, 2, 8, 0, 7):
        assert (one.canvas(step) == Compositor(scene, run).canvas(step)).all()


def test_shapes_are_shaded_alike_whether_they_may_change_or_not() -> None:
    ink = Ink(np.zeros((16, 3), np.uint8))
    ink.indices = np.arange(100, 116, dtype=np.uint8)
    mask = np.random.default_rng(0).integers(0, 256, (5, 7), np.uint8)
    fixed = mask.copy()
    fixed.flags.writeable = False
    for x, y in ((3, 2), (-2, 1), (9, -3), (8, 4), (40, 40)):
        first, second = np.zeros((8, 12), np.uint8), np.zeros((8, 12), np.uint8)
        stamp(first, mask, ink, x, y)
        stamp(second, fixed, ink, x, y)
        assert (first == second).all()
        wanted = np.zeros((30, 60), np.uint8)
        shade = np.floor((mask.astype(float) * 15 + 127) / 255).astype(np.uint8)
        if x + 10 < 50 and y + 10 < 25:
            part = wanted[y + 10 : y + 15, x + 10 : x + 17]
            part[shade > 0] = 100 + shade[shade > 0]
        assert (first == wanted[10:18, 10:22]).all()
