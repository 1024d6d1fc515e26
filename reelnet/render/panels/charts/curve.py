"""The curve panel: metrics over the steps, drawn once and revealed as the steps pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.config.spec import LIST_AS_TUPLE, PositivePixels
from reelnet.render.panels.charts.axis import MAX_MAGNITUDE, Axis, fit_step_axis, fit_value_axis
from reelnet.render.panels.charts.chart import ChartDrawing, ChartHeader, ChartLayout, title_style
from reelnet.render.panels.charts.series import (
    Chart,
    Series,
    assign_colors,
    choose_charts,
    choose_labels,
    choose_title,
    fill_forward,
    find_measured_steps,
    is_accuracy,
    is_held_out,
    limit_magnitude,
    require_metrics,
    split_metric,
)
from reelnet.render.typography import body_style
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel

HORIZONTAL_GAP, VERTICAL_GAP = 32, 16
"""Pixels between two charts of a row, and of a column."""

Scale = Literal["linear", "log"]
Text = Annotated[str, Field(max_length=200)]
Names = Annotated[tuple[Text, ...], LIST_AS_TUPLE]
Number = Annotated[float, Field(ge=-MAX_MAGNITUDE, le=MAX_MAGNITUDE)]
AxisLimits = Annotated[tuple[Number, Number], LIST_AS_TUPLE]


class Curve(Panel):
    """Metrics over the steps, revealed as they pass: one chart per kind of metric, or one with the named metrics."""

    default_grow: ClassVar[float] = 1.0

    metrics: Names | None = Field(
        None,
        description="Metrics to draw in one chart, in this order; by default loss and accuracy, or else the first "
        "kinds of metrics of the run, with one chart per kind.",
    )
    names: Mapping[str, Text] = Field(
        default_factory=dict, description="Labels in the legend, by metric, such as test_loss: held out."
    )
    title: Text | None = Field(
        None, description="Title of the chart, empty for none; by default the kind of its metrics."
    )
    x: Scale = Field("linear", description="Scale of the steps; a log scale omits step 0.")
    y: Scale = Field("linear", description="Scale of the left axis; a log scale omits values up to 0.")
    right: Names = Field(
        (), description="Metrics to draw in the same chart with an axis on the right, which is linear."
    )
    range: AxisLimits | None = Field(
        None,
        description="Values at the bottom and the top of the left axis; by default round values that span all.",
    )
    ticks: int = Field(4, ge=0, le=20, description="Approximate number of ticks per axis; 0 for none.")
    legend: bool = Field(True, description="Write the names of the curves above the chart.")
    values: bool = Field(
        True,
        description="Write the current values above the chart. A metric that was not measured at every step shows "
        "its latest value, with its step if there is space.",
    )
    cursor: bool = Field(False, description="Draw a thin vertical line at the current step.")
    chart_width: PositivePixels | None = Field(
        None,
        description="Natural width of one chart in pixels; by default 20 times the theme's text, or more for a long "
        "legend.",
    )
    chart_height: PositivePixels | None = Field(
        None,
        description="Height of one chart in pixels, including title and axes; by default 13 times the theme's text. "
        "A legend of several lines makes charts taller if necessary.",
    )
    arrange: Literal["row", "column"] = Field("row", description="How several charts are arranged.")

    @field_validator("metrics", "right")
    @classmethod
    def _check_names(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in value or ():
            if (value or ()).count(name) > 1:
                raise ValueError(f"names {name!r} twice")
        if value is not None and not value:
            raise ValueError("is empty; name a metric, or remove the key")
        return value

    @model_validator(mode="after")
    def _check_range(self) -> Curve:
        if self.range is not None:
            low, high = self.range
            if not high - low > 1e-9 * max(abs(low), abs(high)):
                raise OptionError(
                    f"[{low:g}, {high:g}]: the first value must be less than the second", "range"
                )
            if self.y == "log" and low <= 0:
                raise OptionError(f"[{low:g}, {high:g}]: a log axis must begin above 0", "range")
        return self

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure the charts beside or below each other; None for a run without metrics."""
        layouts = self._lay_out_charts(context)
        if not layouts:
            return None
        min_width = max(layout.min_width for layout in layouts)
        chart_width = self.chart_width or max(layout.natural_width for layout in layouts)
        errors = ErrorCollector()
        with errors.collect("chart_width"):
            if chart_width < min_width:
                raise ValueError(f"{chart_width}: give at least {min_width} pixels")
        # This is for a header on one line; a header of several lines makes the chart taller.
        min_height = max(
            layout.min_height(layout.header.height_at(layout.header.natural_width)) for layout in layouts
        )
        with errors.collect("chart_height"):
            if self.chart_height and self.chart_height < min_height:
                raise ValueError(f"{self.chart_height}: give at least {min_height} pixels")
        errors.raise_errors()
        natural, least = (self._total_width(each, len(layouts)) for each in (chart_width, min_width))
        return Measure(
            natural, self._height_at(layouts, natural), least, lambda width: self._height_at(layouts, width)
        )

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> CurveDrawing:
        """Divide the box among the charts."""
        layouts = self._lay_out_charts(context)
        boxes = self._divide_box(box, len(layouts))
        min_width = max(layout.min_width for layout in layouts)
        headers = [layout.header.height_at(each.width) for layout, each in zip(layouts, boxes, strict=True)]
        sides = [layout.side_widths for layout in layouts]
        # Align the plots of charts in a row at the top, and of charts in a column at the left and right.
        if self.arrange == "row":
            headers = [max(headers)] * len(layouts)
        else:
            sides = [(max(left for left, _ in sides), max(right for _, right in sides))] * len(layouts)
        min_height = max(layout.min_height(each) for layout, each in zip(layouts, headers, strict=True))
        if boxes[0].width < min_width or boxes[0].height < min_height:
            size = f"{boxes[0].width}×{boxes[0].height}"
            raise ValueError(f"has {size} pixels per chart, but needs {min_width}×{min_height}")
        # Either all charts write when values were measured, or none.
        with_steps = all(
            layout.header.has_space_for_steps(each.width) for layout, each in zip(layouts, boxes, strict=True)
        )
        return CurveDrawing(
            ChartDrawing(
                layout,
                context,
                each,
                palette,
                side_widths=side_widths,
                header_height=header_height,
                with_steps=with_steps,
            )
            for layout, each, side_widths, header_height in zip(layouts, boxes, sides, headers, strict=True)
        )

    def _lay_out_charts(self, context: SceneContext) -> list[ChartLayout]:
        """The charts before they have their boxes."""
        theme = context.theme
        groups: list[list[str]] = []
        step_axis, errors = Axis(0, 0), ErrorCollector()
        with errors.collect():
            groups = self._group_metrics(context)
        with errors.collect("title"):
            body_style(theme, bold=True).width(self.title or "")
            if self.title and len(groups) > 1:
                raise ValueError(f"there are {len(groups)} charts; name the metrics of one in `metrics`")
        for name, label in self.names.items():
            with errors.collect("names", name):
                body_style(theme).width(" ".join(label.split()))
        with errors.collect("x"):
            step_axis = fit_step_axis(context.steps, self.ticks, log=self.x == "log")
        errors.raise_errors()
        charts = [self._make_chart(context, group, step_axis) for group in groups]
        headers = [ChartHeader(chart, theme, legend=self.legend, values=self.values) for chart in charts]
        return [
            ChartLayout(chart, step_axis, header, theme, self.cursor)
            for chart, header in zip(charts, headers, strict=True)
        ]

    def _group_metrics(self, context: SceneContext) -> list[list[str]]:
        """The metrics of each chart."""
        errors = ErrorCollector()
        for option, names in (("metrics", self.metrics or ()), ("right", self.right), ("names", self.names)):
            with errors.collect():
                require_metrics(context, option, names)
        errors.raise_errors()
        groups = choose_charts(context, self.right) if self.metrics is None else [list(self.metrics)]
        if not self.right:
            return groups
        group = groups[0] if groups else []
        if set(group) <= set(self.right):
            raise OptionError("leaves no metric for the left axis", "right")
        return [[*group, *(name for name in self.right if name not in group)]]

    def _make_chart(self, context: SceneContext, group: Sequence[str], step_axis: Axis) -> Chart:
        # Values at steps outside the step axis do not count for the ends of the other axes.
        visible = ~np.isnan(step_axis.to_fraction(context.steps))
        values = {name: np.where(visible, limit_magnitude(context.metrics[name]), np.nan) for name in group}
        right = self._fit_axis({name: values[name] for name in group if name in self.right}, on_right=True)
        left = self._fit_axis({name: values[name] for name in group if name not in self.right})
        labels = choose_labels(group, self.names)
        colors = assign_colors(group, len(context.theme.curves))
        series = [
            Series(
                label,
                values[name],
                fill_forward(context.metrics[name]),
                find_measured_steps(context.metrics[name], context.steps),
                color_index,
                is_held_out(name),
                right if name in self.right else left,
            )
            for name, label, color_index in zip(group, labels, colors, strict=True)
        ]
        title = choose_title(group) if self.title is None else " ".join(self.title.split())
        return Chart(title, series, left, right if self.right else None)

    def _fit_axis(self, values: Mapping[str, NDArray[np.float64]], *, on_right: bool = False) -> Axis:
        """Fit an axis to metrics; the scale and limits that the author gave are for the left one only."""
        every = np.concatenate([*values.values(), np.empty(0)])
        finite = every[np.isfinite(every)]
        all_accuracies = all(is_accuracy(split_metric(name)[1]) for name in values)
        try:
            return fit_value_axis(
                every,
                self.ticks,
                log=self.y == "log" and not on_right,
                percent=all_accuracies and bool(((finite >= 0) & (finite <= 1)).all()),
                limits=None if on_right else self.range,
            )
        except ValueError as error:
            raise OptionError(f"{error} ({', '.join(values)})", "y") from None

    def _total_width(self, chart_width: int, count: int) -> int:
        return count * chart_width + (count - 1) * HORIZONTAL_GAP if self.arrange == "row" else chart_width

    def _height_at(self, layouts: Sequence[ChartLayout], width: int) -> int:
        """Height of all charts at their total width."""
        count, theme = len(layouts), layouts[0].theme
        chart_width = (width - (count - 1) * HORIZONTAL_GAP) // count if self.arrange == "row" else width
        headers = [layout.header.height_at(chart_width) for layout in layouts]
        extra_lines = max(0, max(headers) - title_style(theme).line_height)
        height = max(
            self.chart_height or 13 * theme.text + extra_lines,
            *(layout.min_height(each) for layout, each in zip(layouts, headers, strict=True)),
        )
        return height if self.arrange == "row" else count * height + (count - 1) * VERTICAL_GAP

    def _divide_box(self, box: Box, count: int) -> list[Box]:
        if self.arrange == "row":
            width = (box.width - (count - 1) * HORIZONTAL_GAP) // count
            return [Box(box.x + k * (width + HORIZONTAL_GAP), box.y, width, box.height) for k in range(count)]
        height = (box.height - (count - 1) * VERTICAL_GAP) // count
        return [Box(box.x, box.y + k * (height + VERTICAL_GAP), box.width, height) for k in range(count)]


class CurveDrawing:
    """The charts in their boxes."""

    def __init__(self, charts: Iterable[ChartDrawing]) -> None:
        self._charts = tuple(charts)

    def draw_still(self, canvas: Canvas) -> None:
        """Draw titles and axes."""
        for chart in self._charts:
            chart.draw_still(canvas)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the current step."""
        for chart in self._charts:
            chart.draw(canvas, state)
