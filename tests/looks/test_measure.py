"""The figures of frames, against frames that are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from looks.measure import (
    Figures,
    choose_steps,
    find_largest_gap,
    find_longest_gap,
    measure_reel,
    relative_luminance,
)
from looks.rules import Rules, find_rules

from tests.make_run import MakeRun, noise


def test_steps_are_first_middle_and_last() -> None:
    assert choose_steps(range(0, 50, 10)) == [0, 20, 40]
    assert choose_steps([7, 9]) == [7, 9]
    assert choose_steps([7]) == [7]


def test_gaps_are_the_longest_ones() -> None:
    assert find_longest_gap(np.array([0, 0, 1, 0, 0, 0, 1, 0], bool)) == 3 / 8
    assert find_longest_gap(np.ones(5, bool)) == 0
    filled = np.ones((160, 320), bool)
    filled[32:96, 64:288] = False
    filled[96:160, :32] = False
    assert find_largest_gap(filled) == 4 * 14 / 200


def test_luminance_is_that_of_wcag() -> None:
    black, white, gray = relative_luminance(np.array([[0] * 3, [255] * 3, [118] * 3], np.uint8))
    assert (black, white) == (0, 1)
    # The gray of which both black and white text have a contrast of 4.5.
    assert (gray + 0.05) / 0.05 == pytest.approx(4.6, abs=0.1)


PANELS = """
panels:
  title: {kind: text, text: "Step {step}", color: '#1f2328'}
  inputs: {labels: false}
  channels: {labels: false}
"""
IN_ORDER = f"{PANELS}layout: {{column: [title, inputs, channels]}}"
ON_CELLS = f"{PANELS}layout: {{overlay: [{{column: [inputs, channels]}}, title]}}"


@pytest.fixture
def measure(make_run: MakeRun, tmp_path: Path) -> Callable[[str], Figures]:
    """Measure a template on a run of two samples and three channels."""
    run = make_run(taps=noise(2, 2, 3, 7), labels="ab")

    def measure_template(text: str) -> Figures:
        file = tmp_path / "a.yaml"
        file.write_text(text, "utf-8")
        figures, frames = measure_reel(run.reel(file), [0, 1])
        assert [frame.step for frame in frames] == [0, 1]
        return figures

    return measure_template


def test_words_on_cells_are_found(measure: Callable[[str], Figures]) -> None:
    figures = measure(ON_CELLS)
    assert "title: 'Step 0' is on a cell" in figures.faults
    assert figures.maps == 1


def test_words_in_order_have_no_faults(measure: Callable[[str], Figures]) -> None:
    assert measure(IN_ORDER).faults == ()


def test_pale_words_are_found(measure: Callable[[str], Figures]) -> None:
    # 1.05 / (0.05 + ((160 / 255 + 0.055) / 1.055) ** 2.4) = 2.61
    assert measure(IN_ORDER.replace("#1f2328", "#a0a0a0")).faults == (
        "title: 'Step 0' has a contrast of 2.6 only",
        "title: 'Step 1' has a contrast of 2.6 only",
    )


def test_rules_name_what_is_broken(measure: Callable[[str], Figures]) -> None:
    figures = replace(measure(IN_ORDER), faults=("title: 'Step 0' is on a cell",))
    assert Rules().find_broken(figures) == {"texts": "title: 'Step 0' is on a cell"}
    assert set(Rules(size=(10, 10), has_words_on_cells=True).find_broken(figures)) == {"size"}
    assert set(Rules().find_broken(replace(figures, faults=(), empty_rows=0.4, maps=0.3))) == {
        "empty",
        "maps",
    }
    assert find_rules("no such template") == Rules()
