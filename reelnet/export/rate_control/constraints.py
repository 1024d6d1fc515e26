"""What a platform asks for beside bytes: met by scale and by frames."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from reelnet.errors import CapError, TemplateError
from reelnet.export.platforms.model import OutputConstraints
from reelnet.render.rendition import Rendition

FEWEST = 2
"""Frames: the first and the last."""


def within_limits(
    rendition: Rendition, constraints: OutputConstraints, keep: Collection[str], path: Path
) -> Rendition:
    """A rendition whose frames are not too large for a constraints, nor too many.

    Raises:
        CapError: What must be kept stands in the way, or no scale is small enough.
    """
    scale = rendition.scene.context.cell.scale
    while too_large(rendition, constraints):
        size = rendition.scene.size
        try:
            if scale == 1 or "scale" in keep:
                raise TemplateError("no smaller scale is left" if scale == 1 else "the scale is to be kept")
            scale -= 1
            rendition = rendition.at_scale(scale)
        except TemplateError as error:
            raise CapError(
                f"{path}: a frame of {size.width}×{size.height} pixels is too large for {constraints.platform} "
                f"({error}); show fewer channels or samples, or give a smaller canvas"
            ) from error
    size, count = rendition.scene.size, len(rendition.scene.timeline)
    area = size.width * size.height
    most = min(
        constraints.max_frames or count,
        constraints.max_total_pixels // area if constraints.max_total_pixels else count,
    )
    if count <= most:
        return rendition
    over = (
        f"{constraints.max_total_pixels / 1e6:g} Mpx over all frames" if constraints.max_total_pixels else ""
    )
    takes = f"{most} that {constraints.platform} takes" + (
        f" ({over})" if most != constraints.max_frames else ""
    )
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


def too_large(rendition: Rendition, constraints: OutputConstraints) -> bool:
    """Whether a frame is larger than the constraints allows."""
    size, fewest = rendition.scene.size, min(FEWEST, len(rendition.scene.timeline))
    area = size.width * size.height
    return (
        fewest * area > (constraints.max_total_pixels or fewest * area)
        or size.width > (constraints.max_width or size.width)
        or size.height > (constraints.max_height or size.height)
        or area > (constraints.max_pixels or area)
    )
