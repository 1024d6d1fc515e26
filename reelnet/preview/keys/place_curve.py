"""The place of a curve beside the main panel, and of captions below it, as edits of a template's text."""

from __future__ import annotations

from typing import Any

from reelnet.preview.keys.layout_moves import (
    Place,
    find_item,
    find_place,
    find_target,
    iter_panels,
    put_beside,
    remove_panel,
    without_patch,
    wrap,
)
from reelnet.preview.keys.written import Written, get_value
from reelnet.template.edit.set_key import set_key
from reelnet.template.source import TemplateText

SIDE_PANELS = frozenset(
    {
        "text",
        "counter",
        "colorbar",
        "curve",
        "progress",
        "captions",
        "spacer",
        "tally",
        "verdict",
        "histogram",
    }
)
"""Kinds of panels that go with others."""


def find_main_panel(written: Written) -> str | None:
    """Return the first panel of the layout that shows what the reel is about; None if there is none."""
    names = iter_panels(written.whole.get("layout"))
    return next((name for name in names if written.kind_of(name) not in SIDE_PANELS), None)


def find_curve(written: Written) -> str | None:
    """Return the first panel of kind `curve` that the template has; None if there is none."""
    panels = get_value(written.whole, ("panels",))
    names = [*(panels if isinstance(panels, dict) else ()), *iter_panels(written.whole.get("layout"))]
    return next((str(name) for name in names if written.kind_of(str(name)) == "curve"), None)


def place_panel(source: TemplateText, panel: str, main: str, place: Place) -> str:
    """Put a panel beside another one, and return the changed text of the template.

    Args:
        source: The text of the template.
        panel: The panel that moves.
        main: The panel that it stands beside.
        place: Where it then stands; `none` removes it from the layout.

    Raises:
        TemplateError: The text cannot be changed.
    """
    written = Written.read(source)
    text = _patch(source, written, panel, main, place)
    if text is not None:
        layout = Written.read(TemplateText(text, source.file)).whole.get("layout")
        if find_place(layout, panel, main) == place:
            return text
    whole = written.whole.get("layout")
    layout = remove_panel(whole, panel)
    if place != "none":
        layout = put_beside(layout, panel, find_target(layout, main), place)
    own = get_value(written.own, ("layout",))
    # Changes of an inherited layout and a layout do not go together.
    cleared = (
        set_key(source.text, ("layout", "at"), None) if isinstance(own, dict) and "at" in own else source.text
    )
    return set_key(cleared, ("layout",), layout)


def _patch(source: TemplateText, written: Written, panel: str, main: str, place: Place) -> str | None:
    """Return the text with changes of the inherited layout; None if the template has a layout of its own."""
    inherited = written.inherited.get("layout")
    own = get_value(written.own, ("layout",))
    if inherited is None or (own is not None and without_patch(own) is not None):
        return None
    entries: dict[str, Any] = dict(get_value(own, ("at",)) or {})
    target = find_target(inherited, main)
    if entries.get(panel, "") is None:
        del entries[panel]
    item = remove_panel(entries.get(target, target), panel)
    if place == "none":
        if panel in iter_panels(inherited):
            entries[panel] = None
    elif place != find_place(inherited, panel, main):
        item = wrap(item, panel, find_item(inherited, target), place)
    if item == target:
        entries.pop(target, None)
    else:
        entries[target] = item
    path = ("layout", "at") if entries else ("layout",)
    return set_key(source.text, path, entries or None)
