"""Names of the classes between which a network decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from reelnet._support.text import format_count, to_utf8
from reelnet.errors import ReelnetError

MAX_CLASSES, MAX_CLASS_NAME = 1_000_000, 10_000
"""Names that a run may have, and characters of a name; more are a mistake."""


def format_class_names(classes: Iterable[object], key: str = "classes") -> tuple[str, ...]:
    """Convert class names to strings.

    Args:
        classes: One name per class.
        key: What the caller calls them, for errors.

    Raises:
        ReelnetError: There are fewer than two, two are the same, or there are too many, or too long ones.
    """
    names = tuple(to_utf8(str(each)) for each in islice(classes, MAX_CLASSES + 1))
    if len(names) < 2:
        raise ReelnetError(
            f"{key}: got {format_count(len(names), 'name')}; give one for each of two or more classes"
        )
    if len(names) > MAX_CLASSES:
        raise ReelnetError(f"{key}: got more than {MAX_CLASSES:,} names; give one per class")
    if any(len(name) > MAX_CLASS_NAME for name in names):
        raise ReelnetError(f"{key}: a name has more than {MAX_CLASS_NAME:,} characters; shorten it")
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise ReelnetError(f"{key}: {name!r} is there twice; give each class a name of its own")
    return names
