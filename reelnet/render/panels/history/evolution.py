"""The panel `evolution`: one channel's maps of all samples at several moments of the training, for print."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import suggest_names
from reelnet.render.canvas import fill_box, write
from reelnet.render.panels.charts.line import find_latest
from reelnet.render.panels.charts.metric_names import choose_strip, is_accuracy, split_metric
from reelnet.render.panels.history.evolution_words import describe_evolution, name_values, title_evolution
from reelnet.render.panels.history.moments_panel import MomentsPanel
from reelnet.render.panels.maps.block import to_levels
from reelnet.render.panels.maps.grid import INPUT_LABEL, CellGrid
from reelnet.render.panels.maps.hatching import Hatching, find_missing
from reelnet.render.panels.maps.inputs import SamplePictures
from reelnet.render.panels.maps.labels import Labels
from reelnet.render.typography import TextStyle, balance_text, body_style, shorten_text, text_style, wrap_text
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.limits import contrast_ratio
from reelnet.scene.number_text import format_percent, format_value
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Still

MIN_ZERO_CONTRAST = 1.05
"""Contrast ratio (WCAG 2) of the color of 0 to the background below which maps have an outline."""
NUMBER_SCALE, SMALL_SCALE, MIN_ANSWER_SCALE = 1.6, 0.85, 0.75
"""Sizes of steps and values, of words about them, and of long answers, to that of the theme's text."""


