"""Where everything stands in the panel `evolution`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reelnet.render.panels.history.evolution_moments import Moment
from reelnet.render.panels.history.evolution_words import name_values
from reelnet.render.panels.maps.grid import INPUT_LABEL, CellGrid
from reelnet.render.panels.maps.inputs import choose_input_size
from reelnet.render.panels.maps.labels import Labels, find_least_width
from reelnet.render.typography import (
    TextStyle,
    balance_text,
    body_style,
    shorten_text,
    text_style,
    wrap_text,
)
from reelnet.scene.class_scores import UNKNOWN_CLASS, ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.tap_view import TapView

NUMBER_SCALE, SMALL_SCALE, MIN_ANSWER_SCALE = 1.6, 0.85, 0.75
"""Sizes of steps and values, of words about them, and of long answers, to that of the theme's text."""
MAX_NAME_EMS = 9
"""Ems for which columns become wider, so that the names below them are whole."""
MIN_VALUE_WIDTH = 96
"""Least pixels of the layout of the values beside rows."""
NAME_GAP = 10
"""Least pixels of the layout between names side by side, which would read as one otherwise."""
BAND_GAP = 32
"""Pixels of the layout between two bands."""


@dataclass(frozen=True)
class Form:
    """How moments and samples are arranged.

    Attributes:
        rows_are_moments: Whether rows are moments and columns samples, instead of the other way round.
        bands: The number of bands, one below the other, into which the columns are divided.
    """

    rows_are_moments: bool = True
    bands: int = 1


@dataclass(frozen=True)
class Content:
    """What is shown, wherever it stands.

    Attributes:
        context: The run.
        view: The layer.
        channel: The channel, as it is displayed.
        scores: What gives the answers; None for none.
        metric: The metric of the values; empty for none.
        moments: The training steps.
        labels: The names of the samples; empty for none.
        title: Title above; empty for none.
        subtitle: Sentences below it.
    """

    context: SceneContext
    view: TapView
    channel: int
    scores: ClassScores | None
    metric: str
    moments: list[Moment]
    labels: tuple[str, ...]
    title: str
    subtitle: tuple[str, ...]

    def name_answer(self, answer: int) -> str:
        """The name of a class, or a dash if the answer is not known."""
        return "–" if self.scores is None or answer == UNKNOWN_CLASS else self.scores.classes[answer]


@dataclass(frozen=True)
class Band:
    """Columns beside each other, with all rows.

    Attributes:
        columns: Which moments or samples its columns are.
        maps: Their cells.
        pictures: The cells of the samples: a row above the maps, or a column left of them.
        values_y: Where the values below columns begin.
        bottom: The first row of pixels below it.
    """

    columns: range
    maps: CellGrid
    pictures: CellGrid
    values_y: int
    bottom: int


