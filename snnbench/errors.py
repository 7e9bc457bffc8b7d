"""Say what can go wrong, as a person should read it: what and where, then a hint."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final


class SnnbenchError(Exception):
    """Base of every error the suite raises on purpose.

    Args:
        message: What is wrong and where, in one line.
        hint: What to do about it, in one line; empty if there is nothing to suggest.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UsageError(SnnbenchError):
    """The command, the matrix or a parameter is wrong; nothing has been run."""

    exit_code = 2


class PluginError(UsageError):
    """A plugin that the plan needs cannot be used."""


class NothingSelectedError(SnnbenchError):
    """The matrix and its filters leave no cell to run."""

    exit_code = 5


class DataError(SnnbenchError):
    """A dataset is missing, damaged or not what it claims to be."""

    exit_code = 2


class StoreError(SnnbenchError):
    """A results directory cannot be read or written."""

    exit_code = 2


MOST_NAMED: Final = 40
"""How many names a hint lists at most."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the hint that names the closest of ``known``; when none is close, the first ones of all."""
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    close = [folded[name] for name in get_close_matches(word.casefold(), folded, n=3, cutoff=0.6)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    more = f", … and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"known: {', '.join(names[:MOST_NAMED])}{more}" if names else ""
