"""What can be measured of a frame: its size, its maps, its empty parts, and its texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import gcd

import numpy as np
from numpy.typing import NDArray

from looks.text_watch import DrawnText, WatchedFrame, draw_frames
from reelnet.reel import Reel
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.layout.boxes import Box
from reelnet.scene.panel import HasCells

GRID = 8
"""Cells begin at multiples of this, in output pixels, if their values are multiples of it; see `count_off_grid`."""

BLOCK = 16
"""Sides of empty rectangles are measured in steps of this, in output pixels."""

MIN_CONTRAST, MIN_LARGE_CONTRAST = 4.5, 3.0
"""WCAG 2.1, 1.4.3, level AA: for text, and for large text."""

LARGE_TEXT, LARGE_BOLD_TEXT = 24, 18.66
"""Font sizes of large text, in layout pixels."""


@dataclass(frozen=True)
class Figures:
    """The figures of one template on one run.

    Attributes:
        width: Of the frame, in layout pixels.
        height: Likewise.
        density: Output pixels per layout pixel.
        maps: Share of the frame that is within the outline of cells.
        empty_rows: The longest run of rows of nothing but background, as a share of the height.
        empty_columns: The longest such run of columns, as a share of the width.
        empty_area: The largest rectangle of nothing but background, as a share of the frame.
        smallest_text: The smallest font size, in layout pixels; 0 without text.
        off_grid: How many cells do not begin on the grid for their values.
        faults: What is wrong with the texts, one sentence each.
        notes: What the scene says about itself.
    """

    width: float
    height: float
    density: int
    maps: float
    empty_rows: float
    empty_columns: float
    empty_area: float
    smallest_text: float
    off_grid: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def choose_steps(steps: Sequence[int]) -> list[int]:
    """The first, the middle and the last of the recorded steps, each once."""
    return sorted({steps[0], steps[len(steps) // 2], steps[-1]})


def measure_reel(reel: Reel, steps: Sequence[int]) -> tuple[Figures, list[WatchedFrame]]:
    """Draw the frames of some steps, and measure them."""
    scene = reel.scene
    size, density = scene.size, scene.context.density
    frames = draw_frames(reel.rendition, list(steps))
    background = scene.background.indices[0]
    cells = [box for region in scene.cell_regions for box in region.boxes]
    outlines = find_outlines(reel)
    is_filled = outlines.copy()
    for frame in frames:
        is_filled |= frame.indices != background
    faults = dict.fromkeys(fault for frame in frames for fault in find_text_faults(reel, frame, cells))
    return Figures(
        width=size.width / density,
        height=size.height / density,
        density=density,
        maps=float(outlines.mean()),
        empty_rows=find_longest_gap(is_filled.max(axis=1)),
        empty_columns=find_longest_gap(is_filled.max(axis=0)),
        empty_area=find_largest_gap(is_filled),
        smallest_text=min((drawn.style.size for frame in frames for drawn in frame.texts), default=0)
        / density,
        off_grid=sum(map(count_off_grid, scene.cell_regions)),
        faults=tuple(faults),
        notes=scene.notes,
    ), frames


def count_off_grid(region: CellRegion) -> int:
    """How many cells of a region are not on the grid that matters for their values.

    Of values of 4 or 12 pixels that is multiples of 4, and of other even ones those of 2. `benchmarks/grid.md` has
    what a distance of cells that is no multiple of 8 costs there: 1 to 3 % of the bytes. Pictures rest, and videos
    pay for them once.
    """
    if region.is_picture:
        return 0
    step_x, step_y = gcd(region.value_width, GRID), gcd(region.value_height, GRID)
    return sum(bool(box.x % step_x or box.y % step_y) for box in region.boxes)


def find_outlines(reel: Reel) -> NDArray[np.bool_]:
    """Which pixels are within the outline of the cells of a panel, (height, width)."""
    size = reel.scene.size
    is_inside = np.zeros((size.height, size.width), np.bool_)
    for drawing in reel.scene.drawings:
        boxes = (
            [box for region in drawing.cell_regions() for box in region.boxes]
            if isinstance(drawing, HasCells)
            else []
        )
        if boxes:
            rows = slice(max(0, min(box.y for box in boxes)), max(box.bottom for box in boxes))
            is_inside[rows, max(0, min(box.x for box in boxes)) : max(box.right for box in boxes)] = True
    return is_inside


def find_longest_gap(is_filled: NDArray[np.bool_]) -> float:
    """The longest run of False, as a share of the length."""
    edges = np.flatnonzero(np.concatenate([[True], is_filled, [True]]))
    return float((np.diff(edges) - 1).max() / len(is_filled))


def find_largest_gap(is_filled: NDArray[np.bool_]) -> float:
    """The largest rectangle of False, as a share of all; its sides are multiples of `BLOCK`."""
    height, width = (length // BLOCK for length in is_filled.shape)
    blocks = (
        is_filled[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width, BLOCK).max(axis=(1, 3))
    )
    depths, largest = np.zeros(width, int), 0
    for row in blocks:
        # For each column: how many empty blocks end at this row. The best rectangle below the line of depths.
        depths = np.where(row, 0, depths + 1)
        for depth in np.unique(depths[depths > 0]):
            edges = np.flatnonzero(np.concatenate([[True], depths < depth, [True]]))
            largest = max(largest, int(depth) * int((np.diff(edges) - 1).max()))
    return largest / int(height * width)


def find_text_faults(reel: Reel, frame: WatchedFrame, cells: Sequence[Box]) -> list[str]:
    """What is wrong with the texts of a frame: cut, overlapping, hidden, or too pale."""
    size = reel.scene.size
    faults = []
    for drawn in frame.texts:
        where = f"{drawn.panel}: {drawn.text!r}"
        if (
            drawn.box.x < 0
            or drawn.box.y < 0
            or drawn.box.right > size.width
            or drawn.box.bottom > size.height
        ):
            faults.append(f"{where} is clipped by the frame")
        if drawn.text.endswith("…"):
            faults.append(f"{where} is cut")
        if is_hidden(drawn, frame):
            faults.append(f"{where} is hidden in part")
        elif any(boxes_overlap(drawn.box, cell) for cell in cells):
            faults.append(f"{where} is on a cell")
        contrast = measure_contrast(drawn, reel)
        if contrast < required_contrast(drawn, reel.scene.context.density):
            faults.append(f"{where} has a contrast of {contrast:.1f} only")
    for one, other in combinations(frame.texts, 2):
        if boxes_overlap(one.box, other.box):
            faults.append(f"{one.panel}: {one.text!r} overlaps {other.panel}: {other.text!r}")
    return faults


def boxes_overlap(one: Box, other: Box) -> bool:
    """Whether two boxes have pixels in common."""
    return max(one.x, other.x) < min(one.right, other.right) and max(one.y, other.y) < min(
        one.bottom, other.bottom
    )


def is_hidden(drawn: DrawnText, frame: WatchedFrame) -> bool:
    """Whether something was drawn over a text, other than a line in its own color that crosses it out."""
    shown = frame.indices[drawn.pixels]
    return bool(((shown != drawn.after) & (shown != drawn.ink)).any())


def measure_contrast(drawn: DrawnText, reel: Reel) -> float:
    """The contrast of a text to what is behind it, 1 to 21; 95 % of its pixels have at least this contrast."""
    if not len(drawn.before):
        return 21.0
    palette = reel.palette_rgb
    ink = relative_luminance(palette[drawn.ink][None])[0]
    behind = relative_luminance(palette[drawn.before])
    lighter, darker = np.maximum(ink, behind), np.minimum(ink, behind)
    return float(np.quantile((lighter + 0.05) / (darker + 0.05), 0.05))


def required_contrast(drawn: DrawnText, density: int) -> float:
    """The contrast that WCAG asks for at level AA."""
    size = drawn.style.size / density
    is_large = size >= LARGE_TEXT or (drawn.style.bold and size >= LARGE_BOLD_TEXT)
    return MIN_LARGE_CONTRAST if is_large else MIN_CONTRAST


def relative_luminance(colors: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The relative luminance of sRGB colors (n, 3), as WCAG 2.1 defines it."""
    values = colors / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    weighted: NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return weighted
