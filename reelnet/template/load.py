"""From a template's name or file to a template."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import ImageFont

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
    """The template of that name or file, with what it extends.

    Args:
        name: A name, as `reelnet templates list` shows them, or a file.
        panels: Every kind of panel by its name.
        settings: Keys to change, such as `theme.background=#111`.

    Raises:
        TemplateError: There is none, or it says something that it may not say; every mistake is told.
        UsageError: A setting is not of the form KEY=VALUE.
    """
    aside: list[Diagnostic] = []
    try:
        node = load_node(os.fspath(name), settings, aside)
    except InvalidTemplate as error:
        raise_diagnostics([*aside, *error.diagnostics])
        raise
    return build_node(str(name), node, panels, aside)


def build_node(name: str, node: Node, panels: PanelKinds, aside: Sequence[Diagnostic] = ()) -> Template:
    """A template from its merged content.

    Args:
        name: As it was asked for.
        node: The content.
        panels: Every kind of panel by its name.
        aside: Mistakes that were found when it was read; what else is wrong at the same keys may be due to them.

    Raises:
        TemplateError: It says something that it may not say; every mistake is told.
    """
    content = drop_nulls(to_plain(node))
    missing = list(_resolve_files(content, node, panels))
    source_map = SourceMap(lambda path: find_position(node, path))
    template, found = None, []
    try:
        template = build_template(
            name, content, panels, source_map=source_map, removed=_list_removed_panels(node)
        )
    except OptionError as error:
        found = [source_map.diagnose(path, message) for path, message in error.errors]
    known = {each.key for each in aside if each.key}
    invalid = [each for each in found if each.key not in known]
    raise_diagnostics([*aside, *invalid, *missing, *find_unquoted_colors(node)])
    if template is None:
        raise AssertionError("a template without errors was not built")
    return template


def _list_removed_panels(node: Node) -> list[str]:
    """Names of the panels that a template took away from what it extends."""
    panels = get_child(node, "panels")
    inside = panels.value if panels is not None else None
    return [name for name, each in inside.items() if each.value is None] if isinstance(inside, dict) else []


def drop_nulls(content: Any) -> Any:
    """Maps without the keys that have no value; they have their defaults."""
    if isinstance(content, list):
        return [drop_nulls(each) for each in content]
    if not isinstance(content, dict):
        return content
    return {key: drop_nulls(each) for key, each in content.items() if each is not None}


def _resolve_files(content: Any, node: Node, panels: PanelKinds) -> Iterator[Diagnostic]:
    """Make the files that a template names relative to the file in which they are named; tell which are none."""
    for path in iter_file_keys(content, panels):
        inside = content
        for step in path[:-1]:
            inside = inside[step]
        value, origin = inside[path[-1]], find_position(node, path)
        if not isinstance(value, str):
            continue
        file = Path(value).expanduser()
        if origin.line:
            file = Path(origin.file).parent / file
        inside[path[-1]] = str(file)
        # Not a pipe or a device either, which could keep a reader waiting for ever.
        if not file.is_file():
            what = "is no file that can be read" if file.exists() else "no such file"
            yield Diagnostic(origin, format_key_path(path), f"{file}: {what}")
        elif path[0] == "theme" and not _is_font(file):
            yield Diagnostic(origin, format_key_path(path), f"{file}: is no font; give a .ttf or .otf file")


def _is_font(file: Path) -> bool:
    """Whether text can be drawn with a file."""
    try:
        ImageFont.truetype(str(file), 16, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return False
    return True


def iter_file_keys(content: Any, panels: PanelKinds) -> Iterator[tuple[str, ...]]:
    """The keys whose values are files."""
    if not isinstance(content, dict):
        return
    theme = content.get("theme")
    if isinstance(theme, dict):
        yield from (("theme", key) for key in ("font", "font_bold") if key in theme)
    given = content.get("panels")
    for name, options in given.items() if isinstance(given, dict) else ():
        if isinstance(options, dict):
            kind = panels.get(str(options.get("kind", name)))
            yield from (("panels", name, key) for key in (kind.files if kind else ()) if key in options)
