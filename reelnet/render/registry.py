"""All kinds of panels: reelnet's own, and those that other packages offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import metadata

from reelnet._support.text import one_line
from reelnet.errors import TemplateError
from reelnet.render.panels.annotations.captions import Captions
from reelnet.render.panels.basic.image import Image
from reelnet.render.panels.basic.small_panels import Counter, Progress, Spacer
from reelnet.render.panels.basic.text import Text
from reelnet.render.panels.charts.curve import Curve
from reelnet.render.panels.charts.histogram import Histogram
from reelnet.render.panels.maps.channels import Channels, Filmstrip
from reelnet.render.panels.maps.colorbar import Colorbar
from reelnet.render.panels.maps.inputs import Inputs
from reelnet.render.panels.maps.weights import Weights
from reelnet.render.panels.predictions.predictions import Predictions
from reelnet.scene.panel import Panel

ENTRY_POINT_GROUP = "reelnet.panels"
"""Entry points of other packages: the name is the kind, the object a subclass of `reelnet.panels.Panel`."""

PANELS: Mapping[str, type[Panel]] = {
    "captions": Captions,
    "channels": Channels,
    "colorbar": Colorbar,
    "counter": Counter,
    "curve": Curve,
    "filmstrip": Filmstrip,
    "histogram": Histogram,
    "image": Image,
    "inputs": Inputs,
    "predictions": Predictions,
    "progress": Progress,
    "spacer": Spacer,
    "text": Text,
    "weights": Weights,
}
"""reelnet's own panels, by the kind that templates name."""


class PanelRegistry(Mapping[str, type[Panel]]):
    """Kinds of panels by name. A panel of another package is imported only when a template asks for it."""

    def __init__(self) -> None:
        points = metadata.entry_points(group=ENTRY_POINT_GROUP)
        self._points = {point.name: point for point in points if point.name not in PANELS}

    def __getitem__(self, kind: str) -> type[Panel]:
        return PANELS[kind] if kind in PANELS else _load_panel(self._points[kind])

    def __iter__(self) -> Iterator[str]:
        yield from (*PANELS, *self._points)

    def __len__(self) -> int:
        return len(PANELS) + len(self._points)

    def __contains__(self, kind: object) -> bool:
        return kind in PANELS or kind in self._points


@lru_cache(maxsize=1)
def panel_registry() -> PanelRegistry:
    """All kinds of panels of this installation."""
    return PanelRegistry()


def _load_panel(point: metadata.EntryPoint) -> type[Panel]:
    """Import the panel of an entry point.

    Raises:
        TemplateError: It cannot be imported, or is not a panel.
    """
    package = point.dist.name if point.dist is not None else point.value
    try:
        panel = point.load()
    # Importing another package may raise anything; the message must name the package at fault.
    except Exception as error:
        message = f"panel {point.name!r} of {package} cannot be loaded: {one_line(error)}"
        raise TemplateError(message) from error
    if not (isinstance(panel, type) and issubclass(panel, Panel)):
        message = f"{point.value} is not a subclass of reelnet.panels.Panel"
        raise TemplateError(f"panel {point.name!r} of {package}: {message}")
    return panel
