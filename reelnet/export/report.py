"""What was given up for a cap or a platform, in words.

What was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelnet.export.platforms.model import Budget
from reelnet.export.quantize.temporal import coarseness
from reelnet.render.rendition import Rendition
from reelnet.scene.panel import HasLevelMaps
from reelnet.scene.resolve import Scene

if TYPE_CHECKING:
    from reelnet.export.quantize.temporal import Loss
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


@dataclass(frozen=True)
class Report:
    """One finished file.

    Attributes:
        path: Where it lies.
        bytes: Its size on disk.
        frames: Frames in the file; identical neighbours may have been merged into one.
        duration: Of one pass, in seconds.
        width: In pixels.
        height: In pixels.
        seconds: Time that making it took.
        lossless: Whether every pixel of the frames that are shown has its exact colour.
        clipped: Part of the recorded values of the layers that are shown that lies beyond the limits, 0 to 1.
        steps_shown: The training steps that are shown, ascending.
        scale: Canvas pixels a map value.
        cap: The limit in bytes; None where there was none.
        max_error_levels: Greatest error of a value, in 240ths of the colormap's range, beside what the codec loses.
        mean_error_levels: Mean error of all values, likewise.
        encodes: How many it took.
        traded: What was given up for the cap or the platform, one sentence each.
        notes: What else a person should know about it, one sentence each.
    """

    path: str
    bytes: int
    frames: int
    duration: float
    width: int
    height: int
    seconds: float
    lossless: bool
    clipped: float
    steps_shown: tuple[int, ...]
    scale: int
    cap: int | None = None
    max_error_levels: float = 0.0
    mean_error_levels: float = 0.0
    encodes: int = 1
    traded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        scene: Scene,
        path: Path,
        *,
        bytes_: int,
        frames: int,
        seconds: float,
        lossless: bool,
        loss: Loss | None = None,
        **others: Any,
    ) -> Report:
        """The report of a file that shows a whole scene; what the scene tells is taken from there."""
        timeline, size = scene.timeline, scene.size
        return cls(
            path=str(path),
            bytes=bytes_,
            frames=frames,
            duration=float(timeline.duration),
            width=size.width,
            height=size.height,
            seconds=seconds,
            lossless=lossless,
            clipped=clipped(scene),
            steps_shown=timeline.steps_shown,
            scale=scene.facts.cell.scale,
            max_error_levels=loss.most if loss is not None else 0.0,
            mean_error_levels=loss.mean if loss is not None else 0.0,
            **others,
        )

    @property
    def fill(self) -> float | None:
        """Part of the cap that the file takes; None without a cap."""
        return None if self.cap is None else self.bytes / self.cap

    def as_json(self) -> dict[str, Any]:
        """The figures by name, for `json.dumps`."""
        return {
            "path": self.path,
            "bytes": self.bytes,
            "cap": self.cap,
            "fill": self.fill,
            "lossless": self.lossless,
            "max_error_levels": self.max_error_levels,
            "mean_error_levels": self.mean_error_levels,
            "clipped": self.clipped,
            "frames": self.frames,
            "steps_shown": list(self.steps_shown),
            "duration": self.duration,
            "width": self.width,
            "height": self.height,
            "scale": self.scale,
            "encodes": self.encodes,
            "seconds": self.seconds,
            "traded": list(self.traded),
        }


def clipped(scene: Scene) -> float:
    """Part of all recorded values of the layers whose maps move that lies beyond their limits, 0 to 1."""
    outside = total = 0.0
    for name in moving_taps(scene):
        view = scene.facts.view(name)
        outside, total = outside + view.limits.clipped * view.tap.nbytes, total + view.tap.nbytes
    return outside / total if total else 0.0


def moving_taps(scene: Scene) -> list[str]:
    """The layers whose maps move."""
    drawings = [drawing for drawing in scene.drawings if isinstance(drawing, HasLevelMaps)]
    return list(dict.fromkeys(maps.tap for drawing in drawings for maps in drawing.level_maps()))
