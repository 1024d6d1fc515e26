"""The maps of a rendition, held steady over its frames."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reelnet.export.quantize.disk_table import Table
from reelnet.export.quantize.potts import Bytes
from reelnet.export.quantize.temporal import Fine, Loss, Steady, coarseness, fine, nearest
from reelnet.runs.run import RunReader
from reelnet.scene.panel import HasLevelMaps, LevelMaps
from reelnet.scene.resolve import Scene

BLOCK = 1_000_000
"""Values, each frame's counted, that are held at a time, and whose rows lie together on disk."""

SAMPLE, FEWEST = 150_000, 6
"""Values of a sample, each frame's counted, and rows at the least."""

MOST_WORKERS = 4


class Held:
    """The levels of all maps that move in a rendition; `at` is what `Compositor.frames` asks.

    They lie in temporary files, since a rendition may be long; the files go with the object.

    Args:
        scene: Of the rendition.
        run: Of the rendition.
        most: Bound on the error of every value in every frame, in 240ths of the colormap; None for none. With fewer
            levels a value may be further off by as much as the nearest of them is.
        levels: How many levels of the colormap are enough between the first frame and the last; None for all.

    Attributes:
        levels: Likewise, as a number.

    Raises:
        RunError: A step's file is missing, truncated or altered.
    """

    def __init__(
        self, scene: Scene, run: RunReader, most: float | None, *, levels: int | None = None
    ) -> None:
        self._frames, every = len(scene.timeline), scene.palette.levels
        self.levels = every if levels is None else min(levels, every)
        if most is not None:
            most += coarseness(every, self.levels)
        self._last: tuple[float, Loss] | None = None
        blocks: dict[str, list[LevelMaps]] = {}
        for drawing in scene.drawings:
            for block in drawing.level_maps() if isinstance(drawing, HasLevelMaps) else ():
                blocks.setdefault(block.tap, []).append(block)
        self._maps = {tap: _Maps(shown, self._frames, most, self.levels) for tap, shown in blocks.items()}
        for number, frame in enumerate(scene.timeline if blocks else ()):
            snapshot = run.snapshot(frame.step, blocks)
            for tap, maps in self._maps.items():
                maps.put(number, np.asarray(snapshot.taps[tap]))

    def fit(self, price: float) -> Loss:
        """Hold all values; frames that were not drawn yet show them at this price.

        Args:
            price: See `Steady.fit`.
        """
        if self._last is not None and self._last[0] == price:
            return self._last[1]
        losses = [loss for maps in self._maps.values() for loss in maps.fit(price)]
        changed = np.zeros(self._frames, np.int64)
        for each in losses:
            changed += each.changed
        values = self._frames * sum(maps.count for maps in self._maps.values())
        loss = Loss(
            most=max((each.most for each in losses), default=0.0),
            mean=sum(each.error for each in losses) / max(1, values),
            changed=tuple(changed.tolist()),
        )
        self._last = price, loss
        return loss

    def at(self, number: int) -> Mapping[str, Bytes]:
        """For each tap the levels of a frame, counted from 0; as they were before the first `fit`."""
        return {tap: maps.at(number) for tap, maps in self._maps.items()}

    def samples(self) -> list[Sample]:
        """Some rows of each tap's maps, from all over them."""
        return [maps.sample() for maps in self._maps.values()]


class CachedDrawing:
    """The levels of one frame, in every frame; what a file has beside its maps is then alone.

    Args:
        held: The levels of all frames.
        number: Of the frame.
    """

    def __init__(self, held: Held, number: int) -> None:
        self._levels = held.at(number)

    def at(self, _number: int) -> Mapping[str, Bytes]:
        """For each tap the levels."""
        return self._levels


