"""The template language as a JSON Schema (draft-07), for editors that complete and check.

What it refuses is wrong. What it lets pass, `reelnet templates check` looks at more closely.
"""

from __future__ import annotations

from contextlib import suppress

from reelnet.errors import TemplateError
from reelnet.template.builder import INEFFECTIVE_OPTIONS, PanelKinds
from reelnet.template.layout_patch import PATCH_KEY
from reelnet.template.model import CanvasSpec, Direction, OutputSpec, SamplesSpec, StackSpec
from reelnet.template.model_keys import Schema, keys, of, summary
from reelnet.template.theme import THEMES, ThemeSpec
from reelnet.template.timeline import TimelineSpec

DRAFT = "http://json-schema.org/draft-07/schema#"

KEY_DESCRIPTIONS = {
    "extends": "The template that this one changes: a name, ./a-file.yaml, or a list of them; later ones win.",
    "about": "One sentence for people, shown in lists of templates.",
    "layer": "The layer to show; by default the last recorded one that gives maps.",
    "canvas": "Size of the frame: a map, a size such as 1080x1080, or an aspect such as 9:16.",
    "theme": "Colours, type and colormaps: a map, or the name of a theme.",
    "samples": "Which samples are shown, and how they stand.",
    "panels": "What is shown: panels, by the names that the layout uses.",
    "layout": "What stands where: stacks of panels and of other stacks.",
    "timeline": "Which steps are shown, for how long and at which pace.",
    "outputs": "The files that 'reelnet render' makes.",
}
"""What each key of a template is for."""

STACK_DESCRIPTIONS = {
    Direction.COLUMN: "Items under each other.",
    Direction.ROW: "Items side by side.",
    Direction.GRID: "Items in rows of so many columns.",
    Direction.OVERLAY: "Items over each other; the last one is on top.",
}
"""What each stack does with its items."""

CHANGES = (
    "Other items in the places of some of the layout that is extended: by names of panels and ids of stacks."
)
"""What `at` in a layout is for."""

KIND_GIVEN: Schema = {"type": "object", "required": ["kind"]}
"""Matches a panel that says itself of which kind it is."""


def build_schema(panels: PanelKinds) -> Schema:
    """The JSON Schema of templates with these kinds of panels; those that cannot be loaded are left out."""
    panels = usable(panels)
    definitions: dict[str, Schema] = {}
    definitions["timeline"] = of(TimelineSpec, definitions)
    size = {"type": "string", "pattern": r"^(\d+x\d+|\d+:\d+)$"}
    sections: dict[str, Schema] = {
        "extends": {"type": ["string", "array", "null"], "items": {"type": "string"}},
        "about": {"type": ["string", "null"]},
        "layer": {"type": ["string", "null"]},
        "canvas": either(size, of(CanvasSpec, definitions)),
        "theme": either({"enum": list(THEMES)}, of(ThemeSpec, definitions)),
        "samples": of(SamplesSpec, definitions),
        "panels": panel_map(panels, definitions),
        "layout": layout(panels, definitions),
        "timeline": ref("timeline"),
        "outputs": {"type": ["array", "null"], "items": output(definitions)},
    }
    return {
        "$schema": DRAFT,
        "title": "reelnet template",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: described(text, sections[key]) for key, text in KEY_DESCRIPTIONS.items()},
        # A template that extends another one has the rest of what it needs from there.
        "if": {"required": ["extends"]},
        "else": whole(panels, definitions),
        "definitions": definitions,
    }


def usable(panels: PanelKinds) -> PanelKinds:
    """The panels without those of broken packages."""
    found = {}
    for kind in panels:
        with suppress(TemplateError):
            found[kind] = panels[kind]
    return found


def either(*options: Schema) -> Schema:
    """Any of these."""
    return {"anyOf": list(options)}


def ref(name: str) -> Schema:
    """What stands under a name in the definitions."""
    return {"$ref": f"#/definitions/{name}"}


def described(text: str, form: Schema) -> Schema:
    """A schema with a description of its own; beside $ref, draft-07 would not heed it."""
    if "$ref" in form:
        return {"description": text, "allOf": [form]}
    return {"description": text, **{word: value for word, value in form.items() if word != "description"}}


