"""The facade: a run that was opened, and a reel, which is a run laid out by a template, ready to show or save."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.export.encoders.png import to_image
from reelnet.export.moviepy import to_clip
from reelnet.export.platform_batch import PlatformResult, export
from reelnet.export.report import Report
from reelnet.export.request import DEFAULT_MAX_ERROR, ExportOptions, ExportRequest
from reelnet.export.save import OnProgress, OnTrial, save
from reelnet.render.registry import registry
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.run import RunReader
from reelnet.scene.palette.palette import ColorDepth
from reelnet.scene.resolve import Scene
from reelnet.template.load import load_template
from reelnet.template.model import Template


class Reel:
    """A run laid out by a template. It displays itself in a notebook.

    Args:
        rendition: The run's frames, laid out.

    Attributes:
        rendition: Likewise.
    """

    def __init__(self, rendition: Rendition) -> None:
        self.rendition = rendition

    @classmethod
    def from_run(
        cls,
        run: RunReader,
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
            fps: Frames per second; the template's own by default.
            settings: Keys of the template to change, such as `"theme.background=#111"`.

        Raises:
            UsageError: There is no such layer, or the scale or frame rate is out of range.
            TemplateError: There is no such template, or it is invalid, or does not fit the run.
            RunError: The run is empty or damaged.
        """
        if not isinstance(template, Template):
            template = load_template(template, registry(), settings)
        return cls(Rendition.from_request(run, LayoutRequest(template, layer, scale, fps)))

    @property
    def run(self) -> RunReader:
        """What was recorded."""
        return self.rendition.run

    @property
    def template(self) -> Template:
        """What the author wrote."""
        return self.rendition.request.template

    @property
    def scene(self) -> Scene:
        """What is shown where, and when."""
        return self.rendition.scene

    @property
    def layer(self) -> str:
        """The recorded layer that is shown."""
        return self.rendition.layer

    @property
    def palette_rgb(self) -> NDArray[np.uint8]:
        """The color of each palette index, uint8 (256 or more, 3)."""
        return self.rendition.palette_rgb

    def frame(self, step: int, *, few: bool = False) -> Image.Image:
        """The picture of one recorded step, in RGB: pixel for pixel what a lossless animation shows.

        Args:
            step: As recorded.
            few: As a GIF shows it, which has 256 colors; photos then get few of their own.

        Raises:
            UsageError: There is no such step.
            RunError: The step's file is missing, truncated or altered.
        """
        depth = ColorDepth.EIGHT_BIT if few else ColorDepth.FULL
        return to_image(self.rendition.canvas(step, depth), self.palette_rgb).convert("RGB")

    def save(
        self,
        path: str | os.PathLike[str],
        progress: OnProgress | None = None,
        *,
        trying: OnTrial | None = None,
        lossless: bool = False,
        codec: str | None = None,
        max_size: str | int | None = None,
        platform: str | None = None,
        max_error: float = DEFAULT_MAX_ERROR,
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
        options = ExportOptions.from_keywords(
            lossless=lossless,
            codec=codec,
            max_size=max_size,
            platform=platform,
            max_error=max_error,
            keep=keep,
        )
        return save(ExportRequest(self.rendition, Path(path), options=options), progress, trying)

    def export(
        self,
        platforms: Collection[str] | str,
        folder: str | os.PathLike[str] = "renders",
        *,
        max_error: float = DEFAULT_MAX_ERROR,
        keep: Collection[str] = (),
    ) -> list[PlatformResult]:
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
        names = [platforms] if isinstance(platforms, str) else platforms
        return export(
            [self.rendition], names, Path(folder), ExportOptions.from_keywords(max_error=max_error, keep=keep)
        )

    def save_still(self, step: int, path: str | os.PathLike[str]) -> Report:
        """Write the picture of one recorded step as a PNG.

        Raises:
            UsageError: There is no such step, or the suffix is not `.png`.
            RunError: The step's file is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        return save(ExportRequest(self.rendition, Path(path), step))

    def clip(self) -> Any:
        """The animation as a moviepy `VideoClip`, for editing: cutting, joining, adding sound.

        Raises:
            ReelnetError: moviepy is not installed.
        """
        return to_clip(self.rendition.timeline, lambda step: np.asarray(self.frame(step)))

    def __repr__(self) -> str:
        size = self.scene.size
        return f"<Reel of {self.layer}: {len(self.scene.timeline)} frames of {size.width}×{size.height}>"

    def _repr_html_(self) -> str:
        """An HTML video that holds the reel's MP4."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "reel.mp4"
            self.save(file)
            data = base64.b64encode(file.read_bytes()).decode()
        size = self.scene.size
        return (
            f'<video controls loop autoplay muted playsinline width="{size.width}" height="{size.height}" '
            f'style="max-width: 100%; height: auto" src="data:video/mp4;base64,{data}"></video>'
        )


class Run(RunReader):
    """A recorded training, opened for reading, showing and saving; see `RunReader` for what can be read.

    Args:
        path: The run folder, or an address such as `s3://bucket/run`.
    """

    def reel(
        self,
        template: str | os.PathLike[str] | Template = "article",
        *,
        layer: str | None = None,
        scale: int | None = None,
        fps: float | None = None,
        settings: Sequence[str] = (),
    ) -> Reel:
        """Lay the run out for showing or saving; see `Reel.from_run`."""
        return Reel.from_run(self, template, layer=layer, scale=scale, fps=fps, settings=settings)

    def _repr_html_(self) -> str:
        """An HTML table of the run's taps."""
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{' × '.join(map(str, tap.shape))}</td><td>{tap.dtype}</td>"
            f"<td>{_range_text(tap.min, tap.max)}</td></tr>"
            for name, tap in self.taps.items()
        )
        steps = (
            f"{len(self.steps)} steps, {self.steps[0]} to {self.steps[-1]}" if self.steps else "no steps yet"
        )
        head = "<tr><th>tap</th><th>samples × channels × height × width</th><th>dtype</th><th>range</th></tr>"
        return f"<p><b>{escape(self.location)}</b>: {steps}</p><table>{head}{rows}</table>"


def _range_text(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.4g} … {high:.4g}"


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder for reading; `reelnet.open` is this function.

    Raises:
        UsageError: `path` is none.
        RunError: There is no run at `path`, or its header or log is damaged.
    """
    return Run(path)
