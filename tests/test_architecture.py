"""The architecture: which room may import which, no import cycles, and files that a reader can hold in mind.

Every import counts, also one under `TYPE_CHECKING`, inside a function, or by `import_module("literal")`.
A package's `__init__` is a module of its own; it counts where it is imported by name.
"""

from __future__ import annotations

import ast
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "reelnet"

ROOT = "(root)"
"""The package's own `__init__`: the public names."""

STANDS_ON: Mapping[str, tuple[str, ...]] = {
    "errors": (),
    "_support": ("errors",),
    "config": ("_support",),
    "template": ("config",),
    "runs": ("template",),
    "scene": ("runs",),
    "render": ("scene",),
    "export": ("render",),
    "preview": ("export",),
    "reel": ("preview",),
    "films": ("reel",),
    "many": ("reel",),
    "record": ("runs",),
    "interop": ("reel",),
    "demo": ("record",),
    "panels": ("render",),
    "keras": ("record",),
    "lightning": ("record",),
    "transformers": ("record",),
    ROOT: ("reel", "record", "interop", "films", "many"),
    "cli": (ROOT, "demo"),
    "__main__": ("cli",),
}
"""Each room, and the rooms right below it. A room may import itself and whatever is below, however far."""

WITHOUT_TORCH = (
    "errors",
    "_support",
    "config",
    "template",
    "runs",
    "scene",
    "render",
    "export",
    "preview",
    "reel",
    "films",
    "many",
    "interop",
    "cli",
)
"""Rooms whose modules must be importable without torch."""

TORCH = {"torch", "torchvision"}

MAX_LINES = 500
MAX_FILES_PER_FOLDER = 16
MAX_FILES = 400


@dataclass(frozen=True)
class Import:
    """One import of one module by another.

    Attributes:
        source: The module that imports.
        target: The module that is imported, or the top-level name of another package.
        file: Of `source`.
        line: Of the statement, from 1.
        kind: `module`, `function` or `TYPE_CHECKING`: where the statement stands.
    """

    source: str
    target: str
    file: Path
    line: int
    kind: str

    def __str__(self) -> str:
        note = "" if self.kind == "module" else f", {self.kind}"
        return f"{self.source} → {self.target} ({self.file}:{self.line}{note})"


