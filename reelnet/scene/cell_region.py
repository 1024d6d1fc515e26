"""The parts of a frame that are upscaled pixels: maps, filters and pictures."""

from __future__ import annotations

from dataclasses import dataclass

from reelnet.scene.layout.boxes import Box


@dataclass(frozen=True)
class CellRegion:
    """Cells of one kind that a drawing fills.

    Attributes:
        boxes: The pixels of each map or picture on the canvas, without the margin in its cell.
        value_size: Side of a value in output pixels; every box consists of squares of this size, each of one color.
        is_picture: Whether the cells are gray or color pictures, rather than values in a colormap.
        changes: Whether the cells may differ from frame to frame.
    """

    boxes: tuple[Box, ...]
    value_size: int
    is_picture: bool
    changes: bool
