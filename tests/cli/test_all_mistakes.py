"""Every mistake of a template in one round: in the file itself, in its outputs, and against a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reelnet.errors import TemplateError
from reelnet.reel import Run
from tests.cli.calls import call
from tests.make_run import noise, write_run

MISTAKES = """\
extends: article
theme: {ink: blau, levels: 2}
layer: conv7
samples: {show: [0, 9], gpa: 1}
canvas: {width: wide}
panels:
  channels: {show: 0-8, gap: tight}
  title: {text: '{metrics.los}', size: 3}
  captions: {items: [{from: 900, text: late}]}
  colorbar: {length: 1}
timeline: {fps: fast, holds: [{step: 77, seconds: 1}]}
outputs:
  - {path: a.gfi}
  - {path: b.gif, layers: [conv8]}
  - {path: c.png, step: 78}
  - {path: d.gif, max_size: huge}
  - {path: e.gif, timeline: {steps: {list: [79]}}}
  - {path: f.gif, quality: 3}
"""

EXPECTED = (
    "2:9: theme.ink: 'blau'",
    "2:20: theme.levels: 2: give at least 3",
    "3:1: layer: no layer 'conv7' was recorded",
    "4:11: samples.show: no sample 9",
    "4:25: samples.gpa: no such key",
    "5:10: canvas.width: 'wide' is not",
    "7:14: panels.channels.show: no channels 2 to 8 of conv1",
    "7:25: panels.channels.gap: 'tight' is not",
    "8:11: panels.title.text: text '{metrics.los}': no field",
    "8:34: panels.title.size: 3: give at least 6",
    "9:23: panels.captions.items[0].from: step 900 is beyond",
    "10:14: panels.colorbar.length: 1: give at least 3",
    "11:12: timeline.fps: 'fast' is not a number",
    "11:32: timeline.holds[0].step: step 77 was not recorded",
    "13:6: outputs[0].path: ",
    "14:28: outputs[1].layers[0]: no layer 'conv8'",
    "15:19: outputs[2].step: step 78 was not recorded",
    "16:19: outputs[3].max_size: ",
    "17:45: outputs[4].timeline.steps.list[0]: step 79 was not recorded",
    "18:19: outputs[5].quality: no such key",
)
AGAINST_THE_RUN = (2, 3, 6, 8, 10, 13, 15, 16, 18)
"""Those of the mistakes that only a run reveals."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(MISTAKES)
    return write_run(tmp_path / "run", noise(5, 3, 2, 7), metrics={"loss": [5.0, 4.0, 3.0, 2.0, 1.0]})


def require_all(lines: list[str], expected: list[str]) -> None:
    """Assert that the lines are those with the expected beginnings."""
    found = [line.removeprefix("reelnet: ").removeprefix("mine.yaml:") for line in lines]
    assert [each for each in expected if not any(line.startswith(each) for line in found)] == [], "\n".join(
        found
    )
    assert [line for line in found if not line.startswith(tuple(expected))] == [], "\n".join(found)


@pytest.mark.parametrize(
    "words",
    [
        ["templates", "check", "mine.yaml", "--run", "run"],
        ["render", "run", "--template", "mine.yaml", "-o", "a.gif"],
        ["render", "run", "--template", "mine.yaml"],
        ["frame", "run", "--template", "mine.yaml", "-o", "a.png", "--step", "0"],
    ],
    ids=lambda words: " ".join(words),
)
def test_all_mistakes_come_in_one_round(run: Run, words: list[str]) -> None:
    result = call(*words)
    assert result.exit_code == 3
    require_all(result.stderr.splitlines(), [*EXPECTED])


def test_a_reel_reports_all_mistakes(run: Run) -> None:
    with pytest.raises(TemplateError) as caught:
        run.reel("mine.yaml")
    require_all(str(caught.value).splitlines(), [*EXPECTED])


def test_without_a_run_all_mistakes_of_the_file_come_in_one_round(run: Run) -> None:
    lines = call("templates", "check", "mine.yaml").stderr.splitlines()
    require_all(lines, [each for number, each in enumerate(EXPECTED) if number not in AGAINST_THE_RUN])


def test_an_invalid_layout_hides_no_mistake_of_its_panels(run: Run) -> None:
    Path("mine.yaml").write_text("panels: {channels: {show: 0-8}}\nlayout: {colum: [channels, titel]}\n")
    lines = call("templates", "check", "mine.yaml", "--run", "run").stderr.splitlines()
    assert len(lines) == 2
    assert "layout.colum: no such stack; did you mean 'column'?" in lines[1]
    assert "panels.channels.show: no channels 2 to 8" in lines[0]


