"""All built-in templates, on runs of many shapes: cells are on the grid of video codecs, and nothing else suffers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.runs.header import TapKind
from reelnet.scene.cell_region import CellRegion
from reelnet.scene.resolve import Scene
from reelnet.template.search_path import find_builtin_folder
from tests.make_run import write_run
from tests.template.test_builtin import ABOUT_ANSWERS, ABOUT_FILTERS

TEMPLATES = sorted(
    {file.stem for file in find_builtin_folder().glob("*.yaml")} - {*ABOUT_ANSWERS, *ABOUT_FILTERS}
)
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "small maps": {"taps": {"conv6": (10, 16, 7, 7)}, "side": 28},
    "middle": {"taps": {"conv3": (10, 8, 14, 14)}, "side": 28},
    "large maps": {"taps": {"conv1": (10, 4, 28, 28)}, "side": 28},
    "layers and a weight": {
        "taps": {"a": (8, 6, 16, 16), "b": (8, 6, 8, 8), "c": (8, 10, 1, 1), "a.weight": (6, 3, 3, 3)},
        "kinds": {"a.weight": TapKind.WEIGHT},
        "side": 32,
        "color": True,
    },
    "vectors": {"taps": {"fc1": (6, 120, 1, 1), "out": (6, 10, 1, 1)}, "side": 28},
    "one channel": {"taps": {"mask": (6, 1, 10, 10)}, "side": 20},
    "oblong": {"taps": {"tall": (4, 5, 12, 5), "wide": (4, 5, 4, 9)}, "side": 16},
    "sequences": {"taps": {"conv1d": (4, 6, 1, 24), "long": (4, 6, 1, 40)}, "side": 12},
    "many channels": {"taps": {"conv": (5, 64, 6, 6)}, "side": 24},
    "one sample": {"taps": {"conv": (1, 24, 13, 13)}, "side": 28},
    "many samples": {"taps": {"conv": (40, 4, 5, 5)}, "side": 28},
}
SETTINGS: tuple[tuple[str, ...], ...] = (
    (),
    ("samples.gap=3",),
    ("samples.transposed=true", "samples.gap=5"),
    ("canvas.scale=4",),
    ("canvas.scale=9", "samples.gap=1"),
    ("theme.cell=61",),
)
SPACERS = ("spacer", "left", "right", "bottom")
MAX_IMBALANCE = 8
"""Pixels by which two opposite margins may differ."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("shapes")
    return {
        name: write_run(
            folder / name,
            steps=range(3),
            metrics=lambda step: {"loss": 1 / (1 + step)},
            classes="0123456789",
            **shape,
        )
        for name, shape in SHAPES.items()
    }


def lay_out_everywhere(run: Run, template: str) -> Iterator[Scene]:
    """The scenes of all layers and settings that fit the template."""
    for layer in (tap for tap in run.taps if "weight" not in tap):
        for settings in SETTINGS:
            try:
                yield run.reel(template, layer=layer, settings=settings).scene
            except TemplateError:
                # Frames of a fixed size do not hold all scales, and strips do not suit rows that are samples.
                assert settings


def find_offsets(region: CellRegion) -> set[tuple[int, int]]:
    """How far cells are from the grid for values of their size: 8 pixels for values of 8, 4 for values of 4 or 12."""
    steps = math.gcd(region.value_width, 8), math.gcd(region.value_height, 8)
    return {(box.x % steps[0], box.y % steps[1]) for box in region.boxes}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("shape", SHAPES)
def test_cells_are_on_the_grid(runs: dict[str, Run], shape: str, template: str) -> None:
    for scene in lay_out_everywhere(runs[shape], template):
        for region in scene.cell_regions:
            # Pictures rest; they follow the columns of the maps.
            first = replace(region, boxes=region.boxes[:1])
            assert find_offsets(first if region.is_picture else region) == {(0, 0)}
        for name, box in scene.boxes:
            if name in ("inputs", "channels", "filmstrip", "says"):
                assert (box.x % 8, box.y % 8) == (0, 0)
        # The tick labels of the table hang in its margin.
        if template != "table":
            check_balance(scene)
        # flow and overview show samples beside the maps of all layers, and so does evolution if they are few.
        if template not in ("flow", "overview", "evolution") and not scene.context.transposed:
            check_columns(scene)


def check_balance(scene: Scene) -> None:
    """Check that opposite margins of the frame are equal within a block."""
    boxes = [box for name, box in scene.boxes if name not in SPACERS]
    left, right = min(box.x for box in boxes), scene.size.width - max(box.right for box in boxes)
    top, bottom = min(box.y for box in boxes), scene.size.height - max(box.bottom for box in boxes)
    assert max(abs(left - right), abs(top - bottom)) <= MAX_IMBALANCE


def check_columns(scene: Scene) -> None:
    """Check that the samples are above their maps."""
    middles = {
        is_picture: {
            (box.x + box.right) / 2
            for region in scene.cell_regions
            if region.is_picture == is_picture
            for box in region.boxes
        }
        for is_picture in (False, True)
    }
    for middle in middles[True]:
        assert min(abs(middle - other) for other in middles[False]) <= 4


def test_a_template_may_switch_the_grid_off(runs: dict[str, Run]) -> None:
    scene = runs["small maps"].reel("plain", settings=["samples.gap=3"]).scene
    assert scene.cell_regions[-1].boxes[1].x == 64
    scene = runs["small maps"].reel("plain", settings=["samples.gap=3", "canvas.snap=false"]).scene
    assert scene.cell_regions[-1].boxes[1].x == 59
