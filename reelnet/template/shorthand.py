"""Short ways to write parts of a template, brought to their long form before templates are merged."""

from __future__ import annotations

import re
from dataclasses import replace

from reelnet.template.source import Node

SIZE = re.compile(r"(\d+)x(\d+)")


def spelled_out(node: Node) -> Node:
    """A template's content without shorthands at its top: `theme: dark`, `canvas: 1080x1080`, `canvas: 9:16`."""
    if not isinstance(node.value, dict):
        return node
    content = dict(node.value)
    for key, spell in (("theme", _theme), ("canvas", _canvas)):
        word = content.get(key)
        if word is not None and isinstance(word.value, str):
            content[key] = replace(word, value=spell(word, word.value))
    return replace(node, value=content)


def _theme(node: Node, word: str) -> dict[str, Node]:
    return {"base": replace(node, value=word)}


def _canvas(node: Node, word: str) -> dict[str, Node]:
    if size := SIZE.fullmatch(word):
        width, height = (replace(node, value=int(side)) for side in size.groups())
        return {"width": width, "height": height}
    return {"aspect": replace(node, value=word)}
