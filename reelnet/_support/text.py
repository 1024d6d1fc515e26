"""Small texts for messages."""

from __future__ import annotations

import unicodedata


def format_count(count: int, noun: str) -> str:
    """A number of things, such as `1 step` or `1,200 steps`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def one_line(error: BaseException) -> str:
    """The message of an error on one line, or the name of its type if it has no message."""
    return " ".join(str(error).split()) or type(error).__name__


def make_printable(text: str) -> str:
    """Escape what would change a terminal or the order of a line: control and format characters, and line ends.

    Names and notes that come from files go through this before they are part of a message.
    """
    if text.isprintable():
        return text
    return "".join(ascii(character)[1:-1] if _must_be_escaped(character) else character for character in text)


def _must_be_escaped(character: str) -> bool:
    # The two format characters that do not reorder anything join letters of emoji and of Persian.
    return (
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in "\u200c\u200d"
    )


def to_utf8(text: str) -> str:
    """The text with a replacement for what is no character, such as half a pair of surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8", "replace")
