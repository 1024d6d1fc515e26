"""Scene × snapshots → frames.

What is as it was in the frame before is copied, not drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reelnet.runs.run import RunReader
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import ColorDepth
from reelnet.scene.panel import CachedDrawing, Canvas, Drawing
from reelnet.scene.resolve import Scene

LevelSource = Callable[[int], Mapping[str, NDArray[np.uint8]]]
"""Gives for the number of a frame, from 0, the levels that taps are held at; see `FrameState.held`."""


@dataclass(frozen=True)
class Frame:
    """One picture of the animation.

    Attributes:
        indices: Palette indices (height, width): uint8, or uint16 where there are more than 255 colours.
        pts: When it appears, in seconds from the start.
        duration: How long it stays, in seconds.
    """

    indices: Canvas
    pts: Fraction
    duration: Fraction


class Compositor:
    """Draws frames one at a time; what does not change is drawn once.

    Args:
        scene: What is shown where.
        run: Of the scene.
        depth: How many colors the frames may have.

    Raises:
        ReelnetError: The scene needs more colors than that.
    """

    def __init__(self, scene: Scene, run: RunReader, depth: ColorDepth = ColorDepth.FULL) -> None:
        self._scene, self._run = scene, run
        self._numbers = {step: number for number, step in enumerate(scene.context.steps)}
        self._still: Canvas = np.full(
            (scene.size.height, scene.size.width),
            scene.background.indices[0],
            scene.palette.index_dtype(depth),
        )
        self._drawings = kept(scene.drawings, [box for _, box in scene.boxes])
        for drawing in self._drawings:
            drawing.draw_still(self._still)

    def frames(self, levels: LevelSource | None = None, positions: range | None = None) -> Iterator[Frame]:
        """The frames of the timeline in order; only one is in memory at a time.

        Args:
            levels: Gives the levels to draw in place of the recorded values; None draws these.
            positions: Positions in the timeline to draw alone; None draws all.

        Raises:
            RunError: A step's file is missing, truncated or altered.
        """
        for number in range(len(self._scene.timeline)) if positions is None else positions:
            shown = self._scene.timeline.frames[number]
            drawn = levels(number) if levels is not None else None
            yield Frame(self._drawn(shown.step, self._past(shown.pts), drawn), shown.pts, shown.duration)

    def canvas(self, step: int) -> Canvas:
        """The picture of one recorded step: palette indices (height, width).

        Raises:
            UsageError: There is no such step.
            RunError: The step's file is missing, truncated or altered.
        """
        self._run.require_step(step)
        shown = next((each for each in self._scene.timeline if each.step == step), None)
        if shown is not None:
            return self._drawn(step, self._past(shown.pts))
        # A step that the timeline leaves out has its place among those that were recorded.
        return self._drawn(step, Fraction(self._numbers[step], max(1, len(self._numbers) - 1)))

    def _past(self, pts: Fraction) -> Fraction:
        last = self._last_pts
        return pts / last if last else Fraction(1)

    @cached_property
    def _last_pts(self) -> Fraction:
        return max(shown.pts for shown in self._scene.timeline)

    def _drawn(
        self, step: int, past: Fraction, held: Mapping[str, NDArray[np.uint8]] | None = None
    ) -> Canvas:
        snapshot = self._run.snapshot(step, self._scene.taps)
        state = FrameState(snapshot, self._numbers[step], past, held)
        canvas = self._still.copy()
        for drawing in self._drawings:
            drawing.draw(canvas, state)
        return canvas


class Kept:
    """A drawing that rests, with the pixels of its box as they were last; nothing else may draw there."""

    def __init__(self, drawing: CachedDrawing, box: Box) -> None:
        self._drawing, self._box = drawing, box
        self._last: tuple[Hashable, Canvas] | None = None

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what is the same in every frame."""
        self._drawing.draw_still(canvas)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw what a frame shows, or copy it."""
        box, key, last = self._box, self._drawing.cache_key(state), self._last
        region = canvas[box.y : box.bottom, box.x : box.right]
        if last is not None and last[0] == key:
            region[...] = last[1]
            return
        self._drawing.draw(canvas, state)
        self._last = key, region.copy()


def kept(drawings: Sequence[Drawing], boxes: Sequence[Box]) -> list[Drawing]:
    """The drawings, of which those that rest and are alone in their boxes keep what they drew."""
    return [
        Kept(drawing, box) if isinstance(drawing, CachedDrawing) and alone(number, boxes) else drawing
        for number, (drawing, box) in enumerate(zip(drawings, boxes, strict=True))
    ]


def alone(number: int, boxes: Sequence[Box]) -> bool:
    """Whether no other box, with the hairline around it, reaches into one."""
    own = boxes[number]
    others = (each.expand(1) for place, each in enumerate(boxes) if place != number)
    return not any(
        max(own.x, each.x) < min(own.right, each.right) and max(own.y, each.y) < min(own.bottom, each.bottom)
        for each in others
    )
