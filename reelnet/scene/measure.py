"""From the layout's names to panels with their natural sizes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from reelnet.errors import ReelnetError, RunError, TemplateError, UsageError
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Group, Leaf
from reelnet.scene.panel import Panel
from reelnet.template.spec import Stack, Template

Tree = Leaf[Panel] | Group[Panel]


def measure(template: Template, facts: Facts) -> Tree | None:
    """The layout with what each panel needs, without those that the run has nothing for; None if none is left.

    Raises:
        TemplateError: An option of a panel does not fit the run.
    """
    return _measured(template.layout, template, facts)


def _measured(node: Stack | str, template: Template, facts: Facts) -> Tree | None:
    if isinstance(node, Stack):
        found = [_measured(item, template, facts) for item in node.items]
        items = [item for item in found if item is not None]
        return Group(node.direction, items, node.options) if items else None
    panel = template.panels[node]
    if not isinstance(panel, Panel) or panel.hidden:
        return None
    with told(template, "panels", node):
        needed = panel.measure(facts)
    if needed is None:
        return None
    return Leaf(panel, needed, panel, panel.usual_grow if panel.grow is None else panel.grow)


def with_channels(template: Template, facts: Facts) -> Facts:
    """The facts with the number of channels that the layout's first panel of channels shows."""
    for name in _names(template.layout):
        panel = template.panels[name]
        if isinstance(panel, Panel) and not panel.hidden:
            with told(template, "panels", name):
                shown = panel.shown_channels(facts)
            if shown is not None:
                return replace(facts, channels=shown)
    return facts


def _names(node: Stack) -> Iterator[str]:
    for item in node.items:
        yield from _names(item) if isinstance(item, Stack) else (item,)


@contextmanager
def told(template: Template, *path: str | int) -> Iterator[None]:
    """Say in which place of the template it is that something does not fit the run."""
    try:
        yield
    except (TemplateError, RunError, UsageError):
        raise
    except (ValueError, ReelnetError) as error:
        raise TemplateError(template.places.line(path, str(error))) from error
