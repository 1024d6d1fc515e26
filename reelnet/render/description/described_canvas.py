"""A canvas that notes what is drawn on it, besides showing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from reelnet.render.description.items import Item, RasterItem
from reelnet.scene.layout.boxes import Box
from reelnet.scene.panel import Canvas

P = ParamSpec("P")
S = TypeVar("S")


class Notes:
    """What was drawn on a canvas.

    Attributes:
        items: The items so far, in drawing order.
        shown: What these items show, palette indices (height, width).
    """

    def __init__(self, canvas: NDArray[Any]) -> None:
        self.items: list[Item] = []
        self.shown = canvas.copy()
        self.first_byte = canvas.ctypes.data
        self.is_paused = False


class DescribedCanvas(np.ndarray[Any, np.dtype[Any]]):
    """A canvas that notes the items that are drawn on it. Its views know where they are, and note theirs as well.

    `stamp`, `write` and the like call `note`. A drawing that paints pixels by itself says with `described_by` what
    they are. Pixels that nobody describes become a `RasterItem`.

    Attributes:
        notes: What was drawn; None if the array is a copy, which is no part of a frame.
    """

    notes: Notes | None = None

    @classmethod
    def start(cls, canvas: Canvas) -> DescribedCanvas:
        """Describe what will be drawn on a canvas (height, width)."""
        described = canvas.view(cls)
        described.notes = Notes(canvas)
        return described

    def __array_finalize__(self, source: NDArray[Any] | None) -> None:
        notes = getattr(source, "notes", None)
        if notes is not None and 0 <= self.ctypes.data - notes.first_byte < notes.shown.nbytes:
            self.notes = notes

    @property
    def origin(self) -> tuple[int, int]:
        """Column and row of the frame of the upper left pixel."""
        if self.notes is None:
            return 0, 0
        shown = self.notes.shown
        y, x = divmod((self.ctypes.data - self.notes.first_byte) // self.itemsize, shown.shape[1])
        return x, y

    def note(self, items: Iterable[Item], draw: Callable[[Canvas], None]) -> None:
        """Note items, unless they are part of something that is described as a whole.

        Args:
            items: In pixels of the frame.
            draw: Draws them on any canvas of this shape.
        """
        if self.notes is None or self.notes.is_paused:
            return
        (x, y), (height, width) = self.origin, self.shape
        draw(self.notes.shown[y : y + height, x : x + width])
        self.notes.items += items

    def take_items(self) -> list[Item]:
        """Remove the items since the last call, the last of which are all pixels that nobody described.

        Raises:
            AssertionError: This is a copy.
        """
        if self.notes is None:
            raise AssertionError("a copy has no items")
        items, shown, pixels = self.notes.items, self.notes.shown, np.asarray(self)
        raster = find_difference(shown, pixels)
        if raster is not None:
            items.append(raster)
        self.notes.items, self.notes.shown = [], pixels.copy()
        return items


def described_by(
    describe: Callable[Concatenate[S, P], Iterable[Item]],
) -> Callable[[Callable[Concatenate[S, Canvas, P], None]], Callable[Concatenate[S, Canvas, P], None]]:
    """A method that draws in its own way what `describe`, called with the same arguments, says in items.

    The items, in pixels of the frame, take the place of all that the method notes while it draws.
    """

    def decorate(
        draw: Callable[Concatenate[S, Canvas, P], None],
    ) -> Callable[Concatenate[S, Canvas, P], None]:
        @wraps(draw)
        def draw_described(self: S, canvas: Canvas, /, *args: P.args, **kwargs: P.kwargs) -> None:
            notes = canvas.notes if isinstance(canvas, DescribedCanvas) else None
            if notes is None or notes.is_paused:
                draw(self, canvas, *args, **kwargs)
                return
            before, notes.is_paused = np.array(canvas), True
            try:
                draw(self, canvas, *args, **kwargs)
            finally:
                notes.is_paused = False
            change = find_difference(before, np.asarray(canvas))
            if change is not None and isinstance(canvas, DescribedCanvas):
                x, y = canvas.origin
                box = Box(x + change.box.x, y + change.box.y, change.box.width, change.box.height)
                region = notes.shown[box.y : box.bottom, box.x : box.right]
                np.copyto(region, change.indices, where=change.is_drawn)
            notes.items += describe(self, *args, **kwargs)

        return draw_described

    return decorate


def find_difference(before: Canvas, after: Canvas) -> RasterItem | None:
    """The pixels in which one canvas differs from another; None if they are equal."""
    differs = before != after
    if not differs.any():
        return None
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    region = slice(top, bottom), slice(left, right)
    return RasterItem(Box(left, top, right - left, bottom - top), after[region].copy(), differs[region])
