"""The captions panel: one text at a time, each for a range of training steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.config.spec import LIST_AS_TUPLE, SpecModel
from reelnet.render.panels.annotations.events import TrainingEvent
from reelnet.render.panels.basic.text import (
    AlignOption,
    ColorOption,
    SizeOption,
    StyleOption,
    Text,
    TextDrawing,
    TextWithFields,
)
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.layout.boxes import Box, Measure
from reelnet.scene.palette.palette import PaletteBuilder
from reelnet.scene.panel import Canvas, Panel
from reelnet.scene.text_fields import fill_field
from reelnet.scene.timeline.timeline import Pause
from reelnet.template.timeline import MAX_PAUSE_SECONDS

MAX_NATURAL_EMS = 28
"""Natural width of longer captions; a column may make them wider."""


@dataclass(frozen=True)
class TrainingShare:
    """A share of the training, in percent of its steps; the last recorded step is its end."""

    percent: int

    def find_step(self, steps: Sequence[int]) -> int:
        """The first recorded step by which this share of the training steps is done."""
        done = -(-self.percent * steps[-1] // 100)
        return steps[bisect_left(steps, done)]


def parse_start(value: Any) -> int | TrainingShare:
    """Parse a training step, or a share of the training such as `25%`.

    Raises:
        ValueError: The value is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal() and int(value[:-1]) <= 100:
        return TrainingShare(int(value[:-1]))
    if isinstance(value, TrainingShare):
        return value
    raise ValueError(f"{value!r} is neither a training step nor a share of the training such as 25%")


Start = Annotated[
    int | TrainingShare,
    PlainValidator(parse_start),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^(\d{1,2}|100)%$"}]}
    ),
]


def parse_event(value: Any) -> TrainingEvent | None:
    """Parse the event at which a caption begins.

    Raises:
        ValueError: There is no such event.
    """
    if value is None or isinstance(value, TrainingEvent):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not an event; give a text such as half_correct or 'accuracy 90%'")
    return TrainingEvent.parse(value)


Event = Annotated[TrainingEvent | None, PlainValidator(parse_event), WithJsonSchema({"type": "string"})]


class CaptionSpec(SpecModel):
    """One caption."""

    id: str | None = Field(None, description="Name by which an extending template can change the caption.")
    from_step: Start = Field(
        0,
        alias="from",
        description="First training step, or a share of the training steps such as 25%: the first recorded "
        "step at or after it.",
    )
    at: Event = Field(
        None,
        examples=["half_correct", "accuracy 90%"],
        description="Instead of `from`, an event: `first_correct`, `half_correct` or `all_correct` (that "
        "many of the shown samples are right), `loss_halved`, or a metric with a percentage such as "
        "`accuracy 90%`. The caption begins at the first recorded step from which the condition holds "
        "until the end of the recording. An event that never happens, or holds from the beginning, is an "
        "error.",
    )
    optional: bool = Field(
        False,
        description="For captions with `at` or from a share of the training: leave the caption out if one with `at` "
        "that is listed after it begins at the same step or earlier. With `at`, also leave it out if the event does "
        "not happen, which is an error otherwise, if it begins at the last recorded step only, or if the run lacks "
        "the data.",
    )
    to_step: int | None = Field(
        None,
        ge=0,
        alias="to",
        description="Last training step; by default the last one before the next caption, or of the run.",
    )
    text: TextWithFields = Field(
        min_length=1,
        description="The text, with fields in braces as in a text panel: {step:,}, {layer}, …; and {since:,}, the "
        "step at which the caption begins.",
    )
    hold: float = Field(
        0.0,
        ge=0,
        le=MAX_PAUSE_SECONDS,
        description="Seconds by which the first frame that shows the caption is held longer, for reading.",
    )

    @model_validator(mode="after")
    def _check_steps(self) -> CaptionSpec:
        if self.at is not None and "from_step" in self.model_fields_set:
            raise ValueError("give from or at, not both")
        if self.optional and not self.yields:
            raise ValueError("optional is for captions with at, or from a share of the training")
        if self.at is None and isinstance(self.from_step, int):
            require_ordered_steps(self.from_step, self.to_step)
        return self

    @property
    def yields(self) -> bool:
        """Whether its first step comes from the run, so that a later caption may take its place."""
        return self.at is not None or isinstance(self.from_step, TrainingShare)

    def find_start(self, context: SceneContext) -> int | None:
        """The first step; a share of the training or an event gives a recorded one, or None if it is left out.

        Raises:
            OptionError: The event does not happen, or the run lacks the data.
        """
        if self.at is None:
            start = self.from_step
            return start.find_step(context.steps) if isinstance(start, TrainingShare) else start
        try:
            start = self.at.find_step(context)
        except ValueError as error:
            if self.optional:
                return None
            raise OptionError(str(error), "at") from None
        # What holds at the last step alone has not lasted.
        return None if self.optional and start == context.steps[-1] else start


