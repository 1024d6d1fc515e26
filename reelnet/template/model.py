"""A template as written: panels in a layout, a theme, a timeline, outputs. It knows nothing of any run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from reelnet.config.diagnostics import KeyPath, SourceMap
from reelnet.config.spec import EvenPixels, Pixels, PositivePixels, SpecModel
from reelnet.template.selector import Selector, SelectorField
from reelnet.template.theme import Theme
from reelnet.template.timeline import TimelineSpec


class Direction(StrEnum):
    """How a stack lays out its items."""

    COLUMN = "column"
    ROW = "row"
    GRID = "grid"
    OVERLAY = "overlay"


Align = Literal["start", "center", "end", "stretch"]


class ItemSpec(SpecModel):
    """What every panel and every stack may say of its place."""

    width: PositivePixels | None = Field(None, description="Width in pixels, instead of the natural one.")
    height: PositivePixels | None = Field(None, description="Height in pixels, instead of the natural one.")
    grow: float | None = Field(
        None, ge=0, le=1000, description="Its share of the room that is left over; 0 for none."
    )
    align_self: Align | None = Field(
        None, description="Its own place across the stack, instead of the stack's align."
    )


class PanelSpec(ItemSpec):
    """What every panel may say."""

    files: ClassVar[tuple[str, ...]] = ()
    """Options that name files; a path in them is relative to the template's file."""

    hidden: bool = Field(False, description="Leave the panel out, although the layout names it.")


class StackSpec(ItemSpec):
    """Items beside, under or over each other."""

    id: str | None = Field(
        None, description="A name by which a template that extends this one can change it."
    )
    gap: Pixels = Field(0, description="Pixels between two items.")
    padding: Pixels = Field(0, description="Pixels around all items.")
    align: Align | None = Field(
        None,
        description="Where items stand across the direction; by default stretch in a column, center in a row, "
        "start in a grid and an overlay.",
    )
    justify: Literal["start", "center", "end", "between"] = Field(
        "start", description="Where items stand along the direction when room is left over."
    )
    columns: int = Field(2, ge=1, le=256, description="Columns of a grid.")


@dataclass(frozen=True)
class Stack:
    """A stack of the layout.

    Attributes:
        items: Names of panels, and stacks.
        path: Its place in the file, for errors.
    """

    direction: Direction
    options: StackSpec
    items: tuple[Stack | str, ...]
    path: KeyPath = ()


ASPECT = re.compile(r"\d{1,4}:\d{1,4}")


class CanvasSpec(SpecModel):
    """The size of the frame. The largest whole scale that fits is taken."""

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
        description="Width to height, if no size is given: paper is added at two sides.",
    )
    max_width: EvenPixels | None = Field(None, description="Largest width of the frame in pixels.")
    max_height: EvenPixels | None = Field(None, description="Largest height of the frame in pixels.")
    max_cell: PositivePixels | None = Field(
        None, description="Largest side of a cell in pixels, where a size or a largest size is given."
    )
    scale: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Canvas pixels a map value; by default the largest whole number that fits.",
    )

    @property
    def width_limit(self) -> int | None:
        """The width that the layout may have."""
        return self.width or self.max_width

    @property
    def height_limit(self) -> int | None:
        """The height that the layout may have."""
        return self.height or self.max_height

    @field_validator("aspect", mode="before")
    @classmethod
    def _form(cls, value: Any) -> Any:
        if value is not None and not (isinstance(value, str) and ASPECT.fullmatch(value)):
            raise ValueError(f"{value!r} is neither a size such as 1080x1080 nor an aspect such as 9:16")
        return value

    @model_validator(mode="after")
    def _one_rule(self) -> CanvasSpec:
        if self.aspect is not None:
            if "0" in (part.strip("0") or "0" for part in self.aspect.split(":")):
                raise ValueError(f"aspect {self.aspect!r}: both numbers must be above 0")
            if self.width or self.height:
                raise ValueError("give either an aspect or a width and a height")
        if self.max_width is not None and self.width is not None:
            raise ValueError("give either width or max_width")
        if self.max_height is not None and self.height is not None:
            raise ValueError("give either height or max_height")
        return self


