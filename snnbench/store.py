"""The journal of a run: one line a finished cell, written by one process, kept whatever happens.

A run directory holds ``run.json`` (a ``RunHeader``) and ``cells.jsonl`` (one ``CellResult`` a line).
A line counts once its newline is on disk, so a run killed at any byte loses at most the cell that
was being written, and running it again continues it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from snnbench.errors import StoreError
from snnbench.files import replace_file
from snnbench.records import SCHEMA, CellResult, RunHeader, Status

HEADER = "run.json"
CELLS = "cells.jsonl"
LOCK = ".lock"

Record = TypeVar("Record", CellResult, RunHeader)

_RESULT = TypeAdapter(CellResult)
_HEADER = TypeAdapter(RunHeader)


class Journal:
    """The one writer of a run directory; a context manager that holds its lock.

    Attributes:
        directory: The run directory.
        header: What ``run.json`` held when the journal was opened; None in a new run.
        results: What the journal held when it was opened, those results that ``latest`` keeps.
        warnings: What was dropped on opening, for people.
    """

    def __init__(self, directory: Path, lock: FileLock) -> None:
        self._lock = lock
        self.directory = directory
        self.header = _read_header(directory) if (directory / HEADER).exists() else None
        results, end, self.warnings = _read_cells(directory / CELLS)
        self.results = latest(results)
        self._file = os.open(directory / CELLS, os.O_RDWR | os.O_CREAT, 0o666)
        os.ftruncate(self._file, end)

    @classmethod
    def open(cls, directory: Path) -> Journal:
        """Create or continue the run in ``directory``; a torn last line is cut off (see ``warnings``).

        Raises:
            StoreError: It cannot be written, holds something else, is in use, or is damaged.
        """
        try:
            _refuse_foreign(directory)
            directory.mkdir(parents=True, exist_ok=True)
            lock = _acquire(directory)
        except OSError as error:
            hint = "name a directory you may write to with -o"
            raise StoreError(f"cannot write to {directory}: {error.strerror}", hint) from error
        try:
            return cls(directory, lock)
        except OSError as error:
            lock.release()
            raise StoreError(f"cannot open {directory / CELLS}: {error.strerror}") from error
        except BaseException:
            lock.release()
            raise

    def append(self, result: CellResult) -> None:
        """Add one result; it is on disk when this returns.

        Raises:
            StoreError: It could not be written in full; the journal is as it was before.
        """
        line = _line(result)
        start = os.lseek(self._file, 0, os.SEEK_END)
        try:
            _write_all(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, start)
            hint = "make room, then run the same command again: it continues where this stopped"
            raise StoreError(f"cannot write {self.directory / CELLS}: {error.strerror}", hint) from error

    def write_header(self, header: RunHeader) -> None:
        """Put ``header`` in place of the old one, whose environments are kept: their cells are too.

        Raises:
            StoreError: It cannot be written; the old one is unchanged.
        """
        if self.header is not None:
            header = replace(header, environments={**self.header.environments, **header.environments})
        replace_file(self.directory / HEADER, to_json(header, indent=2, inf_nan_mode="strings") + b"\n")
        self.header = header

    def close(self) -> None:
        """Close the file and release the lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(directory: Path) -> tuple[RunHeader, list[CellResult], list[str]]:
    """A run's header, the results that ``latest`` keeps, and warnings for people.

    Raises:
        StoreError: It is not a run, is damaged, or was written by a newer snnbench.
    """
    if not (directory / HEADER).is_file():
        hint = f"a run directory holds {HEADER} and {CELLS}; 'snnbench run -o DIR' makes one"
        raise StoreError(f"{directory} is not a run: it has no {HEADER}", hint)
    try:
        results, _, notes = _read_cells(directory / CELLS)
        return _read_header(directory), latest(results), notes
    except OSError as error:
        raise StoreError(f"cannot read {directory}: {error.strerror}") from error


def latest(results: Iterable[CellResult]) -> list[CellResult]:
    """What still counts of ``results``: a cell that was run again replaces its earlier result.

    A later result replaces one of the same engine, and one of any engine that was not finished: a cell
    that timed out may have got no further than the engine's default. Each keeps its predecessor's place.
    """
    attempts: dict[object, list[int]] = {}
    kept: dict[int, CellResult] = {}
    for place, result in enumerate(results):
        earlier = attempts.setdefault(result.attempt, [])
        replaced = [
            index
            for index in earlier
            if kept[index].engine == result.engine or kept[index].status is not Status.DONE
        ]
        for index in replaced:
            earlier.remove(index)
            del kept[index]
        at = min(replaced, default=place)
        earlier.append(at)
        kept[at] = result
    return [kept[place] for place in sorted(kept)]


def _refuse_foreign(directory: Path) -> None:
    """A directory that holds anything but a run: its files could be overwritten by a report."""
    if not directory.is_dir():
        return
    names = {path.name for path in directory.iterdir()}
    if names - {LOCK} and not names & {HEADER, CELLS}:
        hint = "name a new directory with -o"
        raise StoreError(f"{directory} is not a run and not empty: it holds {min(names - {LOCK})!r}", hint)


def _acquire(directory: Path) -> FileLock:
    path = directory / LOCK
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = path.read_text(errors="replace").strip() if path.exists() else ""
        who = f"process {holder}" if holder.isdigit() else "another process"
        hint = "wait for it to end, or name another directory with -o"
        raise StoreError(f"{directory} is in use by {who}", hint) from None
    with suppress(OSError):
        path.write_text(f"{os.getpid()}\n")
    return lock


def _line(result: CellResult) -> bytes:
    """One line of strict JSON: non-finite numbers as text, and no text that UTF-8 cannot hold."""
    result = replace(result, reason=_encodable(result.reason), traceback=_encodable(result.traceback))
    return to_json(result, inf_nan_mode="strings") + b"\n"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _write_all(file: int, content: bytes) -> None:
    """``os.write`` may write only a part; the rest then says why."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _read_cells(path: Path) -> tuple[list[CellResult], int, list[str]]:
    """All results, the offset where the complete lines end, and warnings."""
    content = path.read_bytes() if path.exists() else b""
    end = content.rfind(b"\n") + 1
    lines = content[:end].split(b"\n")[:-1]
    results = [_parse(_RESULT, line, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]
    if end == len(content):
        return results, end, []
    return results, end, [f"{path}: the last line is incomplete and was dropped; its cell will run again"]


def _read_header(directory: Path) -> RunHeader:
    path = directory / HEADER
    return _parse(_HEADER, path.read_bytes(), str(path))


def _parse(adapter: TypeAdapter[Record], text: bytes, where: str) -> Record:
    try:
        data: Any = from_json(text)
        schema = data.get("schema") if isinstance(data, dict) else None
        if isinstance(schema, int) and schema > SCHEMA:
            hint = "install a newer snnbench to read it"
            raise StoreError(f"{where}: schema {schema} is newer than {SCHEMA}, the newest known here", hint)
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = f"{place}: {first['msg']}" if place else first["msg"]
    except ValueError as error:
        reason = str(error)
    hint = "the file was damaged after it was written: restore it, or remove that line to run its cell again"
    raise StoreError(f"{where}: cannot be read: {reason}", hint)
