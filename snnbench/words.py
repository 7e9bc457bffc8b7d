"""Text that came from elsewhere, made fit to be shown; and the names that may become paths."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from snnbench.errors import UsageError

LONGEST: Final = 500
"""Characters of a text that are shown. The journal and ``output.log`` have all of it."""

LONGEST_NAME: Final = 100
"""Characters of a name: a file system takes 255 bytes, and suffixes come after it."""

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor movements, erasing
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|\n|$)"  # OSC and its like: titles, links
    r"|\x1b[ -/]*[0-~]?"  # the other escapes
)
_BREAK = re.compile(r"\s*[^\S ]\s*")
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that show nothing or change how the rest is shown: controls, overrides of the
writing direction, halves of surrogate pairs, separators of lines."""


def plain(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` as one line without anything that a terminal or a page would obey.

    Escape sequences and invisible characters are left out, a line break becomes a space, and a text
    longer than ``longest`` characters keeps its beginning and says how many are left out.

    Args:
        text: From a plugin, a journal, a file name or an exception.
        longest: Characters to keep at most.
    """
    shown = text[: 16 * longest]  # enough to keep, however much of it goes
    shown = _SEQUENCE.sub("", shown)
    shown = _BREAK.sub(" ", shown)
    shown = "".join(one for one in shown if _is_seen(one)).strip()
    if len(text) <= 16 * longest and len(shown) <= longest:
        return shown
    kept = shown[:longest].rstrip()
    return f"{kept} … ({len(text) - len(kept)} more characters)"


def check_name(name: str, what: str, hint: str = "") -> str:
    """Return ``name``, which may become the name of a file or folder.

    Args:
        name: Letters, digits, ``.``, ``_`` and ``-``, not dots alone.
        what: Whose name it is, for the error: ``the matrix``.
        hint: What to do about it, if not to choose another name.

    Raises:
        UsageError: It has other characters, is dots alone, empty, or too long.
    """
    if name.strip(".") and len(name) <= LONGEST_NAME and all(_may_be_named(one) for one in name):
        return name
    rule = f"a name is up to {LONGEST_NAME} letters, digits, '.', '_' and '-', not dots alone"
    shown = plain(name, LONGEST_NAME)
    raise UsageError(f"{what} cannot be called {shown!r}", f"{rule}{f': {hint}' if hint else ''}")


def _may_be_named(character: str) -> bool:
    return character.isalnum() or character in "._-" or unicodedata.category(character) == "Mn"


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _HIDDEN
