"""The clips of a film's items."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.config.diagnostics import OptionError, error_context
from reelnet.config.source import expand_home
from reelnet.errors import ReelnetError
from reelnet.export.layers import select_layers
from reelnet.films.card import draw_card
from reelnet.films.model import FilmSpec, ItemSpec, RunItemSpec
from reelnet.films.read_clip import require_clip
from reelnet.reel import Reel, Run, open_run
from reelnet.scene.layout.boxes import Size

GRID = 8
"""Clips that are smaller than the film are placed at multiples of this, the grid of video codecs."""


@dataclass(frozen=True)
class Shown:
    """A clip of an item.

    Attributes:
        clip: A clip of moviepy.
        names: What the fields of a chapter stand for.
    """

    clip: Any
    names: Mapping[str, str]


class ItemReader:
    """Makes the clips of items, each of the size of the film.

    Args:
        spec: The film.
        theme: Its theme, as the author wrote it; None if it has none.
        folder: Where relative paths begin.
    """

    def __init__(self, spec: FilmSpec, theme: Any, folder: Path) -> None:
        canvas = spec.canvas
        self.size = Size(canvas.width * canvas.density, canvas.height * canvas.density)
        self._spec, self._folder, self._runs = spec, folder, dict[str, Run]()
        settings = {"canvas": {"width": canvas.width, "height": canvas.height, "density": canvas.density}}
        self._settings = settings if theme is None else {**settings, "theme": theme}

    def find_path(self, name: str) -> str:
        """A path as written, relative to the film's file; addresses such as s3://bucket/run stay."""
        return name if "://" in name else os.path.normpath(self._folder / expand_home(name))

    def read(self, item: ItemSpec, run: str | None) -> Iterator[Shown]:
        """The clips of an item; several of a reel with several layers.

        Args:
            item: The item.
            run: The run of items that name none.

        Raises:
            OptionError: Something in the item does not fit.
            ReelnetError: A run, a template or a file cannot be shown.
        """
        if item.card is not None:
            theme = (item.card.theme or self._spec.theme).resolve()
            if not item.card.title and not item.card.text:
                raise OptionError("is empty; give a title or a text", "card")
            yield self._hold(draw_card(item.card.title, item.card.text, theme, self.size), item.card.seconds)
        elif item.reel is not None:
            opened = self._open(item.reel, run, "reel")
            layers: Sequence[str | None] = select_layers(opened, item.reel.layers) or [None]
            for layer in layers:
                reel = self._lay_out(opened, item.reel, layer)
                yield Shown(self._fit(reel.clip()), {"layer": reel.layer, "run": Path(opened.location).name})
        elif item.still is not None:
            opened = self._open(item.still, run, "still")
            reel, step = self._lay_out(opened, item.still, item.still.layer), item.still.step
            opened.require_steps()
            number = step if isinstance(step, int) else opened.steps[0 if step == "first" else -1]
            names = {"layer": reel.layer, "run": Path(opened.location).name}
            yield Shown(self._hold(np.asarray(reel.frame(number)), item.still.seconds).clip, names)
        elif item.image is not None:
            yield self._hold(_read_image(Path(self.find_path(item.image.file))), item.image.seconds)
        elif item.video is not None:
            yield Shown(self._fit(self._read_video(item)), {})
        else:
            clip = item.clip.clip() if isinstance(item.clip, Reel) else item.clip
            require_clip(clip)
            yield Shown(self._fit(clip), {"layer": item.clip.layer} if isinstance(item.clip, Reel) else {})

    def _open(self, spec: RunItemSpec, run: str | None, kind: str) -> Run:
        if spec.run is None and run is None:
            raise OptionError("names no run; add one, or give it after the film's file", kind)
        path = run if spec.run is None else self.find_path(spec.run)
        assert path is not None
        if path not in self._runs:
            self._runs[path] = open_run(path)
        return self._runs[path]

    def _lay_out(self, run: Run, spec: RunItemSpec, layer: str | None) -> Reel:
        file = self.find_path(spec.template)
        template = file if Path(file).is_file() else spec.template
        return run.reel(template, layer=layer, fps=self._spec.fps, settings={**self._settings, **spec.set})

    def _read_video(self, item: ItemSpec) -> Any:
        from moviepy import VideoFileClip

        assert item.video is not None
        file, start, end = self.find_path(item.video.file), item.video.start, item.video.end
        with error_context("video", "file"):
            require_stream(file, "video")
        clip = VideoFileClip(file)
        if (
            start >= clip.duration
            or (end or clip.duration) > clip.duration + 1e-3
            or (end or np.inf) <= start
        ):
            raise OptionError(f"{file} has {clip.duration:g} s; start and end must lie in it", "video")
        return clip.subclipped(start, min(end or clip.duration, clip.duration))

    def _hold(self, picture: Any, seconds: float) -> Shown:
        from moviepy import ImageClip

        return Shown(self._fit(ImageClip(picture, duration=seconds)), {})

    def _fit(self, clip: Any) -> Any:
        """A clip of the size of the film: one that is larger is reduced, and one that is smaller is centered."""
        from moviepy import CompositeVideoClip, ImageClip

        if tuple(clip.size) == (self.size.width, self.size.height) and clip.mask is None:
            return clip
        factor = min(self.size.width / clip.size[0], self.size.height / clip.size[1])
        if factor < 1:
            clip = clip.resized(factor)
        place = tuple(
            (whole - part) // 2 // GRID * GRID
            for whole, part in zip((self.size.width, self.size.height), clip.size, strict=True)
        )
        ground = ImageClip(self._ground, duration=clip.duration)
        return CompositeVideoClip([ground, clip.with_position(place)], use_bgclip=True)

    @cached_property
    def _ground(self) -> NDArray[np.uint8]:
        """What is around smaller clips, (height, width, 3)."""
        shape = (self.size.height, self.size.width, 3)
        return np.full(shape, self._spec.theme.resolve().background, np.uint8)


def _read_image(file: Path) -> Any:
    try:
        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise OptionError(f"{file}: no such file", "image", "file") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise OptionError(f"{file}: no picture that can be read", "image", "file") from error


def require_stream(file: str, kind: str) -> None:
    """Check that a file has something to see or to hear.

    Args:
        file: The file.
        kind: `video` or `audio`.

    Raises:
        OptionError: It does not.
    """
    if not Path(file).is_file():
        raise OptionError(f"{file}: no such file")
    try:
        with av.open(f"file:{file}") as container:
            found = any(stream.type == kind for stream in container.streams)
    except (av.FFmpegError, OSError):
        found = False
    if not found:
        raise OptionError(f"{file}: no {kind} that FFmpeg can read")


def require_moviepy() -> None:
    """Check that moviepy can be imported.

    Raises:
        ReelnetError: It is not installed.
    """
    from reelnet.export.moviepy import MISSING

    try:
        import moviepy  # noqa: F401
    except ImportError:
        raise ReelnetError(MISSING) from None
