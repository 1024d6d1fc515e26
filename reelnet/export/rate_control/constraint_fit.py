"""The limits of a platform other than the cap: a frame that is not too large, and not too many frames."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from reelnet.errors import CapError, TemplateError
from reelnet.export.platforms.model import OutputConstraints
from reelnet.export.rate_control.quality_ladder import MIN_FRAMES
from reelnet.render.rendition import Rendition


def fit_constraints(
    rendition: Rendition, constraints: OutputConstraints, keep: Collection[str], path: Path
) -> Rendition:
    """Reduce density, scale and frames until no frame is too large and there are not too many.

    Args:
        rendition: What is to be shown.
        constraints: The limits.
        keep: What must not be reduced: `frames`, `scale`.
        path: Where the file will go, for errors.

    Raises:
        CapError: What must be kept exceeds a limit, or no scale is small enough.
    """
    platform, scale = constraints.platform, rendition.scale
    while _is_too_large(rendition, constraints):
        size = rendition.size
        try:
            if "scale" in keep:
                raise TemplateError("the scale must be kept")
            if rendition.density > 1:
                rendition = rendition.with_density(rendition.density - 1)
                scale = rendition.scale
                continue
            if scale == 1:
                raise TemplateError("there is no smaller scale")
            scale -= 1
            rendition = rendition.with_scale(scale)
        except TemplateError as error:
            raise CapError(
                f"{path}: a frame of {size.width}×{size.height} pixels is too large for {platform} ({error}); "
                "show fewer channels or samples, or set a smaller canvas"
            ) from error
    size, count = rendition.size, len(rendition.timeline)
    max_frames = min(
        constraints.max_frames or count,
        (constraints.max_total_pixels or count * size.width * size.height) // (size.width * size.height),
    )
    if count <= max_frames:
        return rendition
    limit = f"{max_frames} that {platform} allows"
    if max_frames != constraints.max_frames:
        limit += f" ({(constraints.max_total_pixels or 0) / 1e6:g} Mpx over all frames)"
    if "frames" in keep:
        raise CapError(
            f"{path}: {count} frames of {size.width}×{size.height} pixels are more than the {limit}"
        )
    rendition = rendition.with_frames(max_frames)
    if (count := len(rendition.timeline)) > max_frames:
        raise CapError(
            f"{path}: {count} frames are more than the {limit}; the first, the last and the held steps and the way "
            "back need them"
        )
    return rendition


def _is_too_large(rendition: Rendition, constraints: OutputConstraints) -> bool:
    """Whether a frame is larger than the constraints allow."""
    size, frames = rendition.size, min(MIN_FRAMES, len(rendition.timeline))
    area = size.width * size.height
    return (
        frames * area > (constraints.max_total_pixels or frames * area)
        or size.width > (constraints.max_width or size.width)
        or size.height > (constraints.max_height or size.height)
        or area > (constraints.max_pixels or area)
    )
