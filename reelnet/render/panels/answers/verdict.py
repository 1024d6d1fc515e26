"""The panel `verdict`: a headline on what the network takes one sample for, and below it what the sample is."""

from __future__ import annotations

from collections.abc import Hashable

from pydantic import Field

from reelnet.config.spec import FontSize
from reelnet.render.canvas import write
from reelnet.render.panels.answers.answer_panel import AnswerPanel
from reelnet.render.typography import TextStyle, split_word, text_style, wrap_text
from reelnet.scene.answers.sample_choice import HARDEST, SampleOption, find_sample
from reelnet.scene.answers.verdict import Outcome, Sentences, write_sentences
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas
from reelnet.scene.text_fields import DIGIT

COMMENT_SIZE = 4 / 3
"""Size of the comment, as a multiple of the theme's text."""


class Verdict(AnswerPanel):
    """A headline from the data: the network's current answer for one sample, its certainty, and the right answer."""

    sample: SampleOption = HARDEST
    size: FontSize | None = Field(
        None, description="Font size of the headline in pixels; by default that of titles."
    )

    def styles(self, context: SceneContext) -> tuple[TextStyle, TextStyle]:
        """The fonts of the headline and of the comment."""
        theme = context.theme
        return (
            text_style(theme, self.size or theme.title, bold=True),
            text_style(theme, COMMENT_SIZE * theme.text),
        )

    def find_sentences(self, context: SceneContext) -> list[Sentences] | None:
        """What is said at each recorded step; None if the run has no class output."""
        scores = self.find_scores(context)
        if scores is None:
            return None
        position = find_sample(self.sample, context, scores)
        key = "sentences", scores.tap, scores.classes, scores.logits, scores.sample_indices[position]
        return context.get_cached(key, lambda: write_sentences(scores, context, position))

    def measure(self, context: SceneContext) -> Measure | None:
        """Measure the longest sentences of the run, which wrap at smaller widths."""
        sentences = self.find_sentences(context)
        if sentences is None:
            return None
        self.check_names(context)
        texts = [
            (style, {DIGIT.sub("0", text) for text in texts})
            for style, texts in zip(
                self.styles(context),
                ([each.headline for each in sentences], [each.comment for each in sentences]),
                strict=True,
            )
        ]

        def height_at(width: int) -> int:
            return sum(
                max(len(wrap_text(text, width, style)) for text in lines) * style.line_height
                for style, lines in texts
            )

        width = max(style.max_width(text) for style, lines in texts for text in lines)
        words = {(style, word) for style, lines in texts for text in lines for word in text.split(" ")}
        min_width = max(style.width(piece) for style, word in words for piece in split_word(word))
        return Measure(width, height_at(width), min_width, height_at)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> VerdictDrawing:
        """Place the sentences in their box."""
        return VerdictDrawing(self, context, box, palette)


class VerdictDrawing:
    """The sentences in their box."""

    def __init__(self, panel: Verdict, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme = context.theme
        self._sentences, self._box = panel.find_sentences(context) or [], box
        self._headline_style, self._comment_style = panel.styles(context)
        colors = {Outcome.RIGHT: theme.right, Outcome.WRONG: theme.wrong, Outcome.UNKNOWN: theme.muted}
        self._ink = palette.ramp(theme.ink, theme.background)
        self._comment_inks = {each: palette.ramp(colors[each], theme.background, 12) for each in Outcome}

    def draw_still(self, canvas: Canvas) -> None:
        """Draw nothing: what is said depends on the step."""

    def cache_key(self, state: FrameState) -> Hashable:
        """The sentences."""
        return self._sentences[state.step_index]

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write what is said at the current step."""
        said, y = self._sentences[state.step_index], self._box.y
        for text, style, ink in (
            (said.headline, self._headline_style, self._ink),
            (said.comment, self._comment_style, self._comment_inks[said.outcome]),
        ):
            for line in wrap_text(text, self._box.width, style):
                write(canvas, line, ink, self._box.x, y, style)
                y += style.line_height
