"""Changes of an inherited layout: `at` replaces panels, and stacks with an id, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reelnet.config.source import Node, get_child
from reelnet.template.model import Direction

STACK_KINDS = tuple(direction.value for direction in Direction)

PATCH_KEY = "at"
"""The key of the changes in a layout."""

SPACER = "spacer"
"""The one panel that does not move when an item names it: it shows nothing, and a layout may have several."""

PLACEHOLDER = "\0"
"""Marks the replaced item while other items move; no name in a file can be this."""


def apply_layout_patch(layout: Node, patch: Node) -> Node:
    """Replace items of a layout.

    Each key of `patch` names a panel or a stack of the layout. Its value is the item that replaces it. Within this
    item, the name itself stands for the replaced part, and all other names of the layout move there. null removes the
    part. Changes that cannot be applied stay beside the layout under `at`, for the builder to report.
    """
    failed: dict[str, Node] = {}
    for name, item in patch.value.items() if isinstance(patch.value, dict) else ():
        changed = _replace_item(layout, name, item)
        if changed is None:
            # A removal must not vanish with the other nulls before it is reported.
            failed[name] = item if item.value is not None else replace(item, value=name)
        else:
            layout = changed
    if not failed and isinstance(patch.value, dict):
        return layout
    children = layout.value if isinstance(layout.value, dict) else {"column": replace(layout, value=[layout])}
    rest = replace(patch, value=failed) if isinstance(patch.value, dict) else patch
    return replace(layout, value={**children, PATCH_KEY: rest})


def _replace_item(layout: Node, name: str, item: Node) -> Node | None:
    """Return the layout after one change; None if the change is impossible."""
    old = _find_item(layout, name)
    if old is None:
        return None
    if item.value is None:
        return _substitute_items(layout, {name: None})
    moving = {
        other: found
        for other in _iter_panel_names(item)
        if other not in (name, SPACER) and (found := _find_item(layout, other)) is not None
    }
    if any(_find_item(found, name) is not None for found in moving.values()):
        return None
    removals = dict.fromkeys(moving)
    placeholder = replace(old, value=PLACEHOLDER)
    rest = _substitute_items(_substitute_items(layout, {name: placeholder}) or placeholder, removals)
    parts = {other: _substitute_items(found, {**removals, other: found}) for other, found in moving.items()}
    filled = _substitute_names(item, {**parts, name: _substitute_items(old, removals)})
    if rest is None or filled is None:
        return None
    return _substitute_names(rest, {PLACEHOLDER: filled})


def _get_name(item: Node) -> str | None:
    """Return the name of a panel, or the id of a stack."""
    if isinstance(item.value, str):
        return item.value
    kind, stack = _get_stack(item)
    own = get_child(stack, "id") if kind else None
    return own.value if own is not None and isinstance(own.value, str) else None


def _get_stack(item: Node) -> tuple[str, Node]:
    """Return the key of an item's stack, such as `row`, and its value; an empty key and the item without a stack."""
    children = item.value if isinstance(item.value, dict) else {}
    return next(((kind, children[kind]) for kind in STACK_KINDS if kind in children), ("", item))


def _list_items(item: Node) -> list[Node]:
    """Return the items of a stack, whether it is a bare list or a map with `items`; empty for a panel."""
    kind, stack = _get_stack(item)
    items = get_child(stack, "items") if isinstance(stack.value, dict) else stack
    return items.value if kind and items is not None and isinstance(items.value, list) else []


def _replace_items(item: Node, items: list[Node]) -> Node:
    """Return a stack with other items."""
    kind, stack = _get_stack(item)
    if isinstance(stack.value, dict):
        stack = replace(stack, value={**stack.value, "items": replace(stack.value["items"], value=items)})
    else:
        stack = replace(stack, value=items)
    children = item.value if isinstance(item.value, dict) else {}
    return replace(item, value={**children, kind: stack})


def _find_item(item: Node, name: str) -> Node | None:
    """Return the part of a layout with a name."""
    if _get_name(item) == name:
        return item
    return next((found for each in _list_items(item) if (found := _find_item(each, name)) is not None), None)


def _iter_panel_names(item: Node) -> Iterator[str]:
    """Yield the names in an item, without the ids of its own stacks."""
    if isinstance(item.value, str):
        yield item.value
    for each in _list_items(item):
        yield from _iter_panel_names(each)


def _substitute_items(item: Node, parts: Mapping[str, Node | None]) -> Node | None:
    """Replace the panels and stacks with some names, or remove them; None if nothing is left."""
    name = _get_name(item)
    if name is not None and name in parts:
        return parts[name]
    return _keep_items(item, [_substitute_items(each, parts) for each in _list_items(item)])


def _substitute_names(item: Node, parts: Mapping[str, Node | None]) -> Node | None:
    """Replace names by parts, or remove them; None if nothing is left."""
    if isinstance(item.value, str) and item.value in parts:
        return parts[item.value]
    return _keep_items(item, [_substitute_names(each, parts) for each in _list_items(item)])


def _keep_items(item: Node, items: list[Node | None]) -> Node | None:
    """Return a stack with the items that are left; None if there are none. Panels stay as they are."""
    if not items:
        return item
    kept = [each for each in items if each is not None]
    return _replace_items(item, kept) if kept else None
