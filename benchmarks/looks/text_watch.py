"""Every line of text that a frame shows: where it is, on what, and in which panel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from reelnet.render import canvas as canvas_module
from reelnet.render.compositor import Compositor
from reelnet.render.rendition import Rendition
from reelnet.render.typography import TextStyle, rasterize_text
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import Ink
from reelnet.scene.panel import Canvas, Drawing

CORE = 128
"""Coverage from which a pixel belongs to the core of the text, 0 to 255."""


@dataclass(frozen=True)
class DrawnText:
    """A line of text as a frame shows it.

    Attributes:
        text: What it says.
        panel: Name of the panel that draws it.
        style: Its font size, in output pixels, and weight.
        box: The pixels that it covers, also those outside the canvas.
        is_still: Whether it is drawn once for all frames.
        ink: The palette index of its color.
        pixels: Rows and columns of the pixels of its core that are on the canvas.
        before: The palette indices that these pixels had before.
        after: The palette indices that they got.
    """

    text: str
    panel: str
    style: TextStyle
    box: Box
    is_still: bool
    ink: int
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]]
    before: NDArray[np.integer[Any]]
    after: NDArray[np.integer[Any]]


class TextWatch:
    """Collects the texts of one frame."""

    def __init__(self) -> None:
        self.texts: list[DrawnText] = []
        self.panel, self.is_still = "", False
        self._line: tuple[str, TextStyle, NDArray[np.uint8] | None] = ("", TextStyle(1), None)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch `write` within the block."""
        stamp = canvas_module._stamp

        def note_line(text: str, style: TextStyle) -> NDArray[np.uint8]:
            mask = rasterize_text(text, style)
            self._line = text, style, mask
            return mask

        def note_stamp(canvas: Canvas, mask: NDArray[np.uint8], ink: Ink, x: int, y: int) -> None:
            text, style, line = self._line
            if mask is not line:
                stamp(canvas, mask, ink, x, y)
                return
            pixels = find_core(canvas, mask, x, y)
            before = canvas[pixels]
            stamp(canvas, mask, ink, x, y)
            rows, columns = np.nonzero(mask)
            if not len(rows):
                return
            left, top = int(columns.min()), int(rows.min())
            box = Box(x + left, y + top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top)
            drawn = (int(ink.indices[-1]), pixels, before, canvas[pixels])
            self.texts.append(DrawnText(text, self.panel, style, box, self.is_still, *drawn))

        with (
            mock.patch.object(canvas_module, "rasterize_text", note_line),
            mock.patch.object(canvas_module, "_stamp", note_stamp),
        ):
            yield


def find_core(
    canvas: Canvas, mask: NDArray[np.uint8], x: int, y: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pixels of a canvas that a mask at (x, y) covers by half or more."""
    rows, columns = np.nonzero(mask >= CORE)
    rows, columns = rows + y, columns + x
    is_inside = (rows >= 0) & (rows < canvas.shape[0]) & (columns >= 0) & (columns < canvas.shape[1])
    return rows[is_inside], columns[is_inside]


@dataclass
class WatchedDrawing:
    """A drawing that tells the watch whose texts it draws. It is never cached."""

    drawing: Drawing
    panel: str
    watch: TextWatch

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what is the same in every frame."""
        self.watch.panel, self.watch.is_still = self.panel, True
        self.drawing.draw_still(canvas)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw one frame."""
        self.watch.panel, self.watch.is_still = self.panel, False
        self.drawing.draw(canvas, state)


@dataclass(frozen=True)
class WatchedFrame:
    """A frame and its texts.

    Attributes:
        step: The training step.
        indices: Palette indices (height, width).
        texts: In the order of drawing.
    """

    step: int
    indices: Canvas
    texts: tuple[DrawnText, ...]


def draw_frames(rendition: Rendition, steps: list[int]) -> list[WatchedFrame]:
    """Draw the frames of some recorded steps and note their texts."""
    watch = TextWatch()
    scene = rendition.scene
    drawings = tuple(
        WatchedDrawing(drawing, name, watch)
        for drawing, (name, _) in zip(scene.drawings, scene.boxes, strict=True)
    )
    with watch.watch():
        compositor = Compositor(replace(scene, drawings=drawings), rendition.run)
        stills = list(watch.texts)
        frames = []
        for step in steps:
            watch.texts.clear()
            indices = compositor.draw_step(step)
            frames.append(WatchedFrame(step, indices, (*stills, *watch.texts)))
    return frames
