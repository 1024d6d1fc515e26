"""All kinds of panels: reelnet's own, and those that other packages offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import metadata
from pkgutil import resolve_name
from typing import cast

from reelnet._support.text import one_line
from reelnet.errors import TemplateError
from reelnet.scene.panel import Panel

ENTRY_POINT_GROUP = "reelnet.panels"
"""Entry points of other packages: the name is the kind, the object a subclass of `reelnet.panels.Panel`."""

_PANEL_CLASSES = {
    "barcode": "history.barcode:Barcode",
    "belief": "answers.belief:Belief",
    "captions": "annotations.captions:Captions",
    "channels": "maps.channels:Channels",
    "colorbar": "maps.colorbar:Colorbar",
    "compass": "answers.compass:Compass",
    "counter": "basic.small_panels:Counter",
    "curve": "charts.curve:Curve",
    "evolution": "history.evolution:Evolution",
    "filmstrip": "history.filmstrip:Filmstrip",
    "filters": "maps.filters:Filters",
    "flow": "flow.flow:Flow",
    "histogram": "charts.histogram:Histogram",
    "image": "basic.image:Image",
    "inputs": "maps.inputs:Inputs",
    "layers": "flow.layer_table:LayerTable",
    "progress": "basic.small_panels:Progress",
    "race": "answers.race:Race",
    "says": "answers.says:Says",
    "spacer": "basic.small_panels:Spacer",
    "tally": "answers.tally:Tally",
    "text": "basic.text:Text",
    "verdict": "answers.verdict:Verdict",
    "weights": "maps.weights:Weights",
}


class OwnPanels(Mapping[str, type[Panel]]):
    """reelnet's own panels, by the kind that templates name. Each is imported when a template asks for it."""

    def __getitem__(self, kind: str) -> type[Panel]:
        return cast("type[Panel]", resolve_name(f"reelnet.render.panels.{_PANEL_CLASSES[kind]}"))

    def __iter__(self) -> Iterator[str]:
        return iter(_PANEL_CLASSES)

    def __len__(self) -> int:
        return len(_PANEL_CLASSES)

    def __contains__(self, kind: object) -> bool:
        return kind in _PANEL_CLASSES


PANELS = OwnPanels()


class PanelRegistry(Mapping[str, type[Panel]]):
    """Kinds of panels by name. A panel of another package is imported only when a template asks for it."""

    @cached_property
    def _points(self) -> Mapping[str, metadata.EntryPoint]:
        points = metadata.entry_points(group=ENTRY_POINT_GROUP)
        return {point.name: point for point in points if point.name not in PANELS}

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
