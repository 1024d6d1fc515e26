"""The reference of the template language, as Markdown: every key with its values and its default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from reelnet.config.messages import find_field, iter_models
from reelnet.template.builder import PanelKinds
from reelnet.template.color import BUILTIN_COLORMAPS, Color, Colormap
from reelnet.template.json_schema import KEY_DESCRIPTIONS, STACK_DESCRIPTIONS
from reelnet.template.model import CanvasSpec, ItemSpec, OutputSpec, PanelSpec, SamplesSpec, StackSpec
from reelnet.template.model_keys import Key, Schema, keys, summary, without_null
from reelnet.template.selector import SelectorField
from reelnet.template.theme import THEMES, LimitRule, LimitsField, ThemeSpec
from reelnet.template.timeline import TimelineSpec

HEAD = """\
# Templates: the reference

Every key of a template. How to write one is told in [Writing templates](writing-templates.md), and how to make
panels of your own in [A panel of your own](panels.md).

This page is generated from the code: `REELNET_UPDATE_GOLDENS=1 pytest tests/docs` writes it anew, and
`templates/schema.json` with it.

A template is a YAML file. A template that extends no other one needs a layout; all else may be left out. `null`
puts a key back to its default.
"""

CANVAS = "Shorthands: `canvas: 1080x1080` gives width and height, `canvas: 9:16` the aspect."

THEME = """\
Shorthand: `theme: dark` is `theme: {base: dark}`. Colours are quoted, as in `'#1f2328'` or `'#123'`: in YAML, a
bare `#` begins a comment."""

NAMED = "What is left out comes from the base:"

TIMELINE = "Of `fps`, `duration` and `frames` give two at most; the third follows from them."

LAYOUT = """\
An item is the name of a panel, or a stack of items. A stack is a list, as in `column: [title, channels]`, or a map
with keys, as in `row: {gap: 24, items: [counter, spacer]}`.

Beside a stack, or alone, `at` changes the layout of the template that is extended. Each of its keys is the name of a
panel or the `id` of a stack, and its value the item that stands there instead, in which that name stands for what was
there: `at: {channels: {row: [channels, curve]}}`. Panels and stacks that the item names leave their old places,
except a `spacer`; `null` leaves the part out."""

PANELS = """\
Panels by names of your choice, each with its options. `kind` says what a panel shows; a panel that is named like
its kind needs none. A panel is drawn where the layout names it, and one without options needs no entry here.

