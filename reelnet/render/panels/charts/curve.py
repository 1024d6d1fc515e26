"""The curve panel: metrics over the steps, drawn once and revealed as the steps pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.config.spec import LIST_AS_TUPLE, PositivePixels
from reelnet.errors import suggest_names
from reelnet.render.panels.charts.axis import (
    MAX_MAGNITUDE,
    MIN_PLOT_STEPS,
    Axis,
    StepScaleOption,
    cut_axis,
    fit_step_axis,
    fit_value_axis,
    limit_magnitude,
)
from reelnet.render.panels.charts.chart import Chart, title_style
from reelnet.render.panels.charts.chart_drawing import ChartDrawing
from reelnet.render.panels.charts.line import Series, find_latest
from reelnet.render.panels.charts.metric_names import (
    assign_colors,
    choose_charts,
    choose_labels,
    choose_strip,
    choose_title,
    describe_dataset,
    is_accuracy,
    is_held_out,
    split_metric,
)
from reelnet.render.panels.charts.strip import Strip, StripDrawing, StripLayout, find_span
from reelnet.render.typography import body_style
from reelnet.scene.class_scores import count_right, explain_missing_truth
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Drawing, Panel

HORIZONTAL_GAP, VERTICAL_GAP = 32, 16
"""Layout pixels between two charts of a row, and of a column."""

DASHES = ((1, 0), (7, 4), (2, 3), (14, 4))
"""Columns drawn and left blank: of curves in the theme's colors, and of further curves that repeat the colors."""

CHART_OPTIONS = ("right", "legend", "values", "cursor", "arrange", "ticks")
"""Options that a strip does not have."""

Scale = Literal["linear", "log"]
Text = Annotated[str, Field(max_length=200)]
Names = Annotated[tuple[Text, ...], LIST_AS_TUPLE]
Number = Annotated[float, Field(ge=-MAX_MAGNITUDE, le=MAX_MAGNITUDE)]
AxisLimits = Annotated[tuple[Number, Number], LIST_AS_TUPLE]


