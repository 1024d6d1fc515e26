"""`metrics.json`: numbers that were added to a run after it was recorded; what was committed stays as it is."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reelnet.errors import RunError
from reelnet.runs.header import reason, unreadable
from reelnet.runs.storage.protocol import Store

Scalars = dict[str, dict[int, float]]
"""Values of each metric by step."""

NAME = "metrics.json"
"""Of the file in a run folder."""


def packed(metrics: Scalars) -> bytes:
    """The file's content."""
    content = {
        name: {"steps": list(values), "values": list(map(_word, values.values()))}
        for name, values in metrics.items()
    }
    return (json.dumps(content, ensure_ascii=False) + "\n").encode()


def unpacked(data: bytes, where: str) -> Scalars:
    """What a file holds; `where` names it in errors.

    Raises:
        RunError: It is damaged.
    """
    try:
        return {
            str(name): dict(zip(map(int, each["steps"]), map(float, each["values"]), strict=True))
            for name, each in json.loads(data).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{where}: not a file of metrics ({reason(error)}); remove it, and add them again with 'reelnet metrics'"
        ) from error


def read_added(store: Store) -> Scalars:
    """The metrics that were added to a run, by name and step.

    Raises:
        RunError: Their file is damaged.
    """
    file = store.full(NAME)
    try:
        return unpacked(store.read(NAME), file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unreadable(file, "the metrics", error) from error


def columns(metrics: Scalars, steps: Sequence[int]) -> dict[str, NDArray[np.float64]]:
    """For each metric its values, one a recorded step; NaN where a step has none."""
    return {name: np.array([values.get(step, np.nan) for step in steps]) for name, values in metrics.items()}


def _word(value: float) -> float | str:
    # JSON has no NaN and no infinity; float() reads these words back.
    return value if math.isfinite(value) else str(value)
