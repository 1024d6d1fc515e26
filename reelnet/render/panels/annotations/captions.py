"""Captions: one text at a time, each for a range of training steps.

Ranges of training steps in which something is shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.config.spec import FontSize, SpecModel
from reelnet.render.canvas import write
from reelnet.render.panels.basic.text import Text
from reelnet.render.typography import wrap_text
from reelnet.scene import text_fields as fields
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel, Pause
from reelnet.template.color import Color
from reelnet.template.timeline import MAX_PAUSE_SECONDS

EMS = 28
"""Natural width of captions that are longer than that; a column gives them its own width."""


@dataclass(frozen=True)
class Part:
    """How far through the run, in percent of the recorded steps."""

    percent: int

    def step(self, steps: Sequence[int]) -> int:
        """The recorded step that is so far through them."""
        return steps[round(self.percent / 100 * (len(steps) - 1))]


def parse_begin(value: Any) -> int | Part:
    """A training step, or a part of the run such as `25%`.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal() and int(value[:-1]) <= 100:
        return Part(int(value[:-1]))
    if isinstance(value, Part):
        return value
    raise ValueError(f"{value!r} is neither a training step nor a part of the run such as 25%")


Begin = Annotated[
    int | Part,
    PlainValidator(parse_begin),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^(\d{1,2}|100)%$"}]}
    ),
]


class CaptionSpec(SpecModel):
    """One caption."""

    id: str | None = Field(
        None, description="A name by which a template that extends this one can change it."
    )
    from_step: Begin = Field(
        0, alias="from", description="First training step, or how far through the run it begins, such as 25%."
    )
    to_step: int | None = Field(
        None,
        ge=0,
        alias="to",
        description="Last training step; by default the one before the next caption, or the last of all.",
    )
    text: str = Field(
        min_length=1, max_length=2000, description="With fields in braces, as in a text: {step:,}, {layer}, …"
    )
    hold: float = Field(
        0.0,
        ge=0,
        le=MAX_PAUSE_SECONDS,
        description="Seconds for which the animation rests at the first frame that shows the caption, to be read.",
    )

    @field_validator("text")
    @classmethod
    def _fields(cls, text: str) -> str:
        fields.parse_fields(text)
        return text

    def begin(self, steps: Sequence[int]) -> int:
        """The first step, among the recorded ones if it was given as a part of the run."""
        return self.from_step.step(steps) if isinstance(self.from_step, Part) else self.from_step

    @model_validator(mode="after")
    def _ends_later(self) -> CaptionSpec:
        if isinstance(self.from_step, int) and self.to_step is not None and self.to_step < self.from_step:
            raise ValueError(f"ends at step {self.to_step}, before it begins at step {self.from_step}")
        return self


