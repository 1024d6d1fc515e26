"""The keys of a model as authors write them, each with a JSON Schema in draft-07's words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from reelnet.template.selector import Selector
from reelnet.template.theme import LimitRule

Schema = dict[str, Any]

NULL = {"type": "null"}

PLAIN = frozenset(
    {
        *("$ref", "type", "description", "format", "pattern", "minLength", "maxLength", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "required", "minItems", "maxItems"),
        *("uniqueItems", "minProperties", "maxProperties", "enum", "const", "default", "examples"),
    }
)
"""Words whose values are no schemas."""

NESTED = frozenset(
    {"items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "allOf", "anyOf", "oneOf"}
)
"""Words whose values are schemas; what draft-07 does not know, or an editor has no use for, is left out."""


@dataclass(frozen=True)
class Key:
    """A key of a model.

    Attributes:
        name: As authors write it.
        form: The schema of its values, without null.
        default: In the words of an author; None if it is nothing that an author would write.
        required: Whether it must be there.
    """

    name: str
    form: Schema
    default: Any
    required: bool


def summary(model: type[BaseModel]) -> str:
    """The first paragraph of a model's docstring, in one line."""
    return " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())


def keys(model: type[BaseModel]) -> Iterator[Key]:
    """A model's keys, in their order."""
    found, _ = described(model)
    for name, info in model.model_fields.items():
        key = info.alias or name
        default = in_words(info.get_default(call_default_factory=False))
        yield Key(key, without_null(found["properties"][key]), default, info.is_required())


def in_words(default: Any) -> Any:
    """A default as an author would write it; None if it is nothing that an author would write."""
    match default:
        case Selector():
            return "all"
        case LimitRule():
            return default.kind.value
        case bool() | int() | float():
            return default
        case str():
            return default or None
    return None


def of(model: type[BaseModel], definitions: dict[str, Schema], prefix: str = "") -> Schema:
    """The schema of a map of a model's keys.

    Args:
        model: What the map is read into.
        definitions: Takes what the schema refers to.
        prefix: Of the names there, so that two panels can each have a model of one name.
    """
    found, inner = described(model, prefix)
    for name, form in inner.items():
        definitions[prefix + name] = resettable(form) if "properties" in form else form
    for key in keys(model):
        if key.default is not None:
            found["properties"][key.name]["default"] = key.default
    return resettable(found)


def described(model: type[BaseModel], prefix: str = "") -> tuple[Schema, dict[str, Schema]]:
    """A model's schema in draft-07's words, and those that it refers to."""
    with warnings.catch_warnings():
        # Defaults that are objects of ours are written in the language's own words by `in_words`.
        warnings.simplefilter("ignore")
        found = model.model_json_schema(ref_template=f"#/definitions/{prefix}{{model}}")
    inner = {name: tidied(form) for name, form in found.pop("$defs", {}).items()}
    return tidied(found), inner


def resettable(form: Schema) -> Schema:
    """The map's keys may be null, by which they go back to their defaults; so may the whole map.

    An item of a list with an id may have what is required from the template that is extended.
    """
    given = {**form, "type": ["object", "null"]}
    required = set(form.get("required", ()))
    given["properties"] = {
        name: each if name in required else or_null(each) for name, each in form.get("properties", {}).items()
    }
    if required and "id" in given["properties"]:
        del given["required"]
        given |= {"if": {"not": {"required": ["id"]}}, "then": {"required": sorted(required)}}
    return given


def or_null(form: Schema) -> Schema:
    """What a schema takes, or null."""
    form = without_null(form)
    if "enum" in form:
        return {**form, "enum": [*form["enum"], None]}
    if isinstance(form.get("type"), str):
        return {**form, "type": [form["type"], "null"]}
    about = {word: value for word, value in form.items() if word in ("description", "default")}
    rest = {word: value for word, value in form.items() if word not in about}
    options = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    return {**about, "anyOf": [*options, NULL]}


def without_null(form: Schema) -> Schema:
    """What a schema takes beside null."""
    options = [each for each in form.get("anyOf", ()) if each != NULL]
    if len(options) == 1:
        # What is said of the key outside wins.
        return {**options[0], **{word: value for word, value in form.items() if word != "anyOf"}}
    return {**form, "anyOf": options} if options else form


def tidied(form: Any) -> Any:
    """A schema in draft-07's words, without titles that repeat the key."""
    if isinstance(form, list):
        return [tidied(each) for each in form]
    if not isinstance(form, Mapping):
        return form
    out: Schema = {word: value for word, value in form.items() if word in PLAIN}
    out |= {word: tidied(value) for word, value in form.items() if word in NESTED}
    if "prefixItems" in form:
        out["items"] = tidied(form["prefixItems"])
    if "properties" in form:
        # A property may well be called title or default.
        out["properties"] = {name: tidied(each) for name, each in form["properties"].items()}
    if out.get("default", 0) in (None, [], ""):
        del out["default"]
    if "enum" in out:
        out.pop("type", None)
    if "$ref" in out and len(out) > 1:
        # Beside $ref itself, draft-07 heeds nothing.
        out["allOf"] = [{"$ref": out.pop("$ref")}]
    return out
