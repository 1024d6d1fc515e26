"""What every part of a template's specification shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_PIXELS = 16_384
"""Pixels a side; more than any encoder here takes."""

Pixels = Annotated[int, Field(ge=0, le=MAX_PIXELS)]
PositivePixels = Annotated[int, Field(ge=1, le=MAX_PIXELS)]
"""A length that cannot be nothing, in pixels."""
EvenPixels = Annotated[int, Field(ge=2, le=MAX_PIXELS, multiple_of=2)]
"""A side of the frame in pixels; video wants even ones."""
FontSize = Annotated[int, Field(ge=6, le=512)]
"""Pixels an em."""


class SpecModel(BaseModel):
    """Keys and values of a template: every key is known, every value of its type, nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
