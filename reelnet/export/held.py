"""The maps of a reel, held steady over its frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from reelnet.compose.panels.block import BlockDrawing
from reelnet.compose.panels.channels import ChannelsDrawing
from reelnet.export.potts import Bytes
from reelnet.export.steady import Loss, Steady
from reelnet.runs.run import Run
from reelnet.scene.resolve import Scene


class Held:
    """The levels of all maps that move in a reel; `at` is what `Compositor.frames` asks.

    They lie in temporary files, since a reel may be long; the files go with the object.

    Args:
        scene: Of the reel.
        run: Of the reel.
        most: Bound on the error of every value in every frame, in levels; None for none.

    Raises:
        RunError: A step's file is missing, truncated or altered.
    """

    def __init__(self, scene: Scene, run: Run, most: int | None) -> None:
        self._frames = len(scene.timeline)
        blocks: dict[str, list[BlockDrawing]] = {}
        for drawing in scene.drawings:
            for block in drawing.moving if isinstance(drawing, ChannelsDrawing) else ():
                blocks.setdefault(block.tap, []).append(block)
        self._maps = {tap: _Maps(shown, self._frames) for tap, shown in blocks.items()}
        for number, frame in enumerate(scene.timeline if blocks else ()):
            snapshot = run.snapshot(frame.step, blocks)
            for tap, maps in self._maps.items():
                maps.put(number, np.asarray(snapshot.taps[tap]))
        self._steady = {tap: maps.steady(most) for tap, maps in self._maps.items()}

    def fit(self, price: float) -> Loss:
        """Hold all values; frames that were not drawn yet show them at this price.

        Args:
            price: See `Steady.fit`.
        """
        losses = []
        for tap, maps in self._maps.items():
            fitted = self._steady[tap].fit(price, maps.fitted)
            losses.append((self._steady[tap].loss(fitted), fitted.size))
        return _joined(losses, self._frames)

    def at(self, number: int) -> Mapping[str, Bytes]:
        """For each tap the levels of a frame, counted from 0; as they were before the first `fit`."""
        return {tap: maps.at(number) for tap, maps in self._maps.items()}


class _Maps:
    """One tap's levels in all frames, in rows as they stand on the canvas."""

    def __init__(self, blocks: list[BlockDrawing], frames: int) -> None:
        self._block = blocks[0]
        # Panels may show different parts of a tap.
        samples, channels = (
            tuple(dict.fromkeys(position for block in blocks for position in block.shown[axis]))
            for axis in (0, 1)
        )
        self._shown = np.ix_(samples, channels)
        self._axes = (0, 2, 1, 3) if self._block.rows_are_samples else (1, 2, 0, 3)
        shape = len(samples), len(channels), *self._block.shape[2:]
        self._rows = tuple(shape[axis] for axis in self._axes)
        self._exact, self.fitted = (_on_disk((frames, int(np.prod(shape)))) for _ in range(2))

    def put(self, number: int, values: NDArray[np.generic]) -> None:
        """Take the values of a frame."""
        levels = self._block.levels(values[self._shown]).transpose(self._axes).ravel()
        self._exact[number] = self.fitted[number] = levels

    def steady(self, most: int | None) -> Steady:
        """All of them, to be held."""
        return Steady(self._exact, self._block.colours, most, width=self._rows[2] * self._rows[3])

    def at(self, number: int) -> Bytes:
        """The levels of a frame, (samples, channels, height, width)."""
        levels = np.zeros(self._block.shape, np.uint8)
        rows = self.fitted[number].reshape(self._rows)
        levels[self._shown] = rows.transpose(np.argsort(self._axes))
        return levels


def _on_disk(shape: tuple[int, int]) -> Bytes:
    """An array in a file without a name, which lasts as long as the array."""
    with TemporaryFile() as file:
        return np.memmap(file, np.uint8, "w+", shape=shape)


def _joined(losses: Iterable[tuple[Loss, int]], frames: int) -> Loss:
    """The loss of all taps; each is given with the number of its values in all frames."""
    most, total, count, changed = 0, 0.0, 0, np.zeros(frames, np.int64)
    for loss, size in losses:
        most, total, count = max(most, loss.most), total + loss.mean * size, count + size
        changed += loss.changed
    return Loss(most, total / max(1, count), tuple(changed.tolist()))
