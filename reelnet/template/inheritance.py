"""One template on top of another, and settings on top of both. Places are kept, so errors name the right file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from reelnet.config.diagnostics import KeyPath, SourcePosition, format_key_path
from reelnet.config.source import (
    MAX_DEPTH,
    UNPRINTABLE,
    Node,
    explain_empty_value,
    get_child,
    parse_scalar,
    parse_yaml,
    to_plain,
)
from reelnet.errors import TemplateError, UsageError, suggest_names
from reelnet.template.layout_patch import PATCH_KEY, STACK_KINDS, apply_layout_patch
from reelnet.template.shorthand import expand_shorthand

# Alternatives: a key of the later file drops these keys of the earlier one.
_STACKS = {word: tuple(other for other in STACK_KINDS if other != word) for word in STACK_KINDS}
_SIZES = {
    "aspect": ("width", "height"),
    "width": ("aspect", "max_width"),
    "height": ("aspect", "max_height"),
    "max_width": ("width",),
    "max_height": ("height",),
}
_STEPS = {
    "every": ("list", "log", "adaptive"),
    "list": ("every", "log", "adaptive", "range"),
    "log": ("every", "list", "adaptive"),
    "adaptive": ("every", "list", "log"),
    "range": ("list",),
}

_STEP = re.compile(r"([^.\[\]]+)((?:\[\d{1,6}\])*)")


def merge_nodes(base: Node, over: Node) -> Node:
    """`over` on top of `base`.

    Maps merge key by key; scalars and lists replace what was there. Further:

    - An item of a list that has the same `id` as an item of the list before it merges with that one.
    - null removes the key, so that the default counts again. Of a panel it stays, for the errors of who names it.
    - Of alternatives, such as column and row, only the later one is left.
    - A panel of another kind replaces the panel of that name.
    - A stack's bare list merges as its `items`.
    - `at` in a layout puts other items into the places of some; see `apply_layout_patch`.
    """
    return _merged(base, over, ())


def count_values(node: Node) -> int:
    """How many keys and values a node holds, itself among them."""
    if isinstance(node.value, dict):
        return 1 + sum(1 + count_values(child) for child in node.value.values())
    return 1 + sum(map(count_values, node.value)) if isinstance(node.value, list) else 1


def apply_settings(node: Node, settings: Sequence[str]) -> Node:
    """A template with settings such as `theme.background=#111` or `outputs.web.path=a.gif` on top, in order.

    The value is read as YAML if it starts as a list, a map or quoted text does, and as a plain scalar
    otherwise; without one, the default counts again. A path reaches into lists by index, `outputs[0].path`,
    or by the id of an item. Maps on the way are made.

    Raises:
        UsageError: A setting is not `path=value`, its value cannot be read, or a list has no such item.
    """
    for setting in settings:
        keys, value = _parsed(setting)
        if len(keys) == 1:
            node = replace(merge_nodes(node, expand_shorthand(_nested(keys, value))), position=node.position)
        else:
            node = _set(node, _found(node, keys, setting), value, ())
    return node


def _merged(base: Node, over: Node, path: KeyPath) -> Node:
    if path == ("layout",) and isinstance(over.value, dict) and PATCH_KEY in over.value:
        rest = {key: node for key, node in over.value.items() if key != PATCH_KEY}
        whole = _merged(base, replace(over, value=rest), path) if rest else base
        return apply_layout_patch(whole, over.value[PATCH_KEY])
    if path and path[-1] in STACK_KINDS and isinstance(base.value, dict) is not isinstance(over.value, dict):
        base, over = _as_map(base), _as_map(over)
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        if len(path) == 2 and path[0] == "panels" and _kind(over, path, base) != _kind(base, path):
            return _without_nulls(over)
        return replace(over, value=_merged_maps(base.value, over.value, path))
    if isinstance(base.value, list) and isinstance(over.value, list):
        return replace(over, value=_merged_lists(base.value, over.value, path))
    return _without_nulls(over)


def _merged_maps(base: dict[str, Node], over: dict[str, Node], path: KeyPath) -> dict[str, Node]:
    given = {key for key, node in over.items() if node.value is not None}
    dropped = set(chain.from_iterable(_others(path).get(key, ()) for key in given)) - given
    result = {key: node for key, node in base.items() if key not in dropped}
    for key, node in over.items():
        if _removes(node):
            removed = result.pop(key, None)
            if removed is not None and path == ("panels",):
                # The layout may name the panel all the same, which is told where it was taken away.
                result[key] = node
        elif key in result:
            result[key] = _merged(result[key], node, (*path, key))
        else:
            result[key] = _without_nulls(node)
    return result


def _merged_lists(base: list[Node], over: list[Node], path: KeyPath) -> list[Node]:
    earlier: dict[KeyPath, Node] = {}
    for node in base:
        if name := _name(node):
            earlier.setdefault(name, node)
    result = []
    for number, node in enumerate(over):
        # An id that stands twice is a mistake, which must not make the list grow; so each is taken once.
        before = earlier.pop(_name(node), None)
        result.append(_merged(before, node, (*path, number)) if before else _without_nulls(node))
    return result


def _others(path: KeyPath) -> dict[str, tuple[str, ...]]:
    # The names of panels are the author's own, and may be any of these words.
    if path[:1] == ("panels",):
        return {}
    if path[-2:] == ("timeline", "steps"):
        return _STEPS
    return _SIZES if path == ("canvas",) else _STACKS


def _name(item: Node) -> KeyPath:
    """The id of a list's item, with the word around it if there is one; empty without an id."""
    if not isinstance(item.value, dict):
        return ()
    own = get_child(item, "id")
    if own is not None:
        return (own.value,) if isinstance(own.value, str | int) else ()
    if len(item.value) != 1:
        return ()
    ((word, inside),) = item.value.items()
    own = get_child(inside, "id")
    return (word, own.value) if own is not None and isinstance(own.value, str | int) else ()


