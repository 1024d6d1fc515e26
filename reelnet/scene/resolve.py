"""From a template and a run to a scene. Every mistake that depends on the run is found here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import ErrorCollector, error_context
from reelnet.errors import UsageError, suggest_names
from reelnet.runs.header import require_activation
from reelnet.runs.run import RunReader
from reelnet.scene.context import SceneContext, select_indices
from reelnet.scene.layout.boxes import Box, Size
from reelnet.scene.layout.canvas_fit import FittedLayout, fit_canvas
from reelnet.scene.layout.measure import check_unplaced, unplaced, with_channels
from reelnet.scene.layout.placement import place
from reelnet.scene.palette.palette import Ink, Palette, PaletteBuilder
from reelnet.scene.panel import Drawing, Panel
from reelnet.scene.timeline.timeline import Pause, Timeline, TimelinePlan
from reelnet.template.model import Template
from reelnet.template.selector import Selector


@dataclass(frozen=True)
class Scene:
    """A template resolved against a run.

    Attributes:
        context: The numbers of the run.
        size: Of every frame; both sides are even, as video wants them.
        boxes: The panels' boxes, each with the panel's name in the template.
        drawings: The panels ready to be drawn, in drawing order.
        palette: Its colors, with the index of each.
        background: The ink of the paper.
        timeline: Which step each frame shows.
        timeline_plan: What the timeline is made from.
        taps: The recorded places whose arrays the frames need.
        unplaced: What is to be said of panels that stand nowhere.
    """

    context: SceneContext
    size: Size
    boxes: tuple[tuple[str, Box], ...]
    drawings: tuple[Drawing, ...]
    palette: Palette
    background: Ink
    timeline: Timeline
    timeline_plan: TimelinePlan
    taps: tuple[str, ...]
    unplaced: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is no mistake, but may not be what the author has in mind."""
        pauses = (
            f"{name} asks for a pause, but none of its steps is shown"
            for name in self.timeline.unshown_pauses
        )
        return (*pauses, *self.unplaced)


def resolve(
    template: Template,
    run: RunReader,
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
        TemplateError: The template says something that this run cannot show; all of it is told.
        UsageError: There is no such layer, or a scale or pace cannot be.
        RunError: The run is empty or damaged.
    """
    if scale is not None and not 1 <= scale <= 256:
        raise UsageError(f"scale {scale}: give a whole factor from 1 to 256")
    run.require_steps()
    errors = ErrorCollector(template.source_map)
    context = understood(template, run, layer, errors)
    frame = timeline = None
    with errors.collect():
        frame = fit_canvas(template, with_channels(template, context), scale)
    check_unplaced(template, context, errors)
    with errors.collect("timeline"):
        plan = timed(template, context, resting(template, frame))
        timeline = plan.build(fps)
    if frame is None or timeline is None or errors:
        errors.raise_errors()
        raise AssertionError("what is missing was told")
    return painted(template, frame, plan, timeline)


def understood(template: Template, run: RunReader, layer: str | None, errors: ErrorCollector) -> SceneContext:
    """What the run means for the template; where that names what there is not, as if it named nothing.

    Args:
        template: What the author wrote.
        run: With at least one step.
        layer: The one that was asked for, instead of the template's.
        errors: Takes down what is wrong with the template's layer and samples.
    """
    if layer is None and template.layer is not None:
        with errors.collect("layer"):
            layer = recorded_layer(template.layer, run)
    samples = template.samples.model_copy(update={"show": Selector()})
    with errors.collect("samples", "show"):
        select_indices(template.samples.show, len(run.samples), "sample")
        samples = template.samples
    return SceneContext.from_run(run, layer, template.theme, samples)


def recorded_layer(layer: str, run: RunReader) -> str:
    """A layer that the template names.

    Raises:
        ValueError: It was not recorded, or is no layer.
    """
    if layer not in run.taps:
        raise ValueError(f"no layer {layer!r} was recorded; {suggest_names(layer, run.taps)}")
    require_activation(layer, run.tap(layer))
    return layer


def resting(template: Template, frame: FittedLayout | None) -> list[Pause]:
    """The pauses that the panels of a frame ask for; a panel that stands in two places asks for its own once."""
    if frame is None:
        return []
    placed = {id(panel) for panel, _ in place(frame.tree, frame.box)}
    return [
        replace(rest, name=f"panels.{name}.{rest.name}")
        for name, panel in template.panels.items()
        if isinstance(panel, Panel) and id(panel) in placed
        for rest in panel.pauses(frame.context)
    ]


def timed(template: Template, context: SceneContext, pauses: Sequence[Pause]) -> TimelinePlan:
    """What the timeline is made from, with pauses that panels ask for."""

    def change() -> NDArray[np.float64]:
        return context.statistics.changes(context.layer).by_step

    return TimelinePlan(template.timeline, context.steps, change, tuple(pauses))


def painted(template: Template, frame: FittedLayout, plan: TimelinePlan, timeline: Timeline) -> Scene:
    """The scene with every panel in its box and every colour mixed.

    Raises:
        TemplateError: A panel cannot draw itself in its box, or there are too many colours.
    """
    errors, context, theme = ErrorCollector(template.source_map), frame.context, template.theme
    names = {id(panel): name for name, panel in template.panels.items()}
    placed = [(names[id(panel)], panel, box) for panel, box in place(frame.tree, frame.box)]
    builder = PaletteBuilder(theme.levels)
    background = builder.ramp(theme.background, theme.background, 1)
    drawings = []
    for name, panel, box in placed:
        with errors.collect("panels", name):
            drawings.append(panel.place(context, box, builder))
    errors.raise_errors()
    with error_context("panels", source_map=template.source_map):
        palette = builder.freeze()
    return Scene(
        context=context,
        size=frame.size,
        boxes=tuple((name, box) for name, _, box in placed),
        drawings=tuple(drawings),
        palette=palette,
        background=background,
        timeline=timeline,
        timeline_plan=plan,
        taps=tuple(dict.fromkeys(tap for _, panel, _ in placed for tap in panel.taps(context))),
        unplaced=tuple(
            str(
                template.source_map.diagnose(
                    ("panels", name), "stands nowhere in the layout, so it is not drawn"
                )
            )
            for name in unplaced(template)
        ),
    )
