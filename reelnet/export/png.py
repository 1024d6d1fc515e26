"""PNG: one frame as a still, in the reel's own palette."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.errors import UsageError
from reelnet.export.place import placed


def save_png(path: Path, indices: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> None:
    """Write palette indices (height, width) as a PNG with the palette `rgb` (256, 3).

    Raises:
        UsageError: The suffix of `path` is not `.png`.
        ReelnetError: The file cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: a still is a PNG; name it {path.with_suffix('.png').name}")
    with placed(path) as temporary:
        temporary.write_bytes(png_of(indices, rgb))


def png_of(indices: NDArray[np.uint8], rgb: NDArray[np.uint8]) -> bytes:
    """Palette indices (height, width) as the bytes of a PNG with the palette `rgb` (256, 3)."""
    image = Image.fromarray(indices).convert("P")
    image.putpalette(rgb.tobytes())
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()
