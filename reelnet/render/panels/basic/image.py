"""A picture from a file: a logo, a diagram of the network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError
from pydantic import Field

from reelnet.config.diagnostics import OptionError
from reelnet.config.spec import PositivePixels
from reelnet.render.panels.basic.spacer import Still
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.template.color import Rgb

MOST = 50_000_000
"""Pixels of a picture; more would take the memory of all else together."""

FORMATS = ("PNG", "JPEG")
TURNED = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""
ORIENTATION = 0x0112


class Image(Panel):
    """A picture from a PNG or JPEG file."""

    files: ClassVar[tuple[str, ...]] = ("file",)

    can_shrink: ClassVar[bool] = True

    file: str = Field(min_length=1, description="A PNG or JPEG file, relative to the template's file.")
    image_width: PositivePixels | None = Field(
        None, description="Width of the picture in pixels; its height follows. By default its own."
    )
    image_height: PositivePixels | None = Field(
        None,
        description="Height of the picture in pixels; its width follows. With a width: it fits into both.",
    )
    colors: int = Field(
        32,
        ge=2,
        le=128,
        description="Most colours of the picture in a GIF, which has 255 for all; other formats show all of its own.",
    )

    def measure(self, context: SceneContext) -> Measure:
        """The picture's size."""
        size = fitting(natural(self.file), self.image_width, self.image_height)
        return Measure(size.width, size.height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Bring the picture to its size, smaller still if its box is, and choose its colours."""
        size = fitting(natural(self.file), self.image_width, self.image_height)
        if size.width > box.width or size.height > box.height:
            size = fitting(size, box.width, box.height)
        with opened(self.file) as picture:
            shown = over(picture, context.theme.background)
        # Rows are centred in the few pixels by which the box is rounded up.
        return ImageDrawing(
            resized(shown, size),
            Box(box.x, box.y + min(8, box.height - size.height) // 2, size.width, size.height),
            self.colors,
            context.theme.background,
            palette,
        )


class ImageDrawing(Still):
    """The picture in its box."""

    def __init__(
        self, picture: NDArray[np.uint8], box: Box, colors: int, background: Rgb, palette: PaletteBuilder
    ) -> None:
        self._box = box
        # What is of the background's colour stays so exactly, or the picture's rectangle would show.
        self._picture = palette.picture(picture[None], colors, keep=background)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw it."""
        box = self._box
        canvas[box.y : box.bottom, box.x : box.right] = self._picture.indices_for(canvas)[0]


@contextmanager
def opened(file: str) -> Iterator[Pillow.Image]:
    """A picture whose header was read.

    Raises:
        ValueError: It is not there, no PNG or JPEG, damaged, or larger than `MOST` pixels.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own limits are looser, and it may only warn.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            with Pillow.open(file, formats=FORMATS) as picture:
                if picture.width * picture.height > MOST:
                    raise Pillow.DecompressionBombError
                yield picture
    except FileNotFoundError:
        raise OptionError(f"{file} is not there", "file") from None
    except Pillow.DecompressionBombError:
        raise OptionError(f"{file} has more than {MOST // 10**6} million pixels", "file") from None
    except UnidentifiedImageError:
        raise OptionError(f"{file} is neither a PNG nor a JPEG picture", "file") from None
    except (OSError, SyntaxError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise OptionError(f"{file} cannot be read as a picture: {what}", "file") from None


def natural(file: str) -> Size:
    """A picture's width and height as a viewer shows it, turned as the camera was.

    Raises:
        ValueError: It cannot be read.
    """
    path = Path(file)
    return _natural(file, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=16)
def _natural(file: str, changed: int) -> Size:
    # The search for the largest scale measures often, and to find the orientation may need all of a PNG.
    with opened(file) as picture:
        turned = picture.getexif().get(ORIENTATION) in TURNED
        width, height = picture.size
    return Size(height, width) if turned else Size(width, height)


def fitting(own: Size, width: int | None, height: int | None) -> Size:
    """The largest size of the same aspect, to a pixel, that is no wider and no taller than asked for."""
    factors = [wanted / side for wanted, side in ((width, own.width), (height, own.height)) if wanted]
    factor = min(factors, default=1.0)
    return Size(max(1, round(own.width * factor)), max(1, round(own.height * factor)))


def over(picture: Pillow.Image, background: Rgb) -> Pillow.Image:
    """The picture upright in RGB, composed over a background where it is transparent."""
    if picture.mode.startswith("I"):
        # 16 bits of grey, of which Pillow would keep the lower eight.
        picture = Pillow.fromarray((np.asarray(picture, np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    picture = ImageOps.exif_transpose(picture)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    paper = Pillow.new("RGBA", picture.size, (*background, 255))
    paper.alpha_composite(picture.convert("RGBA"))
    return paper.convert("RGB")


def resized(picture: Pillow.Image, size: Size) -> NDArray[np.uint8]:
    """The picture (height, width, 3) at another size: pixels stay sharp when it grows."""
    wanted = size.width, size.height
    factor = max(-(-size.width // picture.width), -(-size.height // picture.height))
    if factor > 1:
        grown = picture.resize((picture.width * factor, picture.height * factor), Pillow.Resampling.NEAREST)
        return np.asarray(grown.resize(wanted, Pillow.Resampling.BOX))
    return np.asarray(
        picture if picture.size == wanted else picture.resize(wanted, Pillow.Resampling.LANCZOS)
    )
