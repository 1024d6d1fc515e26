"""What users ask of stills: the size on paper, pixels per inch, and mistakes in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from reelnet._support.length import parse_length
from reelnet.errors import TemplateError, UsageError
from reelnet.export.fitting_template import load_template_for
from reelnet.export.outputs import resolve_outputs
from reelnet.template.settings import parse_options
from tests.make_run import MakeRun

METER = 39.37
"""Inches."""


@pytest.mark.parametrize(
    ("text", "inches"),
    [("2.54cm", 1), ("25.4 mm", 1), ("1in", 1), ("96PX", 1), ("72pt", 1), (".5in", 0.5), (" 6.7 in ", 6.7)],
)
def test_lengths(text: str, inches: float) -> None:
    assert parse_length("width", text) == pytest.approx(inches)


@pytest.mark.parametrize(
    "text", ["17", "", "cm", "-3cm", "1e3cm", "17 ells", "nan cm", "0cm", "900in", "1" * 99]
)
def test_wrong_lengths(text: str) -> None:
    with pytest.raises(UsageError, match=r"^width ") as caught:
        parse_length("width", text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 150


def find_dpi(path: Path) -> tuple[int, float]:
    """Width of a PNG and the pixels per inch that it says it has."""
    with Image.open(path) as image:
        return image.width, float(image.info["dpi"][0])


def test_dpi_is_written(make_run: MakeRun, tmp_path: Path) -> None:
    reel = make_run().reel("article", density=None)
    reel.save_still(0, tmp_path / "plain.png")
    reel.save_still(0, tmp_path / "a.png", dpi=300)
    with Image.open(tmp_path / "plain.png") as plain:
        assert "dpi" not in plain.info
        width, dpi = find_dpi(tmp_path / "a.png")
        assert width == plain.width
        assert dpi == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize(("width", "dpi", "density"), [("5in", 100, 1), ("5in", 200, 2), ("17cm", 300, 3)])
def test_density_follows_from_width_and_dpi(
    make_run: MakeRun, tmp_path: Path, width: str, dpi: float, density: int
) -> None:
    reel = make_run().reel("article", density=None)
    report = reel.save_still(0, tmp_path / "a.png", width=width, dpi=dpi)
    pixels, written = find_dpi(tmp_path / "a.png")
    assert report.density == density
    assert pixels == report.width
    assert written >= dpi
    assert pixels / written == pytest.approx(parse_length("width", width), rel=1e-3)


def test_too_few_pixels_are_noted(make_run: MakeRun, tmp_path: Path) -> None:
    report = make_run().reel("article", density=1).save_still(0, tmp_path / "a.png", width="20in", dpi=300)
    assert any("fewer than 300" in note for note in report.notes)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.jpg", {}, r"a still is a PNG, PDF or SVG; name it .*a\.png"),
        ("a", {}, "a still is a PNG, PDF or SVG"),
        ("a-%d.png", {}, "remove the % part"),
        ("a.pdf", {"dpi": 300}, "dpi is for PNG; PDF and SVG have no pixels"),
        ("a.svg", {"dpi": 300}, "dpi is for PNG; PDF and SVG have no pixels"),
        ("a.pdf", {"width": "wide"}, "give a number and a unit"),
        ("a.png", {"dpi": 0}, "dpi 0: give a number from 10 to 10000"),
    ],
)
def test_mistakes(
    make_run: MakeRun, tmp_path: Path, name: str, options: dict[str, str | float], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make_run().reel("article").save_still(0, tmp_path / name, **options)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["run0"]


def test_a_step_that_was_not_recorded_leaves_no_file(make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="77"):
        make_run().reel("article").save_still(77, tmp_path / "a.pdf")
    assert not (tmp_path / "a.pdf").exists()


def test_outputs_of_templates_may_be_for_print(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    settings = ['outputs=[{path: "a.svg", step: first, width: 17cm}, {path: "b.png", dpi: 300}]']
    requests = resolve_outputs(run, load_template_for(run, "article", parse_options(settings)))
    assert [(request.step, request.options.width, request.options.dpi) for request in requests] == [
        (0, "17cm", None),
        (run.steps[-1], None, 300),
    ]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("{path: a.gif, width: 17cm}", "is for stills"),
        ("{path: a.pdf, dpi: 300}", "dpi is for PNG"),
        ("{path: a.pdf, width: broad}", "give a number and a unit"),
        ("{path: a.mp4, step: 3}", "only a still has a step"),
    ],
)
def test_mistakes_in_outputs(make_run: MakeRun, output: str, message: str) -> None:
    run = make_run()
    with pytest.raises(TemplateError, match=message):
        resolve_outputs(run, load_template_for(run, "article", parse_options([f"outputs=[{output}]"])))
