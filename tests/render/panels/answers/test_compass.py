"""The panel `compass`: samples at the mean of the classes' places, weighted by the network's probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from reelnet.render.panels.answers.class_colors import choose_class_colors
from reelnet.render.panels.answers.class_ring import order_by_similarity
from tests.make_run import Bytes, Floats, write_run
from tests.render.panels.drawing import LaidOut, lay_out

CLASSES = ("ant", "bee", "cat", "dog")
WHITE = (255, 255, 255)
STEPS = 11


def recorded(path: Path, beliefs: Floats, labels: Sequence[str] = ("ant", "dog"), **form: Any) -> Run:
    """A run with probabilities (steps, samples, classes)."""
    samples = beliefs.shape[1]
    pictures = np.full((samples, 28, 28), 255, np.uint8)
    pictures[:, 10:18, 10:18] = 0
    taps = {"conv1": np.zeros((len(beliefs), samples, 1, 4, 4), np.float32), "out": beliefs[..., None, None]}
    form = {"classes": CLASSES, "pictures": pictures, "labels": labels, "bounds": None, **form}
    return write_run(path, taps, **form)


def to_the_right(steps: int = STEPS) -> Floats:
    """Two samples: an ant, which is taken for it more and more, and a dog that is always taken for a bee."""
    part = np.linspace(0, 1, steps)[:, None]
    ant = (1 - part) * np.full(4, 0.25) + part * np.array([1.0, 0, 0, 0])
    dog = np.tile([0.0, 1, 0, 0], (steps, 1))
    return np.stack([ant, dog], axis=1).astype(np.float32)


def compass(run: Run, **options: Any) -> LaidOut:
    panel = {"note": False, "width": 600, "height": 600, **options}
    return lay_out(run, {"compass": panel}, theme={"text": 12})


def find_center(pixels: Bytes, color: tuple[int, int, int]) -> tuple[float, float]:
    """The middle (x, y) of the pixels of a color that are near the median one: a head's, without its trail."""
    rows, columns = np.nonzero((pixels == color).all(axis=2))
    return float(np.median(columns)), float(np.median(rows))


def test_samples_are_at_the_weighted_mean(tmp_path: Path) -> None:
    laid = compass(recorded(tmp_path / "run", to_the_right()), trails=False)
    ant, bee, _, dog = choose_class_colors(4, WHITE)
    for step, part in ((3, 0.3), (7, 0.7), (10, 1.0)):
        pixels = laid.panel("compass", step)
        # Names are outside of the circle.
        inner = pixels[40:-40, 40:-40]
        x, y = find_center(inner, ant)
        assert x == pytest.approx(260, abs=2)
        top = find_center(laid.panel("compass", 10)[40:-40, 40:-40], ant)[1]
        assert y == pytest.approx(260 + part * (top - 260), abs=3)
        # The dog has its own color, at the place of the bee.
        x, y = find_center(inner[:, 300:], dog)
        assert x + 300 == pytest.approx(260 + 260 - top, abs=3)
        assert y == pytest.approx(260, abs=2)
    assert not (inner == bee).all(axis=2).any()


def test_rings_are_solid_where_the_answer_is_right(tmp_path: Path) -> None:
    drawn = []
    for label in ("bee", "dog"):
        laid = compass(recorded(tmp_path / label, to_the_right(), labels=["ant", label]), trails=False)
        pixels = laid.panel("compass", 5)
        x, y = find_center(pixels[40:-40, 340:-40], choose_class_colors(4, WHITE)[CLASSES.index(label)])
        x, y = x + 340, y + 40
        away = np.hypot(*np.ogrid[-y : 600 - y, -x : 600 - x])
        (drawing,) = laid.scene.drawings
        head = drawing._ring.head  # type: ignore[attr-defined]
        ring = (away > head - 2) & (away < head + 1)
        drawn.append((pixels[ring] != 255).any(axis=1).mean())
    solid, dashed = drawn
    assert dashed < 0.8 * solid


