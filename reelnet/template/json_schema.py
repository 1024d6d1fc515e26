"""The template language as a JSON Schema (draft-07), for editors that complete and check templates.

Everything that the schema rejects is an error. `reelnet templates check` also finds errors that the schema accepts.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from reelnet.errors import TemplateError
from reelnet.template.builder import INEFFECTIVE_OPTIONS, PanelKinds
from reelnet.template.inheritance import PATCH_KEY
from reelnet.template.model import CanvasSpec, Direction, OutputSpec, SamplesSpec, StackSpec
from reelnet.template.selector import Selector
from reelnet.template.theme import THEMES, LimitRule, ThemeSpec
from reelnet.template.timeline import TimelineSpec

Schema = dict[str, Any]

DRAFT_07 = "http://json-schema.org/draft-07/schema#"

KEY_DESCRIPTIONS = {
    "extends": "The template to extend: a name, ./a-file.yaml, or a list of them; later ones win.",
    "about": "One sentence about the template, shown in lists of templates.",
    "layer": "The layer to show; by default the last recorded layer with maps.",
    "canvas": "Size of the frame: a map, a size such as 1080x1080, or an aspect ratio such as 9:16.",
    "theme": "Colors, fonts and colormaps: a map, or the name of a theme.",
    "samples": "Which samples are shown, and how they are arranged.",
    "panels": "What is shown: panels, by the names that the layout uses.",
    "layout": "Where each panel is: stacks of panels and of other stacks.",
    "timeline": "Which steps are shown, for how long and at which pace.",
    "outputs": "The files that 'reelnet render' writes.",
}
"""Descriptions of the keys at the top of a template."""

STACK_DESCRIPTIONS = {
    Direction.COLUMN: "Items one below the other.",
    Direction.ROW: "Items side by side.",
    Direction.GRID: "Items in rows, with a fixed number of columns.",
    Direction.OVERLAY: "Items on top of each other; the last one is in front.",
}

PATCH_DESCRIPTION = "Changes to the layout of the extended template, by names of panels and ids of stacks."

_HAS_KIND: Schema = {"type": "object", "required": ["kind"]}
"""Matches a panel that has a `kind`."""

_NULL = {"type": "null"}

_PLAIN_KEYWORDS = frozenset(
    {
        *("$ref", "type", "description", "format", "pattern", "minLength", "maxLength", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "required", "minItems", "maxItems"),
        *("uniqueItems", "minProperties", "maxProperties", "enum", "const", "default", "examples"),
    }
)
"""Keywords of draft-07 whose values are not schemas."""

_NESTED_KEYWORDS = frozenset(
    {"items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "allOf", "anyOf", "oneOf"}
)
"""Keywords of draft-07 whose values are schemas. All other keywords are dropped: editors do not need them."""


@dataclass(frozen=True)
class KeySchema:
    """One key of a model.

    Attributes:
        name: The key as authors write it.
        schema: The schema of its values, without null.
        default: The default as authors write it; None if they cannot write it.
        required: Whether the key must be present.
    """

    name: str
    schema: Schema
    default: Any
    required: bool


def build_schema(panels: PanelKinds) -> Schema:
    """Build the JSON Schema of templates with these kinds of panels. Panels that cannot be loaded are skipped."""
    panels = _drop_broken_panels(panels)
    definitions: dict[str, Schema] = {}
    definitions["timeline"] = _build_model_schema(TimelineSpec, definitions)
    size = {"type": "string", "pattern": r"^(\d+x\d+|\d+:\d+)$"}
    sections: dict[str, Schema] = {
        "extends": {"type": ["string", "array", "null"], "items": {"type": "string"}},
        "about": {"type": ["string", "null"]},
        "layer": {"type": ["string", "null"]},
        "canvas": _any_of(size, _build_model_schema(CanvasSpec, definitions)),
        "theme": _any_of({"enum": list(THEMES)}, _build_model_schema(ThemeSpec, definitions)),
        "samples": _build_model_schema(SamplesSpec, definitions),
        "panels": _build_panels(panels, definitions),
        "layout": _build_layout(panels, definitions),
        "timeline": _ref("timeline"),
        "outputs": {"type": ["array", "null"], "items": _build_output(definitions)},
    }
    return {
        "$schema": DRAFT_07,
        "title": "reelnet template",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _add_description(text, sections[key]) for key, text in KEY_DESCRIPTIONS.items()},
        # A template with extends inherits the required keys.
        "if": {"required": ["extends"]},
        "else": _build_requirements(panels, definitions),
        "definitions": definitions,
    }


def _drop_broken_panels(panels: PanelKinds) -> PanelKinds:
    usable = {}
    for kind in panels:
        with suppress(TemplateError):
            usable[kind] = panels[kind]
    return usable


def _build_output(definitions: dict[str, Schema]) -> Schema:
    """Build the schema of one item of `outputs`."""
    schema = _build_model_schema(OutputSpec, definitions)
    description = schema["properties"]["timeline"]["description"]
    schema["properties"]["timeline"] = _add_description(description, _ref("timeline"))
    return schema


def _build_panels(panels: PanelKinds, definitions: dict[str, Schema]) -> Schema:
    """Build the schema of `panels`. A panel's kind comes from `kind`, its name, or the extended template."""
    for kind, model in panels.items():
        schema = _build_model_schema(model, definitions, f"{kind}-")
        schema.pop("required", None)
        own = {"kind": {"const": kind, "description": "What the panel shows."}}
        schema["properties"] = {**own, **schema["properties"]}
        definitions[f"panel-{kind}"] = _add_description(summarize(model), schema)
    definitions["panel"] = {
        "type": "object",
        "properties": {"kind": {"enum": list(panels), "description": "What the panel shows."}},
        "allOf": [{"if": _match_kind(kind), "then": _ref(f"panel-{kind}")} for kind in panels],
    }
    return {
        "type": ["object", "null"],
        "properties": {kind: _branch_on_kind("panel", _ref(f"panel-{kind}")) for kind in panels},
        "additionalProperties": _branch_on_kind(
            "panel", _any_of(*(_ref(f"panel-{kind}") for kind in panels))
        ),
    }


