"""Undoing the normalization of inputs, so that samples are shown as the pictures that they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reelnet.errors import UsageError
from reelnet.record.tensors import with_article

Denormalize = Callable[[Tensor], Tensor]
"""Turns normalized inputs (samples, …) into brightness, 0 to 1."""

Statistic = float | Sequence[float] | Tensor
"""A mean or standard deviation: one number, or one per channel."""

MAX_OVERSHOOT = 0.1
"""How far beyond 0 and 1 brightness may be, as after bicubic resizing; it is clipped."""

MAX_BYTE = 255.0


def resolve_denormalize(
    mean: Statistic | None, std: Statistic | None, denormalize: Any
) -> Denormalize | None:
    """The function that undoes the normalization; None if the user gives none.

    Args:
        mean: What was subtracted from each channel.
        std: By what the difference was divided.
        denormalize: torchvision's `Normalize`, or a `Compose` or preset that contains one; or a function that undoes
            the normalization.

    Raises:
        UsageError: The arguments exclude each other, are incomplete, or are none of these.
    """
    if denormalize is not None:
        if mean is not None or std is not None:
            raise UsageError("give either mean= and std=, or denormalize=")
        found = list(_find_normalizations(denormalize))
        if len(found) == 1:
            return _make_inverse(*found[0])
        if found or not callable(denormalize) or _has_steps(denormalize):
            raise UsageError(
                f"denormalize: {len(found) or 'no'} transforms with mean and std in {type(denormalize).__name__}; "
                "give the one that normalized the samples, or a function that undoes it"
            )
        return _check_result(denormalize)
    if mean is None and std is None:
        return None
    if mean is None or std is None:
        raise UsageError("give both mean= and std=, those with which the samples were normalized")
    return _make_inverse(mean, std)


def _has_steps(transform: Any) -> bool:
    return isinstance(transform, nn.Sequential) or hasattr(transform, "transforms")


def _find_normalizations(transform: Any) -> Iterator[tuple[Statistic, Statistic]]:
    """Yield mean and standard deviation of all normalizations in a transform."""
    mean, std = getattr(transform, "mean", None), getattr(transform, "std", None)
    if mean is not None and std is not None and not callable(mean):
        yield mean, std
    elif _has_steps(transform):
        for part in transform if isinstance(transform, nn.Sequential) else transform.transforms:
            yield from _find_normalizations(part)


def _make_inverse(mean: Statistic, std: Statistic) -> Denormalize:
    """The inverse of subtracting `mean` and dividing by `std`."""
    try:
        means = torch.as_tensor(mean, dtype=torch.float64).flatten()
        stds = torch.as_tensor(std, dtype=torch.float64).flatten()
        means, stds = means + torch.zeros_like(stds), stds + torch.zeros_like(means)
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(f"mean={mean!r}, std={std!r}: give a number each, or one per channel") from None
    if not len(means):
        raise UsageError("mean and std are empty; give a number each, or one per channel")
    if not (means.isfinite().all() and stds.isfinite().all() and (stds > 0).all()):
        raise UsageError(f"mean={mean!r}, std={std!r}: give finite numbers, and standard deviations above 0")
    # Some networks are trained on values up to 255.
    unit = MAX_BYTE if float(means.max()) > 1 else 1.0

    def undo(values: Tensor) -> Tensor:
        is_normalized = (
            values.is_floating_point() and not 0 <= float(values.min()) <= float(values.max()) <= 1
        )
        if not is_normalized and means.any():
            raise UsageError(
                "mean and std: the samples lie in 0 to 1, or are whole numbers, so they are not normalized; "
                "leave mean and std out"
            )
        shape = [1] * values.ndim
        if len(means) > 1:
            places = [place for place in (1, values.ndim - 1) if values.shape[place] == len(means)]
            if values.ndim < 4 or not places:
                raise UsageError(
                    f"mean and std: {len(means)} numbers do not fit samples of shape {tuple(values.shape)}; give one "
                    "per channel"
                )
            shape[places[0]] = len(means)
        shown: Tensor = (values.double() * stds.reshape(shape) + means.reshape(shape)) / unit
        return shown

    return _check_result(undo)


def _check_result(undo: Denormalize) -> Denormalize:
    """The same with a check that the result is brightness."""

    def undo_checked(values: Tensor) -> Tensor:
        result = undo(values.detach().cpu())
        try:
            shown = torch.as_tensor(result, dtype=torch.float64)
        except (TypeError, ValueError, RuntimeError):
            what = with_article(result)
            raise UsageError(f"denormalize returned {what}; return a tensor of brightness, 0 to 1") from None
        low, high = float(shown.nan_to_num(0.5).min()), float(shown.nan_to_num(0.5).max())
        if not (low >= -MAX_OVERSHOOT and high <= 1 + MAX_OVERSHOOT):
            raise UsageError(
                f"denormalizing leaves values from {low:.3g} to {high:.3g}, but pictures lie in 0 to 1; give the "
                "mean and std with which the samples were normalized"
            )
        return shown.clamp(0, 1)

    return undo_checked
