"""Arrays of a small training."""

from __future__ import annotations

from typing import Any

import numpy as np


def small(**others: Any) -> dict[str, Any]:
    """Arrays by name that make a run; None leaves one out."""
    random = np.random.default_rng(5)
    arrays: dict[str, Any] = {
        "steps": np.array([0, 1, 10]),
        "samples": random.random((2, 6, 7)),
        "labels": np.array(["cat", "dög"]),
        "inputs": random.normal(size=(2, 1, 6, 7)).astype(np.float32),
        "taps/conv1": random.normal(size=(3, 2, 4, 6, 7)).astype(np.float32),
        "taps/block/1": random.integers(0, 9, (3, 2, 1, 3, 3)),
        "taps/half": random.normal(size=(3, 2, 5, 1, 1)).astype(np.float16),
        "weights/conv1.weight": random.normal(size=(3, 4, 1, 3, 3)),
        "gradients/conv1.weight.grad": random.normal(size=(3, 4, 1, 3, 3)),
        "bounds/conv1": np.array([-9.0, 9.0]),
        "metrics/train/loss": np.array([np.nan, 0.5, np.inf]),
        **others,
    }
    return {name: array for name, array in arrays.items() if array is not None}
