"""What a platform asks for beside bytes: met by scale and by frames."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from reelnet.errors import CapError, TemplateError
from reelnet.export.platforms.model import Budget
from reelnet.render.rendition import Rendition

FEWEST = 2
"""Frames: the first and the last."""


def within_limits(rendition: Rendition, budget: Budget, keep: Collection[str], path: Path) -> Rendition:
    """A rendition whose frames are not too large for a budget, nor too many.

    Raises:
        CapError: What must be kept stands in the way, or no scale is small enough.
    """
    scale = rendition.scene.facts.cell.scale
    while too_large(rendition, budget):
        size = rendition.scene.size
        try:
            if scale == 1 or "scale" in keep:
                raise TemplateError("no smaller scale is left" if scale == 1 else "the scale is to be kept")
            scale -= 1
            rendition = rendition.at_scale(scale)
        except TemplateError as error:
            raise CapError(
                f"{path}: a frame of {size.width}×{size.height} pixels is too large for {budget.name} "
                f"({error}); show fewer channels or samples, or give a smaller canvas"
            ) from error
    size, count = rendition.scene.size, len(rendition.scene.timeline)
    area = size.width * size.height
    most = min(budget.frames or count, budget.total_pixels // area if budget.total_pixels else count)
    if count <= most:
        return rendition
    over = f"{budget.total_pixels / 1e6:g} Mpx over all frames" if budget.total_pixels else ""
    takes = f"{most} that {budget.name} takes" + (f" ({over})" if most != budget.frames else "")
    if "frames" in keep:
        raise CapError(
            f"{path}: {count} frames of {size.width}×{size.height} pixels are more than the {takes}"
        )
    rendition = rendition.with_frames(most)
    if (count := len(rendition.scene.timeline)) > most:
        raise CapError(
            f"{path}: {count} frames are more than the {takes}; the first, the last and the held steps and the way "
            "back need them"
        )
    return rendition


def too_large(rendition: Rendition, budget: Budget) -> bool:
    """Whether a frame is larger than the budget allows."""
    size, fewest = rendition.scene.size, min(FEWEST, len(rendition.scene.timeline))
    area = size.width * size.height
    return (
        fewest * area > (budget.total_pixels or fewest * area)
        or size.width > (budget.width or size.width)
        or size.height > (budget.height or size.height)
        or area > (budget.pixels or area)
    )
