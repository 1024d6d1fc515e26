"""Which layers a picture of a whole network shows: all, or some that are spread by depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.panels.flow.arrangement import spread
from reelnet.runs.header import TapKind, require_activation
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import SceneContext

MAX_LAYERS = 8
"""Layers that are shown unless the author lists more."""


def list_layers(context: SceneContext, scores: ClassScores | None = None) -> list[str]:
    """All recorded layers, without class tokens of layers whose other tokens were recorded, too.

    With `scores`, the class output is none of them, unless no other layer was recorded.
    """
    names = [name for name, tap in context.taps.items() if tap.kind is TapKind.ACTIVATION]
    listed = [
        name for name in names if not (name.endswith(".class") and name.removesuffix(".class") in names)
    ]
    return [name for name in listed if scores is None or name != scores.tap] or listed


def check_layers(names: Sequence[str] | None, context: SceneContext) -> None:
    """Check that the layers that an author lists were recorded, and are activations.

    Raises:
        OptionError: One was not, or is not.
    """
    errors = ErrorCollector()
    for number, name in enumerate(names or ()):
        with errors.collect("layers", number):
            require_activation(name, context.require(name))
    errors.raise_errors()


def choose_layers(names: Sequence[str], context: SceneContext) -> list[str]:
    """The layers, or of more than `MAX_LAYERS` some spread by depth, with the first and the last."""
    kept = _drop_repeated(names, context) if len(names) > MAX_LAYERS else names
    return [kept[number] for number in spread(MAX_LAYERS, len(kept))]


def _drop_repeated(names: Sequence[str], context: SceneContext) -> list[str]:
    """The layers without those that give the values of an earlier one, as dropout does in eval mode."""
    kept: dict[str, tuple[object, ...]] = {}
    for name in names:
        info = context.taps[name]
        form = info.shape, info.min, info.max
        alike = [other for other, other_form in kept.items() if other_form == form]
        last = context.statistics.read_step(context.steps[-1], [name, *alike]) if alike else {}
        if not any(np.array_equal(last[name], last[other], equal_nan=True) for other in alike):
            kept[name] = form
    return list(kept)
