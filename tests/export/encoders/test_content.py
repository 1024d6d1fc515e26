"""What a scene shows decides about the settings of video codecs, and cells that rest stay equal."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from reelnet.export.encoders.codec import H264
from reelnet.export.encoders.content import Content, blurs_colors, find_content
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.layout.boxes import Box
from tests.export.coding import encode


def region(
    side: int, value: int, x: int = 0, *, is_picture: bool = False, changes: bool = True
) -> CellRegion:
    """One cell `side` pixels wide and high."""
    return CellRegion((Box(x, 16, side, side),), value, value, is_picture, changes)


def content_of(*regions: CellRegion) -> Content:
    """The content of a scene with these cells."""
    rendition: Any = SimpleNamespace(scene=SimpleNamespace(cell_regions=regions))
    return find_content(rendition)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (region(56, 8), Content.BLOCKS),
        (region(64, 16, x=8), Content.BLOCKS),
        (region(56, 8, x=4), Content.SMALL_BLOCKS),
        (region(56, 4), Content.SMALL_BLOCKS),
        (region(84, 12), Content.SMALL_BLOCKS),
        (region(56, 8, x=2), Content.FINE),
        (region(56, 2), Content.FINE),
        (region(42, 6), Content.FINE),
        (region(64, 1, is_picture=True), Content.PHOTO),
    ],
)
def test_the_grid_of_the_values_decides(found: CellRegion, expected: Content) -> None:
    assert content_of(found) is expected


def test_cells_that_rest_do_not_count() -> None:
    assert content_of(region(56, 8), region(400, 1, changes=False)) is Content.BLOCKS
    assert content_of(region(400, 8, changes=False)) is Content.FINE


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (region(56, 8), False),
        (region(28, 2), False),
        (region(63, 9), True),
        (region(56, 8, x=3), True),
        (region(63, 9, changes=False), False),
        (region(63, 9, is_picture=True), False),
    ],
)
def test_odd_values_blur(found: CellRegion, *, expected: bool) -> None:
    rendition: Any = SimpleNamespace(scene=SimpleNamespace(cell_regions=(region(56, 8), found)))
    assert blurs_colors(rendition) is expected


def test_the_most_demanding_content_with_a_share_decides() -> None:
    assert content_of(region(56, 8), region(56, 2)) is Content.FINE
    assert content_of(region(560, 8), region(56, 2)) is Content.BLOCKS


def test_smaller_values_need_a_better_quality() -> None:
    blocks, small = (H264.default_quality(content) for content in (Content.BLOCKS, Content.SMALL_BLOCKS))
    assert blocks is not None
    assert small is not None
    assert small <= blocks - 6


def test_cells_that_rest_stay_equal(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    cells = random.integers(0, 240, (16, 16))
    pictures = []
    for _ in range(24):
        # The left half changes a little in every frame.
        cells[:, :8] = np.clip(cells[:, :8] + random.integers(-3, 4, (16, 8)), 0, 239)
        pictures.append(np.kron(cells, np.ones((8, 8))).astype(np.uint8))
    encode(tmp_path / "a.mp4", pictures)
    with av.open(str(tmp_path / "a.mp4")) as container:
        lumas = [frame.to_ndarray(format="yuv420p")[:128, 64:] for frame in container.decode(video=0)]
    assert len(lumas) == 24
    assert all(np.array_equal(each, lumas[0]) for each in lumas)
