"""From a template and a run to a scene. Everything in the template that does not fit the run is reported here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction

from reelnet.config.diagnostics import Diagnostic, ErrorCollector, InvalidTemplate, error_context
from reelnet.errors import ReelnetError, suggest_names
from reelnet.runs.header import TapKind, require_activation
from reelnet.runs.run import RunReader
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Size, place_items
from reelnet.scene.layout.canvas_fit import fit_canvas
from reelnet.scene.layout.density import scale_lengths
from reelnet.scene.layout.frame import FittedLayout
from reelnet.scene.layout.measure import (
    check_panels,
    check_unplaced,
    find_left_out,
    find_unplaced,
    with_layout,
)
from reelnet.scene.layout.snap import SnapGrid
from reelnet.scene.palette.palette import Ink, Palette, PaletteBuilder
from reelnet.scene.panel import Drawing, HasCells, Panel
from reelnet.scene.timeline.timeline import Pause, Timeline, TimelinePlan
from reelnet.template.builder import TEMPLATE_KEYS
from reelnet.template.model import Template
from reelnet.template.selector import Selector, select_indices

MAX_LISTED_SCALES = 4
"""Scales without a color bar that an error lists one by one."""

HARMLESS_SECTIONS = ("about", "outputs", "panels", "theme", "timeline")
"""Sections of a template whose errors do not change the sizes of panels, but for those of a panel itself."""


@dataclass(frozen=True)
class Scene:
    """A template resolved against a run.

    Attributes:
        context: The run, as the panels see it.
        size: Size of every frame; both sides are even, as video requires.
        boxes: Name and box of each panel, in drawing order.
        drawings: The drawings of these panels.
        palette: The colors of all drawings.
        background: The ink of the background.
        timeline: Which step each frame shows.
        timeline_plan: What the timeline is made from.
        taps: The taps whose arrays the frames need.
        unplaced: One message per panel that the author describes but does not place, and per panel of the layout
            that lacks data which the run could have, or room for all that it shows.
        text_notes: What authors should know about the fonts of the text, one sentence each.
        font_files: The font files, other than Open Sans, that draw text.
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
    text_notes: tuple[str, ...] = ()
    font_files: tuple[str, ...] = ()

    @property
    def cell_regions(self) -> tuple[CellRegion, ...]:
        """Where the maps and pictures of all drawings are."""
        return tuple(
            region
            for drawing in self.drawings
            if isinstance(drawing, HasCells)
            for region in drawing.cell_regions()
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not an error, but may not be what the author wants."""
        pauses = (
            f"{name} asks for a pause, but none of its steps is shown"
            for name in self.timeline.unshown_pauses
        )
        return (*pauses, *self.unplaced, *self.text_notes)


def resolve(
    template: Template,
    run: RunReader,
    *,
    layer: str | None = None,
    scale: int | Fraction | None = None,
    fps: float | None = None,
    max_channels: int | None = None,
    density: int | None = None,
    full_levels: int = 0,
    all_errors: bool = True,
) -> Scene:
    """Lay a template out for a run.

    Args:
        template: What the author wrote.
        run: What was recorded.
        layer: The layer to show; None for the template's, or the last recorded one that has maps.
        scale: Output pixels per map value, or 1/n for means of n × n values; None for the template's, or the largest
            that fits.
        fps: Frames per second; None for the template's.
        max_channels: The most channels of a layer that panels of channels show; None for all that they ask for.
        density: Output pixels per pixel of the layout; None for the template's, or 1.
        full_levels: The least number of levels of colormaps in frames of more than 255 colors.
        all_errors: Whether to look for further errors after the first ones, which takes as long again.

    Raises:
        TemplateError: The template does not fit the run; the message lists every error.
        UsageError: The layer was not recorded.
        RunError: The run is empty or damaged.
    """
    run.require_steps()
    try:
        return _resolve(template, run, layer, scale, fps, max_channels, density, full_levels)
    except InvalidTemplate as error:
        if not all_errors:
            raise
        misfits = check_draft(template, run, layer)
        rest = check_rest(template, run, misfits, layer)
        raise InvalidTemplate(add_new(add_new(error.diagnostics, misfits), rest)) from None


def _resolve(
    template: Template,
    run: RunReader,
    layer: str | None = None,
    scale: int | Fraction | None = None,
    fps: float | None = None,
    max_channels: int | None = None,
    density: int | None = None,
    full_levels: int = 0,
    *,
    has_all_panels: bool = True,
) -> Scene:
    """Lay a template out; see `resolve`. An error of a panel's options hides those of the layout.

    Where panels are hidden because of their errors, color bars may lack what they explain, and are not checked.
    """
    errors = ErrorCollector(template.source_map)
    density = density or template.canvas.fixed_density or 1
    template = scale_lengths(template, density)
    context = _build_context(template, run, layer, errors, density)
    context = replace(context, max_channels=max_channels)
    layout = timeline = scene = None
    with errors.collect():
        context, layout = _fit_samples(template, context, scale)
    if layout is not None and has_all_panels:
        check_color_bars(_find_placed(layout), layout.context, errors)
    check_unplaced(template, context, errors)
    plan = _plan_timeline(template, context, layout)
    with errors.collect("timeline"):
        timeline = plan.build(fps)
    if layout is not None:
        with errors.collect():
            scene = _place_panels(layout, plan, timeline, full_levels)
    errors.raise_errors()
    if scene is None:
        raise AssertionError("a failed stage must record an error")
    return scene


def check_rest(
    template: Template, run: RunReader, found: Collection[Diagnostic], layer: str | None = None
) -> list[Diagnostic]:
    """Find what is wrong with the layout once the panels with errors are hidden.

    What is too large for a canvas without them is so with them, too.

    Args:
        template: The valid parts of the template.
        run: What was recorded.
        found: The errors that are known. If one of them may change the sizes of valid panels, nothing is found.
        layer: The layer to show; None for the template's.
    """
    panels = dict(template.panels)
    for each in found:
        name = next((name for name in template.panels if _is_below(each.key, f"panels.{name}")), None)
        if name is not None:
            panels[name] = panels[name].model_copy(update={"hidden": True})
        elif not _is_harmless(each.key):
            return []
    if not found:
        return []
    try:
        _resolve(replace(template, panels=panels), run, layer, has_all_panels=False)
    except InvalidTemplate as error:
        return [*error.diagnostics]
    except ReelnetError:
        # Nothing may be left to show, and errors of the run come up once the template is mended.
        pass
    return []


def _is_below(key: str, section: str) -> bool:
    """Whether the key path of an error is that of a section, or of a key in it."""
    return key == section or key.startswith((f"{section}.", f"{section}["))


def _is_harmless(key: str) -> bool:
    """Whether an error at a key path, which may be misspelled, does not change the sizes of panels."""
    meant = get_close_matches(re.split(r"[.\[]", key)[0], TEMPLATE_KEYS, n=1)
    return bool(meant) and meant[0] in HARMLESS_SECTIONS


def add_new(found: Iterable[Diagnostic], more: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Errors with those of other keys."""
    found = [*found]
    known = {each.key for each in found}
    return [*found, *(each for each in more if each.key not in known)]


def check_draft(template: Template, run: RunReader, layer: str | None = None) -> tuple[Diagnostic, ...]:
    """Find what does not fit a run in the valid parts of an invalid template, panel by panel.

    Sizes, boxes and colors of the whole are not checked: they depend on what is invalid.

    Args:
        template: The template of a `TemplateDraft`.
        run: What was recorded.
        layer: The layer to show; None for the template's.

    Raises:
        UsageError: The layer was not recorded.
        RunError: The run is empty or damaged.
    """
    run.require_steps()
    errors = ErrorCollector(template.source_map)
    context = with_layout(template, _build_context(template, run, layer, errors))
    check_panels(template, context, errors)
    found = list(errors.diagnostics)
    for part in (template, *(output.apply_to(template) for output in template.outputs)):
        timeline_errors = ErrorCollector(part.source_map)
        with timeline_errors.collect("timeline"):
            _plan_timeline(part, context, None).build()
        found += timeline_errors.diagnostics
    return tuple(found)


def _build_context(
    template: Template, run: RunReader, layer: str | None, errors: ErrorCollector, density: int = 1
) -> SceneContext:
    """Build the context. Unknown layers and samples are recorded as errors and replaced by defaults."""
    if layer is None and template.layer is not None:
        with errors.collect("layer"):
            layer = resolve_layer(template.layer, run)
    samples = template.samples.model_copy(update={"show": Selector()})
    with errors.collect("samples", "show"):
        select_indices(template.samples.show, len(run.samples), "sample")
        samples = template.samples
    grid = SnapGrid() if template.canvas.snap else SnapGrid(1)
    return SceneContext.from_run(run, layer, template.theme, samples, grid, density)


def resolve_layer(layer: str, run: RunReader) -> str:
    """Return a layer that the template names.

    Raises:
        ValueError: It was not recorded, or is not an activation.
    """
    if layer not in run.taps:
        raise ValueError(f"no layer {layer!r} was recorded; {suggest_names(layer, run.taps)}")
    require_activation(layer, run.tap(layer))
    return layer


def _plan_timeline(template: Template, context: SceneContext, layout: FittedLayout | None) -> TimelinePlan:
    """The timeline's plan, with the pauses that the panels of the layout ask for."""
    pauses: list[Pause] = []
    if layout is not None:
        # A panel that is placed twice asks for its pauses once.
        for name, panel in _find_placed(layout).items():
            asked = panel.pauses(layout.context)
            pauses += [replace(pause, name=f"panels.{name}.{pause.name}") for pause in asked]
    return TimelinePlan(template.timeline, context.steps, context.compute_changes, tuple(pauses))


def _fit_samples(
    template: Template, context: SceneContext, scale: int | Fraction | None
) -> tuple[SceneContext, FittedLayout]:
    """Lay out the samples that are drawn, so that words count no others."""
    layout = fit_canvas(template, context, scale)
    while (count := _count_drawn(layout)) < len(layout.context.sample_indices):
        fewer = context.keep_samples(count)
        try:
            smaller = fit_canvas(template, fewer, scale)
        except ReelnetError:
            # A panel names one of the others.
            return context, layout
        context, layout = fewer, smaller
    return context, layout


def _count_drawn(layout: FittedLayout) -> int:
    """How many of the samples have maps or pictures in the frame; all of them if there are none of either."""
    counts = list[int]()
    for panel, box in place_items(layout.tree, layout.box):
        # A panel without room for anything is reported when it is placed.
        with suppress(ValueError):
            if panel.has_cells:
                counts.append(panel.count_samples(layout.context, box))
    return max(counts, default=len(layout.context.sample_indices))


def _find_placed(layout: FittedLayout) -> dict[str, Panel]:
    """The panels that the layout shows, by name."""
    placed = {id(panel) for panel, _ in place_items(layout.tree, layout.box)}
    return {
        name: panel
        for name, panel in layout.template.panels.items()
        if isinstance(panel, Panel) and id(panel) in placed
    }


def _place_panels(
    layout: FittedLayout, plan: TimelinePlan, timeline: Timeline | None, full_levels: int
) -> Scene | None:
    """Place every panel in its box, and freeze the palette; without a timeline there is no scene, but its errors.

    Raises:
        TemplateError: A panel cannot be drawn in its box, or there are too many colors.
    """
    template, context = layout.template, layout.context
    errors, theme = ErrorCollector(template.source_map), template.theme
    names = {id(panel): name for name, panel in template.panels.items()}
    placed = [(names[id(panel)], panel, box) for panel, box in place_items(layout.tree, layout.box)]
    builder = PaletteBuilder(theme.levels, full_levels)
    background = builder.ramp(theme.background, theme.background, 1)
    drawings: dict[int, Drawing] = {}
    # Charts are placed after the maps, to share their edges.
    for number, (name, panel, box) in sorted(enumerate(placed), key=lambda item: not item[1][1].has_cells):
        with errors.collect("panels", name):
            if not panel.has_cells and context.map_span is None:
                context = replace(context, map_span=_find_map_span(drawings.values()))
            drawings[number] = panel.place(context, box, builder)
    errors.raise_errors()
    with error_context("panels", source_map=template.source_map):
        palette = builder.freeze()
    if timeline is None:
        return None
    unplaced = [
        template.source_map.diagnose(("panels", name), "is not in the layout, so it is not drawn")
        for name in find_unplaced(template)
    ]
    unplaced += [
        template.source_map.diagnose(("panels", name), note)
        for name, panel, _ in placed
        for note in panel.notes(context)
    ]
    unplaced += [
        template.source_map.diagnose(("panels", name), f"is left out: {reason}")
        for name in find_left_out(template, [name for name, _, _ in placed])
        if isinstance(absent := template.panels[name], Panel) and (reason := absent.absence(context))
    ]
    return Scene(
        context=context,
        size=layout.size,
        boxes=tuple((name, box) for name, _, box in placed),
        drawings=tuple(drawings[number] for number in range(len(placed))),
        palette=palette,
        background=background,
        timeline=timeline,
        timeline_plan=plan,
        taps=tuple(dict.fromkeys(tap for _, panel, _ in placed for tap in panel.taps(context))),
        unplaced=tuple(map(str, unplaced)),
    )


def _find_map_span(drawings: Iterable[Drawing]) -> tuple[int, int] | None:
    """The first column of the maps and the column after the last; None without maps."""
    boxes = [
        box
        for drawing in drawings
        if isinstance(drawing, HasCells)
        for region in drawing.cell_regions()
        if not region.is_picture
        for box in region.boxes
    ]
    return (min(box.x for box in boxes), max(box.right for box in boxes)) if boxes else None


def check_color_bars(placed: Mapping[str, Panel], context: SceneContext, errors: ErrorCollector) -> None:
    """Record an error if a layout has color bars, but none of them fits some of the colors beside them.

    A layout without color bars claims nothing, so it has no error.

    Args:
        placed: The panels of the layout by name.
        context: The run.
        errors: Receives the error, at the first color bar.
    """
    bars = {
        name: bar for name, panel in placed.items() if (bar := panel.explained_limits(context)) is not None
    }
    explained = [limits for _, limits in bars.values()]
    unexplained = [
        (name, tap, limits)
        for name, panel in placed.items()
        for tap, limits in panel.color_limits(context).items()
        if explained and not any(map(limits.means_the_same, explained))
    ]
    if not unexplained:
        return
    shown = [
        f"panel {name!r} shows {tap} from {' to '.join(limits.ends)}"
        for name, tap, limits in unexplained[:MAX_LISTED_SCALES]
    ]
    shown += [f"{len(unexplained) - MAX_LISTED_SCALES} more"] * (len(unexplained) > MAX_LISTED_SCALES)
    own = "; ".join(f"{tap} from {' to '.join(limits.ends)}" for tap, limits in bars.values())
    first = unexplained[0][1]
    remedies = f"add a panel {{kind: colorbar, tap: {first}}}"
    if any(context.require(tap).kind is not TapKind.WEIGHT for _, tap, _ in unexplained):
        # Neither is for weights.
        remedies += ", give channels 'colorbar: true', or set theme.limits to shared"
    errors.add(
        f"explains {own}, but {', '.join(shown)}; {remedies}",
        *("panels", next(iter(bars))),
    )
