"""Values held over time: the bound, the exact ends, the optimum, and what arrives in a file."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reelnet.compose.compositor import Compositor
from reelnet.export.gif import GifEncoder
from reelnet.export.held import Held
from reelnet.export.potts import cut
from reelnet.export.steady import Steady
from reelnet.reel import Reel
from reelnet.runs.run import Run
from tests.rendering import Bytes, decode_gif, write_run
from tests.template.text import reel_of

GREYS = np.repeat(np.arange(200, dtype=np.uint8)[:, None], 3, axis=1)


@st.composite
def walks(draw: st.DrawFn) -> Bytes:
    """Levels (frames, values) that wander, some in leaps."""
    frames, values = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    steps = random.normal(0, draw(st.sampled_from([0.3, 1.5, 20.0])), (frames, values))
    return np.clip(random.uniform(0, 199, values) + np.cumsum(steps, axis=0), 0, 199).astype(np.uint8)


def errors(exact: Bytes, held: Bytes) -> NDArray[np.int64]:
    return np.abs(exact.astype(int) - held)


def changes(levels: Bytes) -> NDArray[np.int64]:
    """How often each value changes."""
    return np.asarray((levels[1:] != levels[:-1]).sum(axis=0))


@settings(deadline=None)
@given(
    levels=walks(),
    price=st.floats(0, 1e5),
    most=st.none() | st.integers(0, 12),
    width=st.integers(1, 12),
    longest=st.integers(1, 50),
)
def test_promises(levels: Bytes, price: float, most: int | None, width: int, longest: int) -> None:
    steady = Steady(levels, GREYS, most, width=width, longest=longest)
    held = steady.fit(price)
    assert held.shape == levels.shape
    assert held.dtype == np.uint8
    assert (held[0] == levels[0]).all()
    assert (held[-1] == levels[-1]).all()
    assert (changes(held) <= changes(levels)).all()
    error, loss = errors(levels, held), steady.loss(held)
    assert most is None or error.max() <= most
    assert loss.most == error.max()
    assert loss.mean == pytest.approx(error.mean())
    assert loss.changed == (0, *(held[1:] != held[:-1]).sum(axis=1))


@given(levels=walks())
def test_identity_without_a_price(levels: Bytes) -> None:
    steady = Steady(levels, GREYS, None, width=3)
    assert (steady.fit(0) == levels).all()


@given(levels=walks())
def test_identity_without_leave(levels: Bytes) -> None:
    assert (Steady(levels, GREYS, 0).fit(500.0) == levels).all()


def test_high_price_leaves_the_changes_to_the_ends() -> None:
    levels = np.array([[10, 12, 11, 13, 60, 61, 60, 59]], np.uint8).T
    held = Steady(levels, GREYS, None).fit(1e7)
    assert changes(held).tolist() == [1]


def test_a_higher_price_means_fewer_changes() -> None:
    levels = np.clip(
        90 + np.cumsum(np.random.default_rng(1).normal(0, 2, (120, 300)), axis=0), 0, 199
    ).astype(np.uint8)
    steady = Steady(levels, GREYS, None, width=30)
    counts = [int(changes(steady.fit(price)).sum()) for price in (0, 5, 50, 500, 5000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 4 * counts[-1]


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = np.random.default_rng(2).integers(80, 90, (30, 60), dtype=np.uint8)
    whole = Steady(levels, GREYS, None, width=6).fit(30.0)
    monkeypatch.setattr("reelnet.export.steady.CHUNK", 13)
    assert (Steady(levels, GREYS, None, width=6).fit(30.0) == whole).all()


def least_cost(series: Any, prices: Any, most: int | None, longest: int) -> float:
    """Of all ways to cut a series, the cheapest, by trying them all."""
    last, costs = len(series) - 1, []
    for count in range(len(series)):
        for cuts in combinations(range(1, len(series)), count):
            ends = [*cuts, len(series)]
            costs.append(sum(prices[list(cuts)]))
            for begin, end in zip([0, *cuts], ends, strict=True):
                costs[-1] += segment_cost(series[begin:end], begin == 0, end > last, most, longest)
    return float(min(costs))


def segment_cost(part: Any, first: bool, last: bool, most: int | None, longest: int) -> float:
    fixed = [part[0]] * int(first) + [part[-1]] * int(last)
    if len(part) > longest or len(set(fixed)) > 1:
        return np.inf
    if most is not None:
        lies = [level for level in (fixed or range(256)) if (np.abs(part - level) <= most).all()]
        if not lies:
            return np.inf
    return float(((part - (fixed[0] if fixed else part.mean())) ** 2).sum())


@settings(deadline=None, max_examples=60)
@given(
    series=st.lists(st.integers(0, 20), min_size=1, max_size=8),
    prices=st.lists(st.floats(0, 60), min_size=8, max_size=8),
    most=st.none() | st.integers(0, 6),
    longest=st.integers(1, 8),
)
def test_cut_is_the_best(series: list[int], prices: list[float], most: int | None, longest: int) -> None:
    levels, price = np.array(series, np.uint8)[:, None], np.array(prices[: len(series)], np.float32)
    places = np.arange(256, dtype=np.float32)
    begins = np.flatnonzero(cut(levels, places, price[:, None], most=most, longest=longest)[:, 0])
    ends, exact = [*begins[1:], len(series)], levels[:, 0].astype(float)
    cost = sum(price[begins[1:]]) + sum(
        segment_cost(exact[begin:end], begin == 0, end == len(series), most, longest)
        for begin, end in zip(begins, ends, strict=True)
    )
    assert begins[0] == 0
    assert cost == pytest.approx(least_cost(exact, price, most, longest), rel=1e-3, abs=1e-2)


PLAIN = "{panels: {channels: {labels: false}}, layout: channels, theme: {cell: 8}}"
"""Nothing but the cells, so that each pixel is one value."""


def drifting(path: Path, steps: int = 24, channels: int = 4) -> Run:
    maps = np.random.default_rng(5).normal(0, 0.03, (steps, 3, channels, 4, 4)).cumsum(axis=0)
    return write_run(path, np.clip(maps, -1, 1).astype(np.float32))


def save(reel: Reel, held: Held | None, path: Path) -> list[Bytes]:
    """The decoded frames, one for each of the timeline."""
    encoder = GifEncoder(path, reel.scene.size, reel.palette_rgb, reel.scene.timeline.fps)
    for frame in Compositor(reel.scene, reel.run).frames(held.at if held else None):
        encoder.add(frame)
    encoder.finish()
    gif = decode_gif(path)
    slots = [round(delay * reel.scene.timeline.fps / 100) for delay in gif.delays]
    return [frame for frame, count in zip(gif.frames, slots, strict=True) for _ in range(count)]


def level_of(reel: Reel, frames: list[Bytes]) -> NDArray[np.int64]:
    """The levels of a diverging map's colours; its indices are the first of the palette."""
    colours = {tuple(rgb): level for level, rgb in enumerate(reel.palette_rgb[: reel.scene.palette.levels])}
    return np.array([[[colours.get(tuple(rgb), -1) for rgb in row] for row in frame] for frame in frames])


