"""Helpers for tests of single panels: layouts of templates given as data, and the expected cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reelnet.config.diagnostics import OptionError
from reelnet.reel import Run
from reelnet.render.compositor import Compositor
from reelnet.render.registry import PANELS
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import ColorDepth
from reelnet.scene.resolve import Scene, resolve
from reelnet.template.builder import build_template
from tests.make_run import Bytes, Floats
from tests.rendering import SMALL_TYPE, color_bounds

WHITE = (255, 255, 255)
ACCENT = (33, 102, 172)
LEVEL = 2 / 80
"""Greatest distance between two levels of the colormap."""


@dataclass(frozen=True)
class LaidOut:
    """A template laid out for a run."""

    scene: Scene
    run: Run

    def frame(self, step: int, depth: ColorDepth = ColorDepth.FULL) -> Bytes:
        """RGB (height, width, 3), of few colors as a GIF has them or of all."""
        return self.scene.palette.rgb[Compositor(self.scene, self.run, depth).draw_step(step)]

    def panel(self, name: str, step: int, depth: ColorDepth = ColorDepth.FULL) -> Bytes:
        """The part of a frame that a panel occupies."""
        box = self.box(name)
        return self.frame(step, depth)[box.y : box.bottom, box.x : box.right]

    def box(self, name: str) -> Box:
        """A panel's box."""
        return dict(self.scene.boxes)[name]


def lay_out(
    run: Run, panels: Mapping[str, Any], items: list[Any] | None = None, *, padding: int = 16, **more: Any
) -> LaidOut:
    """Lay out panels in a column; `more` are further keys of the template.

    Cells touch unless the panels and `more` give gaps.

    Raises:
        ValueError: The template itself is wrong, whatever the run.
    """
    column = {"padding": padding, "items": items or list(panels)}
    with_gap = {
        name: {"gap": 0, **panel} if panel.get("kind", name) in ("channels", "filmstrip") else panel
        for name, panel in panels.items()
    }
    more["samples"] = {"gap": 0, **more.get("samples", {})}
    content = {"panels": with_gap, "layout": {"column": column}, "theme": SMALL_TYPE, **more}
    try:
        template = build_template("test", content, PANELS)
    except OptionError as error:
        raise ValueError(str(error.errors)) from error
    return LaidOut(resolve(template, run), run)


def expand_cells(
    maps: Floats, box: int, scale: int, *, down: int = 0, across: int = 0, transposed: bool = False
) -> Floats:
    """The value of every pixel of the cells of maps (samples, channels, h, w); NaN outside the maps.

    Args:
        maps: In the order in which they are shown.
        box: Side of a cell in pixels.
        scale: Factor of the upscaling.
        down: Pixels between two rows.
        across: Pixels between two columns.
        transposed: Rows are samples, not channels.
    """
    table = maps if transposed else maps.transpose(1, 0, 2, 3)
    rows, columns, height, width = table.shape
    found = np.full((rows * (box + down) - down, columns * (box + across) - across), np.nan)
    for row in range(rows):
        for column in range(columns):
            y = row * (box + down) + (box - height * scale) // 2
            x = column * (box + across) + (box - width * scale) // 2
            found[y : y + height * scale, x : x + width * scale] = np.kron(
                table[row, column], np.ones((scale, scale))
            )
    return found


def assert_cells(shown: Bytes, values: Floats, background: tuple[int, int, int] | None = WHITE) -> None:
    """Assert that pixels show values to within one level; NaN stands for background, of any color if None."""
    assert shown.shape[:2] == values.shape
    inside = ~np.isnan(values)
    if background is not None:
        assert (shown[~inside] == background).all()
    least, most = color_bounds(values[inside], LEVEL)
    assert ((shown[inside] >= least) & (shown[inside] <= most)).all()


def find_changes(one: Bytes, other: Bytes) -> NDArray[np.bool_]:
    """The mask (height, width) of the pixels that differ."""
    differs: NDArray[np.bool_] = (one != other).any(axis=2)
    return differs


def mask_box(box: Box, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask of a box in a picture (height, width)."""
    found = np.zeros(size[:2], np.bool_)
    found[max(0, box.y) : box.bottom, max(0, box.x) : box.right] = True
    return found
