"""The panel `evolution`: one channel's maps of all samples at several moments of the training, for print."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import suggest_names
from reelnet.render.panels.charts.metric_names import choose_strip
from reelnet.render.panels.history.evolution_drawing import EvolutionDrawing
from reelnet.render.panels.history.evolution_form import choose_form
from reelnet.render.panels.history.evolution_layout import Content, EvolutionLayout, Form
from reelnet.render.panels.history.evolution_moments import MomentValues
from reelnet.render.panels.history.evolution_words import describe_evolution, title_evolution
from reelnet.render.panels.history.moments_panel import MomentsPanel
from reelnet.render.typography import body_style
from reelnet.scene.class_scores import ClassScores
from reelnet.scene.context import SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Still

MIN_MOMENTS = 4
"""Moments of which none is left out for lack of room."""


class Evolution(MomentsPanel):
    """One channel's maps of all samples at several moments, with the network's answers at each.

    Rows are moments, or samples if maps become larger by it on a canvas with limits. Where a number of steps would
    leave too little room for the maps, fewer are shown, at least four.
    """

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
        description="Text below the title; by default it describes the picture. Empty for none.",
    )
    metric: str | None = Field(
        None,
        description="The metric at the right; by default the accuracy, of the test set if that was recorded, else "
        "the loss or another one; if that was measured at fewer than half of the moments, the number of right "
        "answers. Empty for none.",
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
        layout = self._lay_out(context)

        def height_at(width: int) -> int:
            return self._lay_out(context, width).height

        return Measure(layout.width, layout.height, height_at=height_at)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> Still:
        """Place the table at the upper left corner of its box."""
        return EvolutionDrawing(self._lay_out(context, box.width), box, palette)

    def _lay_out(self, context: SceneContext, width: int = 0) -> EvolutionLayout:
        """The layout in the form that suits the canvas, or else in rows of moments."""
        count, form = self._choose_form(context)
        return EvolutionLayout(self._find_content(context, count), form, width)

    def _choose_form(self, context: SceneContext) -> tuple[int, Form]:
        """How many moments are shown, and how."""
        asked = len(self.steps) if not isinstance(self.steps, int) else min(self.steps, len(context.steps))
        changes = context.statistics.changes(self.require_layer(context)).by_channel
        if isinstance(self.steps, int) and not changes[self.find_channel(context)]:
            # What never changes is shown at the first and the last step.
            asked = min(asked, 2)
        if context.max_frame is None:
            return asked, Form()
        least = min(asked, MIN_MOMENTS) if isinstance(self.steps, int) else asked
        key = (repr(self), context.layer, context.max_frame, repr(context.theme), context.shows_charts)
        return context.get_cached(
            key,
            lambda: choose_form(
                range(asked, least - 1, -1), lambda count: self._find_content(context, count)
            ),
        )

    def _find_content(self, context: SceneContext, count: int) -> Content:
        """The content for a number of moments."""
        tap, channel = self.require_layer(context), self.find_channel(context)
        view, scores = context.view(tap), ClassScores.find(context)
        metric = self.find_metric(context)
        measured = context.measured[metric] if metric else None
        steps = self.choose_steps(context, (channel,), count, measured)
        values = MomentValues(context, scores, metric)
        if self.metric is None and measured is not None and values.counts_right:
            # Numbers of right answers are known at each step; a column of dashes says nothing.
            known = [bool(measured[context.steps.index(step)]) for step in steps]
            values = replace(values, metric=metric if 2 * sum(known) >= len(known) else "")
        title, subtitle = self.title, self.subtitle
        sentences: tuple[str, ...] = (" ".join(subtitle.split()),) if subtitle else ()
        if subtitle is None:
            is_choice, has_answers = self.is_choice(context, count), scores is not None
            sentences = describe_evolution(
                context, view, channel, is_choice=is_choice, has_answers=has_answers
            )
        return Content(
            context,
            view,
            channel,
            scores,
            values.metric,
            values.describe(steps),
            labels=(self.labels and context.labels) or (),
            title=title_evolution(context, view) if title is None else " ".join(title.split()),
            subtitle=sentences,
        )


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
