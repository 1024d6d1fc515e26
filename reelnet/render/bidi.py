"""The order in which scripts from right to left stand in a line, by the Unicode Bidirectional Algorithm (UAX #9).

Explicit embeddings, overrides and isolates are ignored: no text can change the order of its letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from unicodedata import bidirectional

BRACKETS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "（": "）",
    "「": "」",
    "『": "』",
    "【": "】",
    "〈": "〉",
    "《": "》",
}
IGNORED = {"BN", "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
NEUTRAL = {"B", "S", "WS", "ON"}
LEFT_TO_RIGHT_MARK, RIGHT_TO_LEFT_MARK = "\u200e", "\u200f"


def base_direction(text: str) -> int:
    """The direction of a paragraph: that of its first letter. 1 is from right to left, 0 from left to right."""
    strong = (bidirectional(character) for character in text)
    return next((int(each != "L") for each in strong if each in ("L", "R", "AL")), 0)


def direction_mark(direction: int) -> str:
    """The invisible letter of a direction."""
    return RIGHT_TO_LEFT_MARK if direction else LEFT_TO_RIGHT_MARK


def resolve_levels(text: str) -> list[int]:
    """The embedding level of each character: letters at odd levels go from right to left."""
    base = base_direction(text)
    classes = [bidirectional(character) or "L" for character in text]
    kept = [index for index, name in enumerate(classes) if name not in IGNORED]
    names = [classes[index] for index in kept]
    _resolve_weak(names, "R" if base else "L")
    _pair_brackets([text[index] for index in kept], names, "R" if base else "L")
    _resolve_neutral(names, "R" if base else "L")
    levels, known = [base] * len(text), dict(zip(kept, names, strict=True))
    for index in range(len(text)):
        name = known.get(index)
        if name is None:
            # An ignored character stays with the one before it.
            levels[index] = levels[index - 1] if index else base
        elif base:
            levels[index] = 1 if name == "R" else 2
        else:
            levels[index] = {"L": 0, "R": 1}.get(name, 2)
    for index in reversed(range(len(text))):
        if classes[index] not in ("WS", "S", "B", *IGNORED):
            break
        levels[index] = base
    return levels


def visual_order(levels: Sequence[int]) -> list[int]:
    """The indices of pieces of a line from left to right, for their levels (rule L2)."""
    order = list(range(len(levels)))
    for lowest in range(max(levels, default=0), 0, -1):
        highs = [levels[index] >= lowest for index in order]
        start = 0
        for is_high, run in groupby(highs):
            end = start + len([*run])
            if is_high:
                order[start:end] = order[start:end][::-1]
            start = end
    return order


def _resolve_weak(names: list[str], base: str) -> None:
    """Give numbers, and what belongs to them, their class (rules W1 to W7)."""
    _resolve_marks(names, base)
    _join_numbers(names)
    strong = base
    for index, name in enumerate(names):
        if name in ("L", "R"):
            strong = name
        elif name in ("ES", "ET", "CS"):
            names[index] = "ON"
        elif name == "EN" and strong == "L":
            names[index] = "L"


def _resolve_marks(names: list[str], base: str) -> None:
    """Give marks the class of their letter, and numbers after Arabic letters theirs (rules W1 to W3)."""
    previous = strong = base
    for index, name in enumerate(names):
        name = previous if name == "NSM" else name
        if name == "EN" and strong == "AL":
            name = "AN"
        if name in ("L", "R", "AL"):
            strong = name
        names[index] = previous = name
    names[:] = ["R" if name == "AL" else name for name in names]


def _join_numbers(names: list[str]) -> None:
    """Give separators and signs of numbers the class of their number (rules W4 and W5)."""
    for index in range(1, len(names) - 1):
        around = names[index - 1], names[index + 1]
        if (names[index] == "ES" and around == ("EN", "EN")) or (
            names[index] == "CS" and around in (("EN", "EN"), ("AN", "AN"))
        ):
            names[index] = around[0]
    start = 0
    for name, run in groupby(names[:]):
        end = start + len([*run])
        if name == "ET" and "EN" in (*names[max(0, start - 1) : start], *names[end : end + 1]):
            names[start:end] = ["EN"] * (end - start)
        start = end


def _pair_brackets(characters: Sequence[str], names: list[str], base: str) -> None:
    """Give both brackets of a pair one direction (rule N0)."""
    opened: list[int] = []
    pairs = []
    for index, character in enumerate(characters):
        if names[index] != "ON":
            continue
        if character in BRACKETS:
            opened.append(index)
        elif character in BRACKETS.values():
            matching = [start for start in opened if BRACKETS[characters[start]] == character]
            if matching:
                pairs.append((matching[-1], index))
                opened = [start for start in opened if start < matching[-1]]
    for start, end in sorted(pairs):
        inside = {_as_strong(name) for name in names[start + 1 : end]} - {""}
        if base in inside:
            names[start] = names[end] = base
        elif inside:
            before = next((strong for name in names[start - 1 :: -1] if (strong := _as_strong(name))), base)
            names[start] = names[end] = before if start and before in inside else base


def _resolve_neutral(names: list[str], base: str) -> None:
    """Give neutral characters the direction around them, or that of the paragraph (rules N1 and N2)."""
    index = 0
    for neutral, run in groupby(names[:], lambda name: name in NEUTRAL):
        end = index + len([*run])
        if neutral:
            before = _as_strong(names[index - 1]) if index else base
            after = _as_strong(names[end]) if end < len(names) else base
            names[index:end] = [before if before == after else base] * (end - index)
        index = end


def _as_strong(name: str) -> str:
    """The direction that a class gives to neutral characters beside it; empty if it is neutral itself."""
    return "R" if name in ("R", "EN", "AN") else name if name == "L" else ""
