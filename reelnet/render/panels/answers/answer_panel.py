"""What the panels of answers share: the class output that they read, and how answers are written and marked."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from reelnet.config.diagnostics import ErrorCollector
from reelnet.render.canvas import polyline
from reelnet.render.description.coverage import unite_coverage
from reelnet.render.typography import TextStyle, body_style
from reelnet.scene import number_text
from reelnet.scene.class_scores import ClassScores, ScoreKind, explain_missing_scores
from reelnet.scene.context import SceneContext
from reelnet.scene.panel import Panel
from reelnet.template.theme import Theme

TICK_STROKES = (((0.12, 0.54), (0.39, 0.81), (0.90, 0.20)),)
"""Corners (x, y) of a tick in a unit square."""
CROSS_STROKES = ((0.17, 0.17), (0.83, 0.83)), ((0.17, 0.83), (0.83, 0.17))
"""The two strokes of a cross in a unit square."""


class AnswerPanel(Panel):
    """A panel of what the network answers, which takes a recorded class output and the names of the classes."""

    tap: str | None = Field(
        None,
        description="The layer that gives one value per class; by default the model's output, or the only layer with "
        "as many values as classes.",
    )
    classes: tuple[str, ...] | None = Field(
        None,
        description="Names of the classes, in the order of the layer's values; by default those of the run.",
    )
    scores: ScoreKind | None = Field(
        None,
        description="Whether the layer gives logits, which a softmax turns into probabilities, or probabilities; by "
        "default probabilities if its values are not negative and each sample's sum is 1, else logits.",
    )

    @field_validator("classes", mode="before")
    @classmethod
    def _accept_numbers(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return tuple(str(each) if type(each) is int else each for each in value)

    def find_scores(self, context: SceneContext) -> ClassScores | None:
        """Find the scores; None if the run has none."""
        return ClassScores.find(context, self.tap, self.classes, self.scores)

    def absence(self, context: SceneContext) -> str:
        """Why there is no class output."""
        return explain_missing_scores(context, self.classes)

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        """The layer that gives the scores."""
        scores = self.find_scores(context)
        return (scores.tap,) if scores is not None else ()

    def check_names(self, context: SceneContext) -> None:
        """Check that the class names of the author can be written.

        Raises:
            OptionError: The font lacks a character.
        """
        errors = ErrorCollector()
        for number, name in enumerate(self.classes or ()):
            with errors.collect("classes", number):
                answer_style(context.theme).width(name)
        errors.raise_errors()


def answer_style(theme: Theme) -> TextStyle:
    """The font of the names of answers."""
    return body_style(theme, bold=True)


def format_percent(probability: float) -> str:
    """Format a probability; a dash stands for NaN."""
    return number_text.format_percent(probability, 0) if np.isfinite(probability) else "–"


def measure_percent(style: TextStyle) -> int:
    """Pixels of the widest text of `format_percent`."""
    return max(map(style.width, ("100%", "> 99%", "< 1%")))


@lru_cache(maxsize=32)
def rasterize_mark(size: int, *, right: bool) -> NDArray[np.uint8]:
    """Coverage (size, size) of a tick if `right`, else of a cross. Few fonts have these marks."""
    strokes = TICK_STROKES if right else CROSS_STROKES
    width = max(1.2, 0.15 * size)
    drawn = [polyline([(x * size, y * size) for x, y in stroke], width, (size, size)) for stroke in strokes]
    mask = unite_coverage(drawn)
    mask.flags.writeable = False
    return mask
