"""This module fetches, checks and unpacks the published files of a dataset."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from snnbench.data.archive import compare, extract
from snnbench.data.files import checksum, content_checksum, contents, data_root
from snnbench.errors import DataError
from snnbench.plugin.specs import DataFile, DatasetSpec

PARTIAL = ".snnbench-partial"
"""Below the data root: where a download is until it is whole."""

SECONDS = 30
"""How long a server may be silent."""

_PLACE = "choose a folder that can be written with --data-root DIR"

Note: TypeAlias = Callable[[str], None]


def verify(
    spec: DatasetSpec,
    content: str,
    root: Path | None,
    note: Note = lambda text: None,
    *,
    download: bool = False,
) -> None:
    """See to it that the files of a dataset are there, are the published ones, and are unpacked.

    Args:
        spec: The dataset.
        content: If not empty, the checksum that files which are not the published ones must have.
        root: Where datasets are; None for the platform's cache folder.
        note: Told what a person should know.
        download: Fetch what is missing.

    Raises:
        DataError: A file is missing and cannot be had, or is not what it must be.
    """
    root = data_root(root)
    if content:
        _check_content(spec, content, root)
        return
    missing = [file for file in spec.files if not (root / file.path).is_file()]
    if missing and not download:
        raise _missing(spec, missing, root)
    if missing:
        fetch(spec, root, note)
    held: set[Path] = set()
    for file in spec.files:
        _check(spec, file, root)
        if file.unpack is not None:
            held |= _unpack(root / file.path, root / file.unpack)
    _check_strangers(spec, root, held)


def fetch(spec: DatasetSpec, root: Path, note: Note = lambda text: None) -> None:
    """Download what is missing or damaged; a second process waits and finds it there.

    Args:
        spec: The dataset.
        root: Where datasets are.
        note: Told what a person should know.

    Raises:
        DataError: The folder cannot be written, no server answers, or what comes is not the file.
    """
    try:
        with _alone(root, spec.name, note):
            for file in spec.files:
                if checksum(root / file.path, file.checksum) != file.checksum:
                    note(f"downloading {file.path}")
                    _download(spec, file, root)
    except OSError as error:
        raise DataError(f"dataset {spec.name!r}: {root}: {error.strerror or error}", _PLACE) from error


def _check_strangers(spec: DatasetSpec, root: Path, held: set[Path]) -> None:
    """Refuse a file that would be read beside those of the archives, if all files are archives."""
    if any(file.unpack is None for file in spec.files):
        return
    for path in contents(spec, root):
        if path not in held:
            content = content_checksum(spec, root)
            raise DataError(
                f"dataset {spec.name!r}: {path} is in none of its archives",
                f"remove it; to read what is there as it is, write {spec.name}(content='{content}')",
            )


def _check_content(spec: DatasetSpec, content: str, root: Path) -> None:
    found = content_checksum(spec, root)
    if found != content:
        what = f"has checksum {found}" if found else "is missing"
        raise DataError(
            f"dataset {spec.name!r}: what is in {root} {what}, and content={content} was asked for",
            f"it is read from {', '.join(spec.contents)}",
        )


def _check(spec: DatasetSpec, file: DataFile, root: Path) -> None:
    found = checksum(root / file.path, file.checksum)
    if found != file.checksum:
        raise DataError(
            f"dataset {spec.name!r}: {root / file.path} has checksum {found}, published is {file.checksum}",
            f"it is damaged or incomplete; {_remedy(spec, root)}",
        )


def _missing(spec: DatasetSpec, files: list[DataFile], root: Path) -> DataError:
    first, *others = files
    more = f" and {len(others)} more" if others else ""
    return DataError(
        f"dataset {spec.name!r}: {first.path} ({first.checksum}){more} is missing in {root}",
        _remedy(spec, root),
    )


def _unavailable(spec: DatasetSpec, file: DataFile, root: Path, why: str) -> DataError:
    """Return the error of a file that cannot be downloaded; what there is of it stays as it is."""
    state = "damaged" if (root / file.path).is_file() else "missing"
    by_hand = f"; or save {file.urls[0]} as {root / file.path}" if file.urls else ""
    return DataError(
        f"dataset {spec.name!r}: {file.path} ({file.checksum}) is {state} in {root}, "
        f"and cannot be downloaded: {why}",
        f"{_remedy(spec, root)}{by_hand}",
    )


def _remedy(spec: DatasetSpec, root: Path) -> str:
    place = "" if root == data_root(None) else f" --data-root {root}"
    hint = f"'snnbench data download {spec.name}{place}' fetches it"
    found = content_checksum(spec, root)
    return f"{hint}; to read what is there as it is, write {spec.name}(content='{found}')" if found else hint


@contextmanager
def _alone(root: Path, name: str, note: Note) -> Iterator[None]:
    """No other process is downloading or unpacking this dataset."""
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / f".snnbench-{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        note(f"waiting for another process that fetches {name}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _download(spec: DatasetSpec, file: DataFile, root: Path) -> None:
    """Fetch one file from the first server that has it; it is put in place once it is whole."""
    import pooch
    from requests.exceptions import ChunkedEncodingError, ConnectionError, Timeout

    partial = root / PARTIAL / spec.name
    shutil.rmtree(partial, ignore_errors=True)  # what an interrupted download has left
    get = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(), timeout=SECONDS, headers={"Accept-Encoding": "identity"}
    )
    pooch.get_logger().setLevel("WARNING")
    reasons = []
    for url in file.urls:
        try:
            got = pooch.retrieve(url, file.checksum, Path(file.path).name, partial, downloader=get)
        except (ConnectionError, Timeout, ChunkedEncodingError):
            reasons.append(f"no connection to {urlsplit(url).hostname}, or it broke off")
        except (OSError, ValueError) as error:  # no such file; another checksum
            reasons.append(str(error).partition("\n")[0])
        else:
            (root / file.path).parent.mkdir(parents=True, exist_ok=True)
            Path(got).replace(root / file.path)
            break
    else:
        why = "; ".join(reasons) or "no address is known"
        raise _unavailable(spec, file, root, why)
    shutil.rmtree(partial, ignore_errors=True)


def _unpack(archive: Path, folder: Path) -> set[Path]:
    """Unpack ``archive`` into ``folder`` unless all it holds is there; archives inside it likewise.

    Returns:
        All files that it holds.
    """
    held = compare(archive, folder)
    if not all(held.values()):
        try:
            with _alone(archive.parent, archive.name, lambda text: None):
                if not all(compare(archive, folder).values()):  # else whoever had the lock has done it
                    extract(archive, folder)
        except OSError as error:
            raise DataError(f"{archive} cannot be unpacked: {error.strerror or error}", _PLACE) from error
    files = set(held)
    for path in held:
        if path.suffix == ".zip":
            files |= _unpack(path, path.parent)
    return files
