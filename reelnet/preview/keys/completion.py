"""What may be written where the cursor stands in the text of a template, which need not be valid yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reelnet.config.diagnostics import KeyPath
from reelnet.errors import TemplateError
from reelnet.preview.keys.known_values import Value, describe_kind, iter_values
from reelnet.preview.keys.layout_moves import Stack, iter_items, iter_panels
from reelnet.preview.keys.outline import Cursor, Outline, find_cursor
from reelnet.preview.keys.run_words import FIELDS, RunWords
from reelnet.preview.keys.schema_walk import (
    Allowed,
    describe,
    describe_type,
    find_allowed,
    list_values,
)
from reelnet.preview.keys.written import Written, get_value
from reelnet.render.registry import panel_registry
from reelnet.template.edit.write_value import write_flow, write_key
from reelnet.template.inheritance import PATCH_KEY, SPACER
from reelnet.template.source import TemplateText

MAX_BRACES = 8
"""Keys of a map that is offered in braces beside other values."""

_OPEN_FIELD = re.compile(r"\{([^{}\n]*)$")


@dataclass(frozen=True)
class Option:
    """Something that may be written.

    Attributes:
        label: What it is called.
        detail: A few words beside it, such as the type of a key's values.
        info: A sentence about it.
        insert: What is written.
    """

    label: str
    detail: str = ""
    info: str = ""
    insert: str = ""

    def as_json(self) -> dict[str, str]:
        """The option for the page."""
        return {
            "label": self.label,
            "detail": self.detail,
            "info": self.info,
            "insert": self.insert or self.label,
        }


def complete(source: TemplateText, offset: int, words: RunWords) -> dict[str, Any]:
    """List what may be written at an offset, for the page.

    Args:
        source: The text, which need not be valid YAML.
        offset: UTF-16 code units before the cursor, as JavaScript counts.
        words: What a template can name in the run.

    Returns:
        `from`, the offset from which an option replaces the text up to the cursor, and the `options`.
    """
    text = source.text
    before = text.encode("utf-16-le", "surrogatepass")[: 2 * offset].decode("utf-16-le", "replace")
    cursor = find_cursor(text, len(before))
    start, options = _Completer(source, cursor, len(before), words).list_options()
    listed = {option.label: option for option in reversed(options)}
    return {
        "from": len(text[:start].encode("utf-16-le", "surrogatepass")) // 2,
        "options": [listed[label].as_json() for label in dict.fromkeys(each.label for each in options)],
    }


class _Completer:
    """Finds the options for one cursor."""

    def __init__(self, source: TemplateText, cursor: Cursor, offset: int, words: RunWords) -> None:
        self._text, self._cursor, self._offset, self._words = source.text, cursor, offset, words
        self._outline = Outline.of(self._text)
        self._inherited = self._read_inherited(source)

    def _read_inherited(self, source: TemplateText) -> Any:
        """The content of what the template extends; empty if that cannot be read."""
        names = [value for path, value in self._outline.scalars.items() if path[:1] == ("extends",) and value]
        if not names:
            return {}
        try:
            return Written.read(TemplateText(f"extends: {write_flow(names)}\n", source.file)).whole
        except TemplateError:
            return {}

    def list_options(self) -> tuple[int, list[Option]]:
        cursor, path = self._cursor, self._cursor.path
        if cursor.role == "none":
            return self._offset, []
        if cursor.role != "key" and self._takes_fields(path):
            opened = _OPEN_FIELD.search(self._text[cursor.start : self._offset])
            if opened is not None:
                return cursor.start + opened.start() + 1, [*self._list_fields(path)]
        allowed = find_allowed(path, self._kind_of)
        options: list[Option] = []
        if cursor.role in ("value", "either") and cursor.quote != "|":
            options += self._list_values(path, allowed)
        if not cursor.quote or cursor.role == "key":
            keys = [*self._list_keys(path, allowed)]
            if cursor.role == "value":
                is_small = len(keys) <= MAX_BRACES or not path or isinstance(path[-1], int) or not options
                keys = [_open_braces(key) for key in keys] if is_small else []
            options += keys
        return cursor.start, options

    def _kind_of(self, panel: str) -> str:
        """The kind of a panel, also of one in a text that is broken elsewhere."""
        own = self._outline.scalars.get(("panels", panel, "kind"))
        return own or str(get_value(self._inherited, ("panels", panel, "kind")) or panel)

    # Keys

    def _list_keys(self, path: KeyPath, allowed: Allowed) -> Iterator[Option]:
        """The keys of a map that it does not have yet."""
        # The word at the cursor, which may be a key already, is the one that is written.
        word = re.match(r"[^\s,:\]}]*", self._text[self._cursor.start :])
        known = {*self._outline.keys.get(path, ())} - {word[0] if word else ""}
        for name, detail, info in self._iter_keys(path, allowed):
            if name not in known:
                yield Option(name, detail, info, f"{write_key(name)}: ")

    def _iter_keys(self, path: KeyPath, allowed: Allowed) -> Iterator[tuple[str, str, str]]:
        if path == ("panels",):
            yield from self._iter_panels()
        elif path == ("layout", PATCH_KEY):
            for name in self._list_layout_names():
                yield (
                    name,
                    "replace or remove",
                    "The item of the layout that its value replaces; null removes it.",
                )
        elif path[:1] == ("panels",) and path[2:] == ("names",):
            for name in self._words.metrics:
                yield name, "metric", "Its label in the legend."
        else:
            for name, schema in allowed.keys.items():
                yield name, describe_type(schema), describe(schema)

    def _iter_panels(self) -> Iterator[tuple[str, str, str]]:
        """The panels of what is extended, those that the layout names, and all kinds."""
        inherited = get_value(self._inherited, ("panels",))
        for name in inherited if isinstance(inherited, dict) else ():
            kind = self._kind_of(str(name))
            yield str(name), f"extended, {kind}", describe_kind(kind)
        for name in self._list_layout_names():
            kind = self._kind_of(name)
            if kind in panel_registry():
                yield name, "in the layout", describe_kind(kind)
        for kind in panel_registry():
            yield kind, "panel", describe_kind(kind)

    # Values

    def _list_values(self, path: KeyPath, allowed: Allowed) -> Iterator[Option]:
        for label, value, detail, info in (
            *self._iter_known_values(path),
            *self._iter_schema_values(path, allowed),
        ):
            # Within quotes only texts make sense, and they need none of their own.
            if not self._cursor.quote:
                yield Option(label, detail, info, self._write([value] if allowed.is_list else value))
            elif isinstance(value, str):
                yield Option(label, detail, info, value)

    def _write(self, value: Any) -> str:
        """Write a value without open quotes. One right after the colon of its key needs a space."""
        space = " " if self._text[: self._cursor.start].endswith(":") else ""
        return space + write_flow(value, in_flow=self._cursor.in_flow)

    def _iter_known_values(self, path: KeyPath) -> Iterator[Value]:
        """Values from the run, from this installation, and from the rest of the text."""
        if path[:1] == ("layout",) and path[-1:] != (PATCH_KEY,):
            for name in self._list_panel_names():
                yield name, name, self._kind_of(name), describe_kind(self._kind_of(name))
            return
        kind = self._kind_of(str(path[1])) if path[:1] == ("panels",) and len(path) > 1 else ""
        yield from iter_values(path, kind, self._words)

    def _iter_schema_values(self, path: KeyPath, allowed: Allowed) -> Iterator[Value]:
        parents = find_allowed(path[:-1], self._kind_of) if path else Allowed()
        about = describe(parents.keys[str(path[-1])]) if path and path[-1] in parents.keys else ""
        is_named = path[:1] == ("layout",) or path == ("extends",)
        for value, schema in list_values(allowed) if not is_named else ():
            detail = "default" if schema.get("default") == value else ""
            yield write_flow(value).strip("'\""), value, detail, about or describe(schema)

    def _list_panel_names(self) -> list[str]:
        """The names that a layout can have: described panels, and kinds."""
        inherited = get_value(self._inherited, ("panels",))
        own = self._outline.keys.get(("panels",), [])
        return [
            *dict.fromkeys((*own, *(inherited if isinstance(inherited, dict) else ()), *panel_registry()))
        ]

    def _list_layout_names(self) -> list[str]:
        """The names of panels and the ids of stacks in the layout, that of what is extended first."""
        layout = get_value(self._inherited, ("layout",))
        ids = [
            stack.options.get("id") for item in iter_items(layout) if (stack := Stack.of(item)) is not None
        ]
        own = [
            value
            for path, value in self._outline.scalars.items()
            if path[:1] == ("layout",) and isinstance(path[-1], int)
        ]
        names = dict.fromkeys((*filter(None, ids), *iter_panels(layout), *own))
        return [name for name in names if name != SPACER]

    # Fields of texts

    def _takes_fields(self, path: KeyPath) -> bool:
        """Whether a value is a text with fields, or a path with {layer}."""
        is_path = path[:1] == ("outputs",) and path[-1:] == ("path",)
        return is_path or (
            path[:1] == ("panels",) and path[-1:] in (("text",), ("subtitle",)) and len(path) > 2
        )

    def _list_fields(self, path: KeyPath) -> Iterator[Option]:
        closing = "" if self._text[self._offset :].startswith("}") else "}"
        if path[:1] == ("outputs",):
            yield Option("layer", "", FIELDS["layer"], f"layer{closing}")
            return
        if "items" in path:
            yield Option("since:,", "", "The step at which the caption begins.", f"since:,{closing}")
        for name, info in FIELDS.items():
            value = self._words.values.get(name.partition(":")[0], "")
            yield Option(name, str(value), info, f"{name}{closing}")
        for metric in self._words.metrics:
            name = f"metrics.{metric}:{'.1%' if 'acc' in metric else '.3g'}"
            yield Option(name, "metric", "Its latest value.", f"{name}{closing}")


def _open_braces(key: Option) -> Option:
    """A key as the beginning of a map in braces, where a value is written."""
    return Option(f"{{{key.label}: …}}", key.detail, key.info, f"{{{key.insert}")
