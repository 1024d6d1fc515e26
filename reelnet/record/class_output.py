"""Which tap records the class scores that a model returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

import numpy as np
from numpy.typing import NDArray

from reelnet._support.arguments import describe_value
from reelnet.errors import ReelnetError
from reelnet.record.taps.reading import Arrays
from reelnet.runs.class_names import format_class_names

RELATIVE_TOLERANCE = 0.02
"""How much recorded scores may differ from the model's, relative to the largest; half precision loses 0.1 %."""


def format_classes(classes: Sequence[object] | None) -> tuple[str, ...] | None:
    """Convert class names to strings.

    Raises:
        ReelnetError: They are not a list of two or more different names.
    """
    if classes is None:
        return None
    if isinstance(classes, str | bytes | Mapping | Set) or not isinstance(classes, Iterable):
        raise ReelnetError(f"classes={describe_value(classes)}: give a list of names")
    return format_class_names(classes)


def find_class_output(scores: NDArray[np.generic], arrays: Arrays) -> str:
    """Find the last tap that records a model's class scores, as they are or before the model's softmax.

    Args:
        scores: What the model returns, (samples, classes).
        arrays: What the taps record at the same step, (samples, channels, height, width) each.

    Returns:
        The name of the tap; empty if there is none.
    """
    expected = scores.astype(np.float64)
    found = ""
    for name, array in arrays.items():
        if array.shape != (*expected.shape, 1, 1):
            continue
        values = array[:, :, 0, 0].astype(np.float64)
        candidates = (values, log_softmax(values), np.exp(log_softmax(values)))
        if any(is_close(each, expected) for each in candidates):
            found = name
    return found


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the probabilities that logits (samples, classes) stand for."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def is_close(values: NDArray[np.float64], expected: NDArray[np.float64]) -> bool:
    """Whether values are the expected ones, up to the precision of their recording."""
    tolerance = RELATIVE_TOLERANCE * float(np.abs(expected).max(initial=0.0))
    return bool((np.abs(values - expected) <= tolerance).all())
