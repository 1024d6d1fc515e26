"""Generate the reference pages of the documentation, and the JSON Schema of templates, from the code.

`python docs/generate.py` writes them; with `--check` it only compares, and exits with 1 if a file is out of date.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from reelnet.config.validation_messages import get_field, iter_models
from reelnet.render.registry import PANELS
from reelnet.template.color import BUILTIN_COLORMAPS, Color, Colormap
from reelnet.template.json_schema import (
    KEY_DESCRIPTIONS,
    STACK_DESCRIPTIONS,
    KeySchema,
    Schema,
    build_schema,
    iter_keys,
    strip_null,
    summarize,
)
from reelnet.template.model import CanvasSpec, ItemSpec, OutputSpec, PanelSpec, SamplesSpec, StackSpec
from reelnet.template.selector import SelectorField
from reelnet.template.theme import THEMES, LimitRule, LimitsField, ThemeSpec
from reelnet.template.timeline import TimelineSpec

ROOT = Path(__file__).parents[1]

INTRODUCTION = """\
# Templates: the reference

Every key of a template. [Writing templates](writing-templates.md) explains how to write one, and
[A panel of your own](panels.md) how to make panels.

This page and `templates/schema.json` are generated from the code: `python docs/generate.py` writes them.

A template is a YAML file. A template that extends no other one needs a `layout`; all other keys are optional. `null`
restores the default of a key.
"""

CANVAS = "Shorthands: `canvas: 1080x1080` sets width and height, `canvas: 9:16` the aspect ratio."

THEME = """\
Shorthand: `theme: dark` means `theme: {base: dark}`. Quote colors, as in `'#1f2328'` or `'#123'`: in YAML, a bare `#`
starts a comment."""

BASE_THEMES = "Keys that are left out come from the base:"

TIMELINE = "Give at most two of `fps`, `duration` and `frames`; the third follows from them."

LAYOUT = """\
An item is the name of a panel, or a stack of items. A stack is a list, as in `column: [title, channels]`, or a map
with keys, as in `row: {gap: 24, items: [counter, spacer]}`.

`at`, alone or beside a stack, changes the layout of the extended template. Each of its keys is the name of a panel or
the `id` of a stack, and its value is the item that replaces it. In this item, the name itself stands for the replaced
part: `at: {channels: {row: [channels, curve]}}`. Other panels and stacks that the item names move there from their
old places, except a `spacer`. `null` removes the part."""

PANELS_TEXT = """\
Panels by names of your choice, each with its options. `kind` selects what a panel shows; a panel named like its kind
needs none. A panel is drawn where the layout names it. A panel without options needs no entry here.

