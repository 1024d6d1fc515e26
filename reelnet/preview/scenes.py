"""The scenes that a preview has laid out last, and what is wrong with those that it could not lay out."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelnet.config.diagnostics import Diagnostic, InvalidTemplate
from reelnet.errors import TemplateError
from reelnet.export.fitting_template import load_template_for
from reelnet.preview.answer import View
from reelnet.preview.files.family import Family
from reelnet.preview.files.template_files import TemplateFiles, shorten_path
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.run import RunReader

MAX_SCENES = 4
"""Scenes that are kept. One holds a few pictures of its size."""


@dataclass(frozen=True)
class SceneRequest:
    """What decides a scene.

    Attributes:
        family: What decides what the template says; its first text is the template's.
        layer: The layer; None for the template's.
        density: Output pixels per pixel of the layout, unless the template decides it.
    """

    family: Family
    layer: str | None
    density: int


class Scenes:
    """Lays out views, and keeps the last few scenes.

    Args:
        run: The run.
        files: The templates.

    Attributes:
        run: The run.
        last: The valid layout that was asked for last; None if there is none of what the run is now.
    """

    def __init__(self, run: RunReader, files: TemplateFiles) -> None:
        self.run, self._files = run, files
        self.last: Rendition | None = None
        self._kept: OrderedDict[SceneRequest, Rendition | tuple[Diagnostic, ...]] = OrderedDict()

    def clear(self) -> None:
        """Forget all scenes, since the run has changed."""
        self._kept.clear()
        self.last = None

    def lay_out(self, view: View, density: int) -> Rendition:
        """Lay out a view.

        Args:
            view: The view.
            density: Output pixels per pixel of the layout, unless the template decides it.

        Raises:
            InvalidTemplate: The template is invalid or does not fit the run.
            UsageError: The layer was not recorded, or the page may not name the template.
            RunError: The run is empty or damaged.
        """
        request = SceneRequest(Family.find(self._files.find_source(view)), view.layer, density)
        if request not in self._kept:
            try:
                self._kept[request] = self.resolve(request.family, request.layer, density)
            except InvalidTemplate as error:
                self._kept[request] = error.diagnostics
            if len(self._kept) > MAX_SCENES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(request)
        kept = self._kept[request]
        if isinstance(kept, Rendition):
            self.last = kept
            return kept
        raise InvalidTemplate(kept)

    def resolve(self, family: Family, layer: str | None, density: int) -> Rendition:
        """Lay out a template without keeping it; see `lay_out`.

        Args:
            family: The template, with all that decides it.
            layer: The layer; None for the template's.
            density: Output pixels per pixel of the layout, unless the template decides it.
        """
        template = load_template_for(self.run, family.texts[0], (), layer)
        request = LayoutRequest(template, layer)
        fixed = request.fixed_density
        scene = request.resolve(self.run, fixed) if fixed else request.resolve_up_to(self.run, density)
        return Rendition(scene, self.run, request)


def describe_panels(rendition: Rendition) -> list[dict[str, Any]]:
    """The panels of a scene for the page, in drawing order, with boxes in CSS pixels."""
    content = rendition.request.template.content.get("panels")
    described = content if isinstance(content, dict) else {}
    found = []
    for name, box in rendition.scene.boxes:
        own = described.get(name)
        kind = own.get("kind", name) if isinstance(own, dict) else name
        corners = (box.x, box.y, box.width, box.height)
        found.append({"name": name, "kind": str(kind), "box": [each / rendition.density for each in corners]})
    return found


def diagnose(error: TemplateError, file: Path) -> list[dict[str, Any]]:
    """What is wrong with a template, for the page.

    Args:
        error: What was raised.
        file: The file of the template.
    """
    if isinstance(error, InvalidTemplate):
        return [_as_json(each, file) for each in error.diagnostics]
    lines = str(error).splitlines() or [""]
    return [
        {
            "file": shorten_path(file),
            "line": 0,
            "column": 0,
            "key": "",
            "message": " ".join(lines),
            "here": True,
        }
    ]


def _as_json(found: Diagnostic, file: Path) -> dict[str, Any]:
    position = found.position
    return {
        "file": shorten_path(position.file) if position.file else "",
        "line": position.line,
        "column": position.column,
        "key": found.key,
        "message": found.message,
        "here": position.file == str(file),
    }
