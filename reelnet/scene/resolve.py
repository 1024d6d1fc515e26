"""From a template and a run to a scene. Every mistake that depends on the run is found here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import TemplateError, UsageError, options
from reelnet.runs.run import Run
from reelnet.scene.facts import Facts
from reelnet.scene.frame import framed
from reelnet.scene.layout import Box, Size
from reelnet.scene.measure import told, with_channels
from reelnet.scene.palette import Ink, Palette
from reelnet.scene.panel import Drawing, Panel
from reelnet.scene.placing import place
from reelnet.scene.selection import may_show
from reelnet.scene.timeline import Timeline
from reelnet.template.spec import Template
from reelnet.template.timeline import HoldSpec


@dataclass(frozen=True)
class Scene:
    """A template resolved against a run.

    Attributes:
        facts: The numbers of the run.
        size: Of every frame; both sides are even, as video wants them.
        boxes: The panels' boxes, each with the panel's name in the template.
        drawings: The panels ready to be drawn, in drawing order.
        palette: Mixed: every colour has its index.
        background: The ink of the paper.
        timeline: Which step each frame shows.
        taps: The recorded places whose arrays the frames need.
    """

    facts: Facts
    size: Size
    boxes: tuple[tuple[str, Box], ...]
    drawings: tuple[Drawing, ...]
    palette: Palette
    background: Ink
    timeline: Timeline
    taps: tuple[str, ...]


def resolve(
    template: Template,
    run: Run,
    *,
    layer: str | None = None,
    scale: int | None = None,
    fps: float | None = None,
) -> Scene:
    """Lay a template out for a run.

    Args:
        template: What the author wrote.
        run: What was recorded.
        layer: The tap to show; the template's by default, or else the last recorded one that gives maps.
        scale: Factor by which maps are upscaled; the template's by default, or else the largest that fits.
        fps: Frames a second; the template's by default.

    Raises:
        TemplateError: The template says something that this run cannot show.
        UsageError: There is no such layer, or a scale or pace cannot be.
        RunError: The run is empty or damaged.
    """
    if scale is not None and not 1 <= scale <= 256:
        raise UsageError(f"scale {scale}: give a whole factor from 1 to 256")
    theme = template.theme
    with told(template, "samples", "show"):
        facts = Facts.of(run, layer or own_layer(template, run), theme, template.samples)
    try:
        frame = framed(template, with_channels(template, facts), scale)
    except TemplateError as error:
        raise TemplateError("\n".join([str(error), *_other_mistakes(template, facts, fps)])) from error
    facts, names = frame.facts, {id(panel): name for name, panel in template.panels.items()}
    placed = [(names[id(panel)], panel, box) for panel, box in place(frame.tree, frame.box)]
    palette = Palette(theme.levels)
    background = palette.ramp(theme.background, theme.background, 1)
    drawings = []
    for name, panel, box in placed:
        with told(template, "panels", name):
            drawings.append(panel.place(facts, box, palette))
    with told(template, "panels"):
        palette.mix()
    return Scene(
        facts=facts,
        size=frame.size,
        boxes=tuple((name, box) for name, _, box in placed),
        drawings=tuple(drawings),
        palette=palette,
        background=background,
        timeline=_timeline(template, facts, fps, [panel for _, panel, _ in placed]),
        taps=tuple(dict.fromkeys(tap for _, panel, _ in placed for tap in panel.taps(facts))),
    )


def own_layer(template: Template, run: Run) -> str | None:
    """The layer that the template names, if it names one.

    Raises:
        TemplateError: It was not recorded.
    """
    if template.layer is not None and template.layer not in run.taps:
        what = f"no layer {template.layer!r} was recorded; {options(template.layer, run.taps)}"
        raise TemplateError(template.places.line(("layer",), what))
    return template.layer


def _other_mistakes(template: Template, facts: Facts, fps: float | None) -> list[str]:
    """What else is wrong, where the layout is already; so that an author sees it all at once."""
    try:
        _timeline(template, facts, fps, [])
    except TemplateError as error:
        return [str(error)]
    return []


def _timeline(template: Template, facts: Facts, fps: float | None, panels: Sequence[Panel]) -> Timeline:
    def change() -> NDArray[np.float64]:
        return facts.survey.changes(facts.layer).by_step

    # An output may show only a part of the steps, and then not those at which a panel would rest.
    asked = [
        HoldSpec(step=step, seconds=seconds)
        for panel in panels
        for step, seconds in panel.holds(facts)
        if may_show(template.timeline, step)
    ]
    spec = template.timeline.model_copy(update={"holds": (*template.timeline.holds, *asked)})
    try:
        return Timeline.of(spec, facts.steps, fps=fps, change=change)
    except TemplateError as error:
        place = template.places.find(("timeline",))
        raise TemplateError(f"{place}: {error}" if place else str(error)) from error
