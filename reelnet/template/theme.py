"""Colours, type and colormaps: as the author wrote them, and filled up from a named theme."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator

from reelnet.config.spec import FontSize, PositivePixels, SpecModel
from reelnet.template.color import EMBER, RDBU, Color, Colormap, Rgb


class LimitKind(StrEnum):
    """How the ends of the colormap are found."""

    AUTO = "auto"
    SYMMETRIC = "symmetric"
    FIXED = "fixed"
    PERCENTILE = "percentile"


@dataclass(frozen=True)
class LimitRule:
    """How the ends of the colormap are found.

    Attributes:
        kind: `auto` takes what the layer can give at all, or else what it gave over the run.
        low: Of fixed limits.
        high: Of fixed limits.
        percentile: Percent of the values that lie within the limits.
    """

    kind: LimitKind = LimitKind.AUTO
    low: float = 0.0
    high: float = 0.0
    percentile: float = 100.0


def parse_limits(value: Any) -> LimitRule:
    """`auto`, `symmetric`, `[-1, 1]` or `{percentile: 99}`.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, LimitRule):
        return value
    if value in ("auto", "symmetric"):
        return LimitRule(LimitKind(value))
    if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)):
        low, high = map(float, value)
        if not low < high:
            raise ValueError(f"{value!r}: the first limit must be less than the second")
        return LimitRule(LimitKind.FIXED, low, high)
    if isinstance(value, dict) and set(value) == {"percentile"} and _is_number(value["percentile"]):
        if not 50 <= value["percentile"] <= 100:
            raise ValueError(f"percentile {value['percentile']}: give from 50 to 100")
        return LimitRule(LimitKind.PERCENTILE, percentile=float(value["percentile"]))
    raise ValueError(f"{value!r} is none of: auto, symmetric, [-1, 1], {{percentile: 99}}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


LimitsField = Annotated[
    LimitRule,
    PlainValidator(parse_limits),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["auto", "symmetric"]},
                {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                {
                    "type": "object",
                    "properties": {"percentile": {"type": "number", "minimum": 50, "maximum": 100}},
                    "required": ["percentile"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


@dataclass(frozen=True)
class Theme:
    """Colours and sizes, all of them known.

    Attributes:
        background: The paper.
        ink: Titles, the counter, plain text.
        muted: Labels and captions.
        faint: Hairlines.
        accent: The progress bar, arrows and boxes.
        curves: Of the training set, of test and validation sets, and of further metrics.
        right: Marks of right predictions.
        wrong: Marks of wrong predictions.
        missing: Values that are not finite.
        diverging: Colours of signed values from the least to the greatest, evenly spaced; the middle one is 0.
        sequential: Colours of values of one sign, from 0 on; None takes that half of the diverging ones.
        levels: Most colours that a colormap may have; None for as many as the palette has room for.
        limits: How the ends of the colormap are found.
        cell: Side of one channel's box in pixels, unless the canvas asks for another; None for one that maps fill.
        text: Size of labels and plain text in pixels an em.
        title: Size of titles in pixels an em.
        font: File of the regular face; None for the one that reelnet has.
        font_bold: File of the bold face.
    """

    background: Rgb = (255, 255, 255)
    ink: Rgb = (31, 35, 40)
    muted: Rgb = (94, 101, 110)
    faint: Rgb = (222, 225, 229)
    accent: Rgb = (33, 102, 172)
    curves: tuple[Rgb, ...] = ((176, 94, 0), (0, 107, 98), (150, 70, 210), (38, 30, 110))
    right: Rgb = (0, 107, 98)
    wrong: Rgb = (178, 24, 43)
    missing: Rgb = (150, 150, 150)
    diverging: tuple[Rgb, ...] = RDBU
    sequential: tuple[Rgb, ...] | None = None
    levels: int | None = None
    limits: LimitRule = LimitRule()
    cell: int | None = None
    text: int = 12
    title: int = 20
    font: str | None = None
    font_bold: str | None = None


DARK = Theme(
    background=(18, 20, 24),
    ink=(236, 239, 242),
    muted=(164, 172, 181),
    faint=(52, 57, 64),
    accent=(104, 166, 232),
    curves=((240, 168, 72), (64, 200, 180), (176, 130, 250), (255, 250, 170)),
    right=(64, 200, 180),
    wrong=(240, 128, 110),
    missing=(110, 110, 110),
    diverging=EMBER,
)
PAPER = Theme(
    background=(250, 247, 240),
    ink=(38, 34, 30),
    muted=(104, 96, 86),
    faint=(224, 217, 204),
    accent=(146, 64, 14),
    curves=((146, 64, 14), (22, 94, 99), (150, 70, 200), (50, 20, 90)),
    right=(22, 94, 99),
    wrong=(160, 30, 40),
    missing=(160, 154, 146),
)
THEMES = {"light": Theme(), "dark": DARK, "paper": PAPER}


class ThemeSpec(SpecModel):
    """Colours, type and colormaps. What is left out comes from the base."""

    base: Literal["light", "dark", "paper"] = Field(
        "light", description="The theme that the other keys change."
    )
    background: Color | None = Field(None, description="Colour of the paper.")
    ink: Color | None = Field(None, description="Colour of titles, the counter and plain text.")
    muted: Color | None = Field(None, description="Colour of labels and captions.")
    faint: Color | None = Field(None, description="Colour of hairlines.")
    accent: Color | None = Field(None, description="Colour of the progress bar, arrows and boxes.")
    curves: tuple[Color, ...] | None = Field(
        None, description="Colours of curves: training set, test set, further metrics."
    )
    right: Color | None = Field(None, description="Colour of right predictions.")
    wrong: Color | None = Field(None, description="Colour of wrong predictions.")
    missing: Color | None = Field(None, description="Colour of values that are not finite.")
    diverging: Colormap | None = Field(
        None,
        description="Colormap of signed values, by name (RdBu, ember, or any of matplotlib's) or as a list of an "
        "odd number of colours from the least value to the greatest; the middle one is 0.",
    )
    sequential: Colormap | None = Field(
        None, description="Colormap of values of one sign, from 0 on; by default half of the diverging one."
    )
    levels: int | None = Field(
        None,
        ge=3,
        le=255,
        description="Most colours of a colormap; by default all that the palette has room for.",
    )
    limits: LimitsField | None = Field(
        None,
        description="Values at the ends of the colormap: auto, symmetric, two numbers, or {percentile: 99}, "
        "beyond which values are clipped and the colour bar tells how many.",
    )
    cell: PositivePixels | None = Field(
        None,
        description="Side of one channel's box in pixels, unless the canvas decides; by default 56, or so much more "
        "that the run's maps fill four fifths of it: 64 for maps of 32.",
    )
    text: FontSize | None = Field(None, description="Size of labels and plain text in pixels an em.")
    title: FontSize | None = Field(
        None, description="Size of titles in pixels an em; by default five thirds of the text's."
    )
    font: str | None = Field(
        None, description="A TrueType or OpenType file, relative to the template's file."
    )
    font_bold: str | None = Field(None, description="The same for bold text; by default the font itself.")

    @field_validator("curves", mode="before")
    @classmethod
    def _some_curves(cls, value: Any) -> Any:
        if value is not None and (not isinstance(value, list | tuple) or not value):
            raise ValueError(f"{value!r} is not a list of one colour or more")
        return tuple(value) if value is not None else None

    @field_validator("diverging")
    @classmethod
    def _odd(cls, value: tuple[Rgb, ...] | None) -> tuple[Rgb, ...] | None:
        if value is not None and len(value) % 2 == 0:
            raise ValueError(
                f"has {len(value)} colours; a diverging map needs an odd number, its middle is 0"
            )
        return value

    def resolve(self) -> Theme:
        """The theme with everything known."""
        given = {key: value for key, value in self if value is not None and key != "base"}
        if "text" in given:
            given.setdefault("title", round(given["text"] * 5 / 3))
        if "font" in given:
            given.setdefault("font_bold", given["font"])
        return replace(THEMES[self.base], **given)