class Captions(Panel):
    """One caption at a time, each for a range of training steps; the tallest one's room is kept free."""

    items: Annotated[tuple[CaptionSpec, ...], BeforeValidator(listed)] = Field(
        description="The captions, one or more; no two at the same step.", json_schema_extra={"minItems": 1}
    )
    style: Literal["title", "body", "caption"] = Field(
        "body", description="Title: large, bold, in ink. Body: plain, in ink. Caption: plain, muted."
    )
    size: FontSize | None = Field(
        None, description="Size of the type in pixels an em, instead of the style's."
    )
    color: Color | None = Field(None, description="Colour of the type, instead of the style's.")
    align: Literal["left", "center", "right"] = Field("left", description="Where lines stand in their box.")

    @field_validator("items", mode="before")
    @classmethod
    def _some(cls, value: Any) -> Any:
        if value in ([], ()):
            raise ValueError("is empty; give at least one caption")
        return value

    @model_validator(mode="after")
    def _apart(self) -> Captions:
        known = [
            (item.from_step, number)
            for number, item in enumerate(self.items)
            if isinstance(item.from_step, int)
        ]
        for (begin, first), (later, second) in pairwise(sorted(known)):
            end = self.items[first].to_step
            if (begin if end is None else end) >= later:
                raise OptionError(
                    f"items[{first}] and items[{second}] overlap at step {later}; one caption is shown at a time",
                    *("items", second, "from"),
                )
        return self

    def spans(self, context: SceneContext) -> list[Span | None]:
        """The recorded steps of each caption; None for one of a part of the run that has no step of its own.

        Raises:
            OptionError: Captions lie beyond the last recorded step, or between two recorded steps.
        """
        begins = [item.begin(context.steps) for item in self.items]
        found: list[Span | None] = []
        errors = ErrorCollector()
        for number, (item, begin) in enumerate(zip(self.items, begins, strict=True)):
            if isinstance(item.from_step, Part) and begin in begins[number + 1 :]:
                found.append(None)
                continue
            later = [other for other in begins if other > begin]
            # The next caption may begin beyond the run, which is its own mistake and not this one's.
            until = min(min(later) - 1, context.steps[-1]) if later else None
            with errors.collect("items", number):
                end = until if item.to_step is None else item.to_step
                found.append(span(begin, end, context.steps))
        errors.raise_errors()
        return found

    def pauses(self, context: SceneContext) -> list[Pause]:
        """The captions that the animation waits for, each at the first frame that shows it."""
        return [
            Pause(each.first, each.last, item.hold, f"items[{number}]")
            for number, (item, each) in enumerate(zip(self.items, self.spans(context), strict=True))
            if item.hold and each is not None
        ]

    def lines(self) -> list[Text]:
        """Each caption as a text of its own."""
        return [
            Text(text=item.text, style=self.style, size=self.size, color=self.color, align=self.align)
            for item in self.items
        ]

    def measure(self, context: SceneContext) -> Measure:
        """The widest caption's, but no more than a line has; as tall as the tallest one, wrapped."""
        found, errors = [], ErrorCollector()
        with errors.collect():
            self.spans(context)
        for number, text in enumerate(self.lines()):
            with errors.collect("items", number):
                found.append(text.lines(context))
        errors.raise_errors()

        def tall(width: int) -> int:
            return max(each.tall(width) if each.tall else each.height for each in found)

        least = max(each.width if each.least is None else each.least for each in found)
        # A long caption wraps rather than make the frame wider.
        widest = max(each.width for each in found)
        width = max(least, min(widest, EMS * self.lines()[0].type(context).size))
        return Measure(width, tall(width), least, tall)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> CaptionsDrawing:
        """Fill the fields in."""
        return CaptionsDrawing(self, context, box, palette)


class CaptionsDrawing:
    """The captions in their box."""

    def __init__(self, panel: Captions, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        theme = context.theme
        self._box, self._align, self._style = box, panel.align, panel.lines()[0].type(context)
        words = [fields.FieldText.parse(item.text, context) for item in panel.items]
        self._captions = [*zip(panel.spans(context), words, strict=True)]
        colour = panel.color or (theme.muted if panel.style == "caption" else theme.ink)
        self._ink = palette.ramp(colour, theme.background)

    def draw_still(self, canvas: Canvas) -> None:
        """Leave the paper blank; captions come and go."""

    def cache_key(self, state: FrameState) -> str:
        """The caption of the moment's step; empty if it has none."""
        step = state.snapshot.step
        return next(
            (words.text_at(state) for each, words in self._captions if each is not None and step in each), ""
        )

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the caption of the moment's step, if it has one."""
        text = self.cache_key(state)
        part, anchor = {"left": (0, "left"), "center": (1, "middle"), "right": (2, "right")}[self._align]
        x = self._box.x + part * self._box.width // 2
        for number, line in enumerate(wrap_text(text, self._box.width, self._style)):
            y = self._box.y + number * self._style.line_height
            write(canvas, line, self._ink, x, y, self._style, anchor=anchor)


@dataclass(frozen=True)
class Span:
    """Training steps from the first to the last, both included; both were recorded."""

    first: int
    last: int

    def __contains__(self, step: int) -> bool:
        return self.first <= step <= self.last


def span(first: int | None, last: int | None, steps: Sequence[int]) -> Span:
    """The recorded steps between two ends, None for the run's own.

    Args:
        first: As the author wrote it under `from`.
        last: As the author wrote it under `to`.
        steps: The recorded steps, ascending.

    Raises:
        OptionError: An end lies beyond the last recorded step, or no recorded step lies between them.
    """
    errors = ErrorCollector()
    for key, step in (("from", first), ("to", last)):
        with errors.collect(key):
            if step is not None and step > steps[-1]:
                raise OptionError(f"step {step} lies beyond the last recorded step, {steps[-1]}")
    errors.raise_errors()
    begin = steps[0] if first is None else first
    end = steps[-1] if last is None else last
    start = bisect_left(steps, begin)
    stop = bisect_left(steps, end + 1)
    if start < stop:
        return Span(steps[start], steps[stop - 1])
    near = " and ".join(str(each) for each in steps[max(0, start - 1) : start + 1])
    raise OptionError(f"no step from {begin} to {end} was recorded; the nearest: {near}", "from")


def listed(value: Any) -> Any:
    """A list of a template as the tuple that models keep; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value