def _kind(panel: Node, path: KeyPath, otherwise: Node | None = None) -> Any:
    """A panel's kind; without one that of another panel, or the panel's name."""
    kind = get_child(panel, "kind")
    if kind is None and otherwise is not None:
        return _kind(otherwise, path)
    return path[-1] if kind is None or kind.value is None else to_plain(kind)


def _as_map(stack: Node) -> Node:
    return replace(stack, value={"items": stack}) if isinstance(stack.value, list) else stack


def _removes(node: Node) -> bool:
    # A bare colour is empty by mistake; if it removed the key nobody would ever hear of it.
    return node.value is None and explain_empty_value(node) is None


def _without_nulls(node: Node) -> Node:
    if isinstance(node.value, dict):
        kept = {key: _without_nulls(each) for key, each in node.value.items() if not _removes(each)}
        return replace(node, value=kept)
    if isinstance(node.value, list):
        return replace(node, value=[_without_nulls(each) for each in node.value])
    return node


def _parsed(setting: str) -> tuple[KeyPath, Node]:
    path, equals, text = setting.partition("=")
    if not equals:
        raise UsageError(f"--set {setting}: has no '='; write it as theme.background=#111")
    if found := UNPRINTABLE.search(setting):
        raise UsageError(f"--set {setting!a}: the control character {found[0]!a} is not allowed")
    steps = [_STEP.fullmatch(step) for step in path.strip().split(".")]
    keys: list[str | int] = []
    for step in steps:
        if step is None or len(steps) > MAX_DEPTH:
            raise UsageError(f"--set {setting}: {path!r} is no path of keys such as theme.background")
        keys += [step[1], *map(int, re.findall(r"\d+", step[2]))]
    return tuple(keys), _value(text.strip(), setting)


