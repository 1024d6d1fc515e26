"""Settings of the command line, such as `--set theme.background=#111`, which change keys of a template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from reelnet.config.diagnostics import KeyPath, SourcePosition, format_key_path
from reelnet.config.source import MAX_DEPTH, UNPRINTABLE, Node, get_child, parse_scalar, parse_yaml
from reelnet.errors import TemplateError, UsageError, suggest_names
from reelnet.template.inheritance import STACK_KINDS, expand_shorthand, identify_item, merge_nodes, wrap_items

_PATH_STEP = re.compile(r"([^.\[\]]+)((?:\[\d{1,6}\])*)")


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
        if not text.startswith(("[", "{", '"', "'")) or re.match(r"\{\w+\}", text, re.ASCII):
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
        node = wrap_items(node)
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
    return [str(identity[-1]) if (identity := identify_item(item)) else None for item in items]


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
