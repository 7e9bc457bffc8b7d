"""People write paths with ``~``; this module reads them."""

from __future__ import annotations

from pathlib import Path

from snnbench.errors import UsageError


def user_path(path: str | Path) -> Path:
    """Return ``path`` with a leading ``~`` or ``~name`` replaced by that home folder.

    A shell does this for ``--data-root ~/data``, but neither for ``--data-root=~/data`` nor for what
    stands in a script. Every path that a person gives comes through here.

    Raises:
        UsageError: There is no such home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        first = Path(path).parts[0]
        raise UsageError(
            f"{path}: there is no home folder {first}", f"./{first} is a folder of that name"
        ) from None
