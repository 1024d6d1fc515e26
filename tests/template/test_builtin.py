"""Every built-in template with runs of many shapes: it fits, and no panel overflows its box or is clipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render import canvas as drawing
from reelnet.render.compositor import Compositor
from reelnet.render.registry import panel_registry
from reelnet.runs.header import TapKind
from reelnet.scene.context import FrameState
from reelnet.scene.layout.boxes import Box
from reelnet.scene.resolve import Scene, resolve
from reelnet.template.load import load_template
from reelnet.template.model import Direction, Stack, Template
from reelnet.template.search_path import find_builtin_folder
from tests.make_run import write_run

TEMPLATES = sorted(file.stem for file in find_builtin_folder().glob("*.yaml"))

FREE = 255
"""An index that no frame uses."""


def curves(step: int) -> dict[str, float]:
    """The metrics that most people record; those of the test set at every other step."""
    known = {"train_loss": 2.3 / (1 + step), "train_accuracy": step / (1 + step)}
    return known | ({"test_loss": 2.4 / (1 + step), "test_accuracy": 0.0} if step % 2 == 0 else {})


LONG = "validation_mean_intersection_over_union_of_all_twenty_one_classes_after_smoothing"
WORDS = ("a very long label of a sample, longer than any cell", "Kurzschwanzmakifamilienfoto", "dog", "")

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "usual": {"taps": {"conv1": (4, 3, 7, 7)}, "metrics": curves},
    "tiny": {"taps": {"conv1": (1, 1, 5, 5)}, "steps": [0]},
    "rgb": {"taps": {"conv1": (4, 3, 7, 7)}, "color": True, "side": 32, "metrics": curves},
    "one-sample": {"taps": {"conv1": (1, 16, 8, 8)}, "metrics": curves},
    "many-samples": {"taps": {"conv1": (64, 4, 8, 8)}, "metrics": curves},
    "many-samples-of-26": {"taps": {"conv1": (64, 1, 26, 26)}, "metrics": curves},
    "few-samples": {"taps": {"conv1": (2, 8, 8, 8)}, "color": True, "side": 32, "metrics": curves},
    "maps-of-100": {"taps": {"conv1": (16, 1, 100, 100)}, "metrics": curves},
    "one-channel": {"taps": {"conv1": (10, 1, 8, 8)}, "metrics": curves},
    "many-channels": {"taps": {"conv1": (4, 64, 8, 8)}, "metrics": curves},
    "many-of-both": {"taps": {"conv1": (64, 64, 7, 7)}, "metrics": curves},
    "maps-of-5": {"taps": {"conv1": (10, 6, 5, 5)}, "metrics": curves},
    "maps-of-8": {"taps": {"conv1": (10, 16, 8, 8)}, "metrics": curves},
    "maps-of-13": {"taps": {"conv1": (10, 16, 13, 13)}, "metrics": curves},
    "maps-of-26": {"taps": {"conv1": (10, 6, 26, 26)}, "metrics": curves},
    "maps-of-1": {"taps": {"conv1": (10, 16, 1, 1)}, "metrics": curves},
    "maps-of-60": {"taps": {"conv1": (4, 3, 60, 60)}, "metrics": curves},
    "tall-maps": {"taps": {"conv1": (4, 3, 13, 5)}, "metrics": curves},
    "wide-maps": {"taps": {"conv1": (4, 3, 5, 13)}, "metrics": curves},
    "one-step": {"taps": {"conv1": (4, 3, 7, 7)}, "steps": [0], "metrics": curves},
    "late-steps": {"taps": {"conv1": (4, 3, 7, 7)}, "steps": [0, 10**6, 10**9], "metrics": curves},
    "no-metrics": {"taps": {"conv1": (4, 3, 7, 7)}},
    "no-labels": {"taps": {"conv1": (4, 3, 7, 7)}, "labels": None, "metrics": curves},
    "long-labels": {"taps": {"conv1": (4, 3, 7, 7)}, "labels": WORDS, "metrics": curves},
    "long-metrics": {
        "taps": {"conv1": (4, 3, 7, 7)},
        "metrics": lambda step: {f"train_{LONG}": 1e-9 * (step + 1), f"test_{LONG}": 123456.789},
    },
    "odd-metrics": {
        "taps": {"conv1": (4, 3, 7, 7)},
        "metrics": lambda step: {
            "loss": float("inf") if step else float("nan"),
            "accuracy": 1.0,
            "lr": -1e20,
        },
    },
    "several-taps": {
        "taps": {
            "conv1": (6, 4, 26, 26),
            "conv2": (6, 8, 13, 13),
            "conv6": (6, 10, 8, 8),
            "out": (6, 10, 1, 1),
        },
        "metrics": curves,
        "classes": [f"a class of number {number}" for number in range(10)],
        "labels": tuple(f"a class of number {number}" for number in range(6)),
    },
    "filters": {
        "taps": {"conv1": (2, 3, 7, 7), "conv1.weight": (12, 3, 5, 5)},
        "kinds": {"conv1.weight": TapKind.WEIGHT},
        "metrics": curves,
    },
    "output-tap": {"taps": {"out": (6, 10, 1, 1)}, "metrics": curves},
    "long-layer": {
        "taps": {"backbone.encoder.stage_three.block_with_a_long_name.conv1": (2, 2, 7, 7)},
        "metrics": curves,
    },
    "values-of-one-sign": {
        "taps": {"conv1": (4, 3, 7, 7)},
        "values": {"conv1": lambda step: np.full((4, 3, 7, 7), step)},
    },
    "nothing-finite": {
        "taps": {"conv1": (4, 3, 7, 7)},
        "values": {"conv1": lambda step: np.full((4, 3, 7, 7), np.nan)},
    },
}


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """A run by the name of its shape, each written once."""

    @lru_cache
    def made(shape: str) -> Run:
        form = {"steps": [0, 1, 2], **SHAPES[shape]}
        return write_run(tmp_path_factory.mktemp("shapes") / "run", **form)

    return made


@dataclass(frozen=True)
class Laid:
    """A built-in template laid out for a run."""

    template: Template
    scene: Scene
    run: Run

    def moments(self) -> Iterator[FrameState]:
        """The first and the last frame's."""
        steps = self.scene.context.steps
        for number in sorted({0, len(steps) - 1}):
            yield FrameState(self.run.snapshot(steps[number], self.scene.taps), number)


