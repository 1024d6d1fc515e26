"""The title of a figure, and what it shows in words for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence

from reelnet._support.text import format_count
from reelnet.render.rendition import Rendition
from reelnet.scene.wording import name_layer, name_network

MAX_NAMED_LAYERS = 3
"""Layers that a title lists by name."""


def write_title(layers: Sequence[Rendition]) -> str:
    """The title: `conv6 of a small network on ten digits`."""
    context = layers[0].scene.context
    return f"{_name_layers(layers)} of {name_network(context.about)} on {context.inputs_in_words}"


def write_alt(layers: Sequence[Rendition], steps: Sequence[int]) -> str:
    """A description: `conv6, 16 channels on ten digits, step 0 to 290`.

    Args:
        layers: The layers.
        steps: The training steps of the figure, ascending.
    """
    context, channels = layers[0].scene.context, layers[0].channels
    parts = [_name_layers(layers)]
    if len(layers) == 1 and channels:
        total = context.require(layers[0].layer).map_shape[0]
        parts.append(
            format_count(total, "channel") if channels >= total else f"{channels} of {total} channels"
        )
    span = f"step {steps[0]} to {steps[-1]}" if len(steps) > 1 else f"step {steps[0]}"
    return f"{', '.join(parts)} on {context.inputs_in_words}, {span}"


def _name_layers(layers: Sequence[Rendition]) -> str:
    names = [name_layer(layer.layer) for layer in layers]
    if len(names) > MAX_NAMED_LAYERS:
        return f"{len(names)} layers from {names[0]} to {names[-1]}"
    return " and ".join([*[", ".join(names[:-1])] * (len(names) > 1), names[-1]])
