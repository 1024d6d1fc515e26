"""The figure of a view: all its steps, described for the page, with the levels of its maps."""

from __future__ import annotations

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

    def clear(self) -> None:
        """Forget all figures, since the run has changed."""
        self._kept.clear()

    def describe(self, rendition: Rendition, on_step: OnStep) -> FigureData:
        """Describe all steps of a rendition.

        Raises:
            TooLargeError: It has too many values.
            RunError: The file of a step is missing, truncated or altered.
        """
        key = id(rendition)
        if key not in self._kept:
            data = _describe(rendition, on_step)
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
