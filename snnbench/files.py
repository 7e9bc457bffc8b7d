"""Writing a file so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from snnbench.errors import StoreError

TEMPORARY = re.compile(r"\.(.+)\.\d+")
"""Names of the files that ``replace_file`` puts beside the one it replaces, and that a kill leaves there."""


def sync_directory(directory: Path) -> None:
    """Make a file that was created or renamed in ``directory`` outlast a power cut, where the system can."""
    with suppress(OSError):  # not every file system, and no Windows, syncs directories
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace_file(path: Path, content: bytes) -> None:
    """Write ``content`` beside ``path``, sync it, and put it in place in one step.

    Raises:
        StoreError: The file cannot be written; what was at ``path`` is unchanged.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            sync_directory(path.parent)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        hint = "is the disk full, or the directory read-only?"
        raise StoreError(f"cannot write {path}: {error.strerror}", hint) from error
