"""What can go wrong, one kind for each exit code of the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ReelnetError(Exception):
    """A mistake that one clear line can explain: what, where, what would work.

    `exit_code` is what the command line returns for it.
    """

    exit_code = 1


class UsageError(ReelnetError):
    """A name or value that was asked for does not exist or does not fit."""

    exit_code = 2


class UnknownNameError(UsageError, KeyError):
    """A name that a mapping of a run does not have; a `KeyError` as of any mapping, too."""

    def __str__(self) -> str:
        # A KeyError would put its text in quotes.
        return str(self.args[0])


class TemplateError(ReelnetError):
    """A template that is not there, or that says something it may not say."""

    exit_code = 3


class RunError(ReelnetError):
    """A run folder that cannot be read."""

    exit_code = 4


class CapError(ReelnetError):
    """No file under the cap could be made."""

    exit_code = 5


def describe_error(error: BaseException) -> str:
    """What another program's error says, on one line and with its kind: `ZeroDivisionError: division by zero`."""
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))


def suggest_names(name: str, known: Iterable[str]) -> str:
    """The end of an error line about an unknown `name`: the nearest match in any case, or all that is known."""
    known = list(known)
    folded = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    if not known:
        return "there are none"
    shown = ", ".join(known[:12]) + (f" … ({len(known)} in all)" if len(known) > 12 else "")
    return f"choose from {shown}"


def suggest_and_list_names(name: str, known: Iterable[str]) -> str:
    """The same, and all that is known behind the nearest: for names that nobody can guess from it."""
    known = list(known)
    near = suggest_names(name, known)
    return f"{near} There are {', '.join(known)}" if near.startswith("did") else near
