"""Pauses that panels ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rest:
    """A pause at the first frame that shows one of some training steps.

    Attributes:
        first: The first of them.
        last: The last of them.
        seconds: How long that frame stays in addition to its usual time.
        name: What it is for, by its keys below the panel: `items[2]`.
    """

    first: int
    last: int
    seconds: float
    name: str