def test_a_trail_shows_the_past_alone(tmp_path: Path) -> None:
    run = recorded(tmp_path / "run", to_the_right(41))
    with_trails, without = compass(run), compass(run, trails=False)
    for step in (0, 20, 40):
        differs = (with_trails.panel("compass", step) != without.panel("compass", step)).any(axis=2)
        rows = np.nonzero(differs)[0]
        if step == 0:
            assert not len(rows)
            continue
        head = (
            find_center(without.panel("compass", step)[40:-40, 40:-40], choose_class_colors(4, WHITE)[0])[1]
            + 40
        )
        assert rows.max() == pytest.approx(300, abs=4)
        assert rows.min() >= head


def test_other_classes_pull_to_the_center(tmp_path: Path) -> None:
    beliefs = np.tile([[0.25, 0.0, 0.25, 0.5], [0.0, 0.0, 0.0, 1.0]], (2, 1, 1)).astype(np.float32)
    run = recorded(tmp_path / "run", beliefs)
    laid = compass(run, show=["dog", "ant"], trails=False)
    dog, _ = choose_class_colors(2, WHITE)
    # The ant is half-way from the ant at the bottom (0.25) to the dog at the top (0.5).
    pixels = laid.panel("compass", 0)[40:-40, 40:-40]
    top = find_center(pixels[:200], dog)[1]
    rows = np.nonzero((pixels == choose_class_colors(2, WHITE)[1]).all(axis=2))[0]
    assert np.median(rows) == pytest.approx(260 - 0.25 * (260 - top), abs=3)
    texts = laid_notes(run, show=["dog", "ant"])
    assert texts[-2:] == ("2 other classes", "pull to the center")


def laid_notes(run: Run, **options: Any) -> tuple[str, ...]:
    """The lines of the note."""
    laid = compass(run, note=True, **options)
    (drawing,) = laid.scene.drawings
    moved = drawing._find_moved(drawing._places, drawing._spread).any()  # type: ignore[attr-defined]
    notes = drawing._notes if moved else drawing._notes_without_lines  # type: ignore[attr-defined]
    return tuple(line for note in notes for line in note.lines)


def test_the_note_says_what_is_shown(tmp_path: Path) -> None:
    two = recorded(tmp_path / "two", to_the_right())
    assert laid_notes(two) == ("Solid ring: right", "Dashed ring: wrong")
    one = recorded(tmp_path / "one", to_the_right()[:, :1], labels=["ant"])
    assert laid_notes(one)[2:] == ("The thicker a line,", "the stronger it pulls")
    unknown = recorded(tmp_path / "unknown", to_the_right(), labels=["ant", "wolf"])
    assert laid_notes(unknown) == ()


def test_the_note_explains_lines_at_heads_where_there_are_some(tmp_path: Path) -> None:
    together = np.repeat(to_the_right()[:, :1], 4, axis=1)
    run = recorded(tmp_path / "run", together, labels=["ant"] * 4)
    assert laid_notes(run)[-2:] == ("Line and dot:", "a picture’s exact place")


def test_classes_pull_a_single_sample_by_lines_as_thick_as_their_probability(tmp_path: Path) -> None:
    beliefs = np.tile([0.5, 0.25, 0.25, 0.0], (2, 1, 1)).astype(np.float32)
    laid = compass(recorded(tmp_path / "run", beliefs, labels=["ant"]), trails=False)
    (drawing,) = laid.scene.drawings
    ring, box = drawing._ring, laid.box("compass")  # type: ignore[attr-defined]
    x, y = (round(value) for value in ring.center)
    pixels, colors = laid.frame(1), choose_class_colors(4, WHITE)
    up, right = pixels[y - ring.head * 3], pixels[:, x + ring.head * 3]
    assert (up == colors[0]).all(axis=1)[x - 60 : x + 60].sum() == pytest.approx(0.5 * 2 * ring.head, abs=2)
    assert (right == colors[1]).all(axis=1)[y - 60 : y + 60].sum() == pytest.approx(
        0.25 * 2 * ring.head, abs=2
    )
    assert not (pixels[:, box.x : x - ring.head * 2] == colors[3]).all(axis=2)[y - 5 : y + 6, 100:].any()


