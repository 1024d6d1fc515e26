"""The input row: the samples as a person sees them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.panels.annotations import margin
from reelnet.render.panels.annotations.annotation import SampleAnnotations, Target
from reelnet.render.panels.annotations.callout import Callouts
from reelnet.render.panels.maps.grid import Cells, gutter, header
from reelnet.render.panels.maps.pictures import Pictures
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure, Size
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel


class Inputs(Panel):
    """The samples, one a column, under their labels."""

    is_sample_strip: ClassVar[bool] = True

    labels: bool = Field(True, description="Write the samples' labels above them, and `input` to the left.")
    annotations: SampleAnnotations = Field(
        (), description="Frames, arrows and words on single samples, for a range of training steps."
    )

    def cells(self, context: SceneContext, x: int, y: int) -> Cells:
        """The cells of a panel whose corner is at (x, y)."""
        left, above = gutter(context, labels=self.labels), header(context, labels=self.labels)
        count, gap, side = len(context.sample_indices), context.samples.gap, context.cell.size
        if context.transposed:
            return Cells(x + left, y + above, side, count, 1, gap, 0)
        return Cells(x + left, y + above, side, 1, count, 0, gap)

    def measure(self, context: SceneContext) -> Measure:
        """A row of cells, and room for labels."""
        errors = ErrorCollector()
        for number, annotation in enumerate(self.annotations):
            with errors.collect("annotations", number):
                margin.check(annotation, context)
        errors.raise_errors()
        whole = self.cells(context, 0, 0).whole
        return margin.measured(Size(whole.right, whole.bottom), self.annotations, context)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> InputsDrawing:
        """Bring the pictures to the cells' size."""
        return InputsDrawing(self, context, box, palette)


class InputsDrawing:
    """The row in its box."""

    def __init__(self, panel: Inputs, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        self._labels, self._context = panel.labels, context
        self._cells = panel.cells(context, box.x, box.y)
        self._muted = palette.ramp(context.theme.muted, context.theme.background)
        self._pictures = Pictures(context, self._cells, palette)
        targets = {
            number: Target(annotation, self._pictures.at(annotation.column(context)))
            for number, annotation in enumerate(panel.annotations)
        }
        # Cells of channels may follow without a gap, and are drawn over what reaches into them.
        room = Box(box.x, box.y, self._cells.whole.right - box.x, box.height)
        self._callouts = Callouts(targets, room, 0, context, palette)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the pictures and their labels."""
        self._pictures.draw(canvas)
        if not self._labels:
            return
        self._pictures.write_labels(canvas, self._muted)
        self._pictures.write_name(canvas, self._muted)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Draw what is to be said of the pictures."""
        self._callouts.draw(canvas, state.snapshot.step)
