"""A line of text: the title, a caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reelnet.compose.canvas import write
from reelnet.compose.panels.still import Still
from reelnet.compose.text import fill, text_size
from reelnet.scene.facts import Facts
from reelnet.scene.layout import Box, Size
from reelnet.scene.palette import Palette
from reelnet.scene.panel import Canvas


@dataclass(frozen=True)
class Text:
    """A line of text.

    Attributes:
        text: With fields such as `{layer}` in braces.
        size: Pixels an em.
        bold: In semibold and the theme's ink; otherwise in its muted colour.
    """

    text: str = ""
    size: int = 12
    bold: bool = False
    grow: ClassVar[bool] = False

    def natural_size(self, facts: Facts) -> Size:
        """The line's own."""
        return text_size(fill(self.text, facts.fields), self.size, self.bold)

    def place(self, facts: Facts, box: Box, palette: Palette) -> Still:
        """Fill the fields in."""
        return TextDrawing(self, fill(self.text, facts.fields), box, facts, palette)


class TextDrawing(Still):
    """The line in its box."""

    def __init__(self, panel: Text, text: str, box: Box, facts: Facts, palette: Palette) -> None:
        theme = facts.theme
        self._panel, self._text, self._box = panel, text, box
        self._ink = palette.ramp(theme.ink if panel.bold else theme.muted, theme.background)

    def draw_still(self, canvas: Canvas) -> None:
        """Write the line."""
        write(
            canvas,
            self._text,
            self._ink,
            self._box.x,
            self._box.y,
            size=self._panel.size,
            bold=self._panel.bold,
        )
