"""Quantization over time: the bound, the exact ends, and what arrives in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reelnet.export.encoders.base import StreamInfo
from reelnet.export.encoders.formats import DEFAULT_SETTINGS
from reelnet.export.encoders.gif import GifEncoder
from reelnet.export.quantize.level_store import QuantizedMaps, RecordedMaps, quantize
from reelnet.export.quantize.temporal import (
    FineLevels,
    TemporalQuantizer,
    additional_error,
    find_possible_starts,
    rhythm_costs,
    round_to_levels,
    to_fine_levels,
)
from reelnet.reel import Reel, Run
from reelnet.render.compositor import Compositor
from tests.make_run import Bytes, write_run
from tests.rendering import decode_gif
from tests.template.text import reel_of

GREYS = np.repeat(np.arange(200, dtype=np.uint8)[:, None], 3, axis=1)
UNIT = 240 / 199
"""240ths of the colormap in one of its 200 levels."""


@st.composite
def walks(draw: st.DrawFn) -> NDArray[np.float64]:
    """Places among 200 levels, (frames, values), that wander, some in leaps."""
    frames, values = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    steps = random.normal(0, draw(st.sampled_from([0.3, 1.5, 20.0])), (frames, values))
    return np.clip(random.uniform(0, 199, values) + np.cumsum(steps, axis=0), 0, 199)


def errors(places: NDArray[np.float64], held: Bytes) -> NDArray[np.float64]:
    """In 240ths, of what is not in its own color."""
    return np.asarray(UNIT * np.abs(places - held) * (np.rint(places) != held))


def changes(levels: Bytes) -> NDArray[np.int64]:
    """How often each value changes."""
    return np.asarray((levels[1:] != levels[:-1]).sum(axis=0))


@given(walks())
def test_fine_places_keep_their_levels(places: NDArray[np.float64]) -> None:
    assert (round_to_levels(to_fine_levels(places)) == np.rint(places)).all()
    assert np.abs(to_fine_levels(places) / 256 - places).max() <= 1 / 256


def test_halves_keep_their_levels() -> None:
    places = np.arange(400) / 2
    assert (
        round_to_levels(to_fine_levels(np.minimum(places, 199))) == np.rint(np.minimum(places, 199))
    ).all()


@given(
    places=walks(),
    price=st.floats(0, 1e5),
    most=st.none() | st.floats(0, 15),
    width=st.integers(1, 12),
    longest=st.integers(1, 50),
)
def test_promises(
    places: NDArray[np.float64], price: float, most: float | None, width: int, longest: int
) -> None:
    steady, levels = TemporalQuantizer(GREYS, most, width=width, max_stretches=longest), np.rint(places)
    held = steady.quantize(to_fine_levels(places), price)
    assert held.shape == levels.shape
    assert held.dtype == np.uint8
    assert (held[0] == levels[0]).all()
    assert (held[-1] == levels[-1]).all()
    assert (changes(held) <= changes(levels.astype(np.uint8))).all()
    error = errors(places, held)
    assert most is None or error.max() <= most
    assert steady.errors(to_fine_levels(places), held) == pytest.approx(error, abs=UNIT / 128)


@given(places=walks(), price=st.floats(1, 1e5), most=st.floats(0, 15), levels=st.integers(2, 60))
def test_promises_with_fewer_levels(
    places: NDArray[np.float64], price: float, most: float, levels: int
) -> None:
    """Ends stay exact; in between stand few levels and each value's own first and last, or nothing is changed."""
    some = np.rint(np.linspace(0, 199, levels))
    gap = np.diff(some).max()
    bound = most + (gap - 1) / 2 * UNIT
    assert additional_error(200, levels) == pytest.approx(bound - most)
    own = np.rint(places).astype(np.uint8)
    held = TemporalQuantizer(GREYS, bound, width=3, levels=levels).quantize(to_fine_levels(places), price)
    assert (held[[0, -1]] == own[[0, -1]]).all()
    assert (changes(held) <= changes(own)).all()
    few = np.isin(held, some) | (held == own[0]) | (held == own[-1])
    assert (few | (held == own).all(axis=0)).all()
    # Where the bound allows none of them, the nearest is taken. Which one that is, is known to a 512th of a level,
    # because places are stored in 256ths.
    assert errors(places, held).max() <= max(bound, (gap / 2 + 1 / 512) * UNIT) + 1e-9