class SamplesSpec(SpecModel):
    """The samples: which, and how their columns stand. All panels of cells share this, so that they line up."""

    show: SelectorField = Field(
        Selector(),
        description="Which samples: all, a list, a range such as 0-4, counted from 0, or {first: 16}.",
    )
    gap: Pixels = Field(0, description="Pixels between two samples.")
    transposed: bool | Literal["auto"] = Field(
        False,
        description="A row for each sample and a column for each channel; auto: where there are at most half as many "
        "samples as channels. Inputs and channels then belong side by side, in a row, or the channels show the "
        "inputs themselves, by inputs: true.",
    )


class OutputSpec(SpecModel):
    """One file to write."""

    id: str | None = Field(
        None, description="A name by which a template that extends this one can change it."
    )
    path: str = Field(
        min_length=1,
        description="The file, as seen from where reelnet runs; its suffix chooses the format. {layer} in it stands "
        "for the layer's name.",
    )
    layers: tuple[str, ...] | Literal["all"] | None = Field(
        None, description="The layers to show, a file each: a list or all; by default the template's layer."
    )
    scale: int | None = Field(None, ge=1, le=256, description="Canvas pixels a map value, for this file.")
    step: int | Literal["first", "last"] | None = Field(
        None, description="For a .png: the step to show; by default the last."
    )
    for_: str | None = Field(
        None,
        alias="for",
        examples=["medium"],
        description="The platform where the file will be published; its limits are kept. `reelnet platforms` lists "
        "them.",
    )
    max_size: int | str | None = Field(
        None,
        examples=["3 MB"],
        description="The cap: bytes, or a number with a unit. Lossless if that fits, else the least loss that does.",
    )
    max_error: float | None = Field(
        None,
        ge=0,
        le=240,
        description="Under a cap: most by which a value may be off, in 240ths of the colormap; by default 4.",
    )
    keep: tuple[Literal["frames", "levels", "scale"], ...] = Field(
        (), description="Under a cap: a list of what must not be given up."
    )
    timeline: Mapping[str, Any] | None = Field(
        None, description="Keys of the timeline that differ for this file."
    )

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: tuple(each) if isinstance(each, list) else each for key, each in value.items()}


@dataclass(frozen=True)
class Output:
    """One file to write, with a timeline of its own where the author wants one.

    Attributes:
        spec: What the author wrote.
        timeline: The template's with the file's own keys.
        path: Its place in the template, for errors.
    """

    spec: OutputSpec
    timeline: TimelineSpec
    path: KeyPath

    def apply_to(self, template: Template) -> Template:
        """The template as this file has it, with its own timeline and scale."""
        own: dict[KeyPath, KeyPath] = {
            ("timeline", key): (*self.path, "timeline", key) for key in self.spec.timeline or {}
        }
        canvas = template.canvas
        if self.spec.scale is not None:
            canvas = canvas.model_copy(update={"scale": self.spec.scale})
            own["canvas", "scale"] = (*self.path, "scale")
        source_map = replace(template.source_map, moved={**template.source_map.moved, **own})
        said = {"timeline": self.spec.timeline or {}}
        if self.spec.scale is not None:
            said["canvas"] = {"scale": self.spec.scale}
        content = {**template.content}
        for section, keys in said.items():
            content[section] = {**content.get(section, {}), **keys}
        return replace(
            template, timeline=self.timeline, canvas=canvas, source_map=source_map, content=content
        )


@dataclass(frozen=True)
class Template:
    """What stands where, in which style, over which time, and which files come out.

    Attributes:
        name: As it was asked for.
        about: One sentence for people.
        layer: The tap to show; None for the last one that gives maps.
        panels: By the names that the layout uses.
        outputs: Empty if the author names none.
        source_map: File, line and column of each key, for errors.
        content: All that it says, as plain data: what it was built from, and can be built from again.
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
