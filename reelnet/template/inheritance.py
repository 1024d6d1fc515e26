"""Inheritance of templates: how the content of one file is merged into that of a file that it extends.

A layout can be changed without repeating it: its key `at` replaces panels, and stacks with an id, by name.

Values keep their positions, so that errors name the right file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from reelnet.config.diagnostics import KeyPath
from reelnet.config.source import Node, get_child, to_plain
from reelnet.template.model import Direction

STACK_KINDS = tuple(direction.value for direction in Direction)

PATCH_KEY = "at"
"""The key of the changes in a layout."""

SPACER = "spacer"
"""The one panel that does not move when an item names it: it shows nothing, and a layout may have several."""

PLACEHOLDER = "\0"
"""Marks the replaced item while other items move; no name in a file can be this."""

# Alternatives: a key of the later file removes these keys of the earlier one.
_STACK_ALTERNATIVES = {kind: tuple(other for other in STACK_KINDS if other != kind) for kind in STACK_KINDS}
_SIZE_ALTERNATIVES = {
    "aspect": ("width", "height"),
    "width": ("aspect", "max_width"),
    "height": ("aspect", "max_height", "min_height"),
    "max_width": ("width",),
    "max_height": ("height",),
    "min_height": ("height",),
}
_STEP_ALTERNATIVES = {
    "every": ("list", "log", "adaptive"),
    "list": ("every", "log", "adaptive", "range"),
    "log": ("every", "list", "adaptive"),
    "adaptive": ("every", "list", "log"),
    "range": ("list",),
}
_SELECTOR_ALTERNATIVES: dict[str, tuple[str, ...]] = {"top": ("first",), "first": ("top",)}

_CANVAS_SIZE = re.compile(r"(\d+)x(\d+)")


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


def merge_nodes(base: Node, over: Node, path: KeyPath = ()) -> Node:
    """Merge `over` into `base`, both at a path of a template.

    Maps merge key by key; scalars and lists replace the earlier value. In addition:

    - List items with the same `id` merge.
    - null removes a key, which restores its default. A removed panel stays as null, so that the error of a layout
      that names it can say where it was removed.
    - Of mutually exclusive keys, such as column and row, only the later one stays.
    - A panel of another kind replaces the panel of its name.
    - A stack's bare list merges as its `items`.
    - `at` in a layout replaces items of the layout by name; see `_apply_layout_patch`.
    """
    if path == ("layout",) and isinstance(over.value, dict) and PATCH_KEY in over.value:
        rest = {key: node for key, node in over.value.items() if key != PATCH_KEY}
        layout = merge_nodes(base, replace(over, value=rest), path) if rest else base
        return _apply_layout_patch(layout, over.value[PATCH_KEY])
    if path and path[-1] in STACK_KINDS and isinstance(base.value, dict) is not isinstance(over.value, dict):
        base, over = wrap_items(base), wrap_items(over)
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
    if path == ("canvas",):
        _drop_contradicted_limit(merged, given)
    return merged


def _drop_contradicted_limit(canvas: dict[str, Node], given: set[str]) -> None:
    """Remove an inherited limit of the height that is beyond the limit on the other side that a later file gives."""
    low, high = (canvas[key].value if key in canvas else None for key in ("min_height", "max_height"))
    inherited = {"min_height", "max_height"} - given
    if isinstance(low, int) and isinstance(high, int) and low > high and len(inherited) == 1:
        del canvas[inherited.pop()]


def _merge_lists(base: list[Node], over: list[Node], path: KeyPath) -> list[Node]:
    earlier: dict[KeyPath, Node] = {}
    for node in base:
        if identity := identify_item(node):
            earlier.setdefault(identity, node)
    merged = []
    for index, node in enumerate(over):
        # A duplicate id is an error, but must not make the list grow; so each earlier item is used once.
        before = earlier.pop(identify_item(node), None)
        merged.append(merge_nodes(before, node, (*path, index)) if before else _drop_nulls(node))
    return merged


def _get_alternatives(path: KeyPath) -> dict[str, tuple[str, ...]]:
    """Return the mutually exclusive keys of the map at a path."""
    if path[-1:] == ("show",) and (path[0], len(path)) in (("samples", 2), ("panels", 3)):
        return _SELECTOR_ALTERNATIVES
    # Authors choose the names of panels freely.
    if path[:1] == ("panels",):
        return {}
    if path[-2:] == ("timeline", "steps"):
        return _STEP_ALTERNATIVES
    return _SIZE_ALTERNATIVES if path == ("canvas",) else _STACK_ALTERNATIVES


def identify_item(item: Node) -> KeyPath:
    """Return the id of a list item, after the kind of stack if it is a stack; empty without an id."""
    stack_kind: KeyPath = ()
    if isinstance(item.value, dict) and len(item.value) == 1 and "id" not in item.value:
        ((kind, item),) = item.value.items()
        stack_kind = (kind,)
    own = get_child(item, "id")
    return (*stack_kind, own.value) if own is not None and isinstance(own.value, str | int) else ()


def _get_panel_kind(panel: Node, path: KeyPath, base: Node | None = None) -> Any:
    """Return the kind of a panel: its own, or that of `base`, or the panel's name."""
    kind = get_child(panel, "kind")
    if kind is None and base is not None:
        return _get_panel_kind(base, path)
    return path[-1] if kind is None or kind.value is None else to_plain(kind)


def wrap_items(stack: Node) -> Node:
    """Turn a stack's bare list into a map with `items`."""
    return replace(stack, value={"items": stack}) if isinstance(stack.value, list) else stack


def _is_removal(node: Node) -> bool:
    # An unquoted color is empty by mistake. If it removed the key, the mistake would never be reported.
    return node.value is None and not node.unquoted_color


def _drop_nulls(node: Node) -> Node:
    if isinstance(node.value, dict):
        kept = {key: _drop_nulls(child) for key, child in node.value.items() if not _is_removal(child)}
        return replace(node, value=kept)
    if isinstance(node.value, list):
        return replace(node, value=[_drop_nulls(child) for child in node.value])
    return node


def _apply_layout_patch(layout: Node, patch: Node) -> Node:
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
