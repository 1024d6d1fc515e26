"""Evolution: which channel and which moments are shown, and what stands beside and below their maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.compositor import Compositor
from reelnet.render.description.items import TextItem
from reelnet.scene.layout.boxes import Box
from reelnet.scene.palette.palette import ColorDepth
from reelnet.scene.panel import HasCells
from reelnet.template.theme import Theme
from tests.make_run import Floats, noise, write_run
from tests.render.panels.drawing import LaidOut, assert_cells, lay_out

STEPS = [0, 10, 20, 30]
MAPS = noise(len(STEPS), 2, 3, 7)
MAPS[:, :, 2] *= np.array([0.05, 0.1, 0.5, 1.0], np.float32)[:, None, None, None]
MAPS[:, :, 0] = 0.3
MAPS[:, :, 1] = MAPS[-1, :, 1]
SCORES: Floats = np.zeros((len(STEPS), 2, 2, 1, 1), np.float32)
SCORES[:, :, 1] = 1
"""Everything is taken for a dog until the last step, where the first sample is a cat."""
SCORES[-1, 0, :, 0, 0] = [1, 0]


def evolution(run: Run, **options: Any) -> LaidOut:
    return lay_out(run, {"evolution": options})


def shown_maps(layout: LaidOut) -> list[Any]:
    """The pixels of the maps, row by row."""
    drawing = layout.scene.drawings[0]
    assert isinstance(drawing, HasCells)
    frame = layout.frame(0)
    return [frame[box.y : box.bottom, box.x : box.right] for box in drawing.cell_regions()[0].boxes]


def texts(layout: LaidOut) -> list[str]:
    """All words of the picture."""
    panels = Compositor(layout.scene, layout.run, ColorDepth.FULL).describe_still()
    return [item.text for panel in panels for item in panel.items if isinstance(item, TextItem)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("evolution") / "run", MAPS, steps=STEPS)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(
        tmp_path_factory.mktemp("evolution") / "classifier",
        {"conv1": MAPS, "head": SCORES},
        steps=STEPS,
        labels=["cat", "dog"],
        classes=["cat", "dog"],
        bounds={"conv1": (-1, 1), "head": None},
        metrics={"test_accuracy": [0.1, 0.2, None, 0.9]},
    )


def test_rows_are_moments_and_columns_samples(run: Run) -> None:
    shown = shown_maps(evolution(run, steps=[0, 20, 30], channel=1))
    assert len(shown) == 6
    for number, pixels in enumerate(shown):
        values = MAPS[[0, 2, 3][number // 2], number % 2, 1]
        assert_cells(pixels, np.kron(values, np.ones((8, 8))))


def test_the_best_channel_differs_between_samples_and_changes(run: Run) -> None:
    # Channel 0 is the same everywhere, channel 1 never changes.
    for pixels, values in zip(shown_maps(evolution(run, steps=[30])), MAPS[-1, :, 2], strict=True):
        assert_cells(pixels, np.kron(values, np.ones((8, 8))))


def test_channels_beyond_the_limits_of_the_colors_do_not_count_as_different(tmp_path: Path) -> None:
    maps = np.zeros((2, 2, 2, 4, 4), np.float32)
    maps[1, 0, 0], maps[1, 1, 0] = 5, 9
    maps[1, 0, 1], maps[1, 1, 1] = 0.5, 1
    run = write_run(tmp_path / "run", maps, bounds=None)
    layout = lay_out(run, {"evolution": {"steps": [1]}}, theme={"limits": [0, 1]})
    first, second = shown_maps(layout)
    assert (first[0, 0] != second[0, 0]).any()


def test_wrong_answers_are_struck_through_and_right_ones_counted(classifier: Run) -> None:
    layout, theme = evolution(classifier, steps=[0, 30]), Theme()
    frame = layout.frame(0)
    drawing = layout.scene.drawings[0]
    assert isinstance(drawing, HasCells)

    def answer_colors(number: int) -> tuple[int, int]:
        """Pixels of the colors of right and wrong answers below a map."""
        box = drawing.cell_regions()[0].boxes[number]
        below = frame[box.bottom : box.bottom + 22, box.x : box.right]
        return int((below == theme.right).all(axis=2).sum()), int((below == theme.wrong).all(axis=2).sum())

    right, wrong = zip(*map(answer_colors, range(4)), strict=True)
    # At step 0 both are taken for dogs.
    assert [count > 0 for count in right] == [False, True, True, True]
    assert [count > 0 for count in wrong] == [True, False, False, False]
    # A line runs through the word.
    box = drawing.cell_regions()[0].boxes[0]
    below = frame[box.bottom : box.bottom + 22, box.x : box.right]
    assert (below == theme.wrong).all(axis=2).sum(axis=1).max() > 20


def test_moments_are_steps_at_which_the_metric_was_measured(tmp_path: Path) -> None:
    steps = list(range(40))
    maps = noise(1, 2, 1, 4) * np.linspace(0, 1, 40, dtype=np.float32)[:, None, None, None, None]
    measured = [0.5 if step % 3 == 1 else None for step in steps]
    run = write_run(tmp_path / "run", maps, steps=steps, metrics={"test_accuracy": measured})
    unmeasured = write_run(tmp_path / "other", maps, steps=steps)
    for each, wanted in ((run, [0, 13, 25, 39]), (unmeasured, [0, 13, 26, 39])):
        layout = evolution(each, steps=4)
        levels = [np.abs(maps[step, 0, 0]).mean() for step in wanted]
        for level, pixels, step in zip(levels, shown_maps(layout)[::2], wanted, strict=True):
            assert level == pytest.approx(np.abs(maps[step, 0, 0]).mean())
            assert_cells(pixels, np.kron(maps[step, 0, 0], np.ones((len(pixels) // 4,) * 2)))


def test_steps_without_a_measured_value_have_a_dash(classifier: Run) -> None:
    # The values of steps 0, 10 and 30 stand there, and none is repeated at step 20.
    shown = texts(evolution(classifier, steps=STEPS))
    assert [text for text in shown if text.endswith("%") or text == "–"] == ["10%", "20%", "–", "90%"]
    assert [text for text in shown if "these" in text] == ["1 of these 2"] * 3 + ["2 of these 2"]


def test_of_a_rarely_measured_metric_the_right_answers_are_shown_unless_it_is_asked_for(
    tmp_path: Path,
) -> None:
    form: dict[str, Any] = {"steps": STEPS, "labels": ["cat", "dog"], "classes": ["cat", "dog"]}
    taps, accuracy = {"conv1": MAPS, "head": SCORES}, {"test_accuracy": [0.1, None, None, None]}
    run = write_run(tmp_path / "run", taps, metrics=accuracy, bounds=None, **form)
    shown = texts(evolution(run, tap="conv1", steps=STEPS))
    assert [text for text in shown if " of 2" in text] == ["1 of 2"] * 3 + ["2 of 2"]
    assert "10%" not in shown
    shown = texts(evolution(run, tap="conv1", steps=STEPS, metric="test_accuracy"))
    assert [text for text in shown if text.endswith("%") or text == "–"] == ["10%", "–", "–", "–"]


def test_the_answer_of_one_sample_is_not_an_accuracy(tmp_path: Path) -> None:
    form: dict[str, Any] = {"steps": STEPS, "labels": ["cat"], "classes": ["cat", "dog"]}
    taps, accuracy = {"conv1": MAPS[:, :1], "head": SCORES[:, :1]}, {"test_accuracy": [0.1, 0.2, 0.3, 0.4]}
    run = write_run(tmp_path / "run", taps, metrics=accuracy, bounds=None, **form)
    shown = texts(evolution(run, tap="conv1", steps=STEPS))
    assert [text for text in shown if text.endswith("%") or (" of " in text and text[0].isdigit())] == [
        "10%",
        "20%",
        "30%",
        "40%",
    ]


def test_a_channel_that_never_changes_is_shown_at_the_first_and_the_last_step(run: Run) -> None:
    assert len(shown_maps(evolution(run, steps=4, channel=1))) == 2 * 2
    assert len(shown_maps(evolution(run, steps=4, channel=2))) == 4 * 2


def test_without_metrics_and_answers_there_is_no_column_for_them(run: Run, classifier: Run) -> None:
    narrow = evolution(run, title="", subtitle="", steps=2).box("evolution").width
    wide = evolution(classifier, title="", subtitle="", steps=2).box("evolution").width
    none = evolution(classifier, title="", subtitle="", steps=2, metric="").box("evolution").width
    # Without the metric the number of right answers stands there.
    assert narrow < none == wide


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channel": 3}, "no channel 3 of conv1; they are numbered from 0 to 2"),
        ({"steps": [0, 7]}, "step 7 was not recorded; the nearest is 10"),
        ({"metric": "recall"}, "no metric 'recall' was recorded"),
        ({"tap": "conv9"}, "no layer 'conv9'"),
    ],
)
def test_options_that_do_not_fit_the_run(run: Run, options: dict[str, Any], words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        evolution(run, **options)


def find_cells(layout: LaidOut) -> list[Box]:
    """The cells of the maps."""
    drawing = layout.scene.drawings[0]
    assert isinstance(drawing, HasCells)
    return [box for region in drawing.cell_regions() if not region.is_picture for box in region.boxes]


PAGE = {"max_width": 1120, "max_height": 1250}


def test_moments_of_few_samples_are_side_by_side(tmp_path: Path) -> None:
    maps = noise(8, 3, 1, 7)
    low = {"max_width": 1280, "max_height": 640}
    layout = lay_out(write_run(tmp_path / "run", maps), {"evolution": {"steps": 8}}, canvas=low)
    cells = find_cells(layout)
    assert [box.y for box in cells[:8]] == [cells[0].y] * 8
    frame = layout.frame(0)
    for number, box in enumerate(cells):
        values = np.kron(maps[number % 8, number // 8, 0], np.ones((box.height // 7,) * 2))
        assert_cells(frame[box.y : box.bottom, box.x : box.right], values)


def test_the_moments_of_one_sample_are_wrapped(tmp_path: Path) -> None:
    maps = noise(8, 1, 1, 7)
    layout = lay_out(write_run(tmp_path / "run", maps), {"evolution": {"steps": 8}}, canvas=PAGE)
    drawing, frame = layout.scene.drawings[0], layout.frame(0)
    assert isinstance(drawing, HasCells)
    bands = [region for region in drawing.cell_regions() if not region.is_picture]
    assert len(bands) > 1
    for number, box in enumerate(box for region in bands for box in region.boxes):
        values = np.kron(maps[number, 0, 0], np.ones((box.height // 7,) * 2))
        assert_cells(frame[box.y : box.bottom, box.x : box.right], values)
    # Each band has the sample beside it.
    assert len([region for region in drawing.cell_regions() if region.is_picture]) == len(bands)


def test_of_few_moments_the_samples_are_wrapped(tmp_path: Path) -> None:
    maps = noise(1, 10, 1, 7)
    layout = lay_out(write_run(tmp_path / "run", maps), {"evolution": {}}, canvas=PAGE)
    cells = find_cells(layout)
    assert len({box.y for box in cells}) > 1
    frame = layout.frame(0)
    for number, box in enumerate(cells):
        values = np.kron(maps[0, number, 0], np.ones((box.height // 7,) * 2))
        assert_cells(frame[box.y : box.bottom, box.x : box.right], values)


def test_a_low_canvas_has_fewer_moments_unless_they_are_listed(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", noise(12, 10, 1, 7))
    low = {"max_width": 1120, "max_height": 700}
    chosen, listed = (
        len(find_cells(lay_out(run, {"evolution": {"steps": steps}}, canvas=low)))
        for steps in (7, [0, 1, 2, 3, 4, 5, 6])
    )
    assert 4 * 10 <= chosen < 7 * 10 == listed


def test_long_names_make_columns_wider(tmp_path: Path) -> None:
    pitches = []
    for name in ("cat", "dragonfly nymph"):
        run = write_run(
            tmp_path / name,
            {"conv1": MAPS, "head": SCORES},
            steps=STEPS,
            labels=[name, "dog"],
            classes=[name, "dog"],
            bounds={"conv1": (-1, 1), "head": None},
        )
        cells = find_cells(lay_out(run, {"evolution": {}}, canvas={"scale": 4}))
        pitches.append(cells[1].x - cells[0].x)
    assert pitches[0] < pitches[1]


def test_columns_are_samples_whatever_they_are_elsewhere(run: Run) -> None:
    one, other = (
        lay_out(run, {"evolution": {}}, samples={"transposed": transposed}) for transposed in (False, True)
    )
    assert (one.frame(0) == other.frame(0)).all()


def test_the_picture_is_the_same_in_every_frame_and_reads_nothing(classifier: Run) -> None:
    layout = evolution(classifier)
    assert layout.scene.taps == ()
    assert (layout.frame(0) == layout.frame(30)).all()
