"""A reel: a scene with its run, ready to show or save."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.compose.compositor import Compositor, Frame
from reelnet.compose.registry import registry
from reelnet.export.asked import USUAL_ERROR, Asked
from reelnet.export.held import Held, Resting
from reelnet.export.png import image_of
from reelnet.export.report import Report
from reelnet.export.saving import Progress, Trying, save, save_still
from reelnet.runs.run import Run
from reelnet.scene.mistakes import told
from reelnet.scene.panel import Canvas
from reelnet.scene.resolve import Scene, resolve
from reelnet.scene.timeline import LEAST_FPS
from reelnet.template.load import load_template
from reelnet.template.spec import Template

if TYPE_CHECKING:
    from reelnet.places import Exported


class Reel:
    """A run laid out by a template. It displays itself in a notebook.

    Attributes:
        scene: What is shown where, and when.
        run: What was recorded.
        template: What the author wrote.
        scale: The factor of upscaling that was asked for; None for the template's.
        fps: Likewise the frames a second.
    """

    def __init__(
        self,
        scene: Scene,
        run: Run,
        template: Template,
        *,
        scale: int | None = None,
        fps: float | None = None,
    ) -> None:
        self.scene, self.run, self.template = scene, run, template
        self.scale, self.fps = scale, fps
        self._compositors: dict[bool, Compositor] = {}

    @classmethod
    def of(
        cls,
        run: Run,
        template: str | os.PathLike[str] | Template = "article",
        *,
        layer: str | None = None,
        scale: int | None = None,
        fps: float | None = None,
        settings: Sequence[str] = (),
    ) -> Self:
        """Lay a run out.

        Args:
            run: What was recorded.
            template: Name or file of a template, or a template that was loaded.
            layer: The recorded layer to show; the template's, or else the last one that gives maps.
            scale: Whole factor by which maps are upscaled; by default what the template's canvas or cells allow.
            fps: Frames a second; the template's own by default.
            settings: Keys of the template to change, such as `"theme.background=#111"`.

        Raises:
            UsageError: There is no such layer, or scale or fps cannot be.
            TemplateError: There is no such template, or it is invalid, or does not fit the run.
            RunError: The run is empty or damaged.
        """
        if not isinstance(template, Template):
            template = load_template(template, registry(), settings)
        scene = resolve(template, run, layer=layer, scale=scale, fps=fps)
        return cls(scene, run, template, scale=scale, fps=fps)

    def varied(self, *, frames: int | None = None, scale: int | None = None) -> Reel:
        """The same reel with fewer frames, or at another scale.

        Args:
            frames: Most that there may be, the way back counted. The first, the last and the held steps stay among
                them, however few that allows; each frame shows its true step, and the seconds are kept up to a frame
                for each pause.
            scale: Canvas pixels a map value.

        Raises:
            TemplateError: The layout does not fit its canvas at that scale.
        """
        timeline = self.scene.timeline
        # A scale that is named changes the layout; unless it is another one, what was asked for stays.
        scale = self.scale if scale in (None, self.scene.facts.cell.scale) else scale
        if frames is None or frames >= len(timeline):
            return Reel.of(self.run, self.template, layer=self.layer, scale=scale, fps=float(timeline.fps))
        kept = {timeline.shown[0].step, *timeline.steps_shown[-1:]}
        fewest = len(kept | {hold.step for hold in self.template.timeline.holds})
        slots = timeline.moving
        while True:
            # A step may take several slots, and there may be a way back: then frames and slots differ in number.
            slots = max(fewest, min(slots - 1, slots * frames // len(timeline)))
            reel = self._with_slots(slots, scale)
            timeline = reel.scene.timeline
            if len(timeline) <= frames or slots == fewest:
                return reel

    def _with_slots(self, slots: int, scale: int | None) -> Reel:
        """The same reel with fewer slots in its moving part, which takes the same time."""
        timeline, template = self.scene.timeline, self.template
        # A boomerang shows neither end twice.
        now, then = (
            2 * max(2, count) - 2 if template.timeline.boomerang else count
            for count in (timeline.moving, slots)
        )
        fps = max(LEAST_FPS, float(timeline.fps * then / now))
        spec = template.timeline.model_copy(update={"max_frames": slots})
        return Reel.of(self.run, replace(template, timeline=spec), layer=self.layer, scale=scale, fps=fps)

    @property
    def layer(self) -> str:
        """The recorded layer that is shown."""
        return self.scene.facts.layer

    @property
    def palette_rgb(self) -> NDArray[np.uint8]:
        """The colour of each palette index, uint8 (256 or more, 3)."""
        return self.scene.palette.rgb

    def frames(
        self, held: Held | Resting | None = None, some: range | None = None, *, few: bool = False
    ) -> Iterator[Frame]:
        """The frames in order, as palette indices, one at a time; with values as recorded, or as they were held.

        Args:
            held: The values, if they were.
            some: Positions in the timeline to draw alone; None draws all.
            few: For a format that has 256 colours, in which photos get few of their own.

        Raises:
            TemplateError: The panels need more colours than `few` allows.
        """
        return self._compositor(few=few).frames(held.at if held is not None else None, some)

    def frame(self, step: int, *, few: bool = False) -> Image.Image:
        """The picture of one recorded step, in RGB: pixel for pixel what a lossless animation shows.

        Args:
            step: As recorded.
            few: As a GIF shows it, which has 256 colours; photos then get few of their own.

        Raises:
            UsageError: There is no such step.
            RunError: The step's file is missing, truncated or altered.
        """
        return image_of(self.canvas(step, few=few), self.palette_rgb).convert("RGB")

    def canvas(self, step: int, *, few: bool = False) -> Canvas:
        """The palette indices of one recorded step (height, width); see `frame`.

        Raises:
            UsageError: There is no such step.
            RunError: The step's file is missing, truncated or altered.
        """
        return self._compositor(few=few).canvas(step)

    def save(
        self,
        path: str | os.PathLike[str],
        progress: Progress | None = None,
        *,
        trying: Trying | None = None,
        lossless: bool = False,
        codec: str | None = None,
        max_size: str | int | None = None,
        platform: str | None = None,
        max_error: float = USUAL_ERROR,
        keep: Collection[str] = (),
    ) -> Report:
        """Write the animation in the format that the suffix of `path` says.

        These are .gif, .mp4, .webm, .webp, .apng, .avif and .mov. A name such as `frame-%05d.png` gives a still for
        each frame.

        The file is complete when it appears: it is written under a temporary name and renamed.

        Args:
            path: Where to.
            progress: Told what is done and what there is to do, after each frame, or under a cap after each encode.
            trying: Under a cap, told in words what is tried next.
            lossless: Insist on every pixel's exact colour.
            codec: What compresses the pictures: h264 (usual), h265 or av1 in .mp4, vp9 (usual) or av1 in .webm,
                qtrle (usual) or prores in .mov.
            max_size: The cap, such as `"3 MB"`, `"2.5 MiB"` or a number of bytes. Lossless if that fits, else the
                least loss that does; never over it.
            platform: Where the file will be published, such as `"github"`; its limits count too.
            max_error: Under a cap, most by which a value may be off, in 240ths of the colormap; past that frames,
                levels of the colormap or scale are given up.
            keep: Under a cap, what must not be given up: `"frames"`, `"levels"`, `"scale"`.

        Raises:
            UsageError: The suffix is unknown, or the format has no such codec or cannot be lossless; there is no such
                platform, or it does not take the format.
            CapError: No file under the cap could be made.
            RunError: A step's file is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        asked = Asked.of(
            lossless=lossless,
            codec=codec,
            max_size=max_size,
            platform=platform,
            max_error=max_error,
            keep=keep,
        )
        return save(self, Path(path), asked, progress, trying)

    def export(
        self,
        platforms: Collection[str] | str,
        folder: str | os.PathLike[str] = "renders",
        *,
        max_error: float = USUAL_ERROR,
        keep: Collection[str] = (),
    ) -> list[Exported]:
        """Write a file for each of several platforms, in the format that the platform prefers.

        Every name and limit is looked up before the first file is written. Where no file under a platform's cap can
        be made, the others are made all the same.

        Args:
            platforms: Their names, such as `["medium", "github"]`.
            folder: Where the files go, each as `{layer}-{platform}.{suffix}`.
            max_error: Most by which a value may be off, in 240ths of the colormap.
            keep: What must not be given up: `"frames"`, `"levels"`, `"scale"`.

        Returns:
            What each platform got, in order: a report, or the reason why there is none.

        Raises:
            UsageError: There is no such platform, or it takes no format that can be written.
            RunError: A step's file is missing, truncated or altered.
            ReelnetError: A file cannot be written.
        """
        from reelnet.places import export

        names = [platforms] if isinstance(platforms, str) else platforms
        return export([self], names, Path(folder), Asked.of(max_error=max_error, keep=keep))

    def save_still(self, step: int, path: str | os.PathLike[str]) -> Report:
        """Write the picture of one recorded step as a PNG.

        Raises:
            UsageError: There is no such step, or the suffix is not `.png`.
            RunError: The step's file is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        return save_still(self, step, Path(path))

    def clip(self) -> Any:
        """The animation as a moviepy `VideoClip`, for editing: cutting, joining, adding sound.

        Raises:
            ReelnetError: moviepy is not installed.
        """
        from reelnet.export.clip import to_clip

        return to_clip(self.scene.timeline, lambda step: np.asarray(self.frame(step)))

    def __repr__(self) -> str:
        size = self.scene.size
        return f"<Reel of {self.layer}: {len(self.scene.timeline)} frames of {size.width}×{size.height}>"

    def _repr_html_(self) -> str:
        from reelnet.notebook import reel_video

        return reel_video(self)

    def _compositor(self, *, few: bool) -> Compositor:
        # Where all colours fit, one does for both.
        few = few and self.scene.palette.deep
        if few not in self._compositors:
            with told(self.template, "panels"):
                self._compositors[few] = Compositor(self.scene, self.run, few=few)
        return self._compositors[few]
