"""From the layout's names to panels with their natural sizes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from reelnet.config.diagnostics import ErrorCollector
from reelnet.errors import ReelnetError
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Group, Leaf
from reelnet.scene.panel import Panel
from reelnet.template.model import Direction, Stack, Template

Tree = Leaf[Panel] | Group[Panel]


def measure(template: Template, context: SceneContext) -> Tree | None:
    """The layout with what each panel needs, without those that the run has nothing for; None if none is left.

    Raises:
        InvalidTemplate: Options of panels do not fit the run; all of them are told.
    """
    errors = ErrorCollector(template.source_map)
    tree = _measured(template.layout, template, context, errors)
    errors.raise_errors()
    return tree


def _measured(
    node: Stack | str, template: Template, context: SceneContext, errors: ErrorCollector
) -> Tree | None:
    if isinstance(node, Stack):
        found = [_measured(item, template, context, errors) for item in node.items]
        items = [item for item in found if item is not None]
        with errors.collect("samples", "transposed"):
            require_beside(node.direction, items, context)
        return Group(node.direction, items, node.options) if items else None
    panel = template.panels[node]
    if not isinstance(panel, Panel) or panel.hidden:
        return None
    needed = None
    with errors.collect("panels", node):
        needed = panel.measure(context)
    if needed is None:
        return None
    return Leaf(panel, needed, panel, panel.default_grow if panel.grow is None else panel.grow)


def require_beside(direction: Direction, items: Sequence[Tree], context: SceneContext) -> None:
    """Make sure that what belongs to single samples stands beside the channels where rows are samples.

    Raises:
        ValueError: It stands above or under them.
    """
    panels = [item.item for item in items if isinstance(item, Leaf)]
    strips = [panel for panel in panels if panel.is_sample_strip]
    if not (context.transposed and direction is Direction.COLUMN and strips):
        return
    if any(panel.count_channels(context) is not None for panel in panels):
        raise ValueError(
            f"rows are samples, but the {type(strips[0]).__name__.lower()} stand in one column with the channels; "
            "put them in a row, or hide them and give the channels inputs: true"
        )


def with_channels(template: Template, context: SceneContext) -> SceneContext:
    """The context with the number of channels that the layout's first panel of channels shows, and what rows are."""
    for name in _names(template.layout):
        panel = template.panels[name]
        if isinstance(panel, Panel) and not panel.hidden:
            # What does not fit the run is told where the panel is measured.
            with suppress(ValueError, ReelnetError):
                shown = panel.count_channels(context)
                if shown is not None:
                    few = 2 * len(context.sample_indices) <= shown and context.samples.transposed == "auto"
                    transposed = context.transposed or few
                    return replace(
                        context, channel_count=shown, transposed=transposed, by_change=panel.ranks_by_change
                    )
    return context


def find_left_out(template: Template, shown: Collection[str]) -> list[str]:
    """Names of the panels that the layout has and that the run has nothing for."""
    return [
        name
        for name in dict.fromkeys(_names(template.layout))
        if name not in shown and not template.panels[name].hidden
    ]


def unplaced(template: Template) -> list[str]:
    """Names of the panels that the author describes and the layout does not name.

    What a template that is extended describes may well have no place in another layout.
    """
    file, found = template.source_map.find_position(()), []
    for name, panel in template.panels.items():
        place = template.source_map.find_position(("panels", name))
        own = file is None or place is None or place.file == file.file or not place.line
        if own and not panel.hidden and name not in _names(template.layout):
            found.append(name)
    return found


def check_unplaced(template: Template, context: SceneContext, errors: ErrorCollector) -> None:
    """Take down what does not fit the run in panels that stand nowhere, so that it is known before they do."""
    for name in unplaced(template):
        panel = template.panels[name]
        if isinstance(panel, Panel):
            with errors.collect("panels", name):
                panel.measure(context)


def _names(node: Stack) -> Iterator[str]:
    for item in node.items:
        yield from _names(item) if isinstance(item, Stack) else (item,)
