"""Inheritance of templates: one file on top of those that it extends, and settings of the command line on top of all.

Values keep their positions, so that errors name the right file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from reelnet.config.diagnostics import (
    Diagnostic,
    KeyPath,
    SourcePosition,
    format_key_path,
    raise_diagnostic,
)
from reelnet.config.source import (
    MAX_DEPTH,
    MAX_NODES,
    UNPRINTABLE,
    Node,
    UnreadableError,
    explain_empty_value,
    get_child,
    parse_scalar,
    parse_yaml,
    read_text,
    to_plain,
)
from reelnet.errors import TemplateError, UsageError, suggest_names
from reelnet.template.layout_patch import PATCH_KEY, STACK_KINDS, apply_layout_patch
from reelnet.template.search_path import SearchPath

MAX_EXTENDED_FILES = 20
"""Files in a chain that extend each other, and names in one `extends`."""

# Alternatives: a key of the later file removes these keys of the earlier one.
_STACK_ALTERNATIVES = {kind: tuple(other for other in STACK_KINDS if other != kind) for kind in STACK_KINDS}
_SIZE_ALTERNATIVES = {
    "aspect": ("width", "height"),
    "width": ("aspect", "max_width"),
    "height": ("aspect", "max_height"),
    "max_width": ("width",),
    "max_height": ("height",),
}
_STEP_ALTERNATIVES = {
    "every": ("list", "log", "adaptive"),
    "list": ("every", "log", "adaptive", "range"),
    "log": ("every", "list", "adaptive"),
    "adaptive": ("every", "list", "log"),
    "range": ("list",),
}

_CANVAS_SIZE = re.compile(r"(\d+)x(\d+)")
_PATH_STEP = re.compile(r"([^.\[\]]+)((?:\[\d{1,6}\])*)")


def load_node(
    name: str | Path,
    settings: Sequence[str] = (),
    deferred: list[Diagnostic] | None = None,
    search_path: SearchPath | None = None,
) -> Node:
    """Load the content of a template with everything that it extends.

    Args:
        name: A name, or the path of a file.
        settings: Keys to change, such as `timeline.fps=5`.
        deferred: Receives errors after which reading can continue. If it is None, they are raised.
        search_path: Where names are looked up.

    Raises:
        TemplateError: A file does not exist, cannot be read, or extends itself.
        UsageError: A setting is invalid.
    """
    search_path = search_path or SearchPath()
    file = search_path.find(name) if isinstance(name, str) else search_path.require_file(name)
    return apply_settings(_FamilyReader(search_path, deferred).load(file), settings)


Layers = dict[str, Node]
"""The own content of each file, by its real path. Later layers take precedence."""


@dataclass
class _FamilyReader:
    """Reads files that extend each other. Each file is read once, however often it is named."""

    _search_path: SearchPath
    _deferred: list[Diagnostic] | None = None
    _cache: dict[str, Layers] = field(default_factory=dict)

    def load(self, file: Path) -> Node:
        """Merge a file with everything that it extends.

        A file that is extended in several ways counts once, where it comes first: `[square, dark]`, which both
        extend `article`, is article, then square, then dark.
        """
        merged: Node | None = None
        for real_path, layer in self._read_layers(file, (file,)).items():
            own = layer if real_path == os.path.realpath(file) else _drop_about(layer)
            merged = own if merged is None else merge_nodes(merged, own)
            if count_values(merged) > MAX_NODES:
                message = f"with what it extends, a template has at most {MAX_NODES:,} keys and values"
                raise_diagnostic(own.position, message)
        if merged is None:
            raise AssertionError(f"{file} has no layer of its own")
        return merged

    def _read_layers(self, file: Path, files: tuple[Path, ...]) -> Layers:
        """Return the layers of what a file extends, and its own; `files` is the chain that leads to it."""
        # Unlike Path.resolve, realpath does not fail on circular links.
        key = os.path.realpath(file)
        if key not in self._cache:
            node = expand_shorthand(read_template_file(file, self._deferred))
            content = node.value if isinstance(node.value, dict) else {}
            layers: Layers = {}
            for name in _list_extended(content["extends"]) if "extends" in content else ():
                extended = self._find_extended(name, file, files)
                try:
                    for real_path, layer in self._read_layers(extended, (*files, extended)).items():
                        layers.setdefault(real_path, layer)
                except UnreadableError as error:
                    raise_diagnostic(name.position, str(error), "extends")
            own = {key: child for key, child in content.items() if key != "extends"}
            self._cache[key] = {**layers, key: replace(node, value=own)}
        return self._cache[key]

    def _find_extended(self, name: Node, file: Path, files: tuple[Path, ...]) -> Path:
        try:
            extended = self._search_path.find_extended(str(name.value), file)
        except TemplateError as error:
            raise_diagnostic(name.position, str(error), "extends")
        if os.path.realpath(extended) in map(os.path.realpath, files):
            cycle = " → ".join(map(str, (*files, extended)))
            raise_diagnostic(name.position, f"templates extend each other: {cycle}", "extends")
        if len(files) >= MAX_EXTENDED_FILES:
            message = f"more than {MAX_EXTENDED_FILES} templates in a chain extend each other"
            raise_diagnostic(name.position, message, "extends")
        return extended


def _list_extended(extends: Node) -> list[Node]:
    """Return the names in `extends`, which is a name or a list of names."""
    if extends.value is None:
        return []
    names = extends.value if isinstance(extends.value, list) else [extends]
    if len(names) > MAX_EXTENDED_FILES:
        message = f"names {len(names)} templates; the limit is {MAX_EXTENDED_FILES}"
        raise_diagnostic(extends.key_position or extends.position, message, "extends")
    for name in names:
        if not isinstance(name.value, str) or not name.value:
            message = "needs the name or the path of a template, or a list of them"
            raise_diagnostic(name.position, message, "extends")
    return names


def _drop_about(node: Node) -> Node:
    """Remove the description of the template, which is not inherited."""
    content = node.value if isinstance(node.value, dict) else {}
    return replace(node, value={key: child for key, child in content.items() if key != "about"})


def read_template_file(file: Path, deferred: list[Diagnostic] | None = None) -> Node:
    """Read one file, without what it extends. An empty file is an empty map.

    Args:
        file: The file.
        deferred: Receives errors after which reading can continue. If it is None, they are raised.

    Raises:
        TemplateError: The file cannot be read, or is not a map in the subset of YAML that templates allow.
    """
    node = parse_yaml(read_text(file), str(file), deferred)
    if node.value is None:
        return replace(node, value={})
    if not isinstance(node.value, dict):
        raise_diagnostic(node.position, "a template is a map of keys such as panels, layout and theme")
    return node


def expand_shorthand(node: Node) -> Node:
    """Expand shorthands at the top of a template, such as `theme: dark`, `canvas: 1080x1080` and `canvas: 9:16`."""
    if not isinstance(node.value, dict):
        return node
    # A section without content must not remove the inherited one.
    content = {
        key: child
        for key, child in node.value.items()
        if key not in ("panels", "layout") or child.value is not None
    }
    for key in ("theme", "canvas"):
        child = content.get(key)
        if child is None or not isinstance(child.value, str | int | float):
            continue
        size = _CANVAS_SIZE.fullmatch(str(child.value)) if key == "canvas" else None
        values: dict[str, Any] = {"base" if key == "theme" else "aspect": str(child.value)}
        if size:
            values = {"width": int(size[1]), "height": int(size[2])}
        inner = {name: replace(child, value=value) for name, value in values.items()}
        content[key] = replace(child, value=inner)
    return replace(node, value=content)


def count_values(node: Node) -> int:
    """Count the keys and values of a node, including the node."""
    if isinstance(node.value, dict):
        return 1 + sum(1 + count_values(child) for child in node.value.values())
    return 1 + sum(map(count_values, node.value)) if isinstance(node.value, list) else 1


def merge_nodes(base: Node, over: Node, path: KeyPath = ()) -> Node:
    """Merge `over` into `base`, both at a path of a template.

    Maps merge key by key; scalars and lists replace the earlier value. In addition:

    - List items with the same `id` merge.
    - null removes a key, which restores its default. A removed panel stays as null, so that the error of a layout
      that names it can say where it was removed.
    - Of mutually exclusive keys, such as column and row, only the later one stays.
    - A panel of another kind replaces the panel of its name.
    - A stack's bare list merges as its `items`.
    - `at` in a layout replaces items of the layout by name; see `apply_layout_patch`.
    """
    if path == ("layout",) and isinstance(over.value, dict) and PATCH_KEY in over.value:
        rest = {key: node for key, node in over.value.items() if key != PATCH_KEY}
        layout = merge_nodes(base, replace(over, value=rest), path) if rest else base
        return apply_layout_patch(layout, over.value[PATCH_KEY])
    if path and path[-1] in STACK_KINDS and isinstance(base.value, dict) is not isinstance(over.value, dict):
        base, over = _wrap_items(base), _wrap_items(over)
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        is_panel = len(path) == 2 and path[0] == "panels"
        if is_panel and _get_panel_kind(over, path, base) != _get_panel_kind(base, path):
            return _drop_nulls(over)
        return replace(over, value=_merge_maps(base.value, over.value, path))
    if isinstance(base.value, list) and isinstance(over.value, list):
        return replace(over, value=_merge_lists(base.value, over.value, path))
    return _drop_nulls(over)


def _merge_maps(base: dict[str, Node], over: dict[str, Node], path: KeyPath) -> dict[str, Node]:
    given = {key for key, node in over.items() if node.value is not None}
    dropped = set(chain.from_iterable(_get_alternatives(path).get(key, ()) for key in given)) - given
    merged = {key: node for key, node in base.items() if key not in dropped}
    for key, node in over.items():
        if _is_removal(node):
            removed = merged.pop(key, None)
            if removed is not None and path == ("panels",):
                # The layout may still name the panel; the error then points to the null.
                merged[key] = node
        elif key in merged:
            merged[key] = merge_nodes(merged[key], node, (*path, key))
        else:
            merged[key] = _drop_nulls(node)
    return merged


def _merge_lists(base: list[Node], over: list[Node], path: KeyPath) -> list[Node]:
    earlier: dict[KeyPath, Node] = {}
    for node in base:
        if identity := _identify_item(node):
            earlier.setdefault(identity, node)
    merged = []
    for index, node in enumerate(over):
        # A duplicate id is an error, but must not make the list grow; so each earlier item is used once.
        before = earlier.pop(_identify_item(node), None)
        merged.append(merge_nodes(before, node, (*path, index)) if before else _drop_nulls(node))
    return merged


def _get_alternatives(path: KeyPath) -> dict[str, tuple[str, ...]]:
    """Return the mutually exclusive keys of the map at a path."""
    # Authors choose the names of panels freely.
    if path[:1] == ("panels",):
        return {}
    if path[-2:] == ("timeline", "steps"):
        return _STEP_ALTERNATIVES
    return _SIZE_ALTERNATIVES if path == ("canvas",) else _STACK_ALTERNATIVES


def _identify_item(item: Node) -> KeyPath:
    """Return the id of a list item, after the kind of stack if it is a stack; empty without an id."""
    if not isinstance(item.value, dict):
        return ()
    own = get_child(item, "id")
    if own is not None:
        return (own.value,) if isinstance(own.value, str | int) else ()
    if len(item.value) != 1:
        return ()
    ((kind, stack),) = item.value.items()
    own = get_child(stack, "id")
    return (kind, own.value) if own is not None and isinstance(own.value, str | int) else ()


def _get_panel_kind(panel: Node, path: KeyPath, base: Node | None = None) -> Any:
    """Return the kind of a panel: its own, or that of `base`, or the panel's name."""
    kind = get_child(panel, "kind")
    if kind is None and base is not None:
        return _get_panel_kind(base, path)
    return path[-1] if kind is None or kind.value is None else to_plain(kind)


