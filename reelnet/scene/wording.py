"""Words about a run for titles: the network, what it is given, and what a layer shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from reelnet.runs.header import TapInfo
from reelnet.scene.number_text import format_number

NUMBER_WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
"""The numbers that are written as words."""

DIGITS = frozenset("0123456789")

MAX_NAME_LENGTH = 60
"""Characters of a model or data set that fit into a sentence; longer ones are not named."""

MAX_NAMED_DEAD = 3
"""Dead channels that are named one by one."""

GENERIC_MODELS = frozenset(["article", "Model", "Module", "ModuleList", "Net", "Network", "Sequential"])
"""Names of classes that tell nothing about a network."""


def name_network(about: Mapping[str, Any]) -> str:
    """The network in a sentence: `model` of the run's facts, or `a network`."""
    model = _short_fact(about, "model")
    return "a network" if not model or model in GENERIC_MODELS else model


def count_inputs(
    about: Mapping[str, Any], labels: Sequence[str] | None, samples: int, total: int, *, are_pictures: bool
) -> str:
    """The samples in a sentence: `ten digits`, `16 of 64 pictures`, or `ten samples` if it is not known of what.

    Args:
        about: The run's facts. `data` follows, as in `ten pictures of CIFAR-10`, unless it says no more.
        labels: The names of the shown samples; None if they have none. Digits are samples of MNIST, or those with
            nothing but digits as names.
        samples: How many are shown.
        total: How many were recorded.
        are_pictures: Whether they are color pictures.
    """
    numbers = [samples, total] if samples < total else [total]
    as_words = total < len(NUMBER_WORDS)
    number = " of ".join(NUMBER_WORDS[each] if as_words else f"{each:,}" for each in numbers)
    data, noun = _short_fact(about, "data"), "picture" if are_pictures else "sample"
    if data == "MNIST" or (labels and all(label in DIGITS for label in labels)):
        noun, data = "digit", "" if data == "MNIST" else data
    return f"{number} {noun}{'s' * (total != 1)}" + (f" of {data}" if data else "")


def describe_naming(inputs: str, samples: int, classes: int, *, are_found: bool) -> str:
    """The title of a picture of samples among the answers of a network: `Ten digits find their names`.

    Args:
        inputs: The samples in a sentence.
        samples: How many are shown.
        classes: How many answers there are.
        are_found: Whether the network is right about all of them at the end; else `Ten digits among ten answers`.
    """
    title = inputs[:1].upper() + inputs[1:]
    if not are_found:
        number = NUMBER_WORDS[classes] if classes < len(NUMBER_WORDS) else f"{classes:,}"
        return f"{title} among {number} answers"
    return f"{title} finds its name" if samples == 1 else f"{title} find their names"


def describe_changing(layer: str, network: str, first_step: int, *, steps: int, has_changed: bool) -> str:
    """The title of a picture of several moments: `How conv6 changes while ResNet learns`.

    Args:
        layer: The layer in a sentence.
        network: The network in a sentence.
        first_step: The number of the first step.
        steps: How many steps were recorded; of one the title says which it is.
        has_changed: Whether any value of the layer differs between two steps.
    """
    if steps == 1:
        return f"At step {first_step:,}: {layer} of {network}"
    if not has_changed:
        return f"While {network} learns, {layer} stays as it is"
    return f"How {layer} changes while {network} learns"


def name_layer(layer: str) -> str:
    """The layer in a sentence: `conv6`, or `layer 2` for a name without letters, as in `nn.Sequential`."""
    return layer if any(character.isalpha() for character in layer) else f"layer {layer}"


