"""The facade: `Run`, a recording opened for reading, and `Reel`, a recording laid out by a template."""

from __future__ import annotations

import base64
import io
import math
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet._support.arguments import require_integer, require_path, require_texts
from reelnet._support.text import format_count
from reelnet.config.spec import MAX_DENSITY
from reelnet.errors import ReelnetError, UsageError
from reelnet.export.encoders.formats import FORMATS, is_figure
from reelnet.export.encoders.png import to_image
from reelnet.export.fitting_template import load_template_for
from reelnet.export.layers import ALL_LAYERS, lay_out_layers, select_layers
from reelnet.export.moviepy import to_clip
from reelnet.export.report import Report
from reelnet.export.request import DEFAULT_MAX_ERROR, ExportOptions, ExportRequest
from reelnet.export.save import OnProgress, OnTrial, save
from reelnet.render.rendition import LayoutRequest, Rendition
from reelnet.runs.run import RunReader
from reelnet.scene.layout.scale_search import MAX_SCALE
from reelnet.scene.resolve import Scene
from reelnet.template.model import Template
from reelnet.template.settings import Setting, read_settings
from reelnet.template.source import TemplateSource, TemplateText, read_template_argument

MAX_OVERVIEW_STEPS, MAX_OVERVIEW_BYTES = 50, 1_500_000
"""Steps and bytes of the figure that a notebook shows for a run."""

MAX_OVERVIEW_VALUES = 100_000_000
"""Recorded values of a run that is laid out for a notebook; of more, reading them would take long."""

if TYPE_CHECKING:
    from reelnet.export.platform_batch import PlatformResult
    from reelnet.preview.widget.widget import ReelWidget


