"""PNG: one frame as a still, in the reel's own palette."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet._support.atomic_path import placed
from reelnet.errors import UsageError
from reelnet.export.encoders.formats import is_sequence
from reelnet.scene.panel import Canvas


def save_png(path: Path, indices: Canvas, rgb: NDArray[np.uint8]) -> None:
    """Write palette indices (height, width) of the palette `rgb` (256 or more, 3) as a PNG.

    Raises:
        UsageError: The suffix of `path` is not `.png`, or it names a sequence.
        ReelnetError: The file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: a still is a PNG; name it {path.with_suffix('.png').name}")
    if is_sequence(path):
        raise UsageError(f"{path}: is a name for many stills, this is one; leave the % part out")
    with placed(path) as temporary:
        temporary.write_bytes(png_of(indices, rgb))


def png_of(indices: Canvas, rgb: NDArray[np.uint8]) -> bytes:
    """Palette indices (height, width) of the palette `rgb` (256 or more, 3) as the bytes of a PNG."""
    image, file = image_of(indices, rgb), io.BytesIO()
    # The highest level takes truecolour ten times as long, for 2 % of the bytes.
    image.save(file, format="PNG", optimize=indices.dtype == np.uint8)
    return file.getvalue()


def image_of(indices: Canvas, rgb: NDArray[np.uint8]) -> Image.Image:
    """Palette indices (height, width) of the palette `rgb` (256 or more, 3), in RGB if they have 16 bits."""
    if indices.dtype != np.uint8:
        return Image.fromarray(np.take(rgb, indices, axis=0))
    image = Image.fromarray(indices).convert("P")
    image.putpalette(rgb[:256].tobytes())
    return image