def _build_layout(panels: PanelKinds, definitions: dict[str, Schema]) -> Schema:
    """Build the schema of `layout`. An item is the name of a panel, or a stack of items."""
    style = _build_model_schema(StackSpec, definitions)
    items = {"type": "array", "items": _ref("item"), "minItems": 1}
    own = {"items": _add_description("Names of panels, and stacks.", items)}
    for direction in Direction:
        ineffective = INEFFECTIVE_OPTIONS.get(direction, ())
        useful = {key: schema for key, schema in style["properties"].items() if key not in ineffective}
        definitions[f"stack-{direction}"] = _any_of(items, {**style, "properties": {**own, **useful}})
    stacks = {
        direction.value: _add_description(text, _ref(f"stack-{direction}"))
        for direction, text in STACK_DESCRIPTIONS.items()
    }
    one: Schema = {"type": "object", "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    name = {"type": "string", "examples": list(panels)}
    definitions["item"] = _any_of(name, {**one, "properties": stacks})
    patch = {
        "description": PATCH_DESCRIPTION,
        "type": ["object", "null"],
        "additionalProperties": _any_of(_ref("item"), _NULL),
    }
    patched = {**one, "properties": {**stacks, PATCH_KEY: patch}, "required": [PATCH_KEY], "maxProperties": 2}
    return _any_of(_ref("item"), patched)


def _build_requirements(panels: PanelKinds, definitions: dict[str, Schema]) -> Schema:
    """Build the schema of what a template needs if it extends no other one."""
    inside = {
        "items": _ref("whole-item"),
        "required": ["items"],
        "properties": {"items": {"items": _ref("whole-item")}},
    }
    definitions["whole-item"] = {"properties": {direction.value: inside for direction in Direction}}
    required = {
        kind: [key.name for key in iter_keys(model) if key.required] for kind, model in panels.items()
    }
    needs = {kind: {**_HAS_KIND, "required": names} for kind, names in required.items() if names}
    definitions["whole-panel"] = {
        "allOf": [{"if": _match_kind(kind), "then": need} for kind, need in needs.items()]
    }
    return {
        "required": ["layout"],
        "properties": {
            "layout": {"allOf": [_ref("whole-item")], "not": {"type": "object", "required": [PATCH_KEY]}},
            "panels": {
                "properties": {kind: _branch_on_kind("whole-panel", needs.get(kind, {})) for kind in panels},
                "additionalProperties": {**_HAS_KIND, "allOf": [_ref("whole-panel")]},
            },
        },
    }


def _any_of(*options: Schema) -> Schema:
    return {"anyOf": list(options)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _branch_on_kind(name: str, otherwise: Schema) -> Schema:
    """Apply a definition to panels that have a `kind`, and another schema to the others."""
    return {"if": _HAS_KIND, "then": _ref(name), "else": otherwise}


def _match_kind(kind: str) -> Schema:
    return {**_HAS_KIND, "properties": {"kind": {"const": kind}}}


def _add_description(text: str, schema: Schema) -> Schema:
    """Replace the description of a schema."""
    if "$ref" in schema:
        # In draft-07, keywords beside $ref are ignored.
        return {"description": text, "allOf": [schema]}
    rest = {keyword: value for keyword, value in schema.items() if keyword != "description"}
    return {"description": text, **rest}


def summarize(model: type[BaseModel]) -> str:
    """Return the first paragraph of a model's docstring in one line."""
    return " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())


def iter_keys(model: type[BaseModel]) -> Iterator[KeySchema]:
    """Yield the keys of a model in the order of definition."""
    schema, _ = _convert_model(model)
    for name, info in model.model_fields.items():
        key = info.alias or name
        default = _format_default(info.get_default(call_default_factory=False))
        yield KeySchema(key, strip_null(schema["properties"][key]), default, info.is_required())


def _format_default(default: Any) -> Any:
    """Return a default as an author would write it; None if an author cannot write it."""
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


def _build_model_schema(model: type[BaseModel], definitions: dict[str, Schema], prefix: str = "") -> Schema:
    """Build the schema of the map that a model is read from.

    Args:
        model: What the map is read into.
        definitions: Receives the definitions that the schema refers to.
        prefix: Prefix of their names, so that two panels can each have an inner model of the same name.
    """
    schema, inner = _convert_model(model, prefix)
    for name, definition in inner.items():
        definitions[prefix + name] = (
            _allow_null_keys(definition) if "properties" in definition else definition
        )
    for key in iter_keys(model):
        if key.default is not None:
            schema["properties"][key.name]["default"] = key.default
    return _allow_null_keys(schema)


def _convert_model(model: type[BaseModel], prefix: str = "") -> tuple[Schema, dict[str, Schema]]:
    """Return a model's schema in draft-07, and the definitions that it refers to."""
    with warnings.catch_warnings():
        # Pydantic warns of defaults that JSON cannot hold; `_format_default` writes them.
        warnings.simplefilter("ignore")
        schema = model.model_json_schema(ref_template=f"#/definitions/{prefix}{{model}}")
    inner = {name: _convert_to_draft_07(definition) for name, definition in schema.pop("$defs", {}).items()}
    return _convert_to_draft_07(schema), inner


def _allow_null_keys(schema: Schema) -> Schema:
    """Allow null, which restores defaults, for the map and for each of its keys that is not required.

    Items with an `id` need no required keys, because they may have them from the extended template.
    """
    nullable = {**schema, "type": ["object", "null"]}
    required = set(schema.get("required", ()))
    nullable["properties"] = {
        name: inner if name in required else _allow_null(inner)
        for name, inner in schema.get("properties", {}).items()
    }
    if required and "id" in nullable["properties"]:
        del nullable["required"]
        nullable |= {"if": {"not": {"required": ["id"]}}, "then": {"required": sorted(required)}}
    return nullable


def _allow_null(schema: Schema) -> Schema:
    schema = strip_null(schema)
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    about = {keyword: value for keyword, value in schema.items() if keyword in ("description", "default")}
    rest = {keyword: value for keyword, value in schema.items() if keyword not in about}
    options = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    return {**about, "anyOf": [*options, _NULL]}


def strip_null(schema: Schema) -> Schema:
    """Remove null from the values that a schema accepts."""
    options = [option for option in schema.get("anyOf", ()) if option != _NULL]
    if len(options) == 1:
        # The keywords of the key itself take precedence.
        return {**options[0], **{keyword: value for keyword, value in schema.items() if keyword != "anyOf"}}
    return {**schema, "anyOf": options} if options else schema


def _convert_to_draft_07(schema: Any) -> Any:
    """Convert a schema to draft-07, without titles that repeat the key."""
    if isinstance(schema, list):
        return [_convert_to_draft_07(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    out: Schema = {keyword: value for keyword, value in schema.items() if keyword in _PLAIN_KEYWORDS}
    out |= {word: _convert_to_draft_07(value) for word, value in schema.items() if word in _NESTED_KEYWORDS}
    if "prefixItems" in schema:
        out["items"] = _convert_to_draft_07(schema["prefixItems"])
    if "properties" in schema:
        # A property may have the name of a keyword, such as title or default.
        out["properties"] = {name: _convert_to_draft_07(each) for name, each in schema["properties"].items()}
    if out.get("default", 0) in (None, [], ""):
        del out["default"]
    if "enum" in out:
        out.pop("type", None)
    if "$ref" in out and len(out) > 1:
        # In draft-07, keywords beside $ref are ignored.
        out["allOf"] = [{"$ref": out.pop("$ref")}]
    return out