ABOUT_FILTERS = ("filters",)
"""Templates that show nothing but the filters of a first layer."""
WITH_FILTERS = ("filters",)
"""Shapes with such filters; those templates refuse all others."""

TOO_FEW_STEPS = {("barcode", "tiny"), ("barcode", "one-step")}
"""Templates and shapes that have too few steps for them."""

ABOUT_ANSWERS = ("compass", "race")
"""Templates that show nothing but what a network answers."""
WITH_ANSWERS = ("several-taps",)
"""Shapes with a class output; those templates refuse all others."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "laid" in metafunc.fixturenames:
        pairs = [
            (name, shape)
            for name, shape in product(TEMPLATES, SHAPES)
            if (name, shape) not in TOO_FEW_STEPS
            and (name not in ABOUT_ANSWERS or shape in WITH_ANSWERS)
            and (name not in ABOUT_FILTERS or shape in WITH_FILTERS)
        ]
        cases = [pytest.param(pair, id="-".join(pair)) for pair in pairs]
        metafunc.parametrize("laid", cases, indirect=True)


@pytest.fixture(scope="module")
def laid(request: pytest.FixtureRequest, run_of: Callable[[str], Run]) -> Laid:
    """What came of a template and a shape."""
    name, shape = request.param
    template, run = load_template(name, panel_registry()), run_of(shape)
    return Laid(template, resolve(template, run), run)


@pytest.mark.parametrize(("name", "shape"), sorted(TOO_FEW_STEPS))
def test_one_step_is_too_few(name: str, shape: str, run_of: Callable[[str], Run]) -> None:
    with pytest.raises(TemplateError, match="one recorded step is too few"):
        resolve(load_template(name, panel_registry()), run_of(shape))


@pytest.mark.parametrize("shape", ["usual", "rgb"])
@pytest.mark.parametrize("name", ABOUT_FILTERS)
def test_pictures_of_filters_need_filters(name: str, shape: str, run_of: Callable[[str], Run]) -> None:
    with pytest.raises(
        TemplateError, match="no filters of 1 or 3 channels were recorded; record the weights"
    ):
        resolve(load_template(name, panel_registry()), run_of(shape))


@pytest.mark.parametrize("shape", sorted({*SHAPES} - {*WITH_ANSWERS}))
@pytest.mark.parametrize("name", ABOUT_ANSWERS)
def test_pictures_of_answers_need_answers(name: str, shape: str, run_of: Callable[[str], Run]) -> None:
    with pytest.raises(TemplateError, match="the run has no names of classes; record it with classes="):
        resolve(load_template(name, panel_registry()), run_of(shape))


def test_frames_have_the_size_that_was_asked_for(laid: Laid) -> None:
    size, canvas = laid.scene.size, laid.template.canvas
    assert size.width % 2 == size.height % 2 == 0
    assert size.width == (canvas.width or size.width)
    assert size.height == (canvas.height or size.height)
    assert size.width <= (canvas.max_width or size.width)
    assert size.height <= (canvas.max_height or size.height)


def test_boxes_lie_in_the_frame_and_apart_from_each_other(laid: Laid) -> None:
    boxes, size = dict(laid.scene.boxes), laid.scene.size
    for box in boxes.values():
        assert min(box.x, box.y, box.width, box.height) >= 0
        assert box.right <= size.width
        assert box.bottom <= size.height
    over = overlaid(laid.template.layout)
    for one, other in combinations(boxes, 2):
        assert {one, other} in over or not meet(boxes[one], boxes[other]), (one, other)


def test_no_panel_draws_outside_of_its_box(laid: Laid) -> None:
    size = laid.scene.size
    for (name, box), panel in zip(laid.scene.boxes, laid.scene.drawings, strict=True):
        # Cells have a hairline around them.
        room = within((size.height, size.width), [box], margin=1)
        for state in laid.moments():
            alone = np.full((size.height, size.width), FREE, np.uint8)
            panel.draw_still(alone)
            panel.draw(alone, state)
            ys, xs = np.nonzero((alone != FREE) & ~room)
            assert not len(ys), (
                f"{name} in {box}: pixels from {xs.min()}, {ys.min()} to {xs.max()}, {ys.max()}"
            )


def test_words_are_whole_and_none_lies_over_another(laid: Laid, monkeypatch: pytest.MonkeyPatch) -> None:
    size, words = laid.scene.size, Words()
    monkeypatch.setattr(drawing, "stamp", words.stamp)
    paper, moments = np.zeros((size.height, size.width), np.uint8), [*laid.moments()]
    for panel in laid.scene.drawings:
        panel.draw_still(paper)
    still = [*words.stamped]
    for state in moments:
        words.stamped[:] = still
        for panel in laid.scene.drawings:
            panel.draw(paper, state)
        assert words.overlapping(paper.shape) == 0


def test_around_the_panels_there_is_paper(laid: Laid) -> None:
    scene, compositor = laid.scene, Compositor(laid.scene, laid.run)
    room = within((scene.size.height, scene.size.width), [box for _, box in scene.boxes], margin=1)
    for step in {scene.context.steps[0], scene.context.steps[-1]}:
        frame = compositor.draw_step(step)
        assert not (frame == FREE).any()
        assert (frame[~room] == scene.background.indices[0]).all()


class Words:
    """Remembers the words that are written."""

    def __init__(self) -> None:
        self.stamped: list[tuple[NDArray[np.uint8], int, int]] = []

    def stamp(self, canvas: NDArray[np.uint8], mask: NDArray[np.uint8], ink: Any, x: int, y: int) -> None:
        """In place of drawing."""
        rows, columns = np.nonzero(mask)
        if len(rows):
            assert min(y + rows.min(), x + columns.min()) >= 0
            assert y + rows.max() < canvas.shape[0]
            assert x + columns.max() < canvas.shape[1]
            mask = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            self.stamped.append((mask, x + columns.min(), y + rows.min()))

    def overlapping(self, size: tuple[int, ...]) -> int:
        """Pixels that more than one word covers by half."""
        covered = np.zeros(size, np.uint8)
        for mask, x, y in self.stamped:
            covered[y : y + mask.shape[0], x : x + mask.shape[1]] += mask > 127
        return int((covered > 1).sum())


def within(size: tuple[int, int], boxes: list[Box], *, margin: int) -> NDArray[np.bool_]:
    """The pixels (height, width) of boxes."""
    found = np.zeros(size, np.bool_)
    for box in boxes:
        top, left = max(0, box.y - margin), max(0, box.x - margin)
        found[top : box.bottom + margin, left : box.right + margin] = True
    return found


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    return max(one.x, other.x) < min(one.right, other.right) and max(one.y, other.y) < min(
        one.bottom, other.bottom
    )


def names(node: Stack | str) -> list[str]:
    """The panels in a part of a layout."""
    return [node] if isinstance(node, str) else [name for item in node.items for name in names(item)]


def overlaid(node: Stack | str) -> list[set[str]]:
    """The pairs of panels of which one may lie over the other."""
    if isinstance(node, str):
        return []
    found = [pair for item in node.items for pair in overlaid(item)]
    if node.direction is Direction.OVERLAY:
        for one, other in combinations(node.items, 2):
            found += [{a, b} for a in names(one) for b in names(other)]
    return found


def test_all_built_in_templates_are_here() -> None:
    assert {
        "article",
        "plain",
        "annotated",
        "overview",
        "square",
        "vertical",
        "wide",
        "filmstrip",
        "evolution",
        "filters",
        "barcode",
        "flow",
        "dark",
        "paper",
        "table",
        "compass",
        "race",
    } == {*TEMPLATES}