class ImportGraph:
    """The modules of a package and their imports, read from the source.

    Args:
        package: The package's folder; its name is the package's name.
    """

    def __init__(self, package: Path) -> None:
        self.name = package.name
        self.modules = {self._module(package, file): file for file in sorted(package.rglob("*.py"))}
        self.imports: list[Import] = []
        self.foreign: list[Import] = []
        for module, file in self.modules.items():
            tree = ast.parse(file.read_text("utf-8"))
            for name, line, kind in self._statements(tree, module, file.name == "__init__.py"):
                found = Import(module, name, file.relative_to(package.parent), line, kind)
                if name in self.modules:
                    if name != module:
                        self.imports.append(found)
                elif name.partition(".")[0] != self.name:
                    self.foreign.append(found)

    @staticmethod
    def _module(package: Path, file: Path) -> str:
        parts = file.relative_to(package.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _statements(self, tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[str, int, str]]:
        """The full name of what each statement imports, its line and its kind."""
        folder = module if is_package else module.rpartition(".")[0]
        pending: deque[tuple[ast.AST, str]] = deque([(tree, "module")])
        while pending:
            node, kind = pending.popleft()
            for name in self._names(node, folder):
                yield name, getattr(node, "lineno", 0), kind
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                kind = "function" if kind == "module" else kind
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                pending.extend((each, "TYPE_CHECKING") for each in node.body)
                pending.extend((each, kind) for each in node.orelse)
            else:
                pending.extend((each, kind) for each in ast.iter_child_nodes(node))

    def _names(self, node: ast.AST, folder: str) -> Iterator[str]:
        match node:
            case ast.Import():
                yield from (self._nearest(alias.name) for alias in node.names)
            case ast.ImportFrom():
                base = node.module or ""
                if node.level:
                    parts = folder.split(".")
                    above = parts[: len(parts) - node.level + 1]
                    base = ".".join([*above, base] if base else above)
                yield from dict.fromkeys(self._nearest(f"{base}.{alias.name}", base) for alias in node.names)
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if ast.unparse(node.func).endswith(
                ("import_module", "__import__")
            ):
                yield self._nearest(name)

    def _nearest(self, name: str, otherwise: str | None = None) -> str:
        """A module's name; of a name in a module, the module."""
        return name if name in self.modules or otherwise is None else otherwise

    def room(self, module: str) -> str:
        """The room of a module: the first part of its name below the package."""
        return module.split(".")[1] if "." in module else ROOT

    @cached_property
    def edges(self) -> dict[str, dict[str, Import]]:
        """The first import of each pair of modules."""
        found: dict[str, dict[str, Import]] = {module: {} for module in self.modules}
        for each in self.imports:
            found[each.source].setdefault(each.target, each)
        return found

    def path(self, start: str, end: str) -> list[Import] | None:
        """The shortest chain of imports from one module to another."""
        came: dict[str, Import] = {}
        pending = deque([start])
        while pending:
            module = pending.popleft()
            for target, each in self.edges[module].items():
                if target not in came:
                    came[target] = each
                    pending.append(target)
            if end in came:
                chain = [came[end]]
                while chain[-1].source != start:
                    chain.append(came[chain[-1].source])
                return chain[::-1]
        return None

    def cycles(self) -> list[list[Import]]:
        """For each import that lies on a cycle its shortest cycle; each cycle once, short ones first."""
        found: dict[frozenset[str], list[Import]] = {}
        for each in (each for targets in self.edges.values() for each in targets.values()):
            back = self.path(each.target, each.source)
            if back is not None:
                found.setdefault(frozenset(step.source for step in [each, *back]), [each, *back])
        return sorted(found.values(), key=len)

    def upward(self, stands_on: Mapping[str, tuple[str, ...]]) -> list[Import]:
        """Imports of a room by one that does not stand on it."""
        allowed = {room: below(room, stands_on) for room in stands_on}
        return [
            each
            for each in self.imports
            if (room := self.room(each.source)) in allowed and self.room(each.target) not in allowed[room]
        ]

    def homeless(self, stands_on: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Modules outside of every room."""
        return [module for module in self.modules if self.room(module) not in stands_on]

    def reaches(self, rooms: tuple[str, ...], names: set[str]) -> list[str]:
        """Chains of imports that run when a module of `rooms` is imported and that load another package."""
        loads = {
            each.source: each
            for each in self.foreign
            if each.kind == "module" and each.target.partition(".")[0] in names
        }
        chains = []
        for start in (module for module in self.modules if self.room(module) in rooms):
            came: dict[str, str] = {start: ""}
            pending = deque([start])
            while pending:
                module = pending.popleft()
                if module in loads:
                    chain = [module]
                    while came[chain[-1]]:
                        chain.append(came[chain[-1]])
                    chains.append(
                        f"{' → '.join(reversed(chain[1:]))}{' → ' * (len(chain) > 1)}{loads[module]}"
                    )
                    break
                for target in self._executed(module):
                    if target not in came:
                        came[target] = module
                        pending.append(target)
        return chains

    def _executed(self, module: str) -> Iterator[str]:
        """What runs before or while a module is imported: its packages, and its imports at module level."""
        parent = module.rpartition(".")[0]
        if parent in self.modules:
            yield parent
        yield from (each.target for each in self.imports if each.source == module and each.kind == "module")


def below(room: str, stands_on: Mapping[str, tuple[str, ...]]) -> set[str]:
    """A room and all rooms that it stands on."""
    return {room}.union(*(below(each, stands_on) for each in stands_on[room]))


def require_none(found: list[str], advice: str) -> None:
    """Fail with all findings, one per line."""
    if found:
        pytest.fail("\n  ".join([f"{len(found)} {advice}:", *found]), pytrace=False)


@pytest.fixture(scope="module")
def graph() -> ImportGraph:
    return ImportGraph(PACKAGE)


def test_no_import_cycles(graph: ImportGraph) -> None:
    cycles = graph.cycles()
    often = Counter(each for cycle in cycles for each in cycle).most_common(5)
    advice = "import cycles. Imports on most of them:" + "".join(f"\n    {n} × {each}" for each, n in often)
    require_none(
        ["\n    ".join(map(str, cycle)) for cycle in cycles], f"{advice}\nAll of them, short ones first"
    )


def test_every_module_has_a_room(graph: ImportGraph) -> None:
    found = graph.homeless(STANDS_ON)
    require_none(found, "modules outside of every room; move them, or name a new room in STANDS_ON")


def test_imports_go_down(graph: ImportGraph) -> None:
    found = [
        f"{graph.room(each.source)} must not import {graph.room(each.target)}: {each}"
        for each in graph.upward(STANDS_ON)
    ]
    require_none(found, "imports break the layers")


def test_only_recording_imports_torch(graph: ImportGraph) -> None:
    found = graph.reaches(WITHOUT_TORCH, TORCH)
    require_none(found, "modules load torch when they are imported")


def test_files_are_short(graph: ImportGraph) -> None:
    lines = {file: len(file.read_text("utf-8").splitlines()) for file in graph.modules.values()}
    found = [
        f"{file.relative_to(PACKAGE.parent)}: {count} lines"
        for file, count in lines.items()
        if count > MAX_LINES
    ]
    require_none(found, f"files have more than {MAX_LINES} lines")


def test_folders_are_small(graph: ImportGraph) -> None:
    folders = Counter(file.parent.relative_to(PACKAGE.parent) for file in graph.modules.values())
    found = [f"{folder}: {count} files" for folder, count in folders.items() if count > MAX_FILES_PER_FOLDER]
    require_none(found, f"folders have more than {MAX_FILES_PER_FOLDER} Python files")


def test_there_are_not_too_many_files(graph: ImportGraph) -> None:
    assert len(graph.modules) <= MAX_FILES


# The checks themselves, on packages with known faults

FAKE_ROOMS = {"low": (), "middle": ("low",), "high": ("middle",), "side": ("low",), ROOT: ("high",)}


def fake(folder: Path, files: Mapping[str, str]) -> ImportGraph:
    """A package `fake` of these files, named by their paths without the suffix."""
    for name, text in {"__init__": "", **files}.items():
        path = folder / "fake" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return ImportGraph(folder / "fake")


def sources(cycle: list[Import]) -> list[str]:
    return [each.source for each in cycle]


def test_finds_a_cycle_through_type_checking(tmp_path: Path) -> None:
    checking = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fake.low.a import A\n"
    graph = fake(
        tmp_path, {"low/a": "from fake.low.b import B\n", "low/b": checking, "low/c": "import fake.low.a"}
    )
    (cycle,) = graph.cycles()
    assert sources(cycle) == ["fake.low.a", "fake.low.b"]
    assert str(cycle[1]) == "fake.low.b → fake.low.a (fake/low/b.py:3, TYPE_CHECKING)"


@pytest.mark.parametrize(
    "statement",
    [
        "from fake.low.a import A",
        "from fake.low import a",
        "import fake.low.a as a",
        "from .a import A",
        "from . import a",
        "from ..low.a import A",
        "importlib.import_module('fake.low.a')",
    ],
)
def test_finds_a_cycle_through_a_function(tmp_path: Path, statement: str) -> None:
    graph = fake(tmp_path, {"low/a": "from fake.low.b import f", "low/b": f"def f():\n    {statement}\n"})
    (cycle,) = graph.cycles()
    assert sources(cycle) == ["fake.low.a", "fake.low.b"]
    assert str(cycle[1]) == "fake.low.b → fake.low.a (fake/low/b.py:2, function)"


def test_finds_every_cycle(tmp_path: Path) -> None:
    graph = fake(
        tmp_path,
        {
            "a": "from fake.b import B",
            "b": "from fake.c import C",
            "c": "from fake.a import A\nfrom fake.d import D",
            "d": "from fake.c import C",
        },
    )
    assert [sources(cycle) for cycle in graph.cycles()] == [
        ["fake.c", "fake.d"],
        ["fake.a", "fake.b", "fake.c"],
    ]


def test_a_package_counts_where_it_is_named(tmp_path: Path) -> None:
    package = "from fake.low.a import A\nB = 1\n"
    assert (
        fake(tmp_path / "1", {"low/__init__": package, "low/a": "", "b": "from fake.low.a import A"}).cycles()
        == []
    )
    graph = fake(tmp_path / "2", {"low/__init__": package, "low/a": "from fake.low import B"})
    assert [sources(cycle) for cycle in graph.cycles()] == [["fake.low", "fake.low.a"]]


def test_finds_upward_imports(tmp_path: Path) -> None:
    graph = fake(
        tmp_path,
        {
            "low/a": "def f():\n    from fake.high import b\n",
            "high/b": "from fake.low import a\nfrom fake.middle import c\nfrom fake import d\n",
            "middle/c": "import fake.side.e\nimport fake.low.a\n",
            "d": "",
            "side/e": "from fake import public\n",
            "__init__": "from fake.high.b import f\npublic = 1\n",
        },
    )
    assert [str(each) for each in graph.upward(FAKE_ROOMS)] == [
        "fake.high.b → fake.d (fake/high/b.py:3)",
        "fake.low.a → fake.high.b (fake/low/a.py:2, function)",
        "fake.middle.c → fake.side.e (fake/middle/c.py:1)",
        "fake.side.e → fake (fake/side/e.py:1)",
    ]
    assert graph.homeless(FAKE_ROOMS) == ["fake.d"]


def test_finds_what_loads_torch(tmp_path: Path) -> None:
    graph = fake(
        tmp_path,
        {
            "low/a": "def f():\n    import torch\n",
            "low/b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
            "low/c": "try:\n    from torch import nn\nexcept ImportError:\n    pass\n",
            "middle/__init__": "from fake.side import e\n",
            "middle/d": "",
            "side/e": "import torch.nn\n",
            "high/f": "def f():\n    import fake.side.e\n",
        },
    )
    assert graph.reaches(("low", "middle", "high"), {"torch"}) == [
        "fake.low.c → torch (fake/low/c.py:2)",
        "fake.middle → fake.side.e → torch.nn (fake/side/e.py:1)",
        "fake.middle.d → fake.middle → fake.side.e → torch.nn (fake/side/e.py:1)",
    ]