class Captions(Panel):
    """One caption at a time, each for a range of training steps; the panel is as tall as the tallest caption."""

    items: Annotated[tuple[CaptionSpec, ...], LIST_AS_TUPLE] = Field(
        description="The captions, one or more, of which no two overlap.", json_schema_extra={"minItems": 1}
    )
    style: StyleOption = "body"
    size: SizeOption = None
    color: ColorOption = None
    align: AlignOption = "left"

    @field_validator("items", mode="before")
    @classmethod
    def _check_not_empty(cls, value: Any) -> Any:
        if value in ([], ()):
            raise ValueError("is empty; give at least one caption")
        return value

    @model_validator(mode="after")
    def _check_overlaps(self) -> Captions:
        starts = [(item.from_step, number) for number, item in enumerate(self.items) if item.at is None]
        fixed = sorted((start, number) for start, number in starts if isinstance(start, int))
        for (start, first), (next_start, second) in pairwise(fixed):
            end = self.items[first].to_step
            if (start if end is None else end) >= next_start:
                raise OptionError(
                    f"items[{first}] and items[{second}] overlap at step {next_start}; "
                    "only one caption is shown at a time",
                    *("items", second, "from"),
                )
        return self

    def resolve_ranges(self, context: SceneContext) -> list[StepRange | None]:
        """The recorded steps of each caption; None if it is left out, or a later one starts at the same step.

        A caption from the beginning keeps the first recorded step; shares that would start there start at the next.

        Raises:
            OptionError: A caption is beyond the last recorded step, or between two recorded steps; or its event does
                not happen.
        """
        starts = self._find_starts(context)
        ranges: list[StepRange | None] = []
        errors = ErrorCollector()
        for number, (item, start) in enumerate(zip(self.items, starts, strict=True)):
            if start is None or (item.yields and start in starts[number + 1 :]):
                ranges.append(None)
                continue
            later = [other for other in starts if other is not None and other > start]
            # The next caption may start beyond the run, which is an error of that caption only.
            end = min(min(later) - 1, context.steps[-1]) if later else None
            with errors.collect("items", number):
                end = end if item.to_step is None else item.to_step
                ranges.append(resolve_step_range(start, end, context.steps))
        errors.raise_errors()
        return ranges

    def _find_starts(self, context: SceneContext) -> list[int | None]:
        """The first step of each caption; None if it is left out."""
        steps, starts, errors = context.steps, [], ErrorCollector()
        for number, item in enumerate(self.items):
            start: int | None = None
            with errors.collect("items", number):
                start = item.find_start(context)
            starts.append(start)
        errors.raise_errors()
        shares = [
            item.from_step.percent if item.at is None and isinstance(item.from_step, TrainingShare) else 0
            for item in self.items
        ]
        pairs = list(zip(starts, shares, strict=True))
        opening = [start for start, share in pairs if start is not None and not share]
        if len(steps) > 1 and min(opening, default=steps[-1]) <= steps[0]:
            starts = [
                max(start, steps[1]) if start is not None and share else start for start, share in pairs
            ]
        return [
            None if item.optional and start is not None and self._is_outdone(number, start, starts) else start
            for number, (item, start) in enumerate(zip(self.items, starts, strict=True))
        ]

    def _is_outdone(self, number: int, start: int, starts: Sequence[int | None]) -> bool:
        """Whether a caption by event that is listed after this one begins at its first step or before."""
        later = zip(self.items[number + 1 :], starts[number + 1 :], strict=True)
        return any(item.at is not None and other is not None and other <= start for item, other in later)

    def pauses(self, context: SceneContext) -> list[Pause]:
        """One pause per caption at the first frame that shows it, so that its first step is not skipped."""
        return [
            Pause(steps.first, steps.last, item.hold, f"items[{number}]")
            for number, (item, steps) in enumerate(zip(self.items, self.resolve_ranges(context), strict=True))
            if steps is not None
        ]

    def as_texts(self, ranges: Sequence[StepRange | None]) -> list[Text]:
        """Each caption as a text panel; `ranges` says at which steps it is shown."""
        options = self.model_dump(include={"style", "size", "color", "align"})
        return [
            Text(text=fill_field(item.text, "since", steps.first if steps is not None else 0), **options)
            for item, steps in zip(self.items, ranges, strict=True)
        ]

    def measure(self, context: SceneContext) -> Measure | None:
        """As wide as the widest caption, up to `MAX_NATURAL_EMS`, and as tall as the tallest one once wrapped.

        None if all captions are left out.
        """
        measures, errors = [], ErrorCollector()
        ranges: list[StepRange | None] | None = None
        with errors.collect():
            ranges = self.resolve_ranges(context)
        texts = self.as_texts(ranges or [None] * len(self.items))
        for number, (text, item) in enumerate(zip(texts, self.items, strict=True)):
            # The text of a caption that is left out may name what the run does not have.
            if item.optional and ranges is not None and ranges[number] is None:
                continue
            with errors.collect("items", number):
                measures.append(text.measure_lines(context))
        errors.raise_errors()
        if not measures:
            return None

        def height_at(width: int) -> int:
            return max(each.height_at(width) if each.height_at else each.height for each in measures)

        min_width = max(each.width if each.min_width is None else each.min_width for each in measures)
        # A long caption wraps; it does not make the frame wider.
        longest, limit = max(each.width for each in measures), texts[0].font_style(context).size
        width = max(min_width, min(longest, MAX_NATURAL_EMS * limit))
        return Measure(width, height_at(width), min_width, height_at)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> CaptionsDrawing:
        """Resolve the fields for the run."""
        return CaptionsDrawing(self, context, box, palette)


