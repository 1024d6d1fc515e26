"""Options that do not fit, each with the keys that lead to it below the part that is looked at.

Mistakes of a template file: where each one stands, what is wrong, and one error for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import yaml

from reelnet.errors import TemplateError

Path = tuple[str | int, ...]

Found = tuple[Path, str]
"""A path of keys, and what is wrong there."""


class Misfit(ValueError):  # noqa: N818
    """One option, or several, that do not fit the run or each other.

    Args:
        what: What is wrong, and what would work.
        path: The keys that lead to the option, below the panel or section that it belongs to.

    Attributes:
        found: Each mistake with its path.
    """

    def __init__(self, what: str, *path: str | int) -> None:
        super().__init__(what)
        self.found: tuple[Found, ...] = ((path, what),)

    @classmethod
    def of(cls, found: Iterable[Found]) -> Misfit:
        """Several mistakes, at least one."""
        found = tuple(found)
        error = cls("; ".join(what for _, what in found))
        error.found = found
        return error


def found_in(error: Exception) -> tuple[Found, ...]:
    """What an error tells, whether it knows its keys or not."""
    return error.found if isinstance(error, Misfit) else (((), str(error)),)


@contextmanager
def under(*path: str | int) -> Iterator[None]:
    """Put keys before those of a mistake."""
    try:
        yield
    except ValueError as error:
        raise Misfit.of(((*path, *below), what) for below, what in found_in(error)) from None


class Misfits:
    """Collects mistakes, so that all of them are told at once."""

    def __init__(self) -> None:
        self._found: list[Found] = []

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Take down what does not fit below some keys, and go on behind it."""
        try:
            yield
        except ValueError as error:
            self._found += (((*path, *below), what) for below, what in found_in(error))

    def check(self) -> None:
        """Raise what was found.

        Raises:
            Misfit: Something was.
        """
        if self._found:
            raise Misfit.of(self._found)


MOST_SHOWN = 50
MOST_LETTERS = 400
"""Of one mistake; what an author wrote may be longer than anyone would read."""

BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What the YAML parser takes for the end of a line."""

COLOUR = r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b"


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A place in a file, counted from 1; line 0 stands for something that has no lines.

    Attributes:
        file: The file as it was asked for, or another origin, such as an option of the command line.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong. Mistakes are in order by file, line and column.

    Attributes:
        place: None if it is not from a file.
        where: The keys that lead to it, such as `layout.column.items[2]`; empty for the whole file.
        what: What is wrong, and what would work.
    """

    place: Place | None
    where: str
    what: str

    def __str__(self) -> str:
        parts = (str(self.place or ""), self.where, brief(self.what))
        return ": ".join(" ".join(part.splitlines()) for part in parts if part)

    def __lt__(self, other: Mistake) -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[Place, str, str]:
        return self.place or Place("", 0, 0), self.where, self.what


class InvalidTemplate(TemplateError):  # noqa: N818
    """Everything that is wrong with a template, a line for each mistake, in order; the first 50 are shown.

    Args:
        mistakes: At least one.
    """

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        lines = list(dict.fromkeys(map(str, self.mistakes)))
        if len(lines) > MOST_SHOWN:
            lines[MOST_SHOWN:] = [f"… and {len(lines) - MOST_SHOWN} more"]
        super().__init__("\n".join(lines))


def raise_all(mistakes: Iterable[Mistake]) -> None:
    """Raises one error with every mistake; nothing happens if there is none.

    Raises:
        InvalidTemplate: There are mistakes.
    """
    mistakes = tuple(mistakes)
    if mistakes:
        raise InvalidTemplate(mistakes)


def fail(place: Place | None, what: str, where: str = "") -> NoReturn:
    """Raises the error of a single mistake, where nothing after it can be read.

    Raises:
        InvalidTemplate: Always.
    """
    raise InvalidTemplate([Mistake(place, where, what)])


def brief(what: str) -> str:
    """A mistake without its middle, if it is long: it begins with the value, and ends with what would work."""
    half = MOST_LETTERS // 2
    return what if len(what) <= MOST_LETTERS else f"{what[:half]} … {what[-half:]}"


