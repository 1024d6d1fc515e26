"""A change of a control, as an edit of the template's text."""

from __future__ import annotations

import re
from typing import Any, cast, get_args

from pydantic import ValidationError

from reelnet._support.arguments import describe_value, require_texts
from reelnet.config.diagnostics import KeyPath
from reelnet.errors import TemplateError, UsageError, suggest_names
from reelnet.preview.keys.caption_texts import change_texts, find_captions
from reelnet.preview.keys.controls import CANVAS_KEY, CAPTIONS_KEY, CURVE_KEY
from reelnet.preview.keys.layout_moves import Place, find_place, iter_panels
from reelnet.preview.keys.place_curve import find_curve, find_main_panel, place_panel
from reelnet.preview.keys.selections import parse_selection
from reelnet.preview.keys.written import Written, get_value
from reelnet.template.edit.set_key import set_key
from reelnet.template.settings import parse_key_path
from reelnet.template.source import TemplateText
from reelnet.template.theme import ThemeSpec

SMALL_TEXT = 60
"""How many lines of the smallest legible text the narrow side of a frame has room for, on a phone for instance."""

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def set_control(source: TemplateText, key: str, value: Any) -> str:
    """Change the value of a control, and return the changed text of the template.

    Args:
        source: The text of the template.
        key: The key of the control: a path such as `panels.title.text`, or one that stands for several keys.
        value: The value, as JSON has it; None restores what holds without the key.

    Raises:
        UsageError: The key is no path, or it does not take the value.
        TemplateError: The text has mistakes, or must be changed by hand here.
    """
    if key == CURVE_KEY:
        return _place_curve(source, value)
    if key == CAPTIONS_KEY:
        return _write_captions(source, value)
    if key == CANVAS_KEY:
        value = _size_frame(source, value)
    path = _find_path(source, key)
    if path[-1] == "show" and isinstance(value, str):
        value = parse_selection(value)
    if path == ("theme", "base") and not _has_theme_keys(source):
        path = ("theme",)
    return set_key(source.text, path, value)


def _size_frame(source: TemplateText, value: Any) -> Any:
    """Return the canvas of a size such as `1080x1920`: with larger pixels if text would be too small to read."""
    size = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if size is None:
        return value
    width, height = int(size[1]), int(size[2])
    try:
        theme = ThemeSpec.model_validate(Written.read(source).whole.get("theme") or {}).resolve()
    except (TemplateError, ValidationError):
        # The edit itself, or the check of the text, says what is wrong.
        return value
    is_small = theme.text * SMALL_TEXT < min(width, height)
    if not is_small or width % 4 or height % 4:
        return value
    return {"width": width // 2, "height": height // 2, "density": 2}


def _find_path(source: TemplateText, key: str) -> KeyPath:
    """Return the path of a key. A name of a panel may have dots."""
    for name in _list_panels(source) if key.startswith("panels.") else ():
        if "." in name and key.startswith(f"panels.{name}."):
            return ("panels", name, *parse_key_path(key.removeprefix(f"panels.{name}."), "key"))
    return parse_key_path(key, "key")


def _list_panels(source: TemplateText) -> list[str]:
    try:
        panels = Written.read(source).whole.get("panels")
    except TemplateError:
        # The edit itself says what is wrong.
        return []
    return [*panels] if isinstance(panels, dict) else []


def _has_theme_keys(source: TemplateText) -> bool:
    """Whether the template itself has more of a theme than its name."""
    theme = get_value(Written.read(source).own, ("theme",))
    return isinstance(theme, dict) and theme.keys() != {"base"}


def _place_curve(source: TemplateText, value: Any) -> str:
    written = Written.read(source)
    main, curve = find_main_panel(written), find_curve(written)
    if main is None or curve is None:
        raise UsageError(f"{CURVE_KEY}: the template has no curve, or nothing that it could stand beside")
    places = get_args(Place)
    inherited = find_place(written.inherited.get("layout"), curve, main)
    value = inherited if value is None else value
    if value not in places:
        raise UsageError(f"{CURVE_KEY} {describe_value(value)}: {suggest_names(str(value), places)}")
    text = place_panel(source, curve, main, cast("Place", value))
    return _free_height(
        TemplateText(text, source.file), curve, is_beside=value in ("left", "right") and value != inherited
    )


def _free_height(source: TemplateText, curve: str, *, is_beside: bool) -> str:
    """Let a curve beside maps have the height that its narrow box needs, not one for the width of the frame."""
    written, path = Written.read(source), ("panels", curve, "chart_height")
    own = get_value(written.own, path[:2]) or {}
    if is_beside and get_value(written.inherited, path) is not None:
        return set_key(source.text, path[:2], {**own, path[-1]: None})
    if is_beside or (path[-1] in own and own[path[-1]] is None):
        return set_key(source.text, path, None)
    return source.text


def _write_captions(source: TemplateText, value: Any) -> str:
    written = Written.read(source)
    captions, main = find_captions(written.whole), find_main_panel(written)
    texts = [] if value is None else require_texts(CAPTIONS_KEY, value, example='["At first"]')
    texts = [text for text in texts if text.strip()]
    is_placed = captions in iter_panels(written.whole.get("layout"))
    text = source.text
    if texts:
        text = set_key(text, ("panels", captions, "items"), change_texts(written, captions, texts))
    elif captions in (get_value(written.own, ("panels",)) or {}):
        text = set_key(text, ("panels", captions), None)
    source = TemplateText(text, source.file)
    has_captions = bool(texts) or (
        value is None and get_value(written.inherited, ("panels", captions)) is not None
    )
    if is_placed == has_captions:
        return text
    if main is None:
        raise UsageError(f"{CAPTIONS_KEY}: the template has no panel that captions could stand below")
    return place_panel(source, captions, main, "below" if has_captions else "none")
