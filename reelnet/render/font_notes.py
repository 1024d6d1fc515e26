"""What authors should know about the fonts of a picture, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reelnet._support.font_file import is_font_file
from reelnet.config.diagnostics import KeyPath
from reelnet.errors import suggest_names
from reelnet.render.system_fonts import find_family, list_installed
from reelnet.render.typography import FontUsage
from reelnet.scene.context import SceneContext
from reelnet.template.model import Template

MAX_LISTED_CHARACTERS = 8


def describe_fonts(usage: FontUsage, template: Template, context: SceneContext) -> Iterator[str]:
    """What is not drawn as the author may expect: fonts that are not installed, and characters drawn as boxes.

    Args:
        usage: What the lines of text are drawn with.
        template: The template.
        context: The run.
    """
    yield from _describe_unknown_fonts(template)
    missing = dict(usage.missing)
    for place, texts in _iter_places(usage, template, context):
        found = [each for text in texts for each in text if missing.pop(each, None) is not None]
        if found:
            yield f"{place}: {_describe_missing(found)}"


def _describe_unknown_fonts(template: Template) -> Iterator[str]:
    """A sentence for each name of a theme that no installed font has."""
    for key in ("font", "font_bold"):
        for name in getattr(template.theme, key) if key in template.content.get("theme", {}) else ():
            if not is_font_file(name) and find_family(name) is None:
                hint = suggest_names(name, sorted({each.family for each in list_installed()}))
                message = f"no font {name!r} is installed, so the next one draws the text; {hint}"
                yield str(template.source_map.diagnose(("theme", key), message))


def _describe_missing(characters: Sequence[str]) -> str:
    """Say that characters are drawn as boxes."""
    codes = [f"U+{ord(each):04X}" for each in characters]
    named = [
        f"{each} ({code})" if each.isprintable() else code
        for each, code in zip(characters, codes, strict=True)
    ]
    listed, more = ", ".join(named[:MAX_LISTED_CHARACTERS]), len(named) - MAX_LISTED_CHARACTERS
    listed += f" and {more} more" if more > 0 else ""
    return (
        f"no font has {listed}, drawn as boxes; install a font that has them, or name its file in theme.font"
    )


def _iter_places(
    usage: FontUsage, template: Template, context: SceneContext
) -> Iterator[tuple[str, Sequence[str]]]:
    """Where texts with missing characters may come from, and these texts: the run, the template, and other lines."""
    for noun, names in (
        ("label", context.labels or ()),
        ("class", context.classes or ()),
        ("layer", tuple(context.taps)),
        ("metric", tuple(context.metrics)),
    ):
        if affected := [name for name in names if not usage.missing.keys().isdisjoint(name)]:
            more = f" and {len(affected) - 1} more" if len(affected) > 1 else ""
            yield f"{noun} {affected[0]!r}{more} of the run", affected
    for path, text in _iter_texts(template.content.get("panels", {}), ("panels",)):
        yield str(template.source_map.diagnose(path, "")).removesuffix(": "), [text]
    for line in usage.missing.values():
        yield f"text {line!r}", [line]


def _iter_texts(content: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """The texts of a template, each with its key path."""
    if isinstance(content, str):
        yield path, content
    children = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, child in children:
        yield from _iter_texts(child, (*path, key))
