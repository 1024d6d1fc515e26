"""Changes of a layout by names: what stands in the place of a panel, or of a stack that has an id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reelnet.config.source import Node, get_child

STACK_KINDS = ("column", "row", "grid", "overlay")

PATCH_KEY = "at"
"""The key of the changes, in a layout."""

SPACER = "spacer"
"""The one panel that does not move: it shows nothing, and a layout may have many of it."""

PLACE = "\0"
"""Stands for what is changed while parts move; no name in a file can be this."""


def apply_layout_patch(layout: Node, changes: Node) -> Node:
    """A layout with other items in the places of some.

    Each key of `changes` names a panel or a stack of the layout. Its value is what stands there instead; within it,
    that name stands for what was there, and any other name that the layout has moves there. null leaves the part
    out. Changes that cannot be made stay beside the layout under `at`, for the check to tell.
    """
    left: dict[str, Node] = {}
    for name, item in changes.value.items() if isinstance(changes.value, dict) else ():
        changed = _changed(layout, name, item)
        if changed is None:
            left[name] = item
        else:
            layout = changed
    if not left and isinstance(changes.value, dict):
        return layout
    whole = layout.value if isinstance(layout.value, dict) else {"column": replace(layout, value=[layout])}
    told = replace(changes, value=left) if isinstance(changes.value, dict) else changes
    return replace(layout, value={**whole, PATCH_KEY: told})


def _changed(layout: Node, name: str, item: Node) -> Node | None:
    """The layout after one change; None if that cannot be made."""
    old = _find(layout, name)
    if old is None:
        return None
    if item.value is None:
        return _swapped(layout, {name: None})
    moving = {
        other: found
        for other in _references(item)
        if other not in (name, SPACER) and (found := _find(layout, other)) is not None
    }
    if any(_find(found, name) is not None for found in moving.values()):
        return None
    gone = dict.fromkeys(moving)
    here = replace(old, value=PLACE)
    rest = _swapped(_swapped(layout, {name: here}) or here, gone)
    parts = {other: _swapped(found, {**gone, other: found}) for other, found in moving.items()}
    filled = _filled(item, {**parts, name: _swapped(old, gone)})
    if rest is None or filled is None:
        return None
    return _filled(rest, {PLACE: filled})


def _name(node: Node) -> str | None:
    """The name of a panel, or the id of a stack."""
    if isinstance(node.value, str):
        return node.value
    inside = _inside(node)
    own = get_child(inside, "id") if inside is not None else None
    return own.value if own is not None and isinstance(own.value, str) else None


def _inside(node: Node) -> Node | None:
    """What stands under the word of a stack."""
    if not isinstance(node.value, dict):
        return None
    return next((node.value[word] for word in STACK_KINDS if word in node.value), None)


def _list(node: Node) -> Node | None:
    """The list of a stack's items."""
    inside = _inside(node)
    found = get_child(inside, "items") if inside is not None and isinstance(inside.value, dict) else inside
    return found if found is not None and isinstance(found.value, list) else None


def _items(node: Node) -> list[Node]:
    items = _list(node)
    return items.value if items is not None and isinstance(items.value, list) else []


def _with_items(node: Node, items: list[Node]) -> Node:
    """A stack with other items."""
    word = next(word for word in STACK_KINDS if isinstance(node.value, dict) and word in node.value)
    inside, old = get_child(node, word), _list(node)
    if inside is None or old is None or not isinstance(node.value, dict):
        return node
    new = replace(old, value=items)
    if isinstance(inside.value, dict):
        new = replace(inside, value={**inside.value, "items": new})
    return replace(node, value={**node.value, word: new})


def _find(node: Node, name: str) -> Node | None:
    """The part of that name."""
    if _name(node) == name:
        return node
    return next((found for item in _items(node) if (found := _find(item, name)) is not None), None)


def _references(node: Node) -> Iterator[str]:
    """The names that an item gives, without the ids of stacks that it makes itself."""
    if isinstance(node.value, str):
        yield node.value
    for item in _items(node):
        yield from _references(item)


def _swapped(node: Node, others: Mapping[str, Node | None]) -> Node | None:
    """A layout with other parts in the place of those with some names; None if nothing is left of it."""
    name = _name(node)
    if name is not None and name in others:
        return others[name]
    return _each(node, [_swapped(item, others) for item in _items(node)])


def _filled(node: Node, parts: Mapping[str, Node | None]) -> Node | None:
    """An item with parts in the place of their names; None if nothing is left of it."""
    if isinstance(node.value, str) and node.value in parts:
        return parts[node.value]
    return _each(node, [_filled(item, parts) for item in _items(node)])


def _each(node: Node, items: list[Node | None]) -> Node | None:
    kept = [item for item in items if item is not None]
    if not items:
        return node
    return _with_items(node, kept) if kept else None
