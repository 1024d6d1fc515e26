"""Draws the frames of a scene. What is the same in every frame is drawn once; what often repeats is cached."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from reelnet.render.description.described_canvas import DescribedCanvas
from reelnet.render.description.items import PanelDescription
from reelnet.runs.run import RunReader
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import ColorDepth
from reelnet.scene.panel import CachedDrawing, Canvas, Drawing
from reelnet.scene.resolve import Scene

LevelSource = Callable[[int], Mapping[str, NDArray[np.uint8]]]
"""Returns the levels to draw for the frame at a position in the timeline, from 0; see `FrameState.levels`."""


@dataclass(frozen=True)
class Frame:
    """One picture of the animation.

    Attributes:
        indices: Palette indices (height, width): uint8, or uint16 if the palette needs more than 255 colors.
        pts: When it appears, in seconds from the start.
        duration: How long it stays, in seconds.
    """

    indices: Canvas
    pts: Fraction
    duration: Fraction

    @property
    def end(self) -> Fraction:
        """When the next frame replaces it, in seconds from the start."""
        return self.pts + self.duration


class Compositor:
    """Draws frames one at a time.

    Args:
        scene: What is shown where.
        run: The run of the scene.
        depth: How many colors the frames may have.

    Raises:
        ReelnetError: The scene needs more colors.
    """

    def __init__(self, scene: Scene, run: RunReader, depth: ColorDepth = ColorDepth.FULL) -> None:
        self._scene, self._run = scene, run
        self._step_indices = {step: index for index, step in enumerate(scene.context.steps)}
        shape, dtype = (scene.size.height, scene.size.width), scene.palette.index_dtype(depth)
        self._still: Canvas = np.full(shape, scene.background.indices[0], dtype)
        self._drawings = cache_drawings(scene.drawings, [box for _, box in scene.boxes])
        for drawing in self._drawings:
            drawing.draw_still(self._still)

    def frames(self, levels: LevelSource | None = None, positions: range | None = None) -> Iterator[Frame]:
        """The frames of the timeline in order; one at a time is in memory.

        Args:
            levels: Returns the levels to draw in place of the recorded values; None draws the recorded values.
            positions: Positions in the timeline to draw, from 0; None draws all.

        Raises:
            RunError: A step's file is missing, truncated or altered.
        """
        for position in range(len(self._scene.timeline)) if positions is None else positions:
            frame = self._scene.timeline.frames[position]
            is_thumbnail = position == 0 and self._scene.timeline.thumbnail
            progress = Fraction(1) if is_thumbnail else self._progress_at(frame.pts)
            canvas = self._draw(self._make_state(frame.step, progress, levels and levels(position)))
            yield Frame(canvas, frame.pts, frame.duration)

    def draw_step(self, step: int) -> Canvas:
        """The picture of one recorded step: palette indices (height, width).

        Raises:
            UsageError: The step was not recorded.
            RunError: The step's file is missing, truncated or altered.
        """
        return self._draw(self._find_state(step))

    def describe_still(self) -> list[PanelDescription]:
        """What each panel shows in every frame, in drawing order."""
        canvas = DescribedCanvas.start(np.full_like(self._still, self._scene.background.indices[0]))
        return self._describe(canvas, lambda drawing: drawing.draw_still(canvas))

    def describe_step(self, step: int) -> list[PanelDescription]:
        """What each panel shows of one recorded step, on top of what all panels show in every frame.

        Raises:
            UsageError: The step was not recorded.
            RunError: The step's file is missing, truncated or altered.
        """
        state, canvas = self._find_state(step), DescribedCanvas.start(self._still.copy())
        return self._describe(canvas, lambda drawing: drawing.draw(canvas, state))

    def _describe(self, canvas: DescribedCanvas, draw: Callable[[Drawing], None]) -> list[PanelDescription]:
        descriptions = []
        for (name, box), drawing in zip(self._scene.boxes, self._scene.drawings, strict=True):
            draw(drawing)
            descriptions.append(PanelDescription(name, box, tuple(canvas.take_items())))
        return descriptions

    def _find_state(self, step: int) -> FrameState:
        self._run.require_step(step)
        frames = self._scene.timeline.with_thumbnail(Fraction(0))
        frame = next((frame for frame in frames if frame.step == step), None)
        if frame is not None:
            return self._make_state(step, self._progress_at(frame.pts + self._scene.timeline.thumbnail))
        # For a step that the timeline skips, count recorded steps.
        progress = Fraction(self._step_indices[step], max(1, len(self._step_indices) - 1))
        return self._make_state(step, progress)

    def _progress_at(self, pts: Fraction) -> Fraction:
        start, last = self._scene.timeline.thumbnail, self._scene.timeline.frames[-1].pts
        return (pts - start) / (last - start) if last > start else Fraction(1)

    def _make_state(
        self, step: int, progress: Fraction, levels: Mapping[str, NDArray[np.uint8]] | None = None
    ) -> FrameState:
        snapshot = self._run.snapshot(step, self._scene.taps)
        return FrameState(snapshot, self._step_indices[step], progress, levels)

    def _draw(self, state: FrameState) -> Canvas:
        canvas = self._still.copy()
        for drawing in self._drawings:
            drawing.draw(canvas, state)
        return canvas


class DrawingCache:
    """Draws another drawing, and copies its pixels as long as its cache key stays the same.

    Args:
        drawing: What to draw.
        box: The pixels that it draws; no other drawing may touch them.
    """

    def __init__(self, drawing: CachedDrawing, box: Box) -> None:
        self._drawing, self._box = drawing, box
        self._cached: tuple[Hashable, Canvas] | None = None

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what is the same in every frame."""
        self._drawing.draw_still(canvas)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw one frame, or copy the cached pixels."""
        region = canvas[self._box.y : self._box.bottom, self._box.x : self._box.right]
        key = self._drawing.cache_key(state)
        if self._cached is not None and self._cached[0] == key:
            region[...] = self._cached[1]
            return
        self._drawing.draw(canvas, state)
        self._cached = key, region.copy()


def cache_drawings(drawings: Sequence[Drawing], boxes: Sequence[Box]) -> list[Drawing]:
    """Cache those drawings that allow it and whose boxes no other drawing touches."""
    return [
        DrawingCache(drawing, box)
        if isinstance(drawing, CachedDrawing) and _is_isolated(number, boxes)
        else drawing
        for number, (drawing, box) in enumerate(zip(drawings, boxes, strict=True))
    ]


def _is_isolated(number: int, boxes: Sequence[Box]) -> bool:
    """Whether no other box, including the hairline around it, overlaps the box of this number."""
    own = boxes[number]
    others = [box.expand(1) for index, box in enumerate(boxes) if index != number]
    return not any(
        max(own.x, box.x) < min(own.right, box.right) and max(own.y, box.y) < min(own.bottom, box.bottom)
        for box in others
    )