@given(places=walks())
def test_identity_without_a_price(places: NDArray[np.float64]) -> None:
    assert (
        TemporalQuantizer(GREYS, None, width=3).quantize(to_fine_levels(places), 0) == np.rint(places)
    ).all()


@given(places=walks())
def test_identity_without_leave(places: NDArray[np.float64]) -> None:
    assert (TemporalQuantizer(GREYS, 0.0).quantize(to_fine_levels(places), 500.0) == np.rint(places)).all()


def test_the_whole_bound_is_used() -> None:
    # 4 of 240 are 3.32 of 199: a value that is 3.3 levels away may be held, one that is 3.4 away may not.
    for away, count in ((3.3, 0), (3.4, 2)):
        places = np.array([[10.0], [10 + away], [10.0]])
        assert changes(TemporalQuantizer(GREYS, 4.0).quantize(to_fine_levels(places), 1e6)).tolist() == [
            count
        ]


def test_high_price_leaves_the_changes_to_the_ends() -> None:
    places = np.array([[10, 12, 11, 13, 60, 61, 60, 59]], float).T
    assert changes(TemporalQuantizer(GREYS, None).quantize(to_fine_levels(places), 1e7)).tolist() == [1]


def walk(frames: int, values: int) -> FineLevels:
    steps = np.random.default_rng(1).normal(0, 2, (frames, values))
    return to_fine_levels(np.clip(90 + np.cumsum(steps, axis=0), 0, 199))


