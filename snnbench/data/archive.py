"""Read an archive, and compare the files that lie unpacked beside it with its content, byte by byte."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from snnbench.errors import DataError

BLOCK: Final = 2**20
"""Bytes that are read at once."""


def altered(archive: Path, folder: Path) -> Path | None:
    """Return a file that was unpacked into ``folder`` and is another one now, or None if there is none.

    Raises:
        DataError: The archive cannot be read, or holds a name outside of ``folder``.
    """
    for path, same in compare(archive, folder).items():
        if path.is_file() and not same:
            return path
        if same and path.suffix == ".zip" and (found := altered(path, path.parent)):
            return found
    return None


def compare(archive: Path, folder: Path) -> dict[Path, bool]:
    """Tell of each file in an archive whether it lies in ``folder``, equal in every byte.

    Bytes are compared, not checksums: whoever can forge a checksum gains nothing.

    Raises:
        DataError: The archive cannot be read, or holds a name outside of ``folder``.
    """
    with _named(archive, folder):
        return {folder / name: _equal(member, folder / name) for name, member in _members(archive)}


def extract(archive: Path, folder: Path) -> None:
    """Unpack ``archive``; what is in the way is overwritten.

    Raises:
        DataError: The archive cannot be read, or ``folder`` cannot be written.
    """
    with _named(archive, folder):
        folder.mkdir(parents=True, exist_ok=True)
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(folder)
        elif _is_tar(archive):
            with tarfile.open(archive) as opened:
                opened.extractall(folder, filter="data")
        else:
            with gzip.open(archive) as source, (folder / archive.stem).open("wb") as target:
                shutil.copyfileobj(source, target)


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and content of each file in an archive; a ``.gz`` that is no tar holds one.

    The content of a link in a tar is that of the file it points to.
    """
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                if not entry.is_dir():
                    yield _inside(archive, entry.filename), opened.open(entry)
    elif _is_tar(archive):
        with tarfile.open(archive) as tar:
            for one in tar:
                if (content := tar.extractfile(one)) is not None:
                    yield _inside(archive, one.name), content
    else:
        with gzip.open(archive) as only:
            yield archive.stem, cast("IO[bytes]", only)


def _is_tar(archive: Path) -> bool:
    return archive.suffixes[-2:-1] == [".tar"]


def _inside(archive: Path, name: str) -> str:
    """Return ``name`` unless it leads out of the folder that the archive is unpacked into."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{archive} holds {name!r}, a name outside of its folder", "do not unpack it")
    return name


def _equal(member: IO[bytes], path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        while block := member.read(BLOCK):
            if file.read(len(block)) != block:
                return False
        return not file.read(1)


@contextmanager
def _named(archive: Path, folder: Path) -> Iterator[None]:
    """Turn whatever the readers of archives raise into an error that names the archive."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        said = error.args[0] if isinstance(error, KeyError) else error  # a link to what is not there
        raise DataError(
            f"{archive} cannot be unpacked into {folder}: {getattr(error, 'strerror', None) or said}",
            "unpack a copy in a folder that can be written, or fetch it again if it is damaged",
        ) from error
