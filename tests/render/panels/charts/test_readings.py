"""Charts and strips, read as people read them: the height of the dot between two ticks is the current value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelnet.render.canvas import write
from reelnet.render.panels.charts import chart_drawing, strip
from tests.make_run import Bytes
from tests.render.panels.charts.curves import BARE, TEST, THIRD, TRAIN, find_pixels, make_curves
from tests.rendering import to_pixels

COUNT = 9
FAINT = (222, 225, 229)
CHART, STRIP = BARE, {"style": "strip", "width": 640, "height": 220}


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The middle row of each number that is written at the ticks, filled when a reel is made."""
    rows: dict[str, float] = {}

    def note(canvas: Any, text: str, ink: Any, x: int, y: int, style: Any, **options: Any) -> None:
        # The large value of a strip is bold.
        if not style.bold:
            rows[text] = y + style.line_height / 2
        write(canvas, text, ink, x, y, style, **options)

    monkeypatch.setattr(chart_drawing, "write", note)
    monkeypatch.setattr(strip, "write", note)
    return rows


def find_ticks(frame: Bytes, labels: Mapping[str, float], *, percent: bool) -> list[tuple[int, float]]:
    """The row of each grid line with a number beside it, and the number."""
    lines = np.flatnonzero((frame == FAINT).all(axis=2).sum(axis=1) > frame.shape[1] // 3)
    ticks = []
    for text, middle in labels.items():
        if not re.fullmatch(r"−?[\d,.]+%?", text):
            continue
        row = lines[np.abs(lines - middle).argmin()]
        if abs(row - middle) <= 2:
            value = float(text.replace("−", "-").replace(",", "").removesuffix("%"))
            ticks.append((int(row), value / 100 if percent else value))
    return sorted(ticks)


def read_dot(
    frame: Bytes, ticks: list[tuple[int, float]], rgb: tuple[int, int, int] = TRAIN, *, log: bool
) -> tuple[float, float]:
    """The value at the right end of the curve, and that of one row."""
    pixels = find_pixels(frame, rgb)
    # Only the dot reaches furthest to the right.
    rows = pixels[pixels[:, 1] == pixels[:, 1].max()][:, 0]
    (top, first), (bottom, last) = ticks[0], ticks[-1]
    if log:
        first, last = np.log10([first, last])
    row = (last - first) / (bottom - top)
    value = first + (rows.mean() - top) * row
    return float(value), abs(float(row))


@pytest.mark.parametrize("form", ["chart", "strip"])
@pytest.mark.parametrize(
    ("name", "options", "low", "high"),
    [
        ("loss", {}, 0.0, 1.0),
        ("loss", {}, 3.7, 6.1),
        ("loss", {}, 2.0, 2.3),
        ("loss", {}, 20.0, 900.0),
        ("loss", {}, -4.0, 7.0),
        ("loss", {}, 0.0, 0.03),
        ("loss", {"range": [0, 10]}, 1.0, 6.0),
        ("loss", {"y": "log"}, 0.004, 3.0),
        ("accuracy", {}, 0.1, 0.99),
        ("accuracy", {"range": [0.5, 1]}, 0.6, 0.99),
    ],
)
def test_the_dot_is_at_its_value(
    tmp_path: Path,
    labels: dict[str, float],
    form: str,
    name: str,
    options: Mapping[str, Any],
    low: float,
    high: float,
) -> None:
    make, generator, is_log = make_curves(tmp_path), np.random.default_rng(16), options.get("y") == "log"
    for _ in range(4):
        values = generator.uniform(low, high, COUNT)
        labels.clear()
        reel = make({name: values.tolist()}, {**(STRIP if form == "strip" else CHART), **options})
        frames = [to_pixels(reel.frame(step)) for step in reel.run.steps]
        ticks = find_ticks(frames[0], labels, percent=name == "accuracy")
        assert len(ticks) >= 2
        for value, frame in list(zip(values, frames, strict=True))[1:]:
            reading, row = read_dot(frame, ticks, log=is_log)
            assert abs(reading - (np.log10(value) if is_log else value)) <= 1.5 * row


def test_two_curves_of_a_strip_have_one_axis(tmp_path: Path, labels: dict[str, float]) -> None:
    """The thin curve reaches higher than the bold one, which has the dot."""
    losses = np.random.default_rng(4).uniform(1.5, 6.1, COUNT)
    metrics = {"test_loss": losses.tolist(), "train_loss": (losses + 3).tolist()}
    reel = make_curves(tmp_path)(metrics, STRIP)
    frames = [to_pixels(reel.frame(step)) for step in reel.run.steps]
    ticks = find_ticks(frames[0], labels, percent=False)
    for value, frame in list(zip(losses, frames, strict=True))[1:]:
        reading, row = read_dot(frame, ticks, TEST, log=False)
        assert abs(reading - value) <= 1.5 * row


def test_the_right_axis_of_a_chart(tmp_path: Path, labels: dict[str, float]) -> None:
    """A rate against the right axis, whose ticks have no grid lines."""
    rates = np.random.default_rng(5).uniform(10, 70, COUNT)
    metrics = {"loss": [1.0] * COUNT, "rate": rates.tolist()}
    reel = make_curves(tmp_path)(metrics, {**CHART, "metrics": ["loss", "rate"], "right": ["rate"]})
    frames = [to_pixels(reel.frame(step)) for step in reel.run.steps]
    # Only these numbers are at least 20.
    ticks = sorted((round(row), float(text)) for text, row in labels.items() if re.fullmatch(r"[2-9]0", text))
    assert len(ticks) >= 2
    end = np.argwhere((frames[0] == FAINT).all(axis=2))[:, 1].max()
    for value, frame in list(zip(rates, frames, strict=True))[1:-1]:
        reading, row = read_dot(frame[:, : end + 1], ticks, THIRD, log=False)
        assert abs(reading - value) <= 3 * row
