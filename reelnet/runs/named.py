"""What a run holds by name, with an answer to names that it does not have."""

from __future__ import annotations

from typing import NoReturn, TypeVar

from reelnet.errors import UnknownNameError, suggest_and_list_names

Held = TypeVar("Held")


class Named(dict[str, Held]):
    """A dictionary that answers an unknown name with the nearest.

    Args:
        held: What it holds.
        lacks: Begins the answer, such as `runs/mnist: no metric`.
    """

    def __init__(self, held: dict[str, Held], lacks: str) -> None:
        super().__init__(held)
        self._lacks = lacks

    def __missing__(self, name: object) -> NoReturn:
        """Say what there is.

        Raises:
            UnknownNameError: Always.
        """
        raise UnknownNameError(f"{self._lacks} {name!r}; {suggest_and_list_names(str(name), self)}")
