"""Small pictures of what the templates make of a run."""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass

from PIL import Image

from reelnet.export.encoders.png import to_image
from reelnet.preview.files.family import Family
from reelnet.preview.scenes import Scenes

MAX_KEPT = 128
"""Pictures that are kept; one has some 10 kB."""

MAX_ASPECT = 2
"""Height to width of the part of a tall picture that is shown."""

SHARPER = 2.0
"""Times of its final size to which a picture is reduced by whole pixels before it is filtered."""


@dataclass(frozen=True)
class _Key:
    """What decides a thumbnail."""

    family: Family
    layer: str | None
    width: int
    steps: tuple[int, int]


class Thumbnails:
    """Draws thumbnails, and keeps the last ones.

    Args:
        scenes: Lays out templates.
    """

    def __init__(self, scenes: Scenes) -> None:
        self._scenes = scenes
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()

    def draw(self, family: Family, layer: str | None, width: int) -> bytes:
        """The PNG of the last step.

        Args:
            family: The template, with all that decides it.
            layer: The layer to show; None for the template's.
            width: Its width in pixels.

        Raises:
            TemplateError: The template is invalid or does not fit the run.
            UsageError: The layer was not recorded.
            RunError: The run is empty or damaged.
        """
        steps = self._scenes.run.steps
        key = _Key(family, layer, width, (len(steps), steps[-1] if steps else 0))
        if key not in self._kept:
            self._kept[key] = self._draw(key)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _draw(self, key: _Key) -> bytes:
        rendition = self._scenes.resolve(key.family, key.layer, 1)
        image = to_image(rendition.draw_step(rendition.timeline.steps_shown[-1]), rendition.palette_rgb)
        image = image.convert("RGB").crop((0, 0, image.width, min(image.height, MAX_ASPECT * image.width)))
        size = key.width, max(1, round(key.width * image.height / image.width))
        if image.width > size[0]:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=SHARPER)
        file = io.BytesIO()
        image.save(file, "PNG", compress_level=1)
        return file.getvalue()