class Curve(Panel):
    """Metrics over the steps, revealed as they pass: one chart per kind of metric, or one with the named metrics."""

    default_grow: ClassVar[float] = 1.0

    style: Literal["chart", "strip"] = Field(
        "chart",
        description="`strip`: one metric, by default the accuracy or else the loss, with its current value "
        "in large type at the left, or above the plot in a narrow frame.",
    )
    metrics: Names | None = Field(
        None,
        description="Metrics to draw in one chart, in this order; by default loss and accuracy, or else the first "
        "kinds of metrics of the run, with one chart per kind.",
    )
    names: Mapping[str, Text] = Field(
        default_factory=dict, description="Labels in the legend, by metric, such as test_loss: held out."
    )
    title: Text | None = Field(
        None, description="Title of the chart; by default the kind of its metrics. Empty for none."
    )
    x: StepScaleOption = "auto"
    y: Scale = Field(
        "linear", description="Scale of the left axis; a log scale omits values up to 0, where curves break."
    )
    right: Names = Field((), description="Metrics to draw against a second, linear axis on the right.")
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

    @model_validator(mode="after")
    def _check_strip(self) -> Curve:
        given = [key for key in CHART_OPTIONS if key in self.model_fields_set]
        if self.style == "strip" and given:
            raise OptionError("is for charts, not for a strip", given[0])
        return self

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure the charts beside or below each other; None for a run without metrics."""
        if self.style == "strip":
            key = "strip", id(self), context.theme, context.sample_indices, context.density
            return context.get_cached(key, lambda: self._measure_strip(context))
        charts = self._make_charts(context)
        if not charts:
            return None
        min_width = max(chart.min_width for chart in charts)
        chart_width = self.chart_width or max(chart.natural_width for chart in charts)
        errors = ErrorCollector()
        with errors.collect("chart_width"):
            if chart_width < min_width:
                raise ValueError(f"{chart_width}: give at least {min_width} pixels")
        # This is for a header on one line; a header of several lines makes the chart taller.
        headers = [chart.header.height_at(chart.header.natural_width) for chart in charts]
        min_height = max(chart.min_height(each) for chart, each in zip(charts, headers, strict=True))
        with errors.collect("chart_height"):
            if self.chart_height and self.chart_height < min_height:
                raise ValueError(f"{self.chart_height}: give at least {min_height} pixels")
        errors.raise_errors()
        natural = self._total_width([chart_width] * len(charts), charts)
        least = self._total_width([chart.min_width for chart in charts], charts)
        heights, least_heights = (
            partial(self._height_at, charts),
            partial(self._height_at, charts, chart_height=1),
        )
        return Measure(natural, heights(natural), least, heights, least_heights)

    def _measure_strip(self, context: SceneContext) -> Measure | None:
        """By default as high as the text beside the plot."""
        strip, size = self._make_strip(context), context.theme.text
        if strip is None:
            return None

        @cache
        def height_at(width: int) -> int:
            layout = StripLayout(strip, context, Box(0, 0, width, 9 * size))
            if layout.plot is None:
                return layout.header_height
            return self.chart_height or self.height or (9 if layout.beside else 11) * size

        def least_height_at(width: int) -> int:
            return min(height_at(width), 7 * size)

        width = self.chart_width or 24 * size
        return Measure(width, height_at(width), min(width, 14 * size), height_at, least_height_at)

    def _make_strip(self, context: SceneContext) -> Strip | None:
        """The strip before it has a box; None for a run without metrics."""
        names = choose_strip(context) if self.metrics is None else [*self._group_metrics(context)[0]]
        if not names:
            return None
        chart = self._make_chart(context, names, fit_step_axis(context.steps, 6, self.x))
        main = next((number for number, name in enumerate(names) if is_held_out(name)), 0)
        others = [*chart.series[:main], *chart.series[main + 1 :]]
        datasets = [describe_dataset(name) for name in names]
        thin = [datasets[number] for number in range(len(names)) if number != main]
        has_plot, samples = len(context.steps) >= MIN_PLOT_STEPS, len(context.sample_indices)
        is_thin_drawn = has_plot and len(others) == 1 and others[0].has_line
        is_known = is_accuracy(split_metric(names[main])[1]) and not explain_missing_truth(context)
        return Strip(
            choose_title(names[main : main + 1]) if self.title is None else " ".join(self.title.split()),
            chart.series[main],
            others,
            chart.step_axis,
            datasets[main],
            f"thin line: {thin[0]}" if is_thin_drawn and thin[0] else "",
            count_right(context) if is_known and samples > 1 else None,
            f"these {samples:,}" if context.map_layers else f"{samples:,} samples",
            context.steps,
            has_plot=has_plot,
        )

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Drawing:
        """Divide the box among the charts."""
        strip = self._make_strip(context) if self.style == "strip" else None
        if strip is not None:
            return StripDrawing(strip, context, box, palette)
        charts, span = self._make_charts(context), find_span(context, box)
        inner = self._align_box(charts, box, span) if span is not None else None
        layouts = [self._fit_charts(charts, inner, has_edge=True)] if inner is not None else []
        layouts.append(self._fit_charts(charts, box, has_edge=False))
        layout = next((each for each in layouts if each.fits), layouts[-1])
        layout.check()
        # Either all charts write when values were measured, or none.
        with_steps = all(
            chart.header.has_space_for_steps(header.width)
            for chart, header in zip(charts, layout.headers, strict=True)
        )
        return CurveDrawing(
            ChartDrawing(chart, context, header, each, plot, palette, with_steps=with_steps)
            for chart, header, each, plot in zip(
                charts, layout.headers, layout.boxes, layout.plots, strict=True
            )
        )

    def _align_box(self, charts: Sequence[Chart], box: Box, span: tuple[int, int]) -> Box | None:
        """The part of a box in which the plots have the edges of the maps; None if the labels have no room then."""
        left = self._find_sides(charts)[0][0]
        return (
            Box(span[0] - left, box.y, span[1] - span[0] + left, box.height)
            if span[0] >= box.x + left
            else None
        )

    def _find_sides(self, charts: Sequence[Chart]) -> list[tuple[int, int]]:
        """The pixels left and right of each plot; in a column, all are the same."""
        sides = [chart.side_widths for chart in charts]
        if self.arrange == "row":
            return sides
        return [(max(left for left, _ in sides), max(right for _, right in sides))] * len(charts)

    def _fit_charts(self, charts: Sequence[Chart], box: Box, *, has_edge: bool) -> ChartLayout:
        """Divide a box among charts.

        Args:
            charts: At least one.
            box: For all of them.
            has_edge: Whether headers begin at the left edges of the plots, rather than of their labels.
        """
        boxes, sides = self._divide_box(box, charts), self._find_sides(charts)
        headers = [
            Box(each.x + has_edge * left, each.y, each.width - has_edge * left, 0)
            for each, (left, _) in zip(boxes, sides, strict=True)
        ]
        heights = [chart.header.height_at(each.width) for chart, each in zip(charts, headers, strict=True)]
        # The plots of charts in a row have the same top.
        if self.arrange == "row":
            heights = [max(heights)] * len(charts)
        plots = [
            chart.plot_box(each, side, height) if chart.has_plot else None
            for chart, each, side, height in zip(charts, boxes, sides, heights, strict=True)
        ]
        return ChartLayout(
            boxes,
            headers,
            plots,
            tuple(chart.min_width for chart in charts),
            max(chart.min_height(each) for chart, each in zip(charts, heights, strict=True)),
        )

    def _make_charts(self, context: SceneContext) -> list[Chart]:
        """The charts before they have their boxes."""
        theme = context.theme
        groups: list[list[str]] = []
        errors = ErrorCollector()
        with errors.collect():
            groups = self._group_metrics(context)
        with errors.collect("title"):
            body_style(theme, bold=True).width(self.title or "")
            if self.title and len(groups) > 1:
                raise ValueError(f"there are {len(groups)} charts; name the metrics of one in `metrics`")
        for name, label in self.names.items():
            with errors.collect("names", name):
                body_style(theme).width(" ".join(label.split()))
        step_axis = fit_step_axis(context.steps, self.ticks, self.x)
        errors.raise_errors()
        return [self._make_chart(context, group, step_axis) for group in groups]

    def _group_metrics(self, context: SceneContext) -> list[list[str]]:
        """The metrics of each chart."""
        errors = ErrorCollector()
        for option, names in (("metrics", self.metrics or ()), ("right", self.right), ("names", self.names)):
            for number, name in enumerate(names):
                with errors.collect(option, name if isinstance(names, Mapping) else number):
                    if name not in context.metrics:
                        raise OptionError(f"no metric {name!r}; {suggest_names(name, context.metrics)}")
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
        colors = context.theme.curves
        series = [
            Series(
                label,
                values[name],
                context.measured[name],
                fill_forward(context.metrics[name], context.measured[name]),
                find_measured_steps(context.measured[name], context.steps),
                colors[index % len(colors)],
                DASHES[index // len(colors) % len(DASHES)],
                is_held_out(name),
                right if name in self.right else left,
            )
            for name, label, index in zip(group, labels, assign_colors(group, len(colors)), strict=True)
        ]
        title = choose_title(group) if self.title is None else " ".join(self.title.split())
        return Chart(
            title,
            series,
            left,
            right if self.right else None,
            step_axis,
            context.theme,
            context.density,
            legend=self.legend,
            values=self.values,
            cursor=self.cursor,
            has_plot=len(context.steps) >= MIN_PLOT_STEPS or not self.values,
        )

    def _fit_axis(self, values: Mapping[str, NDArray[np.float64]], *, on_right: bool = False) -> Axis:
        """Fit an axis to metrics; the scale and limits that the author gave are for the left one only.

        That of a strip is cut at the largest value, so that little of its height is empty.
        """
        every = np.concatenate([*values.values(), np.empty(0)])
        finite = every[np.isfinite(every)]
        all_accuracies = all(is_accuracy(split_metric(name)[1]) for name in values)
        try:
            axis = fit_value_axis(
                every,
                self.ticks,
                log=self.y == "log" and not on_right,
                percent=all_accuracies and bool(((finite >= 0) & (finite <= 1)).all()),
                limits=None if on_right else self.range,
            )
        except ValueError as error:
            raise OptionError(f"{error} ({', '.join(values)})", "y") from None
        return cut_axis(axis, every) if self.style == "strip" and self.range is None else axis

    def absence(self, context: SceneContext) -> str:
        """Why there is no chart, if there are metrics."""
        if context.shows_charts or not context.metrics:
            return ""
        return "the canvas has no room for it beside maps that can be seen; give a larger canvas"

    @property
    def is_limited_chart(self) -> bool:
        """Whether the author gives no height."""
        return self.chart_height is None and self.height is None

    def _total_width(self, widths: Sequence[int], charts: Sequence[Chart]) -> int:
        """The width of all charts at which none is narrower than its width."""
        sides = [left + right for left, right in self._find_sides(charts)]
        plot_width = max(width - side for width, side in zip(widths, sides, strict=True))
        if self.arrange == "column":
            return plot_width + sides[0]
        return len(charts) * plot_width + sum(sides) + (len(charts) - 1) * HORIZONTAL_GAP * charts[0].density

    def _height_at(self, charts: Sequence[Chart], width: int, chart_height: int | None = None) -> int:
        """Height of all charts at their total width, with a preferred height of each."""
        boxes = self._divide_box(Box(0, 0, width, 0), charts)
        headers = [chart.header.height_at(box.width) for chart, box in zip(charts, boxes, strict=True)]
        extra_lines = max(0, max(headers) - title_style(charts[0].theme).line_height)
        preferred = chart_height or self.chart_height or 13 * charts[0].theme.text + extra_lines
        least = max(chart.min_height(each) for chart, each in zip(charts, headers, strict=True))
        each = max(preferred, least) if charts[0].has_plot else least
        rows = 1 if self.arrange == "row" else len(charts)
        return rows * each + (rows - 1) * VERTICAL_GAP * charts[0].density

    def _divide_box(self, box: Box, charts: Sequence[Chart]) -> list[Box]:
        across, down = HORIZONTAL_GAP * charts[0].density, VERTICAL_GAP * charts[0].density
        gaps = len(charts) - 1
        if self.arrange == "column":
            height = (box.height - gaps * down) // len(charts)
            return [
                Box(box.x, box.y + number * (height + down), box.width, height)
                for number in range(len(charts))
            ]
        # The plots in a row have the same width; what the division leaves over goes to the last.
        sides = [left + right for left, right in self._find_sides(charts)]
        plot_width, x, boxes = (box.width - gaps * across - sum(sides)) // len(charts), box.x, []
        for number, side in enumerate(sides):
            width = side + plot_width if number < gaps else box.right - x
            boxes.append(Box(x, box.y, width, box.height))
            x += width + across
        return boxes


@dataclass(frozen=True)
class ChartLayout:
    """Where charts are.

    Attributes:
        boxes: Of each chart.
        headers: The place of its title and legend; the height is that of the text.
        plots: The box of its curves; None for values only.
        min_widths: The least width of each chart.
        min_height: The least height of a chart.
    """

    boxes: Sequence[Box]
    headers: Sequence[Box]
    plots: Sequence[Box | None]
    min_widths: Sequence[int]
    min_height: int

    @property
    def fits(self) -> bool:
        """Whether the charts are large enough."""
        widths = zip(self.boxes, self.min_widths, strict=True)
        return self.boxes[0].height >= self.min_height and all(box.width >= least for box, least in widths)

    def check(self) -> None:
        """Raise an error if the charts are too small.

        Raises:
            ValueError: They are.
        """
        if not self.fits:
            size = f"{self.boxes[0].width}×{self.boxes[0].height}"
            raise ValueError(
                f"has {size} pixels per chart, but needs {max(self.min_widths)}×{self.min_height}"
            )


class CurveDrawing:
    """The charts in their boxes."""

    def __init__(self, charts: Iterable[ChartDrawing]) -> None:
        self.charts = tuple(charts)

    def step_axes(self) -> list[tuple[Box, NDArray[np.float64]]]:
        """The plots that fit."""
        return [chart.plot.step_axis for chart in self.charts if chart.plot is not None]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw titles and axes."""
        for chart in self.charts:
            chart.draw_still(canvas)

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Reveal the curves up to the current step."""
        for chart in self.charts:
            chart.draw(canvas, state)


def fill_forward(values: NDArray[np.float64], measured: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each position the latest measured value up to it, NaN before the first."""
    latest = find_latest(measured)
    return np.where(latest >= 0, values[np.maximum(latest, 0)], np.nan)


def find_measured_steps(measured: NDArray[np.bool_], steps: Sequence[int]) -> tuple[int, ...] | None:
    """The steps of the latest values; see `Series.measured_steps`."""
    if not measured.any() or measured[np.argmax(measured) :].all():
        return None
    return tuple(steps[index] if index >= 0 else -1 for index in find_latest(measured).tolist())
