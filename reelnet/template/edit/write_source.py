"""A template that was given in Python, as a text that can be edited."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from reelnet.config.diagnostics import KeyPath
from reelnet.config.source import to_plain
from reelnet.template.edit.set_key import set_key
from reelnet.template.edit.write_value import write_flow
from reelnet.template.settings import Setting
from reelnet.template.source import TemplateSource, TemplateText


def write_source(source: TemplateSource, settings: Iterable[Setting]) -> str | TemplateText:
    """Write a template with settings as one text; a name or a path without settings stays what it is.

    Args:
        source: The name or the file of the template, its text, or its content as a mapping.
        settings: Keys of the template to change.

    Raises:
        TemplateError: The text cannot be edited, such as one with anchors.
    """
    changes: list[tuple[KeyPath, object]] = [(each.path, to_plain(each.value)) for each in settings]
    file: Path | None = None
    if isinstance(source, Mapping):
        text, changes = "", [*(((key,), value) for key, value in source.items()), *changes]
    elif isinstance(source, TemplateText):
        text, file = source.text, source.file
    elif not changes:
        return os.fspath(source)
    else:
        text = f"extends: {write_flow(os.fspath(source))}\n"
    for path, value in changes:
        text = set_key(text, path, value)
    return TemplateText(text, file)
