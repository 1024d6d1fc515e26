"""Tables on disk, and panels of one's own that are quantized."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.export.quantize.level_store import DiskTable, RecordedMaps, quantize
from reelnet.panels import Box, Canvas, FrameState, LevelMaps, Measure, PaletteBuilder, Panel, SceneContext
from tests.export.coding import by_pillow
from tests.make_run import write_run
from tests.template.text import reel_of


def test_a_table_gives_back_what_it_got() -> None:
    values = np.random.default_rng(1).integers(0, 60_000, (37, 23), dtype=np.uint16)
    table = DiskTable(37, 23, 7, np.uint16)
    for number, row in enumerate(values):
        table.write_frame(number, row)
    assert (table.blocks, table.width) == (4, 7)
    assert all((table.read_frame(number) == values[number]).all() for number in (0, 36, 5, 6, 20))
    assert (np.concatenate([table.read_block(n) for n in range(4)], axis=1) == values).all()
    assert (table.read_series(np.array([0, 6, 7, 22])) == values[:, [0, 6, 7, 22]]).all()
    table.write_block(1, values[:, 7:14] // 2)
    assert (table.read_frame(20)[7:14] == values[20, 7:14] // 2).all()
    assert (table.read_frame(20)[14:] == values[20, 14:]).all()


def test_some_frames_of_the_maps_are_quantized_alone(tmp_path: Path) -> None:
    walk = np.random.default_rng(3).normal(0, 0.05, (40, 2, 3, 5, 5)).cumsum(axis=0)
    maps = RecordedMaps(write_run(tmp_path / "run", np.tanh(walk).astype(np.float32)).reel("plain").rendition)
    exact = quantize(maps, 0.0, max_error=4)
    assert maps.changes.tolist() == [*exact.stats.changes]
    some = np.array([4, 5, 6, 7, 20, 21, 22])
    part = quantize(maps.select(some), 0.0, max_error=4)
    assert all((part.levels_at(n)["conv1"] == exact.levels_at(n)["conv1"]).all() for n in some.tolist())
    steady = quantize(maps.select(some), 1e4, max_error=4)
    assert sum(steady.stats.changes) < sum(part.stats.changes)


class Tiles(Panel):
    """A panel of one's own: the second channel of each sample, 4 pixels per value."""

    def taps(self, context: SceneContext) -> tuple[str, ...]:
        return (context.layer,)

    def measure(self, context: SceneContext) -> Measure:
        samples, _, height, width = context.require(context.layer).shape
        return Measure(4 * samples * width, 4 * height)

    def place(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> TilesDrawing:
        return TilesDrawing(context, box, palette)


class TilesDrawing:
    def __init__(self, context: SceneContext, box: Box, palette: PaletteBuilder) -> None:
        self._view, self._box = context.view(context.layer), box
        self._map = palette.colormap(self._view.anchors)

    def level_maps(self) -> list[LevelMaps]:
        shape = self._view.tap.shape
        samples = tuple(range(shape[0]))
        return [LevelMaps(self._view.name, self._map.colors, shape, samples, (1,), self._positions)]

    def _positions(self, values: NDArray[Any]) -> NDArray[np.float64]:
        limits = self._view.limits
        part = (values.astype(np.float64) - limits.low) / (limits.high - limits.low)
        return np.asarray(part.clip(0, 1) * (len(self._map.colors) - 1))

    def draw_still(self, canvas: Canvas) -> None:
        pass

    def draw(self, canvas: Canvas, state: FrameState) -> None:
        tap = self._view.name
        if state.levels is not None:
            levels = state.levels[tap]
        else:
            levels = np.rint(self._positions(np.asarray(state.snapshot.taps[tap]))).astype(np.uint8)
        row = np.concatenate(list(levels[:, 1]), axis=1).repeat(4, 0).repeat(4, 1)
        box = self._box
        canvas[box.y : box.bottom, box.x : box.x + row.shape[1]] = self._map.indices_for(canvas)[row]


def test_a_panel_of_ones_own_is_quantized_under_a_cap(tmp_path: Path) -> None:
    walk = np.random.default_rng(3).normal(0, 0.02, (60, 3, 2, 5, 5)).cumsum(axis=0)
    run = write_run(tmp_path / "run", np.tanh(walk).astype(np.float32))
    timeline = "{steps: all, fps: 10, start_pause: 0, end_pause: 0}"
    template = f"{{panels: {{tiles: {{}}}}, layout: tiles, timeline: {timeline}}}"
    reel = reel_of(run, template, panels={"tiles": Tiles})
    whole = reel.save(tmp_path / "whole.gif").bytes
    report = reel.save(tmp_path / "a.gif", max_size=int(0.6 * whole), keep=["frames", "levels", "scale"])
    assert report.bytes <= 0.6 * whole
    assert 0 < report.max_error_levels <= 4
    decoded = by_pillow(tmp_path / "a.gif")
    colors = {tuple(map(int, rgb)): n for n, rgb in enumerate(reel.palette_rgb[: reel.scene.palette.levels])}
    x, y = reel.scene.boxes[0][1].x + 1, reel.scene.boxes[0][1].y + 1
    shown, exact = [], []
    frames = [
        picture
        for picture, delay in zip(decoded.frames, np.diff([*decoded.times, decoded.duration]), strict=True)
        for _ in range(round(delay * 10))
    ]
    recorded = run.read("conv1").astype(np.float64)[:, :, 1]
    limits, count = reel.scene.context.view("conv1").limits, reel.scene.palette.levels
    for step, picture in enumerate(frames):
        cells = picture[y : y + 20 : 4, x : x + 60 : 4]
        shown.append([[colors[tuple(map(int, rgb))] for rgb in row] for row in cells])
        part = (np.concatenate(list(recorded[step]), axis=1) - limits.low) / (limits.high - limits.low)
        exact.append(part.clip(0, 1) * (count - 1))
    levels, positions = np.array(shown), np.array(exact)
    errors = np.where(np.rint(positions) == levels, 0, np.abs(positions - levels)) * 240 / (count - 1)
    assert report.max_error_levels == pytest.approx(errors.max(), abs=240 / (count - 1) / 256)
    assert errors.max() <= 4
    assert (errors[[0, -1]] == 0).all()
    own = np.rint(positions)
    assert np.count_nonzero(np.diff(levels, axis=0)) < 0.8 * np.count_nonzero(np.diff(own, axis=0))
