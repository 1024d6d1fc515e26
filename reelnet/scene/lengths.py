"""The lengths that a template gives, and which of them can have made a frame too large."""

from __future__ import annotations

from collections.abc import Iterator

from reelnet.scene.view import USUAL_BOX
from reelnet.template.misfit import Path
from reelnet.template.spec import Stack, Template
from reelnet.template.theme import Theme
from reelnet.template.words import Words

PLENTY = 100
"""Pixels below which a length alone makes no frame too large."""


def longest(template: Template) -> Path | None:
    """The key of the scale, or else of the greatest length, that makes the frame as large as it is."""
    if template.canvas.scale is not None:
        return "canvas", "scale"
    found = [*of_theme(template), *of_parts(template)]
    path, pixels = max(found, key=lambda each: each[1], default=((), 0))
    return path if pixels > PLENTY else None


def of_theme(template: Template) -> Iterator[tuple[Path, int]]:
    """The theme's lengths that are greater than usual."""
    usual = Theme()
    for key in ("cell", "text", "title"):
        pixels = getattr(template.theme, key)
        if pixels is not None and pixels > (getattr(usual, key) or USUAL_BOX):
            yield ("theme", key), pixels


def of_parts(template: Template) -> Iterator[tuple[Path, int]]:
    """Those of the canvas, of stacks and of panels."""
    yield from written(template.canvas, ("canvas",))
    for name, panel in template.panels.items():
        yield from written(panel, ("panels", name))
    yield from of_stack(template.layout)


def of_stack(stack: Stack) -> Iterator[tuple[Path, int]]:
    """Those of a stack and of all within."""
    yield from written(stack.options, stack.path)
    for item in stack.items:
        if isinstance(item, Stack):
            yield from of_stack(item)


def written(part: Words, path: Path) -> Iterator[tuple[Path, int]]:
    """The whole numbers that an author gave in one part."""
    for name in part.model_fields_set:
        value, alias = getattr(part, name), type(part).model_fields[name].alias
        if isinstance(value, int) and not isinstance(value, bool):
            yield (*path, alias or name), value
