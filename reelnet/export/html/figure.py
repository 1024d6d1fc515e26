"""A figure in memory: its layers at all steps. Fewer steps or layers are chosen without describing anything again."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from reelnet.export.html.color_table import ColorTable, find_dark
from reelnet.export.html.figure_layer import FigureLayer, describe_layer
from reelnet.export.html.item_writer import SchemeMismatch
from reelnet.export.html.level_coding import compress_blocks
from reelnet.export.html.page import FigurePage, encode_json
from reelnet.export.html.words import write_alt, write_title
from reelnet.render.rendition import Rendition
from reelnet.scene.panel import HasLevelMaps
from reelnet.scene.timeline.filling import choose_steps, keep_steps
from reelnet.scene.timeline.timeline import Timeline

FORMAT_VERSION = 1

MAX_STEPS = 1000
"""Steps of a figure. A slider has about 600 positions."""

CHUNK_STEPS = 128
"""Steps per file where a web server delivers the levels."""

FIGURE_LEVELS = 201
"""Fewest levels of a colormap: with limits of -1 and 1, each level is a multiple of 0.01, as the figure prints it."""

POSTER_COLORS = 64
"""Colors of the picture that is shown without the script; more take a third more bytes and look the same."""

OnProgress = Callable[[int, int], None]
OnLayer = Callable[[int, FigureLayer], None]


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        renditions: Its layers as they are laid out, those that look alike once; the first one decides the timeline.
        layers: The same as JSON and levels.
        timeline: Which step is shown when.
        colors: Its colors.
        images: Data URLs of its pictures.
        background: Number of the color of the background.
    """

    renditions: tuple[Rendition, ...]
    layers: tuple[FigureLayer, ...]
    timeline: Timeline
    colors: ColorTable
    images: Sequence[str]
    background: int

    @classmethod
    def from_renditions(
        cls,
        renditions: Sequence[Rendition],
        on_progress: OnProgress,
        on_layer: OnLayer = lambda number, layer: None,
        max_steps: int = MAX_STEPS,
        *,
        has_dark: bool = True,
    ) -> Figure:
        """Describe layers at some steps, those of the first layer's timeline and all between.

        Args:
            renditions: The layers as they are laid out.
            on_progress: Called with the number of finished and of all steps, over all layers.
            on_layer: Called with the number of a layer, from 0, and the layer, once it is described. If the scene
                turns out to have no dark scheme, all layers are described again.
            max_steps: The most steps.
            has_dark: Whether it has a dark scheme, unless the template decides its colors.

        Raises:
            RunError: The file of a step is missing, truncated or altered.
        """
        renditions = tuple(rendition.with_full_levels(FIGURE_LEVELS) for rendition in renditions)
        dark = [find_dark(rendition) if has_dark else None for rendition in renditions]
        timeline = renditions[0].with_steps(max_steps).timeline
        try:
            return cls._describe(renditions, dark, timeline, on_progress, on_layer)
        except SchemeMismatch:
            return cls._describe(renditions, [None] * len(dark), timeline, on_progress, on_layer)

    @classmethod
    def _describe(
        cls,
        renditions: tuple[Rendition, ...],
        dark: Sequence[Rendition | None],
        timeline: Timeline,
        on_progress: OnProgress,
        on_layer: OnLayer,
    ) -> Figure:
        if None in dark:
            dark = [None] * len(dark)
        colors = ColorTable(has_dark=None not in dark)
        steps, layers, images = timeline.steps_shown, list[FigureLayer](), list[str]()
        shown: list[Rendition] = []
        for number, (rendition, other) in enumerate(zip(renditions, dark, strict=True)):

            def on_step(done: int, before: int = number * len(steps)) -> None:
                on_progress(before + done, len(renditions) * len(steps))

            layer = describe_layer(rendition, other, steps, colors, images, on_step)
            if any(map(layer.looks_like, layers)):
                # A menu of equal pictures would promise a choice.
                continue
            on_layer(len(layers), layer)
            layers.append(layer)
            shown.append(rendition)
        scenes = renditions[0].scene, (dark[0] or renditions[0]).scene
        background = colors.add(*(scene.background.color for scene in scenes))
        if all(layer.is_still for layer in layers):
            # There is nothing to choose or to play.
            timeline, layers = keep_steps(timeline, {steps[0]}), [layer.select_steps([0]) for layer in layers]
        return cls(tuple(shown), tuple(layers), timeline, colors, images, background)

    @property
    def steps(self) -> tuple[int, ...]:
        """The training steps, ascending."""
        return self.timeline.steps_shown

    def with_steps(self, count: int) -> Figure:
        """The figure with at most `count` steps, or as few as its timeline allows."""
        if count >= len(self.steps):
            return self
        rendition = self.renditions[0]
        steps = choose_steps(rendition.scene.timeline_plan, rendition.timeline, self.steps, count)
        numbers = {step: number for number, step in enumerate(self.steps)}
        layers = tuple(layer.select_steps([numbers[step] for step in steps]) for layer in self.layers)
        return replace(self, layers=layers, timeline=keep_steps(self.timeline, {*steps}))

    def with_layers(self, count: int) -> Figure:
        """The figure with its first layers only."""
        return replace(self, renditions=self.renditions[:count], layers=self.layers[:count])

    @cached_property
    def title(self) -> str:
        """The title of the page."""
        return write_title(self.renditions, self.layers)

    @cached_property
    def poster(self) -> bytes:
        """The PNG of the last step that is shown without the script."""
        return _draw_poster(self.renditions[0], self.steps[-1])

    @cached_property
    def alt(self) -> str:
        """What it shows, in words."""
        return write_alt(self.renditions, self.layers, self.steps)

    def make_chunks(self) -> Iterator[list[bytes]]:
        """For each layer the compressed levels, `CHUNK_STEPS` steps after the other."""
        for layer in self.layers:
            starts = range(0, len(self.steps), CHUNK_STEPS)
            yield [compress_blocks(layer.order_data(start, start + CHUNK_STEPS)) for start in starts]

    def make_page(self, data: Sequence[bytes], chunks: Sequence[Sequence[str]] = ()) -> FigurePage:
        """The page.

        Args:
            data: The compressed levels of each layer; empty if they are in files.
            chunks: For each layer the files with its levels, relative to the page; empty if they are in the page.
        """
        scene = self.make_scene(
            [
                {"chunks": chunks[number]} if chunks else {"data": f"data-{number}"}
                for number in range(len(self.layers))
            ]
        )
        width, height = self.layers[0].size
        return FigurePage(
            self.title, self.alt, (width, height), self.poster, encode_json(scene), data, bool(chunks)
        )

    def make_scene(self, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the script draws, as JSON.

        Args:
            sources: For each layer the keys that say where its levels are.
        """
        numbers = {step: number for number, step in enumerate(self.steps)}
        shown = {number for layer in self.layers for number in layer.image_numbers}
        return {
            "version": FORMAT_VERSION,
            "title": self.title,
            "alt": self.alt,
            "size": self.layers[0].size,
            "background": self.background,
            "colors": self.colors.as_json(),
            "fixedScheme": not self.colors.has_dark,
            "steps": self.steps,
            "frames": [
                # Both ends are rounded, so that rounding errors do not add up.
                [numbers[frame.step], round(1000 * (frame.pts + frame.duration)) - round(1000 * frame.pts)]
                for frame in self.timeline
            ],
            "loop": self.renditions[0].request.template.timeline.plays,
            "chunkSteps": CHUNK_STEPS,
            "images": [url if number in shown else "" for number, url in enumerate(self.images)],
            "layers": [
                {**layer.as_json(), **source} for layer, source in zip(self.layers, sources, strict=True)
            ],
        }


def _draw_poster(rendition: Rendition, step: int) -> bytes:
    """The PNG of a step."""
    pixels = np.take(rendition.palette_rgb, rendition.draw_step(step), axis=0)
    image = Image.fromarray(pixels).quantize(POSTER_COLORS, dither=Image.Dither.NONE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def count_values(rendition: Rendition) -> int:
    """How many values of maps a rendition shows at each step."""
    drawings = (drawing for drawing in rendition.scene.drawings if isinstance(drawing, HasLevelMaps))
    return sum(
        len(maps.samples) * len(maps.channels) * math.prod(maps.shape[2:])
        for drawing in drawings
        for maps in drawing.level_maps()
    )
