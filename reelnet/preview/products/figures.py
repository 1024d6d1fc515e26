"""The figure of a view: all its steps, described for the page, with the levels of its maps."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reelnet.errors import ReelnetError
from reelnet.export.html.figure import MAX_STEPS, Figure, count_values
from reelnet.render.rendition import Rendition

MAX_VALUES = 100_000_000
"""Values of maps at all steps, one byte each, that a page gets."""

MAX_KEPT, MAX_KEPT_BYTES = 3, 16_000_000
"""Figures that are kept, and the bytes of levels that one of them may have."""

OnStep = Callable[[int, int], None]
"""Called with the number of steps that are described, and of all. What it raises ends the description."""


class TooLargeError(ReelnetError):
    """A figure is too large for a page."""


@dataclass(frozen=True)
class FigureData:
    """A figure for the page.

    Attributes:
        scene: What the script draws; each layer's `data` is the number of a buffer.
        levels: The levels of each layer.
    """

    scene: Mapping[str, Any]
    levels: tuple[bytes, ...]


class Figures:
    """Describes figures, and keeps the last small ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Rendition, FigureData]] = OrderedDict()
        self._ended, self._seconds_per_step = -math.inf, 0.0

    def clear(self) -> None:
        """Forget all figures, since the run has changed."""
        self._kept.clear()

    def describe(self, rendition: Rendition, on_step: OnStep, *, max_load: float | None = None) -> FigureData:
        """Describe all steps of a rendition.

        Args:
            rendition: The rendition.
            on_step: Called after each step.
            max_load: The part of a processor that may be spent on figures; None for no limit.

        Raises:
            TooLargeError: It has too many values, or the last figure was described too recently.
            RunError: The file of a step is missing, truncated or altered.
        """
        key = id(rendition)
        if key not in self._kept:
            steps, start = len(rendition.scene.context.steps), time.thread_time()
            if max_load is not None:
                seconds = self._seconds_per_step * steps / max_load - (time.monotonic() - self._ended)
                if seconds > 0:
                    raise TooLargeError(
                        f"while the run is recorded, it can be played again in {seconds:.0f} s"
                    )
            try:
                data = _describe(rendition, on_step)
            finally:
                # One that is overtaken has cost its time, too.
                self._ended, self._seconds_per_step = time.monotonic(), (time.thread_time() - start) / steps
            if sum(map(len, data.levels)) > MAX_KEPT_BYTES:
                return data
            # The rendition stays, so that no other one gets its number.
            self._kept[key] = rendition, data
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][1]


def _describe(rendition: Rendition, on_step: OnStep) -> FigureData:
    steps = len(rendition.with_steps(MAX_STEPS).timeline.steps_shown)
    values = steps * count_values(rendition)
    if values > MAX_VALUES:
        raise TooLargeError(
            f"{values:,} values in {steps:,} steps; up to {MAX_VALUES:,} can be played here. Show fewer "
            "channels, samples or steps"
        )
    # A preview shows the colors of the file, whatever scheme the page has.
    figure = Figure.from_renditions([rendition], on_step, has_dark=False)
    scene = figure.make_scene([{"data": number} for number in range(len(figure.layers))])
    return FigureData(scene, tuple(layer.list_levels() for layer in figure.layers))
