"""Cell regions: the maps, filters and pictures that a scene says it draws are those in its frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelnet.runs.header import TapKind
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.layout.boxes import Box
from tests.make_run import Bytes, write_run
from tests.render.panels.drawing import find_changes, lay_out, mask_box


def crop(picture: NDArray[Any], box: Box) -> NDArray[Any]:
    return picture[box.y : box.bottom, box.x : box.right]


def assert_regions(frames: Sequence[Bytes], regions: Sequence[CellRegion]) -> None:
    """Every box consists of rectangles of one color, and exactly the boxes that change differ."""
    changed = find_changes(*frames)
    for region in regions:
        for box in region.boxes:
            shown, across, down = crop(frames[1], box), region.value_width, region.value_height
            assert shown.shape[:2] == (box.height, box.width)
            assert (shown == shown[::down, ::across].repeat(down, axis=0).repeat(across, axis=1)).all()
            assert crop(changed, box).any() == region.changes
            changed &= ~mask_box(box, changed.shape)
    assert not changed.any()


def test_regions_are_where_cells_are_drawn(tmp_path: Path) -> None:
    logo = Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 30))
    logo.save(tmp_path / "logo.png")
    run = write_run(
        tmp_path / "run",
        {"conv1": (3, 4, 7, 5), "conv1.weight": (4, 2, 3, 3)},
        kinds={"conv1.weight": TapKind.WEIGHT},
        steps=range(2),
        side=14,
    )
    panels = {
        "inputs": {},
        "channels": {"gap": 3},
        "fixed": {"kind": "channels", "step": 1, "inputs": True},
        "filmstrip": {"steps": 2},
        "weights": {},
        "logo": {"kind": "image", "file": str(tmp_path / "logo.png")},
    }
    # A gap, since the outline of maps would cover the last row of what touches them.
    laid_out = lay_out(run, panels, [{"column": {"gap": 8, "items": list(panels)}}])
    found = [
        (len(region.boxes), region.value_width, region.value_height, region.is_picture, region.changes)
        for region in laid_out.scene.cell_regions
    ]
    maps, pictures, filters = (12, 10, 10, False), (3, 3, 3, True, False), (8, 8, 8, False, True)
    assert found == [
        pictures,
        (*maps, True),
        (*maps, False),
        pictures,
        (*maps, False),
        (*maps, False),
        filters,
        (1, 1, 1, True, False),
    ]
    assert_regions([laid_out.frame(0), laid_out.frame(1)], laid_out.scene.cell_regions)


def test_regions_of_rows_that_are_samples(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"conv1": (2, 6, 9, 4)}, steps=range(2))
    panels = {"channels": {"inputs": True, "labels": False}}
    laid_out = lay_out(run, panels, samples={"transposed": True, "gap": 5})
    maps, pictures = laid_out.scene.cell_regions
    assert len({box.y for box in maps.boxes}) == len({box.y for box in pictures.boxes}) == 2
    assert_regions([laid_out.frame(0), laid_out.frame(1)], (maps, pictures))
