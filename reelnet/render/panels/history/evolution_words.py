"""What the panel `evolution` says: its title, the text below it, and the name of its values."""

from __future__ import annotations

import math
import re

from reelnet.render.panels.charts.metric_names import is_accuracy, split_metric, to_words
from reelnet.scene.cell import describe_reduction
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.tap_view import TapView
from reelnet.scene.timeline.moments import EQUAL_CHANGE
from reelnet.scene.wording import name_layer

CONVOLUTION = re.compile(r"(^|[._/])conv(\d|2d|$|[._/])", re.IGNORECASE)
"""Names of layers that are convolutions."""


def title_evolution(context: SceneContext, view: TapView) -> str:
    """A title that holds for the layer: a filter is the channel of a convolution with maps."""
    name, has_time = name_layer(view.name), len(context.steps) > 1
    attention, is_layer = context.statistics.is_attention(view.name), shows_layer(view)
    is_convolution = CONVOLUTION.search(view.name) is not None and min(view.tap.map_shape[1:]) > 1
    if has_time and is_convolution and not is_layer and not attention:
        return "One filter learns to see"
    scores = ClassScores.find(context)
    is_class = scores is not None and scores.tap == view.name
    subject = f"One {'class' if is_class else 'head' if attention else 'channel'} of {name}"
    if is_layer:
        subject = f"Layer {name.removeprefix('layer ')}"
    return f"{subject} over the training" if has_time else subject


def describe_evolution(
    context: SceneContext, view: TapView, channel: int, *, is_choice: bool, has_answers: bool
) -> tuple[str, ...]:
    """What is seen, in sentences.

    Args:
        context: The run.
        view: The layer.
        channel: The channel, as it is displayed.
        is_choice: Whether the moments were chosen.
        has_answers: Whether answers stand under the maps.
    """
    tap, name = view.tap, name_layer(view.name)
    number = tap.channels[channel] if tap.channels is not None and not shows_layer(view) else channel
    subject = f"{'Head' if context.statistics.is_attention(view.name) else 'Channel'} {number} of {name}"
    scores = ClassScores.find(context)
    if scores is not None and scores.tap == view.name:
        subject = f"The score of “{scores.classes[channel]}” in {name}"
    elif shows_layer(view):
        values = math.prod(tap.shape[1:])
        subject = f"The {values:,} values of {name}" if values > 1 else f"The value of {name}"
    when = f", at {EQUAL_CHANGE}" if is_choice else ""
    is_same = len(context.steps) > 1 and not context.statistics.changes(view.name).by_channel[channel]
    verb = "they never change" if shows_layer(view) and math.prod(tap.shape[1:]) > 1 else "it never changes"
    same = f"; {verb}" if is_same else ""
    sentences = [f"{subject} for {context.inputs_in_words}{when}{same}."]
    if reduction := describe_reduction(view.cell):
        sentences.append(f"{reduction[:1].upper()}{reduction[1:]}.")
    if has_answers:
        sentences.append("Under each map: what the whole network takes the sample for at that moment.")
    return tuple(sentences)


def name_values(metric: str) -> str:
    """What the values beside the rows are; without a metric they are the numbers of right answers."""
    if not metric:
        return "right answers"
    dataset, kind = split_metric(metric)
    name = "accuracy" if is_accuracy(kind) else to_words(kind)
    return f"{dataset} {name}".strip()


def shows_layer(view: TapView) -> bool:
    """Whether all values of a layer are one map."""
    return view.tap.fold is not None and view.tap.map_shape[0] == 1
