"""What the frames of an animation look like to a video codec."""

from __future__ import annotations

from enum import Enum

from reelnet.render.rendition import Rendition


class Content(Enum):
    """What most of the changing pixels are. Each codec has settings and qualities of its own for each."""

    BLOCKS = "blocks"
    """Values of 4 pixels and more on the codec's grid: flat squares, whose edges a loop filter would blur."""
    FINE = "fine"
    """Values of 1 to 3 pixels, or off the grid: fine patterns, and edges inside the codec's blocks."""
    PHOTO = "photo"
    """Pictures that change: shades and textures, as in a film."""


def find_content(rendition: Rendition) -> Content:
    """The content of a rendition."""
    return Content.FINE
