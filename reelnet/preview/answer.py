"""What a preview answers, and how it reads what it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reelnet._support.arguments import describe_value, require_integer
from reelnet.errors import UsageError

MAX_SERIAL = 2**53
"""The largest integer that JavaScript counts to."""


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        json: What `json.dumps` takes.
        buffers: Bytes that go with it: pictures and levels.
    """

    json: Mapping[str, Any]
    buffers: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class View:
    """What a page looks at.

    Attributes:
        template: The name of a template, as `open` offered it.
        text: The text of an editor; None for the text on disk.
        layer: The layer to show; None for the template's.
    """

    template: str
    text: str | None = None
    layer: str | None = None


@dataclass(frozen=True)
class Ticket:
    """Who asks, so that a request can be dropped once a later one of the same client makes it superfluous.

    Attributes:
        client: A name that the page chose.
        serial: Larger for later requests.
    """

    client: str
    serial: int


class Arguments:
    """The arguments of a call, of which every value is checked when it is read.

    Args:
        values: What the page sent.
        owner: What the values belong to, for errors.
    """

    def __init__(self, values: Any, owner: str) -> None:
        if not isinstance(values, Mapping):
            raise UsageError(f"{owner}: {describe_value(values)} is not a map of arguments")
        self._values, self._owner = values, owner

    def _require(self, key: str) -> Any:
        if key not in self._values:
            raise UsageError(f"{self._owner}: {key} is missing")
        return self._values[key]

    def text(self, key: str) -> str:
        """A text."""
        value = self._require(key)
        if not isinstance(value, str):
            raise UsageError(f"{self._owner}: {key} {describe_value(value)} is not a text")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{self._owner}: {key} has half of a surrogate pair") from None
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None if it is null or missing."""
        return None if self._values.get(key) is None else self.text(key)

    def integer(self, key: str, low: int, high: int) -> int:
        """An integer from `low` to `high`."""
        return require_integer(f"{self._owner}: {key}", self._require(key), low, high)

    def flag(self, key: str) -> bool:
        """True or false; false if it is missing."""
        value = self._values.get(key, False)
        if not isinstance(value, bool):
            raise UsageError(f"{self._owner}: {key} {describe_value(value)} is not true or false")
        return value

    def value(self, key: str) -> Any:
        """Any value."""
        return self._require(key)

    def view(self) -> View:
        """The view."""
        own = Arguments(self._require("view"), f"{self._owner}: view")
        return View(own.text("template"), own.optional_text("text"), own.optional_text("layer"))

    def ticket(self) -> Ticket:
        """Who asks."""
        return Ticket(self.text("client"), self.integer("serial", 0, MAX_SERIAL))