class EvolutionLayout:
    """Where the content stands, in pixels from the upper left corner.

    Args:
        content: What is shown.
        form: How moments and samples are arranged.
        width: Width of the box, if that is known; what is left over goes to the values beside rows.

    Attributes:
        context: The run; transposed if rows are samples.
        has_values: Whether moments have values.
        cell: The cell of a map.
        title: Lines of the title.
        subtitle: Lines below it.
        labels: How the names of the samples are written.
        answers: How the answers are written, moment by moment; None for none.
        heading: Lines that say what the values are.
        value_width: Pixels of a value; 0 if there are none.
        left: Where the maps begin.
        words_right: Where the words left of rows of moments end; 0 if there are none.
        right: Where the values beside rows begin; 0 if there are none.
        row_height: Pixels of a row without the space between rows.
        above: Pixels from the upper end of a row to its maps, if its words are higher than these.
        bands: The bands, from the top down.
        width: Width in pixels.
        height: Height in pixels.
    """

    def __init__(self, content: Content, form: Form, width: int = 0) -> None:
        context = replace(content.context, transposed=not form.rows_are_moments)
        theme, px, grid = context.theme, context.px, context.grid
        self.content, self.form, self.context, self.cell = content, form, context, content.view.cell
        self.small = text_style(theme, SMALL_SCALE * theme.text)
        self.big = text_style(theme, NUMBER_SCALE * theme.text, bold=True)
        self.body, self.bold = body_style(theme), body_style(theme, bold=True)
        self.title_style = text_style(theme, theme.title, bold=True)
        self.bar_height, self.pad, self.line = px(6), px(8), px(1)
        self.picture_size = choose_input_size(content.view, context)
        samples, moments = len(context.sample_indices), len(content.moments)
        columns, self._rows = (samples, moments) if form.rows_are_moments else (moments, samples)
        self._per_band = -(-columns // form.bands)
        self.has_values = bool(context.shows_charts and content.moments[0].value)
        self._measure_columns()
        self._place_columns(width)
        self.title = balance_text(content.title, self.width, self.title_style) if content.title else []
        self.subtitle = [
            line for sentence in content.subtitle for line in balance_text(sentence, self.width, self.body)
        ]
        self.subtitle_y = len(self.title) * self.title_style.line_height + (px(6) if self.title else 0)
        y = self.subtitle_y + len(self.subtitle) * self.body.line_height
        self._measure_rows()
        self.bands: list[Band] = []
        for start in range(0, columns, self._per_band):
            y = grid.round_up(y + px(BAND_GAP if start else 24)) if y else 0
            self.bands.append(self._place_band(range(start, min(columns, start + self._per_band)), y))
            y = self.bands[-1].bottom
        self.height = y

    def _measure_columns(self) -> None:
        """How far columns are apart, and how names are written in them."""
        content, context, cell = self.content, self.context, self.cell
        px, grid, longest = context.px, context.grid, MAX_NAME_EMS * context.theme.text
        names = [content.name_answer(answer) for moment in content.moments for answer in moment.answers]
        own, margin = list(set(names)), px(NAME_GAP)
        if self.form.rows_are_moments:
            own += content.labels
        needed = max((find_least_width(name, self.bold, longest) for name in own), default=0)
        gap = context.choose_gap(cell.width, cell, cell.grid_x, context.samples_spec.gap)
        widths = [cell.width + gap, needed + margin]
        if not self.form.rows_are_moments:
            widths += [self._words_width + px(8), self._value_words_width + px(8)]
        self.pitch = grid.round_up(max(widths))
        if self.form.rows_are_moments:
            self.labels = Labels.fit_columns(content.labels, self.body, self.pitch, margin)
        else:
            head = [find_least_width(name, self.body, longest) for name in content.labels]
            head += [self.body.width(INPUT_LABEL), self.picture_size.width]
            head += [self.body.width(word) for word in self._value_name.split(" ")]
            self._head_width = max(head)
            height = 2 * self.body.line_height
            self.labels = Labels.fit_rows(content.labels, self.body, self._head_width, height)
        self.answers = self._fit_answers(names, self.pitch - margin) if names else None

    def _fit_answers(self, names: list[str], room: int) -> Labels:
        """The answers on one or two lines each; they are cut only if they are very long."""
        fitted = Labels.fit_rows(names, self.bold, room, 2 * self.bold.line_height)
        if fitted.lines:
            return fitted
        style = text_style(self.context.theme, MIN_ANSWER_SCALE * self.bold.size, bold=True)
        return Labels(tuple((shorten_text(name, room, style),) for name in names), style)

    def _place_columns(self, width: int) -> None:
        """Where cells begin and end from left to right, and where the values beside them are."""
        px, grid, cell = self.context.px, self.context.grid, self.cell
        names = [self.answers.width] if self.answers is not None else []
        if self.form.rows_are_moments and not self.labels.is_turned:
            names.append(self.labels.width)
        overhang = max(0, max(names, default=0) - cell.width) // 2
        if self.form.rows_are_moments:
            words = max(self._words_width, self.body.width(INPUT_LABEL))
            self.left = grid.round_up(words + px(16) + overhang)
            self.words_right = self.left - px(16) - overhang
        else:
            self.left, self.words_right = grid.round_up(self._head_width + px(16) + overhang), 0
        right = self.left + (self._per_band - 1) * self.pitch + cell.width + overhang
        self.value_width, self.right = 0, 0
        if not self.form.rows_are_moments:
            self.value_width = cell.width if self.has_values else 0
            words = max(self._words_width, self._value_words_width)
            self.width = max(width, right, right - overhang - cell.width + words)
            self.heading = wrap_text(self._value_name, self._head_width, self.body) if self.has_values else []
            return
        right += self.labels.overhang(self.pitch, cell.width)
        self.heading = []
        if self.has_values:
            self.right = right + px(24)
            name = max(self.body.width(word) for word in self._value_name.split(" "))
            least = max(px(MIN_VALUE_WIDTH), self._value_words_width, name)
            self.value_width = max(least, width - self.right)
            self.heading = wrap_text(self._value_name, self.value_width, self.body)
        self.width = max(width, self.right + self.value_width, right)

    def _measure_rows(self) -> None:
        """How high rows are, and what stands above and below their maps."""
        context, cell, px = self.context, self.cell, self.context.px
        below = 0 if self.answers is None else px(4) + self.answers.height
        self.label_height = self.labels.height + px(4) if self.labels.lines else 0
        content = cell.height + below
        if self.form.rows_are_moments:
            words = [self._step_height, self._value_height]
            self.row_height = max(content, *words)
            self.above = (self.row_height - content) // 2
            pitch = self.row_height + 2 * self.pad
        else:
            self.row_height = cell.height + max(below, self.label_height)
            self.above = 0
            pitch = self.row_height + self.pad
        self.row_pitch = context.grid.round_up(pitch)
        self.answer_height = below

    def _place_band(self, columns: range, top: int) -> Band:
        """The cells of a band that begins at a row of pixels."""
        px, grid, cell, size = self.context.px, self.context.grid, self.cell, self.picture_size
        gaps = self.row_pitch - cell.height, self.pitch - cell.width
        rows = self._rows
        if self.form.rows_are_moments:
            y = grid.round_up(top + self.label_height)
            pictures = CellGrid(
                self.left, y, size.width, size.height, 1, len(columns), 0, self.pitch - size.width
            )
            y = grid.round_up(y + size.height + px(16) + self.above)
            bottom = y - self.above + (rows - 1) * self.row_pitch + self.row_height
        else:
            y = grid.round_up(top + self._step_height + px(8))
            pictures = CellGrid(0, y, size.width, size.height, rows, 1, self.row_pitch - size.height, 0)
            bottom = y + (rows - 1) * self.row_pitch + self.row_height
        values_y = bottom + px(8)
        if self.has_values and not self.form.rows_are_moments:
            bottom = values_y + max(self._value_height, len(self.heading) * self.body.line_height)
        maps = CellGrid(self.left, y, cell.width, cell.height, rows, len(columns), *gaps)
        return Band(columns, maps, pictures, values_y, bottom)

    def step_lines(self, moment: Moment) -> list[tuple[str, TextStyle]]:
        """The words for a step, from the top down."""
        words = [("step", self.small), (f"{moment.step:,}", self.big)]
        if moment.step == 0 and self.context.shows_charts:
            words.insert(2 if self.form.rows_are_moments else 0, ("untrained", self.small))
        return words

    @property
    def _words_width(self) -> int:
        """Pixels of the widest step."""
        return max(
            style.width(text) for moment in self.content.moments for text, style in self.step_lines(moment)
        )

    @property
    def _step_height(self) -> int:
        """Pixels of the highest step in words."""
        return max(
            sum(style.line_height for _, style in self.step_lines(moment)) for moment in self.content.moments
        )

    @property
    def _value_name(self) -> str:
        return name_values(self.content.metric)

    @property
    def _value_words_width(self) -> int:
        """Pixels of the widest value and of the words below it; 0 if there are none."""
        if not self.has_values:
            return 0
        moments = self.content.moments
        notes = [self.small.width(moment.note) for moment in moments]
        return max(*(self.big.max_width(moment.value) for moment in moments), *notes, 0)

    @property
    def _value_height(self) -> int:
        """Pixels of a value with its bar and the words below it; 0 without values."""
        if not self.has_values:
            return 0
        lines = any(moment.note for moment in self.content.moments)
        return self.big.line_height + self.bar_height + self.context.px(4) + lines * self.small.line_height
