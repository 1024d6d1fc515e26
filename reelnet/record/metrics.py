"""What the training says itself: numbers of a step, texts of the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from reelnet.errors import ReelnetError


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Metrics as plain numbers.

    Raises:
        ReelnetError: One of them is not a single real number.
    """
    return {name: number(name, value) for name, value in metrics.items()}


def number(name: str, value: Any) -> float:
    """A metric as a plain number.

    Raises:
        ReelnetError: It is not a single real number.
    """
    try:
        if isinstance(value, str):
            raise TypeError
        return float(value.item() if isinstance(value, torch.Tensor | np.ndarray) else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        form = f"of shape {tuple(value.shape)}" if hasattr(value, "shape") else repr(value)
        raise ReelnetError(
            f"metric {name!r}: {type(value).__name__} {form} is not one number; take its mean, say"
        ) from None


def texts(labels: Sequence[object] | torch.Tensor | None, samples: int) -> tuple[str, ...] | None:
    """Labels as texts, one a sample.

    Raises:
        ReelnetError: There are more or fewer labels than samples.
    """
    if labels is None:
        return None
    listed = labels.tolist() if isinstance(labels, torch.Tensor | np.ndarray) else list(labels)
    if len(listed) != samples:
        raise ReelnetError(f"labels: {len(listed)} for {samples} samples; give one each")
    return tuple(str(label) for label in listed)