def test_a_higher_price_means_fewer_changes() -> None:
    steady, exact = TemporalQuantizer(GREYS, None, width=30), walk(120, 300)
    counts = [int(changes(steady.quantize(exact, price)).sum()) for price in (0, 5, 50, 500, 5000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 4 * counts[-1]


def test_chunks_do_not_change_the_result() -> None:
    exact = walk(30, 60)
    whole = TemporalQuantizer(GREYS, None, width=6).quantize(exact, 30.0)
    chunked = TemporalQuantizer(GREYS, None, width=6, chunk_series=13).quantize(exact, 30.0)
    assert (chunked == whole).all()


def test_what_moves_much_does_not_wait_for_the_rhythm() -> None:
    """Small drifts wait for each other; a jump is shown in the frame in which it was recorded."""
    jumps = np.random.default_rng(2).integers(10, 150, 60)
    places = np.where(np.arange(160)[:, None] >= jumps, 180.0, 20.0)
    held = TemporalQuantizer(GREYS, None, width=10).quantize(to_fine_levels(places), 2000.0)
    assert (held == np.rint(places)).all()
    drifting = TemporalQuantizer(GREYS, None, width=10).quantize(walk(160, 320), 2000.0)
    changed = (drifting[1:] != drifting[:-1]).sum(axis=1)
    assert max(changed[n::8].sum() for n in range(8)) > changed.sum() / 2


EVERY_STEP = "timeline: {steps: all, fps: 10, start_pause: 0, end_pause: 0}}"
TOUCHING = "samples: {gap: 0}"
PLAIN = (
    f"{{panels: {{channels: {{labels: false, gap: 0}}}}, layout: channels, {TOUCHING}, theme: {{cell: 8}}, "
    + EVERY_STEP
)
"""Nothing but the cells, so that each pixel is one value."""


def drifting(path: Path, steps: int = 24, channels: int = 4) -> Run:
    maps = np.random.default_rng(5).normal(0, 0.03, (steps, 3, channels, 4, 4)).cumsum(axis=0)
    return write_run(path, np.clip(maps, -1, 1).astype(np.float32))


def save(reel: Reel, quantized: QuantizedMaps | None, path: Path) -> list[Bytes]:
    """The decoded frames, one for each of the timeline."""
    encoder = GifEncoder(path, StreamInfo.from_rendition(reel.rendition), DEFAULT_SETTINGS)
    for frame in Compositor(reel.scene, reel.run).frames(quantized.levels_at if quantized else None):
        encoder.add(frame)
    encoder.finish()
    gif = decode_gif(path)
    slots = [round(delay * reel.scene.timeline.fps / 100) for delay in gif.delays]
    return [frame for frame, count in zip(gif.frames, slots, strict=True) for _ in range(count)]


def level_of(reel: Reel, frames: list[Bytes]) -> NDArray[np.int64]:
    """The levels of a diverging map's colors; its indices are the first of the palette."""
    colors = {tuple(rgb): level for level, rgb in enumerate(reel.palette_rgb[: reel.scene.palette.levels])}
    return np.array([[[colors.get(tuple(rgb), -1) for rgb in row] for row in frame] for frame in frames])


def recorded_on(wanted: NDArray[np.int64], reel: Reel) -> NDArray[np.float64]:
    """The recorded values at their pixels, (frames, height, width); anything elsewhere."""
    maps = reel.run.read("conv1").astype(float)
    order = (0, 1, 3, 2, 4) if reel.scene.context.transposed else (0, 2, 3, 1, 4)
    frames, values = len(wanted), np.zeros(wanted.shape)
    for frame in range(frames):
        rows = maps[frame].transpose([axis - 1 for axis in order[1:]])
        grid = rows.reshape(rows.shape[0] * rows.shape[1], -1).repeat(2, 0).repeat(2, 1)
        values[frame][wanted[frame] >= 0] = grid.ravel()
    return values


@pytest.mark.parametrize("rows", ["channels", "samples"])
def test_error_reported_is_the_one_decoded(tmp_path: Path, rows: str) -> None:
    template = PLAIN.replace(TOUCHING, f"samples: {{gap: 0, transposed: {str(rows == 'samples').lower()}}}")
    reel = reel_of(drifting(tmp_path / "run"), template)
    maps = RecordedMaps(reel.rendition)
    exact = save(reel, None, tmp_path / "exact.gif")
    unchanged = save(reel, quantize(maps, 0.0, max_error=5), tmp_path / "unchanged.gif")
    assert all((one == other).all() for one, other in zip(exact, unchanged, strict=True))
    quantized = quantize(maps, 400.0, max_error=5)
    stats = quantized.stats
    steady = save(reel, quantized, tmp_path / "steady.gif")
    wanted, found = level_of(reel, exact), level_of(reel, steady)
    cells, levels = wanted >= 0, reel.scene.palette.levels
    assert ((found >= 0) == cells).all()
    recorded = (recorded_on(wanted, reel) + 1) / 2
    error = 240 * np.abs(found / (levels - 1) - recorded)[cells] * (wanted != found)[cells]
    assert 4 < stats.max_error <= 5
    assert stats.max_error == pytest.approx(error.max(), abs=0.01)
    assert stats.mean_error == pytest.approx(error.mean(), abs=0.01)
    assert (exact[0] == steady[0]).all()
    assert (exact[-1] == steady[-1]).all()
    assert (tmp_path / "steady.gif").stat().st_size < (tmp_path / "exact.gif").stat().st_size


def test_only_what_moves_is_held(tmp_path: Path) -> None:
    run = drifting(tmp_path / "run")
    template = """{panels: {a: {kind: channels, show: [2, 0]}, b: {kind: channels, show: 0-1},
        c: {kind: channels, step: 7}}, layout: {column: [a, b, c]}}"""
    reel = reel_of(run, template)
    quantized = quantize(RecordedMaps(reel.rendition), 1e4, max_error=None)
    # Channel 3 is in the panel that stays, and nowhere else.
    assert sum(quantized.stats.changes) <= 24 * 3 * 3 * 16
    assert (quantized.levels_at(3)["conv1"][:, 3] == 0).all()
    frames = [frame.indices for frame in Compositor(reel.scene, run).frames(quantized.levels_at)]
    exact = [frame.indices for frame in Compositor(reel.scene, run).frames()]
    box = dict(reel.scene.boxes)["c"]
    pinned = np.s_[box.y : box.bottom, box.x : box.right]
    assert all((one[pinned] == other[pinned]).all() for one, other in zip(frames, exact, strict=True))
    assert any((one != other).any() for one, other in zip(frames, exact, strict=True))


def test_a_reel_without_maps(tmp_path: Path) -> None:
    reel = reel_of(drifting(tmp_path / "run"), "{panels: {counter: {}}, layout: counter}")
    quantized = quantize(RecordedMaps(reel.rendition), 10.0, max_error=4)
    assert (quantized.stats.max_error, quantized.levels_at(0)) == (0, {})


def test_values_that_are_not_numbers_stay_marked(tmp_path: Path) -> None:
    maps = np.random.default_rng(5).normal(0, 0.03, (9, 1, 2, 4, 4)).cumsum(axis=0).astype(np.float32)
    maps[4, 0, 1, 2, 2] = np.nan
    reel = reel_of(write_run(tmp_path / "run", maps), PLAIN)
    quantized = quantize(RecordedMaps(reel.rendition), 1e4, max_error=None)
    exact = [frame.indices for frame in Compositor(reel.scene, reel.run).frames()]
    steady = [frame.indices for frame in Compositor(reel.scene, reel.run).frames(quantized.levels_at)]
    marked = exact[4] >= reel.scene.palette.levels
    assert (steady[4][marked] == exact[4][marked]).all()
    assert ((steady[4] >= reel.scene.palette.levels) == marked).all()


ALL = 255


def bounds(places: NDArray[np.float32], most: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    levels = np.rint(places)
    low, high = np.clip([levels - most, levels + most], 0, ALL).astype(np.uint8)
    return low, high


@given(
    seed=st.integers(0, 1000),
    frames=st.integers(1, 70),
    step=st.floats(0, 20),
    most=st.integers(0, 40),
    price=st.floats(1, 3e4),
)
def test_stretches_are_allowed(seed: int, frames: int, step: float, most: int, price: float) -> None:
    places = (
        np.random.default_rng(seed)
        .normal(0, step, (frames, 3))
        .cumsum(axis=0)
        .clip(0, ALL)
        .astype(np.float32)
    )
    low, high = bounds(places, most)
    begins = find_possible_starts(places, low, high, price)
    assert begins[0] == 0
    assert begins[-1] == frames - 1
    assert (np.diff(begins) > 0).all()
    assert set(range(0, frames, 8)) <= set(begins)
    for first, end in zip(begins, [*begins[1:], frames], strict=True):
        assert (low[first:end].max(axis=0) <= high[first:end].min(axis=0)).all()


def test_what_drifts_changes_in_every_eighth_frame() -> None:
    places = np.linspace(100, 101, 65, dtype=np.float32)[:, None].repeat(4, axis=1)
    assert find_possible_starts(places, *bounds(places, 20), change_cost=100).tolist() == list(
        range(0, 65, 8)
    )


def test_what_leaps_changes_at_once() -> None:
    places = np.full((65, 4), 100, np.float32)
    places[35:, 2] = 160
    begins = find_possible_starts(places, *bounds(places, 20), change_cost=100)
    assert 35 in begins
    assert len(begins) < 20


def test_the_cheaper_a_change_the_more_frames() -> None:
    places = np.random.default_rng(3).normal(0, 0.3, (64, 5)).cumsum(axis=0).astype(np.float32) + 100
    low, high = np.zeros(places.shape, np.uint8), np.full(places.shape, ALL, np.uint8)
    counts = [len(find_possible_starts(places, low, high, price)) for price in (1, 10, 100, 1000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 50
    assert counts[-1] == 9


def test_changes_are_cheapest_in_every_eighth_frame() -> None:
    some = rhythm_costs(17)
    assert np.flatnonzero(some == 1).tolist() == [0, 8, 16]
    assert (some[[4, 12]] < some[[2, 6, 10, 14]].min()).all()
    assert (some[1::2] == some.max()).all()
