"""Cells in rows and columns: where they stand, and how maps get into them."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.lib.stride_tricks import as_strided

from reelnet.scene.layout import RHYTHM, Box
from reelnet.scene.panel import Canvas
from reelnet.scene.view import Cell


@dataclass(frozen=True)
class Cells:
    """Square cells in rows and columns.

    Attributes:
        x: Column of the canvas where the first cell begins.
        y: Row of the canvas where the first cell begins.
        side: Of a cell, in pixels.
        rows: How many.
        columns: How many.
        gap_down: Pixels between two rows.
        gap_across: Pixels between two columns.
    """

    x: int
    y: int
    side: int
    rows: int
    columns: int
    gap_down: int = 0
    gap_across: int = 0

    @property
    def pitch(self) -> tuple[int, int]:
        """Pixels from one row, and from one column, to the next."""
        return self.side + self.gap_down, self.side + self.gap_across

    @property
    def whole(self) -> Box:
        """The rectangle of all cells."""
        down, across = self.pitch
        width, height = self.columns * across - self.gap_across, self.rows * down - self.gap_down
        return Box(self.x, self.y, width, height)

    def at(self, row: int, column: int) -> Box:
        """The box of one cell."""
        down, across = self.pitch
        return Box(self.x + column * across, self.y + row * down, self.side, self.side)

    def fields(self) -> list[Box]:
        """The rectangles in which cells touch each other: all of them, or each on its own."""
        if not self.gap_down and not self.gap_across:
            return [self.whole]
        return [self.at(row, column) for row in range(self.rows) for column in range(self.columns)]

    def framed(self) -> list[Box]:
        """The rectangles around which there is a hairline: the fields, or all of them where they are well apart."""
        narrow = any(0 < gap < RHYTHM for gap in (self.gap_down, self.gap_across))
        return self.fields() if narrow else [self.whole]

    def put(self, canvas: Canvas, indices: Canvas, cell: Cell) -> None:
        """Draw maps of palette indices (rows, columns, height, width) upscaled by a whole factor."""
        rows, columns, height, width = indices.shape
        above, beside = cell.inset(height, width)
        down, across = self.pitch
        step, pixel = canvas.strides
        # Upscale along the rows first; then each row is copied whole, which is what memory likes.
        wide = indices.transpose(0, 2, 1, 3).repeat(cell.scale, axis=3)
        corner = canvas[self.y + above :, self.x + beside :]
        self._require(canvas)
        target = as_strided(
            corner,
            (rows, height, cell.scale, columns, width * cell.scale),
            (down * step, cell.scale * step, step, across * pixel, pixel),
        )
        target[...] = wide[:, :, None]

    def _require(self, canvas: Canvas) -> None:
        # Strided views know no bounds.
        whole = self.whole
        if min(whole.x, whole.y) < 0 or whole.bottom > canvas.shape[0] or whole.right > canvas.shape[1]:
            raise AssertionError(f"cells {whole} reach over a canvas of {canvas.shape}")
