"""What the frames of an animation look like to a video codec."""

from __future__ import annotations

import math
from collections import Counter
from enum import Enum

from reelnet.render.rendition import Rendition
from reelnet.scene.cell_region import CellRegion

MIN_SHARE = 0.1
"""The smallest share of the pixels in changing cells that decides about a video."""


class Content(Enum):
    """What changes in the frames, the least demanding first. Each codec has settings and qualities for each."""

    BLOCKS = "blocks"
    """Flat rectangles whose edges are at multiples of 8 pixels, as the codec's transform blocks are."""
    SMALL_BLOCKS = "small blocks"
    """Flat rectangles whose edges are at multiples of 4 pixels, such as values of 4 or 12 pixels."""
    FINE = "fine"
    """Fine patterns, and edges inside the codec's blocks: values of 1 to 3 pixels, or off the grid."""
    PHOTO = "photo"
    """Pictures that change: shades and textures, as in a film."""


def find_content(rendition: Rendition) -> Content:
    """The most demanding content that has a share of the cells that change; `FINE` without such cells."""
    areas = Counter[Content]()
    for region in rendition.scene.cell_regions:
        if region.changes:
            areas[_classify(region)] += sum(box.width * box.height for box in region.boxes)
    least = MIN_SHARE * areas.total()
    return next((content for content in reversed(Content) if areas[content] > least), Content.FINE)


def blurs_colors(rendition: Rendition) -> bool:
    """Whether the colors of changing cells blur in videos at every quality.

    Videos have one color sample per 2 × 2 pixels: values of 1, 3 or 5 pixels, or at odd positions, share some.
    """
    return any(
        region.changes and not region.is_picture and _find_grid(region) % 2
        for region in rendition.scene.cell_regions
    )


def _classify(region: CellRegion) -> Content:
    """The content of one region."""
    if region.is_picture:
        return Content.PHOTO
    grid = _find_grid(region)
    if grid % 8 == 0:
        return Content.BLOCKS
    return Content.SMALL_BLOCKS if grid % 4 == 0 else Content.FINE


def _find_grid(region: CellRegion) -> int:
    """The largest number of pixels of which the edges of all values are at multiples."""
    sides = (side for box in region.boxes for side in (box.x, box.y))
    return math.gcd(region.value_width, region.value_height, *sides)
