"""Options that do not fit, each with the keys that lead to it below the part that is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

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
