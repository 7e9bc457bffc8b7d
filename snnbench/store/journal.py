"""The journal of a run: one line a finished cell, written by one process, kept whatever happens.

A run directory holds ``run.json`` (a ``RunHeader``) and ``cells.jsonl`` (one ``CellResult`` a line).
A line counts once its newline is on disk, so a run killed at any byte loses at most the cell that
was being written, and running it again continues it. A line that was damaged later is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from filelock import FileLock

from snnbench.errors import StoreError
from snnbench.files import replace_file, sync_directory
from snnbench.records import CellResult, RunHeader, Status
from snnbench.reruns import counting
from snnbench.store.directory import CELLS, HEADER, acquire, refuse_foreign, remove_stale
from snnbench.store.lines import Damage, read_header, scan, write_header, write_line
from snnbench.store.validity import InvalidResult, check_result


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
        found = scan(directory / CELLS)
        self.warnings = found.warnings(directory / CELLS)
        self.results = latest(found.results)
        self._appended: list[CellResult] = []
        binary = getattr(os, "O_BINARY", 0)  # Windows would write two bytes for a newline
        self._file = os.open(directory / CELLS, os.O_RDWR | os.O_CREAT | binary, 0o666)
        os.ftruncate(self._file, found.end)
        self._size = found.end
        sync_directory(directory)

    @classmethod
    def open(cls, directory: Path) -> Journal:
        """Create or continue the run in ``directory``; a torn last line is cut off, damaged ones are skipped.

        Raises:
            StoreError: It cannot be written, holds something else, is in use, or is of another protocol.
        """
        try:
            refuse_foreign(directory)
            directory.mkdir(parents=True, exist_ok=True)
            lock = acquire(directory)
        except OSError as error:
            hint = "name a directory you may write to with -o"
            raise StoreError(f"cannot write to {directory}: {error.strerror}", hint) from error
        try:
            remove_stale(directory)
            return cls(directory, lock)
        except OSError as error:
            lock.release()
            raise StoreError(f"cannot open {directory / CELLS}: {error.strerror}") from error
        except BaseException:
            lock.release()
            raise

    def append(self, result: CellResult) -> CellResult:
        """Add one result; it is on disk when this returns.

        Returns:
            What the journal holds: ``result``, or in its place the failure of a cell whose numbers no journal
            may hold.

        Raises:
            StoreError: It could not be written in full, and the journal is as it was before; or someone
                else has changed the journal, and all results are in a file beside it.
        """
        try:
            check_result(result)
        except InvalidResult as fault:  # it would be skipped on load: better to say so now
            reason = f"what it measured cannot be kept: {fault}"
            result = CellResult(
                result.cell,
                Status.FAILED,
                reason,
                device=result.device,
                engine=result.engine,
                environment=result.environment,
            )
        line = write_line(result)
        self._appended.append(result)
        self._check_file()
        start = os.lseek(self._file, self._size, os.SEEK_SET)
        try:
            _write_all(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, start)
            hint = "make room, then run the same command again: it continues where this stopped"
            raise StoreError(f"cannot write {self.directory / CELLS}: {error.strerror}", hint) from error
        self._size = start + len(line)
        return result

    def _check_file(self) -> None:
        """Notice that someone else removed, replaced, cut or extended the journal while it is written."""
        path = self.directory / CELLS
        try:
            there = path.stat()
        except OSError as error:
            raise self._lost(f"{path} is gone: {error.strerror}") from error
        if not os.path.samestat(there, os.fstat(self._file)):
            raise self._lost(f"{path} was replaced while the run was writing it")
        if there.st_size != self._size:
            raise self._lost(f"{path} has {there.st_size} bytes, and the run wrote {self._size}")

    def _lost(self, what: str) -> StoreError:
        """Return the error of a journal that someone else has changed.

        What it held is put beside it first.
        """
        results = latest([*self.results, *self._appended])
        rescued = self.directory / f"cells.rescued-{os.getpid()}.jsonl"
        try:
            replace_file(rescued, b"".join(map(write_line, results)))
        except StoreError as error:
            return StoreError(f"{what}; {len(results)} results are lost: {error.message}", error.hint)
        hint = f"all {len(results)} results are in {rescued}: rename it to {CELLS} to go on"
        return StoreError(what, hint)

    def write_header(self, header: RunHeader) -> None:
        """Put ``header`` in place of the old one, whose environments are kept: their cells are too.

        Raises:
            StoreError: It cannot be written; the old one is unchanged.
        """
        if self.header is not None:
            before = self.header
            header = replace(
                header,
                environments={**before.environments, **header.environments},
                quantities={**before.quantities, **header.quantities},
                flags={**before.flags, **header.flags},
            )
        replace_file(self.directory / HEADER, write_header(header))
        self.header = header

    def close(self) -> None:
        """Close the file and release the lock. A run that was refused leaves no empty file behind."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            with suppress(OSError):
                if (path := self.directory / CELLS).stat().st_size == 0:
                    path.unlink()
        self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._check_file()
        finally:
            self.close()


def read(directory: Path) -> tuple[RunHeader, list[CellResult], list[str]]:
    """Return a run's header, the results that ``latest`` keeps, and warnings for people.

    Raises:
        StoreError: It is not a run, or was written under another protocol or by a newer snnbench.
    """
    if not (directory / HEADER).is_file():
        hint = f"a run directory holds {HEADER} and {CELLS}; 'snnbench run -o DIR' makes one"
        raise StoreError(f"{directory} is not a run: it has no {HEADER}", hint)
    try:
        header = _read_header(directory)
        found = scan(directory / CELLS)
        return header, latest(found.results), found.warnings(directory / CELLS)
    except OSError as error:
        raise StoreError(f"cannot read {directory}: {error.strerror}") from error


def check(directory: Path) -> tuple[int, list[str]]:
    """Return the number of lines of a run's journal, and what is wrong with it.

    There is a text for each line that is no result.

    Raises:
        StoreError: It is not a run, or was written under another protocol or by a newer snnbench.
    """
    read(directory)
    path = directory / CELLS
    found = scan(path)
    faults = [f"{path}, line {number}: {reason}" for number, reason in found.damaged]
    count = len(found.results) + len(found.damaged) + found.torn
    if found.torn:
        faults.append(f"{path}, line {count}: it is incomplete: a run was killed, or is writing it now")
    return count, faults


def latest(results: Iterable[CellResult]) -> list[CellResult]:
    """Return the results that still count.

    A cell that was run again replaces its earlier one, see ``counting``.
    """
    every = list(results)
    kept = counting((one.attempt, one.engine, one.status is Status.DONE) for one in every)
    return [every[place] for _, place in kept]


def _write_all(file: int, content: bytes) -> None:
    """``os.write`` may write only a part; the rest then says why."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _read_header(directory: Path) -> RunHeader:
    path = directory / HEADER
    try:
        return read_header(path.read_bytes())
    except Damage as damage:
        hint = "it was damaged after it was written: restore it, or remove it and run the matrix again"
        raise StoreError(f"{path}: cannot be read: {damage}", hint) from None
    except StoreError as error:
        raise StoreError(f"{path}: {error.message}", error.hint) from None
