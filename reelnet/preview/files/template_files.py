"""The templates that a page may name, their files, and what is written to them."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelnet._support.atomic_path import atomic_path
from reelnet.config.source import MAX_FILE_BYTES, get_child, read_text, to_plain
from reelnet.errors import ReelnetError, TemplateError, UsageError, suggest_names
from reelnet.preview.answer import View
from reelnet.template.load import load_node
from reelnet.template.search_path import MODELINE, SUFFIXES, SearchPath, find_builtin_folder, is_path
from reelnet.template.source import TemplateText

OWN_FOLDER = Path("templates")
"""Where templates of one's own are written."""

TEXT_NAME = "this reel"
"""The name of a template that is a text without a file."""

PLAIN_NAME = re.compile(r"[^\W_][\w .-]{0,99}")
"""A name of a template that is no path."""


@dataclass(frozen=True)
class TemplateFile:
    """The file of a template.

    Attributes:
        name: The name by which the page knows it.
        path: Where it is.
        text: Its text, with line breaks as they are.
        sha256: The checksum of its bytes.
    """

    name: str
    path: Path
    text: str
    sha256: str

    @property
    def writable(self) -> bool:
        """Whether it may be saved."""
        return is_writable(self.path)

    def as_json(self) -> dict[str, Any]:
        """The file for the page."""
        return {
            "template": self.name,
            "file": "" if self.name == TEXT_NAME else shorten_path(self.path),
            "text": self.text,
            "sha256": self.sha256,
            "writable": self.writable,
            "exists": self.name == TEXT_NAME or self.path.exists(),
        }


class TemplateFiles:
    """The templates that can be named, and the one that the preview was started with.

    Args:
        given: The name, the file or the text that the preview was started with.

    Raises:
        TemplateError: There is no such template.
    """

    def __init__(self, given: str | TemplateText) -> None:
        self._last: dict[str, TemplateFile] = {}
        if isinstance(given, TemplateText):
            self.given = TEXT_NAME
            # The text is what was last read of a file that is not there. Its relative paths start from the folder.
            folder = Path() if given.file is None else given.file.parent
            self._given_path = (folder / TEXT_NAME).absolute()
            self._last[TEXT_NAME] = TemplateFile(
                TEXT_NAME, self._given_path, given.text, hash_text(given.text)
            )
        else:
            self.given = given
            self._given_path = SearchPath().find(given)

    def list_files(self) -> dict[str, Path]:
        """The file of each template by its name, the given one first."""
        found = SearchPath().list_templates()
        return {self.given: found.pop(self.given, self._given_path), **found}

    def find(self, name: str) -> Path:
        """The file of a template.

        Raises:
            UsageError: The page may not name it.
        """
        files = self.list_files()
        if name not in files:
            raise UsageError(f"no template {name!r}; {suggest_names(name, files)}")
        return files[name]

    def read(self, name: str) -> TemplateFile:
        """Read a template. While its file is missing or empty, because an editor is saving it, it is what it was.

        Raises:
            UsageError: The page may not name it.
            TemplateError: The file cannot be read.
        """
        before = self._last.get(name)
        try:
            path = self.find(name)
            text = read_text(path)
        except (UsageError, TemplateError):
            if before is None or before.path.exists():
                raise
            return before
        if not text and before is not None:
            return before
        self._last[name] = TemplateFile(name, path, text, hash_text(text))
        return self._last[name]

    def read_source(self, name: str) -> TemplateText:
        """The text of a template on disk; see `read`."""
        file = self.read(name)
        return TemplateText(file.text, file.path)

    def find_source(self, view: View) -> TemplateText:
        """The text of a view, from the page or from the file."""
        if view.text is None:
            return self.read_source(view.template)
        return TemplateText(view.text, self.read(view.template).path)

    def save(self, name: str, text: str, sha256: str) -> TemplateFile | None:
        """Write a template, unless its file has changed since the edits began.

        Args:
            name: The template.
            text: The new text.
            sha256: The checksum of the text from which the edits began.

        Returns:
            The file as it was written; None if it has changed meanwhile.

        Raises:
            UsageError: The page may not name it, or the text is too long.
            ReelnetError: It may not be written.
        """
        file = self.read(name)
        if not file.writable:
            raise ReelnetError(
                f"{shorten_path(file.path)}: cannot be changed; save the text under another name"
            )
        if file.sha256 != sha256:
            return None
        _write(file.path, _restore_form(text, file.text))
        return self.read(name)

    def save_as(self, name: str, text: str, origin: str, *, replace: bool) -> TemplateFile:
        """Write a new template to `templates/NAME.yaml`.

        Args:
            name: The name.
            text: The text.
            origin: The template from which the edits began.
            replace: Whether an existing file may be replaced.

        Raises:
            UsageError: It is not a name, or the file exists, or the text is too long.
            ReelnetError: It cannot be written.
        """
        if not PLAIN_NAME.fullmatch(name) or is_path(name):
            raise UsageError(f"{name!r}: give a name of letters, digits, spaces, dots, dashes, such as mine")
        source = self.find(origin)
        file = OWN_FOLDER / f"{name}{SUFFIXES[0]}"
        if os.path.lexists(file) and not replace:
            raise UsageError(f"{file}: exists already; give another name, or replace it")
        if source.parent.resolve() == find_builtin_folder().resolve():
            first, line_break, rest = text.partition("\n")
            if first.startswith(MODELINE):
                schema = (source.parent / first.removeprefix(MODELINE).strip()).resolve()
                text = f"{MODELINE}{schema}{line_break}{rest}"
        _write(file, text)
        return self.read(name)


def hash_text(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_writable(file: Path) -> bool:
    """Whether a template may be changed, or written again if it was deleted: those of reelnet itself may not."""
    is_own = file.resolve().parent == find_builtin_folder().resolve()
    if file.name == TEXT_NAME:
        # A text without a file.
        return False
    is_free = os.access(file, os.W_OK) or not os.path.lexists(file)
    return not is_own and is_free and os.access(file.resolve().parent, os.W_OK)


def shorten_path(file: str | Path) -> str:
    """The path of a file relative to the working folder, if it lies inside."""
    try:
        return str(Path(file).resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        # It lies elsewhere, or the working folder was deleted.
        return str(file)


def describe_template(source: Path | TemplateText) -> str:
    """The `about` sentence of a template.

    Raises:
        TemplateError: It cannot be read.
    """
    about = get_child(load_node(source), "about")
    return "" if about is None else str(to_plain(about) or "")


def _restore_form(text: str, before: str) -> str:
    """A text with the byte order mark and the line breaks of an earlier text; editors drop both."""
    if "\r\n" in before and "\r\n" not in text:
        text = text.replace("\n", "\r\n")
    return "\ufeff" + text if before.startswith("\ufeff") and not text.startswith("\ufeff") else text


def _write(file: Path, text: str) -> None:
    data = text.encode()
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(
            f"{file}: a template has at most {MAX_FILE_BYTES:,} bytes, and this has {len(data):,}"
        )
    mode = file.stat().st_mode & 0o777 if file.exists() else None
    with atomic_path(file) as temporary:
        temporary.write_bytes(data)
        if mode is not None:
            temporary.chmod(mode)