Every panel has these options, and those of its [place](#place):"""

KNOWN_SCHEMAS: tuple[tuple[Schema, str], ...] = (
    (TypeAdapter(SelectorField).json_schema(), "`all`, a number, a range such as `0-5`, or a list of these"),
    (
        TypeAdapter(LimitsField).json_schema(),
        "`auto`, `shared`, `symmetric`, `[-1, 1]` or `{percentile: 99}`",
    ),
    (TypeAdapter(Colormap).json_schema(), "the name of a colormap, or a list of colors"),
    (TypeAdapter(Color).json_schema(), "a color"),
)
"""Schemas that a few words describe better than their parts."""

PLURALS = {
    "a color": "colors",
    "a map": "maps",
    "number": "numbers",
    "text": "texts",
    "whole number": "whole numbers",
}

MAX_SHOWN_BOUND = 10_000
"""Upper bounds from here on only catch typing errors, and are not shown."""


def main() -> None:
    """Write or check every generated file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit with 1 on a difference")
    check = parser.parse_args().check
    outdated = [file for file, build in PAGES.items() if update_file(ROOT / file, build(), check=check)]
    if outdated and check:
        sys.exit(f"out of date: {', '.join(outdated)}; run python docs/generate.py")


def update_file(file: Path, text: str, *, check: bool) -> bool:
    """Write a file unless `check` is set, and return whether its content was different."""
    different = not file.is_file() or file.read_text("utf-8") != text
    if different and not check:
        file.write_text(text, "utf-8")
    return different


def build_template_page() -> str:
    """Build the reference of the template language."""
    linked = {
        key: f"[`{key}`](#{key})" for key in KEY_DESCRIPTIONS if key not in ("extends", "about", "layer")
    }
    parts = [
        INTRODUCTION,
        make_table(
            ("key", ""), ((linked.get(key, f"`{key}`"), text) for key, text in KEY_DESCRIPTIONS.items())
        ),
        *describe_model("## `canvas`", CanvasSpec, CANVAS),
        *describe_model("## `theme`", ThemeSpec, THEME),
        BASE_THEMES + "\n",
        compare_themes(),
        *describe_model("## `samples`", SamplesSpec, summarize(SamplesSpec)),
        *describe_model("## `timeline`", TimelineSpec, TIMELINE),
        *describe_model("## `outputs`", OutputSpec, "A list of files, each with:"),
        f"## `layout`\n\n{LAYOUT}\n",
        make_table(("stack", ""), ((f"`{each.value}`", text) for each, text in STACK_DESCRIPTIONS.items())),
        *describe_model(
            "### Stacks",
            StackSpec,
            "Besides `items` and the options of its [place](#place), a stack has:",
            ItemSpec,
        ),
        *describe_model("### Place", ItemSpec, "Every stack and every panel has:"),
        *describe_model("## `panels`", PanelSpec, PANELS_TEXT, ItemSpec),
        f"The kinds are: {', '.join(f'[`{kind}`](#{kind})' for kind in PANELS)}.\n",
    ]
    for kind, panel in PANELS.items():
        parts += describe_model(f"### `{kind}`", panel, describe_panel(kind, panel), PanelSpec)
    return "\n".join(parts)


def build_schema_file() -> str:
    """Build the JSON Schema of templates as a file."""
    return json.dumps(build_schema(PANELS), indent=1, ensure_ascii=False) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/templates.md": build_template_page,
    "templates/schema.json": build_schema_file,
}
"""Generated files, relative to the root of the repository."""


def describe_model(
    heading: str, model: type[BaseModel], text: str, without: type[BaseModel] | None = None
) -> Iterator[str]:
    """Yield a heading, a text, a table of a model's keys, and such sections for the maps within.

    Args:
        heading: With the marks of its level.
        model: What the keys are read into.
        text: The paragraph below the heading.
        without: A base class whose keys are not repeated.
    """
    inherited = {key.name for key in iter_keys(without)} if without is not None else set()
    own = [key for key in iter_keys(model) if key.name not in inherited]
    yield f"{heading}\n\n{text}\n"
    if own:
        yield make_table(
            ("key", "values", ""),
            ((f"`{key.name}`", describe_values(key.schema), describe_key(key)) for key in own),
        )
    for key in own:
        info = get_field(model, key.name)
        for inner in iter_models(info.annotation) if info is not None else ():
            words = f"{summarize(inner)} {'Each item has:' if 'items' in key.schema else ''}".strip()
            yield from describe_model(f"#{heading.rstrip('`')}.{key.name}`", inner, words)


def describe_panel(kind: str, panel: type[BaseModel]) -> str:
    """Return what a panel shows, and its picture if `make gallery` makes one."""
    file = f"images/panel-{kind}.png"
    picture = (
        f'\n\n<a href="gallery.md#{kind}"><img src="{file}" width="300" alt="The panel {kind} alone"></a>'
    )
    return summarize(panel) + picture * (ROOT / "docs" / file).is_file()


def describe_key(key: KeySchema) -> str:
    """Return a key's description and its default."""
    text = str(key.schema.get("description", ""))
    if key.required:
        return f"{text} Required."
    return text if key.default is None else f"{text} Default: `{format_yaml(key.default)}`."


def format_yaml(value: Any) -> str:
    """Format a scalar as YAML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def describe_values(schema: Schema) -> str:
    """Describe the values that a key accepts in a few words."""
    bare = {keyword: value for keyword, value in schema.items() if keyword not in ("description", "default")}
    for known, words in KNOWN_SCHEMAS:
        if bare == known:
            return words
    if "anyOf" in schema:
        options = [describe_values(option) for option in schema["anyOf"] if option != {"type": "null"}]
        return join_alternatives(list(dict.fromkeys(options)))
    if "enum" in schema:
        return join_alternatives([f"`{format_yaml(value)}`" for value in schema["enum"]])
    if "const" in schema:
        return f"`{format_yaml(schema['const'])}`"
    match schema.get("type"):
        case "integer" | "number":
            return describe_number(schema)
        case "boolean":
            return "`true` or `false`"
        case "string":
            return describe_text(schema)
        case "array":
            return describe_list(schema)
    return "a map"


def join_alternatives(words: list[str]) -> str:
    """Join alternatives with commas and an "or"."""
    *first, last = words
    if not first:
        return last
    comma = "," if any("," in word for word in words) else ""
    return f"{', '.join(first)}{comma} or {last}"


def describe_text(schema: Schema) -> str:
    """Describe a text, with an example if not every text is valid."""
    if "%" in schema.get("pattern", ""):
        return "a share such as `25%`"
    return f"text such as `{schema['examples'][0]}`" if schema.get("examples") else "text"


def describe_list(schema: Schema) -> str:
    """Describe a list and its items."""
    items = schema.get("items", {})
    if isinstance(items, list):
        kinds = {describe_items(strip_null(item)) for item in items}
        return f"a list of {len(items)} {kinds.pop() if len(kinds) == 1 else 'values'}"
    return f"a list of {describe_items(items)}"


def describe_items(schema: Schema) -> str:
    """Describe the items of a list, in the plural and without bounds."""
    unbounded = {key: value for key, value in schema.items() if not re.search("imum$", key, re.IGNORECASE)}
    words = describe_values(unbounded)
    return PLURALS.get(words, words)


def describe_number(schema: Schema) -> str:
    """Describe a number and its bounds."""
    kind = "whole number" if schema["type"] == "integer" else "number"
    kind = "even number" if schema.get("multipleOf") == 2 else kind
    low, high = schema.get("minimum"), schema.get("maximum", MAX_SHOWN_BOUND)
    if low is not None and abs(low) < MAX_SHOWN_BOUND:
        return f"{kind}, {low:g} to {high:g}" if high < MAX_SHOWN_BOUND else f"{kind}, {low:g} or more"
    above = schema.get("exclusiveMinimum")
    if above is not None:
        return f"{kind} above {above:g}" + (f", to {high:g}" if high < MAX_SHOWN_BOUND else "")
    return kind


def compare_themes() -> str:
    """Build the table of the values of each named theme."""
    rows = []
    for key in iter_keys(ThemeSpec):
        values = [getattr(theme, key.name, None) for theme in THEMES.values()]
        if any(value not in (None, ()) for value in values):
            rows.append((f"`{key.name}`", *(f"`{format_theme_value(value)}`" for value in values)))
    return make_table(("key", *(f"`{name}`" for name in THEMES)), rows)


def format_theme_value(value: Any) -> str:
    """Format a value of a theme as an author would write it."""
    for name, colors in BUILTIN_COLORMAPS.items():
        if value == colors:
            return name
    match value:
        case LimitRule():
            return value.kind.value
        case (int(), int(), int()):
            return "#" + bytes(value).hex()
        case tuple():
            return ", ".join(map(format_theme_value, value))
    return format_yaml(value)


def make_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Build a Markdown table."""
    head = tuple(head)
    lines = [
        head,
        tuple("---" for _ in head),
        *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
