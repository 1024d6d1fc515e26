"""The parts of a frame that are upscaled pixels: maps, filters and pictures."""

from __future__ import annotations

from dataclasses import dataclass

from reelnet.scene.layout.boxes import Box


@dataclass(frozen=True)
class CellRegion:
    """Cells of one kind that a drawing fills.

    Attributes:
        boxes: The pixels of each map or picture on the canvas.
        value_width: Width of a value in output pixels; every box consists of rectangles of this size, each of one
            color.
        value_height: Height of a value in output pixels.
        is_picture: Whether the cells are gray or color pictures, rather than values in a colormap.
        changes: Whether the cells may differ from frame to frame.
    """

    boxes: tuple[Box, ...]
    value_width: int
    value_height: int
    is_picture: bool
    changes: bool
