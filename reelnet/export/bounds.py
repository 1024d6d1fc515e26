"""What a platform asks for beside bytes: met by scale and by frames."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from reelnet.errors import CapError, TemplateError
from reelnet.export.platforms import Budget

if TYPE_CHECKING:
    from reelnet.reel import Reel

FEWEST = 2
"""Frames: the first and the last."""


def within_limits(reel: Reel, budget: Budget, keep: Collection[str], path: Path) -> Reel:
    """A reel whose frames are not too large for a budget, nor too many.

    Raises:
        CapError: What must be kept stands in the way, or no scale is small enough.
    """
    scale = reel.scene.facts.cell.scale
    while too_large(reel, budget):
        size = reel.scene.size
        try:
            if scale == 1 or "scale" in keep:
                raise TemplateError("no smaller scale is left" if scale == 1 else "the scale is to be kept")
            scale -= 1
            reel = reel.varied(scale=scale)
        except TemplateError as error:
            raise CapError(
                f"{path}: a frame of {size.width}×{size.height} pixels is too large for {budget.name} "
                f"({error}); show fewer channels or samples, or give a smaller canvas"
            ) from error
    size, count = reel.scene.size, len(reel.scene.timeline)
    area = size.width * size.height
    most = min(budget.frames or count, budget.total_pixels // area if budget.total_pixels else count)
    if count <= most:
        return reel
    over = f"{budget.total_pixels / 1e6:g} Mpx over all frames" if budget.total_pixels else ""
    takes = f"{most} that {budget.name} takes" + (f" ({over})" if most != budget.frames else "")
    if "frames" in keep:
        raise CapError(
            f"{path}: {count} frames of {size.width}×{size.height} pixels are more than the {takes}"
        )
    reel = reel.varied(frames=most)
    if (count := len(reel.scene.timeline)) > most:
        raise CapError(
            f"{path}: {count} frames are more than the {takes}; the first, the last and the held steps and the way "
            "back need them"
        )
    return reel


def too_large(reel: Reel, budget: Budget) -> bool:
    """Whether a frame is larger than the budget allows."""
    size, fewest = reel.scene.size, min(FEWEST, len(reel.scene.timeline))
    area = size.width * size.height
    return (
        fewest * area > (budget.total_pixels or fewest * area)
        or size.width > (budget.width or size.width)
        or size.height > (budget.height or size.height)
        or area > (budget.pixels or area)
    )