def _value(text: str, setting: str) -> Node:
    place = SourcePosition(f"--set {setting}", 0, 0)
    try:
        # {layer} at the start of a path or text is a word to fill in, not a map.
        if not text.startswith(("[", "{", '"', "'")) or re.match(r"\{\w*\}", text, re.ASCII):
            return Node(parse_scalar(text), place)
        if not re.search("[\"']", text):
            text = re.sub(r"(?<=[\[{,:\s])#[0-9a-fA-F]{3,8}\b", r"'\g<0>'", text)
        return _all_at(parse_yaml(text, "value"), place)
    except (TemplateError, ValueError) as error:
        raise UsageError(f"--set {setting}: {error}") from None


def _all_at(node: Node, place: SourcePosition) -> Node:
    """The same values, all in one place."""
    if isinstance(node.value, dict):
        inside = {key: replace(_all_at(each, place), key_position=place) for key, each in node.value.items()}
        return Node(inside, place)
    if isinstance(node.value, list):
        return Node([_all_at(each, place) for each in node.value], place)
    return Node(node.value, place)


def _found(node: Node | None, keys: KeyPath, setting: str) -> KeyPath:
    """The path of a setting with ids as indices, and with the words between that an author may leave out."""
    found: list[str | int] = []
    if keys[:2] == ("layout", PATCH_KEY):
        return keys
    rest = list(keys)
    while rest and node is not None and isinstance(node.value, dict | list):
        stack = bool(found) and found[-1] in STACK_KINDS
        step = _step(node, rest[0], stack)
        if step is None:
            if isinstance(rest[0], int) or (isinstance(node.value, list) and not stack):
                raise UsageError(f"--set {setting}: {_no_item(node, found, rest[0])}")
            break
        if step == rest[0] or (isinstance(node.value, list) and isinstance(step, int)):
            rest.pop(0)
        if step != "items" or isinstance(node.value, dict):
            found.append(step)
            node = get_child(node, step)
    if any(isinstance(step, int) for step in rest):
        raise UsageError(f"--set {setting}: there is no list to count in")
    return (*found, *rest)


def _step(node: Node, key: str | int, stack: bool) -> str | int | None:
    """One step towards a key: the key itself, the index of an item, or a word that was left out."""
    if isinstance(node.value, list):
        if stack and key == "items":
            return "items"
        ids = [(_name(item) or (None,))[-1] for item in node.value]
        index = key if isinstance(key, int) else ids.index(key) if key in ids else -1
        return index if 0 <= index < len(ids) else None
    if not isinstance(node.value, dict) or key in node.value:
        return key
    items = node.value.get("items")
    if stack and items is not None and _step(items, key, False) is not None:
        return "items"
    name = _name(node)
    return name[0] if len(name) == 2 else None


def _no_item(node: Node, found: Sequence[str | int], key: str | int) -> str:
    where = format_key_path(found) or "the template"
    if not isinstance(node.value, list):
        return f"{where} is no list, so it has no [{key}]"
    if isinstance(key, int):
        return f"{where} has {len(node.value)} items, counted from 0, and no [{key}]"
    ids = [str(name[-1]) for name in map(_name, node.value) if name]
    return f"{where} has no item with the id {key!r}; {suggest_names(key, ids)}"


def _set(node: Node, keys: KeyPath, value: Node, path: KeyPath) -> Node:
    if not keys:
        return _merged(node, value, path)
    key, rest = keys[0], keys[1:]
    child = get_child(node, key)
    if isinstance(node.value, list) and isinstance(key, int) and child is not None:
        changed = [] if not rest and value.value is None else [_set(child, rest, value, (*path, key))]
        return replace(node, value=[*node.value[:key], *changed, *node.value[key + 1 :]])
    if isinstance(node.value, dict) and rest and child is not None and isinstance(child.value, dict | list):
        return replace(node, value={**node.value, str(key): _set(child, rest, value, (*path, key))})
    changed_map = _merged(node, _nested(keys, value), path)
    if isinstance(node.value, dict):
        return replace(changed_map, position=node.position, key_position=node.key_position)
    return changed_map


def _nested(keys: KeyPath, value: Node) -> Node:
    """Maps in maps that lead to a value."""
    for key in reversed(keys):
        value = Node({str(key): replace(value, key_position=value.position)}, value.position)
    return value