class Reel:
    """A run laid out by a template, ready to be shown, saved and exported.

    `Run.reel` makes one. A notebook displays a reel as an interactive figure.

        reel = reelnet.open("runs/mnist").reel("article", layer="conv2")
        reel.save("conv2.mp4")
        report = reel.save("conv2.gif", max_size="3 MB", keep=["scale"])
        reel.export(["github", "discord"], "renders")
        reel.frame(0).show()

    Args:
        rendition: The run and the scene that shows it.

    Attributes:
        rendition: The run and the scene that shows it.
    """

    def __init__(self, rendition: Rendition) -> None:
        self.rendition = rendition
        self._html: str | None = None
        self._source: TemplateSource = rendition.request.template.content
        self._settings: Sequence[Setting] = ()

    @classmethod
    def from_run(
        cls,
        run: RunReader,
        template: str | os.PathLike[str] | Mapping[str, Any] | Template = "article",
        *,
        layer: str | None = None,
        scale: int | None = None,
        fps: float | None = None,
        density: int | None = None,
        settings: Sequence[str] | Mapping[str, Any] = (),
    ) -> Self:
        """Lay out a run.

        Args:
            run: The recording to show.
            template: The name of a template, the path of its file, its YAML text, its content as a mapping, or a
                loaded template. A text with a line break or with a colon and a space is YAML. Relative paths in a
                text or a mapping start from the current folder.
            layer: The recorded layer to show. By default the template's, or else the last one with feature maps.
            scale: Output pixels per map value, along each axis. By default what the canvas or the cells of the
                template allow.
            fps: Frames per second. By default the template's, or what shows its steps in 7.5 seconds.
            density: Output pixels per pixel of the layout, 1 to 4, by which all lengths and sizes of type are
                multiplied. By default the template's; or 1 with a `scale`, or a size or scale of the canvas, which
                count pixels of the file; or what suits the format: 1 for GIF, 2 for all others and for stills.
            settings: Keys of the template to change: a mapping, such as `{"theme.background": "#111"}` or
                `{"theme": {"background": "#111"}}`, or a list of texts, such as `["theme.background=#111"]`. None, or
                nothing after the `=`, restores a default.

        Raises:
            UsageError: The layer is unknown, the scale, the frame rate or the density is out of range, a setting is
                invalid, or the template or a setting has a value that no YAML file can hold, such as NaN or a set.
            TemplateError: The template is unknown or invalid, or does not fit the run.
            RunError: The run is empty or damaged.
        """
        changes = read_settings(settings)
        source: TemplateSource | None = None
        if not isinstance(template, Template):
            source = read_template_argument(template)
            template = load_template_for(run, source, changes, layer)
        elif changes:
            raise UsageError("settings change a template by name or file, but this one is loaded already")
        if scale is not None:
            scale = require_integer("scale", scale, 1, MAX_SCALE)
        if density is not None:
            density = require_integer("density", density, 1, MAX_DENSITY)
        request = LayoutRequest(template, layer, scale, fps, density=density)
        reel = cls(Rendition.from_request(run, request))
        if source is not None:
            reel._source, reel._settings = source, changes
        return reel

    @property
    def run(self) -> RunReader:
        """The recording that is shown."""
        return self.rendition.run

    @property
    def template(self) -> Template:
        """The template."""
        return self.rendition.request.template

    @property
    def scene(self) -> Scene:
        """The layout, the palette and the timeline of the animation."""
        return self.rendition.scene

    @property
    def layer(self) -> str:
        """The recorded layer that is shown."""
        return self.rendition.layer

    @property
    def palette_rgb(self) -> NDArray[np.uint8]:
        """The color of each palette index, uint8 (colors, 3), with 256 colors or more."""
        return self.rendition.palette_rgb

    def frame(self, step: int, *, eight_bit: bool = False) -> Image.Image:
        """Draw the frame of one recorded step, pixel for pixel as a lossless animation shows it.

            reel.frame(0).save("untrained.png")

        Args:
            step: The training step, as recorded; 0 is the untrained network.
            eight_bit: Draw the frame as a GIF shows it. A GIF has 256 colors, so the colors of photos are reduced,
                and by default a density of 1.

        Returns:
            An RGB image.

        Raises:
            UsageError: The step was not recorded.
            RunError: The file of the step is missing, truncated or altered.
        """
        fmt = FORMATS[".gif" if eight_bit else ".apng"]
        rendition = self.rendition.with_default_density(fmt.density)
        picture = rendition.draw_step(step, fmt.color_depth)
        return to_image(picture, rendition.palette_rgb).convert("RGB")

    def save(
        self,
        path: str | os.PathLike[str],
        progress: OnProgress | None = None,
        *,
        on_trial: OnTrial | None = None,
        lossless: bool = False,
        codec: str | None = None,
        max_size: str | int | None = None,
        platform: str | None = None,
        max_error: float = DEFAULT_MAX_ERROR,
        keep: Collection[str] = (),
        split: bool = False,
        layers: Sequence[str] | str = (),
    ) -> Report:
        """Write the animation to a file in the format of its suffix.

        The formats are .gif, .mp4, .webm, .webp, .apng, .avif and .mov. A name such as `frame-%05d.png` writes one
        still per frame, and .html an interactive figure with all recorded steps. The file is written under a
        temporary name and renamed when it is complete.

            reel.save("conv2.mp4")
            reel.save("all.html", layers="all")
            report = reel.save("conv2.gif", max_size="3 MB", max_error=2, keep=["frames"])
            print(report.bytes, report.max_error_levels, report.traded)

        Without `max_size` and `platform` nothing is reduced. With one of them, the file is never larger than this
        cap. If a lossless file fits, it is written. Otherwise values are changed by up to `max_error`, where that
        saves most bytes. If that is not enough, frames, colormap levels, channels or the scale of the maps are
        reduced as well, except for those that `keep` names. `Report.traded` says what was reduced.

        Args:
            path: The file to write.
            progress: Called with the number of finished and of all frames; with a cap, of encodes.
            on_trial: With a cap: called before each encode with a description of what is tried.
            lossless: Keep the exact color of every pixel, or fail.
            codec: The video codec: h264 (the default), h265 or av1 in .mp4; vp9 (the default) or av1 in .webm;
                qtrle (the default) or prores in .mov.
            max_size: The cap: a text such as `"3 MB"` (3,000,000 bytes) or `"2.5 MiB"` (2.5 · 1,048,576 bytes), or
                a number of bytes.
            platform: A platform whose limits apply, such as `"github"`: file size, frames, pixels and codec. With
                `max_size` as well, the smaller cap applies.
            max_error: With a cap: how far a shown value may be from the recorded one, in 1/240ths of the color
                range, 0 to 240. The default of 4 is hard to see; 0 shows exact values only. Fewer colormap levels
                can exceed it; see `keep`.
            keep: With a cap: what must not be reduced. `"frames"` shows every step that the template selects,
                `"levels"` keeps all colors of the colormap and so the limit of `max_error`, `"channels"` keeps all
                channels that the template shows, and `"scale"` keeps the size of the maps in pixels.
            split: Write the values of an .html figure into a folder beside it, from which the page loads them: for
                figures that are too large for one file, on a web server.
            layers: The layers of an .html figure, which it lists in a menu: names such as `["conv1", "conv6"]`, or
                `"all"`. Each is laid out as the reel is, and the first one is shown first. By default that of the
                reel.

        Returns:
            The figures of the file: size, frames, errors, and what was reduced.

        Raises:
            UsageError: The suffix, the codec, the platform or a layer is unknown, the format cannot be lossless or
                show several layers, or the platform does not take the format.
            TemplateError: The template does not fit one of `layers`.
            CapError: No file under the cap is possible. The error names the smallest possible size.
            RunError: The file of a step is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        options = ExportOptions(
            lossless=lossless,
            codec=codec,
            max_size=max_size,
            platform=platform,
            max_error=max_error,
            keep=keep,
            split=split,
        )
        file = Path(require_path("path", path))
        names = require_texts(
            "layers", (layers,) if layers == ALL_LAYERS else layers, example='["conv1", "conv6"]'
        )
        if names and not is_figure(file):
            raise UsageError(f"{file}: only an .html figure shows several layers; save a reel of each")
        shown, others = self.rendition, list[Rendition]()
        if names:
            shown, *others = lay_out_layers(self.run, shown.request, select_layers(self.run, names))
        return save(ExportRequest(shown, file, options=options, others=(*others,)), progress, on_trial)

    def export(
        self,
        platforms: Collection[str] | str,
        folder: str | os.PathLike[str] = "renders",
        *,
        max_error: float = DEFAULT_MAX_ERROR,
        keep: Collection[str] = (),
    ) -> list[PlatformResult]:
        """Write one file per platform, each in the format that the platform prefers and under its cap.

        All names and limits are checked before the first file is written. If no file fits a cap, the files of the
        other platforms are written all the same.

            for result in reel.export(["medium", "github"], "renders"):
                print(result.platform, result.report or result.error)

        Args:
            platforms: The names of platforms, such as `["medium", "github"]`; `reelnet platforms` lists them.
            folder: The folder for the files, which are named `{layer}-{platform}.{suffix}`.
            max_error: How far a shown value may be from the recorded one; see `save`.
            keep: What must not be reduced: `"frames"`, `"levels"`, `"channels"`, `"scale"`; see `save`.

        Returns:
            The report of each file, or the reason why there is none, in the order of `platforms`.

        Raises:
            UsageError: A platform is unknown, or takes no format that reelnet writes.
            RunError: The file of a step is missing, truncated or altered.
            ReelnetError: A file cannot be written.
        """
        from reelnet.export.platform_batch import export

        names = (platforms,) if isinstance(platforms, str) else platforms
        names = require_texts("platforms", names, example='["medium", "github"]')
        options = ExportOptions(max_error=max_error, keep=keep)
        return export([self.rendition], names, Path(require_path("folder", folder)), options)

    def save_still(
        self,
        step: int,
        path: str | os.PathLike[str],
        *,
        width: str | None = None,
        dpi: float | None = None,
    ) -> Report:
        """Write the frame of one recorded step to a PNG, PDF or SVG file.

        A PNG is the frame, pixel for pixel. A PDF or an SVG is for print: text stays text, curves are paths, and maps
        are images of one pixel per value.

            reel.save_still(run.steps[-1], "poster.png")
            reel.save_still(run.steps[-1], "figure.pdf", width="17cm")
            reel.save_still(run.steps[-1], "figure.png", width="17cm", dpi=300)

        Args:
            step: The training step, as recorded; 0 is the untrained network.
            path: The file to write; its suffix selects the format.
            width: Width on paper with its unit: cm, mm, in, pt or px (1/96 inch). By default a PDF or SVG has the
                size of the layout in px.
            dpi: Pixels per inch of a PNG. With a width, the density is chosen to reach at least this resolution;
                otherwise the number is only written into the file.

        Raises:
            UsageError: The step was not recorded, the suffix is unknown, or the width or `dpi` is out of range.
            RunError: The file of the step is missing, truncated or altered.
            ReelnetError: The file cannot be written.
        """
        options = ExportOptions(width=width, dpi=dpi)
        return save(ExportRequest(self.rendition, Path(require_path("path", path)), step, options))

    def clip(self) -> Any:
        """Make a moviepy `VideoClip` of the animation, to cut it, join it with others or add sound.

        Its frames have the density of the reel, by default 2.

        Raises:
            ReelnetError: moviepy is not installed.
        """
        return to_clip(self.rendition.timeline, lambda step: np.asarray(self.frame(step)))

    def explore(self) -> ReelWidget[Reel] | Reel:
        """Show the controls of `reelnet preview` in a notebook: menus, editor, forms and output beside the picture.

        They begin with this reel, also with a template from Python. "Save" and "Render" write below the current
        folder. The widget's `reel` is the reel as it stands there, and its `template` the text of that:

            widget = reel.explore()
            widget
            widget.reel.save("conv2.mp4")  # in another cell, after the template was changed in the widget

        Returns:
            The widget. Without the extra `notebook`, which brings anywidget, a warning says so, and this reel is
            returned, which a notebook shows as a figure.

        Raises:
            RunError: The file of a step is missing, truncated or altered.
        """
        from reelnet.preview.widget.explore import make_widget

        return (
            make_widget(self.rendition, self._source, self._settings, self._lay_out_again, self._embed_still)
            or self
        )

    def _lay_out_again(self, source: TemplateText, layer: str | None) -> Reel:
        reel = Reel.from_run(self.run, load_template_for(self.run, source, (), layer), layer=layer)
        reel._source = source
        return reel

    def __repr__(self) -> str:
        size = self.scene.size
        return f"<Reel of {self.layer}: {len(self.scene.timeline)} frames of {size.width}×{size.height}>"

    def _repr_html_(self) -> str:
        """The interactive figure, or a picture of the last step if the figure is too large for a notebook."""
        from reelnet.export.html.embed import embed_figure

        if self._html is None:
            self._html = embed_figure(self.rendition) or self._embed_still()
        return self._html

    def _embed_still(self) -> str:
        """The last step as an HTML image, with a sentence that says what to do for the rest."""
        file = io.BytesIO()
        self.frame(self.scene.timeline.steps_shown[-1]).save(file, "PNG")
        width = round(self.rendition.size.width / self.rendition.density)
        data = base64.b64encode(file.getvalue()).decode()
        return (
            f'<p>The figure of all steps is too large for a notebook: <code>reel.save("reel.mp4")</code></p>'
            f'<img style="width: 100%; max-width: {width}px" src="data:image/png;base64,{data}" '
            f'alt="{escape(repr(self))}">'
        )


class Run(RunReader):
    """A recorded training, opened for reading and for rendering.

    `reelnet.open` opens one, also while it is being recorded: `refresh()` adds the steps recorded since. Arrays are
    read when they are needed and checked against their checksums. A notebook displays a run as a table of its taps
    with a small overview.

        run = reelnet.open("runs/mnist")
        run.steps  # the recorded training steps, ascending; 0 is the untrained network
        run.samples  # uint8 (samples, height, width), or (samples, height, width, 3) in color
        run.metrics["loss"]  # float64 (steps,); NaN where a step has no value
        run.read("conv2")  # (steps, samples, channels, height, width) in the recorded dtype
        run.read("conv2", steps=[0, 100])  # two steps only
        run.reel(layer="conv2").save("conv2.mp4")

    Args:
        path: The run folder, or a URL such as `s3://bucket/run`.

    Raises:
        UsageError: `path` is not a path.
        RunError: There is no run at `path`, or its header or log is damaged.
    """

    _html: tuple[int, str] | None = None

    def reel(
        self,
        template: str | os.PathLike[str] | Mapping[str, Any] | Template = "article",
        *,
        layer: str | None = None,
        scale: int | None = None,
        fps: float | None = None,
        density: int | None = None,
        settings: Sequence[str] | Mapping[str, Any] = (),
    ) -> Reel:
        r"""Lay out the run for showing and saving.

            run.reel("article", layer="conv2", scale=8, settings={"theme": "dark", "timeline.duration": 12})
            run.reel({"extends": "article", "panels": {"title": {"text": "How {layer} learns"}}})
            run.reel("extends: article\ntheme: {base: dark, accent: '#e91'}")

        See `Reel.from_run` for the arguments and the errors.
        """
        return Reel.from_run(
            self, template, layer=layer, scale=scale, fps=fps, density=density, settings=settings
        )

    def _repr_html_(self) -> str:
        """An HTML table of the taps, and an interactive overview of the run if that is small."""
        if self._html is None or self._html[0] != len(self.steps):
            self._html = len(self.steps), self._make_table() + self._embed_overview()
        return self._html[1]

    def _embed_overview(self) -> str:
        """The overview as a figure of a few steps; empty if the run has none, or if it is large."""
        from reelnet.export.html.embed import embed_figure

        if len(self.steps) * sum(math.prod(tap.shape) for tap in self.taps.values()) > MAX_OVERVIEW_VALUES:
            return ""
        # A table is shown in any case: also of a run without steps, or with a damaged one.
        with suppress(ReelnetError):
            return embed_figure(self.reel("overview").rendition, MAX_OVERVIEW_BYTES, MAX_OVERVIEW_STEPS) or ""
        return ""

    def _make_table(self) -> str:
        """The taps."""
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{' × '.join(map(str, tap.shape))}</td><td>{tap.dtype}</td>"
            f"<td>{_format_range(tap.min, tap.max)}</td></tr>"
            for name, tap in self.taps.items()
        )
        steps = (
            f"{format_count(len(self.steps), 'step')}, {self.steps[0]} to {self.steps[-1]}"
            if self.steps
            else "no steps yet"
        )
        head = "<tr><th>tap</th><th>samples × channels × height × width</th><th>dtype</th><th>range</th></tr>"
        return f"<p><b>{escape(self.location)}</b>: {steps}</p><table>{head}{rows}</table>"


def _format_range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.4g} … {high:.4g}"


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder for reading; this function is `reelnet.open`.

        run = reelnet.open("runs/mnist")

    Args:
        path: The run folder, or a URL such as `s3://bucket/run`.

    Raises:
        UsageError: `path` is not a path.
        RunError: There is no run at `path`, or its header or log is damaged.
    """
    return Run(path)
