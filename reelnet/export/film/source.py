"""What is written into the file of a film."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from reelnet.export.encoders.base import Chapter
from reelnet.export.encoders.sound import Sound
from reelnet.render.compositor import Frame
from reelnet.scene.layout.boxes import Size
from reelnet.scene.panel import Canvas


@dataclass(frozen=True)
class FilmSource:
    """A film, whose frames are drawn on demand, one at a time.

    Attributes:
        size: Width and height of every frame, in pixels.
        fps: Frames per second.
        count: The number of frames, 1 or more.
        draw: Returns the frame of a number, from 0: colors (height, width), see `encoders.true_color.colors`.
        sound: What is heard; None for a silent film.
        chapters: Its chapters, in order.
    """

    size: Size
    fps: Fraction
    count: int
    draw: Callable[[int], Canvas]
    sound: Sound | None = None
    chapters: tuple[Chapter, ...] = ()

    @property
    def duration(self) -> Fraction:
        """In seconds."""
        return self.count / self.fps

    def frames(self) -> Iterator[Frame]:
        """The frames in order."""
        for number in range(self.count):
            yield Frame(self.draw(number), number / self.fps, 1 / self.fps)

    def with_even_size(self) -> FilmSource:
        """The same film with even sides, as video codecs require: its last column and row are repeated."""
        odd = self.size.height % 2, self.size.width % 2
        if not any(odd):
            return self
        size = Size(self.size.width + odd[1], self.size.height + odd[0])
        draw = self.draw
        return replace(
            self,
            size=size,
            draw=lambda number: np.pad(draw(number), [(0, side) for side in odd], mode="edge"),
        )