def test_of_many_classes_the_right_and_the_frequent_answers_are_shown(tmp_path: Path) -> None:
    names = [f"name {number}" for number in range(40)]
    answers = [[7, 30], [8, 30], [9, 31], [9, 39]]
    beliefs = np.eye(40, dtype=np.float32)[np.array(answers)] * 0.9 + 0.1 / 40
    run = recorded(tmp_path / "run", beliefs, classes=names, labels=["name 3", "name 39"])
    (drawing,) = compass(run).scene.drawings
    assert drawing._classes == [3, 7, 8, 9, 30, 31, 39]  # type: ignore[attr-defined]
    sure = np.eye(40, dtype=np.float32)[np.full((2, 1), 5)] * 0.5
    sure[:, :, [20, 21]] += 0.2, 0.3
    (drawing,) = compass(recorded(tmp_path / "sure", sure, classes=names, labels=["name 5"])).scene.drawings
    assert drawing._classes == [5, 20, 21]  # type: ignore[attr-defined]


def test_classes_that_are_believed_together_are_neighbors() -> None:
    beliefs = np.zeros((40, 6))
    for number, pair in enumerate([(0, 3), (3, 1), (1, 5), (5, 2), (2, 4), (4, 0)] * 6):
        beliefs[number, list(pair)] = 0.5
    order = order_by_similarity(beliefs)
    around = {frozenset((order[at - 1], order[at])) for at in range(6)}
    assert around == {frozenset(pair) for pair in [(0, 3), (3, 1), (1, 5), (5, 2), (2, 4), (4, 0)]}
    assert order[0] == 0


def test_a_sample_without_numbers_stays_where_it_was(tmp_path: Path) -> None:
    beliefs = to_the_right()
    beliefs[6:, 0] = np.nan
    laid = compass(recorded(tmp_path / "run", beliefs), trails=False)
    ant = choose_class_colors(4, WHITE)[0]
    before = find_center(laid.panel("compass", 5)[40:-40, 40:-40], ant)
    pixels = laid.panel("compass", 10)[40:-40, 40:-40]
    assert not (pixels == ant).all(axis=2).any()
    assert find_center(pixels, (150, 150, 150)) == pytest.approx(before, abs=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show": ["ant", "bear"]}, r"no class 'bear'; did you mean 'bee'|no class 'bear'"),
        ({"show": ["ant", "ant"]}, "a class is named twice; name up to 12 different ones with 'show'"),
    ],
)
def test_wrong_classes_are_errors(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        compass(recorded(tmp_path / "run", to_the_right()), **options)


def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(13)]
    many = recorded(
        tmp_path / "classes", np.full((2, 13, 13), 1 / 13, np.float32), classes=names, labels=names
    )
    with pytest.raises(
        TemplateError, match="13 classes are too many; name up to 12 different ones with 'show'"
    ):
        compass(many)
    crowd = recorded(tmp_path / "samples", np.full((2, 25, 4), 0.25, np.float32), labels=["ant"] * 25)
    with pytest.raises(TemplateError, match=r"25 samples are too many; show at most 24 with samples: \{show"):
        compass(crowd)
    nameless = recorded(tmp_path / "nameless", to_the_right(), classes=None)
    with pytest.raises(TemplateError, match="the run has no names of classes; record it with classes="):
        compass(nameless)


def test_24_samples_of_12_classes_fit_into_255_colors(tmp_path: Path) -> None:
    names = [f"name {number}" for number in range(12)]
    beliefs = np.eye(12, dtype=np.float32)[np.arange(24) % 12][None].repeat(3, axis=0)
    run = recorded(tmp_path / "run", beliefs, classes=names, labels=[names[n % 12] for n in range(24)])
    laid = compass(run, width=800, height=800, note=True)
    assert laid.scene.palette.shortage is None
    assert len(laid.scene.palette.rgb) == 256
    colors = choose_class_colors(12, WHITE)
    pixels = laid.panel("compass", 2)
    assert all((pixels == color).all(axis=2).any() for color in colors)