def output(definitions: dict[str, Schema]) -> Schema:
    """One of `outputs`."""
    found = of(OutputSpec, definitions)
    about = found["properties"]["timeline"]["description"]
    found["properties"]["timeline"] = described(about, ref("timeline"))
    return found


def panel_map(panels: PanelKinds, definitions: dict[str, Schema]) -> Schema:
    """`panels`: what a panel shows is said by `kind`, by its own name, or in the template that is extended."""
    for kind, model in panels.items():
        form = of(model, definitions, f"{kind}-")
        form.pop("required", None)
        own = {"kind": {"const": kind, "description": "What the panel shows."}}
        form["properties"] = {**own, **form["properties"]}
        definitions[f"panel-{kind}"] = described(summary(model), form)
    definitions["panel"] = {
        "type": "object",
        "properties": {"kind": {"enum": list(panels), "description": "What the panel shows."}},
        "allOf": [{"if": of_kind(kind), "then": ref(f"panel-{kind}")} for kind in panels],
    }
    return {
        "type": ["object", "null"],
        "properties": {kind: by_kind("panel", ref(f"panel-{kind}")) for kind in panels},
        "additionalProperties": by_kind("panel", either(*(ref(f"panel-{kind}") for kind in panels))),
    }


def by_kind(name: str, otherwise: Schema) -> Schema:
    """What stands under a name for panels that say their kind, and something else for the others."""
    return {"if": KIND_GIVEN, "then": ref(name), "else": otherwise}


def of_kind(kind: str) -> Schema:
    """Matches a panel that says itself that it is of this kind."""
    return {**KIND_GIVEN, "properties": {"kind": {"const": kind}}}


def layout(panels: PanelKinds, definitions: dict[str, Schema]) -> Schema:
    """`layout`: an item is the name of a panel, or a stack of items."""
    style = of(StackSpec, definitions)
    items = {"type": "array", "items": ref("item"), "minItems": 1}
    own = {"items": described("Panels by their names, and stacks.", items)}
    for each in Direction:
        useless = INEFFECTIVE_OPTIONS.get(each, ())
        useful = {key: form for key, form in style["properties"].items() if key not in useless}
        definitions[f"stack-{each}"] = either(items, {**style, "properties": {**own, **useful}})
    stacks = {each.value: described(text, ref(f"stack-{each}")) for each, text in STACK_DESCRIPTIONS.items()}
    one: Schema = {"type": "object", "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    name = {"type": "string", "examples": list(panels)}
    definitions["item"] = either(name, {**one, "properties": stacks})
    at = {
        "description": CHANGES,
        "type": ["object", "null"],
        "additionalProperties": either(ref("item"), {"type": "null"}),
    }
    changed = {**one, "properties": {**stacks, PATCH_KEY: at}, "required": [PATCH_KEY], "maxProperties": 2}
    return either(ref("item"), changed)


def whole(panels: PanelKinds, definitions: dict[str, Schema]) -> Schema:
    """What must be in a template that extends no other one."""
    inside = {
        "items": ref("whole-item"),
        "required": ["items"],
        "properties": {"items": {"items": ref("whole-item")}},
    }
    definitions["whole-item"] = {"properties": {each.value: inside for each in Direction}}
    needed = {kind: [key.name for key in keys(model) if key.required] for kind, model in panels.items()}
    needs = {kind: {**KIND_GIVEN, "required": names} for kind, names in needed.items() if names}
    definitions["whole-panel"] = {
        "allOf": [{"if": of_kind(kind), "then": need} for kind, need in needs.items()]
    }
    return {
        "required": ["layout"],
        "properties": {
            "layout": {"allOf": [ref("whole-item")], "not": {"type": "object", "required": [PATCH_KEY]}},
            "panels": {
                "properties": {kind: by_kind("whole-panel", needs.get(kind, {})) for kind in panels},
                "additionalProperties": {**KIND_GIVEN, "allOf": [ref("whole-panel")]},
            },
        },
    }
