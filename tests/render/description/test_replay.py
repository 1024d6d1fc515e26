"""Descriptions of frames show what the frames show, for every built-in template and shape of run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from reelnet.errors import ReelnetError
from reelnet.reel import Run
from reelnet.render.description.items import RasterItem
from tests.looks.shapes import SHAPES, write_shape
from tests.render.description.painter import Painter
from tests.template.test_builtin import TEMPLATES

MAX_RASTER = 0.001
"""Share of the pixels of a frame that nobody describes."""
FAR, MAX_FAR = 40, 0.02
"""Difference of two colors that one sees, and share of the pixels near shapes that may have it."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """The run of a shape, written when it is needed first."""
    folder = tmp_path_factory.mktemp("shapes")
    return cache(lambda shape: write_shape(folder, shape))


FEW = ("article", "flow")
"""Templates that are tried on runs of all shapes; all others on one."""
PAIRS = [(template, shape) for shape in SHAPES for template in (TEMPLATES if shape == "pictures" else FEW)]


@pytest.mark.parametrize(("template", "shape"), PAIRS)
def test_description_replays_to_the_frame(runs: Callable[[str], Run], template: str, shape: str) -> None:
    run = runs(shape)
    try:
        reel = run.reel(template, density=1)
    except ReelnetError:
        pytest.skip("the template does not fit this shape")
    step = run.steps[len(run.steps) // 2]
    frame = np.asarray(reel.frame(step)).astype(int)
    still, moving = reel.rendition.describe_still(), reel.rendition.describe_step(step)
    painter = Painter(reel.scene)
    painter.paint(still)
    painter.paint(moving)
    difference = np.abs(painter.rgb - frame).max(axis=-1)
    assert not difference[~painter.near_shapes].any()
    assert (difference > FAR).sum() <= MAX_FAR * painter.near_shapes.sum()
    rasters = [item for panel in [*still, *moving] for item in panel.items if isinstance(item, RasterItem)]
    assert sum(int(item.is_drawn.sum()) for item in rasters) <= MAX_RASTER * difference.size
