"""Density: every length is multiplied, boxes double, and text is drawn at its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import reelnet
from reelnet.config.spec import SpecModel
from reelnet.config.validation_messages import iter_models
from reelnet.errors import TemplateError, UsageError
from reelnet.export.encoders.formats import FORMATS, SEQUENCE
from reelnet.export.platforms.model import OutputConstraints
from reelnet.export.rate_control.constraint_fit import fit_constraints
from reelnet.export.report import describe_reductions
from reelnet.reel import Run
from reelnet.render.registry import PANELS, panel_registry
from reelnet.scene.layout.density import find_lengths, scale_lengths
from reelnet.template.load import load_template
from reelnet.template.model import CanvasSpec, OutputSpec, SamplesSpec, StackSpec
from reelnet.template.theme import Theme
from tests.cli.calls import call
from tests.make_run import noise, write_run
from tests.rendering import to_pixels

NO_LENGTHS = {"density", "scale"}
"""Fields that speak of pixels and are no lengths of the layout."""


def all_models() -> Iterator[type[SpecModel]]:
    """The options of all panels, stacks, samples and the canvas, with those that they contain."""
    for model in (CanvasSpec, StackSpec, SamplesSpec, OutputSpec, *PANELS.values()):
        yield from (each for each in iter_models(model) if issubclass(each, SpecModel))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run as users open it, with the defaults that they get."""
    metrics = {"train_loss": [2.0, 1.0, 0.5], "test_accuracy": [0.1, 0.6, 0.9]}
    write_run(tmp_path / "run", noise(3, 4, 3, 7), metrics=metrics, labels=list("abcd"))
    return reelnet.open(tmp_path / "run")


def test_each_option_in_pixels_is_a_length() -> None:
    found = {
        (model.__name__, name)
        for model in set(all_models())
        for name, each in model.model_fields.items()
        if "pixels" in (each.description or "").lower()
        and name not in NO_LENGTHS
        and name not in find_lengths(model)
        and _may_be_a_number(each.annotation)
    }
    assert found == set()
    assert find_lengths(CanvasSpec) == {
        "width",
        "height",
        "min_height",
        "max_width",
        "max_height",
        "max_cell",
    }
    assert find_lengths(PANELS["colorbar"]) == {"width", "height", "length", "thickness"}
    assert find_lengths(Theme) == {"cell", "text", "title", "min_text"}


def _may_be_a_number(annotation: Any) -> bool:
    return "int" in str(annotation) and "bool" not in str(annotation).replace("| bool", "")


def test_all_lengths_of_a_template_are_multiplied() -> None:
    for name in ("vertical", "overview", "filmstrip"):
        template = load_template(name, panel_registry())
        scaled = scale_lengths(template, 3)
        parts = [(template.canvas, scaled.canvas), (template.samples, scaled.samples)]
        parts += [(template.layout.options, scaled.layout.options)]
        parts += [(panel, scaled.panels[name]) for name, panel in template.panels.items()]
        for before, after in parts:
            for key in type(before).model_fields:
                value, factor = getattr(before, key), 3 if key in find_lengths(type(before)) else 1
                if isinstance(value, int) and not isinstance(value, bool):
                    assert getattr(after, key) == factor * value, key
        for each in fields(Theme):
            value, factor = (
                getattr(template.theme, each.name),
                3 if each.name in ("cell", "text", "title", "min_text") else 1,
            )
            if isinstance(value, int):
                assert getattr(scaled.theme, each.name) == factor * value


@pytest.mark.parametrize("template", ["article", "annotated", "overview", "flow"])
def test_boxes_double(template: str, run: Run) -> None:
    one, two = (dict(run.reel(template, density=density).scene.boxes) for density in (1, 2))
    assert one.keys() == two.keys()
    for name, box in one.items():
        for side in ("width", "height"):
            # Each of a few parts is rounded up to the grid of 8 output pixels, and cells to scales that suit codecs.
            doubled = 2 * getattr(box, side)
            assert getattr(two[name], side) == pytest.approx(doubled, rel=0.15, abs=48), (name, side)


