"""Where templates are found by name, and how a new one is written there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from types import ModuleType
from typing import Any

from platformdirs import user_config_path

from reelnet._support.atomic_path import atomic_path
from reelnet._support.input_path import describe_kind
from reelnet.config.source import read_text
from reelnet.errors import TemplateError, UsageError, suggest_names

ENTRY_POINT_GROUP = "reelnet.templates"
"""Entry points of other packages: a file or folder of templates, or a package that contains them."""

SUFFIXES = (".yaml", ".yml")

MODELINE = "# yaml-language-server: $schema="
"""Tells editors which schema a YAML file follows."""

_SCHEMA_FILE = "schema.json"

_EXTENDING_TEMPLATE = """\
{modeline}
# Keys that are not given here come from {origin}; 'reelnet templates show {origin}' prints it.
extends: {origin}

# panels:
#   title: {{text: "Watch {{layer}} learn"}}
#   channels: {{show: 0-5}}
# theme: dark
# timeline: {{fps: 20, end_pause: 2}}
"""


def find_builtin_folder() -> Path:
    """Return the folder of the built-in templates: in the package, or beside it in a checkout."""
    package = Path(str(resources.files("reelnet")))
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


@dataclass(frozen=True)
class SearchPath:
    """The places where templates are looked up by name.

    In this order: ./templates, the user's folder, the packages that offer templates, and the built-in templates.

    Attributes:
        user_folder: By default `templates` in the user's configuration folder of reelnet.
        builtin_folder: By default the templates of reelnet.
    """

    user_folder: Path = field(default_factory=lambda: user_config_path("reelnet") / "templates")
    builtin_folder: Path = field(default_factory=find_builtin_folder)

    def find(self, name: str) -> Path:
        """Return the file of a template.

        Names with a slash or the suffix .yaml or .yml, and names of existing files, are paths. All other names are
        looked up.

        Raises:
            TemplateError: No such template exists, or the package that offers it is broken.
        """
        if is_path(name) or describe_kind(Path(name)) == "file":
            return self.require_file(Path(name))
        for file in self._iter_candidates(name):
            return file
        raise self._unknown_error(name)

    def find_extended(self, name: str, file: Path) -> Path:
        """Return the file that `extends: name` in `file` refers to.

        A path is relative to the folder of `file`. A template may extend its own name, to adapt the template that it
        hides: the next one of this name on the search path.

        Raises:
            TemplateError: No such template exists.
        """
        if is_path(name):
            if not name.lower().endswith(SUFFIXES):
                raise TemplateError(f"{name!r} does not end in .yaml")
            return self.require_file(file.parent / name)
        candidates = list(self._iter_candidates(name))
        if not candidates:
            raise self._unknown_error(name)
        own, real_paths = os.path.realpath(file), [os.path.realpath(each) for each in candidates]
        start = real_paths.index(own) + 1 if own in real_paths else 0
        for candidate, real_path in zip(candidates[start:], real_paths[start:], strict=True):
            if real_path != own:
                return candidate
        raise TemplateError(f"there is no other template {name!r} for this one to extend")

    def list_templates(self) -> dict[str, Path]:
        """Return the file of every template that can be found by name, in search order.

        The first template of a name hides the others. Packages that are broken are skipped.
        """
        templates: dict[str, Path] = {}
        for source in self._iter_sources(None):
            for name, file in source.items():
                templates.setdefault(name, file)
        return templates

    def require_file(self, file: Path) -> Path:
        """Return the path if it is a file.

        Raises:
            TemplateError: It does not exist, or is a folder, a pipe or a device.
        """
        file_type = describe_kind(file)
        if file_type == "file":
            return file
        problem = f"is a {file_type}, not a template" if file_type else "no such file"
        known = self.list_templates() if file.parent == Path() else {}
        raise TemplateError(f"{file}: {problem}" + (f"; {suggest_names(file.stem, known)}" if known else ""))

    def _unknown_error(self, name: str) -> TemplateError:
        return TemplateError(f"no template {name!r}; {suggest_names(name, self.list_templates())}")

    def _iter_candidates(self, name: str) -> Iterator[Path]:
        """Yield every file of a name, in search order."""
        for source in self._iter_sources(name):
            if name in source:
                yield source[name]

    def _iter_sources(self, wanted: str | None) -> Iterator[dict[str, Path]]:
        """Yield the templates of each place, in search order.

        Raises:
            TemplateError: The package whose entry point has the wanted name is broken. Others are skipped.
        """
        yield _list_folder(Path("templates"))
        yield _list_folder(self.user_folder)
        for point in list_entry_points():
            try:
                source = _load_entry_point(point)
            except TemplateError:
                if point.name == wanted:
                    raise
                continue
            yield source
        yield _list_folder(self.builtin_folder)


def is_path(name: str) -> bool:
    """Whether a name can only be a path."""
    return "/" in name or "\\" in name or name.lower().endswith(SUFFIXES)


def create_template_file(name: str, origin: str, *, extend: bool, force: bool) -> Path:
    """Write a new template and return its file.

    Args:
        name: A name, for `templates/NAME.yaml`, or a file that ends in .yaml.
        origin: The template to start from.
        extend: Whether to write a short file that extends the origin, instead of a copy of it.
        force: Whether an existing file may be replaced.

    Raises:
        UsageError: The file exists, or the name is that of no template.
        TemplateError: There is no template of the name `origin`.
        ReelnetError: The file cannot be written.
    """
    search_path = SearchPath()
    source = search_path.find(origin)
    file = Path(name) if is_path(name) else Path("templates") / f"{name}.yaml"
    if not name.isprintable() or not name.strip() or not file.name.lower().endswith(SUFFIXES):
        raise UsageError(f"{name!r}: give a name such as mine, or a file that ends in .yaml")
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file}: exists already; give another name, or --force to replace it")
    modeline = f"{MODELINE}{(search_path.builtin_folder / _SCHEMA_FILE).resolve()}"
    if extend:
        # In a template, paths are relative to its folder.
        origin = os.path.relpath(source, file.parent) if source == Path(origin) else origin
        text = _EXTENDING_TEMPLATE.format(modeline=modeline, origin=origin)
    else:
        lines = read_text(source).splitlines()
        body = lines[1:] if lines and lines[0].startswith(MODELINE) else lines
        text = "\n".join([modeline, *body]) + "\n"
    with atomic_path(file) as temporary:
        temporary.write_text(text, "utf-8")
    return file


@lru_cache(maxsize=1)
def list_entry_points() -> tuple[metadata.EntryPoint, ...]:
    """The entry points of installed packages; they are read once, since that takes as long as reading a template."""
    return tuple(metadata.entry_points(group=ENTRY_POINT_GROUP))


def _list_folder(folder: Path) -> dict[str, Path]:
    try:
        files = sorted(
            file for file in folder.iterdir() if file.suffix in SUFFIXES and describe_kind(file) == "file"
        )
    except OSError:
        return {}
    templates: dict[str, Path] = {}
    for file in files:
        templates.setdefault(file.stem, file)
    return templates


def _load_entry_point(point: metadata.EntryPoint) -> dict[str, Path]:
    label = f"the entry point {point.name!r} of {ENTRY_POINT_GROUP} ({point.value})"
    try:
        loaded: Any = point.load()
    except Exception as error:
        raise TemplateError(f"{label} cannot be loaded: {type(error).__name__}: {error}") from error
    if isinstance(loaded, ModuleType):
        folders = [*map(Path, getattr(loaded, "__path__", ()))]
        loaded = folders[0] if folders else Path(str(loaded.__file__)).parent
    if not isinstance(loaded, str | os.PathLike):
        raise TemplateError(f"{label} is of type {type(loaded).__name__}, not a file or folder")
    path = Path(loaded)
    file_type = describe_kind(path)
    if not file_type:
        raise TemplateError(f"{label} points to {path}, which does not exist")
    return {point.name: path} if file_type == "file" else _list_folder(path)
