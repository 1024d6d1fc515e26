"""From a template and a run to a scene. Every mistake that depends on the run is found here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any

from reelnet.errors import TemplateError, UsageError, options
from reelnet.runs.run import Run
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Group, Leaf, Size, place
from reelnet.scene.palette import Ink, Palette
from reelnet.scene.panel import Drawing, Panel
from reelnet.scene.timeline import Timeline
from reelnet.template.spec import PanelSpec, Stack, Template

LARGEST = 16_384
"""Pixels a side; more than any encoder here takes."""

MOST_PIXELS = 4096
"""What an option of a panel may be: a size of type, a length, a height."""

RHYTHM = 8
"""Panels' heights are multiples of this many pixels, and so the cells' rows fall into step with H.264's 8×8
transform blocks: the same frames of 56-pixel cells take a sixth of the bytes that they take out of step."""


@dataclass(frozen=True)
class Scene:
    """A template resolved against a run.

    Attributes:
        facts: The numbers of the run.
        size: Of every frame; both sides are even, as video wants them.
        drawings: The panels in their boxes, in drawing order.
        palette: Mixed: every colour has its index.
        background: The ink of the paper.
        timeline: Which step each frame shows.
    """

    facts: Facts
    size: Size
    drawings: tuple[Drawing, ...]
    palette: Palette
    background: Ink
    timeline: Timeline


def resolve(
    template: Template,
    run: Run,
    panels: Mapping[str, type[Panel]],
    *,
    layer: str | None = None,
    scale: int | None = None,
    fps: float | None = None,
) -> Scene:
    """Lay a template out for a run.

    Args:
        template: What the author wrote.
        run: What was recorded.
        panels: Every kind of panel by name.
        layer: The tap to show; the last recorded one by default.
        scale: Factor by which maps are upscaled; by default the largest whole one that fits the theme's cell.
        fps: Steps a second; the template's by default.

    Raises:
        TemplateError: A panel or an option of it does not exist.
        UsageError: There is no such layer, or a scale or pace cannot be.
        RunError: The run is empty or damaged.
    """
    facts = Facts.of(run, layer, template.theme, scale)
    tree = _measure(template.layout, template.name, facts, panels)
    if tree is None:
        raise TemplateError(f"template {template.name!r}: has no panel that this run could fill")
    size = Size(tree.size.width + tree.size.width % 2, tree.size.height + tree.size.height % 2)
    if max(size.width, size.height) > LARGEST:
        raise UsageError(
            f"a frame of {size.width}×{size.height} pixels is too large (at most {LARGEST} a side); "
            f"give a smaller scale, or another layer than {facts.layer!r} with --layer (layer=…)"
        )
    palette = Palette()
    background = palette.ramp(template.theme.background, template.theme.background, 1)
    whole = Box(0, 0, tree.size.width, tree.size.height)
    drawings = tuple(panel.place(facts, box, palette) for panel, box in place(tree, whole))
    palette.mix()
    return Scene(facts, size, drawings, palette, background, Timeline(facts.steps, _pace(fps, template.fps)))


def _pace(fps: float | None, usual: float) -> Fraction:
    pace = usual if fps is None else fps
    if not 0.01 <= pace <= 1000:
        raise UsageError(f"fps {pace}: give from 0.01 to 1000 frames a second")
    return Fraction(str(pace)).limit_denominator(1001)


def _measure(
    node: Stack | PanelSpec, where: str, facts: Facts, panels: Mapping[str, type[Panel]]
) -> Leaf[Panel] | Group[Panel] | None:
    if isinstance(node, PanelSpec):
        panel = _panel(node, where, panels)
        size = panel.natural_size(facts)
        if size is None:
            return None
        return Leaf(panel, Size(size.width, -(-size.height // RHYTHM) * RHYTHM), panel.grow)
    measured = [_measure(item, where, facts, panels) for item in node.items]
    items = [item for item in measured if item is not None]
    return Group(node.direction, items, node.gap, node.padding) if items else None


def _panel(spec: PanelSpec, where: str, panels: Mapping[str, type[Panel]]) -> Panel:
    if spec.kind not in panels:
        raise TemplateError(f"template {where!r}: no panel {spec.kind!r}; {options(spec.kind, panels)}")
    kind = panels[spec.kind]
    known: dict[str, Any] = {each.name: each.type for each in fields(kind)} if is_dataclass(kind) else {}
    for key, value in spec.options.items():
        if key not in known:
            raise TemplateError(
                f"template {where!r}: panel {spec.kind}: no option {key!r}; {options(key, known)}"
            )
        if type(value).__name__ != known[key]:
            raise TemplateError(
                f"template {where!r}: panel {spec.kind}: {key} {value!r} is not of type {known[key]}"
            )
        if known[key] == "int" and not 1 <= value <= MOST_PIXELS:
            raise TemplateError(
                f"template {where!r}: panel {spec.kind}: {key} {value}: give from 1 to {MOST_PIXELS} pixels"
            )
    return kind(**spec.options)
