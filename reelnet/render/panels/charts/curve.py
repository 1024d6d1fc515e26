"""Metrics over the steps: drawn once, revealed as the steps pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, field_validator, model_validator

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.config.spec import PositivePixels
from reelnet.render.panels.charts.axis import LARGEST, Axis, of_steps, spanning
from reelnet.render.panels.charts.chart import ChartDrawing, Plan
from reelnet.render.panels.charts.head import Head, heading
from reelnet.render.panels.charts.series import (
    Chart,
    Series,
    automatic,
    bounded,
    carried,
    held,
    is_accuracy,
    labelled,
    measured,
    require,
    split,
    titled,
    tones,
)
from reelnet.render.typography import body_style
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel

BESIDE, BELOW = 32, 16
"""Pixels between two charts of a row, and of a column."""


def listed(value: Any) -> Any:
    """YAML has lists only; those of options never change."""
    return tuple(value) if isinstance(value, list) else value


Scale = Literal["linear", "log"]
Text = Annotated[str, Field(max_length=200)]
Names = Annotated[tuple[Text, ...], BeforeValidator(listed)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Ends = Annotated[tuple[Number, Number], BeforeValidator(listed)]


class Curve(Panel):
    """Metrics over the steps, revealed as they pass: a chart for each kind of them, or one of those named."""

    default_grow: ClassVar[float] = 1.0

    metrics: Names | None = Field(
        None,
        description="Metrics to draw in one chart, in this order; by default loss and accuracy, or else the "
        "first kinds there are, with a chart for each kind.",
    )
    names: Mapping[str, Text] = Field(
        default_factory=dict, description="What the legend calls a metric, such as test_loss: held out."
    )
    title: Text | None = Field(
        None, description="Title of the chart, empty for none; by default the metrics' kind."
    )
    x: Scale = Field("linear", description="Scale of the steps; a log one leaves step 0 out.")
    y: Scale = Field("linear", description="Scale of the left axis; a log one leaves values up to 0 out.")
    right: Names = Field(
        (), description="Metrics to draw in the same chart against an axis on the right, which is linear."
    )
    range: Ends | None = Field(
        None,
        description="Values at the bottom and the top of the left axis; by default round ones around all.",
    )
    ticks: int = Field(4, ge=0, le=20, description="About how many marks each axis has; 0 for none.")
    legend: bool = Field(True, description="Write the names of the curves over the chart.")
    values: bool = Field(
        True,
        description="Write the present values over the chart; of metrics that were not measured at each step the "
        "latest one, with its step where there is room.",
    )
    cursor: bool = Field(False, description="Draw a thin vertical line at the present step.")
    chart_width: PositivePixels | None = Field(
        None,
        description="Natural width of one chart in pixels; by default 20 times the theme's text, or more for a "
        "long legend.",
    )
    chart_height: PositivePixels | None = Field(
        None,
        description="Height of one chart in pixels, with its title and axes; by default 13 times the theme's "
        "text. Where the legend takes several lines, charts are as high as that needs.",
    )
    arrange: Literal["row", "column"] = Field("row", description="Where several charts stand.")

    @field_validator("metrics", "right")
    @classmethod
    def _once(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in value or ():
            if (value or ()).count(name) > 1:
                raise ValueError(f"names {name!r} twice")
        if value is not None and not value:
            raise ValueError("is empty; name a metric, or leave the key out")
        return value

    @model_validator(mode="after")
    def _ends(self) -> Curve:
        if self.range is not None:
            low, high = self.range
            if not high - low > 1e-9 * max(abs(low), abs(high)):
                raise OptionError(
                    f"[{low:g}, {high:g}]: the first value must be less than the second", "range"
                )
            if self.y == "log" and low <= 0:
                raise OptionError(f"[{low:g}, {high:g}]: a log axis begins above 0", "range")
        return self

    def measure(self, context: SceneContext) -> Measure | None:
        """The charts beside or under each other; None for a run without metrics."""
        plans = self._plans(context)
        if not plans:
            return None
        least = max(plan.least for plan in plans)
        each = self.chart_width or max(plan.natural for plan in plans)
        errors = ErrorCollector()
        with errors.collect("chart_width"):
            if each < least:
                raise ValueError(f"{each}: give at least {least} pixels")
        # With its head on one line: one of several lines makes a chart as high as that needs.
        shortest = max(plan.shortest(plan.head.height(plan.head.natural)) for plan in plans)
        with errors.collect("chart_height"):
            if self.chart_height and self.chart_height < shortest:
                raise ValueError(f"{self.chart_height}: give at least {shortest} pixels")
        errors.raise_errors()
        width, narrow = self._across(each, len(plans)), self._across(least, len(plans))
        return Measure(width, self._tall(plans, width), narrow, lambda wide: self._tall(plans, wide))

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> CurveDrawing:
        """Share the box among the charts."""
        plans = self._plans(context)
        boxes = self._boxes(box, len(plans))
        least = max(plan.least for plan in plans)
        heads = [plan.head.height(each.width) for plan, each in zip(plans, boxes, strict=True)]
        gutters = [plan.gutters for plan in plans]
        # The fields of charts beside each other begin at one height, those under each other in one column.
        if self.arrange == "row":
            heads = [max(heads)] * len(plans)
        else:
            gutters = [(max(left for left, _ in gutters), max(right for _, right in gutters))] * len(plans)
        shortest = max(plan.shortest(head) for plan, head in zip(plans, heads, strict=True))
        if boxes[0].width < least or boxes[0].height < shortest:
            raise ValueError(
                f"has {boxes[0].width}×{boxes[0].height} pixels for a chart, which needs {least}×{shortest}"
            )
        # All charts tell when values were measured, or none.
        dated = all(plan.head.dates(each.width) for plan, each in zip(plans, boxes, strict=True))
        return CurveDrawing(
            ChartDrawing(plan, context, each, palette, gutters=sides, head=head, dated=dated)
            for plan, each, sides, head in zip(plans, boxes, gutters, heads, strict=True)
        )

    def _plans(self, context: SceneContext) -> list[Plan]:
        """The charts, before they have their boxes."""
        groups: list[list[str]] = []
        steps, errors = Axis(0, 0), ErrorCollector()
        with errors.collect():
            groups = self._groups(context)
        with errors.collect("title"):
            body_style(context.theme, bold=True).width(self.title or "")
            if self.title and len(groups) > 1:
                raise ValueError(f"there are {len(groups)} charts; name the metrics of one")
        for name, words in self.names.items():
            with errors.collect("names", name):
                body_style(context.theme).width(" ".join(words.split()))
        with errors.collect("x"):
            steps = of_steps(context.steps, self.ticks, log=self.x == "log")
        errors.raise_errors()
        charts = [self._chart(context, group, steps) for group in groups]
        return [
            Plan(
                chart,
                steps,
                Head(chart, context.theme, legend=self.legend, values=self.values),
                context.theme,
                self.cursor,
            )
            for chart in charts
        ]

    def _groups(self, context: SceneContext) -> list[list[str]]:
        """The metrics of each chart."""
        errors = ErrorCollector()
        for option, names in (("metrics", self.metrics or ()), ("right", self.right), ("names", self.names)):
            with errors.collect():
                require(context, option, names)
        errors.raise_errors()
        groups = automatic(context, self.right) if self.metrics is None else [list(self.metrics)]
        if not self.right:
            return groups
        group = groups[0] if groups else []
        if set(group) <= set(self.right):
            raise OptionError("leaves no metric for the left axis", "right")
        return [[*group, *(name for name in self.right if name not in group)]]

    def _chart(self, context: SceneContext, group: Sequence[str], steps: Axis) -> Chart:
        # What has no place along the axis of the steps does not count for the ends of the other one.
        placed = ~np.isnan(steps.part(context.steps))
        values = {name: np.where(placed, bounded(context.metrics[name]), np.nan) for name in group}
        right = self._axis({name: values[name] for name in group if name in self.right}, plain=True)
        left = self._axis({name: values[name] for name in group if name not in self.right})
        parts = zip(group, labelled(group, self.names), tones(group, len(context.theme.curves)), strict=True)
        series = [
            Series(
                label,
                values[name],
                carried(context.metrics[name]),
                measured(context.metrics[name], context.steps),
                tone,
                held(name),
                right if name in self.right else left,
            )
            for name, label, tone in parts
        ]
        title = titled(group) if self.title is None else " ".join(self.title.split())
        return Chart(title, series, left, right if self.right else None)

    def _axis(self, values: Mapping[str, NDArray[np.float64]], *, plain: bool = False) -> Axis:
        """The axis of some metrics; a plain one heeds neither the scale nor the ends that the author gave."""
        every = np.concatenate([*values.values(), np.empty(0)])
        finite = every[np.isfinite(every)]
        shares = all(is_accuracy(split(name)[1]) for name in values)
        try:
            return spanning(
                every,
                self.ticks,
                log=self.y == "log" and not plain,
                percent=shares and bool(((finite >= 0) & (finite <= 1)).all()),
                limits=None if plain else self.range,
            )
        except ValueError as error:
            raise OptionError(f"{error} ({', '.join(values)})", "y") from None

    def _across(self, each: int, number: int) -> int:
        return number * each + (number - 1) * BESIDE if self.arrange == "row" else each

    def _tall(self, plans: Sequence[Plan], width: int) -> int:
        number = len(plans)
        each = (width - (number - 1) * BESIDE) // number if self.arrange == "row" else width
        heads = [plan.head.height(each) for plan in plans]
        size, line = plans[0].theme.text, heading(plans[0].theme).line_height
        usual = self.chart_height or 13 * size + max(0, max(heads) - line)
        tall = max(usual, *(plan.shortest(head) for plan, head in zip(plans, heads, strict=True)))
        return tall if self.arrange == "row" else number * tall + (number - 1) * BELOW

    def _boxes(self, box: Box, number: int) -> list[Box]:
        if self.arrange == "row":
            each = (box.width - (number - 1) * BESIDE) // number
            return [Box(box.x + k * (each + BESIDE), box.y, each, box.height) for k in range(number)]
        each = (box.height - (number - 1) * BELOW) // number
        return [Box(box.x, box.y + k * (each + BELOW), box.width, each) for k in range(number)]


class CurveDrawing:
    """The charts in their boxes."""

    def __init__(self, charts: Iterable[ChartDrawing]) -> None:
        self._charts = tuple(charts)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw titles and axes."""
        for chart in self._charts:
            chart.draw_still(canvas)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the moment's step."""
        for chart in self._charts:
            chart.draw(canvas, state)
