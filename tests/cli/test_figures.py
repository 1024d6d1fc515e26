"""Interactive figures on the command line and in templates: layers in one file, and options without a meaning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calls import call, call_expecting_error
from tests.export.html.reading import ReadFigure


def layer_names(file: Path) -> list[str]:
    return [layer["name"] for layer in ReadFigure.read(file).scene["layers"]]


def test_all_layers_are_in_one_figure(run: Path, tmp_path: Path) -> None:
    shown = call("render", run, "-o", tmp_path / "a.html", "--layer", "all").stdout
    assert layer_names(tmp_path / "a.html") == ["conv1", "conv5", "conv6"]
    assert shown.count("a.html") == 2
    call("render", run, "-o", tmp_path / "b.html", "--layer", "conv6", "conv1")
    assert layer_names(tmp_path / "b.html") == ["conv6", "conv1"]


def test_a_figure_per_layer(run: Path, tmp_path: Path) -> None:
    shown = call("render", run, "-o", tmp_path / "{layer}.html").stdout.splitlines()
    names = ["conv1", "conv5", "conv6"]
    assert [layer_names(tmp_path / f"{name}.html") for name in names] == [[name] for name in names]
    assert [line.startswith("<iframe") for line in shown] == [False] * 3 + [True] * 3


def test_outputs_of_a_template(run: Path, tmp_path: Path) -> None:
    outputs = [
        {"path": str(tmp_path / "all.html"), "layers": "all", "max_size": "1 MB"},
        {"path": str(tmp_path / "{layer}.html"), "layers": ["conv1", "conv5"]},
        {"path": str(tmp_path / "one.html")},
    ]
    (tmp_path / "mine.yaml").write_text(json.dumps({"extends": "plain", "outputs": outputs}))
    reports = json.loads(call("render", run, "--template", tmp_path / "mine.yaml", "--json").stdout)
    assert [Path(each["path"]).name for each in reports] == [
        "all.html",
        "conv1.html",
        "conv5.html",
        "one.html",
    ]
    assert [each["cap"] for each in reports] == [1_000_000, None, None, None]
    assert {tuple(each["steps_shown"]) for each in reports} == {(0, 1, 2)}
    assert layer_names(tmp_path / "all.html") == ["conv1", "conv5", "conv6"]


def test_an_output_for_a_platform_without_html(run: Path, tmp_path: Path) -> None:
    content = {"extends": "plain", "outputs": [{"path": "a.html", "for": "medium"}]}
    (tmp_path / "mine.yaml").write_text(json.dumps(content))
    message = call_expecting_error(3, "render", run, "--template", tmp_path / "mine.yaml")
    assert "outputs[0].for: medium takes no HTML; write .gif, and link it to the figure" in message


def test_an_output_with_a_density(run: Path, tmp_path: Path) -> None:
    content = {"extends": "plain", "outputs": [{"path": "a.html", "density": 2}]}
    (tmp_path / "mine.yaml").write_text(json.dumps(content))
    message = call_expecting_error(3, "render", run, "--template", tmp_path / "mine.yaml")
    assert "outputs[0].density: a figure is sharp at any density; leave it out" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--density", 2], "-o a.html: a figure is sharp at any density; leave --density out"),
        (["--codec", "h265"], ".html: has no codec; leave 'h265' out"),
        (
            ["--for", "github"],
            "github takes no HTML; write .mp4, and link it to the figure on a page of yours",
        ),
        (["--split", "--max-size", "1MB"], "a.html: a cap is for a single file"),
        (["--max-error", 2], "--max-error and --keep are for a cap"),
        (["--layer", "conv7"], "no layer 'conv7' was recorded"),
    ],
)
def test_options_without_a_meaning(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[object], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in call_expecting_error(2, "render", run, "-o", "a.html", *options)
    assert not [*tmp_path.glob("*.html")]


def test_other_formats_are_not_split(run: Path) -> None:
    assert "only an .html file can be split" in call_expecting_error(
        2, "render", run, "-o", "a.gif", "--split"
    )


def test_options_that_have_a_meaning(run: Path, tmp_path: Path) -> None:
    call("render", run, "-o", tmp_path / "a.html", "--lossless", "--scale", 3, "--fps", 5)
    figure = ReadFigure.read(tmp_path / "a.html")
    block = figure.scene["layers"][0]["maps"][0]
    assert block["cell"] == [3 * side for side in reversed(block["map"])]
    assert [milliseconds for _, milliseconds in figure.scene["frames"]][1] == 200