Every panel has these options, and those of its [place](#place):"""

KNOWN: tuple[tuple[Schema, str], ...] = (
    (TypeAdapter(SelectorField).json_schema(), "`all`, a number, a range such as `0-5`, or a list of these"),
    (TypeAdapter(LimitsField).json_schema(), "`auto`, `symmetric`, `[-1, 1]` or `{percentile: 99}`"),
    (TypeAdapter(Colormap).json_schema(), "the name of a colormap, or a list of colours"),
    (TypeAdapter(Color).json_schema(), "a colour"),
)
"""Values that a few words tell better than their schema."""

PLURALS = {
    "a colour": "colours",
    "a map": "maps",
    "number": "numbers",
    "text": "texts",
    "whole number": "whole numbers",
}

HUGE = 10_000
"""A greatest value from here on is there to catch slips, and need not be known."""


def reference(panels: PanelKinds) -> str:
    """The whole page."""
    linked = {
        key: f"[`{key}`](#{key})" for key in KEY_DESCRIPTIONS if key not in ("extends", "about", "layer")
    }
    parts = [
        HEAD,
        table(("key", ""), ((linked.get(key, f"`{key}`"), text) for key, text in KEY_DESCRIPTIONS.items())),
        *section("## `canvas`", CanvasSpec, CANVAS),
        *section("## `theme`", ThemeSpec, THEME),
        NAMED + "\n",
        named_themes(),
        *section("## `samples`", SamplesSpec, summary(SamplesSpec)),
        *section("## `timeline`", TimelineSpec, TIMELINE),
        *section("## `outputs`", OutputSpec, "A list of files, each with:"),
        f"## `layout`\n\n{LAYOUT}\n",
        table(("stack", ""), ((f"`{each.value}`", text) for each, text in STACK_DESCRIPTIONS.items())),
        *section(
            "### Stacks", StackSpec, "Beside `items` and those of its [place](#place), a stack has:", ItemSpec
        ),
        *section("### Place", ItemSpec, "Every stack and every panel has:"),
        *section("## `panels`", PanelSpec, PANELS, ItemSpec),
        f"There are these kinds: {', '.join(f'[`{kind}`](#{kind})' for kind in panels)}.\n",
    ]
    for kind, panel in panels.items():
        parts += section(f"### `{kind}`", panel, summary(panel), PanelSpec)
    return "\n".join(parts)


def section(
    heading: str, model: type[BaseModel], text: str, without: type[BaseModel] | None = None
) -> Iterator[str]:
    """A heading, its text, a table of a model's keys without inherited ones, and such sections for inner maps."""
    inherited = {key.name for key in keys(without)} if without is not None else set()
    own = [key for key in keys(model) if key.name not in inherited]
    yield f"{heading}\n\n{text}\n"
    if own:
        yield table(("key", "values", ""), ((f"`{key.name}`", values(key.form), meaning(key)) for key in own))
    for key in own:
        info = find_field(model, (key.name,))
        for inner in iter_models(info.annotation) if info is not None else ():
            words = f"{summary(inner)} {'Each item has:' if 'items' in key.form else ''}".strip()
            yield from section(f"#{inner_heading(heading, key.name)}", inner, words)


def inner_heading(heading: str, key: str) -> str:
    """The heading of a map that stands under a key."""
    return f"{heading.rstrip('`')}.{key}`"


def meaning(key: Key) -> str:
    """What a key is for, and its default."""
    text = str(key.form.get("description", ""))
    if key.required:
        return f"{text} Required."
    return text if key.default is None else f"{text} Default: `{spelled(key.default)}`."


def spelled(value: Any) -> str:
    """A value as YAML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def values(form: Schema) -> str:
    """What a key takes, in a few words."""
    bare = {word: value for word, value in form.items() if word not in ("description", "default")}
    for known, words in KNOWN:
        if bare == known:
            return words
    if "anyOf" in form:
        words_of = [values(each) for each in form["anyOf"] if each != {"type": "null"}]
        return joined(list(dict.fromkeys(words_of)))
    if "enum" in form:
        return joined([f"`{spelled(each)}`" for each in form["enum"]])
    if "const" in form:
        return f"`{spelled(form['const'])}`"
    match form.get("type"):
        case "integer" | "number":
            return number(form)
        case "boolean":
            return "`true` or `false`"
        case "string":
            return text_of(form)
        case "array":
            return list_of(form)
    return "a map"


def joined(words: list[str]) -> str:
    """Alternatives."""
    *first, last = words
    if not first:
        return last
    comma = "," if any("," in each for each in words) else ""
    return f"{', '.join(first)}{comma} or {last}"


def text_of(form: Schema) -> str:
    """A text, with an example where not any text will do."""
    if "%" in form.get("pattern", ""):
        return "a share such as `25%`"
    return f"text such as `{form['examples'][0]}`" if form.get("examples") else "text"


def list_of(form: Schema) -> str:
    """A list and what is in it."""
    items = form.get("items", {})
    if isinstance(items, list):
        kinds = {plural(without_null(each)) for each in items}
        return f"a list of {len(items)} {kinds.pop() if len(kinds) == 1 else 'values'}"
    return f"a list of {plural(items)}"


def plural(form: Schema) -> str:
    """What is in a list."""
    words = values(without_bounds(form))
    return PLURALS.get(words, words)


def without_bounds(form: Schema) -> Schema:
    """A schema without the limits of a number."""
    return {word: value for word, value in form.items() if not re.search("imum$", word, re.IGNORECASE)}


def number(form: Schema) -> str:
    """A number and its bounds."""
    kind = "whole number" if form["type"] == "integer" else "number"
    kind = "even number" if form.get("multipleOf") == 2 else kind
    low, high = form.get("minimum"), form.get("maximum", HUGE)
    if low is not None and abs(low) < HUGE:
        return f"{kind}, {low:g} to {high:g}" if high < HUGE else f"{kind}, {low:g} or more"
    above = form.get("exclusiveMinimum")
    if above is not None:
        return f"{kind} above {above:g}" + (f", to {high:g}" if high < HUGE else "")
    return kind


def named_themes() -> str:
    """What each named theme is made of."""
    rows = []
    for key in keys(ThemeSpec):
        found = [getattr(theme, key.name, None) for theme in THEMES.values()]
        if any(each is not None for each in found):
            rows.append((f"`{key.name}`", *(f"`{themed(each)}`" for each in found)))
    return table(("key", *(f"`{name}`" for name in THEMES)), rows)


def themed(value: Any) -> str:
    """A value of a theme as an author would write it."""
    for name, colours in BUILTIN_COLORMAPS.items():
        if value == colours:
            return name
    match value:
        case LimitRule():
            return value.kind.value
        case (int(), int(), int()):
            return "#" + bytes(value).hex()
        case tuple():
            return ", ".join(map(themed, value))
    return spelled(value)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = tuple(head)
    lines = [
        head,
        tuple("---" for _ in head),
        *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
