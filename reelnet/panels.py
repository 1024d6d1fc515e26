"""What you need to write a panel of your own.

A panel is a subclass of `Panel` whose fields are its options. `measure` returns the pixels that it needs. `place`
reserves inks in a `PaletteBuilder` and returns a drawing. `draw_still` of the drawing draws what all frames share,
`draw` what one frame shows. Register the class under the entry point group `reelnet.panels`, so that templates can
name it; see docs/panels.md.
"""

from pydantic import Field

from reelnet.config.spec import FontSize, Pixels
from reelnet.render.canvas import draw_picture, fill_box, polyline, stamp, write
from reelnet.render.typography import TextStyle, body_style, text_style
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import Ink, PaletteBuilder
from reelnet.scene.panel import (
    CachedDrawing,
    Canvas,
    Drawing,
    HasCells,
    HasLevelMaps,
    HasStepAxis,
    LevelMaps,
    Panel,
    Still,
)
from reelnet.template.color import Color

__all__ = [
    "Box",
    "CachedDrawing",
    "Canvas",
    "CellRegion",
    "Color",
    "Drawing",
    "Field",
    "FontSize",
    "FrameState",
    "HasCells",
    "HasLevelMaps",
    "HasStepAxis",
    "Ink",
    "LevelMaps",
    "Measure",
    "PaletteBuilder",
    "Panel",
    "Pixels",
    "SceneContext",
    "Still",
    "TextStyle",
    "body_style",
    "draw_picture",
    "fill_box",
    "polyline",
    "stamp",
    "text_style",
    "write",
]
