"""The directory of a run: what is in it, whose it is, and what a killed process left there."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from snnbench.errors import StoreError
from snnbench.files import TEMPORARY

HEADER = "run.json"
CELLS = "cells.jsonl"
LOCK = ".lock"

STALE_SECONDS = 3600
"""Age from which a temporary file of a report is what a killed process left."""


def refuse_foreign(directory: Path) -> None:
    """Refuse a directory that holds anything but a run: its files could be overwritten by a report.

    Raises:
        StoreError: It does.
    """
    if not directory.is_dir():
        return
    names = {path.name for path in directory.iterdir()}
    if names - {LOCK} and not names & {HEADER, CELLS}:
        hint = "name a new directory with -o"
        raise StoreError(f"{directory} is not a run and not empty: it holds {min(names - {LOCK})!r}", hint)


def remove_stale(directory: Path) -> None:
    """Remove the temporary files that killed processes left.

    Whoever calls this holds the lock and is the only one who writes the header; a report may be under way.
    """
    for path in directory.iterdir():
        found = TEMPORARY.fullmatch(path.name)
        with suppress(OSError):
            if found and (found[1] == HEADER or time.time() - path.stat().st_mtime > STALE_SECONDS):
                path.unlink()


def acquire(directory: Path) -> FileLock:
    """Take the lock of a run directory, which one process has at a time.

    Raises:
        StoreError: Another process has it.
    """
    path = directory / LOCK
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = ""
        with suppress(OSError):  # it may be gone by now, and Windows lets no one read what is locked
            holder = path.read_text(errors="replace").strip()
        who = f"process {holder}" if holder.isdigit() else "another process"
        hint = "wait for it to end, or name another directory with -o"
        raise StoreError(f"{directory} is in use by {who}", hint) from None
    with suppress(OSError):
        _name_holder(path)
    return lock


def _name_holder(path: Path) -> None:
    """Write this process's number into the lock, unless the lock library has written more than one there.

    Where the system has no locks the file itself is the lock, and what the library wrote into it is how it
    finds out that the holder is dead.
    """
    there = path.read_text(errors="replace").strip()
    if not there or there.isdigit():
        path.write_text(f"{os.getpid()}\n")