def describe_layer(
    layer: str,
    tap: TapInfo,
    channels: int,
    *,
    transposed: bool,
    are_different: bool,
    attention: bool,
    are_classes: bool = False,
    dead: Sequence[int] = (),
    are_dead_last: bool = False,
    at_end: bool = True,
) -> str:
    """Say what is seen of a layer: `conv6: 16 channels of 7 × 7, one per row`.

    Args:
        layer: Its name.
        tap: Its shape.
        channels: How many of its channels are shown.
        transposed: Whether rows are samples, so that a channel is a column.
        are_different: Whether the channels that differ most from each other are shown.
        attention: Whether its maps are attention weights (queries, keys), one per head.
        are_classes: Whether its channels are the scores of classes.
        dead: The shown channels that are the same for every input, as they are numbered in the run.
        are_dead_last: Whether these follow all others.
        at_end: Whether they may have been otherwise before the last step.
    """
    subject, total = name_layer(layer), tap.map_shape[0]
    if tap.fold is not None and total == 1:
        values = math.prod(tap.shape[1:])
        return f"{subject}: {values:,} values per sample, row by row"
    height, width = tap.map_shape[1:]
    is_vector = height == width == 1 < total
    noun = "head" if attention else "class" if are_classes else "value" if is_vector else "channel"
    shown = _count(noun, total)
    if channels < total:
        shown = f"{channels:,} of {shown}" + (_describe_rank(channels) if are_different else "")
    if attention:
        return f"{subject}, {shown}: which position looks at which"
    size = f"{height} × {width}" if min(height, width) > 1 else _count("value", max(height, width))
    place = f", one per {'column' if transposed else 'row'}" if channels > 1 else ""
    words = describe_dead(tap, channels, dead, are_last=are_dead_last, at_end=at_end)
    end = place + (words and f"; {words}")
    if is_vector:
        return f"{subject}: {shown}{end}"
    mark = ";" if channels < total and are_different else ""
    each = ("each " * (channels > 1) if mark else "of ") + size
    return f"{subject}: {shown}{mark} {each}{end}"


def describe_picture(
    layer: str, tap: TapInfo, cell: str, *, attention: bool, are_classes: bool = False
) -> str:
    """Say to somebody who has never seen one what a cell is: `Each small picture is what one channel of conv6 …`.

    Args:
        layer: Its name.
        tap: Its shape.
        cell: What a cell shows: `a map of 7 × 7 values`.
        attention: Whether its maps are attention weights (queries, keys), one per head.
        are_classes: Whether its channels are the scores of classes.
    """
    name = name_layer(layer)
    if are_classes:
        return f"Each small square is the score that {name} gives to one class for one input"
    if attention:
        return (
            f"Each small picture shows which position (row) looks at which (column), for one head of {name}"
        )
    whole = tap.fold is not None and tap.map_shape[0] == 1
    part = name if whole else f"one channel of {name}"
    return f"Each small picture is what {part} computes from one input: {cell}"


def describe_dead(
    tap: TapInfo, channels: int, dead: Sequence[int], *, are_last: bool = False, at_end: bool
) -> str:
    """Name the dead channels: `1, 9 and 12 dead at the end`, or `the last 3 dead at the end`; empty if none is.

    Args:
        tap: The layer.
        channels: How many of its channels are shown.
        dead: Those of them that are the same for every input, as they are numbered in the run.
        are_last: Whether these follow all others, so that they need no numbers.
        at_end: Whether they may have been otherwise before the last step.
    """
    if not dead:
        return ""
    if tap.min is not None and tap.min == tap.max:
        subject = "dead" if channels == 1 else "all dead"
        return f"{subject}: {format_number(tap.min)} for every input"
    names = sorted(dead if tap.channels is None else [tap.channels[each] for each in dead])
    if len(dead) == channels:
        subject = "all " * (channels > 1)
    elif are_last:
        subject = f"the last {len(dead):,} " if len(dead) > 1 else "the last one "
    elif len(dead) <= MAX_NAMED_DEAD:
        *others, last = map(str, names)
        subject = (f"{', '.join(others)} and {last}" if others else f"channel {last}") + " "
    else:
        subject = f"{len(dead):,} of them "
    return f"{subject}dead{' at the end' * at_end}"


def _describe_rank(channels: int) -> str:
    return ", those that differ most" if channels > 1 else ", the strongest"


def _count(noun: str, number: int) -> str:
    return f"{number:,} {noun}" + (("es" if noun.endswith("s") else "s") if number != 1 else "")


def _short_fact(about: Mapping[str, Any], key: str) -> str:
    """A fact of the run as one line of text; empty if it is none, or a long one."""
    value = about.get(key)
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if len(text) <= MAX_NAME_LENGTH else ""
