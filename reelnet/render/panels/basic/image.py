"""The image panel: a picture from a file, such as a logo or a diagram of the network."""

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
from reelnet.render.canvas import draw_picture
from reelnet.render.description.items import OriginalPicture
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.palette import FixedPicture, PaletteBuilder
from reelnet.scene.panel import Canvas, Panel, Still
from reelnet.template.color import Rgb

MAX_PICTURE_PIXELS = 50_000_000
"""A larger picture would take more memory than everything else together."""

FORMATS = ("PNG", "JPEG")
MIN_SHARP_SCALE = 2
"""Factor from which enlarged pixels have hard edges."""

TRANSPOSING_ORIENTATIONS = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""
ORIENTATION_TAG = 0x0112


class Image(Panel):
    """A picture from a PNG or JPEG file."""

    files: ClassVar[tuple[str, ...]] = ("file",)

    can_shrink: ClassVar[bool] = True
    has_cells: ClassVar[bool] = True

    file: str = Field(min_length=1, description="A PNG or JPEG file, relative to the template file.")
    image_width: PositivePixels | None = Field(
        None, description="Width of the picture in pixels; its height follows. By default its own width."
    )
    image_height: PositivePixels | None = Field(
        None,
        description="Height of the picture in pixels; its width follows. If both are given, it fits into both.",
    )
    colors: int = Field(
        32,
        ge=2,
        le=128,
        description="Maximum number of colors of the picture in a GIF, which has 255 in all; other formats "
        "show all of its colors.",
    )

    def measure(self, context: SceneContext) -> Measure:
        """The size of the picture."""
        size = self._choose_size(context)
        return Measure(size.width, size.height)

    def _choose_size(self, context: SceneContext) -> Size:
        """The size in output pixels; by default a pixel of the picture is one of the layout."""
        own = picture_size(self.file)
        natural = Size(context.px(own.width), context.px(own.height))
        return fit_size(natural, self.image_width, self.image_height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Resize the picture, to fit a smaller box if necessary, and reserve its colors."""
        size = self._choose_size(context)
        if size.width > box.width or size.height > box.height:
            size = fit_size(size, box.width, box.height)
        with open_picture(self.file) as picture:
            flat = flatten_picture(picture, context.theme.background)
        # Background pixels must keep their exact color, or the picture's rectangle would show.
        pixels = resize_picture(flat, size)[None]
        fixed = palette.picture(pixels, self.colors, keep=context.theme.background)
        original = OriginalPicture(np.asarray(flat), MIN_SHARP_SCALE)
        return ImageDrawing(fixed, Box(box.x, box.y, size.width, size.height), original)


class ImageDrawing(Still):
    """The picture in its box."""

    def __init__(self, picture: FixedPicture, box: Box, original: OriginalPicture) -> None:
        self._picture, self._box, self._original = picture, box, original

    def cell_regions(self) -> list[CellRegion]:
        """The picture."""
        return [CellRegion((self._box,), value_width=1, value_height=1, is_picture=True, changes=False)]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the picture."""
        draw_picture(canvas, self._picture.indices_for(canvas)[0], self._box, original=self._original)


@contextmanager
def open_picture(file: str) -> Iterator[Pillow.Image]:
    """Open a picture and read its header.

    Raises:
        OptionError: The file does not exist, is damaged, is not a PNG or JPEG, or has more than `MAX_PICTURE_PIXELS`.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own limits are higher, and exceeding them may only cause a warning.
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
            with Pillow.open(file, formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_PICTURE_PIXELS:
                    raise Pillow.DecompressionBombError
                yield picture
    except FileNotFoundError:
        raise OptionError(f"{file} does not exist", "file") from None
    except Pillow.DecompressionBombError:
        raise OptionError(
            f"{file} has more than {MAX_PICTURE_PIXELS // 10**6} million pixels", "file"
        ) from None
    except UnidentifiedImageError:
        raise OptionError(f"{file} is neither a PNG nor a JPEG file", "file") from None
    except (OSError, SyntaxError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise OptionError(f"{file} cannot be read as a picture: {reason}", "file") from None


def picture_size(file: str) -> Size:
    """Width and height of a picture as a viewer shows it, with its EXIF orientation applied.

    Raises:
        OptionError: The file cannot be read.
    """
    try:
        modified_ns = Path(file).stat().st_mtime_ns
    except (OSError, ValueError):
        # Opening the file says why.
        modified_ns = 0
    return _cached_picture_size(file, modified_ns)


@lru_cache(maxsize=16)
def _cached_picture_size(file: str, modified_ns: int) -> Size:
    # The search for the largest scale measures often, and reading the orientation may decode an entire PNG.
    with open_picture(file) as picture:
        transposed = picture.getexif().get(ORIENTATION_TAG) in TRANSPOSING_ORIENTATIONS
        width, height = picture.size
    return Size(height, width) if transposed else Size(width, height)


def fit_size(own: Size, width: int | None, height: int | None) -> Size:
    """Scale a size to fit a width and a height, with the aspect ratio kept to the nearest pixel."""
    factors = [wanted / side for wanted, side in ((width, own.width), (height, own.height)) if wanted]
    factor = min(factors, default=1.0)
    return Size(max(1, round(own.width * factor)), max(1, round(own.height * factor)))


def flatten_picture(picture: Pillow.Image, background: Rgb) -> Pillow.Image:
    """Return the picture upright, in RGB, composited onto a background where it is transparent."""
    if picture.mode.startswith("I"):
        # 16-bit gray; Pillow's own conversion would keep the lower eight bits.
        picture = Pillow.fromarray((np.asarray(picture, np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    picture = ImageOps.exif_transpose(picture)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    flat = Pillow.new("RGBA", picture.size, (*background, 255))
    flat.alpha_composite(picture.convert("RGBA"))
    return flat.convert("RGB")


def resize_picture(picture: Pillow.Image, size: Size) -> NDArray[np.uint8]:
    """Resize a picture to uint8 (height, width, 3); enlarged pixels stay sharp."""
    wanted = size.width, size.height
    factor = max(-(-size.width // picture.width), -(-size.height // picture.height))
    if factor > 1:
        enlarged = picture.width * factor, picture.height * factor
        picture = picture.resize(enlarged, Pillow.Resampling.NEAREST)
        return np.asarray(picture.resize(wanted, Pillow.Resampling.BOX))
    if picture.size != wanted:
        picture = picture.resize(wanted, Pillow.Resampling.LANCZOS)
    return np.asarray(picture)
