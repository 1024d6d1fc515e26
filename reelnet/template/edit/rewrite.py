"""Rewriting of one place in a YAML text: a value is written, a key is added, or removed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from reelnet.config.diagnostics import HEX_COLOR, KeyPath, format_key_path
from reelnet.config.source import parse_yaml, to_plain
from reelnet.template.builder import TEMPLATE_KEYS
from reelnet.template.edit.lines import (
    column_of,
    delete_lines,
    find_own_comments,
    line_end,
    line_start,
    starts_line,
)
from reelnet.template.edit.pieces import Entry, Piece, find_pieces
from reelnet.template.edit.write_value import write_after, write_block, write_flow, write_key

KEY_ORDER = ("extends", *TEMPLATE_KEYS)
"""The keys at the top of a template, in the usual order."""

_COMMENT = re.compile(r"[ \t]#.*")
_COLOR_COMMENT = re.compile(rf"[ \t]+{HEX_COLOR}")
_REST_OF_ENTRY = re.compile(r"[ \t]*,?[ \t]*(?:[ \t]#.*)?")


@dataclass(frozen=True)
class _Slot:
    """A piece where it is: the key before it, and the collection around it."""

    piece: Piece
    key: Piece | None = None
    parent: _Slot | None = None
    step: str | int = ""

    @property
    def path(self) -> KeyPath:
        return () if self.parent is None else (*self.parent.path, self.step)

    @property
    def in_flow(self) -> bool:
        """Whether it stands within brackets or braces."""
        return self.parent is not None and (not self.parent.piece.is_block or self.parent.in_flow)


def write(text: str, path: KeyPath, value: Any) -> str:
    r"""Write a value at a path, with the maps that lead to it.

    Args:
        text: The text with `\n` as line breaks.
        path: Keys and indices.
        value: Plain data; None is written as null.

    Raises:
        LookupError: The path leads into an alias.
    """
    root = find_pieces(text)
    if root is None:
        return _write_first(text, path, value)
    slot, rest = _find(root, path)
    if not rest:
        return _replace(text, slot, value)
    if slot.piece.is_alias:
        raise _alias_error(slot)
    if slot.piece.is_scalar:
        return _write_over(text, slot, _nest(rest, value))
    return _add(text, slot, rest[0], _nest(rest[1:], value))


def remove(text: str, path: KeyPath) -> str:
    """Remove the key or the item at a path with the comments that belong to it, and the maps that become empty.

    Raises:
        LookupError: The path leads into an alias.
    """
    root = find_pieces(text)
    assert root is not None
    slot, rest = _find(root, path)
    if rest:
        raise _alias_error(slot)
    while (
        (above := slot.parent) is not None and above.parent is not None and len(_children(above.piece)) == 1
    ):
        if above.parent.piece.entries is None or slot.key is None:
            return _write_over(text, above, [] if slot.key is None else {})
        slot = above
    parent = slot.parent
    assert parent is not None
    children = _children(parent.piece)
    index = next(i for i, (_, child) in enumerate(children) if child is slot.piece)
    start = _start_of(text, parent.piece, children[index])
    if not parent.piece.is_block:
        return _remove_from_flow(text, children, index)
    if starts_line(text, start):
        first = find_own_comments(text, line_start(text, start))
        return delete_lines(text, first, line_end(text, _last_index(slot.piece)))
    # The key stands after a dash; the next one takes its place.
    if index + 1 < len(children):
        return text[:start] + text[_start_of(text, parent.piece, children[index + 1]) :]
    return text[:start] + text[slot.piece.end :]


def wrap_items(text: str, path: KeyPath) -> str:
    """Write the bare list at a path as a map with the key `items`.

    Raises:
        LookupError: The list is an alias.
    """
    root = find_pieces(text)
    assert root is not None
    slot, _ = _find(root, path)
    piece = slot.piece
    if not piece.is_block:
        return f"{text[: piece.start]}{{items: {text[piece.start : piece.end]}}}{text[piece.end :]}"
    assert slot.key is not None
    assert piece.items is not None
    indent, dash = (
        column_of(text, slot.key.start) + 2,
        _start_of(text, piece, (piece.items[0], piece.items[0])),
    )
    first = line_start(text, dash)
    lines = text[first : piece.end].split("\n")
    if dash - first < indent:
        lines = [f"  {line}" if line.strip() else line for line in lines]
    return f"{text[:first]}{' ' * indent}items:\n" + "\n".join(lines) + text[piece.end :]


def _alias_error(slot: _Slot) -> LookupError:
    name, shared = format_key_path(slot.path), slot.piece.shared
    return LookupError(f"{name} is written as {shared}, which stands for a value elsewhere; change the text")


def _write_first(text: str, path: KeyPath, value: Any) -> str:
    """Write the first key of a text without any."""
    if re.search(r"^\.\.\.", text, re.MULTILINE):
        raise LookupError("the text ends with '...'; change the text")
    start = text if not text or text.endswith("\n") else f"{text}\n"
    return start + write_block(_nest(path, value), 0, "\n").removeprefix("\n") + "\n"


def _find(root: Piece, path: KeyPath) -> tuple[_Slot, KeyPath]:
    """Return the place at a path, or at the longest part of it that exists, and the rest of the path."""
    slot = _Slot(root)
    for depth, step in enumerate(path):
        entry = slot.piece.find(step)
        if entry is None:
            return slot, path[depth:]
        key, piece = entry
        slot = _Slot(piece, key if slot.piece.entries is not None else None, slot, step)
    return slot, ()


def _children(piece: Piece) -> tuple[Entry, ...]:
    """The keys and values of a map; the items of a list, each as its own key."""
    return piece.entries if piece.entries is not None else tuple((item, item) for item in piece.items or ())


def _start_of(text: str, parent: Piece, child: Entry) -> int:
    """Return where a child starts: its key, or the dash before an item."""
    key, _ = child
    return text.rindex("-", 0, key.start) if parent.items is not None and parent.is_block else key.start


def _last_index(piece: Piece) -> int:
    """Return the index of the last character, so that a line break at its end does not count."""
    return max(piece.end - 1, piece.start - 1, 0)


def _nest(path: KeyPath, value: Any) -> Any:
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def _replace(text: str, slot: _Slot, value: Any) -> str:
    """Replace a value; maps and lists change only where they differ."""
    piece, path = slot.piece, slot.path
    is_map = isinstance(value, dict) and value and piece.entries
    if not is_map and not (isinstance(value, list) and value and piece.items):
        return _write_over(text, slot, value)
    old = to_plain(parse_yaml(text, ""))
    for step in path:
        old = old[step]
    return _merge_map(text, path, old, value) if is_map else _merge_list(text, path, old, value)


def _differ(one: Any, other: Any) -> bool:
    return repr(one) != repr(other)


def _merge_map(text: str, path: KeyPath, old: dict[str, Any], new: dict[str, Any]) -> str:
    for key, value in new.items():
        if key not in old or _differ(old[key], value):
            text = write(text, (*path, key), value)
    for key in old:
        if key not in new:
            text = remove(text, (*path, key))
    return text


def _merge_list(text: str, path: KeyPath, old: list[Any], new: list[Any]) -> str:
    shorter = min(len(old), len(new))
    first = next((index for index in range(shorter) if _differ(old[index], new[index])), shorter)
    last = next((n for n in range(shorter - first) if _differ(old[-1 - n], new[-1 - n])), shorter - first)
    changed = range(first, shorter - last)
    for index in changed:
        text = write(text, (*path, index), new[index])
    for index in reversed(range(changed.stop, len(old) - last)):
        text = remove(text, (*path, index))
    for index in range(changed.stop, len(new) - last):
        root = find_pieces(text)
        assert root is not None
        text = _insert_item(text, _find(root, path)[0], index, new[index])
    return text


def _write_over(text: str, slot: _Slot, value: Any) -> str:
    """Write a value in the place of another one."""
    piece, key = slot.piece, slot.key
    quote = piece.style if isinstance(value, str) and piece.style in ("'", '"') else ""
    if key is None or slot.in_flow:
        written = write_flow(value, in_flow=slot.in_flow, quote=quote)
        if piece.is_empty:
            has_colon = key is None or ":" in text[key.end : piece.start]
            written = f" {written}" if has_colon else f": {written}"
        return text[: piece.start] + written + text[piece.end :]
    start, end = text.index(":", key.end) + 1, piece.end
    written = write_after(value, column_of(text, key.start), column_of(text, start), "\n", quote)
    first_end, comment = line_end(text, start), ""
    if piece.is_empty and (color := _COLOR_COMMENT.match(text, end)):
        end = color.end()
    elif piece.is_block:
        # The value is in the lines below; a comment beside the key stays there.
        found = _COMMENT.search(text, start, first_end)
        comment = text[found.start() : first_end] if found else ""
        if piece.is_scalar:
            end -= text[:end].endswith("\n")
        else:
            end = line_end(text, end)
    elif written.startswith("\n"):
        comment, end = text[end : line_end(text, end)].rstrip(), line_end(text, end)
    elif not piece.is_empty and not written.startswith("\n"):
        return text[: piece.start] + written.lstrip() + text[end:]
    line, *below = written.split("\n")
    return text[:start] + "\n".join([line + comment, *below]) + text[end:]


def _add(text: str, slot: _Slot, step: str | int, value: Any) -> str:
    """Add a key to a map, or an item at the end of a list."""
    piece = slot.piece
    if isinstance(step, int):
        return _insert_item(text, slot, step, value)
    assert piece.entries is not None
    after = _find_entry_before(piece.entries, step, is_root=slot.parent is None)
    if not piece.is_block or slot.in_flow:
        return _insert_in_flow(text, piece, after, f"{write_key(step)}: {write_flow(value, in_flow=True)}")
    indent = column_of(text, piece.entries[0][0].start)
    written_key = write_key(step)
    if slot.parent is None and step == "panels" and isinstance(value, dict) and value:
        written = write_block(value, indent + 2, "\n")
    else:
        written = write_after(value, indent, indent + len(written_key) + 1, "\n")
    if after < 0:
        start = piece.entries[0][0].start
        return f"{text[:start]}{written_key}:{written}\n{' ' * indent}{text[start:]}"
    return _insert_line(text, piece.entries[after][1], f"{' ' * indent}{written_key}:{written}")


def _find_entry_before(entries: tuple[Entry, ...], step: str, *, is_root: bool) -> int:
    """Return the index of the entry after which a key usually stands; -1 for the first place."""
    keys = [key.value for key, _ in entries]
    if not is_root:
        # The options of a stack come before its items.
        return len(keys) - 1 - (keys[-1:] == ["items"])
    if step not in KEY_ORDER:
        return len(keys) - 1
    order = KEY_ORDER.index(step)
    before = [index for index, key in enumerate(keys) if key in KEY_ORDER and KEY_ORDER.index(key) < order]
    return max(before, default=-1)


def _insert_item(text: str, slot: _Slot, index: int, value: Any) -> str:
    piece = slot.piece
    assert piece.items is not None
    if not piece.is_block or slot.in_flow:
        return _insert_in_flow(text, piece, index - 1, write_flow(value, in_flow=True))
    dash = _start_of(text, piece, _children(piece)[0])
    indent, written = column_of(text, dash), f"- {write_flow(value)}"
    if index == 0:
        return f"{text[:dash]}{written}\n{' ' * indent}{text[dash:]}"
    return _insert_line(text, piece.items[index - 1], f"{' ' * indent}{written}")


def _insert_line(text: str, after: Piece, line: str) -> str:
    """Insert a line below the last one of a piece."""
    end = line_end(text, _last_index(after))
    return f"{text[:end]}\n{line}{text[end:]}"


def _insert_in_flow(text: str, piece: Piece, after: int, written: str) -> str:
    """Insert an entry or an item after another one within brackets or braces."""
    children = _children(piece)
    if not children:
        start = text.index("{" if piece.entries is not None else "[", piece.start) + 1
        return text[:start] + written + text[start:]
    if after < 0:
        start = children[0][0].start
        return f"{text[:start]}{written}, {text[start:]}"
    key, child = children[after]
    rest = text[child.end : line_end(text, child.end)]
    if starts_line(text, key.start) and _REST_OF_ENTRY.fullmatch(rest):
        # Each entry has a line of its own.
        indent, end = column_of(text, key.start), line_end(text, child.end)
        is_last = after == len(children) - 1
        comma = "" if rest.lstrip().startswith(",") else ","
        return (
            f"{text[: child.end]}{comma}{rest}\n{' ' * indent}{written}{'' if is_last else ','}{text[end:]}"
        )
    return f"{text[: child.end]}, {written}{text[child.end :]}"


def _remove_from_flow(text: str, children: tuple[Entry, ...], index: int) -> str:
    (key, child), is_last = children[index], index == len(children) - 1
    rest = text[child.end : line_end(text, child.end)]
    if starts_line(text, key.start) and _REST_OF_ENTRY.fullmatch(rest):
        return delete_lines(
            text, find_own_comments(text, line_start(text, key.start)), line_end(text, child.end)
        )
    if index > 0:
        return text[: children[index - 1][1].end] + text[child.end :]
    if is_last:
        return text[: key.start] + text[child.end :]
    return text[: key.start] + text[children[1][0].start :]
