"""The tools that could render a run: one function per tool and format, from the run folder to the finished file.

`CONTENDERS` lists the modules that each function imports; they are imported before the clock starts.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import FPS, LAYER

if TYPE_CHECKING:
    from reference_frames import LayerGrid

RenderFunction = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Contender:
    """A tool that renders, with one format.

    Attributes:
        tool: Its name.
        suffix: The suffix of the file that it writes.
        render: Called with the run folder and the file to write.
        modules: The modules to import before the clock starts.
    """

    tool: str
    suffix: str
    render: RenderFunction
    modules: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name on the command line of `measure.py`."""
        return f"{self.tool}{self.suffix}"


def render_with_reelnet(run: Path, out: Path) -> None:
    import reelnet

    reelnet.open(run).reel("plain", layer=LAYER).save(out)


def read_grid(run: Path) -> LayerGrid:
    """The frames that the other tools encode."""
    # Not at the top: `peers.py` imports this module, and must stay small.
    from reference_frames import LayerGrid

    return LayerGrid(run)


def render_moviepy_gif(run: Path, out: Path) -> None:
    _make_moviepy_clip(run).write_gif(str(out), fps=FPS, logger=None)


def render_moviepy_mp4(run: Path, out: Path) -> None:
    _make_moviepy_clip(run).write_videofile(str(out), fps=FPS, logger=None)


def _make_moviepy_clip(run: Path) -> Any:
    from moviepy import VideoClip

    grid = read_grid(run)
    # Half a frame more: moviepy writes int(duration * fps) frames, which could drop the last one.
    return VideoClip(lambda seconds: grid.frame(round(seconds * FPS)), duration=(len(grid) + 0.5) / FPS)


