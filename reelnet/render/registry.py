"""Every kind of panel: reelnet's own, and those that other packages offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import metadata

from reelnet.errors import TemplateError
from reelnet.render.panels import PANELS
from reelnet.scene.panel import Panel

GROUP = "reelnet.panels"
"""Entry points of other packages: the name is the kind, the object a subclass of `reelnet.panels.Panel`."""


class Registry(Mapping[str, type[Panel]]):
    """Kinds of panels by name. A package's panel is imported when a template asks for it, and not before."""

    def __init__(self) -> None:
        self._points = {point.name: point for point in metadata.entry_points(group=GROUP)}

    def __getitem__(self, kind: str) -> type[Panel]:
        if kind in PANELS:
            return PANELS[kind]
        return loaded(self._points[kind])

    def __iter__(self) -> Iterator[str]:
        yield from PANELS
        yield from (name for name in self._points if name not in PANELS)

    def __len__(self) -> int:
        return len({*PANELS, *self._points})

    def __contains__(self, kind: object) -> bool:
        return kind in PANELS or kind in self._points


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Every kind of panel of this installation."""
    return Registry()


def loaded(point: metadata.EntryPoint) -> type[Panel]:
    """The panel of an entry point.

    Raises:
        TemplateError: It cannot be imported, or is no panel.
    """
    origin = point.dist.name if point.dist is not None else point.value
    try:
        found = point.load()
    # Whatever another package does when it is imported is its own mistake, and must be told as such.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TemplateError(
            f"panel {point.name!r}: {origin} offers it, but cannot be loaded ({reason})"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Panel)):
        raise TemplateError(f"panel {point.name!r}: {point.value} of {origin} is no reelnet.panels.Panel")
    return found
