"""What a template can be loaded from: a name, a file, YAML text, or a mapping from Python."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelnet._support.arguments import describe_value
from reelnet.errors import UsageError

NO_FILE = "template"
"""The name in errors of a template without a file. Its relative paths start from the current folder."""

_IS_TEXT = re.compile(r"[\r\n]|: ")


@dataclass(frozen=True)
class TemplateText:
    """YAML text that is read instead of a file, such as an editor's text of a file that is not saved yet.

    Attributes:
        text: The text.
        file: The file that it belongs to, which need not exist: errors name it, relative paths start from its folder,
            and templates that extend it or that it extends are found as if the text were saved. None for a text
            without a file.
    """

    text: str
    file: Path | None = None

    @property
    def name(self) -> str:
        """The name of the file, or that of a template without one."""
        return NO_FILE if self.file is None else str(self.file)


TemplateSource = str | os.PathLike[str] | TemplateText | Mapping[str, Any]
"""A name or a path, YAML text, or the content of a template as a mapping."""


def read_template_argument(value: Any) -> TemplateSource:
    """Return what a template of a call from Python means.

    A text with a line break or with a colon and a space is YAML, any other text a name or a path.

    Raises:
        UsageError: It is neither a name, a path, a text, nor a mapping.
    """
    if isinstance(value, str):
        return TemplateText(value) if _IS_TEXT.search(value) else value
    if isinstance(value, TemplateText | Mapping):
        return value
    if isinstance(value, os.PathLike) and isinstance(path := os.fspath(value), str):
        return Path(path)
    raise UsageError(
        f"template {describe_value(value)}: give a name, the path of a file, YAML text, or a dict of keys"
    )


def name_source(source: TemplateSource) -> str:
    """The name of a template in errors and reports."""
    if isinstance(source, TemplateText):
        return source.name
    return NO_FILE if isinstance(source, Mapping) else os.fspath(source)