def _wrap_items(stack: Node) -> Node:
    return replace(stack, value={"items": stack}) if isinstance(stack.value, list) else stack


def _is_removal(node: Node) -> bool:
    # An unquoted color is empty by mistake. If it removed the key, the mistake would never be reported.
    return node.value is None and explain_empty_value(node) is None


def _drop_nulls(node: Node) -> Node:
    if isinstance(node.value, dict):
        kept = {key: _drop_nulls(child) for key, child in node.value.items() if not _is_removal(child)}
        return replace(node, value=kept)
    if isinstance(node.value, list):
        return replace(node, value=[_drop_nulls(child) for child in node.value])
    return node


def apply_settings(node: Node, settings: Sequence[str]) -> Node:
    """Apply settings such as `theme.background=#111` or `outputs.web.path=a.gif` to a template, in order.

    A value that starts as a list, a map or quoted text is read as YAML, any other value as a plain scalar. An empty
    value restores the default. The path names the keys as the file has them; items of lists are named by their id or
    by their index, as in `outputs[0].path`. Missing maps are created.

    Raises:
        UsageError: A setting is not `KEY=VALUE`, its value cannot be read, or a list has no such item.
    """
    for setting in settings:
        path, value = _parse_setting(setting)
        if len(path) == 1:
            expanded = expand_shorthand(_nest(path, value))
            node = replace(merge_nodes(node, expanded), position=node.position)
        else:
            try:
                node = _set_value(node, path, value, ())
            except LookupError as error:
                raise UsageError(f"--set {setting}: {error.args[0]}") from None
    return node


