"""A template as written: panels in a layout, a theme, a timeline, outputs. It is independent of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from reelnet.config.diagnostics import KeyPath, SourceMap
from reelnet.config.spec import LIST_AS_TUPLE, Density, EvenPixels, Pixels, PositivePixels, Scale, SpecModel
from reelnet.template.selector import Selector, SelectorField
from reelnet.template.theme import Theme
from reelnet.template.timeline import TimelineSpec


class Direction(StrEnum):
    """How a stack arranges its items."""

    COLUMN = "column"
    ROW = "row"
    GRID = "grid"
    OVERLAY = "overlay"


Align = Literal["start", "center", "end", "stretch"]


class ItemSpec(SpecModel):
    """Options of every panel and every stack about its place."""

    width: PositivePixels | None = Field(None, description="Width in pixels, instead of the natural width.")
    height: PositivePixels | None = Field(
        None, description="Height in pixels, instead of the natural height."
    )
    grow: float | None = Field(
        None, ge=0, le=1000, description="Share of the space that is left over; 0 for none."
    )
    align_self: Align | None = Field(
        None, description="Alignment across the stack, instead of the stack's align."
    )


class PanelSpec(ItemSpec):
    """Options of every panel."""

    files: ClassVar[tuple[str, ...]] = ()
    """Options that name files. Relative paths start from the folder of the template's file."""

    hidden: bool = Field(False, description="Hide the panel, although the layout names it.")


class StackSpec(ItemSpec):
    """Options of a stack, which arranges items side by side, below each other, or on top of each other."""

    id: str | None = Field(None, description="A name by which an extending template can change it.")
    gap: Pixels = Field(0, description="Pixels between two items.")
    padding: Pixels = Field(0, description="Pixels around all items.")
    align: Align | None = Field(
        None,
        description="Alignment of items across the direction of the stack; by default stretch in a column, center in "
        "a row, start in a grid and an overlay.",
    )
    justify: Literal["start", "center", "end", "between"] = Field(
        "start", description="Alignment of items along the direction of the stack if space is left over."
    )
    columns: int = Field(2, ge=1, le=256, description="Number of columns of a grid.")


@dataclass(frozen=True)
class Stack:
    """A stack of the layout.

    Attributes:
        items: Names of panels, and stacks.
        path: The key path of the stack, for errors.
    """

    direction: Direction
    options: StackSpec
    items: tuple[Stack | str, ...]
    path: KeyPath = ()


ASPECT = re.compile(r"\d{1,4}:\d{1,4}")


class CanvasSpec(SpecModel):
    """The size of the frame and the scale of the maps."""

    width: EvenPixels | None = Field(
        None, description="Width of the frame in pixels; by default what the layout needs."
    )
    height: EvenPixels | None = Field(
        None, description="Height of the frame in pixels; by default what the layout needs."
    )
    aspect: str | None = Field(
        None,
        pattern=r"^\d{1,4}:\d{1,4}$",
        examples=["9:16", "1:1", "16:9"],
        description="Aspect ratio, width to height, if no size is given. Background is added at two sides.",
    )
    max_width: EvenPixels | None = Field(None, description="Maximum width of the frame in pixels.")
    max_height: EvenPixels | None = Field(None, description="Maximum height of the frame in pixels.")
    min_height: EvenPixels | None = Field(None, description="Minimum height of the frame in pixels.")
    max_cell: PositivePixels | None = Field(
        None,
        description="Maximum side of a cell in pixels, if a size or a maximum size of the frame is given.",
    )
    scale: Scale | None = Field(
        None,
        description="Output pixels per map value, whatever the density is; by default the largest integer that fits, "
        "or a multiple of 8, 4 or 2 that is smaller by a ninth at most, since such values suit video codecs.",
    )
    density: Density | None = Field(
        None,
        description="Output pixels per pixel of the layout: all lengths and sizes of type are multiplied by it. By "
        "default 1 if the canvas has a width and a height, or a scale, and in GIFs, which take many bytes per pixel; "
        "else 2, so that screens with small pixels show sharp text.",
    )
    snap: bool = Field(
        True,
        description="Begin panels with cells or pictures at multiples of 8 pixels, and place cells so that the edges "
        "of their values meet the blocks of video codecs. Gaps and padding become wider by up to 7 pixels. `false` "
        "keeps all lengths as they are written; videos may be twice as large then.",
    )

    @property
    def width_limit(self) -> int | None:
        """The maximum width of the layout; None for no limit."""
        return self.width or self.max_width

    @property
    def fixed_density(self) -> int | None:
        """The density that the author chose, also by a size of the file; None if the format decides."""
        is_fixed = self.scale is not None or (self.width is not None and self.height is not None)
        return 1 if self.density is None and is_fixed else self.density

    @property
    def height_limit(self) -> int | None:
        """The maximum height of the layout; None for no limit."""
        return self.height or self.max_height

    @field_validator("aspect", mode="before")
    @classmethod
    def _check_aspect(cls, value: Any) -> Any:
        if value is not None and not (isinstance(value, str) and ASPECT.fullmatch(value)):
            raise ValueError(
                f"{value!r} is neither a size such as 1080x1080 nor an aspect ratio such as 9:16"
            )
        return value

    @model_validator(mode="after")
    def _check_combination(self) -> CanvasSpec:
        if self.aspect is not None:
            if "0" in (part.strip("0") or "0" for part in self.aspect.split(":")):
                raise ValueError(f"aspect {self.aspect!r}: both numbers must be above 0")
            if self.width or self.height:
                raise ValueError("give either an aspect ratio, or a width and a height")
        if self.max_width is not None and self.width is not None:
            raise ValueError("give either width or max_width")
        if self.max_height is not None and self.height is not None:
            raise ValueError("give either height or max_height")
        if self.min_height is not None and self.max_height is not None and self.min_height > self.max_height:
            raise ValueError(f"min_height {self.min_height} exceeds max_height {self.max_height}")
        return self


