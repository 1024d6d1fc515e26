"""Changes of an inherited layout with `at`."""

from __future__ import annotations

from typing import Any

import pytest

from reelnet.config.source import parse_yaml, to_plain
from reelnet.errors import TemplateError
from reelnet.template.inheritance import merge_nodes
from tests.template.text import template_of

BASE = """\
layout:
  column:
    gap: 8
    items: [title, {row: {id: head, items: [counter, spacer, colorbar]}}, channels, curve]
"""


def patch(change: str) -> Any:
    """Apply a change to the base and return the items of the column."""
    merged = to_plain(
        merge_nodes(parse_yaml(BASE, "a.yaml"), parse_yaml(f"layout: {{at: {change}}}", "b.yaml"))
    )
    assert merged["layout"]["column"]["gap"] == 8
    return merged["layout"]["column"]["items"]


HEAD = {"row": {"id": "head", "items": ["counter", "spacer", "colorbar"]}}


@pytest.mark.parametrize(
    ("change", "items"),
    [
        ("{title: text}", ["text", HEAD, "channels", "curve"]),
        ("{title: null}", [HEAD, "channels", "curve"]),
        ("{head: null}", ["title", "channels", "curve"]),
        ("{channels: {row: [channels, text]}}", ["title", HEAD, {"row": ["channels", "text"]}, "curve"]),
        # Panels and stacks that the item names leave their old places.
        ("{channels: {row: [curve, channels]}}", ["title", HEAD, {"row": ["curve", "channels"]}]),
        ("{curve: {row: [head, curve]}}", ["title", "channels", {"row": [HEAD, "curve"]}]),
        (
            "{curve: counter}",
            ["title", {"row": {"id": "head", "items": ["spacer", "colorbar"]}}, "channels", "counter"],
        ),
        # A spacer stays, because a layout may have several.
        ("{curve: {row: [spacer, curve]}}", ["title", HEAD, "channels", {"row": ["spacer", "curve"]}]),
        # Changes apply in order.
        ("{title: null, curve: title}", [HEAD, "channels", "title"]),
    ],
)
def test_items_are_replaced_by_name(change: str, items: Any) -> None:
    assert patch(change) == items


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{at: {title: text}}", "layout.at: changes the layout of an extended template, but there is none"),
        (
            "{column: [title], at: 3}",
            "layout.at: 3 is not a map of items by names of panels and ids of stacks",
        ),
        (
            "{column: [title], at: {titel: text}}",
            "layout.at.titel: is not in the layout .* did you mean 'title'",
        ),
        ("{column: [title], at: {title: null}}", "layout.at: has no effect without a template to extend"),
        (
            "{column: [{row: {id: top, items: [title]}}], at: {title: {row: [top]}}}",
            "layout.at.title: .*is inside its replacement",
        ),
    ],
)
def test_changes_that_cannot_be_applied(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        template_of(f"layout: {text}")
