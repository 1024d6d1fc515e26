"""The layers that a user names for a figure or for several files, each laid out like the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.header import displayable_layers
from reelnet.runs.run import RunReader

ALL_LAYERS = "all"
"""In place of a name: every layer with maps."""


def select_layers(run: RunReader, names: Sequence[str]) -> list[str]:
    """The named layers, each once and in this order, or with `all` among the names every layer with maps."""
    return displayable_layers(run.taps) if ALL_LAYERS in names else list(dict.fromkeys(names))


def lay_out_layers(run: RunReader, request: LayoutRequest, names: Sequence[str]) -> list[Rendition]:
    """Lay a request out once per layer; without names for the layer of the request.

    Raises:
        UsageError: A layer was not recorded, or the scale or frame rate is out of range.
        TemplateError: The template does not fit a layer; the error has the mistakes for all layers.
        RunError: The run is empty or damaged.
    """
    errors, renditions = ErrorCollector(request.template.source_map), list[Rendition]()
    for name in names or (request.layer,):
        with errors.collect():
            renditions.append(Rendition.from_request(run, replace(request, layer=name)))
    errors.raise_errors()
    return renditions
