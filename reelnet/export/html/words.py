"""The title of a figure, and what it shows in words for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence

from reelnet._support.text import format_count
from reelnet.export.html.cell_series import LayerMaps
from reelnet.export.html.figure_layer import FigureLayer
from reelnet.render.rendition import Rendition
from reelnet.runs.header import TapKind
from reelnet.scene.wording import name_layer, name_network

MAX_NAMED_LAYERS = 3
"""Layers that a title lists by name."""

MAX_NAMED_STEPS = 8
"""Steps that a description of a picture of several moments lists."""


def write_title(renditions: Sequence[Rendition], layers: Sequence[FigureLayer]) -> str:
    """The title: `conv6 of a small network on ten digits`, without a layer if there are no maps of one.

    Args:
        renditions: The layers of the figure's menu.
        layers: What is shown of them.
    """
    context = renditions[0].scene.context
    network, names = name_network(context.about), _name_layers(_find_taps(layers))
    subject = f"{names} of {network}" if names else network[:1].upper() + network[1:]
    return f"{subject} on {context.inputs_in_words}"


def write_alt(renditions: Sequence[Rendition], layers: Sequence[FigureLayer], steps: Sequence[int]) -> str:
    """A description: `conv6, 16 channels on ten digits, step 0 to 290`.

    Args:
        renditions: The layers of the figure's menu.
        layers: What is shown of them.
        steps: The training steps of the figure, ascending.
    """
    context, taps, maps = renditions[0].scene.context, _find_taps(layers), _find_maps(layers)
    parts = [_name_layers(taps)] if taps else []
    if len(taps) == 1 and (channels := _find_channels(maps)):
        total = context.require(taps[0]).map_shape[0]
        parts.append(_count_channels(channels, total))
    if not parts:
        network = name_network(context.about)
        parts = [network[:1].upper() + network[1:]]
    return f"{', '.join(parts)} on {_name_inputs(renditions[0], maps)}, {_describe_steps(maps, steps)}"


def _find_maps(layers: Sequence[FigureLayer]) -> list[LayerMaps]:
    """The maps that show values."""
    return [maps for layer in layers for maps in layer.maps if maps.tap is not None]


def _find_taps(layers: Sequence[FigureLayer]) -> list[str]:
    """The recorded arrays that are shown as maps, in drawing order."""
    return [*dict.fromkeys(maps.tap for maps in _find_maps(layers) if maps.tap is not None)]


def _find_channels(maps: Sequence[LayerMaps]) -> set[int]:
    """The numbers of the channels of one tap; none for weights and gradients, whose rows are something else."""
    if any(each.fields["quantity"] in (TapKind.WEIGHT.value, TapKind.GRADIENT.value) for each in maps):
        return set()
    numbers = (each.fields.get("units", each.fields["channels"]) for each in maps)
    return {number for own in numbers for number in own if number is not None}


def _count_channels(channels: set[int], total: int) -> str:
    if len(channels) >= total:
        return format_count(total, "channel")
    if len(channels) == 1:
        return f"channel {min(channels)}"
    return f"{len(channels)} of {total} channels"


def _name_inputs(rendition: Rendition, maps: Sequence[LayerMaps]) -> str:
    """The samples: `ten digits`, or the one of them of which maps are shown."""
    context = rendition.scene.context
    shown = {sample for each in maps for sample in each.block.samples}
    weights = any(each.fields["quantity"] == TapKind.WEIGHT.value for each in maps)
    if weights or len(shown) != 1 or -1 in shown or len(context.sample_indices) == 1:
        return context.inputs_in_words
    (sample,) = shown
    name = context.run_labels[sample] if context.run_labels else sample
    return f"the input “{name}”" if context.run_labels else f"input {name}"


def _describe_steps(maps: Sequence[LayerMaps], steps: Sequence[int]) -> str:
    """`step 0 to 290`, or the moments of a picture that shows several at once."""
    if len(steps) > 1:
        return f"step {steps[0]} to {steps[-1]}"
    moments = sorted({step for each in maps for step in each.fields.get("steps", {}).get("numbers", ())})
    if len(moments) < 2:
        return f"step {(moments or steps)[0]}"
    if len(moments) > MAX_NAMED_STEPS:
        return f"{len(moments)} steps from {moments[0]} to {moments[-1]}"
    return f"steps {', '.join(map(str, moments[:-1]))} and {moments[-1]}"


def _name_layers(layers: Sequence[str]) -> str:
    """The layers in a sentence; empty if there are none."""
    names = [name_layer(layer) for layer in layers]
    if len(names) > MAX_NAMED_LAYERS:
        return f"{len(names)} layers from {names[0]} to {names[-1]}"
    return " and ".join([*[", ".join(names[:-1])] * (len(names) > 1), *names[-1:]])
