"""Errors in what an author writes: which key, where in which file, what is wrong, and all of them at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from reelnet.errors import ReelnetError, RunError, TemplateError, UsageError

KeyPath = tuple[str | int, ...]
"""Keys of maps and indices of lists that lead to a value."""

MAX_SHOWN_DIAGNOSTICS = 50
MAX_MESSAGE_LENGTH = 400
"""Characters of one message that are shown; a quoted value may be longer than anyone would read."""

LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""The line breaks of YAML."""

HEX_COLOR = r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b"


class OptionError(ValueError):
    """One or several options that do not fit the run or each other.

    Args:
        message: What is wrong, and what would work.
        path: The keys that lead to the option, relative to the panel or section that reports it.

    Attributes:
        errors: The key path and the message of each error.
    """

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.errors: tuple[tuple[KeyPath, str], ...] = ((path, message),)

    @classmethod
    def from_errors(cls, errors: Iterable[tuple[KeyPath, str]]) -> OptionError:
        """Combine several errors, at least one, into a single exception."""
        errors = tuple(errors)
        combined = cls("; ".join(message for _, message in errors))
        combined.errors = errors
        return combined


@dataclass(frozen=True, order=True, slots=True)
class SourcePosition:
    """A position in a file; without arguments, the position of values that come from no file.

    Attributes:
        file: The path as the user gave it, or another source, such as an option of the command line.
        line: From 1; 0 for a source without lines.
        column: From 1.
    """

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, order=True, slots=True)
class Diagnostic:
    """One error in a file. Diagnostics sort by file, line and column.

    Attributes:
        position: Where the value, or its key, is written.
        key: The key path as authors read it, such as `layout.column.items[2]`; empty for the whole file.
        message: What is wrong, and what would work.
    """

    position: SourcePosition
    key: str
    message: str

    def __str__(self) -> str:
        parts = (str(self.position), self.key, shorten_message(self.message))
        return ": ".join(" ".join(part.splitlines()) for part in parts if part)


class InvalidTemplate(TemplateError):  # noqa: N818
    """Every error in a template, sorted, one per line. Only the first 50 lines are shown.

    Args:
        diagnostics: At least one.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(sorted(diagnostics))
        lines = list(dict.fromkeys(map(str, self.diagnostics)))
        if len(lines) > MAX_SHOWN_DIAGNOSTICS:
            lines[MAX_SHOWN_DIAGNOSTICS:] = [f"… and {len(lines) - MAX_SHOWN_DIAGNOSTICS} more"]
        super().__init__("\n".join(lines))


def _no_position(path: Sequence[str | int]) -> SourcePosition:
    return SourcePosition()


@dataclass(frozen=True)
class SourceMap:
    """The file, line and column of each key of a template.

    Attributes:
        find_position: Returns the position of a key path.
        moved: Actual paths of keys that are not written in their own section, by the first two keys of their usual
            path: panels that only the layout names, or the timeline and scale of one output.
    """

    find_position: Callable[[Sequence[str | int]], SourcePosition] = field(default=_no_position)
    moved: Mapping[KeyPath, KeyPath] = field(default_factory=dict)

    def diagnose(self, path: KeyPath, message: str) -> Diagnostic:
        """Add the position of a key to a message about it."""
        path = (*self.moved.get(path[:2], path[:2]), *path[2:])
        return Diagnostic(self.find_position(path), format_key_path(path), message)


class ErrorCollector:
    """Collects errors in options, so that an author sees all of them at once.

    Args:
        source_map: Where the keys are written. Without it, `raise_errors` raises an `OptionError` for a caller that
            knows the file.
    """

    def __init__(self, source_map: SourceMap | None = None) -> None:
        self._source_map = source_map
        self._errors: list[tuple[KeyPath, str]] = []
        self._diagnostics: list[Diagnostic] = []

    def __bool__(self) -> bool:
        return bool(self._errors or self._diagnostics)

    @property
    def errors(self) -> tuple[tuple[KeyPath, str], ...]:
        """The key path and the message of each error that was recorded without a source map."""
        return tuple(self._errors)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The errors that were recorded with a source map."""
        return tuple(self._diagnostics)

    def add(self, message: str, *path: str | int) -> None:
        """Record an error at a key path."""
        if self._source_map is None:
            self._errors.append((path, message))
        else:
            self._diagnostics.append(self._source_map.diagnose(path, message))

    @contextmanager
    def collect(self, *path: str | int) -> Iterator[None]:
        """Record an error of the block below a key path, and continue after the block.

        Errors that are not about options pass through: those of the run, of the command line, and those of a template
        as a whole.
        """
        try:
            yield
        except (TemplateError, RunError, UsageError) as error:
            if self._source_map is None or not isinstance(error, InvalidTemplate):
                raise
            self._diagnostics += error.diagnostics
        except OptionError as error:
            for below, message in error.errors:
                self.add(message, *path, *below)
        except (ValueError, ReelnetError) as error:
            self.add(str(error), *path)

    def raise_errors(self) -> None:
        """Raise one exception with everything that was recorded; return if there is nothing.

        Raises:
            InvalidTemplate: There are errors, and their positions are known.
            OptionError: There are errors, and their positions are not known.
        """
        raise_diagnostics(self._diagnostics)
        if self._errors:
            raise OptionError.from_errors(self._errors)


