"""The names that other people's code, templates and scripts rely on. A change here is a change for users."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import click
import pytest

from reelnet.cli import main

PACKAGE = Path(__file__).parents[1] / "reelnet"

MODULES = {
    "reelnet": [
        "Film",
        "Log",
        "Recorder",
        "Reel",
        "ReelnetError",
        "RenderResult",
        "RenderTask",
        "Report",
        "Run",
        "Seconds",
        "Tap",
        "add_metrics",
        "film",
        "modules",
        "open",
        "probing",
        "render_many",
        "save",
        "write_run",
    ],
    "reelnet.panels": [
        "Box",
        "CachedDrawing",
        "Canvas",
        "CellRegion",
        "Color",
        "Drawing",
        "Field",
        "FontSize",
        "FrameState",
        "HasCells",
        "HasLevelMaps",
        "HasStepAxis",
        "Ink",
        "LevelMaps",
        "Measure",
        "PaletteBuilder",
        "Panel",
        "Pixels",
        "SceneContext",
        "Still",
        "TextStyle",
        "body_style",
        "draw_picture",
        "fill_box",
        "polyline",
        "stamp",
        "text_style",
        "write",
    ],
}
"""What each public module offers."""

INTEGRATIONS = {
    "reelnet.keras": ["ReelCallback"],
    "reelnet.lightning": ["ReelCallback"],
    "reelnet.transformers": ["ReelCallback"],
}
"""The same for the public modules that need another package."""

ENTRY_POINT_GROUPS = {"reelnet.panels", "reelnet.templates"}
"""Where other packages offer panels and templates."""

COMMANDS = {
    "reelnet": "--version",
    "reelnet demo": "--run --out --steps --seed --force --jobs --quiet",
    "reelnet train": "--run --model --data --epochs --steps --batch-size --lr --seed --layers --layer --samples "
    "--image-size --data-root --preview --force --quiet",
    "reelnet layers": "--layers --layer --model --data --image-size --data-root",
    "reelnet import": "FILE --run --force --quiet",
    "reelnet export-arrays": "RUN -o --output --quiet",
    "reelnet metrics": "RUN FILES --step-column --only --prefix",
    "reelnet inspect": "RUN --json",
    "reelnet preview": "RUN --template --layer --step --port --host --no-browser",
    "reelnet render": "RUN -o --output --layer --layers --template --set --scale --density --fps --lossless --codec "
    "--max-size --split --for --max-error --keep --jobs --keep-going --skip-done --report --json --quiet",
    "reelnet export": "RUN --for -o --output --layer --layers --template --set --scale --density --fps --max-error "
    "--keep --jobs --report --json --quiet",
    "reelnet film": "",
    "reelnet film make": "FILE RUNS -o --output --codec --max-size --for --json --quiet",
    "reelnet film new": "FILE --force",
    "reelnet frame": "RUN --step -o --output --layer --layers --template --set --scale --density --width --dpi",
    "reelnet again": "REPORT --run -o --output --jobs --quiet",
    "reelnet templates": "",
    "reelnet templates list": "",
    "reelnet templates show": "NAME --resolved --set",
    "reelnet templates new": "NAME --from --extend --force",
    "reelnet templates check": "FILE --run --layer --layers --set",
    "reelnet templates schema": "",
    "reelnet platforms": "NAME --json",
    "reelnet verify": "RUN --quiet",
    "reelnet repair": "RUN --quiet",
}
"""Arguments and options of every command."""


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    module = import_module(name)
    assert sorted(module.__all__) == MODULES[name]
    assert [each for each in MODULES[name] if not hasattr(module, each)] == []


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_integrations(name: str) -> None:
    # Read, not imported: the packages behind them are slow to import, and optional.
    tree = ast.parse((PACKAGE / f"{name.removeprefix('reelnet.')}.py").read_text("utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert ast.literal_eval(constants_of(tree)["__all__"]) == INTEGRATIONS[name]
    assert set(INTEGRATIONS[name]) <= imported


def test_entry_point_groups() -> None:
    assert {
        group for file in PACKAGE.rglob("*.py") for group in entry_point_groups(file)
    } == ENTRY_POINT_GROUPS


def entry_point_groups(file: Path) -> set[str]:
    """The groups that a module asks `importlib.metadata.entry_points` for."""
    tree = ast.parse(file.read_text("utf-8"))
    constants = constants_of(tree)
    groups = set()
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith("entry_points"):
            continue
        for keyword in call.keywords:
            value = keyword.value
            if isinstance(value, ast.Name):
                value = constants.get(value.id, value)
            groups.add(value.value if isinstance(value, ast.Constant) else ast.unparse(value))
    return {str(group) for group in groups}


def constants_of(tree: ast.Module) -> dict[str, ast.expr]:
    """What the names of a module are set to."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_commands() -> None:
    assert words_of(main, "reelnet") == COMMANDS


def words_of(command: click.Command, path: str) -> dict[str, str]:
    """The arguments and options of a command and of those below it."""
    words = []
    for param in command.params:
        named = isinstance(param, click.Option)
        words += [*param.opts, *param.secondary_opts] if named else [str(param.name).upper()]
    found = {path: " ".join(words)}
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            found |= words_of(each, f"{path} {name}")
    return found
