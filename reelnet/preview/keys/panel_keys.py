"""What one panel is made of: its keys with their values, and where each is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from reelnet.config.diagnostics import KeyPath, SourcePosition
from reelnet.errors import UsageError, suggest_names
from reelnet.preview.files.template_files import shorten_path
from reelnet.preview.keys.selections import format_selection
from reelnet.preview.keys.value_kind import ValueKind
from reelnet.render.registry import panel_registry
from reelnet.template.json_schema import KeySchema, iter_keys, summarize
from reelnet.template.model import Template


def describe_panel(template: Template, name: str, file: Path) -> dict[str, Any]:
    """Describe a panel for the page.

    Args:
        template: The template as it was loaded, with the positions of its keys.
        name: The panel's name in the layout.
        file: The file of the template: keys that stand in it are set, others come from what it extends.

    Raises:
        UsageError: The template has no such panel.
    """
    if name not in template.panels:
        raise UsageError(f"no panel {name!r}; {suggest_names(name, template.panels)}")
    content = template.content.get("panels")
    written = (content.get(name) if isinstance(content, dict) else None) or {}
    kind = str(written.get("kind", name))
    model = panel_registry()[kind]
    place = find_place(template, ("panels", name))
    return {
        "name": name,
        "kind": kind,
        "about": summarize(model),
        "file": shorten_path(Path(place.file)) if place.line else "",
        "line": place.line,
        "link": link_to(place),
        "keys": [_describe_key(template, name, key, written, file) for key in iter_keys(model)],
    }


def find_place(template: Template, path: KeyPath) -> SourcePosition:
    """Return where a key is written."""
    return template.source_map.diagnose(path, "").position


def link_to(place: SourcePosition) -> str:
    """Return a link that opens a position in VS Code; empty if it is in no file."""
    if not place.line:
        return ""
    path = Path(place.file).absolute().as_posix()
    return f"vscode://file{'' if path.startswith('/') else '/'}{quote(path)}:{place.line}:{place.column}"


def _describe_key(
    template: Template, name: str, key: KeySchema, written: dict[str, Any], file: Path
) -> dict[str, Any]:
    is_written = key.name in written
    place = find_place(template, ("panels", name, key.name)) if is_written else SourcePosition()
    kind = ValueKind.of(key)
    value, default = written.get(key.name), key.default
    if kind.kind == "selection":
        value, default = format_selection(value), format_selection(default)
    return {
        "key": f"panels.{name}.{key.name}",
        "value": value,
        "default": default,
        "info": key.schema.get("description", ""),
        "file": shorten_path(Path(place.file)) if place.line else "",
        "line": place.line,
        "is_set": is_written and place.file == str(file),
        "kind": kind.kind,
        **({"choices": kind.choices} if kind.choices else {}),
        **({"min": kind.low} if kind.low is not None else {}),
        **({"max": kind.high} if kind.high is not None else {}),
    }