def test_text_is_drawn_at_its_size_rather_than_enlarged(run: Run) -> None:
    settings = ["layout=title", "panels.title.text=Sharp words"]
    one, two = (run.reel(settings=settings, density=density) for density in (1, 2))
    small, large = (to_pixels(reel.frame(0)).astype(float).mean(axis=2) for reel in (one, two))
    size = large.shape[1], large.shape[0]
    enlarged = np.asarray(Image.fromarray(small.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC))
    assert abs(large.shape[0] - 2 * small.shape[0]) <= 4
    # Sharp edges are steeper: the sum of steep steps is far greater.
    assert count_steep(large) > 2 * count_steep(enlarged.astype(float))


def count_steep(gray: np.ndarray[Any, Any]) -> int:
    """The number of neighbors that differ by half of black to white."""
    return int((np.abs(np.diff(gray, axis=1)) > 128).sum())


def test_each_format_has_a_density(run: Run, tmp_path: Path) -> None:
    reel = run.reel("plain", settings=["timeline.end_pause=0"])
    width = reel.rendition.with_density(1).size.width
    assert {fmt.suffix for fmt in FORMATS.values() if fmt.density != 2} == {".gif"}
    assert SEQUENCE.density == 2
    for suffix, density in ((".gif", 1), (".webp", 2), (".mp4", 2), (".apng", 2)):
        report = reel.save(tmp_path / f"a{suffix}")
        assert (report.density, report.width) == (density, density * width)
        assert report.as_json()["density"] == density
    assert reel.frame(0).width == reel.save_still(0, tmp_path / "a.png").width == 2 * width
    assert reel.frame(0, eight_bit=True).width == width


@pytest.mark.parametrize("setting", ["canvas=600x400", "canvas.scale=8"])
def test_sizes_of_the_file_are_its_pixels(setting: str, run: Run, tmp_path: Path) -> None:
    assert run.reel("plain", settings=[setting]).save(tmp_path / "a.webp").density == 1
    assert run.reel("plain", settings=[setting, "canvas.density=2"]).rendition.density == 2


def test_a_width_alone_is_one_of_the_layout(run: Run) -> None:
    size = run.reel("plain", settings=["canvas.width=600"]).scene.size
    assert size.width == 1200


def test_a_scale_is_in_output_pixels(run: Run) -> None:
    assert run.reel("plain", scale=8).rendition.density == 1
    assert [run.reel("plain", scale=8, density=density).rendition.scale for density in (1, 2, 3)] == [8, 8, 8]
    # At another density, a fixed scale keeps its place in the layout.
    assert run.reel("plain", scale=8, density=2).rendition.with_density(1).scale == 4


def test_what_the_user_asks_for_counts_most(run: Run, tmp_path: Path) -> None:
    reel = run.reel("plain", density=3, settings=["canvas.density=2"])
    assert reel.save(tmp_path / "a.gif").density == 3
    assert run.reel("plain", settings=["canvas.density=2"]).save(tmp_path / "a.gif").density == 2
    with pytest.raises(UsageError, match="density 5: give an integer from 1 to 4"):
        run.reel("plain", density=5)


def test_a_frame_that_is_too_large_has_a_smaller_density(run: Run) -> None:
    settings = ["canvas.max_width=16000", "canvas.max_cell=1000"]
    assert run.reel("plain", settings=settings).rendition.density == 1


def test_errors_are_in_pixels_of_the_layout(run: Run) -> None:
    settings = ["panels.counter.width=4", "canvas.density=2"]
    with pytest.raises(TemplateError, match=r"panels.counter.width: has 4×\d+ pixels"):
        run.reel("plain", settings=settings)


def test_the_command_line_takes_a_density(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    command = ("frame", run.path, "--step", 0, "-o", path, "--template", "plain", "--density", 1)
    assert call(*command).exit_code == 0
    with Image.open(path) as image:
        assert image.width == run.reel("plain", density=1).scene.size.width


def test_platforms_lower_the_density_before_anything_else(run: Run) -> None:
    rendition = run.reel("plain").rendition
    size = rendition.with_density(1).size
    constraints = OutputConstraints(max_width=size.width, platform="somewhere")
    fitted = fit_constraints(rendition, constraints, (), Path("a.mp4"))
    assert (fitted.density, fitted.size) == (1, size)
    assert list(describe_reductions(rendition, fitted, None, constraints)) == [
        f"density 1 instead of 2, so {size.width}×{size.height} pixels instead of "
        f"{rendition.size.width}×{rendition.size.height} (somewhere takes at most a width of {size.width} px)"
    ]
