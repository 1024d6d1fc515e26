"""Short ways to write parts of a template, brought to their long form before templates are merged."""

from __future__ import annotations

import re
from dataclasses import replace

from reelnet.config.source import Node

SIZE = re.compile(r"(\d+)x(\d+)")


def expand_shorthand(node: Node) -> Node:
    """A template's content in full.

    Shorthands at its top are spelled out (`theme: dark`, `canvas: 1080x1080`, `canvas: 9:16`), and the bare heads of
    sections are left out.
    """
    if not isinstance(node.value, dict):
        return node
    # A section's bare head says nothing yet; it must not remove what is extended.
    content = {
        key: each
        for key, each in node.value.items()
        if key not in ("panels", "layout") or each.value is not None
    }
    for key, spell in (("theme", _theme), ("canvas", _canvas)):
        word = content.get(key)
        if word is not None and isinstance(word.value, str | int | float):
            content[key] = replace(word, value=spell(word, str(word.value)))
    return replace(node, value=content)


def _theme(node: Node, word: str) -> dict[str, Node]:
    return {"base": replace(node, value=word)}


def _canvas(node: Node, word: str) -> dict[str, Node]:
    if size := SIZE.fullmatch(word):
        width, height = (replace(node, value=int(side)) for side in size.groups())
        return {"width": width, "height": height}
    return {"aspect": replace(node, value=word)}
