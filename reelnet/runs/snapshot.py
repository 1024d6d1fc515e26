"""One training step, as numpy sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Snapshot:
    """What the network showed after one training step.

    Attributes:
        step: Number of optimizer steps taken so far; 0 is the untrained network.
        taps: For each tap an array (samples, channels, height, width), the values as they were.
        metrics: Numbers that the training gave for this step, and those that were added later, by name. May be empty.
    """

    step: int
    taps: Mapping[str, NDArray[np.generic]]
    metrics: Mapping[str, float] = field(default_factory=dict)
