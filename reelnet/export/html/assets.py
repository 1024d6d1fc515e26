"""The script and the style of figures: the files of `reelnet/figure`, joined without what browsers do not need."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

IMPORT = re.compile(r'^import\s*(?:\{[^}]*\}\s*from\s*)?"\./([\w-]+\.js)";\n?', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)
MODULE_KEYWORD = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)
COMMENT = re.compile(r"/\*[\s\S]*?\*/\s*|^\s*//.*$", re.MULTILINE)
"""A comment between signs, or on a line of its own. The files have no other comments, and no such signs in texts."""

START = "start.js"
"""The script that unpacks the modules."""


@cache
def read_start() -> str:
    """The script that unpacks the other one."""
    return _strip_comments(files("reelnet").joinpath("figure", START).read_text("utf-8"))


@cache
def read_script() -> str:
    """All modules as one, each after those that it imports.

    Modules share one scope, so that a name at the top of one means the same in all.

    Raises:
        ValueError: A module imports or exports in another way than by name, or modules import each other.
    """
    folder = files("reelnet").joinpath("figure")
    sources = {
        file.name: file.read_text("utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".js") and file.name != START
    }
    return "\n".join(_strip_comments(_strip_module(sources[name], name)) for name in _order_modules(sources))


@cache
def read_style() -> str:
    """The style sheets, joined in the order of their names."""
    folder = files("reelnet").joinpath("figure")
    sheets = sorted((file for file in folder.iterdir() if file.name.endswith(".css")), key=lambda f: f.name)
    style = re.sub(r"\s+", " ", " ".join(_strip_comments(sheet.read_text("utf-8")) for sheet in sheets))
    # A space before a colon may stand between selectors; no text of the sheets has these signs.
    return re.sub(r" ?([{};,>]) ?", r"\1", style).replace(": ", ":").replace(";}", "}")


def _strip_comments(source: str) -> str:
    """A source without its comments, indentation and empty lines."""
    lines = (line.strip() for line in COMMENT.sub("", source).splitlines())
    return "\n".join(line for line in lines if line)


def _strip_module(source: str, name: str) -> str:
    """A module without the words of modules."""
    script = EXPORT.sub("", IMPORT.sub("", source))
    if (found := MODULE_KEYWORD.search(script)) is not None:
        raise ValueError(f"{name}: {found[0]!r} cannot be joined with other modules")
    return script


def _order_modules(sources: dict[str, str]) -> list[str]:
    """The names of modules, each after those that it imports."""
    ordered: list[str] = []
    pending: set[str] = set()

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name in pending:
            raise ValueError(f"{name}: imports itself, through other modules")
        pending.add(name)
        for needed in IMPORT.findall(sources[name]):
            visit(needed)
        ordered.append(name)

    for name in sorted(sources):
        visit(name)
    return ordered