class SamplesSpec(SpecModel):
    """Which samples are shown and how they are arranged. All panels with cells share this, so that they line up."""

    show: SelectorField = Field(
        Selector(),
        description="Which samples are shown: all, a list, a range such as 0-4, counted from 0, or {first: 16}; a "
        "panel of channels with wrap: auto may show fewer than the first 16 of many.",
    )
    gap: Pixels | None = Field(
        None, description="Pixels between two samples; by default 3 to 8, by the size of the cells."
    )
    transposed: bool | Literal["auto"] = Field(
        False,
        description="One row per sample and one column per channel; auto does this if there is one sample, "
        "or at most half as many samples as channels, and on a canvas of a given size if this makes maps "
        "larger. Then put inputs and channels side by side in a row, or let the channels show the inputs "
        "with inputs: true.",
    )


class OutputSpec(SpecModel):
    """One file to write."""

    id: str | None = Field(None, description="A name by which an extending template can change it.")
    path: str = Field(
        min_length=1,
        description="The file, relative to the current folder. Its suffix selects the format; {layer} stands for the "
        "name of the layer.",
    )
    layers: Annotated[tuple[str, ...] | Literal["all"] | None, LIST_AS_TUPLE] = Field(
        None,
        description="The layers to show, one file per layer, or one .html with a menu: a list or all; by default the "
        "template's layer.",
    )
    scale: Scale | None = Field(None, description="Output pixels per map value, for this file.")
    density: Density | None = Field(
        None,
        description="Output pixels per pixel of the layout, for this file; by default those of the canvas.",
    )
    step: int | Literal["first", "last"] | None = Field(
        None, description="The step that a still shows: a .png, .pdf or .svg; by default the last."
    )
    width: str | None = Field(
        None,
        examples=["17cm"],
        description="Width of a still on paper, in cm, mm, in, pt or px (1/96 inch): the size of a .pdf or .svg; it "
        "is written into a .png.",
    )
    dpi: float | None = Field(
        None,
        description="Pixels per inch of a .png. With a width, the picture has at least this resolution; without, the "
        "number is only written into the file.",
    )
    for_: str | None = Field(
        None,
        alias="for",
        examples=["medium"],
        description="The platform where the file will be published. The file keeps the platform's limits; `reelnet "
        "platforms` lists them.",
    )
    max_size: int | str | None = Field(
        None,
        examples=["3 MB"],
        description="The cap on the file size: bytes, or a number with a unit. The file is lossless if that fits, or "
        "has as little loss as possible.",
    )
    max_error: float | None = Field(
        None,
        ge=0,
        le=240,
        description="With a cap: the largest allowed error of a value, in 1/240ths of the color range; by default 4.",
    )
    keep: Annotated[tuple[Literal["frames", "levels", "channels", "scale"], ...], LIST_AS_TUPLE] = Field(
        (), description="With a cap: a list of what must not be reduced."
    )
    timeline: Mapping[str, Any] | None = Field(
        None, description="Keys of the timeline that are different for this file."
    )


@dataclass(frozen=True)
class Output:
    """One file to write, with its timeline.

    Attributes:
        spec: What the author wrote.
        timeline: The timeline of the template with the keys of the output.
        path: The key path of the output, for errors.
    """

    spec: OutputSpec
    timeline: TimelineSpec
    path: KeyPath

    def apply_to(self, template: Template) -> Template:
        """Return the template with the timeline, the scale and the density of this output."""
        canvas, content, moved = template.canvas, dict(template.content), dict(template.source_map.moved)
        own_timeline = self.spec.timeline or {}
        if own_timeline:
            content["timeline"] = {**content.get("timeline", {}), **own_timeline}
        moved |= {("timeline", key): (*self.path, "timeline", key) for key in own_timeline}
        for key in ("scale", "density"):
            value = getattr(self.spec, key)
            if value is not None:
                canvas = canvas.model_copy(update={key: value})
                content["canvas"] = {**content.get("canvas", {}), key: value}
                moved["canvas", key] = (*self.path, key)
        source_map = replace(template.source_map, moved=moved)
        return replace(
            template, timeline=self.timeline, canvas=canvas, source_map=source_map, content=content
        )


@dataclass(frozen=True)
class Template:
    """What is shown where, in which style, at which pace, and in which files.

    Attributes:
        name: The name or path that was asked for.
        about: One sentence about the template.
        layer: The tap to show; None for the last one with maps.
        panels: By the names that the layout uses.
        outputs: The files that `reelnet render` writes; may be empty.
        source_map: File, line and column of each key, for errors.
        content: The plain data that the template was built from.
    """

    name: str
    layout: Stack
    panels: Mapping[str, PanelSpec]
    theme: Theme = field(default_factory=Theme)
    canvas: CanvasSpec = field(default_factory=CanvasSpec)
    samples: SamplesSpec = field(default_factory=SamplesSpec)
    timeline: TimelineSpec = field(default_factory=TimelineSpec)
    outputs: tuple[Output, ...] = ()
    about: str = ""
    layer: str | None = None
    source_map: SourceMap = field(default_factory=SourceMap)
    content: Mapping[str, Any] = field(default_factory=dict)