def test_a_mended_option_makes_no_other_an_error(run: Run) -> None:
    text = (
        "extends: article\ntheme: {text: 900}\npanels: {curve: {chart_width: 300}}\ncanvas: {width: 4000}\n"
    )
    Path("mine.yaml").write_text(text)
    (line,) = call("templates", "check", "mine.yaml", "--run", "run").stderr.splitlines()
    assert "theme.text: 900: give at most 512" in line


@pytest.mark.parametrize(
    "extends", ["artcle", "[article, artcle]", "./gone.yaml", "./broken.yaml", "./loop.yaml", "3", "['']"]
)
def test_a_template_that_cannot_be_extended_hides_no_mistake(run: Run, extends: str) -> None:
    Path("broken.yaml").write_text("theme: {ink: [\n")
    Path("loop.yaml").write_text("extends: ./mine.yaml\n")
    text = (
        f"extends: {extends}\ntheme: {{ink: blau}}\npanels: {{channels: {{show: 0-8}}, title: {{text: x}}}}\n"
    )
    Path("mine.yaml").write_text(text + "layout: {at: {title: null}}\n")
    lines = call("templates", "check", "mine.yaml", "--run", "run").stderr.splitlines()
    assert len(lines) == 3, lines
    assert "theme.ink: 'blau'" in "".join(lines)
    assert "panels.channels.show: no channels 2 to 8" in "".join(lines)


def test_output_paths_that_no_file_can_have(run: Run) -> None:
    paths = ["x" * 300 + ".gif", "é" * 130 + "/b.gif", "~nobody-of-this-name/c.gif"]
    outputs = "".join(f"  - {{path: {path}}}\n" for path in paths)
    Path("mine.yaml").write_text(f"extends: article\noutputs:\n{outputs}")
    for words in (["templates", "check", "mine.yaml"], ["render", "run", "--template", "mine.yaml"]):
        lines = call(*words).stderr.splitlines()
        assert ["at most 255 bytes" in line for line in lines] == [True, True, False]
        assert "there is no user '~nobody-of-this-name'" in lines[2]


def test_a_home_folder_is_meant_by_a_tilde_only(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("mine.yaml").write_text("extends: article\noutputs: [{path: ~/a.png}, {path: ./~/b.png}]\n")
    assert call("render", "run", "--template", "mine.yaml").exit_code == 0
    assert (tmp_path / "home" / "a.png").is_file()
    assert (tmp_path / "~" / "b.png").is_file()


def test_the_mistakes_for_all_layers_come_in_one_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shapes = {"a": (2, 2, 4, 4), "b": (2, 3, 4, 4), "c": (2, 9, 4, 4)}
    write_run(tmp_path / "run", shapes, metrics=lambda step: {"loss": 1.0})
    Path("mine.yaml").write_text("extends: article\npanels: {channels: {show: 0-5}}\n")
    for words in (
        ["templates", "check", "mine.yaml", "--run", "run", "--layer", "all"],
        ["render", "run", "--template", "mine.yaml", "-o", "{layer}.gif"],
    ):
        result = call(*words)
        assert result.exit_code == 3
        assert [line.split(": ")[-1].split(";")[0] for line in result.stderr.splitlines()] == [
            "no channels 2 to 5 of a",
            "no channels 3 to 5 of b",
        ]


@pytest.mark.parametrize("file", ["gone.ttf", "x" * 300 + ".otf", "~nobody-of-this-name/x", "mine.yaml", "."])
@pytest.mark.parametrize(
    "key", ["theme: {font: %s}", "theme: {font_bold: %s}", "panels: {image: {file: %s}}"]
)
def test_a_file_that_cannot_be_used_is_reported_once(run: Run, key: str, file: str) -> None:
    Path("mine.yaml").write_text(f"extends: article\n{key % repr(file)}\nlayer: conv7\n")
    lines = call("templates", "check", "mine.yaml", "--run", "run").stderr.splitlines()
    assert [line.split(":")[2] for line in lines] == ["2", "3"], lines


def test_checks_against_a_run_do_not_read_a_pipe(run: Run) -> None:
    os.mkfifo("pipe")
    Path("mine.yaml").write_text("extends: article\npanels: {image: {file: pipe}}\nlayer: conv7\n")
    lines = call("templates", "check", "mine.yaml", "--run", "run").stderr.splitlines()
    assert ["is not a regular file" in line for line in lines] == [True, False]