@contextmanager
def error_context(*path: str | int, source_map: SourceMap | None = None) -> Iterator[None]:
    """Put a key path before those of an error in the block, and the position if a source map is given.

    Raises:
        InvalidTemplate: The block failed; with a source map.
        OptionError: The block failed; without a source map.
    """
    errors = ErrorCollector(source_map)
    with errors.collect(*path):
        yield
    errors.raise_errors()


def raise_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Raise one exception with all diagnostics; return if there are none.

    Raises:
        InvalidTemplate: There is at least one diagnostic.
    """
    diagnostics = tuple(diagnostics)
    if diagnostics:
        raise InvalidTemplate(diagnostics)


def raise_diagnostic(position: SourcePosition, message: str, key: str = "") -> NoReturn:
    """Raise a single error after which nothing more can be read.

    Raises:
        InvalidTemplate: Always.
    """
    raise InvalidTemplate([Diagnostic(position, key, message)])


def shorten_message(message: str) -> str:
    """Cut the middle out of a long message: it begins with the value and ends with what would work."""
    half = MAX_MESSAGE_LENGTH // 2
    return message if len(message) <= MAX_MESSAGE_LENGTH else f"{message[:half]} … {message[-half:]}"


def format_key_path(path: Sequence[str | int]) -> str:
    """Format a key path as authors read it: `layout.column.items[2]`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def locate_character(text: str, index: int, file: str) -> SourcePosition:
    """Return the position of the character at `index` of a text."""
    lines = LINE_BREAK.split(text[:index])
    return SourcePosition(file, len(lines), len(lines[-1]) + 1)


def diagnose_syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Diagnostic:
    """Explain a syntax error of YAML without the terms of its grammar."""
    parser_message = f"{error.context or ''}: {error.problem or ''}"
    noticed = error.problem_mark or error.context_mark
    opened = error.context_mark or noticed
    for pattern, explanation, at_opening in _SYNTAX_ERRORS:
        if match := re.search(pattern, parser_message):
            mark, message = opened if at_opening else noticed, match.expand(explanation)
            break
    else:
        mark, message = noticed, f"this is not YAML: {error.problem}"
    line, column = (mark.line, mark.column) if mark else (0, 0)
    position = SourcePosition(file, line + 1, column + 1)
    return Diagnostic(position, "", message + _guess_cause(text, error))


def _guess_cause(text: str, error: yaml.MarkedYAMLError) -> str:
    """Recognize two frequent slips: a bare {field} before text, and a color without quotes."""
    noticed, opened = error.problem_mark, error.context_mark
    if noticed is None or opened is None:
        return ""
    before, after = text[: noticed.index].rstrip(" ")[-1:], text[noticed.index : noticed.index + 1]
    if before == "}" and after not in "{[}]":
        return "; text that starts with '{' must be quoted"
    # At the end of the file the parser no longer knows what is open.
    start = opened.index if opened.index < noticed.index else 0
    color = re.search(rf"(?<=[\[{{,:\s]){HEX_COLOR}", text[start : noticed.index])
    return f"; a color must be quoted: '{color[0]}'" if color and "flow" in str(error.context) else ""


# Patterns of the parser's messages, their explanations, and whether to report where the construct opens rather
# than where the parser noticed the error. The first match counts.
_SYNTAX_ERRORS: tuple[tuple[str, str, bool], ...] = (
    (r"found character '\\t'", "a tab is not allowed here; use spaces", False),
    (r"found character '(.+)' that cannot", r"a value cannot start with \1 unless it is quoted", False),
    (r"quoted scalar: found unexpected", "the quote that opens here is never closed", True),
    (r"unknown escape character '(.+)'", r"\\\1 is not an escape in double quotes; use single quotes", False),
    (r"expected escape sequence of (\d+)", r"this escape needs \1 hexadecimal digits", False),
    (r"could not find expected ':'", "expected 'key: value'; ':' or the space after it is missing", True),
    (r"mapping values are not allowed", "a ': ' is not allowed here; quote the text", False),
    (r"sequence entries are not allowed", "a '- ' is not allowed here; start a new line", False),
    (r"mapping keys are not allowed", "a '? ' is not allowed here; quote the text", False),
    (r"expected <block end>", "this does not match the lines above; check the indentation", False),
    (r"expected ',' or '\]'", "the list that opens here needs ',' between items and ']' at its end", True),
    (r"expected ',' or '\}'", "the map that opens here needs ',' between keys and '}' at its end", True),
    (r"node content, but found '<stream end>'", "the file ends before a '{' or '[' is closed", False),
    (r"expected the node content", "a key or a value is missing here", False),
    (r"scanning an (alias|anchor)", "a value cannot start with '*' or '&' unless it is quoted", True),
    (r"(scanning|parsing) an? tag|tag handle", "tags such as !name are not allowed; quote the text", True),
    (r"block scalar", "after '|' or '>' the text starts on the next line", False),
    (r"directive|incompatible YAML", "a line that starts with '%' must be quoted", False),
    (r"<document start>", "this does not match the lines above; a template is one map of keys", False),
)
