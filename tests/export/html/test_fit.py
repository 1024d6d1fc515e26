"""Caps: a figure is never larger, fills most of its cap, and the report says what was reduced."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from reelnet.errors import CapError
from reelnet.export.html.figure import Figure
from reelnet.reel import Run
from tests.export.html.reading import ReadFigure
from tests.make_run import MakeRun

SIZE = 160, 5, 4, 12, 12


@pytest.fixture
def run(make_run: MakeRun) -> Run:
    random = np.random.default_rng(3)
    values = np.clip(np.cumsum(random.normal(0, 0.08, SIZE), axis=0), -1, 1)
    return make_run(taps={"conv1": values.astype(np.float32), "conv2": -values.astype(np.float32)})


def test_a_figure_that_fits_is_exact(run: Run, tmp_path: Path) -> None:
    exact = run.reel("plain").save(tmp_path / "a.html")
    report = run.reel("plain").save(tmp_path / "b.html", max_size=exact.bytes)
    assert (report.lossless, report.traded, report.encodes) == (True, (), 1)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


@pytest.mark.parametrize("share", [0.9, 0.6, 0.4])
def test_a_cap_is_kept_and_filled(run: Run, tmp_path: Path, share: float) -> None:
    exact = run.reel("plain").save(tmp_path / "a.html")
    page = 60_000
    cap = int(page + share * (exact.bytes - page))
    report = run.reel("plain").save(tmp_path / "b.html", max_size=cap)
    assert report.bytes == (tmp_path / "b.html").stat().st_size <= cap
    assert report.fill is not None
    assert report.fill > 0.95
    figure = ReadFigure.read(tmp_path / "b.html")
    assert tuple(figure.scene["steps"]) == report.steps_shown
    assert not report.lossless
    assert bool(report.traded) == (len(report.steps_shown) < 160 or report.max_error_levels > 4)
    whole = ReadFigure.read(tmp_path / "a.html")
    chosen = [whole.scene["steps"].index(step) for step in figure.scene["steps"]]
    levels = len(figure.scene["layers"][0]["maps"][0]["colors"]["light"]) // 6
    error = np.abs(figure.levels().astype(int) - whole.levels()[chosen]) * 240 / (levels - 1)
    # The report measures from the exact values, which are up to half a level away.
    assert error.max() <= report.max_error_levels + 120 / (levels - 1)


def test_layers_are_left_out_last(run: Run, tmp_path: Path) -> None:
    report = run.reel("plain").save(tmp_path / "a.html", max_size="95 kB", layers="all")
    assert report.bytes <= 95_000
    figure = ReadFigure.read(tmp_path / "a.html")
    assert [layer["name"] for layer in figure.scene["layers"]] == ["conv1"]
    assert report.traded[-1] == "1 of 2 layers shown: conv1"
    assert figure.scene["alt"].startswith("conv1, 4 channels")


def test_the_first_and_the_last_step_keep_their_values(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CapError) as error:
        run.reel("plain").save(tmp_path / "a.html", max_size="20 kB")
    smallest = re.search(r"possible is ([\d.]+ kB)", str(error.value))
    assert smallest is not None
    cap = round(1000 * float(smallest[1].removesuffix(" kB"))) + 100
    report = run.reel("plain").save(tmp_path / "a.html", max_size=cap)
    assert (report.steps_shown, report.lossless) == ((0, 159), True)
    assert report.traded == ("2 of 160 steps shown",)


def test_what_must_be_kept(run: Run, tmp_path: Path) -> None:
    exact = run.reel("plain").save(tmp_path / "a.html")
    report = run.reel("plain").save(
        tmp_path / "b.html", max_size=exact.bytes // 2, keep=["levels"], max_error=0
    )
    assert report.max_error_levels == 0
    assert len(report.steps_shown) < 160
    with pytest.raises(CapError, match="with frames and levels kept is") as error:
        run.reel("plain").save(
            tmp_path / "c.html", max_size=exact.bytes // 2, keep=["frames", "levels"], max_error=0
        )
    assert error.value.exit_code == 5
    with pytest.raises(CapError, match="the lossless size is"):
        run.reel("plain").save(tmp_path / "c.html", max_size=exact.bytes - 1, lossless=True)
    assert not (tmp_path / "c.html").exists()


def test_a_cap_below_an_empty_page(run: Run, tmp_path: Path) -> None:
    with pytest.raises(
        CapError, match=r"c\.html: cannot fit in 20 kB; the smallest possible is .* Show fewer"
    ):
        run.reel("plain").save(tmp_path / "c.html", max_size="20 kB")


def test_what_is_not_shown_takes_no_bytes(make_run: MakeRun) -> None:
    run = make_run(taps={"out": (4, 4, 1, 1)}, steps=range(40), classes="abcd", labels="abcd", color=True)
    figure = Figure.from_renditions([run.reel("compass", density=1).rendition], lambda done, total: None)
    whole = json.loads(figure.make_page([]).scene)
    fewer = figure.with_steps(3)
    scene = json.loads(fewer.make_page([]).scene)
    points = [sum(map(len, each["layers"][0]["points"])) for each in (whole, scene)]
    assert points[1] < points[0]
    lengths = [len(each) for each in scene["layers"][0]["points"]]
    for panel in scene["layers"][0]["panels"]:
        for item in (item for items in (panel["still"], *panel["variants"]) for item in items):
            if item[0] == "l":
                end = item[2] if isinstance(item[2], int) else item[2][1]
                assert 2 * end <= lengths[item[1]]
            if item[0] == "i":
                assert scene["images"][item[5]].startswith("data:image/")
