"""PNG: a still, or a sequence of one file per frame."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet._support.atomic_path import temporary_sibling
from reelnet._support.ordered_pool import OrderedPool
from reelnet.errors import UsageError
from reelnet.export.encoders.base import StreamInfo, check_cap
from reelnet.export.encoders.formats import SEQUENCE_PATTERN, EncoderSettings, is_sequence
from reelnet.render.compositor import Frame
from reelnet.scene.panel import Canvas


def encode_png(
    indices: Canvas, rgb: NDArray[np.uint8], dpi: float | None = None, *, fast: bool = False
) -> bytes:
    """The PNG file of palette indices (height, width) of the palette `rgb` (256 or more, 3).

    Args:
        indices: The picture.
        rgb: The palette.
        dpi: Pixels per inch that the file says it has; None for no word about it.
        fast: Spend little time on compression, for a file that is read once.
    """
    image, file = to_image(indices, rgb), io.BytesIO()
    options: dict[str, Any] = {} if dpi is None else {"dpi": (dpi, dpi)}
    # For RGB images, the highest compression level takes ten times as long and saves 2 % of the bytes.
    options |= {"compress_level": 1} if fast else {"optimize": indices.dtype == np.uint8}
    image.save(file, format="PNG", **options)
    return file.getvalue()


def to_image(indices: Canvas, rgb: NDArray[np.uint8]) -> Image.Image:
    """Palette indices (height, width) of the palette `rgb` (256 or more, 3) as an image; 16-bit indices give RGB."""
    if indices.dtype != np.uint8:
        return Image.fromarray(np.take(rgb, indices, axis=0))
    image = Image.fromarray(indices).convert("P")
    image.putpalette(rgb[:256].tobytes())
    return image


class SequenceEncoder:
    """Writes one PNG per 1 / fps seconds, numbered from 0.

    A frame that is shown for longer is written several times, because the files have no durations.
    """

    def __init__(self, path: Path, stream: StreamInfo, settings: EncoderSettings) -> None:
        self._path, self._rgb, self._fps, self._cap = path, stream.rgb, stream.fps, settings.cap
        self._pool: OrderedPool[tuple[bytes, int]] = OrderedPool()
        self._files, self._bytes = 0, 0

    def add(self, frame: Frame) -> None:
        """Write the next frame, as many times as its duration requires."""
        copies = round(frame.end * self._fps) - round(frame.pts * self._fps)
        self._write(self._pool.submit(lambda: (encode_png(frame.indices, self._rgb), copies)))

    def finish(self) -> int:
        """Write the remaining frames, and return the number of files."""
        self._write(self._pool.drain())
        self.close()
        return self._files

    def close(self) -> None:
        """Stop writing."""
        self._pool.close()

    def _write(self, encoded: Iterator[tuple[bytes, int]]) -> None:
        for data, copies in encoded:
            for _ in range(copies):
                self._bytes += len(data)
                check_cap(self._path, self._cap, self._bytes, self._files + 1)
                sequence_file(self._path, self._files).write_bytes(data)
                self._files += 1


def sequence_file(pattern: Path, number: int) -> Path:
    """The file of frame `number` of a sequence.

    Raises:
        ValueError: The name has no `%d`.
    """
    match = SEQUENCE_PATTERN.search(pattern.name)
    if match is None:
        raise ValueError(f"{pattern}: no frame number")
    digits = f"{number:0{int(match[1] or 0)}d}"
    return pattern.with_name(pattern.name[: match.start()] + digits + pattern.name[match.end() :])


def list_files(path: Path) -> list[Path]:
    """The files of an animation: `path` itself, or the existing files of a sequence, from 0 to the first gap."""
    if not is_sequence(path):
        return [path]
    return list(takewhile(Path.exists, (sequence_file(path, number) for number in count())))


@contextmanager
def atomic_sequence(path: Path) -> Iterator[Path]:
    """Yield a sequence pattern in a temporary folder; on success, move its files to `path`.

    The files of an older, longer sequence at `path` are removed.

    Raises:
        UsageError: One of the files exists as a link, a folder or the like.
        ReelnetError: The folder or a file cannot be written. A sequence that was at `path` is unchanged.
    """
    _require_regular(list_files(path))
    with temporary_sibling(path) as folder:
        folder.mkdir()
        yield folder / path.name
        files = list_files(folder / path.name)
        _require_regular(path.with_name(file.name) for file in files)
        for outdated in list_files(path)[len(files) :]:
            outdated.unlink()
        for file in files:
            file.replace(path.with_name(file.name))


def _require_regular(files: Iterable[Path]) -> None:
    for file in files:
        if os.path.lexists(file) and (file.is_symlink() or not file.is_file()):
            raise UsageError(f"{file}: is not a regular file; remove it, or name the sequence differently")
