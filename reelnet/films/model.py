"""What the author of a film writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from reelnet.config.spec import LIST_AS_TUPLE, Density, EvenPixels, SpecModel, convert_to_tuple
from reelnet.template.theme import ThemeSpec

Seconds = Annotated[float, Field(gt=0, le=3600)]
Text = Annotated[str, Field(max_length=2000)]


def _expand(key: str) -> BeforeValidator:
    """Let a text stand for a map with one key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def _list_layers(value: Any) -> Any:
    return (value,) if isinstance(value, str) else convert_to_tuple(value)


class CanvasSpec(SpecModel):
    """The size of a film."""

    width: EvenPixels = Field(960, description="Width in pixels of the layout.")
    height: EvenPixels = Field(540, description="Height in pixels of the layout.")
    density: Density = Field(2, description="Pixels of the film per pixel of the layout.")


class TransitionSpec(SpecModel):
    """How an item replaces the one before."""

    kind: Literal["cut", "crossfade", "wipe", "slide"] = Field("cut", description="What is seen.")
    seconds: Seconds = Field(0.5, description="How long it takes; both items are seen during that time.")


class CardSpec(SpecModel):
    """A page of text."""

    title: Text = Field("", description="Large and bold.")
    text: Text = Field("", description="Below the title; line breaks stay.")
    theme: Annotated[ThemeSpec, _expand("base")] | None = Field(
        None, description="Colors and fonts; by default those of the film."
    )
    seconds: Seconds = Field(3.0, description="How long it is shown.")


class RunItemSpec(SpecModel):
    """What is shown of a run."""

    run: str | None = Field(
        None, description="The run folder, relative to the film's file; by default that of the command."
    )
    template: str = Field("wide", description="A template's name or file.")
    set: dict[str, Any] = Field({}, description="Keys of the template to change.")


class ReelSpec(RunItemSpec):
    """The animation of a run: one reel per layer."""

    layers: Annotated[tuple[str, ...], BeforeValidator(_list_layers)] = Field(
        (), description="A layer, a list of layers, or all; by default the template's."
    )


class StillSpec(RunItemSpec):
    """One step of a run."""

    layer: str | None = Field(None, description="The layer; by default the template's.")
    step: int | Literal["first", "last"] = Field("last", description="The training step.")
    seconds: Seconds = Field(3.0, description="How long it is shown.")


class ImageSpec(SpecModel):
    """A picture."""

    file: str = Field(description="The file, relative to that of the film.")
    seconds: Seconds = Field(3.0, description="How long it is shown.")


class VideoSpec(SpecModel):
    """A video, with its sound."""

    file: str = Field(description="The file, relative to that of the film.")
    start: Annotated[float, Field(ge=0)] = Field(0.0, description="Where it begins, in seconds.")
    end: Seconds | None = Field(None, description="Where it ends, in seconds; by default at its end.")


class AudioSpec(SpecModel):
    """Sound below the whole film."""

    file: str = Field(description="The file, relative to that of the film.")
    fade: Annotated[float, Field(ge=0, le=60)] = Field(1.0, description="Seconds of fading in and out.")
    gain: Annotated[float, Field(ge=-60, le=20)] = Field(0.0, description="By how much it is louder, in dB.")


ITEM_KINDS = ("card", "reel", "still", "image", "video", "clip")
"""The keys of which each item has one. Only Python gives clips."""


class ItemSpec(SpecModel):
    """An item: one of card, reel, still, image and video, and how it begins."""

    card: Annotated[CardSpec, _expand("title")] | None = None
    reel: ReelSpec | None = None
    still: StillSpec | None = None
    image: Annotated[ImageSpec, _expand("file")] | None = None
    video: Annotated[VideoSpec, _expand("file")] | None = None
    clip: Any = None
    transition: Annotated[TransitionSpec, _expand("kind")] | None = Field(
        None, description="How it replaces the item before; by default as the film says."
    )
    chapter: Text | None = Field(
        None, description="The chapter that it begins; {layer} and {run} stand for what a reel shows."
    )

    @model_validator(mode="after")
    def _check_kind(self) -> ItemSpec:
        given = [kind for kind in ITEM_KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = f"has {' and '.join(given)}" if given else "says nothing to show"
            raise ValueError(f"{found}; give one of {', '.join(ITEM_KINDS[:-1])}")
        if isinstance(self.clip, str | int | float | list | dict):
            raise ValueError("a file has no clips; give one of " + ", ".join(ITEM_KINDS[:-1]))
        return self


Items = Annotated[tuple[ItemSpec, ...], LIST_AS_TUPLE]


class FilmSpec(SpecModel):
    """A film as its author writes it."""

    canvas: CanvasSpec = CanvasSpec()
    fps: Annotated[float, Field(ge=1, le=120)] = Field(30.0, description="Frames per second.")
    theme: Annotated[ThemeSpec, _expand("base")] = ThemeSpec()
    transition: Annotated[TransitionSpec, _expand("kind")] = TransitionSpec()
    audio: Annotated[AudioSpec, _expand("file")] | None = None
    intro: Items = Field((), description="Items shown once, first.")
    items: Annotated[tuple[ItemSpec, ...], LIST_AS_TUPLE, Field(min_length=1)]
    outro: Items = Field((), description="Items shown once, last.")

    def find_items(self) -> Iterator[tuple[str, int, ItemSpec]]:
        """Every item with its list and its place in it."""
        for name in ("intro", "items", "outro"):
            for number, item in enumerate(getattr(self, name)):
                yield name, number, item
