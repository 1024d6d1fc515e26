"""Whether the color bars of a layout explain every color scale that is shown without a bar of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reelnet.config.diagnostics import ErrorCollector
from reelnet.scene.context import SceneContext
from reelnet.scene.panel import Panel
from reelnet.scene.tap_view import Limits

MAX_LISTED_SCALES = 4
"""Scales without a color bar that an error lists one by one."""


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
    explained = {limits.ends for _, limits in bars.values()}
    unexplained = [
        scale for scale in _iter_scales(placed, context) if explained and scale[2].ends not in explained
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
    errors.add(
        f"explains {own}, but {', '.join(shown)}; add a panel {{kind: colorbar, tap: {first}}}, give channels "
        "'colorbar: true', or set theme.limits to two numbers for all layers",
        *("panels", next(iter(bars))),
    )


def _iter_scales(placed: Mapping[str, Panel], context: SceneContext) -> Iterator[tuple[str, str, Limits]]:
    """Yield the panel, the tap and the limits of everything that is shown in colors without a bar of its own."""
    for name, panel in placed.items():
        for tap, limits in panel.color_limits(context).items():
            yield name, tap, limits
