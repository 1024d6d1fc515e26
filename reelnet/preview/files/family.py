"""All files that decide what a template says: itself, what it extends, and the files that it names."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reelnet.config.source import Node, expand_home, find_position, get_child, read_text, to_plain
from reelnet.errors import ReelnetError
from reelnet.render.registry import panel_registry
from reelnet.template.load import iter_file_keys, load_node, read_template_text
from reelnet.template.search_path import SearchPath
from reelnet.template.source import TemplateText

MAX_FILES = 50
"""Files of a family that are followed; a valid template extends 20 at most."""

FileState = tuple[int, int, int] | None
"""Time of the last change in ns, bytes and inode of a file; None if it is missing."""


@dataclass(frozen=True)
class Family:
    """What decides what a template says. Equal families mean the same.

    Attributes:
        texts: The files of the template and of all that it extends, with their texts.
        named: The pictures and fonts that they name, with their states.
    """

    texts: tuple[TemplateText, ...]
    named: tuple[tuple[Path, FileState], ...]

    @classmethod
    def find(cls, source: TemplateText) -> Family:
        """Find the family of a template. What is missing or invalid has no part in it."""
        texts = tuple(_find_texts(source))
        return cls(texts, tuple((file, find_state(file)) for file in _find_named(source)))

    def is_like(self, other: Family) -> bool:
        """Whether only the text of the template itself may differ."""
        return self.texts[1:] == other.texts[1:] and self.named == other.named

    @property
    def files(self) -> tuple[Path, ...]:
        """All files."""
        own = (text.file for text in self.texts if text.file is not None)
        return (*own, *(file for file, _ in self.named))


def find_state(file: Path) -> FileState:
    """The state of a file.

    It is opened for this: clients of network file systems ask the server then, but may repeat an old answer else.
    """
    try:
        # A pipe must not block.
        number = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    try:
        state = os.fstat(number)
    finally:
        os.close(number)
    return state.st_mtime_ns, state.st_size, state.st_ino


def _find_texts(source: TemplateText) -> Iterator[TemplateText]:
    search_path, seen, waiting = SearchPath(), set[str](), deque([source])
    while waiting and len(seen) < MAX_FILES:
        text = waiting.popleft()
        yield text
        file = text.file or Path()
        seen.add(os.path.realpath(file))
        for name in _list_extended(text):
            with suppress(ReelnetError):
                extended = search_path.find_extended(name, file)
                if os.path.realpath(extended) not in seen:
                    waiting.append(TemplateText(read_text(extended), extended))


def _list_extended(text: TemplateText) -> Iterator[str]:
    """The names that a text extends."""
    with suppress(ReelnetError):
        extends = get_child(read_template_text(text, []), "extends")
        value = None if extends is None else extends.value
        for each in value if isinstance(value, list) else [extends]:
            if isinstance(each, Node) and isinstance(each.value, str):
                yield each.value


def _find_named(source: TemplateText) -> Iterator[Path]:
    """The files that a template names, whether they exist or not."""
    with suppress(ReelnetError):
        node = load_node(source, deferred=[])
        for path in iter_file_keys(content := to_plain(node), panel_registry()):
            value, position = content, find_position(node, path)
            for step in path:
                value = value[step]
            if isinstance(value, str):
                with suppress(ValueError):
                    yield Path(position.file).parent / expand_home(value)
