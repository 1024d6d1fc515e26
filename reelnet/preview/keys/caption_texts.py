"""The texts of captions as one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reelnet.preview.keys.written import Written, get_value

KIND = "captions"

TIME_KEYS = ("from", "at", "to")
"""Keys of a caption that say when it comes and goes."""


def find_captions(content: Mapping[str, Any]) -> str:
    """Return the name of the panel of captions of a template; that of a new one if there is none."""
    panels = content.get("panels")
    for name, options in panels.items() if isinstance(panels, Mapping) else ():
        if isinstance(options, Mapping) and options.get("kind", name) == KIND:
            return str(name)
    return KIND


def list_items(content: Mapping[str, Any], captions: str) -> list[dict[str, Any]]:
    """Return the captions of a template."""
    items = get_value(content, ("panels", captions, "items"))
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def list_texts(content: Mapping[str, Any], captions: str) -> list[str]:
    """Return the texts of the captions of a template."""
    return [str(item.get("text", "")) for item in list_items(content, captions)]


def list_times(content: Mapping[str, Any], captions: str) -> list[str]:
    """Return when each caption comes, as the template says it, such as `from 50%`."""
    return [
        " ".join(f"{key} {item[key]}" for key in TIME_KEYS if item.get(key) is not None)
        for item in list_items(content, captions)
    ]


def change_texts(written: Written, captions: str, texts: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return the captions with other texts, as the template itself must have them.

    A caption whose text stays keeps all that it has, also in another place; of the others, each new text replaces the
    one in its place. Further texts are new captions, which divide the rest of the training.

    Args:
        written: The template.
        captions: The panel.
        texts: All texts, at least one.

    Returns:
        The value of `items`; None if the inherited captions say the same.
    """
    before, inherited = list_items(written.whole, captions), list_items(written.inherited, captions)
    left = list(range(len(before)))
    places: list[int | None] = []
    for text in texts:
        same = next((index for index in left if before[index].get("text") == text), None)
        places.append(same)
        if same is not None:
            left.remove(same)
    for number, place in enumerate(places):
        if place is None and number in left:
            places[number] = number
            left.remove(number)
    items = [
        {} if place is None else {**before[place], "text": text}
        for place, text in zip(places, texts, strict=True)
    ]
    for number, (item, text) in enumerate(zip(items, texts, strict=True)):
        if not item:
            item.update({"from": f"{_find_share(items, number)}%", "text": text})
    if items == inherited:
        return None
    return [_shorten(item, inherited) for item in items]


def _find_share(items: Sequence[Mapping[str, Any]], number: int) -> int:
    """Return the percentage of the training at which a new caption begins."""
    shares = [_read_share(item.get("from", 0)) for item in items[:number] if item]
    before = max(shares, default=0) if number else 0
    return before + -(-(100 - before) // (len(items) - number + 1)) if number else 0


def _read_share(start: Any) -> int:
    digits = str(start).removesuffix("%")
    return int(digits) if str(start).endswith("%") and digits.isdecimal() else 0


def _shorten(item: dict[str, Any], inherited: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Leave out what an item has from the inherited one with its id."""
    same = next((each for each in inherited if "id" in item and each.get("id") == item["id"]), {})
    return {key: value for key, value in item.items() if key == "id" or same.get(key) != value}
