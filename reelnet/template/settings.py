"""Settings change keys of a template: `--set theme.background=#111` of the command line, and those of Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reelnet._support.arguments import describe_value, require_texts
from reelnet.config.diagnostics import KeyPath, SourcePosition, format_key_path
from reelnet.config.source import MAX_DEPTH, UNPRINTABLE, Node, get_child, parse_scalar, parse_yaml
from reelnet.errors import TemplateError, UsageError, suggest_names
from reelnet.template.inheritance import STACK_KINDS, expand_shorthand, identify_item, merge_nodes, wrap_items
from reelnet.template.python_values import node_from_python

_PATH_STEP = re.compile(r"([^.\[\]]+)((?:\[\d{1,6}\])*)")


@dataclass(frozen=True)
class Setting:
    """A key of a template and its new value.

    Attributes:
        path: The keys as the file has them; items of lists by their id or their index.
        value: The value, null for the default. It stands at the position `source`.
        source: Where the setting was given, such as `--set theme=dark` or `settings['theme']`; errors begin with it.
    """

    path: KeyPath
    value: Node
    source: str


def parse_options(texts: Iterable[str]) -> list[Setting]:
    """Parse the values of `--set`, such as `theme.background=#111` or `outputs.web.path=a.gif`.

    A value that starts as a list, a map or quoted text is read as YAML, any other value as a plain scalar. An empty
    value restores the default. Items of lists are named by their id or by their index, as in `outputs[0].path`.

    Raises:
        UsageError: A setting is not `KEY=VALUE`, or its value cannot be read.
    """
    return [_parse_setting(text, f"--set {_quote_unprintable(text)}") for text in texts]


def read_settings(value: Any) -> list[Setting]:
    """Read the settings of a call from Python.

    They are a list of texts as `--set` takes them, or a mapping of keys, such as `"theme.background"`, to values; a
    value that is a mapping itself changes only the keys that it has. None restores a default.

    Raises:
        UsageError: A setting is not `KEY=VALUE`, or has a key or a value that no template can have.
    """
    if not isinstance(value, Mapping):
        texts = require_texts(
            "settings", value, example='["theme=dark"], or a dict, such as {"theme": "dark"}'
        )
        return [
            _parse_setting(text, f"settings[{index}] {_quote_unprintable(text)}")
            for index, text in enumerate(texts)
        ]
    settings = []
    for key, child in value.items():
        if not isinstance(key, str):
            raise UsageError(
                f"settings: the key {describe_value(key)} is of type {type(key).__name__}; give a str"
            )
        source = f"settings[{key!r}]"
        settings.append(Setting(parse_key_path(key, source), node_from_python(child, source, source), source))
    return settings


def apply_settings(node: Node, settings: Sequence[Setting]) -> Node:
    """Apply settings to a template, in order. Missing maps are created.

    Raises:
        UsageError: A list has no item of the path, or what the path takes for a list is none.
    """
    for setting in settings:
        if len(setting.path) == 1:
            expanded = expand_shorthand(_nest(setting.path, setting.value))
            node = replace(merge_nodes(node, expanded), position=node.position)
        else:
            try:
                node = _set_value(node, setting.path, setting.value, ())
            except LookupError as error:
                raise UsageError(f"{setting.source}: {error.args[0]}") from None
    return node


def _quote_unprintable(text: str) -> str:
    return ascii(text) if UNPRINTABLE.search(text) else text


def _parse_setting(text: str, source: str) -> Setting:
    path, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{source}: has no '='; write it as theme.background=#111")
    if found := UNPRINTABLE.search(text):
        raise UsageError(f"{source}: the control character {found[0]!a} is not allowed")
    return Setting(parse_key_path(path.strip(), source), _parse_value(value.strip(), source), source)


def parse_key_path(path: str, source: str) -> KeyPath:
    """Parse the path of a key, such as `theme.background` or `outputs[0].path`.

    Args:
        path: The path.
        source: What errors begin with.

    Raises:
        UsageError: It is not a path.
    """
    steps = [_PATH_STEP.fullmatch(step) for step in path.split(".")]
    keys: list[str | int] = []
    for step in steps:
        if step is None or len(steps) > MAX_DEPTH:
            raise UsageError(f"{source}: {path!r} is not a path of keys such as theme.background")
        keys += [step[1], *map(int, re.findall(r"\d+", step[2]))]
    return tuple(keys)


def _parse_value(text: str, source: str) -> Node:
    position = SourcePosition(source)
    try:
        # {layer} at the start of a path or text is a field, not a map.
        if not text.startswith(("[", "{", '"', "'")) or re.match(r"\{\w+\}", text, re.ASCII):
            return Node(parse_scalar(text), position)
        if not re.search("[\"']", text):
            text = re.sub(r"(?<=[\[{,:\s])#[0-9a-fA-F]{3,8}\b", r"'\g<0>'", text)
        return _relocate(parse_yaml(text, "value"), position)
    except (TemplateError, ValueError) as error:
        raise UsageError(f"{source}: {error}") from None


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
    if path and path[-1] in STACK_KINDS and isinstance(key, str) and key not in list_ids(node):
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


def list_ids(node: Node) -> list[str | None]:
    """Return the id of each item of a list, or None for items without one."""
    items = node.value if isinstance(node.value, list) else []
    return [str(identity[-1]) if (identity := identify_item(item)) else None for item in items]


def _find_item(node: Node, key: str | int, path: KeyPath) -> int:
    """Return the index of a list item by its index or id."""
    ids = list_ids(node)
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
