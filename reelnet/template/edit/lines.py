r"""Lines of a text that is edited: where they begin and end, and which comments belong to a key.

Line breaks are `\n` here; `restore_breaks` puts those of the author back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BREAK = re.compile("\r\n|\r|\n")
_COMMENT = re.compile(r" *#")


@dataclass(frozen=True)
class LineBreaks:
    r"""The line breaks of a text, which an edit of the text must keep.

    Attributes:
        text: The text with `\n` for each of them.
        breaks: The breaks, in order.
    """

    text: str
    breaks: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> LineBreaks:
        """Take the breaks from a text."""
        return cls(_BREAK.sub("\n", text), tuple(_BREAK.findall(text)))

    def restore(self, changed: str) -> str:
        """Put the breaks back into the changed text: unchanged lines keep theirs, new ones get the first one."""
        old, new = self.text.split("\n"), changed.split("\n")
        shorter = min(len(old), len(new))
        first = next((index for index in range(shorter) if old[index] != new[index]), shorter)
        last = next((n for n in range(shorter - first) if old[-1 - n] != new[-1 - n]), shorter - first)
        usual = self.breaks[0] if self.breaks else "\n"
        count = len(new) - 1
        breaks = [
            self.breaks[index]
            if index < first and index < len(self.breaks)
            else self.breaks[len(self.breaks) - (count - index)]
            if count - index <= min(last, len(self.breaks))
            else usual
            for index in range(count)
        ]
        return "".join(line + end for line, end in zip(new, [*breaks, ""], strict=True))


def line_start(text: str, index: int) -> int:
    """Return the start of the line that an index is in."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """Return the index of the line break that ends the line of an index, or of the end of the text."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found


def column_of(text: str, index: int) -> int:
    """Return the number of characters before an index in its line."""
    return index - line_start(text, index)


def starts_line(text: str, index: int) -> bool:
    """Whether only spaces are before an index in its line."""
    return not text[line_start(text, index) : index].strip()


def find_own_comments(text: str, start: int) -> int:
    """Return where the comments above a line begin that belong to it: directly above, with the same indentation.

    Comments at the beginning of the text belong to all of it.

    Args:
        text: The text.
        start: The start of the line.
    """
    indent = _count_spaces(text, start)
    first = start
    while first > 0:
        above = line_start(text, first - 1)
        if not _COMMENT.match(text, above) or _count_spaces(text, above) != indent:
            return first
        first = above
    return start


def delete_lines(text: str, start: int, end: int) -> str:
    """Delete whole lines, and a blank line beside them if another one or nothing is at their other side.

    Args:
        text: The text.
        start: The start of the first line.
        end: The end of the last line, without its line break.
    """
    above = line_start(text, start - 1)
    below = text[end + 1 : line_end(text, end + 1)]
    if not text[above:start].strip() and not below.strip():
        start, end = (above, end) if start > 0 else (start, line_end(text, end + 1))
    if end < len(text):
        return text[:start] + text[end + 1 :]
    # Without a line break at its end, the text keeps having none.
    return text[: max(start - 1, 0)]


def _count_spaces(text: str, start: int) -> int:
    line = text[start : line_end(text, start)]
    return len(line) - len(line.lstrip(" "))