def dotted(path: Sequence[str | int]) -> str:
    """A path of keys as authors read it: `layout.column.items[2]`."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")


def place_at(text: str, index: int, file: str) -> Place:
    """The place of the character at `index` of a text."""
    lines = BREAK.split(text[:index])
    return Place(file, len(lines), len(lines[-1]) + 1)


def syntax_mistake(error: yaml.MarkedYAMLError, text: str, file: str) -> Mistake:
    """A mistake of YAML's grammar, in words for people who do not know the names of the grammar."""
    words = f"{error.context or ''}: {error.problem or ''}"
    seen = error.problem_mark or error.context_mark
    opened = error.context_mark or seen
    for pattern, plain, at_opening in _PLAIN:
        if found := re.search(pattern, words):
            mark, what = opened if at_opening else seen, found.expand(plain)
            break
    else:
        mark, what = seen, f"this is not YAML: {error.problem}"
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    return Mistake(place, "", what + _likely_reason(text, error))


def _likely_reason(text: str, error: yaml.MarkedYAMLError) -> str:
    """Two ways in which templates in particular go wrong: a bare {word} before text, and a bare colour."""
    seen, opened = error.problem_mark, error.context_mark
    if seen is None or opened is None:
        return ""
    before, after = text[: seen.index].rstrip(" ")[-1:], text[seen.index : seen.index + 1]
    if before == "}" and after not in "{[}]":
        return "; text that starts with '{' must be quoted"
    # At the end of the file the parser no longer knows what is open.
    start = opened.index if opened.index < seen.index else 0
    colour = re.search(rf"(?<=[\[{{,:\s]){COLOUR}", text[start : seen.index])
    return f"; a colour must be quoted: '{colour[0]}'" if colour and "flow" in str(error.context) else ""


# Of the parser's words, what they mean, and whether the place is where the thing opened rather than where
# the parser noticed. The first that fits counts.
_PLAIN: tuple[tuple[str, str, bool], ...] = (
    (r"found character '\\t'", "a tab stands here; use spaces", False),
    (r"found character '(.+)' that cannot", r"a value cannot start with \1 unless it is quoted", False),
    (r"quoted scalar: found unexpected", "the quote that opens here is never closed", True),
    (r"unknown escape character '(.+)'", r"\\\1 means nothing in double quotes; use single quotes", False),
    (
        r"expected escape sequence of (\d+)",
        r"this escape in double quotes needs \1 hexadecimal digits",
        False,
    ),
    (
        r"could not find expected ':'",
        "expected 'key: value'; the ':' or the space after it is missing",
        True,
    ),
    (
        r"mapping values are not allowed",
        "a ': ' cannot stand here; quote its text or mend the line above",
        False,
    ),
    (r"sequence entries are not allowed", "a '- ' cannot stand here; put it on a line of its own", False),
    (r"mapping keys are not allowed", "a '? ' cannot stand here; quote the text that holds it", False),
    (r"expected <block end>", "this does not fit what stands above it; check the indentation", False),
    (
        r"expected ',' or '\]'",
        "the list that opens here needs ',' between its items and ']' at its end",
        True,
    ),
    (r"expected ',' or '\}'", "the map that opens here needs ',' between its keys and '}' at its end", True),
    (r"node content, but found '<stream end>'", "the file ends before a '{' or '[' is closed", False),
    (r"expected the node content", "a key or a value is missing here", False),
    (r"scanning an (alias|anchor)", "a value cannot start with '*' or '&' unless it is quoted", True),
    (
        r"(scanning|parsing) an? tag|tag handle",
        "tags such as !name are not allowed; quote text with a '!'",
        True,
    ),
    (r"block scalar", "after '|' or '>' the text starts on the next line", False),
    (r"directive|incompatible YAML", "a line that starts with '%' must be quoted", False),
    (r"<document start>", "this does not fit what stands above it; a template is one map of keys", False),
)
