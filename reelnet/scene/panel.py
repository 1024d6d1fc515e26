"""What a panel is, for the scene."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from reelnet.scene.facts import Facts, Moment
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette

Canvas = NDArray[np.uint8]
"""Palette indices (height, width)."""


class Drawing(Protocol):
    """A panel in its box, with its inks: ready to be drawn, without a state that drawing changes."""

    def draw_still(self, canvas: Canvas) -> None:
        """Draw what is the same in every frame; once, after the palette is mixed."""

    def draw(self, canvas: Canvas, moment: Moment) -> None:
        """Draw what one frame shows, onto the still."""


class Panel(Protocol):
    """One rectangle's content, as the author asked for it: a frozen data class whose fields are its options."""

    grow: ClassVar[bool]
    """Whether it takes the width that is left over in a row."""

    def natural_size(self, facts: Facts) -> Size | None:
        """The pixels that it needs, or None where the run has nothing for it to show."""

    def place(self, facts: Facts, box: Box, palette: Palette) -> Drawing:
        """Put it into its box and ask for its inks."""
