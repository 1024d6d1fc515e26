"""What all benchmarks share: the layer that they render, timing, and Markdown tables. Imports nothing heavy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).parent

LAYER = "conv6"
"""The layer of the demo's run that is rendered: 16 channels of 7×7."""

FPS = 10

CELL = 56
"""The side of the cell of one channel and one sample, in pixels."""


def time_call(function: Callable[[], object]) -> float:
    """The seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as a Markdown table; the first row is the head."""
    head, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *others))
