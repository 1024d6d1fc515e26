"""Fields in texts: `{layer}`, `{step:,}`, `{metrics.test_accuracy:.1%}`.

Names only, so that a text can run nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from string import Formatter

import numpy as np

from reelnet.config.diagnostics import ErrorCollector, OptionError
from reelnet.errors import suggest_names
from reelnet.scene.context import FrameState, SceneContext

SPEC = re.compile(r"[^{}0-9]{0,3}\d{0,2}[,_]?(\.\d{1,2})?[a-zA-Z%]?")
"""Format specifications of short numbers; a wide one would ask for a text without end."""

STATIC = (
    "layer",
    "channels",
    "samples",
    "shown",
    "cell",
    "rows",
    "columns",
    "height",
    "width",
    "first_step",
    "last_step",
    "step",
)
NAME = re.compile("|".join(STATIC) + r"|metrics\..+")
"""Fields that a text can have; which metrics there are only a run tells."""

DIGIT = re.compile("[0-9]")

UNKNOWN = "–"
"""In place of a metric that has no value yet."""


Parts = tuple[tuple[str, tuple[str, str] | None], ...]
"""Literal text, and (name, format specification) of what stands behind it, or None."""


def parse_fields(text: str) -> Parts:
    """A text's parts.

    Raises:
        OptionError: Braces do not match, or fields cannot be written so.
    """
    try:
        found = list(Formatter().parse(text))
    except ValueError as error:
        raise OptionError(f"text {text!r}: {error}; write {{{{ for a brace itself") from None
    parts, errors = [], ErrorCollector()
    for literal, name, spec, conversion in found:
        with errors.collect():
            if name is not None and (conversion or not SPEC.fullmatch(spec or "")):
                raise OptionError(
                    f"text {text!r}: field {name!r} cannot be written as {spec or conversion!r}"
                )
            if name is not None and not NAME.fullmatch(name):
                raise OptionError(
                    f"text {text!r}: no field {name!r}; {suggest_names(name, (*STATIC, 'metrics.NAME'))}"
                )
        parts.append((literal, None if name is None else (name, spec or "")))
    errors.raise_errors()
    return tuple(parts)


@dataclass(frozen=True)
class FieldText:
    """A text with fields, understood for one run.

    Attributes:
        parts: What it consists of.
    """

    parts: Parts
    context: SceneContext

    @classmethod
    def parse(cls, text: str, context: SceneContext) -> FieldText:
        """Understand a text.

        Raises:
            OptionError: Fields do not exist or cannot be written so, or braces do not match.
        """
        words = cls(parse_fields(text), context)
        words._check(text)
        return words

    def _check(self, text: str) -> None:
        known = [*self.context.text_fields, "step", *(f"metrics.{name}" for name in self.context.metrics)]
        example = {
            **self.context.text_fields,
            "step": 0,
            **{f"metrics.{name}": 0.5 for name in self.context.metrics},
        }
        errors = ErrorCollector()
        for _, field in self.parts:
            if field is None:
                continue
            name, spec = field
            with errors.collect():
                if name not in known:
                    raise OptionError(f"text {text!r}: no field {name!r}; {suggest_names(name, known)}")
                try:
                    format(example[name], spec)
                except ValueError as error:
                    raise OptionError(f"text {text!r}: field {name!r}: {error}") from None
        errors.raise_errors()

    @property
    def is_dynamic(self) -> bool:
        """Whether the text changes from frame to frame."""
        return any(field is not None and field[0] not in self.context.text_fields for _, field in self.parts)

    def static_text(self) -> str:
        """The text of a frame, if all frames have the same."""
        return self._filled({})

    def text_at(self, state: FrameState) -> str:
        """The text of one frame; a metric has the latest value that is known by then."""
        return self._filled(self._values(state.step_index))

    def widest_text(self, width: Callable[[str], int]) -> str:
        """A text as wide as any frame's can be, for measuring: each field in its widest form, all digits 0.

        Args:
            width: Pixels that a line of text takes, whatever its digits are.
        """
        return "".join(
            literal + ("" if field is None else max(self._shapes(*field), key=width))
            for literal, field in self.parts
        )

    def _shapes(self, name: str, spec: str) -> tuple[str, ...]:
        """The forms that a field takes over the run, with 0 for each digit of what changes."""
        context = self.context
        if name in context.text_fields:
            return (written(context.text_fields[name], spec),)
        values: Iterable[object] = context.steps
        if name.startswith("metrics."):
            metric = context.metrics[name.removeprefix("metrics.")]
            values = np.unique(metric).tolist() + [math.nan] * bool(np.isnan(metric[:1]).any())
        return context.field_texts(
            name, spec, lambda: {DIGIT.sub("0", written(value, spec)) for value in values}
        )

    def _values(self, number: int) -> dict[str, object]:
        values: dict[str, object] = {"step": self.context.steps[number]}
        for _, field in self.parts:
            if field is not None and field[0].startswith("metrics."):
                values[field[0]] = self._latest(field[0].removeprefix("metrics."), number)
        return values

    def _latest(self, metric: str, number: int) -> float:
        values = self.context.metrics[metric][: number + 1]
        known = np.flatnonzero(~np.isnan(values))
        return float(values[known[-1]]) if len(known) else math.nan

    def _filled(self, values: Mapping[str, object]) -> str:
        known = {**self.context.text_fields, **values}
        return "".join(
            literal + ("" if field is None else written(known[field[0]], field[1]))
            for literal, field in self.parts
        )


def written(value: object, spec: str) -> str:
    """A value by a format specification, a number that is not known as a dash."""
    if isinstance(value, float) and math.isnan(value):
        return UNKNOWN
    return format(value, spec).replace("-", "\u2212") if isinstance(value, float) else format(value, spec)