class Evolution(MomentsPanel):
    """One channel's maps of all samples, one row per moment, with what the network takes the samples for by then."""

    channel: Annotated[int, Field(ge=0)] | Literal["best"] = Field(
        "best",
        description="The channel, counted from 0; `best` is the one whose maps differ most between the samples at "
        "the last step and changed most since the first, by the product of both.",
    )
    title: str | None = Field(
        None,
        max_length=200,
        description="Title above; by default it is written from the layer. Empty for none.",
    )
    subtitle: str | None = Field(
        None,
        max_length=500,
        description="Text below the title; by default it says what is seen. Empty for none.",
    )
    metric: str | None = Field(
        None,
        description="The metric at the right; by default the accuracy, of the test set if that was recorded, else "
        "the loss or another one. Empty for none.",
    )
    labels: bool = Field(True, description="Write the samples' labels above their pictures.")

    def find_channel(self, context: SceneContext) -> int:
        """The channel, as it is displayed.

        Raises:
            OptionError: The layer or channel was not recorded.
        """
        tap = self.require_layer(context)
        count = context.require(tap).map_shape[0]
        if self.channel == "best":
            return find_best_channel(context, tap)
        if self.channel >= count:
            raise OptionError(
                f"no channel {self.channel} of {tap}; they are numbered from 0 to {count - 1}", "channel"
            )
        return self.channel

    def find_metric(self, context: SceneContext) -> str:
        """The metric at the right; empty for none.

        Raises:
            OptionError: It was not recorded.
        """
        if self.metric is None:
            return next(reversed(choose_strip(context)), "")
        if self.metric and self.metric not in context.metrics:
            message = f"no metric {self.metric!r} was recorded"
            raise OptionError(f"{message}; {suggest_names(self.metric, context.metrics)}", "metric")
        return self.metric

    def measure(self, context: SceneContext) -> Measure:
        """Measure the whole table."""
        errors = ErrorCollector()
        with errors.collect():
            self.find_channel(context)
        with errors.collect():
            self.check_steps(context)
        with errors.collect():
            self.find_metric(context)
        for key, text in (("title", self.title), ("subtitle", self.subtitle)):
            with errors.collect(key):
                body_style(context.theme).width(" ".join((text or "").split()))
        errors.raise_errors()
        layout = EvolutionLayout(self, context)

        def height_at(width: int) -> int:
            return EvolutionLayout(self, context, width).height

        return Measure(layout.width, layout.height, height_at=height_at)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Place the table at the upper left corner of its box."""
        return EvolutionDrawing(EvolutionLayout(self, context, box.width), box, palette)


def find_best_channel(context: SceneContext, tap: str) -> int:
    """The channel whose maps differ most between samples at the end, and changed most over the run.

    Of one sample, the values within its map count instead. Values beyond the limits of the colors count as these.
    """
    info, limits = context.require(tap), context.view(tap).limits

    def read(step: int) -> NDArray[np.float64]:
        values = info.fold_values(context.statistics.read_step(step, [tap])[tap])
        maps = np.nan_to_num(values[list(context.sample_indices)].astype(np.float64))
        ends = limits.scale_ends(maps)
        return np.clip(maps, limits.low, ends) / np.where(ends == limits.low, 1.0, ends - limits.low)

    first, last = read(context.steps[0]), read(context.steps[-1])
    spread = last.std(axis=0).mean(axis=(1, 2)) if len(last) > 1 else last.std(axis=(0, 2, 3))
    change = np.abs(last - first).mean(axis=(0, 2, 3))
    return int((spread * change if change.any() else spread).argmax())


@dataclass(frozen=True)
class Moment:
    """One row.

    Attributes:
        step: The training step.
        answers: The class that each sample is taken for, or `UNKNOWN_CLASS`; empty if there are none.
        right: How many of them are right; None if that is not known.
        value: The metric in words; empty if there is none.
        fraction: The metric as a fraction of 1; None if it is none.
        measured: The earlier step at which the metric was measured; None if that is this step.
    """

    step: int
    answers: tuple[int, ...]
    right: int | None
    value: str
    fraction: float | None
    measured: int | None


class EvolutionLayout:
    """What is in the table, and where.

    Args:
        panel: The options.
        context: The run.
        width: Width of its box in pixels, if that is known; what is left over goes to the column of values.

    Attributes:
        panel: The options.
        view: The layer.
        channel: The channel.
        scores: What gives the answers; None for none.
        moments: The rows.
        above: Pixels between the upper end of a row and its maps, if its words are higher than these.
        title: Lines of the title.
        subtitle: Lines below it.
        width: Width of the table in pixels.
        height: Its height.
    """

    def __init__(self, panel: Evolution, context: SceneContext, width: int = 0) -> None:
        # Columns are samples here, whatever they are in other panels.
        context = replace(context, transposed=False)
        theme, px = context.theme, context.px
        self.panel, self.context = panel, context
        self.view, self.channel = context.view(panel.require_layer(context)), panel.find_channel(context)
        self.scores, self.metric = ClassScores.find(context), panel.find_metric(context)
        self.moments = self._find_moments()
        self.small = text_style(theme, SMALL_SCALE * theme.text)
        self.big = text_style(theme, NUMBER_SCALE * theme.text, bold=True)
        self.body, self.bold = body_style(theme), body_style(theme, bold=True)
        self.title_style = text_style(theme, theme.title, bold=True)
        count, cell, grid = len(context.sample_indices), self.view.cell, context.grid
        self.bar_height, self.pad, self.line = px(6), px(8), px(1)
        words = [self.small.width(word) for word in self._step_words]
        numbers = [self.big.width(f"{moment.step:,}") for moment in self.moments]
        self.left = grid.round_up(max(*words, *numbers, self.body.width(INPUT_LABEL)) + px(16))
        self._column_gap = context.choose_gap(cell.width, cell, cell.grid_x, context.samples_spec.gap)
        self.labels, self.answers = self._fit_labels(), self._fit_answers()
        self.answer_height = px(4) + self.answers.height if self.answers is not None else 0
        cells_width = count * (cell.width + self._column_gap) - self._column_gap
        self.cells_right = self.left + cells_width
        self.right, self.value_width = self.cells_right + px(24), self._measure_values()
        if self.value_width:
            self.value_width = max(self.value_width, width - self.right)
        self.width = max(width, self.right + self.value_width if self.value_width else self.cells_right)
        self.heading = (
            wrap_text(name_values(self.metric), self.value_width, self.body) if self.value_width else []
        )
        self.title = self._wrap(self._title_text, self.title_style)
        self.subtitle = self._wrap(self._subtitle_text, self.body)
        self.subtitle_y = len(self.title) * self.title_style.line_height + (px(6) if self.title else 0)
        y = self.subtitle_y + len(self.subtitle) * self.body.line_height
        label_height = self.labels.height + px(4) if self.labels.lines else 0
        self.pictures_y = grid.round_up(y + (px(24) if y else 0) + label_height)
        content = max(cell.height + self.answer_height, self._step_height, self._value_height)
        self._row_gap = grid.round_up(content + 2 * self.pad) - cell.height
        self.above = (content - cell.height - self.answer_height) // 2
        self.rows_y = grid.round_up(self.pictures_y + cell.height + px(16) + self.above)
        self.height = self.cell_grid(0, 0).bounds.bottom - cell.height + content - self.above

    def _wrap(self, text: str, style: TextStyle) -> list[str]:
        return balance_text(text, self.width, style) if text else []

    def _find_moments(self) -> list[Moment]:
        """The rows, with what the network answers, and how well it does by then."""
        context, scores = self.context, self.scores
        answers = right = None
        if scores is not None:
            answers = scores.answers(context)
            right = (answers == scores.truth).sum(axis=1) if (scores.truth != UNKNOWN_CLASS).all() else None
        preferred = context.measured[self.metric] if self.metric else None
        steps = self.panel.choose_steps(context, (self.channel,), right, preferred)
        values, latest = np.full(len(context.steps), np.nan), np.full(len(context.steps), -1)
        if self.metric:
            latest = find_latest(context.measured[self.metric])
            values = np.where(latest < 0, np.nan, context.metrics[self.metric][latest])
        finite = values[np.isfinite(values)]
        is_fraction = is_accuracy(split_metric(self.metric)[1]) and bool(
            ((finite >= 0) & (finite <= 1)).all()
        )
        moments = []
        for position in map(context.steps.index, steps):
            value = float(values[position])
            text = format_percent(value, 0) if is_fraction and not math.isnan(value) else format_value(value)
            moments.append(
                Moment(
                    context.steps[position],
                    tuple(answers[position].tolist()) if answers is not None else (),
                    int(right[position]) if right is not None else None,
                    text if self.metric else "",
                    value if is_fraction and not math.isnan(value) else None,
                    None if latest[position] in (-1, position) else context.steps[latest[position]],
                )
            )
        return moments

    @property
    def _step_words(self) -> tuple[str, ...]:
        return ("step", "untrained") if self.moments[0].step == 0 else ("step",)

    @property
    def _step_height(self) -> int:
        """Pixels of a step in words."""
        return len(self._step_words) * self.small.line_height + self.big.line_height

    @property
    def _value_height(self) -> int:
        """Pixels of a value with its bar and the number of right answers."""
        if not self.value_width:
            return 0
        lines = max(len(self.value_words(moment)) for moment in self.moments)
        return self.big.line_height + self.bar_height + self.context.px(4) + lines * self.small.line_height

    def value_words(self, moment: Moment) -> list[str]:
        """Lines below the bar: when the metric was measured, and how many answers are right."""
        words = [] if moment.measured is None else [f"of step {moment.measured:,}"]
        if self.metric and moment.right is not None:
            words.append(f"{moment.right} of these {len(self.context.sample_indices)}")
        return words

    def _measure_values(self) -> int:
        """Width of the column at the right; 0 without one."""
        if not self.metric and self.moments[0].right is None:
            return 0
        widths = [self.big.max_width(moment.value or "0 of 00") for moment in self.moments]
        widths += [self.small.max_width(text) for moment in self.moments for text in self.value_words(moment)]
        widths += [self.body.width(word) for word in name_values(self.metric).split(" ")]
        return max(self.context.px(96), *widths)

    @property
    def _title_text(self) -> str:
        if self.panel.title is not None:
            return " ".join(self.panel.title.split())
        return title_evolution(self.context, self.view)

    @property
    def _subtitle_text(self) -> str:
        if self.panel.subtitle is not None:
            return " ".join(self.panel.subtitle.split())
        return describe_evolution(
            self.context,
            self.view,
            self.channel,
            is_choice=self.panel.is_choice(self.context),
            has_answers=self.scores is not None,
        )

    def cell_grid(self, x: int, y: int) -> CellGrid:
        """The cells of a table whose upper left corner is at (x, y)."""
        columns, rows = len(self.context.sample_indices), len(self.moments)
        x, y, cell = x + self.left, y + self.rows_y, self.view.cell
        return CellGrid(x, y, cell.width, cell.height, rows, columns, self._row_gap, self._column_gap)

    def picture_grid(self, x: int, y: int) -> CellGrid:
        """The cells of the samples."""
        columns, cell = len(self.context.sample_indices), self.view.cell
        x, y = x + self.left, y + self.pictures_y
        return CellGrid(x, y, cell.width, cell.height, 1, columns, 0, self._column_gap)

    @property
    def _label_width(self) -> int:
        """Pixels for a label above a picture, and for an answer below a map."""
        return self.view.cell.width + self._column_gap - self.context.px(4)

    def _fit_labels(self) -> Labels:
        """How the samples' labels are written."""
        labels = self.context.labels if self.panel.labels and self.context.labels is not None else ()
        if not labels:
            return Labels((), self.body)
        pitch = self.view.cell.width + self._column_gap
        return Labels.fit_columns(labels, self.body, pitch, pitch - self._label_width)

    def _fit_answers(self) -> Labels | None:
        """How the answers are written, on one or two lines each, or shortened; None if there are none.

        Of the labels, one stands for each answer, row by row.
        """
        if self.scores is None:
            return None
        names = [
            "–" if answer == UNKNOWN_CLASS else self.scores.classes[answer]
            for moment in self.moments
            for answer in moment.answers
        ]
        fitted = Labels.fit_rows(names, self.bold, self._label_width, 2 * self.bold.line_height)
        if fitted.lines:
            return fitted
        style = text_style(self.context.theme, MIN_ANSWER_SCALE * self.bold.size, bold=True)
        return Labels(tuple((shorten_text(name, self._label_width, style),) for name in names), style)


