"""What was given up for a cap or a platform, in words."""

from __future__ import annotations

from collections.abc import Iterator

from reelnet.compose.rendition import Rendition
from reelnet.export.levels import coarseness
from reelnet.export.platforms import Budget
from reelnet.scene.resolve import Scene


def traded(before: Rendition, after: Rendition, levels: int | None, budget: Budget) -> tuple[str, ...]:
    """What was given up on the way from one rendition to another, one sentence each.

    Args:
        before: What was asked for.
        after: What came of it.
        levels: Of the colormap, between its first frame and its last; None for all.
        budget: What the file may be; a limit of its platform that `before` passed is named.
    """
    return tuple(_told(before.scene, after.scene, levels, budget))


def _told(before: Scene, after: Scene, levels: int | None, budget: Budget) -> Iterator[str]:
    steps = len(before.timeline.steps_shown), len(after.timeline.steps_shown)
    if steps[1] < steps[0]:
        yield f"{steps[1]} of {steps[0]} steps shown{_because(_frame_limits(before, budget), budget)}"
    every = before.palette.levels
    if levels is not None and levels < every:
        more = coarseness(every, levels)
        yield (
            f"{levels} of {every} levels of the colormap between the first and the last frame, so values are off "
            f"by up to {more:.1f} of 240 more"
        )
    scales = before.facts.cell.scale, after.facts.cell.scale
    if scales[1] < scales[0]:
        why = _because(_size_limits(before, budget), budget)
        sizes = [f"{scene.size.width}×{scene.size.height}" for scene in (after, before)]
        # A canvas of a fixed size keeps it.
        smaller = f", so {sizes[0]} pixels instead of {sizes[1]}" if sizes[0] != sizes[1] else ""
        yield f"scale {scales[1]} instead of {scales[0]}{smaller}{why}"


def _because(limits: Iterator[str], budget: Budget) -> str:
    passed = list(limits)
    return f" ({budget.name} takes at most {', '.join(passed)})" if passed else ""


def _frame_limits(scene: Scene, budget: Budget) -> Iterator[str]:
    """The limits that the number of frames passes."""
    count, area = len(scene.timeline), scene.size.width * scene.size.height
    if budget.frames is not None and count > budget.frames:
        yield f"{budget.frames:,} frames"
    if budget.total_pixels is not None and count * area > budget.total_pixels:
        yield f"{budget.total_pixels / 1e6:g} Mpx over all frames"


def _size_limits(scene: Scene, budget: Budget) -> Iterator[str]:
    """The limits that the size of a frame passes."""
    size = scene.size
    if budget.width is not None and size.width > budget.width:
        yield f"{budget.width} px across"
    if budget.height is not None and size.height > budget.height:
        yield f"{budget.height} px down"
    if budget.pixels is not None and size.width * size.height > budget.pixels:
        yield f"{budget.pixels:,} px a frame"
