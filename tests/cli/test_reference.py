"""The help and the reference say what the commands do, and come quickly."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import click
import pytest

from reelnet.cli import main
from reelnet.cli.options import LayersCommand, repeat_layers
from tests.cli.calls import call, program_command

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
WITHOUT_TORCH = (
    "import sys; sys.modules['torch'] = sys.modules['torchvision'] = None; "
    "from reelnet.cli import main; main(sys.argv[1:])"
)


def test_only_training_needs_torch(run: Path, tmp_path: Path) -> None:
    def without_torch(*words: object) -> tuple[int, str]:
        call = [sys.executable, "-c", WITHOUT_TORCH, *map(str, words)]
        done = subprocess.run(call, capture_output=True, text=True)
        return done.returncode, done.stderr

    assert without_torch("--help") == (0, "")
    assert without_torch("train", "--help") == (0, "")
    assert without_torch("inspect", run) == (0, "")
    assert without_torch("render", run, "--template", "plain", "-o", tmp_path / "a.gif") == (0, "")
    assert without_torch("render", run, "--template", "plain", "-o", tmp_path / "a.mp4") == (0, "")
    assert without_torch("frame", run, "--step", 0, "-o", tmp_path / "a.png") == (0, "")
    assert without_torch("export-arrays", run, "-o", tmp_path / "a.npz") == (0, "")
    assert without_torch("import", tmp_path / "a.npz", "--run", tmp_path / "imported") == (0, "")
    code, said = without_torch("train", "--run", tmp_path / "new")
    assert (code, said.count("\n")) == (1, 1)
    assert "not installed" in said


def test_help_is_quick() -> None:
    def seconds(*words: str) -> float:
        def once() -> float:
            began = time.perf_counter()
            subprocess.run(words, check=True, capture_output=True)
            return time.perf_counter() - began

        return min(once() for _ in range(5))

    assert seconds(*program_command(), "--help") - seconds(sys.executable, "-c", "pass") < 0.3


def test_help_and_version() -> None:
    for words in (["-h"], ["--help"], ["--version"], *([name, "-h"] for name in main.commands)):
        result = call(*words)
        assert result.exit_code == 0
        assert result.stderr == ""
    assert re.fullmatch(r"reelnet \d+\.\d+\.\d+\S*\n", call("--version").stdout)


def test_defaults_are_the_recipes() -> None:
    from reelnet.demo.datasets import DEFAULT_SAMPLES
    from reelnet.demo.training import DEFAULT_BATCH_SIZE, Recipe

    recipe = {each.name: each.default for each in fields(Recipe)}
    for command in ("train", "layers"):
        params = {param.name: param.default for param in main.commands[command].params}
        for name in ("model", "data", "lr", "seed"):
            assert params.get(name, recipe[name]) == recipe[name]
    assert f"| `--epochs N` | {recipe['epochs']} |" in DOCS
    helps = {param.name: getattr(param, "help", "") for param in main.commands["train"].params}
    for name, default in (("batch_size", DEFAULT_BATCH_SIZE), ("samples", DEFAULT_SAMPLES)):
        assert recipe[name] is None
        assert f"by default {default}, or all of a smaller" in helps[name]
        assert f"| `--{name.replace('_', '-')} N` | {default}, or all of a smaller" in DOCS


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("--layers a b --quiet", "--layers a --layers b --quiet"),
        ("--layers a --layers b", "--layers a --layers b"),
        ("--layers=a b", "--layers a --layers b"),
        ("--lr 1 --layers a", "--lr 1 --layers a"),
        ("RUN -o F --layer a b", "RUN -o F --layer a --layer b"),
        ("--layer a b -o F RUN", "--layer a --layer b -o F RUN"),
        ("--layer a b RUN -o F", "--layer a --layer b RUN -o F"),
        ("--layer a --layer b RUN -o F", "--layer a --layer b RUN -o F"),
        ("--layer a -o F -- RUN", "--layer a -o F -- RUN"),
        ("-o F --layer a", "-o F --layer a"),
        ("--quiet", "--quiet"),
    ],
)
def test_layer_takes_several_names(given: str, read: str) -> None:
    arguments = int("RUN" in given or "-o" in given)
    options = {"--layer", "--layers", "--lr", "-o"}
    assert repeat_layers(given.split(), with_value=options, arguments=arguments) == read.split()


@pytest.mark.parametrize("name", ["train", "layers", "render", "export", "frame", "templates check"])
def test_every_command_with_layers_takes_several(name: str) -> None:
    command: click.Command = main
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
    assert isinstance(command, LayersCommand)


@pytest.mark.parametrize("name", list(main.commands))
def test_the_reference_has_every_option(name: str) -> None:
    section = re.split(r"^## reelnet ", DOCS, flags=re.MULTILINE)
    (text,) = [part for part in section if re.match(rf"{name}(?![\w-])", part)]
    options = [param for param in main.commands[name].params if isinstance(param, click.Option)]
    known = {word for option in options for word in option.opts}
    rows = "\n".join(re.findall(r"^\| (`-.*?`) \|", text, re.MULTILINE))
    assert set(re.findall(r"(?<=[`, ])--?[a-z][a-z-]*", rows)) == known