class CaptionsDrawing:
    """The captions in their box."""

    def __init__(self, panel: Captions, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        ranges = panel.resolve_ranges(context)
        self._captions = [
            (steps, text.place(context, box, palette))
            for steps, text in zip(ranges, panel.as_texts(ranges), strict=True)
            if steps is not None
        ]

    def draw_still(self, canvas: Canvas) -> None:
        """Leave the background: every caption is temporary."""

    def cache_key(self, state: FrameState) -> str:
        """The current caption; empty if there is none."""
        caption = self._find_caption(state)
        return caption.text.text_at(state) if caption is not None else ""

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        """Write the current caption, if there is one."""
        caption = self._find_caption(state)
        if caption is not None:
            caption.write_lines(canvas, caption.text.text_at(state))

    def _find_caption(self, state: FrameState) -> TextDrawing | None:
        step = state.snapshot.step
        return next((text for steps, text in self._captions if step in steps), None)


@dataclass(frozen=True)
class StepRange:
    """Training steps from the first to the last, both included; both were recorded."""

    first: int
    last: int

    def __contains__(self, step: int) -> bool:
        return self.first <= step <= self.last

    def overlaps(self, other: StepRange) -> bool:
        """Whether a step is in both ranges."""
        return self.first <= other.last and other.first <= self.last


def require_ordered_steps(first: int | None, last: int | None) -> None:
    """Check that a range does not end before it begins.

    Raises:
        ValueError: It does.
    """
    if first is not None and last is not None and last < first:
        raise ValueError(f"ends at step {last}, before it begins at step {first}")


def resolve_step_range(first: int | None, last: int | None, steps: Sequence[int]) -> StepRange:
    """Find the recorded steps between two ends.

    Args:
        first: The author's `from`; None for the first recorded step.
        last: The author's `to`; None for the last recorded step.
        steps: The recorded steps, ascending.

    Raises:
        OptionError: An end is beyond the last recorded step, or no recorded step is between them.
    """
    errors = ErrorCollector()
    for key, step in (("from", first), ("to", last)):
        with errors.collect(key):
            if step is not None and step > steps[-1]:
                raise OptionError(f"step {step} is beyond the last recorded step, {steps[-1]}")
    errors.raise_errors()
    begin = steps[0] if first is None else first
    end = steps[-1] if last is None else last
    start = bisect_left(steps, begin)
    stop = bisect_left(steps, end + 1)
    if start < stop:
        return StepRange(steps[start], steps[stop - 1])
    nearest = " and ".join(str(each) for each in steps[max(0, start - 1) : start + 1])
    raise OptionError(f"no step from {begin} to {end} was recorded; nearest: {nearest}", "from")
