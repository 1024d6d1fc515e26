"""Small texts for messages."""

from __future__ import annotations


def format_count(count: int, noun: str) -> str:
    """A number of things, such as `1 step` or `1,200 steps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def one_line(error: BaseException) -> str:
    """The message of an error on one line, or the name of its type if it has no message."""
    return " ".join(str(error).split()) or type(error).__name__
