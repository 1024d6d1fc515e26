"""A reel: a scene with its run, ready to show or save."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.compose.compositor import Compositor, Frame
from reelnet.compose.registry import registry
from reelnet.errors import UsageError, options
from reelnet.export.encoder import bytes_of, encoder_of, format_of, placed_animation
from reelnet.export.formats import is_sequence
from reelnet.export.held import Held
from reelnet.export.options import EncoderOptions, codec_of
from reelnet.export.place import placed
from reelnet.export.platforms import Budget
from reelnet.export.png import save_png
from reelnet.export.report import Found, Report
from reelnet.export.search import KEEPABLE, Search, Wish, traded
from reelnet.runs.run import Run
from reelnet.scene.resolve import Scene, resolve
from reelnet.template.load import load_template
from reelnet.template.spec import Template


class Reel:
    """A run laid out by a template. It displays itself in a notebook."""

    def __init__(self, scene: Scene, run: Run, template: Template) -> None:
        self.scene = scene
        self.run = run
        self.template = template

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
        return cls(resolve(template, run, layer=layer, scale=scale, fps=fps), run, template)

    def varied(self, *, frames: int | None = None, scale: int | None = None) -> Reel:
        """The same reel with at most so many frames in its moving part, or at another scale.

        Args:
            frames: First and last step stay among them, each shows its true step, and the duration is kept.
            scale: Canvas pixels a map value.

        Raises:
            TemplateError: The layout does not fit its canvas at that scale.
        """
        timeline, template = self.scene.timeline, self.template
        fps = float(timeline.fps)
        if frames is not None and frames < len(timeline):
            fps = fps * frames / len(timeline)
            template = replace(template, timeline=template.timeline.model_copy(update={"max_frames": frames}))
        scale = self.scene.facts.cell.scale if scale is None else scale
        return Reel.of(self.run, template, layer=self.layer, scale=scale, fps=fps)

    @property
    def layer(self) -> str:
        """The recorded layer that is shown."""
        return self.scene.facts.layer

    @property
    def palette_rgb(self) -> NDArray[np.uint8]:
        """The colour of each palette index, uint8 (256, 3)."""
        return self.scene.palette.rgb

    def frames(self, held: Held | None = None) -> Iterator[Frame]:
        """The frames in order, as palette indices, one at a time; with values as recorded, or as they were held."""
        return self._compositor.frames(held.at if held is not None else None)

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
        max_size: str | int | None = None,
        platform: str | None = None,
        max_error: float = 4.0,
        keep: Collection[str] = (),
    ) -> Report:
        """Write the animation in the format that the suffix of `path` says.

        These are .gif, .mp4, .webm, .webp, .apng, .avif and .mov. A name such as `frame-%05d.png` gives a still for
        each frame.

        The file is complete when it appears: it is written under a temporary name and renamed.

        Args:
            path: Where to.
            progress: Told what is done and what there is to do, after each frame, or under a cap after each encode.
            lossless: Insist on every pixel's exact colour.
            codec: What compresses the pictures: h264 (usual) or av1 in .mp4, vp9 (usual) or av1 in .webm, qtrle
                (usual) or prores in .mov.
            max_size: The cap, such as `"3 MB"`, `"2.5 MiB"` or a number of bytes. Lossless if that fits, else the
                least loss that does; never over it.
            platform: Where the file will be published, such as `"github"`; its limits count too.
            max_error: Under a cap, most by which a value may be off, in 240ths of the colormap; past that frames or
                scale are given up.
            keep: Under a cap, what must not be given up: `"frames"`, `"scale"`.

        Raises:
            UsageError: The suffix is unknown, or the format has no such codec or cannot be lossless; there is no such
                platform, or it does not take the format.
            CapError: No file under the cap could be made.
            RunError: A step's file is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        began = time.perf_counter()
        path = Path(path)
        form, asked = format_of(path), EncoderOptions(lossless=lossless, codec=codec)
        codec_of(form, asked)
        if max_size is not None or platform is not None:
            budget = Budget.of(max_size=max_size, platform=platform, suffix=form.suffix)
            return self._save_under(path, Wish(budget, asked, max_error, frozenset(keep)), progress)
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

    def _save_under(self, path: Path, wish: Wish, progress: Callable[[int, int], None] | None) -> Report:
        """Write the file that a search under a cap finds."""
        began, form = time.perf_counter(), format_of(path)
        unknown = sorted(wish.keep - KEEPABLE)
        if unknown:
            raise UsageError(f"keep {unknown[0]!r}; {options(unknown[0], KEEPABLE)}")
        if is_sequence(path):
            raise UsageError(f"{path}: a cap is for one file; name a single one, such as {path.stem}.apng")
        with placed(path) as temporary, TemporaryDirectory(prefix=".reelnet-", dir=path.parent) as folder:
            search = Search(self, form, path, Path(folder), wish, progress)
            best = search.run()
            best.path.replace(temporary)
        scene, loss, given_up = best.reel.scene, best.loss, traded(self, best.reel)
        codec = codec_of(form, wish.options)
        return Report(
            path=str(path),
            bytes=path.stat().st_size,
            frames=best.frames,
            duration=float(scene.timeline.duration),
            width=scene.size.width,
            height=scene.size.height,
            seconds=time.perf_counter() - began,
            notes=(*encoder_of(form).notes(scene.timeline.fps), *given_up),
            found=Found(
                cap=wish.budget.bytes,
                lossless=codec.exact and loss is None,
                max_error_levels=loss.most if loss is not None else 0,
                mean_error_levels=loss.mean if loss is not None else 0.0,
                steps_shown=scene.timeline.steps_shown,
                scale=scene.facts.cell.scale,
                encodes=search.encodes,
                traded=given_up,
            ),
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
