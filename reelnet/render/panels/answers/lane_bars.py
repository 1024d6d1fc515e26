"""The lanes of a race over few steps: the certainty now as a bar."""

from __future__ import annotations

import numpy as np

from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.answers.lane_curves import FILL, GHOST_FILL, Lanes
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas
from reelnet.template.color import mix_colors

TICKS = ((0.0, "0%"), (0.5, "50%"), (1.0, "100%"))
MAX_BAR_EMS = 1.6
"""Thickness of a bar, at most."""


class LaneBars:
    """The bars of all lanes. A curve through few steps would suggest a course that nobody recorded.

    Args:
        lanes: What they show, and where.
        palette: Where inks come from.
    """

    def __init__(self, lanes: Lanes, palette: PaletteBuilder) -> None:
        theme = lanes.context.theme
        background = theme.background
        self._values, self._style, self._line = lanes.values, lanes.style, lanes.context.px(2)
        thickness = round(MAX_BAR_EMS * theme.text)
        self._bars = []
        for lane in lanes.lanes:
            height = min(lane.box.height, thickness)
            top = lane.box.y + (lane.box.height - height) // 2
            self._bars.append((lane.sample, Box(lane.box.x, top, lane.box.width, height)))
        self._bottom = lanes.lanes[-1].box.bottom
        self._right, self._wrong, self._track, self._right_tint, self._wrong_tint = palette.solids(
            theme.right,
            theme.wrong,
            mix_colors(theme.faint, background, GHOST_FILL),
            *(mix_colors(color, background, FILL) for color in (theme.right, theme.wrong)),
        )
        self._muted = palette.ramp(theme.muted, background)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw empty bars, and the numbers below them."""
        for _, box in self._bars:
            fill_box(canvas, box, self._track)
        box = self._bars[-1][1]
        for part, text in TICKS:
            width = self._style.width(text)
            x = box.x + round(part * box.width) - round(part * width)
            write(canvas, text, self._muted, x, self._bottom, self._style)

    def draw(self, canvas: Canvas, index: int) -> None:
        """Fill the bars up to the certainty at a recorded step, with a line at that of the step before."""
        for sample, box in self._bars:
            now = self._values.certainty[index, sample]
            is_right = self._values.is_right[index, sample]
            edge, tint = (self._right, self._right_tint) if is_right else (self._wrong, self._wrong_tint)
            if np.isfinite(now):
                width = max(self._line, round(now * box.width))
                fill_box(canvas, Box(box.x, box.y, width, box.height), tint)
                fill_box(canvas, Box(box.x + width - self._line, box.y, self._line, box.height), edge)
            before = self._values.certainty[index - 1, sample] if index else np.nan
            if np.isfinite(before):
                x = box.x + min(round(before * box.width), box.width - self._line)
                fill_box(canvas, Box(x, box.y, self._line, box.height), self._muted)
