"""Writing a file so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import os
from pathlib import Path

from snnbench.errors import StoreError


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
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        hint = "is the disk full, or the directory read-only?"
        raise StoreError(f"cannot write {path}: {error.strerror}", hint) from error
