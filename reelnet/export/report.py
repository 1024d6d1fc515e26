"""The report of a written file: its figures, and in sentences what was reduced to satisfy the constraints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelnet.export.encoders.png import list_files
from reelnet.export.platforms.model import OutputConstraints
from reelnet.render.rendition import Rendition
from reelnet.scene.panel import HasLevelMaps

if TYPE_CHECKING:
    from reelnet.export.quantize.level_store import QuantizationStats

JSON_FIELDS = (
    *(
        "path",
        "bytes",
        "cap",
        "fill",
        "lossless",
        "max_error_levels",
        "mean_error_levels",
        "clipped",
        "frames",
    ),
    *("steps_shown", "duration", "width", "height", "density", "scale", "encodes", "seconds", "traded"),
)


@dataclass(frozen=True)
class Report:
    """The figures of one written file.

    Attributes:
        path: The file.
        bytes: Its size.
        frames: The frames in the file; identical neighbors may have been merged.
        duration: The duration of one loop, in seconds.
        width: In pixels.
        height: In pixels.
        lossless: Whether every pixel of the shown frames has its exact color.
        clipped: The fraction of the finite values of the shown layers that lie outside the color limits, 0 to 1.
        steps_shown: The training steps that are shown, ascending.
        scale: Output pixels per map value.
        density: Output pixels per pixel of the layout.
        least_zoom: Of an interactive figure: the zoom below which its texts cannot be read; 1 for other files.
        seconds: The time that it took to write the file.
        cap: The cap in bytes; None without one.
        max_error_levels: The largest error of a value, in 1/240ths of the color range, before the codec.
        mean_error_levels: The mean error of all values, in the same unit.
        encodes: The number of encodes that it took.
        traded: What was reduced to satisfy the constraints, one sentence each.
        notes: What else users should know about the file, one sentence each.
    """

    path: str
    bytes: int
    frames: int
    duration: float
    width: int
    height: int
    lossless: bool
    clipped: float
    steps_shown: tuple[int, ...]
    scale: int
    density: int = 1
    least_zoom: float = 1.0
    seconds: float = 0.0
    cap: int | None = None
    max_error_levels: float = 0.0
    mean_error_levels: float = 0.0
    encodes: int = 1
    traded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def from_rendition(
        cls,
        rendition: Rendition,
        path: Path,
        *,
        step: int | None = None,
        stats: QuantizationStats | None = None,
        **others: Any,
    ) -> Report:
        """The report of a file that shows a whole rendition, or only `step` of it."""
        timeline = rendition.timeline
        return cls(
            path=str(path),
            bytes=sum(file.stat().st_size for file in list_files(path)),
            duration=float(timeline.duration) if step is None else 0.0,
            width=rendition.size.width,
            height=rendition.size.height,
            clipped=_clipped_fraction(rendition),
            steps_shown=timeline.steps_shown if step is None else (step,),
            scale=rendition.scale,
            density=rendition.density,
            max_error_levels=stats.max_error if stats is not None else 0.0,
            mean_error_levels=stats.mean_error if stats is not None else 0.0,
            **others,
        )

    @property
    def fill(self) -> float | None:
        """The size of the file as a fraction of the cap; None without a cap."""
        return None if self.cap is None else self.bytes / self.cap

    def as_json(self) -> dict[str, Any]:
        """The figures by name, for `json.dumps`."""
        figures = {name: getattr(self, name) for name in JSON_FIELDS}
        return {name: [*value] if isinstance(value, tuple) else value for name, value in figures.items()}


def describe_reductions(
    before: Rendition, after: Rendition, levels: int | None, constraints: OutputConstraints
) -> Iterator[str]:
    """What was reduced between two renditions, one sentence each.

    Args:
        before: What the user asked for.
        after: What the file shows.
        levels: The colormap levels between the first and the last frame of `after`; None for all.
        constraints: The constraints of the file. Those of its platform that `before` violated are named.
    """
    steps = len(before.timeline.steps_shown), len(after.timeline.steps_shown)
    if steps[1] < steps[0]:
        yield f"{steps[1]} of {steps[0]} steps shown{_name_frame_limits(before, constraints)}"
    every = before.scene.palette.levels
    if levels is not None and levels < every:
        from reelnet.export.quantize.temporal import additional_error

        yield (
            f"{levels} of {every} colormap levels between the first and the last frame, which adds an error of "
            f"up to {additional_error(every, levels):.1f} of 240 levels"
        )
    if after.channels < before.channels:
        yield f"{after.channels} of {before.channels} channels shown"
    sizes = [f"{each.size.width}×{each.size.height}" for each in (after, before)]
    # A canvas of a fixed size keeps its size at every scale.
    smaller = f", so {sizes[0]} pixels instead of {sizes[1]}" if sizes[0] != sizes[1] else ""
    scale = before.scale * after.density // before.density
    if after.density < before.density:
        reason, size = _name_size_limits(before, constraints), smaller if after.scale >= scale else ""
        yield f"density {after.density} instead of {before.density}{size}{reason}"
    if after.scale < scale:
        reason = _name_size_limits(before, constraints)
        yield f"scale {after.scale} instead of {scale}{smaller}{reason}"


def _name_frame_limits(rendition: Rendition, constraints: OutputConstraints) -> str:
    """The limits of the platform that the number of frames exceeds, in parentheses."""
    count, total = len(rendition.timeline), constraints.max_total_pixels
    pixels = count * rendition.size.width * rendition.size.height
    return _name_exceeded(
        constraints,
        (count, constraints.max_frames, "{:,} frames"),
        (pixels, total, f"{(total or 0) / 1e6:g} Mpx over all frames"),
    )


def _name_size_limits(rendition: Rendition, constraints: OutputConstraints) -> str:
    """The limits of the platform that the size of a frame exceeds, in parentheses."""
    size = rendition.size
    return _name_exceeded(
        constraints,
        (size.width, constraints.max_width, "a width of {} px"),
        (size.height, constraints.max_height, "a height of {} px"),
        (size.width * size.height, constraints.max_pixels, "{:,} px per frame"),
    )


def _name_exceeded(constraints: OutputConstraints, *limits: tuple[int, int | None, str]) -> str:
    exceeded = [text.format(limit) for value, limit, text in limits if limit is not None and value > limit]
    return f" ({constraints.platform} takes at most {', '.join(exceeded)})" if exceeded else ""


def _clipped_fraction(rendition: Rendition) -> float:
    """The fraction of all finite values of the layers with animated maps that lie outside their color limits."""
    drawings = [drawing for drawing in rendition.scene.drawings if isinstance(drawing, HasLevelMaps)]
    outside = total = 0.0
    for name in dict.fromkeys(maps.tap for drawing in drawings for maps in drawing.level_maps()):
        context = rendition.scene.context
        count = context.statistics.finite_count(name)
        outside, total = outside + context.view(name).limits.clipped * count, total + count
    return outside / total if total else 0.0
