"""What a panel of one's own is made of.

A panel is a subclass of `Panel` whose fields are its options. `measure` says how many pixels it needs, `place`
asks the palette for inks and gives a drawing: `draw_still` draws what never changes, `draw` what one frame shows.
Offer it under the entry point group `reelnet.panels`, and templates can name it; see docs/panels.md.
"""

from pydantic import Field

from reelnet.render.canvas import fill_box, polyline, stamp, write
from reelnet.render.panels.basic.spacer import Still
from reelnet.render.typography import Type, body, sized
from reelnet.scene.context import Facts, Moment
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import Ink, Palette
from reelnet.scene.panel import Canvas, Drawing, HasLevelMaps, LevelMaps, Panel
from reelnet.template.color import Color as Colour

__all__ = [
    "Box",
    "Canvas",
    "Colour",
    "Drawing",
    "Facts",
    "Field",
    "HasLevelMaps",
    "Ink",
    "LevelMaps",
    "Measure",
    "Moment",
    "Palette",
    "Panel",
    "Still",
    "Type",
    "body",
    "fill_box",
    "polyline",
    "sized",
    "stamp",
    "write",
]
