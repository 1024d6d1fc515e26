"""Predicted sizes: near the real ones, and falling along the ladder."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from reelnet.export.encoders.codec import GIF
from reelnet.export.encoders.content import Content
from reelnet.export.encoders.formats import EncoderSettings, find_format
from reelnet.export.quantize.level_store import RecordedMaps, quantize
from reelnet.export.rate_control.quality_ladder import (
    LadderPoint,
    RenditionParams,
    quality_points,
    reduction_points,
)
from reelnet.export.rate_control.size_model import ChangeCounter, SizeBreakdown, SizeModel, SizeProbe
from reelnet.reel import Reel
from tests.make_run import write_run


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    """Values that wander: 60 steps, 4 samples, 3 channels of 7×7."""
    walk = np.random.default_rng(5).normal(0, 0.06, (60, 4, 3, 7, 7)).cumsum(axis=0)
    return write_run(tmp_path_factory.mktemp("run") / "run", np.tanh(walk).astype(np.float32)).reel("plain")


@pytest.fixture(scope="module")
def model(reel: Reel) -> SizeModel:
    rendition, maps = reel.rendition, RecordedMaps(reel.rendition)
    settings = EncoderSettings()
    levels = quantize(maps, 0.0, max_error=4).levels_at
    breakdown = SizeProbe(find_format("a.gif")).break_down(rendition, levels, settings, maps.changes)
    counter = ChangeCounter(rendition, maps.samples(), max_error=4, change_power=1.15)
    anchor = LadderPoint(RenditionParams.from_rendition(rendition), None)
    return SizeModel(anchor, breakdown, counter, {None: 1.0})


def test_a_probe_tells_the_size_of_the_whole(reel: Reel, model: SizeModel, tmp_path: Path) -> None:
    size = reel.save(tmp_path / "a.gif").bytes
    assert math.exp(model.predict(model.anchor)) == pytest.approx(size, rel=0.2)


def test_sizes_fall_along_the_ladder(model: SizeModel) -> None:
    points = quality_points(model.anchor.params, GIF, Content.FINE, quantizes=True)
    points += reduction_points(
        points[-1],
        (),
        levels=True,
        undense=model.anchor.params,
        channels=2,
        scales=range(7, 3, -1),
        fixed_canvas=False,
    )
    sizes = [model.predict(point) for point in points]
    # The number of changes is an estimate; a finer step may not save more.
    assert all(there < here + 0.05 for here, there in pairwise(sizes))
    assert sizes[-1] < sizes[0] - 3


@pytest.mark.parametrize("frames", [45, 30])
def test_fewer_frames_are_predicted(reel: Reel, model: SizeModel, tmp_path: Path, frames: int) -> None:
    shorter = Reel(reel.rendition.with_frames(frames))
    params = replace(model.anchor.params, frames=frames)
    size = shorter.save(tmp_path / "a.gif").bytes
    assert math.exp(model.predict(LadderPoint(params, None))) == pytest.approx(size, rel=0.25)


def test_static_bytes_and_those_of_maps_scale_apart(model: SizeModel) -> None:
    params = replace(model.anchor.params, frames=60, scale=model.anchor.params.scale // 2)
    halved = SizeModel(
        model.anchor, SizeBreakdown(1000, 3000), model.counter, model.quality_ratios, (0.5, 0.25)
    )
    assert math.exp(halved.predict(LadderPoint(params, None))) == pytest.approx(500 + 750)
