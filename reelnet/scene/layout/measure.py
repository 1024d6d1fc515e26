"""From the names of a layout to its panels with their natural sizes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from reelnet.config.diagnostics import ErrorCollector
from reelnet.errors import ReelnetError
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Group, Leaf
from reelnet.scene.limits import Limits
from reelnet.scene.panel import Panel
from reelnet.template.model import Direction, Stack, Template

MAX_CHART_SHARE = 0.15
"""Part of the height of a frame with maps that a chart takes at most: maps get the space."""

LayoutTree = Leaf[Panel] | Group[Panel]


def measure_layout(template: Template, context: SceneContext) -> LayoutTree | None:
    """Measure all panels of the layout, without those that the run has nothing for; None if none is left.

    Raises:
        InvalidTemplate: Options of panels do not fit the run.
    """
    errors = ErrorCollector(template.source_map)
    tree = _measure_node(template.layout, template, context, errors)
    errors.raise_errors()
    return tree


def _measure_node(
    node: Stack | str, template: Template, context: SceneContext, errors: ErrorCollector
) -> LayoutTree | None:
    if isinstance(node, Stack):
        measured = [_measure_node(item, template, context, errors) for item in node.items]
        items = [item for item in measured if item is not None]
        with errors.collect("samples", "transposed"):
            _check_sample_strips(node.direction, items, context)
        return Group(node.direction, items, node.options, context.grid) if items else None
    panel = template.panels[node]
    if not isinstance(panel, Panel) or panel.hidden:
        return None
    if panel.is_limited_chart and context.map_layers and not context.shows_charts:
        return None
    measure = None
    with errors.collect("panels", node):
        measure = panel.measure(context)
    if measure is None:
        return None
    grow = panel.default_grow if panel.grow is None else panel.grow
    limit = context.max_chart_height if panel.is_limited_chart else None
    return Leaf(panel, measure.remember_heights(), panel, grow, snaps=panel.has_cells, max_height=limit)


def _check_sample_strips(direction: Direction, items: Sequence[LayoutTree], context: SceneContext) -> None:
    """Check that strips of samples are beside the channels if rows are samples.

    Raises:
        ValueError: They are above or below the channels.
    """
    panels = [item.item for item in items if isinstance(item, Leaf)]
    strips = [panel for panel in panels if panel.is_sample_strip]
    is_misplaced = context.transposed and direction is Direction.COLUMN and strips
    if is_misplaced and any(panel.choose_channels(context) is not None for panel in panels):
        raise ValueError(
            f"rows are samples, but the {type(strips[0]).__name__.lower()} are in one column with the channels; "
            "put them in a row, or hide them and give the channels inputs: true"
        )


def with_layout(template: Template, context: SceneContext) -> SceneContext:
    """The context with what the layout decides.

    These are the layers that its panels show, cells that suit them, their color scales and, by its first panel of
    channels, their number and what rows are.
    """
    panels = [template.panels[name] for name in dict.fromkeys(_panel_names(template.layout))]
    shown = [panel for panel in panels if isinstance(panel, Panel) and not panel.hidden]
    layers = dict.fromkeys(layer for panel in shown for layer in panel.map_layers(context))
    known = tuple(layer for layer in layers if layer in context.taps)
    max_height = template.canvas.height_limit if known else None
    limit = None if max_height is None else round(MAX_CHART_SHARE * max_height)
    width, height = template.canvas.width_limit, template.canvas.height_limit
    largest = (width, height) if width and height else None
    context = replace(
        context, map_layers=known, max_chart_height=limit, max_frame=largest, _views={}
    ).with_preferred_scale()
    color_limits: dict[str, Limits] = {}
    for panel in shown:
        # Options that do not fit the run are reported when the panel is measured.
        with suppress(ValueError, ReelnetError):
            color_limits |= panel.color_limits(context)
    context = replace(context, color_limits=color_limits)
    for panel in shown:
        with suppress(ValueError, ReelnetError):
            choice = panel.choose_channels(context)
            if choice is not None:
                is_auto = context.samples_spec.transposed == "auto"
                return replace(
                    context,
                    choice=choice,
                    transposed=context.transposed
                    or (is_auto and are_few(len(context.sample_indices), len(choice.channels))),
                )
    return context


def are_few(samples: int, channels: int) -> bool:
    """Whether samples become rows if the author leaves that open: one, or at most half as many as channels."""
    return samples == 1 or 2 * samples <= channels


def find_left_out(template: Template, shown: Collection[str]) -> list[str]:
    """Names of the panels that the layout names but the run has nothing for."""
    return [
        name
        for name in dict.fromkeys(_panel_names(template.layout))
        if name not in shown and not template.panels[name].hidden
    ]


def find_unplaced(template: Template) -> list[str]:
    """Names of the panels that the author describes but the layout does not name.

    Panels of an extended template do not count: another layout may not need them.
    """
    source, unplaced = template.source_map.find_position(()), []
    for name, panel in template.panels.items():
        position = template.source_map.find_position(("panels", name))
        is_own = position.file == source.file or not position.line
        if is_own and not panel.hidden and name not in _panel_names(template.layout):
            unplaced.append(name)
    return unplaced


def check_panels(template: Template, context: SceneContext, errors: ErrorCollector) -> None:
    """Record options that do not fit the run in all panels that the template shows or describes itself."""
    for name in dict.fromkeys(_panel_names(template.layout)):
        panel = template.panels[name]
        if isinstance(panel, Panel) and not panel.hidden:
            with errors.collect("panels", name):
                panel.measure(context)
    check_unplaced(template, context, errors)


def check_unplaced(template: Template, context: SceneContext, errors: ErrorCollector) -> None:
    """Record options that do not fit the run in panels that the layout does not name yet."""
    for name in find_unplaced(template):
        panel = template.panels[name]
        if isinstance(panel, Panel):
            with errors.collect("panels", name):
                panel.measure(context)


def _panel_names(node: Stack) -> Iterator[str]:
    for item in node.items:
        yield from _panel_names(item) if isinstance(item, Stack) else (item,)
