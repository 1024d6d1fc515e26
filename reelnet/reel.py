"""A reel: a scene with its run, ready to show or save."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.compose.compositor import Compositor, Frame
from reelnet.compose.registry import registry
from reelnet.export.encoder import bytes_of, encoder_of, format_of, placed_animation
from reelnet.export.options import EncoderOptions, codec_of
from reelnet.export.png import save_png
from reelnet.export.report import Report
from reelnet.runs.run import Run
from reelnet.scene.resolve import Scene, resolve
from reelnet.template.load import load_template
from reelnet.template.spec import Template


class Reel:
    """A run laid out by a template. It displays itself in a notebook."""

    def __init__(self, scene: Scene, run: Run) -> None:
        self.scene = scene
        self.run = run

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
        return cls(resolve(template, run, layer=layer, scale=scale, fps=fps), run)

    @property
    def layer(self) -> str:
        """The recorded layer that is shown."""
        return self.scene.facts.layer

    @property
    def palette_rgb(self) -> NDArray[np.uint8]:
        """The colour of each palette index, uint8 (256, 3)."""
        return self.scene.palette.rgb

    def frames(self) -> Iterator[Frame]:
        """The frames in order, as palette indices, one at a time."""
        return self._compositor.frames()

    def frame(self, step: int) -> Image.Image:
        """The picture of one recorded step, in RGB: pixel for pixel what a lossless animation shows.

        Raises:
            UsageError: There is no such step.
            RunError: The step's file is missing, truncated or altered.
        """
        return Image.fromarray(self.palette_rgb[self._compositor.canvas(step)])

    def save(
        self,
        path: str | os.PathLike[str],
        progress: Callable[[int, int], None] | None = None,
        *,
        lossless: bool = False,
        codec: str | None = None,
    ) -> Report:
        """Write the animation in the format that the suffix of `path` says.

        These are .gif, .mp4, .webm, .webp, .apng, .avif and .mov. A name such as `frame-%05d.png` gives a still for
        each frame.

        The file is complete when it appears: it is written under a temporary name and renamed.

        Args:
            path: Where to.
            progress: Told the frames done and the frames to do, after each frame.
            lossless: Insist on every pixel's exact colour.
            codec: What compresses the pictures: h264 (usual), h265 or av1 in .mp4, vp9 (usual) or av1 in .webm, qtrle
                (usual) or prores in .mov.

        Raises:
            UsageError: The suffix is unknown, or the format has no such codec or cannot be lossless.
            RunError: A step's file is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        began = time.perf_counter()
        path = Path(path)
        form, asked = format_of(path), EncoderOptions(lossless=lossless, codec=codec)
        codec_of(form, asked)
        timeline, size, make = self.scene.timeline, self.scene.size, encoder_of(form)
        with placed_animation(path) as temporary:
            encoder = make(temporary, size, self.palette_rgb, timeline.fps, asked)
            try:
                for done, frame in enumerate(self.frames(), 1):
                    encoder.add(frame)
                    if progress is not None:
                        progress(done, len(timeline))
                written = encoder.finish()
            finally:
                encoder.abandon()
        return Report(
            path=str(path),
            bytes=bytes_of(path),
            frames=written,
            duration=float(timeline.duration),
            width=size.width,
            height=size.height,
            seconds=time.perf_counter() - began,
            notes=make.notes(timeline.fps),
        )

    def save_still(self, step: int, path: str | os.PathLike[str]) -> None:
        """Write the picture of one recorded step as a PNG.

        Raises:
            UsageError: There is no such step, or the suffix is not `.png`.
            RunError: The step's file is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        save_png(Path(path), self._compositor.canvas(step), self.palette_rgb)

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

    @cached_property
    def _compositor(self) -> Compositor:
        return Compositor(self.scene, self.run)
