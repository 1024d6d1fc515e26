"""Scripts and style sheets without what only readers need: comments, indentation and spaces. No name changes."""

from __future__ import annotations

import re
from collections.abc import Iterator

SCRIPT_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    | (?P<template>`)
    | (?P<regex>/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/\w*)
    | (?P<word>[\w$\#@]+(?:\.\d+)?)
    | (?P<sign>=>|\?\?=?|\?\.(?!\d)|\*\*=?|[-+]{2}|[<>=!]=+|&&=?|\|\|=?|<<=?|>>>?=?|\.\.\.|[-+*/%&|^]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

BEFORE_REGEX = re.compile(r"(?:[=(,:\[!&|?{};+*<>-]|\b(?:return|typeof|case|of|in))$")
"""What stands before a regular expression, where a slash after a value divides."""

OPEN_END = re.compile(r"[{(\[,;:?=+*/%&|<>!.-]$")
"""The end of a line that goes on in the next one."""

OPEN_START = re.compile(r"^[})\],;:?=*/%&|<>.]")
"""The start of a line that goes on from the one before."""

WORD_END, WORD_START = re.compile(r"[\w$]$"), re.compile(r"^[\w$#@]")


def shorten_script(source: str) -> str:
    """A script that does the same in fewer bytes. Line ends that may end a statement stay."""
    parts: list[str] = []
    last, line_ended = "", False
    for kind, text in _split_script(source):
        if kind in ("space", "comment"):
            line_ended |= "\n" in text
            continue
        if not last:
            separator = ""
        elif line_ended and not OPEN_END.search(last) and not OPEN_START.match(text):
            separator = "\n"
        else:
            is_two_words = WORD_END.search(last) and WORD_START.match(text)
            is_two_signs = last[-1] in "+-/" and text[0] == last[-1]
            separator = " " if is_two_words or is_two_signs else ""
        parts += [separator, text]
        last, line_ended = text, False
    return "".join(parts)


def shorten_style(source: str) -> str:
    """A style sheet that does the same in fewer bytes."""
    text = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)).strip()
    text = re.sub(r" ?([{};]) ?|([:,]) ", r"\1\2", text)
    return text.replace(";}", "}")


def _split_script(source: str) -> Iterator[tuple[str, str]]:
    """The tokens of a script, each with its kind; a template literal is one token."""
    place, last = 0, ""
    while place < len(source):
        match = SCRIPT_TOKEN.match(source, place)
        assert match is not None, "any character is a token"
        kind, text = str(match.lastgroup), match[0]
        if kind == "regex" and last and not BEFORE_REGEX.search(last):
            kind, text = "sign", "/"
        if kind == "template":
            text = source[place : _find_template_end(source, place)]
        yield kind, text
        place += len(text)
        if kind not in ("space", "comment"):
            last = text


def _find_template_end(source: str, start: int) -> int:
    """The place after a template literal, which may contain others."""
    place, depth = start + 1, 0
    while place < len(source):
        character = source[place]
        if character == "\\":
            place += 1
        elif character == "`" and depth == 0:
            return place + 1
        elif character == "`":
            place = _find_template_end(source, place) - 1
        elif depth == 0 and source.startswith("${", place):
            depth, place = 1, place + 1
        elif depth and character in "{}":
            depth += 1 if character == "{" else -1
        place += 1
    raise ValueError("a template literal has no end")
