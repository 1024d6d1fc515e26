"""Colors, fonts and colormaps: as the author writes them, and resolved with a named theme."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, field_validator

from reelnet.config.spec import FontSize, PositivePixels, SpecModel
from reelnet.template.color import EMBER, RED_BLUE, RED_WHITE_BLUE, Color, Colormap, Rgb


class LimitKind(StrEnum):
    """How the values at the ends of the colormap are found."""

    AUTO = "auto"
    SYMMETRIC = "symmetric"
    FIXED = "fixed"
    PERCENTILE = "percentile"
    SHARED = "shared"


@dataclass(frozen=True)
class LimitRule:
    """The rule for the values at the ends of the colormap.

    Attributes:
        kind: With `auto`, the range of the layer's activation function, or else 99.5 % of the recorded values; with
            `shared`, all layers of the picture have the widest limits of any of them.
        low: Lower limit, if fixed.
        high: Upper limit, if fixed.
        percentile: Percentage of the values that are within the limits.
    """

    kind: LimitKind = LimitKind.AUTO
    low: float = 0.0
    high: float = 0.0
    percentile: float = 100.0


def parse_limits(value: Any) -> LimitRule:
    """Parse `auto`, `shared`, `symmetric`, `[-1, 1]` or `{percentile: 99}`.

    Raises:
        ValueError: The value has another form.
    """
    if isinstance(value, LimitRule):
        return value
    if value in ("auto", "shared", "symmetric"):
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
    raise ValueError(f"{value!r} is none of: auto, shared, symmetric, [-1, 1], {{percentile: 99}}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


LimitsField = Annotated[
    LimitRule,
    PlainValidator(parse_limits),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["auto", "shared", "symmetric"]},
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


MAX_FONTS = 16


def parse_fonts(value: Any) -> tuple[str, ...]:
    """Parse a font, or a list of fonts, each a file or the name of an installed font.

    Raises:
        ValueError: The value is no text, and no list of 1 to 16 texts.
    """
    fonts = value if isinstance(value, list | tuple) else [value]
    if not fonts or not all(isinstance(font, str) and font.strip() for font in fonts):
        raise ValueError(f"{value!r} is neither a font nor a list of fonts, each a file or a name")
    if len(fonts) > MAX_FONTS:
        raise ValueError(f"has {len(fonts)} fonts; give at most {MAX_FONTS}")
    return tuple(fonts)


Fonts = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_fonts),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_FONTS},
            ]
        }
    ),
]


@dataclass(frozen=True)
class Theme:
    """Resolved colors and sizes.

    Attributes:
        background: Background of the frame.
        ink: Titles, the counter, plain text.
        muted: Labels and captions.
        faint: Hairlines.
        accent: The progress bar, arrows and boxes.
        curves: The training set, test and validation sets, and further metrics.
        right: Marks of correct predictions.
        wrong: Marks of wrong predictions.
        missing: Values that are not finite.
        diverging: Colors of signed values from the lowest to the highest, evenly spaced; the middle one is 0.
        sequential: Colors of values of one sign, from 0; None for that half of `diverging`, from a
            tint.
        levels: Maximum number of colors of a colormap; None for as many as fit in the palette.
        limits: The rule for the values at the ends of the colormap.
        cell: Side of a square in pixels whose area cells do not exceed, unless the canvas decides; None for a size
            that fits the maps.
        text: Font size of labels and plain text, in pixels per em.
        title: Font size of titles, in pixels per em.
        min_text: Font size below which names do not shrink to fit; None for 3/4 of that of text.
        font: Files or families of the regular fonts, each for the characters that those before it lack. Open Sans and
            the fonts of the system come after them.
        font_bold: The same for bold text.
    """

    background: Rgb = (255, 255, 255)
    ink: Rgb = (31, 35, 40)
    muted: Rgb = (94, 101, 110)
    faint: Rgb = (222, 225, 229)
    accent: Rgb = (33, 102, 172)
    curves: tuple[Rgb, ...] = ((176, 94, 0), (0, 107, 98), (150, 70, 210), (38, 30, 110))
    right: Rgb = (0, 107, 98)
    wrong: Rgb = (190, 60, 8)
    missing: Rgb = (150, 150, 150)
    diverging: tuple[Rgb, ...] = RED_BLUE
    sequential: tuple[Rgb, ...] | None = None
    levels: int | None = None
    limits: LimitRule = LimitRule()
    cell: PositivePixels | None = None
    text: FontSize = 16
    title: FontSize = 28
    min_text: FontSize | None = None
    font: tuple[str, ...] = ()
    font_bold: tuple[str, ...] = ()


DARK = Theme(
    background=(18, 20, 24),
    ink=(236, 239, 242),
    muted=(164, 172, 181),
    faint=(52, 57, 64),
    accent=(104, 166, 232),
    curves=((240, 168, 72), (64, 200, 180), (176, 130, 250), (255, 250, 170)),
    right=(64, 200, 180),
    wrong=(244, 142, 86),
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
    wrong=(168, 56, 12),
    missing=(160, 154, 146),
    diverging=RED_WHITE_BLUE,
)
THEMES = {"light": Theme(), "dark": DARK, "paper": PAPER}


class ThemeSpec(SpecModel):
    """Colors, fonts and colormaps. Keys that are left out come from the base."""

    base: Literal["light", "dark", "paper"] = Field(
        "light", description="The theme that the other keys change."
    )
    background: Color | None = Field(None, description="Background color of the frame.")
    ink: Color | None = Field(None, description="Color of titles, the counter and plain text.")
    muted: Color | None = Field(None, description="Color of labels and captions.")
    faint: Color | None = Field(None, description="Color of hairlines.")
    accent: Color | None = Field(None, description="Color of the progress bar, arrows and boxes.")
    curves: tuple[Color, ...] | None = Field(
        None, description="Colors of curves: training set, test set, further metrics."
    )
    right: Color | None = Field(None, description="Color of correct predictions.")
    wrong: Color | None = Field(None, description="Color of wrong predictions.")
    missing: Color | None = Field(None, description="Color of values that are not finite.")
    diverging: Colormap | None = Field(
        None,
        description="Colormap of signed values, by name (red-blue, red-white-blue, ember, RdBu, or any of "
        "matplotlib's) or as a list of an odd number of colors from the lowest value to the highest; the middle one "
        "is 0.",
    )
    sequential: Colormap | None = Field(
        None,
        description="Colormap of values of one sign, from 0; by default half of the diverging one, from a tint that "
        "can be told from the background.",
    )
    levels: int | None = Field(
        None,
        ge=3,
        le=255,
        description="Maximum number of colors of a colormap; by default as many as fit in the palette.",
    )
    limits: LimitsField | None = Field(
        None,
        description="Values at the ends of the colormap. auto: the range of tanh, sigmoid or softmax, else 99.5 % of "
        "the values, and per head for attention. shared: one scale for all layers in the picture. symmetric: every "
        "value, with 0 in the middle. Or two numbers, or {percentile: 99}. Values beyond the limits are clipped, and "
        "the color bar shows their fraction. Weights and gradients always contain 99.5 % of their values.",
    )
    cell: PositivePixels | None = Field(
        None,
        description="Side of a square in pixels whose area cells do not exceed, unless the canvas decides; larger "
        "maps are reduced to means. By default 56, or larger so that the run's maps fill four fifths of it: 64 for "
        "maps of 32; larger maps have larger cells.",
    )
    text: FontSize | None = Field(None, description="Font size of labels and plain text, in pixels per em.")
    title: FontSize | None = Field(
        None, description="Font size of titles, in pixels per em; by default 7/4 of that of text."
    )
    min_text: FontSize | None = Field(
        None,
        description="Font size below which names of samples and classes do not shrink to fit; by default 3/4 of that "
        "of text. Names that do not fit then are left out, with a note.",
    )
    font: Fonts | None = Field(
        None,
        description="A TrueType or OpenType file, relative to the template's file, or the name of an installed font, "
        "such as Noto Sans CJK SC. Or a list of them: each character is drawn by the first that has it. Open Sans, "
        "then the other installed fonts draw what these lack.",
    )
    font_bold: Fonts | None = Field(None, description="The same for bold text; by default the same as font.")

    @field_validator("curves", mode="before")
    @classmethod
    def _check_curves(cls, value: Any) -> Any:
        if value is not None and (not isinstance(value, list | tuple) or not value):
            raise ValueError(f"{value!r} is not a list of at least one color")
        return tuple(value) if value is not None else None

    @field_validator("diverging")
    @classmethod
    def _check_odd(cls, value: tuple[Rgb, ...] | None) -> tuple[Rgb, ...] | None:
        if value is not None and len(value) % 2 == 0:
            raise ValueError(f"has {len(value)} colors; give an odd number, because the middle one is 0")
        return value

    def resolve(self) -> Theme:
        """Return the theme with the values of the base for keys that are not given."""
        given = {key: value for key, value in self if value is not None and key != "base"}
        if "text" in given:
            given.setdefault("title", round(given["text"] * 7 / 4))
        if "font" in given:
            given.setdefault("font_bold", given["font"])
        return replace(THEMES[self.base], **given)