def _parse_setting(setting: str) -> tuple[KeyPath, Node]:
    path, equals, text = setting.partition("=")
    if not equals:
        raise UsageError(f"--set {setting}: has no '='; write it as theme.background=#111")
    if found := UNPRINTABLE.search(setting):
        raise UsageError(f"--set {setting!a}: the control character {found[0]!a} is not allowed")
    steps = [_PATH_STEP.fullmatch(step) for step in path.strip().split(".")]
    keys: list[str | int] = []
    for step in steps:
        if step is None or len(steps) > MAX_DEPTH:
            raise UsageError(f"--set {setting}: {path!r} is not a path of keys such as theme.background")
        keys += [step[1], *map(int, re.findall(r"\d+", step[2]))]
    return tuple(keys), _parse_setting_value(text.strip(), setting)


def _parse_setting_value(text: str, setting: str) -> Node:
    position = SourcePosition(f"--set {setting}")
    try:
        # {layer} at the start of a path or text is a field, not a map.
        if not text.startswith(("[", "{", '"', "'")) or re.match(r"\{\w*\}", text, re.ASCII):
            return Node(parse_scalar(text), position)
        if not re.search("[\"']", text):
            text = re.sub(r"(?<=[\[{,:\s])#[0-9a-fA-F]{3,8}\b", r"'\g<0>'", text)
        return _relocate(parse_yaml(text, "value"), position)
    except (TemplateError, ValueError) as error:
        raise UsageError(f"--set {setting}: {error}") from None


