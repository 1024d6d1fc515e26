"""Encode the same exact frames with other tools: one function per tool, from PNG stills to the finished file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import FPS
from decoding import Rgb
from PIL import Image

DELAY = 1000 // FPS


@dataclass(frozen=True)
class Stills:
    """The exact frames as PNGs.

    Attributes:
        paths: The files, in the order of the frames.
        size: (width, height) in pixels.
    """

    paths: Sequence[Path]
    size: tuple[int, int]

    @classmethod
    def from_frames(cls, frames: Iterator[Rgb], folder: Path) -> Stills:
        """Write frames to a folder."""
        folder.mkdir(exist_ok=True)
        paths = []
        for number, frame in enumerate(frames):
            paths.append(folder / f"{number:05d}.png")
            Image.fromarray(frame).save(paths[-1], compress_level=1)
        return cls(paths, (frame.shape[1], frame.shape[0]))

    def __iter__(self) -> Iterator[Rgb]:
        return (np.asarray(Image.open(path)) for path in self.paths)

    @property
    def images(self) -> Iterator[Image.Image]:
        """The frames for Pillow."""
        return (Image.fromarray(frame) for frame in self)


EncodeFunction = Callable[[Stills, Path], None]


def make_gifski_encoder(binary: Path, quality: int) -> EncodeFunction:
    """An encoder that runs gifski with a quality, 1 to 100."""

    def make(stills: Stills, out: Path) -> None:
        words = [
            "--quiet",
            "-Q",
            quality,
            "--fps",
            FPS,
            "--width",
            stills.size[0],
            "--height",
            stills.size[1],
        ]
        run_program([binary, *words, "-o", out, *stills.paths])

    return make


def make_gifsicle_encoder(lossless: Path, lossy: int) -> EncodeFunction:
    """An encoder that runs gifsicle on the lossless GIF of reelnet; `lossy` 0 keeps it lossless."""

    def make(_stills: Stills, out: Path) -> None:
        run_program(
            [find_program("gifsicle"), "-O3", *([f"--lossy={lossy}"] if lossy else []), lossless, "-o", out]
        )

    return make


def encode_with_palettegen(stills: Stills, out: Path) -> None:
    """Encode with palettegen and paletteuse of ffmpeg, with their defaults."""
    import imageio_ffmpeg

    graph = "split[a][b];[a]palettegen[p];[b][p]paletteuse"
    frames = ["-framerate", FPS, "-i", stills.paths[0].parent / "%05d.png"]
    run_program(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *frames, "-filter_complex", graph, out]
    )


def encode_with_moviepy(stills: Stills, out: Path) -> None:
    """Encode with moviepy."""
    from moviepy import VideoClip

    shown = [*stills.paths]
    # Half a frame more: moviepy writes int(duration * fps) frames, which could drop the last one.
    clip = VideoClip(
        lambda seconds: np.asarray(Image.open(shown[round(seconds * FPS)])), duration=(len(shown) + 0.5) / FPS
    )
    if out.suffix == ".gif":
        clip.write_gif(str(out), fps=FPS, logger=None)
    else:
        clip.write_videofile(str(out), fps=FPS, logger=None)


def encode_with_pillow(stills: Stills, out: Path) -> None:
    """Encode with Pillow, losslessly and with its best compression where it can."""
    how: Mapping[str, dict[str, Any]] = {
        ".gif": {"optimize": True},
        ".webp": {"lossless": True, "quality": 100, "method": 4, "kmax": 0},
        ".apng": {"format": "PNG", "optimize": True, "compress_level": 9},
    }
    first, *rest = stills.images
    first.save(out, save_all=True, append_images=rest, duration=DELAY, loop=0, **how[out.suffix])


def find_program(name: str) -> str:
    """Find a program next to the Python executable or on the path."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not installed; install the 'bench' extra")
    return found


def run_program(words: Sequence[object]) -> None:
    """Run a program; raise an error if it fails."""
    subprocess.run([*map(str, words)], check=True)