@pytest.mark.parametrize("rows", ["channels", "samples"])
def test_error_reported_is_the_one_decoded(tmp_path: Path, rows: str) -> None:
    template = PLAIN.replace("theme", f"samples: {{transposed: {str(rows == 'samples').lower()}}}, theme")
    reel = reel_of(drifting(tmp_path / "run"), template)
    held = Held(reel.scene, reel.run, most=5)
    exact = save(reel, None, tmp_path / "exact.gif")
    before = save(reel, held, tmp_path / "before.gif")
    assert all((one == other).all() for one, other in zip(exact, before, strict=True))
    loss = held.fit(400.0)
    steady = save(reel, held, tmp_path / "steady.gif")
    wanted, found = level_of(reel, exact), level_of(reel, steady)
    cells = wanted >= 0
    assert ((found >= 0) == cells).all()
    error = np.abs(wanted - found)[cells]
    assert 1 < loss.most == error.max() <= 5
    assert loss.mean == pytest.approx(error.mean())
    assert (exact[0] == steady[0]).all()
    assert (exact[-1] == steady[-1]).all()
    assert (tmp_path / "steady.gif").stat().st_size < (tmp_path / "exact.gif").stat().st_size


def test_only_what_moves_is_held(tmp_path: Path) -> None:
    run = drifting(tmp_path / "run")
    template = """{panels: {a: {kind: channels, show: [2, 0]}, b: {kind: channels, show: 0-1},
        c: {kind: channels, step: 7}}, layout: {column: [a, b, c]}}"""
    reel = reel_of(run, template)
    held = Held(reel.scene, run, most=None)
    loss = held.fit(1e4)
    # Channel 3 is in the panel that stays, and nowhere else.
    assert sum(loss.changed) <= 24 * 3 * 3 * 16
    assert (held.at(3)["conv1"][:, 3] == 0).all()
    frames = [frame.indices for frame in Compositor(reel.scene, run).frames(held.at)]
    exact = [frame.indices for frame in Compositor(reel.scene, run).frames()]
    box = dict(reel.scene.boxes)["c"]
    pinned = np.s_[box.y : box.bottom, box.x : box.right]
    assert all((one[pinned] == other[pinned]).all() for one, other in zip(frames, exact, strict=True))
    assert any((one != other).any() for one, other in zip(frames, exact, strict=True))


def test_a_reel_without_maps(tmp_path: Path) -> None:
    reel = reel_of(drifting(tmp_path / "run"), "{panels: {counter: {}}, layout: counter}")
    held = Held(reel.scene, reel.run, most=4)
    assert (held.fit(10.0).most, held.at(0)) == (0, {})


def test_values_that_are_not_numbers_stay_marked(tmp_path: Path) -> None:
    maps = np.random.default_rng(5).normal(0, 0.03, (9, 1, 2, 4, 4)).cumsum(axis=0).astype(np.float32)
    maps[4, 0, 1, 2, 2] = np.nan
    reel = reel_of(write_run(tmp_path / "run", maps), PLAIN)
    held = Held(reel.scene, reel.run, most=None)
    held.fit(1e4)
    exact = [frame.indices for frame in Compositor(reel.scene, reel.run).frames()]
    steady = [frame.indices for frame in Compositor(reel.scene, reel.run).frames(held.at)]
    marked = exact[4] >= reel.scene.palette.levels
    assert (steady[4][marked] == exact[4][marked]).all()
    assert ((steady[4] >= reel.scene.palette.levels) == marked).all()
