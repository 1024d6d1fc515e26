"""Mistakes that only a run shows: collected, each at its key of the template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reelnet.config.diagnostics import InvalidTemplate, Mistake, found_in, raise_all
from reelnet.errors import ReelnetError, RunError, TemplateError, UsageError
from reelnet.template.model import Template


class Mistakes:
    """Takes down what does not fit the run, so that an author hears of all of it at once."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._found: list[Mistake] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Take down what is wrong below some keys, and go on behind it.

        Errors that are not about options pass: of the run, of the command line, and those of a template as a whole.
        """
        try:
            yield
        except InvalidTemplate as error:
            self._found += error.mistakes
        except (TemplateError, RunError, UsageError):
            raise
        except (ValueError, ReelnetError) as error:
            places = self._template.places
            self._found += (places.mistake((*path, *below), what) for below, what in found_in(error))

    def check(self) -> None:
        """Raise what was found.

        Raises:
            InvalidTemplate: Something was.
        """
        raise_all(self._found)


@contextmanager
def told(template: Template, *path: str | int) -> Iterator[None]:
    """Say in which place of the template it is that something does not fit the run."""
    mistakes = Mistakes(template)
    with mistakes.at(*path):
        yield
    mistakes.check()