def _relocate(node: Node, position: SourcePosition) -> Node:
    """Give a node and everything in it the same position."""
    if isinstance(node.value, dict):
        children = {
            key: replace(_relocate(child, position), key_position=position)
            for key, child in node.value.items()
        }
        return Node(children, position)
    if isinstance(node.value, list):
        return Node([_relocate(child, position) for child in node.value], position)
    return Node(node.value, position)


def _set_value(node: Node, keys: KeyPath, value: Node, path: KeyPath) -> Node:
    """Return the node at `path` with the value at `keys` below it replaced.

    Raises:
        LookupError: A list has no such item, or an index is given for a value that is not a list.
    """
    if not keys:
        return merge_nodes(node, value, path)
    key, rest = keys[0], keys[1:]
    if path and path[-1] in STACK_KINDS and isinstance(key, str) and key not in _list_ids(node):
        node = _wrap_items(node)
    if isinstance(node.value, list):
        index = _find_item(node, key, path)
        item = node.value[index]
        changed = [] if not rest and value.value is None else [_set_value(item, rest, value, (*path, index))]
        return replace(node, value=[*node.value[:index], *changed, *node.value[index + 1 :]])
    child = get_child(node, key)
    if isinstance(node.value, dict) and rest and child is not None and isinstance(child.value, dict | list):
        return replace(node, value={**node.value, str(key): _set_value(child, rest, value, (*path, key))})
    for depth, step in enumerate(keys):
        if isinstance(step, int):
            raise LookupError(f"{format_key_path((*path, *keys[:depth]))} is not a list; it has no [{step}]")
    changed_map = merge_nodes(node, _nest(keys, value), path)
    if isinstance(node.value, dict):
        return replace(changed_map, position=node.position, key_position=node.key_position)
    return changed_map


def _list_ids(node: Node) -> list[str | None]:
    """Return the id of each item of a list, or None for items without one."""
    items = node.value if isinstance(node.value, list) else []
    return [str(identity[-1]) if (identity := _identify_item(item)) else None for item in items]


def _find_item(node: Node, key: str | int, path: KeyPath) -> int:
    """Return the index of a list item by its index or id."""
    ids = _list_ids(node)
    if isinstance(key, int):
        if key < len(ids):
            return key
        raise LookupError(f"{format_key_path(path)} has {len(ids)} items, counted from 0; it has no [{key}]")
    if key not in ids:
        suggestion = suggest_names(key, filter(None, ids))
        raise LookupError(f"{format_key_path(path)} has no item with the id {key!r}; {suggestion}")
    return ids.index(key)


def _nest(keys: KeyPath, value: Node) -> Node:
    """Build the nested maps that lead to a value."""
    for key in reversed(keys):
        value = Node({str(key): replace(value, key_position=value.position)}, value.position)
    return value
