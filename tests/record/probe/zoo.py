"""All small models by name."""

from __future__ import annotations

from collections.abc import Callable

from tests.record.cases import Case
from tests.record.models import (
    compiled,
    control_flow,
    dict_samples,
    functional,
    in_half,
    in_parallel,
    mixed,
    partly_compiled,
    recurrent,
    transformer,
    tuple_samples,
    under_autocast,
    weight_norm,
)
from tests.record.outputs import (
    channels_last,
    containers,
    kinds,
    several_calls,
    signals,
    tokens,
    volumes,
    words,
)

ZOO: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        mixed,
        tokens,
        channels_last,
        words,
        signals,
        volumes,
        containers,
        several_calls,
        kinds,
        weight_norm,
        recurrent,
        control_flow,
        transformer,
        tuple_samples,
        dict_samples,
        in_half,
        under_autocast,
        functional,
        in_parallel,
        compiled,
        partly_compiled,
    )
}
