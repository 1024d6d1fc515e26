"""Loading of a template by its name or file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from reelnet._support.font_file import open_font
from reelnet.config.diagnostics import (
    Diagnostic,
    InvalidTemplate,
    OptionError,
    SourceMap,
    format_key_path,
    raise_diagnostics,
)
from reelnet.config.source import Node, find_position, find_unquoted_colors, get_child, to_plain
from reelnet.template.builder import PanelKinds, build_template
from reelnet.template.inheritance import load_node
from reelnet.template.model import Template


def load_template(name: str | os.PathLike[str], panels: PanelKinds, settings: Sequence[str] = ()) -> Template:
    """Load a template with everything that it extends.

    Args:
        name: A name, as `reelnet templates list` shows them, or the path of a file.
        panels: All kinds of panels.
        settings: Keys to change, such as `theme.background=#111`.

    Raises:
        TemplateError: The template does not exist or is invalid. The exception has every error.
        UsageError: A setting is invalid.
    """
    deferred: list[Diagnostic] = []
    try:
        node = load_node(os.fspath(name), settings, deferred)
    except InvalidTemplate as error:
        raise_diagnostics([*deferred, *error.diagnostics])
        raise
    return build_from_node(str(name), node, panels, deferred)


def build_from_node(
    name: str, node: Node, panels: PanelKinds, deferred: Sequence[Diagnostic] = ()
) -> Template:
    """Build a template from its merged content.

    Args:
        name: The name that was asked for.
        node: The content.
        panels: All kinds of panels.
        deferred: Errors that were found when the files were read. Further errors at the same keys are not reported,
            because they may be consequences.

    Raises:
        InvalidTemplate: The template is invalid. The exception has every error.
    """
    content = drop_nulls(to_plain(node))
    missing_files = list(_resolve_files(content, node, panels))
    source_map = SourceMap(lambda path: find_position(node, path))
    template, invalid = None, []
    try:
        template = build_template(name, content, panels, source_map=source_map, removed=_list_removed(node))
    except OptionError as error:
        invalid = [source_map.diagnose(path, message) for path, message in error.errors]
    reported = {diagnostic.key for diagnostic in deferred if diagnostic.key}
    invalid = [diagnostic for diagnostic in invalid if diagnostic.key not in reported]
    raise_diagnostics([*deferred, *invalid, *missing_files, *find_unquoted_colors(node)])
    if template is None:
        raise AssertionError("no template was built, but no error was recorded")
    return template


def _list_removed(node: Node) -> list[str]:
    """Return the names of panels that an extending template removes by null."""
    panels = get_child(node, "panels")
    children = panels.value if panels is not None else None
    if not isinstance(children, dict):
        return []
    return [name for name, child in children.items() if child.value is None]


def drop_nulls(content: Any) -> Any:
    """Remove keys without a value, which restores their defaults. Nulls in lists stay."""
    if isinstance(content, list):
        return [drop_nulls(item) for item in content]
    if not isinstance(content, dict):
        return content
    return {key: drop_nulls(child) for key, child in content.items() if child is not None}


def iter_file_keys(content: Any, panels: PanelKinds) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key whose value is a file."""
    if not isinstance(content, dict):
        return
    theme = content.get("theme")
    if isinstance(theme, dict):
        yield from (("theme", key) for key in ("font", "font_bold") if key in theme)
    described = content.get("panels")
    for name, options in described.items() if isinstance(described, dict) else ():
        if isinstance(options, dict):
            kind = panels.get(str(options.get("kind", name)))
            yield from (("panels", name, key) for key in (kind.files if kind else ()) if key in options)


def _resolve_files(content: Any, node: Node, panels: PanelKinds) -> Iterator[Diagnostic]:
    """Make paths relative to the file that names them, in place, and yield an error for each unusable file."""
    for path in iter_file_keys(content, panels):
        parent = content
        for step in path[:-1]:
            parent = parent[step]
        value, position = parent[path[-1]], find_position(node, path)
        if not isinstance(value, str):
            continue
        try:
            file = Path(value).expanduser()
        except RuntimeError:
            user = value.partition("/")[0]
            message = f"{value}: there is no user {user!r}; a path that begins with '~' itself is './~…'"
            yield Diagnostic(position, format_key_path(path), message)
            continue
        if position.line:
            file = Path(position.file).parent / file
        parent[path[-1]] = str(file)
        if problem := _find_file_problem(file, is_font=path[0] == "theme"):
            yield Diagnostic(position, format_key_path(path), problem)


def _find_file_problem(file: Path, *, is_font: bool) -> str:
    """Say why a file cannot be used; empty if it can."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return f"{file}: no such file"
    except (OSError, ValueError) as error:
        return f"{file}: {getattr(error, 'strerror', None) or error}"
    # Reading a pipe or a device could block.
    if not stat.S_ISREG(mode):
        return f"{file}: is not a regular file"
    if is_font:
        try:
            open_font(str(file), 16)
        except ValueError as error:
            return str(error)
    return ""
