"""Moves of panels in a layout: a curve beside the maps, captions below them.

A template that extends another one says this by `layout: {at: …}`, as far as that can say it; otherwise its own
layout is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from reelnet.template.inheritance import PATCH_KEY, STACK_KINDS

Place = Literal["below", "above", "left", "right", "none"]

GAPS = {"column": 16, "row": 24}
"""Pixels between a panel and its neighbor, by the direction of the stack around them."""


@dataclass(frozen=True)
class Stack:
    """A stack of plain data, taken apart.

    Attributes:
        kind: `column`, `row`, `grid` or `overlay`.
        options: Its options.
        items: Its items.
    """

    kind: str
    options: dict[str, Any]
    items: list[Any]

    @classmethod
    def of(cls, item: Any) -> Stack | None:
        """Take an item of a layout apart; None if it is a panel, or invalid."""
        kind = next((each for each in STACK_KINDS if isinstance(item, dict) and each in item), None)
        if kind is None:
            return None
        inside = item[kind]
        options = dict(inside) if isinstance(inside, dict) else {"items": inside}
        items = options.pop("items", None)
        return cls(kind, options, [*items]) if isinstance(items, list) else None

    def with_items(self, items: list[Any]) -> Any:
        """Put the stack together again, with other items."""
        return {self.kind: {**self.options, "items": items} if self.options else items}

    @property
    def is_plain(self) -> bool:
        """Whether it says nothing but how far its items are apart, so that around one item it has no effect."""
        return not self.options.keys() - {"gap", "grow"}


def iter_panels(item: Any) -> Iterator[str]:
    """Yield the names of panels in an item, in order."""
    stack = Stack.of(item)
    if stack is None:
        if isinstance(item, str):
            yield item
        return
    for each in stack.items:
        yield from iter_panels(each)


def find_place(layout: Any, panel: str, beside: str) -> Place:
    """Return where a panel stands beside another one; `none` if the layout lacks one of them."""
    stack = Stack.of(layout)
    if stack is None:
        return "none"
    for each in stack.items:
        names = {*iter_panels(each)}
        if panel in names and beside in names:
            return find_place(each, panel, beside)
    holders = [
        next((index for index, each in enumerate(stack.items) if name in iter_panels(each)), None)
        for name in (panel, beside)
    ]
    if holders[0] is None or holders[1] is None:
        return "none"
    is_before = holders[0] < holders[1]
    if stack.kind == "row":
        return "left" if is_before else "right"
    return "above" if is_before else "below"


def find_target(layout: Any, panel: str) -> str:
    """Return the name of the largest part of a layout that shows only one panel: the id of a stack, or the panel."""
    stack = Stack.of(layout)
    if stack is None:
        return panel
    name = stack.options.get("id")
    if isinstance(name, str) and {*iter_panels(layout)} == {panel}:
        return name
    return next((find_target(each, panel) for each in stack.items if panel in iter_panels(each)), panel)


def remove_panel(item: Any, panel: str) -> Any:
    """Return an item without a panel; None if nothing is left. Stacks that have no use any more go with it."""
    stack = Stack.of(item)
    if stack is None:
        return None if item == panel else item
    if panel not in iter_panels(item):
        return item
    items = [left for each in stack.items if (left := remove_panel(each, panel)) is not None]
    if not items:
        return None
    is_done = len(items) == 1 and len(stack.items) == 2 and stack.is_plain
    return items[0] if is_done else stack.with_items(items)


def put_beside(item: Any, panel: str, target: str, place: Place) -> Any:
    """Return an item with a panel beside a part of it: in the stack around that part if this has the direction."""
    stack = Stack.of(item)
    if stack is None:
        return item
    kind = "row" if place in ("left", "right") else "column"
    for index, each in enumerate(stack.items):
        if is_named(each, target):
            if stack.kind == kind:
                at = index + (place in ("right", "below"))
                return stack.with_items([*stack.items[:at], panel, *stack.items[at:]])
            return stack.with_items(
                [*stack.items[:index], wrap(each, panel, each, place), *stack.items[index + 1 :]]
            )
        if any(is_named(part, target) for part in iter_items(each)):
            changed = put_beside(each, panel, target, place)
            return stack.with_items([*stack.items[:index], changed, *stack.items[index + 1 :]])
    return item


def wrap(name: Any, panel: str, part: Any, place: Place) -> Any:
    """Return a stack of a part and a panel beside it.

    Args:
        name: What stands for the part: itself, or its name.
        panel: The panel.
        part: The part; if it takes the space that is left over, the stack does so.
        place: Where the panel stands.
    """
    kind = "row" if place in ("left", "right") else "column"
    stack = Stack.of(part)
    grow = {"grow": 1} if stack is not None and stack.options.get("grow") else {}
    items = [panel, name] if place in ("left", "above") else [name, panel]
    return {kind: {**grow, "gap": GAPS[kind], "items": items}}


def iter_items(item: Any) -> Iterator[Any]:
    """Yield an item and everything in it."""
    yield item
    stack = Stack.of(item)
    for each in stack.items if stack is not None else ():
        yield from iter_items(each)


def is_named(item: Any, name: str) -> bool:
    """Whether an item is a panel, or a stack with an id, of a name."""
    stack = Stack.of(item)
    return item == name if stack is None else stack.options.get("id") == name


def find_item(layout: Any, name: str) -> Any:
    """Return the part of a layout with a name; None if there is none."""
    return next((item for item in iter_items(layout) if is_named(item, name)), None)


def without_patch(layout: Any) -> Any:
    """Return a layout without `at`; None if it has nothing else."""
    if not isinstance(layout, dict):
        return layout
    return {key: value for key, value in layout.items() if key != PATCH_KEY} or None
