"""Whether the recorded steps of a run are shown on a linear or a logarithmic scale."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

MIN_STEPS = 4
"""Fewer steps have no spacing to speak of."""
MAX_UNEVENNESS = 0.5
"""Steps count as logarithms if they are at least this much more even on a logarithmic scale."""


@lru_cache(maxsize=16)
def are_log_spaced(steps: tuple[int, ...]) -> bool:
    """Whether recorded steps are spaced as logarithms, such as 0, 1, 10, 100, 1,000.

    The unevenness of a scale is the sum of the squares of all gaps, as fractions of the scale; it is least for equal
    ones.

    Args:
        steps: The recorded training steps, ascending.
    """
    if len(steps) < MIN_STEPS:
        return False
    linear = np.array(steps, np.float64)
    unevenness = [
        float(np.square(np.diff(scale) / (scale[-1] - scale[0])).sum())
        for scale in (linear, np.log1p(linear))
    ]
    return unevenness[1] < MAX_UNEVENNESS * unevenness[0]
