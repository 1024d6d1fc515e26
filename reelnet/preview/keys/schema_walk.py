"""Which keys and values the JSON Schema of templates allows at a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reelnet.config.diagnostics import KeyPath
from reelnet.preview.keys.value_kind import is_color, list_fixed
from reelnet.render.registry import panel_registry
from reelnet.template.json_schema import Schema, build_schema

_WORDS = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "array": "list",
    "object": "map",
}
"""Words for the types of a schema."""


@lru_cache(maxsize=1)
def load_schema() -> Schema:
    """Return the JSON Schema of templates with all kinds of panels of this installation."""
    return build_schema(panel_registry())


@dataclass(frozen=True)
class Allowed:
    """What a schema allows at one place.

    Attributes:
        keys: The schema of each key of a map.
        schemas: All schemas of which a value matches one, without references.
    """

    keys: dict[str, Schema] = field(default_factory=dict)
    schemas: tuple[Schema, ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether every value is a list."""
        kinds = [kind for schema in self.schemas for kind in _list_types(schema)]
        return bool(kinds) and {*kinds} <= {"array", "null"}


def find_allowed(path: KeyPath, kind_of: Callable[[str], str]) -> Allowed:
    """Find what is allowed at a path.

    Args:
        path: Keys and indices.
        kind_of: The kind of a panel of a name.
    """
    schemas = [load_schema()]
    for depth, step in enumerate(path):
        if path[:depth] == ("panels",):
            name = f"panel-{kind_of(str(step))}"
            known = load_schema()["definitions"]
            schemas = [known[name]] if name in known else [known["panel"]]
            continue
        schemas = [below for schema in schemas for below in _step_into(schema, step)]
    flat = [*_flatten(schemas)]
    keys = {name: below for schema in flat for name, below in schema.get("properties", {}).items()}
    return Allowed(keys, tuple(flat))


def list_values(allowed: Allowed) -> list[tuple[Any, Schema]]:
    """Return the values that schemas name, each with its schema: fixed ones, then examples and the default."""
    found: dict[str, tuple[Any, Schema]] = {}
    for schema in allowed.schemas:
        named = [*list_fixed(schema), *schema.get("examples", ())]
        default = schema.get("default")
        if isinstance(default, str | int | float):
            named.append(default)
        for value in named:
            if value is not None:
                found.setdefault(repr(value), (value, schema))
    return [*found.values()]


def describe_type(schema: Schema) -> str:
    """Say in a few words what values a schema takes."""
    words: dict[str, None] = {}
    for each in _flatten([schema]):
        if is_color(each):
            words["color"] = None
        elif len(fixed := [value for value in list_fixed(each) if value is not None]) in range(1, 5):
            words |= dict.fromkeys(map(_write, fixed))
        else:
            words |= dict.fromkeys(_WORDS[kind] for kind in _list_types(each) if kind in _WORDS)
    listed = [*words]
    if {"true", "false"} <= words.keys() and len(listed) == 2:
        return _WORDS["boolean"]
    return " or ".join(filter(None, (", ".join(listed[:-1]), *listed[-1:])))


def describe(schema: Schema) -> str:
    """The description of a schema."""
    return next((str(each["description"]) for each in _flatten([schema]) if "description" in each), "")


def _list_types(schema: Schema) -> list[str]:
    """The types that a schema names; `other` if it says what its values are in another way."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else [*kinds]
    return kinds or (["other"] if list_fixed(schema) else [])


def _write(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _step_into(schema: Schema, step: str | int) -> Iterator[Schema]:
    for each in _flatten([schema]):
        if isinstance(step, int):
            items = each.get("items")
            if isinstance(items, list):
                yield from items[step : step + 1]
            elif isinstance(items, dict):
                yield items
            continue
        properties, others = each.get("properties", {}), each.get("additionalProperties")
        if step in properties:
            yield properties[step]
        elif isinstance(others, dict):
            yield others


def _flatten(schemas: list[Schema]) -> Iterator[Schema]:
    """Yield the schemas behind references and alternatives; descriptions of what refers to them come first."""
    for schema in schemas:
        if "$ref" in schema:
            yield from _flatten([load_schema()["definitions"][schema["$ref"].rpartition("/")[2]]])
            continue
        inner = [each for word in ("allOf", "anyOf", "oneOf") for each in schema.get(word, ())]
        if "if" not in schema or "properties" in schema:
            yield {key: value for key, value in schema.items() if key not in ("allOf", "anyOf", "oneOf")}
        yield from _flatten([each for each in inner if "if" not in each])
