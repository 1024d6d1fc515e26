"""What a template says itself, and what it has from the templates that it extends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelnet.config.diagnostics import KeyPath
from reelnet.config.source import to_plain
from reelnet.template.edit.write_value import write_flow
from reelnet.template.inheritance import expand_shorthand
from reelnet.template.load import drop_nulls, load_node, read_template_text
from reelnet.template.source import TemplateText


@dataclass(frozen=True)
class Written:
    """The content of a template as plain data, with shorthands such as `theme: dark` written out.

    Attributes:
        own: What its own text says; null is None.
        inherited: What the templates that it extends say; empty if it extends none.
        whole: Both together.
    """

    own: Mapping[str, Any]
    inherited: Mapping[str, Any]
    whole: Mapping[str, Any]

    @classmethod
    def read(cls, source: TemplateText) -> Written:
        """Read a template.

        Raises:
            TemplateError: It, or what it extends, does not exist or cannot be read as YAML.
        """
        own = to_plain(expand_shorthand(read_template_text(source)))
        inherited = {}
        if own.get("extends") is not None:
            base = TemplateText(f"extends: {write_flow(own['extends'])}\n", source.file)
            inherited = drop_nulls(to_plain(load_node(base)))
        return cls(own, inherited, drop_nulls(to_plain(load_node(source))))

    def is_own(self, path: KeyPath) -> bool:
        """Whether the template itself has a value at a path."""
        return get_value(self.own, path) is not None

    def kind_of(self, panel: str) -> str:
        """The kind of a panel: its key `kind`, or else its name."""
        return str(get_value(self.whole, ("panels", panel, "kind")) or panel)


def get_value(content: Any, path: KeyPath) -> Any:
    """Return the value at a path of plain data; None if there is none."""
    for step in path:
        if isinstance(content, Mapping):
            content = content.get(step)
        elif isinstance(content, list) and isinstance(step, int) and step < len(content):
            content = content[step]
        else:
            return None
    return content
