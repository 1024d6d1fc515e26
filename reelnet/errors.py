"""The errors that reelnet raises for mistakes of its users. One class per exit code of the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MAX_LISTED_NAMES = 12


class ReelnetError(Exception):
    """A mistake that one line can explain: what is wrong, where, and what would work.

    Attributes:
        exit_code: The exit code of the command line for this error.
    """

    exit_code = 1


class UsageError(ReelnetError):
    """An argument, an option or a name is unknown or out of range, or does not fit the others."""

    exit_code = 2


class UnknownNameError(UsageError, KeyError):
    """A mapping of a run, such as `Run.metrics`, has no entry of this name. It is also a `KeyError`."""

    def __str__(self) -> str:
        # KeyError puts its message in quotes.
        return str(self.args[0])


class TemplateError(ReelnetError):
    """A template is unknown or invalid, or does not fit the run. The message has one line per mistake."""

    exit_code = 3


class RunError(ReelnetError):
    """A run folder cannot be read: it is missing, empty, truncated or altered."""

    exit_code = 4


class CapError(ReelnetError):
    """No file under the cap is possible."""

    exit_code = 5


def describe_error(error: BaseException) -> str:
    """Describe an error of other code on one line, such as `ZeroDivisionError: division by zero`."""
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))


def suggest_names(name: str, known: Iterable[str]) -> str:
    """End an error message about an unknown name: suggest the nearest known name, or list the known names.

    Upper and lower case are not distinguished.
    """
    known = list(known)
    by_lower = {each.lower(): each for each in known}
    nearest = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if nearest:
        return f"did you mean {by_lower[nearest[0]]!r}?"
    if not known:
        return "there are none"
    rest = f" … ({len(known)} in all)" if len(known) > MAX_LISTED_NAMES else ""
    return f"choose from {', '.join(known[:MAX_LISTED_NAMES])}{rest}"


def suggest_and_list_names(name: str, known: Iterable[str]) -> str:
    """Like `suggest_names`, but always list all known names, for names that nobody can guess."""
    known = list(known)
    suggestion = suggest_names(name, known)
    return f"{suggestion} There are {', '.join(known)}" if suggestion.startswith("did") else suggestion
