"""The pages about the architecture name files and definitions that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "reelnet"
PAGES = [ROOT / "docs" / name for name in ("architecture.md", "glossary.md")]


def defined_names(file: Path) -> set[str]:
    """Functions and classes at the top of a module, and the methods and fields of its classes as `Class.name`."""
    names = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return names


def defined_in_script(file: Path) -> set[str]:
    """Classes and types of a module in JavaScript."""
    return set(
        re.findall(r"^(?:export class| \* @typedef \{object\}) (\w+)", file.read_text("utf-8"), re.MULTILINE)
    )


EVERY_NAME = {name for file in PACKAGE.rglob("*.py") for name in defined_names(file)} | {
    name for file in (PACKAGE / "figure").rglob("*.js") for name in defined_in_script(file)
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_exist(page: Path) -> None:
    files = re.findall(r"`(?:reelnet/)?([a-z_/]+(?:\.py|/))`", page.read_text("utf-8"))
    assert len(files) > 10
    inside = {str(path.relative_to(PACKAGE)) + "/" * path.is_dir() for path in PACKAGE.rglob("*")}
    folders = {path.rsplit("/", 2)[-2] + "/" for path in inside if path.endswith("/") and path.count("/") > 1}
    assert [file for file in files if file not in inside | folders and not (ROOT / file).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_exist(page: Path) -> None:
    named = re.findall(r"`([A-Z]\w+(?:\.\w+)?|[a-z]+(?:_[a-z]+)+)(?:\([^)`]*\))?`", page.read_text("utf-8"))
    assert len(named) > 20
    others = {"TYPE_CHECKING", "max_size"}
    assert sorted({name for name in named if name not in EVERY_NAME | others}) == []


def test_names_are_in_the_named_file() -> None:
    text = PAGES[1].read_text("utf-8")
    pairs = re.findall(r"`(\w+)` in `([a-z_/]+\.py)`", text)
    assert len(pairs) > 40
    wrong = [(name, file) for name, file in pairs if name not in defined_names(PACKAGE / file)]
    assert wrong == []
