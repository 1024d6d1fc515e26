"""Setting one key in the text of a template. Comments, order, quotes and line ends stay as the author wrote them."""

from __future__ import annotations

from typing import Any

from reelnet._support.text import format_count
from reelnet.config.diagnostics import InvalidTemplate, KeyPath, format_key_path, raise_diagnostic
from reelnet.config.source import Node, get_child, parse_yaml, to_plain
from reelnet.errors import TemplateError, suggest_names
from reelnet.template.edit.lines import LineBreaks
from reelnet.template.edit.rewrite import remove, wrap_items, write
from reelnet.template.inheritance import STACK_KINDS, expand_shorthand
from reelnet.template.python_values import node_from_python
from reelnet.template.settings import list_ids

_SHORTHANDS = ("theme", "canvas")
_BOM = "\ufeff"


def set_key(text: str, path: KeyPath, value: Any) -> str:
    """Set one key in the text of a template.

    An existing value is replaced, also one within braces; maps and lists change only where they differ. A new key
    comes where it usually stands, with the maps that lead to it. Shorthands become maps if the path leads into them:
    `theme: dark` becomes `theme: {base: dark, accent: '#e91'}`. All other lines stay as they are.

    Args:
        text: The text; it must be valid YAML, but need not be a valid template.
        path: The keys as the file has them, at least one; items of lists by their id or their index. The index after
            the last item appends one.
        value: Plain data of Python. None removes the key with the comments that belong to it, and the maps that
            become empty.

    Raises:
        TemplateError: The text has mistakes, the path leads into a value that is no map or list, or the text is
            written in a way that must be edited by hand, such as with anchors.
        UsageError: No YAML file can hold the value.
    """
    key = format_key_path(path)
    plain = to_plain(node_from_python(value, key, ""))
    bom = _BOM if text.startswith(_BOM) else ""
    lines = LineBreaks.of(text.removeprefix(_BOM))
    try:
        content = _read(lines.text)
    except InvalidTemplate as error:
        raise TemplateError(f"{key}: correct the text first: {error.diagnostics[0]}") from None
    try:
        edited, wanted = _edit(lines.text, content, path, plain)
        is_right = _is_same(to_plain(_read(edited)), wanted)
    except LookupError as error:
        raise TemplateError(f"{key}: {error.args[0]}") from None
    except InvalidTemplate:
        is_right = False
    if not is_right:
        raise TemplateError(f"{key}: the text is written in a way that can only be changed by hand here")
    return text if edited == lines.text else bom + lines.restore(edited)


def put(content: Any, path: KeyPath, value: Any) -> Any:
    """Return plain data with the value at a path replaced; None removes it, and the maps that become empty.

    Raises:
        LookupError: The path leads into a value that is no map, or to an item that a list does not have.
    """
    return _put(content, path, value, ())


def _put(content: Any, path: KeyPath, value: Any, above: KeyPath) -> Any:
    if not path:
        return value
    step, rest, place = path[0], path[1:], (*above, path[0])
    if isinstance(content, list):
        if not isinstance(step, int) or step > len(content) or (step == len(content) and value is None):
            where = format_key_path(above)
            count = format_count(len(content), "item")
            raise LookupError(f"{where} has {count}, counted from 0; it has no [{step}]")
        child = content[step] if step < len(content) else None
        kept = [] if value is None and not rest else [_put(child, rest, value, place)]
        return [*content[:step], *kept, *content[step + 1 :]]
    if isinstance(step, int):
        raise LookupError(f"{format_key_path(above)} is not a list; it has no [{step}]")
    if content is not None and not isinstance(content, dict):
        raise LookupError(f"{format_key_path(above)} is {content!r}, not a map; it has no {step}")
    content = content or {}
    child = content.get(step)
    if value is not None:
        return {**content, step: _put(child, rest, value, place)}
    if step not in content or (rest and child is None):
        return content
    changed = _put(child, rest, None, place) if rest else {}
    if rest and (changed != {} or child == {}):
        return {**content, step: changed}
    return {key: each for key, each in content.items() if key != step}


def _read(text: str) -> Node:
    node = parse_yaml(text, "text")
    if isinstance(node.value, dict):
        return node
    if node.value is not None:
        raise_diagnostic(node.position, "a template is a map of keys such as panels, layout and theme")
    return Node({}, node.position)


def _edit(text: str, content: Node, path: KeyPath, value: Any) -> tuple[str, Any]:
    """Return the edited text, and the content that it must have.

    Raises:
        LookupError: The path leads to no place.
    """
    edited, plain = text, to_plain(content)
    # Each round writes out one shorthand that the path leads into.
    while (shorthand := _walk(content, path)[1]) is not None:
        if shorthand[0] in _SHORTHANDS:
            whole = to_plain(expand_shorthand(content))[shorthand[0]]
            edited = write(edited, shorthand, whole)
        else:
            whole = {"items": _get(plain, shorthand)}
            edited = wrap_items(edited, shorthand)
        content, plain = _read(edited), put(plain, shorthand, whole)
        if not _is_same(to_plain(content), plain):
            return edited, plain
    steps = _walk(content, path)[0]
    wanted = put(plain, steps, value)
    if value is not None:
        return write(edited, steps, value), wanted
    return (remove(edited, steps), wanted) if not _is_same(wanted, plain) else (text, to_plain(_read(text)))


def _walk(content: Node, path: KeyPath) -> tuple[KeyPath, KeyPath | None]:
    """Follow a path as far as no shorthand has to be written out.

    Returns:
        The path with indices for ids, and without `items` where a stack is a bare list; and the path of the shorthand
        that it leads into, or None.
    """
    steps: list[str | int] = []
    node: Node | None = content
    for step in path:
        value = node.value if node is not None else None
        if node is not None and isinstance(value, list) and isinstance(step, str):
            ids = list_ids(node)
            if step not in ids and steps[-1] in STACK_KINDS:
                if step == "items":
                    continue
                return tuple(steps), tuple(steps)
            if step not in ids:
                known = suggest_names(step, filter(None, ids))
                raise LookupError(f"{format_key_path(steps)} has no item with the id {step!r}; {known}")
            step = ids.index(step)
        elif len(steps) == 1 and steps[0] in _SHORTHANDS and isinstance(value, str | int | float):
            return tuple(steps), tuple(steps)
        steps.append(step)
        node = get_child(node, step) if node is not None else None
    return tuple(steps), None


def _get(content: Any, path: KeyPath) -> Any:
    for step in path:
        content = content[step]
    return content


def _is_same(one: Any, other: Any) -> bool:
    """Whether plain data is the same, types included: 1 is neither 1.0 nor true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)