class EvolutionDrawing(Still):
    """The table in its box."""

    def __init__(self, layout: EvolutionLayout, box: Box, palette: PaletteBuilder) -> None:
        context = layout.context
        theme, view = context.theme, layout.view
        self._layout, self._context, self._box = layout, context, box
        self._grid = layout.cell_grid(box.x, box.y)
        self._pictures = SamplePictures(
            context, layout.picture_grid(box.x, box.y), palette, labels=layout.panel.labels
        )
        self._ink, self._muted, self._right, self._wrong = palette.ramps(
            theme.background, theme.ink, theme.muted, theme.right, theme.wrong
        )
        self._faint, self._background = palette.solids(theme.faint, theme.background)
        self._map, self._hatching = palette.colormap(view.anchors), Hatching(theme, palette, context.density)
        zero = view.anchors[len(view.anchors) // 2] if not view.limits.one_sided else view.anchors[0]
        self._has_outline = contrast_ratio(zero, theme.background) < MIN_ZERO_CONTRAST

    @property
    def _region(self) -> CellRegion:
        return self._grid.map_region(self._layout.view.cell, changes=False)

    def cell_regions(self) -> list[CellRegion]:
        """The maps, and the samples above them."""
        return [self._region, self._pictures.region]

    def draw_still(self, canvas: Canvas) -> None:
        """Draw the title, the samples, and row by row."""
        self._draw_head(canvas)
        for box in self._region.boxes if self._has_outline else ():
            fill_box(canvas, box.expand(self._layout.line), self._faint)
        self._draw_maps(canvas)
        for row, moment in enumerate(self._layout.moments):
            self._draw_step(canvas, row, moment)
            self._draw_value(canvas, row, moment)
        self._draw_answers(canvas)
        for row in range(1, len(self._layout.moments)):
            self._draw_hairline(canvas, row)

    def _draw_head(self, canvas: Canvas) -> None:
        layout, box = self._layout, self._box
        for number, line in enumerate(layout.title):
            y = box.y + number * layout.title_style.line_height
            write(canvas, line, self._ink, box.x, y, layout.title_style)
        for number, line in enumerate(layout.subtitle):
            y = box.y + layout.subtitle_y + number * layout.body.line_height
            write(canvas, line, self._muted, box.x, y, layout.body)
        self._pictures.draw(canvas)
        grid = layout.picture_grid(box.x, box.y)
        cells = [grid.cell_box(0, column) for column in range(grid.columns)]
        layout.labels.draw_above(canvas, cells, grid.y - self._context.px(4), self._muted)
        middle = box.y + layout.pictures_y + layout.view.cell.height // 2
        y = middle - layout.body.line_height // 2
        write(canvas, INPUT_LABEL, self._muted, self._label_right, y, layout.body, anchor="right")
        y = middle - len(layout.heading) * layout.body.line_height // 2
        for number, line in enumerate(layout.heading):
            top = y + number * layout.body.line_height
            write(canvas, line, self._muted, box.x + layout.right, top, layout.body)

    @property
    def _label_right(self) -> int:
        """Where the words left of the cells end."""
        return self._grid.x - self._context.px(16)

    def _row_middle(self, row: int) -> int:
        """The row of pixels around which a row's words are centered: the middle of its maps and answers."""
        cell = self._grid.cell_box(row, 0)
        return cell.y + (cell.height + self._layout.answer_height) // 2

    def _draw_maps(self, canvas: Canvas) -> None:
        layout, view = self._layout, self._layout.view
        samples, channel = list(self._context.sample_indices), layout.channel
        read = self._context.statistics.read_step
        maps = [view.to_maps(read(moment.step, [view.name])[view.name]) for moment in layout.moments]
        values = np.stack([each[samples, channel : channel + 1] for each in maps])
        limits = view.limits.select_channels((channel,))
        indices = self._map.indices_for(canvas)[to_levels(values, limits, len(self._map.indices))]
        if view.blank_mask is not None:
            indices[..., view.cell.reduce_mask(view.blank_mask)] = self._background.indices[0]
        missing = find_missing(values)
        missing = missing[:, :, 0] if missing is not None else None
        self._grid.draw_maps(canvas, indices[:, :, 0], view.cell, missing, self._hatching)

    def _draw_step(self, canvas: Canvas, row: int, moment: Moment) -> None:
        """Write the step left of its row."""
        layout = self._layout
        lines = [("step", layout.small, self._muted), (f"{moment.step:,}", layout.big, self._ink)]
        if moment.step == 0:
            lines.append(("untrained", layout.small, self._muted))
        y = self._row_middle(row) - sum(style.line_height for _, style, _ in lines) // 2
        for text, style, ink in lines:
            write(canvas, text, ink, self._label_right, y, style, anchor="right")
            y += style.line_height

    def _draw_value(self, canvas: Canvas, row: int, moment: Moment) -> None:
        """Write the metric right of its row, with its bar and the number of right answers."""
        layout, px = self._layout, self._context.px
        if not layout.value_width:
            return
        value, fraction, words = moment.value, moment.fraction, layout.value_words(moment)
        if not layout.metric:
            samples, right = len(self._context.sample_indices), moment.right or 0
            value, fraction = f"{right} of {samples}", right / samples
        bar_height = layout.bar_height + px(4) if fraction is not None else 0
        height = layout.big.line_height + bar_height + len(words) * layout.small.line_height
        x, y = self._box.x + layout.right, self._row_middle(row) - height // 2
        write(canvas, value, self._ink, x, y, layout.big)
        y += layout.big.line_height
        if fraction is not None:
            fill_box(canvas, Box(x, y, layout.value_width, layout.bar_height), self._faint)
            length = round(fraction * layout.value_width)
            fill_box(canvas, Box(x, y, length, layout.bar_height), self._right)
        for number, text in enumerate(words):
            top = y + bar_height + number * layout.small.line_height
            write(canvas, text, self._muted, x, top, layout.small)

    def _draw_answers(self, canvas: Canvas) -> None:
        """Write what each sample is taken for under its maps; what is wrong is struck through."""
        layout, px, answers = self._layout, self._context.px, self._layout.answers
        if answers is None or layout.scores is None:
            return
        style, lines = answers.style, iter(answers.lines)
        for row, moment in enumerate(layout.moments):
            for column, (answer, truth) in enumerate(zip(moment.answers, layout.scores.truth, strict=True)):
                cell = self._grid.cell_box(row, column)
                middle, y = cell.x + cell.width // 2, cell.bottom + px(4)
                is_known = UNKNOWN_CLASS not in (answer, truth)
                ink = self._muted if not is_known else self._right if answer == truth else self._wrong
                for line in next(lines):
                    write(canvas, line, ink, middle, y, style, anchor="middle")
                    if is_known and answer != truth:
                        width, thickness = style.width(line) + px(6), max(1, px(1.5))
                        top = y + round(0.56 * style.line_height) - thickness // 2
                        fill_box(canvas, Box(middle - width // 2, top, width, thickness), self._wrong)
                    y += style.line_height

    def _draw_hairline(self, canvas: Canvas, row: int) -> None:
        """Draw a line above a row, over the whole width."""
        layout = self._layout
        y = self._grid.cell_box(row, 0).y - layout.above - layout.pad - layout.line
        fill_box(canvas, Box(self._box.x, y, layout.width, layout.line), self._faint)
