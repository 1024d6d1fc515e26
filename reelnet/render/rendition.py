"""The frames of a scene, drawn on demand. A rendition is all that export knows.

Choosing fewer frames replaces the timeline; only another scale or density lays the scene out again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import error_context
from reelnet.config.spec import DEFAULT_DENSITY
from reelnet.errors import ReelnetError, TemplateError, UsageError
from reelnet.render.compositor import Compositor, Frame, LevelSource
from reelnet.render.description.items import PanelDescription
from reelnet.render.font_notes import describe_fonts
from reelnet.render.typography import note_fonts
from reelnet.runs.run import RunReader
from reelnet.scene.layout.boxes import Size
from reelnet.scene.palette.palette import ColorDepth
from reelnet.scene.panel import Canvas, HasLevelMaps
from reelnet.scene.resolve import Scene, resolve
from reelnet.scene.timeline.filling import fill_timeline
from reelnet.scene.timeline.timeline import Timeline
from reelnet.template.model import Template
from reelnet.template.theme import Theme


@dataclass(frozen=True)
class LayoutRequest:
    """What the user asks to see; enough to lay it out again.

    Attributes:
        template: What the author wrote.
        layer: The layer to show; None for the template's.
        scale: Output pixels per map value, or 1/n for means of n × n values; None for the template's, or the largest
            that fits.
        max_channels: The most channels of a layer; those that the template shows first of all. None for all of them.
        fps: Frames per second; None for the template's.
        density: Output pixels per pixel of the layout; None for the template's, or what suits the format.
        full_levels: The least number of levels of colormaps in frames of more than 255 colors.
    """

    template: Template
    layer: str | None = None
    scale: int | Fraction | None = None
    fps: float | None = None
    max_channels: int | None = None
    density: int | None = None
    full_levels: int = 0

    @property
    def fixed_density(self) -> int | None:
        """The density that the user or the template decides; None if it may depend on the format."""
        if self.density is None and self.template.canvas.density is None and self.scale is not None:
            # A scale is in pixels of the file, so that the other lengths should be, too.
            return 1
        return self.density or self.template.canvas.fixed_density

    def resolve_up_to(self, run: RunReader, density: int) -> Scene:
        """Lay the template out for a run at a density, or at the largest smaller one at which the frame is possible.

        Raises:
            TemplateError: The template does not fit the run at density 1.
            UsageError: An option is invalid, or the frame is too large for encoders at density 1.
        """
        for lesser in range(density, 1, -1):
            with suppress(TemplateError, UsageError):
                return self.resolve(run, lesser, all_errors=False)
        return self.resolve(run, 1)

    def resolve(self, run: RunReader, density: int, *, all_errors: bool = True) -> Scene:
        """Lay the template out for a run; see `reelnet.scene.resolve.resolve`."""
        with note_fonts() as usage:
            scene = resolve(
                self.template,
                run,
                layer=self.layer,
                scale=self.scale,
                fps=self.fps,
                max_channels=self.max_channels,
                density=density,
                full_levels=self.full_levels,
                all_errors=all_errors,
            )
        notes = describe_fonts(usage, self.template, scene.context)
        return replace(scene, text_notes=(*notes,), font_files=(*sorted(usage.files),))


class Rendition:
    """The frames of one scene, drawn on demand. One frame at a time is in memory.

    Args:
        scene: What is shown where, and when.
        run: The run of the scene.
        request: What the scene was resolved from.
    """

    def __init__(self, scene: Scene, run: RunReader, request: LayoutRequest) -> None:
        self.scene: Scene = scene
        self.run: RunReader = run
        self.request: LayoutRequest = request
        self._compositors: dict[ColorDepth, Compositor] = {}
        self._at_density: dict[int, Rendition] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        # Other processes make compositors of their own: these hold whole frames.
        return Rendition, (self.scene, self.run, self.request)

    @classmethod
    def from_request(cls, run: RunReader, request: LayoutRequest) -> Rendition:
        """Lay a request out for a run, by default at the density of most formats.

        Raises:
            UsageError: The layer was not recorded, or the scale or frame rate is out of range.
            TemplateError: The template does not fit the run.
            RunError: The run is empty or damaged.
        """
        density = request.fixed_density
        scene = request.resolve(run, density) if density else request.resolve_up_to(run, DEFAULT_DENSITY)
        return cls(scene, run, request)

    @property
    def layer(self) -> str:
        """The layer that is shown."""
        return self.scene.context.layer

    @property
    def size(self) -> Size:
        """Width and height of every frame, in pixels."""
        return self.scene.size

    @property
    def scale(self) -> int:
        """Output pixels per map value."""
        return self.scene.context.cell.scale

    @property
    def density(self) -> int:
        """Output pixels per pixel of the layout."""
        return self.scene.context.density

    @property
    def channels(self) -> int:
        """The most channels of a layer that are shown; 0 if no maps are."""
        drawings = (each for each in self.scene.drawings if isinstance(each, HasLevelMaps))
        shown: dict[str, set[int]] = {}
        for maps in (maps for each in drawings for maps in each.level_maps()):
            # A layer may be divided into several blocks.
            shown.setdefault(maps.tap, set()).update(maps.channels)
        return max(map(len, shown.values()), default=0)

    @property
    def timeline(self) -> Timeline:
        """Which step each frame shows, and for how long."""
        return self.scene.timeline

    @property
    def palette_rgb(self) -> NDArray[np.uint8]:
        """The color of each palette index, uint8 (256 or more, 3)."""
        return self.scene.palette.rgb

    def with_frames(self, count: int) -> Rendition:
        """The same rendition with at most `count` frames, including the way back.

        The first, the last and the held steps always stay; see `TimelinePlan.shorten`.
        """
        plan, timeline = self.scene.timeline_plan.shorten(self.timeline, count)
        if timeline is self.timeline:
            return self
        return Rendition(replace(self.scene, timeline=timeline, timeline_plan=plan), self.run, self.request)

    def with_thumbnail(self, seconds: Fraction) -> Rendition:
        """The same rendition with the last picture in front for some seconds; 0 for none."""
        return self.with_timeline(self.timeline.with_thumbnail(seconds))

    def with_timeline(self, timeline: Timeline) -> Rendition:
        """The same rendition with another timeline, which was made from the present one."""
        return Rendition(replace(self.scene, timeline=timeline), self.run, self.request)

    def with_steps(self, count: int) -> Rendition:
        """The same rendition with the recorded steps between those that it shows, and at most `count` steps.

        See `fill_timeline`. If it shows more steps already, frames are left out; see `with_frames`.
        """
        timeline = fill_timeline(self.scene.timeline_plan, self.timeline, count)
        filled = self.with_timeline(timeline)
        frames = len(timeline)
        while len(filled.timeline.steps_shown) > count:
            # There may be a way back: then frames and steps differ in number.
            frames = min(frames - 1, frames * count // len(filled.timeline.steps_shown))
            fewer = self.with_frames(frames)
            if len(fewer.timeline) > frames:
                return fewer
            filled = fewer
        return filled

    def with_theme(self, theme: Theme) -> Rendition:
        """The same frames in another theme.

        Raises:
            TemplateError: The layout does not fit its canvas in this theme.
        """
        template = replace(self.request.template, theme=theme)
        return self._with_request(replace(self.request, template=template))

    def with_full_levels(self, levels: int) -> Rendition:
        """The same frames with a least number of colormap levels, where the format allows more than 255 colors."""
        return self._with_request(replace(self.request, full_levels=levels))

    def with_scale(self, scale: int) -> Rendition:
        """The same frames laid out at another scale.

        Args:
            scale: Output pixels per map value, 1 to 256.

        Raises:
            TemplateError: The layout does not fit its canvas at that scale.
        """
        if scale == self.scale:
            return self
        return self._with_request(replace(self.request, scale=scale, max_channels=self.channels or None))

    def with_channels(self, count: int) -> Rendition:
        """The same frames with at most `count` channels of each layer, at the same scale.

        Raises:
            TemplateError: The layout does not fit its canvas with fewer channels.
        """
        if count >= self.channels:
            return self
        return self._with_request(
            replace(self.request, scale=self.scene.context.cell.exact_scale, max_channels=count)
        )

    def with_density(self, density: int) -> Rendition:
        """The same frames laid out at another density; a fixed scale changes with it.

        Args:
            density: Output pixels per pixel of the layout, 1 or more.

        Raises:
            TemplateError: The layout does not fit its canvas at that density.
            UsageError: The frame would be larger than encoders accept.
        """
        if density == self.density:
            return self
        is_fixed = self.request.scale is not None or self.request.template.canvas.scale is not None
        scale = max(1, self.scale * density // self.density) if is_fixed else None
        return self._with_request(replace(self.request, density=density, scale=scale))

    def with_default_density(self, density: int) -> Rendition:
        """The same frames at the density that suits a format, unless the user or the template decides it.

        If the frame would be larger than encoders accept, it has a smaller density.
        """
        if density == self.density or self.request.fixed_density is not None:
            return self
        if density not in self._at_density:
            self._at_density[density] = self._with_scene(
                self.request.resolve_up_to(self.run, density), self.request
            )
        return self._at_density[density]

    def _with_request(self, request: LayoutRequest) -> Rendition:
        """The same frames laid out anew, at the same density unless the request has another."""
        request = replace(request, layer=self.layer, density=request.density or self.density)
        return self._with_scene(request.resolve(self.run, request.density or self.density), request)

    def _with_scene(self, scene: Scene, request: LayoutRequest) -> Rendition:
        scene = replace(scene, timeline=self.timeline, timeline_plan=self.scene.timeline_plan)
        return Rendition(scene, self.run, request)

    def frames(
        self,
        levels: LevelSource | None = None,
        positions: range | None = None,
        depth: ColorDepth = ColorDepth.FULL,
    ) -> Iterator[Frame]:
        """The frames in order, as palette indices.

        Args:
            levels: Returns the levels to draw in place of the recorded values; None draws the recorded values.
            positions: Positions in the timeline to draw, from 0; None draws all.
            depth: How many colors the frames may have.

        Raises:
            TemplateError: The panels need more colors than `depth` allows.
            RunError: A step's file is missing, truncated or altered.
        """
        return self._get_compositor(depth).frames(levels, positions)

    def draw_step(self, step: int, depth: ColorDepth = ColorDepth.FULL) -> Canvas:
        """The palette indices of one recorded step, (height, width).

        Raises:
            UsageError: The step was not recorded.
            TemplateError: The panels need more colors than `depth` allows.
            RunError: The step's file is missing, truncated or altered.
        """
        return self._get_compositor(depth).draw_step(step)

    def describe_still(self) -> list[PanelDescription]:
        """What each panel shows in every frame, in drawing order, in all colors of the palette."""
        return self._get_compositor(ColorDepth.FULL).describe_still()

    def describe_step(self, step: int) -> list[PanelDescription]:
        """What each panel shows of one recorded step, on top of what all panels show in every frame.

        Raises:
            UsageError: The step was not recorded.
            RunError: The step's file is missing, truncated or altered.
        """
        return self._get_compositor(ColorDepth.FULL).describe_step(step)

    def check_8bit_colors(self, subject: str, advice: str = "") -> None:
        """Check that 255 colors are enough, with fixed pictures reduced.

        Args:
            subject: What has 8-bit colors, to begin the error with.
            advice: What else would help, to end the error with.

        Raises:
            TemplateError: The panels need more colors.
        """
        shortage = self.scene.palette.shortage
        if shortage is not None:
            with self._locate_errors():
                raise ReelnetError(f"{subject}: {shortage}{advice}")

    def _get_compositor(self, depth: ColorDepth) -> Compositor:
        if not self.scene.palette.is_16bit:
            # All colors fit into 8 bits, so one compositor serves both depths.
            depth = ColorDepth.FULL
        if depth not in self._compositors:
            with self._locate_errors():
                self._compositors[depth] = Compositor(self.scene, self.run, depth)
        return self._compositors[depth]

    def _locate_errors(self) -> AbstractContextManager[None]:
        """Add the position of the panels in the template to errors."""
        return error_context("panels", source_map=self.request.template.source_map)
