"""Values of keys that no schema lists: what a run has recorded, and what this installation offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from reelnet.config.diagnostics import KeyPath
from reelnet.errors import TemplateError
from reelnet.export.html.color_table import format_color
from reelnet.export.platforms.load import load_platforms
from reelnet.preview.files.template_files import describe_template
from reelnet.preview.keys.controls import SIZES
from reelnet.preview.keys.run_words import RunWords
from reelnet.preview.keys.schema_walk import find_allowed, load_schema
from reelnet.preview.keys.value_kind import is_color
from reelnet.render.panels.annotations.events import LOSS_HALVED, RIGHT_SAMPLES
from reelnet.render.registry import panel_registry
from reelnet.template.color import list_colormaps
from reelnet.template.json_schema import iter_keys
from reelnet.template.search_path import SearchPath
from reelnet.template.theme import THEMES, ThemeSpec

Value = tuple[str, Any, str, str]
"""What a value is called, the value, a few words beside it, and a sentence about it."""

COLORS = tuple(key.name for key in iter_keys(ThemeSpec) if is_color(key.schema))
"""The keys of a theme that are one color."""


def iter_values(path: KeyPath, kind: str, words: RunWords) -> Iterator[Value]:
    """Yield the values that are known for a key.

    Args:
        path: The path of the key, or of an item of its list.
        kind: The kind of the panel that the path leads into; empty for other sections.
        words: What a template can name in the run.
    """
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    # In a panel of samples and classes, `show` is a list of classes.
    name = "classes" if (kind, key) == ("compass", "show") else key
    if kind and key == "show" and "top" not in find_allowed(("panels", kind, key), str).keys:
        name = "" if name == key else name
    source = (_IN_PANELS if kind else _ELSEWHERE.get(str(path[0]) if path else "", {})).get(name)
    if source is not None:
        yield from source(path, words)


def describe_kind(kind: str) -> str:
    """The sentence about a kind of panel."""
    definition = load_schema()["definitions"].get(f"panel-{kind}", {})
    return str(definition.get("description", ""))


def _templates(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name, file in SearchPath().list_templates().items():
        with suppress(TemplateError):
            yield name, name, "template", describe_template(file)


def _layers(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name, shape in words.layers.items():
        yield name, name, shape, "A recorded layer; its samples × channels × height × width."


def _taps(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name, shape in words.taps.items():
        yield name, name, shape, "What was recorded, with its shape."


def _kinds(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for kind in panel_registry():
        yield kind, kind, "panel", describe_kind(kind)


def _classes(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name in words.classes:
        yield name, name, "class", "A class of the run."


def _metrics(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name in words.metrics:
        yield name, name, "metric", "A metric of the run."


def _samples(path: KeyPath, words: RunWords) -> Iterator[Value]:
    labels: Sequence[str] = words.labels or [""] * words.samples
    for index, label in enumerate(labels):
        yield str(index), index, label, "A sample, counted from 0."


def _select_samples(path: KeyPath, words: RunWords) -> Iterator[Value]:
    yield from _samples(path, words)
    last = f"0-{words.samples - 1}"
    yield last, last, "range", "From the first sample to the last."
    if not isinstance(path[-1], int):
        yield "{first: 8}", {"first": 8}, "number", "The first samples."


def _select_channels(path: KeyPath, words: RunWords) -> Iterator[Value]:
    yield "0-5", "0-5", "range", "From one channel to another one, counted from 0."
    if not isinstance(path[-1], int):
        yield "{first: 8}", {"first": 8}, "number", "The first channels."
        yield "{top: 8}", {"top": 8}, "number", "The channels that differ or change most."


def _events(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for event in (*RIGHT_SAMPLES, LOSS_HALVED):
        yield event, event, "event", "The caption begins where this holds until the end."
    for name in words.metrics:
        value = f"{name} 90%"
        yield value, value, "metric", "The caption begins where the metric stays at or above this share."


def _colormaps(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name in list_colormaps():
        yield name, name, "colormap", "A colormap of reelnet or of matplotlib."


def _theme_colors(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name, theme in THEMES.items():
        color = format_color(getattr(theme, str(path[-1])))
        yield color, color, name, f"The color of the theme {name}."


def _colors(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name, theme in THEMES.items():
        for key in COLORS:
            color = format_color(getattr(theme, key))
            yield color, color, f"{key}, {name}", f"The color {key} of the theme {name}."


def _platforms(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for platform in load_platforms().values():
        yield platform.name, platform.name, "platform", f"Formats: {', '.join(platform.formats)}."


def _sizes(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for size in SIZES:
        yield size, size, "size", "Width and height in pixels."
    for aspect in ("9:16", "4:5", "1:1", "16:9"):
        yield aspect, aspect, "aspect ratio", "Background is added at two sides."


def _themes(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for name in THEMES:
        yield name, name, "theme", "The theme with all its colors."


def _ends(path: KeyPath, words: RunWords) -> Iterator[Value]:
    for step in dict.fromkeys((*words.steps[:1], *words.steps[-1:])):
        yield str(step), step, "recorded step", "The first or the last recorded step."


Source = Callable[[KeyPath, RunWords], Iterator[Value]]

_IN_PANELS: dict[str, Source] = {
    "kind": _kinds,
    "taps": _layers,
    "layers": _layers,
    "tap": _taps,
    "show": _select_channels,
    "classes": _classes,
    "metrics": _metrics,
    "right": _metrics,
    "sample": _samples,
    "at": _events,
    "color": _colors,
}
"""Sources of values by the key, for keys of panels."""

_ELSEWHERE: dict[str, dict[str, Source]] = {
    "extends": {"extends": _templates},
    "layer": {"layer": _layers},
    "canvas": {"canvas": _sizes},
    "samples": {"show": _select_samples},
    "theme": {
        "theme": _themes,
        "diverging": _colormaps,
        "sequential": _colormaps,
        **dict.fromkeys(COLORS, _theme_colors),
    },
    "outputs": {"layers": _layers, "for": _platforms},
    "timeline": {"step": _ends, "from": _ends, "to": _ends, "list": _ends},
}
"""Sources of values by the section and the key."""
