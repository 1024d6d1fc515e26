"""Forecasts of the size of files, for the page."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from reelnet.export.encoders.formats import FIGURE, is_figure
from reelnet.export.encoders.png import encode_png
from reelnet.export.html.figure import Figure
from reelnet.export.rate_control.forecast import Estimate, Forecast, forecast
from reelnet.preview.answer import Answer
from reelnet.preview.products.target import Target
from reelnet.render.rendition import Rendition

Pause = Callable[[], None]


class Forecasts:
    """Forecasts files of one rendition after the other; what was measured for the last one is kept."""

    def __init__(self) -> None:
        self._rendition: Rendition | None = None
        self._known: dict[Hashable, Estimate | None] = {}

    def ask(self, rendition: Rendition, target: Target, pause: Pause) -> Answer:
        """Forecast a file.

        Args:
            rendition: What it shows.
            target: The file.
            pause: Called now and then.

        Raises:
            UsageError: The platform does not take the format.
            TemplateError: The format has too few colors.
            RunError: The file of a step is missing, truncated or altered.
        """
        if self._rendition is not rendition:
            self._rendition, self._known = rendition, {}
        request = target.make_request(rendition, Path())
        if is_figure(request.path):
            found = self._forecast_figure(rendition, pause)
        else:
            found = forecast(request, pause, self._known)
        json: dict[str, Any] = {
            "suffix": request.path.suffix,
            "bytes": found.bytes,
            "is_exact": found.is_exact,
            "cap": request.options.resolve(request.path).constraints.max_bytes,
            "fits": found.fits,
            "words": found.words,
        }
        if found.rendition is None:
            return Answer(json)
        shown, depth = found.rendition, request.options.resolve(request.path).fmt.color_depth
        picture = shown.draw_step(shown.timeline.steps_shown[-1], depth)
        return Answer(json, (encode_png(picture, shown.palette_rgb, fast=True),))

    def _forecast_figure(self, rendition: Rendition, pause: Pause) -> Forecast:
        """An interactive figure is made, since its size depends on what repeats."""
        shown = rendition.with_default_density(FIGURE.density)
        figure = Figure.from_renditions([shown], lambda done, total: pause())
        page = figure.make_page([layer.compress() for layer in figure.layers]).encode()
        return Forecast(len(page), True, True, (), shown)
