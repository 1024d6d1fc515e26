"""The base class of everything that an author writes, and common types of its fields."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

MAX_PIXELS = 16_384
"""Pixels per side; more than any encoder of reelnet accepts."""


def _check_even(value: int) -> int:
    # Pydantic's own multiple_of is checked before the bounds, which say more about a number that is too large.
    if value % 2:
        raise ValueError(f"{value}: give a multiple of 2")
    return value


class LengthMark:
    """The mark of types whose values are lengths in pixels of the layout, which the density multiplies."""


LENGTH = LengthMark()

MAX_DENSITY = 4
"""Output pixels per pixel of the layout; more than any screen has."""

DEFAULT_DENSITY = 2
"""Density of pictures whose format does not suggest another one: that of the screens of phones and most laptops."""

Pixels = Annotated[int, LENGTH, Field(ge=0, le=MAX_PIXELS)]
PositivePixels = Annotated[int, LENGTH, Field(ge=1, le=MAX_PIXELS)]
EvenPixels = Annotated[
    int,
    LENGTH,
    Field(ge=2, le=MAX_PIXELS),
    AfterValidator(_check_even),
    WithJsonSchema({"type": "integer", "minimum": 2, "maximum": MAX_PIXELS, "multipleOf": 2}),
]
"""Side of a frame in pixels; video encoders require even sides."""
Scale = Annotated[int, Field(ge=1, le=256)]
"""Output pixels per map value, whatever the density is."""
Density = Annotated[int, Field(ge=1, le=MAX_DENSITY)]
"""Output pixels per pixel of the layout."""
FontSize = Annotated[int, LENGTH, Field(ge=6, le=512)]
"""Pixels per em."""


class SpecModel(BaseModel):
    """A map in a file: unknown keys and values of another type are errors. Instances are immutable."""

    # Pydantic builds a validator with its first use: most files use few kinds of panels.
    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True
    )


def convert_to_tuple(value: Any) -> Any:
    """Convert a list to a tuple, which is immutable. Other values stay as they are."""
    return tuple(value) if isinstance(value, list) else value


LIST_AS_TUPLE = BeforeValidator(convert_to_tuple)
"""Validator of fields that hold tuples; YAML has only lists."""