def render_pillow_gif(run: Path, out: Path) -> None:
    from PIL import Image

    pictures = (Image.fromarray(frame) for frame in read_grid(run))
    first = next(pictures)
    first.save(out, save_all=True, append_images=pictures, duration=1000 // FPS, loop=0)


def render_imageio_gif(run: Path, out: Path) -> None:
    from imageio.v2 import get_writer

    writing: Any = get_writer(out, mode="I", duration=1000 / FPS, loop=0)
    with writing as writer:
        for frame in read_grid(run):
            writer.append_data(frame)


def render_imageio_mp4(run: Path, out: Path) -> None:
    from imageio.v2 import get_writer

    # By default imageio stretches frames to multiples of 16, which 560×952 is not.
    writing: Any = get_writer(out, format="FFMPEG", mode="I", fps=FPS, macro_block_size=2)
    with writing as writer:
        for frame in read_grid(run):
            writer.append_data(frame)


def render_matplotlib_gif(run: Path, out: Path) -> None:
    from matplotlib.animation import PillowWriter

    _render_with_matplotlib(run, out, PillowWriter(fps=FPS), by_row=False)


def render_matplotlib_mp4(run: Path, out: Path) -> None:
    _render_with_matplotlib(run, out, _make_ffmpeg_writer(), by_row=False)


def render_matplotlib_rows_gif(run: Path, out: Path) -> None:
    from matplotlib.animation import PillowWriter

    _render_with_matplotlib(run, out, PillowWriter(fps=FPS), by_row=True)


def render_matplotlib_rows_mp4(run: Path, out: Path) -> None:
    _render_with_matplotlib(run, out, _make_ffmpeg_writer(), by_row=True)


def _make_ffmpeg_writer() -> Any:
    import imageio_ffmpeg
    import matplotlib
    from matplotlib.animation import FFMpegWriter

    matplotlib.rcParams["animation.ffmpeg_path"] = imageio_ffmpeg.get_ffmpeg_exe()
    return FFMpegWriter(fps=FPS)


def _render_with_matplotlib(run: Path, out: Path, writer: Any, *, by_row: bool) -> None:
    """Render a grid of `imshow` with a colormap of matplotlib and its text as the counter.

    Feature maps are usually shown with `plt.subplots(rows, columns)`, one axes per cell. With `by_row` the cells of a
    row are joined beforehand; with fewer axes the rows could not be labeled.
    """
    import matplotlib
    import numpy as np

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation

    grid = read_grid(run)
    width, height = grid.size
    columns = 1 if by_row else grid.samples
    figure, axes = plt.subplots(
        1 + grid.channels, columns, figsize=(width / 100, height / 100), dpi=100, squeeze=False
    )
    figure.subplots_adjust(0, 0, 1, 1, 0, 0)
    for each in axes.flat:
        each.set_axis_off()
    look: dict[str, Any] = {"aspect": "auto", "interpolation": "nearest"}
    for each, picture in zip(axes[0], np.split(grid.inputs, columns, axis=1), strict=True):
        each.imshow(picture, cmap="gray", vmin=0, vmax=255, **look)

    def maps(number: int) -> list[Any]:
        return [cell for row in grid.rows(number) for cell in np.split(row, columns, axis=1)]

    shown = [
        each.imshow(values, cmap="RdBu", vmin=-1, vmax=1, **look)
        for each, values in zip(axes[1:].flat, maps(0), strict=True)
    ]
    counter = figure.text(0.005, 0.985, "", backgroundcolor="white", fontweight="bold", fontsize=8)

    def update(number: int) -> list[Any]:
        for image, values in zip(shown, maps(number), strict=True):
            image.set_data(values)
        counter.set_text(f"step {number} / {len(grid) - 1}")
        return [*shown, counter]

    FuncAnimation(figure, update, frames=len(grid)).save(out, writer=writer, dpi=100)


def render_article_gif(run: Path, out: Path) -> None:
    _render_with_pngs_and_ffmpeg(run, out, [])


def render_article_mp4(run: Path, out: Path) -> None:
    _render_with_pngs_and_ffmpeg(run, out, ["-c:v", "libx264", "-pix_fmt", "yuv420p"])


def _render_with_pngs_and_ffmpeg(run: Path, out: Path, options: list[str]) -> None:
    import imageio_ffmpeg
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        for number, frame in enumerate(read_grid(run)):
            Image.fromarray(frame).save(Path(folder) / f"{number:05d}.png")
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-framerate", str(FPS)]
        subprocess.run([*command, "-i", f"{folder}/%05d.png", *options, str(out)], check=True)


_REELNET = ("reelnet.reel", "reelnet.export.encoders.gif", "reelnet.export.encoders.video")
_MATPLOTLIB = ("matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.animation")
_IMAGEIO = ("imageio.v2", "imageio.plugins.pillow", "imageio.plugins.pillow_legacy", "imageio.plugins.ffmpeg")
_ARTICLE = ("PIL.Image", "PIL.PngImagePlugin", "imageio_ffmpeg")

ROWS = "matplotlib, one axes per row"
ARTICLE = "PNGs, then ffmpeg"

CONTENDERS = (
    Contender("reelnet", ".gif", render_with_reelnet, _REELNET),
    Contender("moviepy", ".gif", render_moviepy_gif, ("moviepy", *_IMAGEIO)),
    Contender("Pillow", ".gif", render_pillow_gif, ("PIL.Image", "PIL.GifImagePlugin")),
    Contender("imageio", ".gif", render_imageio_gif, _IMAGEIO),
    Contender("matplotlib", ".gif", render_matplotlib_gif, _MATPLOTLIB),
    Contender(ROWS, ".gif", render_matplotlib_rows_gif, _MATPLOTLIB),
    Contender(ARTICLE, ".gif", render_article_gif, _ARTICLE),
    Contender("reelnet", ".mp4", render_with_reelnet, _REELNET),
    Contender("moviepy", ".mp4", render_moviepy_mp4, ("moviepy", *_IMAGEIO)),
    Contender("imageio", ".mp4", render_imageio_mp4, _IMAGEIO),
    Contender("matplotlib", ".mp4", render_matplotlib_mp4, (*_MATPLOTLIB, "imageio_ffmpeg")),
    Contender(ROWS, ".mp4", render_matplotlib_rows_mp4, (*_MATPLOTLIB, "imageio_ffmpeg")),
    Contender(ARTICLE, ".mp4", render_article_mp4, _ARTICLE),
)

BY_KEY = {contender.key: contender for contender in CONTENDERS}
