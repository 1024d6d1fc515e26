"""What kind of values a key takes, so that a form can offer the right field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelnet.template.json_schema import KeySchema, Schema


@dataclass(frozen=True)
class ValueKind:
    """The values of a key.

    Attributes:
        kind: `text`, `number`, `choice`, `color`, `flag`, `selection`, `list` or `other`.
        choices: The values of a choice.
        low: The least number.
        high: The largest number.
    """

    kind: str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, key: KeySchema) -> ValueKind:
        """Find the kind of values of a key."""
        schema = key.schema
        if key.name == "show" and "anyOf" in schema:
            return cls("selection")
        options = list_options(schema)
        fixed = [value for option in options for value in list_fixed(option)]
        if len(fixed) > 1:
            # Other values, such as a number in the place of a word, are for the text.
            return cls("choice", tuple(fixed)) if {*fixed} != {True, False} else cls("flag")
        if len(options) > 1:
            return cls("other")
        if _is_flag(schema):
            return cls("flag")
        if schema.get("type") in ("integer", "number"):
            return cls("number", low=_bound(schema, "minimum"), high=_bound(schema, "maximum"))
        if schema.get("type") == "string":
            return cls("color" if is_color(schema) else "text")
        items = schema.get("items")
        is_texts = isinstance(items, Mapping) and items.get("type") == "string" and not is_color(items)
        return cls("list" if is_texts else "other")


def list_options(schema: Schema) -> list[Schema]:
    """Return the schemas of which a value matches one."""
    return [*schema["anyOf"]] if "anyOf" in schema else [schema]


def list_fixed(schema: Schema) -> list[Any]:
    """Return the fixed values that a schema names, in order."""
    if _is_flag(schema):
        return [True, False]
    return [schema["const"]] if "const" in schema else [*schema.get("enum", ())]


def is_color(schema: Mapping[str, Any]) -> bool:
    """Whether a schema is that of a color."""
    return str(schema.get("pattern", "")).startswith("^#")


def _is_flag(schema: Schema) -> bool:
    kinds = schema.get("type")
    return kinds == "boolean" or (isinstance(kinds, list) and "boolean" in kinds)


def _bound(schema: Schema, side: str) -> float | None:
    bound = schema.get(side, schema.get(f"exclusive{side.capitalize()}"))
    return None if bound is None else float(bound)
