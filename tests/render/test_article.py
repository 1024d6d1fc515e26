"""The default look, for runs of many kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.make_run import noise, write_run
from tests.rendering import ANCHORS, box_maps, color_bounds, to_pixels

PADDING = 24
RANDOM = np.random.default_rng(5)


@dataclass(frozen=True)
class Case:
    """A run: steps × samples × channels × side, and what `write_run` takes."""

    steps: int = 3
    samples: int = 4
    channels: int = 2
    side: int = 7
    scale: int | None = None
    more: dict[str, Any] = field(default_factory=dict)


LONG = "a very long name that has no room"
CASES = {
    "no metrics": Case(),
    "one step": Case(steps=1, more={"metrics": {"loss": [2.0]}}),
    "nan metrics": Case(more={"metrics": {"loss": [float("nan")] * 3}}),
    "one sample": Case(samples=1, more={"metrics": {"loss": [3.0, 2.0, 1.0]}}),
    "64 samples": Case(steps=1, samples=64, channels=1, more={"labels": [str(n) for n in range(64)]}),
    "64 channels": Case(steps=1, channels=64),
    "64 samples and channels, small": Case(
        samples=64, channels=64, scale=1, more={"labels": [f"label {n}" for n in range(64)]}
    ),
    "one channel": Case(channels=1),
    "color": Case(more={"pictures": RANDOM.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)}),
    "large pictures": Case(more={"pictures": RANDOM.integers(0, 256, (4, 224, 224, 3), dtype=np.uint8)}),
    "wide pictures": Case(more={"pictures": RANDOM.integers(0, 256, (4, 20, 300), dtype=np.uint8)}),
    "tiny pictures": Case(more={"pictures": RANDOM.integers(0, 256, (4, 1, 1), dtype=np.uint8)}),
    "one color": Case(more={"pictures": np.full((4, 8, 8, 3), 77, np.uint8)}),
    "long labels": Case(more={"labels": [LONG] * 4}),
    "no labels": Case(more={"labels": [""] * 4}),
    "long layer": Case(more={"layer": "features.denseblock4.denselayer16.conv2" * 2}),
    "braces in the layer": Case(more={"layer": "a{b}"}),
    "long metrics": Case(
        more={"metrics": {f"train_{LONG}": [1.0, 2.0, 3.0], f"test_{LONG}": [1e-9, 2.0, 3.0]}}
    ),
    "many metrics": Case(more={"metrics": {f"m{n}": [1.0, 2.0, 3.0] for n in range(9)}}),
    "four of a kind": Case(
        more={
            "metrics": {
                f"{name}loss": [123456.7, 1.0, 1e-9] for name in ("train_", "test_", "val_", "valid_")
            }
        }
    ),
    "large steps": Case(more={"steps": [0, 10**6, 10**9], "metrics": {"loss": [3.0, 2.0, 1.0]}}),
    "no bounds": Case(more={"bounds": None}),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_at_the_edges(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    maps = noise(case.steps, case.samples, case.channels, case.side) * 1e-7
    run = write_run(tmp_path / "run", maps, **case.more)
    reel = run.reel(scale=case.scale)
    for step in run.steps:
        shown = to_pixels(reel.frame(step))
        edges = shown.copy()
        edges[PADDING - 4 : 4 - PADDING, PADDING - 4 : 4 - PADDING] = 255
        assert (edges == 255).all()
        assert shown.shape[0] % 2 == shown.shape[1] % 2 == 0


def test_the_grid_shows_every_map(tmp_path: Path) -> None:
    maps = noise(2, 5, 3, 13)
    maps[:, 0, 0, 0, 0] = -1  # the color of its pixels is known and rare
    reel = write_run(tmp_path / "run", maps, labels=list("abcde")).reel(
        scale=4,
        settings=[
            "samples={gap: 0}",
            "panels.channels={gap: 0, order: recorded, wrap: false}",
        ],
    )
    for step in (0, 1):
        shown = to_pixels(reel.frame(step))
        values = box_maps(maps[step], 52, 4)
        inside = ~np.isnan(values)
        least, most = color_bounds(values[inside], 2 / 100)
        height, width = values.shape
        found = 0
        for y, x in np.argwhere((shown == ANCHORS[0]).all(axis=2)):
            region = shown[y : y + height, x : x + width]
            if region.shape[:2] == values.shape:
                found += bool(((region[inside] >= least) & (region[inside] <= most)).all())
        assert found == 1


def test_the_color_bar_runs_from_end_to_end(tmp_path: Path) -> None:
    maps = np.zeros((1, 10, 1, 7, 7), np.float32)
    shown = to_pixels(write_run(tmp_path / "run", maps).reel().frame(0))
    red, blue = (np.argwhere((shown == ANCHORS[at]).all(axis=2)) for at in (0, -1))
    assert len(red) > 0
    assert len(blue) > 0
    assert 80 <= blue[:, 1].max() - red[:, 1].min() <= 160
    row = shown[red[0, 0], red[:, 1].min() : blue[:, 1].max() + 1].astype(int)
    middle = row[len(row) // 2]
    assert (np.abs(middle - ANCHORS[4]) <= 4).all()
    assert (np.abs(np.diff(row.sum(axis=1))) < 40).all()


def test_frames_differ_only_where_something_moves(tmp_path: Path) -> None:
    maps = np.repeat(noise(1, 4, 2, 7), 2, axis=0)
    reel = write_run(tmp_path / "run", maps, labels=list("abcd")).reel()
    first, second = (to_pixels(reel.frame(step)) for step in (0, 1))
    changed = np.argwhere((first != second).any(axis=2))
    assert len(changed) > 0
    assert np.ptp(changed[:, 0]) < 32  # the counter's line
