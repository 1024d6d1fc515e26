"""Fields in texts: `{layer}`, `{step:,}`, `{metrics.test_accuracy:.1%}`.

A field is a name, never an expression, so that a text cannot execute anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

import numpy as np

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import suggest_names
from reelnet.runs.header import TapKind
from reelnet.scene.class_scores import ClassScores, count_right, explain_missing_truth
from reelnet.scene.context import FrameState, SceneContext
from reelnet.scene.number_text import typeset_number
from reelnet.scene.palette.color_names import describe_scales
from reelnet.scene.wording import describe_changing, describe_naming, name_layer, name_network

FORMAT_SPEC = re.compile(r"[^{}0-9]{0,3}\d{0,2}[,_]?(\.\d{1,2})?[a-zA-Z%]?")
"""Format specifications of short numbers; a larger width would make a text too long to draw."""

RUN_FIELDS = "layer|layer_name|network|inputs|order|seen|shown|cell|picture|rows|columns"
STATIC_FIELDS = rf"{RUN_FIELDS}|colors|naming|changing|channels|samples|height|width|first_step|last_step"
FIELD_NAME = re.compile(rf"{STATIC_FIELDS}|step|since|right|metrics\..+")
"""Names that fields may have; only a run tells which metrics exist, and only a caption has `since`."""

DIGIT = re.compile("[0-9]")


MISSING_VALUE = "–"
"""Shown for a metric that has no value yet."""
NAN_VALUE = "nan"
"""Shown for a metric whose latest value is NaN, whatever its format."""

TextParts = tuple[tuple[str, tuple[str, str] | None], ...]
"""Literal texts, each with the (name, format specification) of the field after it, or None."""


def parse_fields(text: str) -> TextParts:
    """Split a text into literals and fields.

    Raises:
        OptionError: Braces do not match, a field does not exist, or a format specification is not allowed.
    """
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise OptionError(f"text {text!r}: {error}; write {{{{ for a literal brace") from None
    parts, errors = [], ErrorCollector()
    for literal, name, spec, conversion in parsed:
        if name is not None and (conversion or not FORMAT_SPEC.fullmatch(spec or "")):
            errors.add(f"text {text!r}: field {name!r} cannot be formatted with {spec or conversion!r}")
        elif name is not None and not FIELD_NAME.fullmatch(name):
            suggestion = suggest_names(name, [*STATIC_FIELDS.split("|"), "step", "right", "metrics.NAME"])
            errors.add(f"text {text!r}: no field {name!r}; {suggestion}")
        parts.append((literal, None if name is None else (name, spec or "")))
    errors.raise_errors()
    return tuple(parts)


def fill_field(text: str, name: str, value: object) -> str:
    """The text with one of its fields replaced by a value; the others stay."""
    filled = ""
    for literal, field in parse_fields(text):
        filled += literal.replace("{", "{{").replace("}", "}}")
        if field is not None:
            filled += format(value, field[1]) if field[0] == name else f"{{{':'.join(field)}}}"
    return filled


@dataclass(frozen=True)
class FieldText:
    """A text with fields, for one run.

    Attributes:
        parts: Its literals and fields.
        context: The run.
    """

    parts: TextParts
    context: SceneContext

    @classmethod
    def parse(cls, text: str, context: SceneContext) -> FieldText:
        """Parse a text and check its fields against the run.

        Raises:
            OptionError: Braces do not match, a field does not exist in this run, or a value cannot be formatted.
        """
        examples: dict[str, object] = {**context.text_fields, **dict.fromkeys(COSTLY_FIELDS, ""), "step": 0}
        examples |= {f"metrics.{name}": 0.5 for name in context.metrics}
        parts, errors = parse_fields(text), ErrorCollector()
        if any(field is not None and field[0] == "right" for _, field in parts):
            if reason := explain_missing_truth(context):
                raise OptionError(f"text {text!r}: field 'right': {reason}")
            examples["right"] = 0
        for name, spec in (field for _, field in parts if field is not None):
            if name not in examples:
                errors.add(f"text {text!r}: no field {name!r}; {suggest_names(name, examples)}")
                continue
            try:
                format(examples[name], spec)
            except ValueError as error:
                errors.add(f"text {text!r}: field {name!r}: {error}")
        errors.raise_errors()
        return cls(parts, context)

    @cached_property
    def _static_values(self) -> Mapping[str, object]:
        """The values of the fields that are the same in every frame."""
        values = self.context.text_fields
        for name in {field[0] for _, field in self.parts if field is not None} & COSTLY_FIELDS.keys():
            values[name] = COSTLY_FIELDS[name](self.context)
        return values

    @property
    def is_dynamic(self) -> bool:
        """Whether the text changes from frame to frame."""
        return any(field is not None and field[0] not in self._static_values for _, field in self.parts)

    def static_text(self) -> str:
        """The text of every frame, if it is not dynamic."""
        return self._fill({})

    def text_at(self, state: FrameState) -> str:
        """The text of one frame; a metric has its latest value."""
        values: dict[str, object] = {"step": self.context.steps[state.step_index]}
        for _, field in self.parts:
            if field is not None and field[0] == "right":
                values["right"] = int(count_right(self.context)[state.step_index])
            if field is not None and field[0].startswith("metrics."):
                name = field[0].removeprefix("metrics.")
                known = np.flatnonzero(self.context.measured[name][: state.step_index + 1])
                values[field[0]] = float(self.context.metrics[name][known[-1]]) if len(known) else None
        return self._fill(values)

    def widest_text(self, measure_width: Callable[[str], int]) -> str:
        """A text that is as wide as that of any frame: each field at its widest, with 0 for every digit.

        Args:
            measure_width: The largest width of a line of text in pixels, whatever its digits are.
        """
        return "".join(
            literal + ("" if field is None else max(self._find_texts(*field), key=measure_width))
            for literal, field in self.parts
        )

    def _find_texts(self, name: str, spec: str) -> tuple[str, ...]:
        """The texts that a field takes over the run, with 0 for every digit that changes."""
        context = self.context
        if name in self._static_values:
            return (_format_value(self._static_values[name], spec),)
        values: Iterable[object] = context.steps
        if name == "right":
            values = count_right(context).tolist()
        if name.startswith("metrics."):
            name_of_metric = name.removeprefix("metrics.")
            measured = context.measured[name_of_metric]
            values = [*np.unique(context.metrics[name_of_metric][measured]).tolist()]
            values += [None] * (not measured.all())
        return context.field_texts(
            name, spec, lambda: {DIGIT.sub("0", _format_value(value, spec)) for value in values}
        )

    def _fill(self, values: Mapping[str, object]) -> str:
        known = {**self._static_values, **values}
        return "".join(
            literal + ("" if field is None else _format_value(known[field[0]], field[1]))
            for literal, field in self.parts
        )


def describe_all_colors(context: SceneContext) -> str:
    """What the colors of the recorded layers mean, without those of the class output; a sentence without dot."""
    scores = ClassScores.find(context)
    layers = [name for name, tap in context.taps.items() if tap.kind is TapKind.ACTIVATION]
    layers = [name for name in layers if scores is None or name != scores.tap] or layers
    text = describe_scales([context.view(layer).limits for layer in layers], context.theme)
    return f"{text[:1].upper()}{text[1:]}"


def title_naming(context: SceneContext) -> str:
    """The title of a picture of samples among answers; just the samples if there are no answers."""
    scores, inputs = ClassScores.find(context), context.inputs_in_words
    if scores is None:
        return inputs[:1].upper() + inputs[1:]
    samples = len(context.sample_indices)
    has_course = len(context.steps) > 1 and not explain_missing_truth(context)
    are_found = has_course and int(count_right(context)[-1]) == samples
    return describe_naming(inputs, samples, len(scores.classes), are_found=are_found)


def title_changing(context: SceneContext) -> str:
    """The title of a picture of several moments of the layer."""
    layer, network, steps = name_layer(context.layer), name_network(context.about), context.steps
    # A value that becomes NaN is none of the changes.
    has_changed = bool(context.compute_changes().any()) or context.statistics.has_nonfinite(context.layer)
    return describe_changing(layer, network, steps[0], steps=len(steps), has_changed=has_changed)


COSTLY_FIELDS: Mapping[str, Callable[[SceneContext], str]] = {
    "colors": describe_all_colors,
    "naming": title_naming,
    "changing": title_changing,
}
"""Fields that take statistics of the run, so that they are only computed for texts that name them."""


def _format_value(value: object, spec: str) -> str:
    """Format a value; None becomes a dash, NaN stays what it is, and a number gets a real minus sign and power."""
    if value is None:
        return MISSING_VALUE
    if isinstance(value, float):
        return NAN_VALUE if math.isnan(value) else typeset_number(format(value, spec))
    return format(value, spec)