class Sample:
    """Some values of a tap, by which one can tell how all of them behave.

    Args:
        exact: (frames, values), whole rows.
        colours: Of their levels.
        width: Values in a row.
        share: The part of all values that they are.
    """

    def __init__(self, exact: Fine, colours: NDArray[np.uint8], width: int, share: float) -> None:
        self.exact, self.colours, self.width, self.share = exact, colours, width, share

    def changes(self, price: float, most: float, levels: int | None = None) -> float:
        """About how many changes all values make when they are held; see `Held` for the arguments."""
        common = int(np.bincount(nearest(self.exact[-1])).argmax())
        most += coarseness(len(self.colours), levels)
        steady = Steady(self.colours, most, width=self.width, common=common, levels=levels)
        held = steady.fit(self.exact, price)
        return int(np.count_nonzero(held[1:] != held[:-1])) / self.share

    def thinned(self, frames: int) -> Sample:
        """With so many frames, spread evenly."""
        shown = np.rint(np.linspace(0, len(self.exact) - 1, frames)).astype(np.intp)
        return Sample(self.exact[shown], self.colours, self.width, self.share)


class _Held:
    """What holding a part of the values cost; the error is a sum."""

    def __init__(self, errors: NDArray[np.float32], held: Bytes) -> None:
        self.most, self.error = float(errors.max(initial=0)), float(errors.sum(dtype=np.float64))
        self.changed = np.zeros(len(held), np.int64)
        self.changed[1:] = np.count_nonzero(held[1:] != held[:-1], axis=1)


class _Maps:
    """One tap's levels in all frames, in rows as they stand on the canvas."""

    def __init__(self, blocks: list[LevelMaps], frames: int, most: float | None, levels: int) -> None:
        self._block, self._frames, self._most, self._levels = blocks[0], frames, most, levels
        # Panels may show different parts of a tap.
        samples = tuple(dict.fromkeys(position for block in blocks for position in block.samples))
        channels = tuple(dict.fromkeys(position for block in blocks for position in block.channels))
        self._shown = np.ix_(samples, channels)
        self._axes = (0, 2, 1, 3) if self._block.rows_are_samples else (1, 2, 0, 3)
        shape = len(samples), len(channels), *self._block.shape[2:]
        self._rows = tuple(shape[axis] for axis in self._axes)
        self._width = self._rows[2] * self._rows[3]
        self.count = int(np.prod(shape))
        at_once = max(1, BLOCK // max(1, frames * self._width)) * self._width
        self._exact = Table(frames, self.count, at_once, np.uint16)
        self._fitted = Table(frames, self.count, at_once, np.uint8)
        self._common = 0

    def put(self, number: int, values: NDArray[np.generic]) -> None:
        """Take the values of a frame."""
        places = self._block.positions(values)[self._shown].transpose(self._axes).ravel()
        exact = fine(places)
        self._exact.put(number, exact)
        self._fitted.put(number, nearest(exact))
        if number == self._frames - 1 and exact.size:
            self._common = int(np.bincount(nearest(exact)).argmax())

    def fit(self, price: float) -> Iterator[_Held]:
        """Hold all values, a block at a time."""

        def fit_block(number: int) -> _Held:
            exact = self._exact.block(number)
            held = self._steady.fit(exact, price, number * self._exact.width)
            self._fitted.put_block(number, held)
            return _Held(self._steady.errors(exact, held), held)

        with ThreadPoolExecutor(min(MOST_WORKERS, os.cpu_count() or 1)) as pool:
            yield from pool.map(fit_block, range(self._exact.blocks))

    def at(self, number: int) -> Bytes:
        """The levels of a frame, (samples, channels, height, width)."""
        levels = np.zeros(self._block.shape, np.uint8)
        rows = self._fitted.frame(number).reshape(self._rows)
        levels[self._shown] = rows.transpose(np.argsort(self._axes))
        return levels

    def sample(self) -> Sample:
        """Rows from all over the maps."""
        rows = self.count // self._width
        wanted = min(rows, max(FEWEST, SAMPLE // max(1, self._frames * self._width)))
        chosen = np.unique(np.linspace(0, rows - 1, wanted).astype(np.intp))
        values = (chosen[:, None] * self._width + np.arange(self._width)).ravel()
        exact = self._exact.columns(values)
        return Sample(exact, self._block.colors, self._width, len(chosen) / rows)

    @cached_property
    def _steady(self) -> Steady:
        colours = self._block.colors
        return Steady(colours, self._most, width=self._width, common=self._common, levels=self._levels)
