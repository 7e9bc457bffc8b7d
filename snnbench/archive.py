"""What an archive holds, and whether it lies unpacked beside it, byte by byte (CRC-32)."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

BLOCK: Final = 2**20
"""Bytes that are read at once."""


def altered(archive: Path, folder: Path) -> Path | None:
    """A file that was unpacked into ``folder`` and is another one now; None if there is none."""
    for name, crc in members(archive).items():
        path = folder / name
        if path.is_file():
            found = altered(path, path.parent) if name.endswith(".zip") and _matches(path, crc) else None
            if found or not _matches(path, crc):
                return found or path
    return None


def unpacked(held: dict[str, int], folder: Path) -> bool:
    """Whether all that an archive holds is in ``folder``, whole and unaltered."""
    return all((folder / name).is_file() and _matches(folder / name, crc) for name, crc in held.items())


def _matches(path: Path, crc: int) -> bool:
    with path.open("rb") as file:
        return _crc(file) == crc


def members(archive: Path) -> dict[str, int]:
    """Name and CRC-32 of each file in an archive; a ``.gz`` that is no tar holds one."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            return {one.filename: one.CRC for one in opened.infolist() if not one.is_dir()}
    if archive.suffixes[-2:-1] == [".tar"]:
        with tarfile.open(archive) as tar:
            return {one.name: _crc(file) for one in tar if (file := tar.extractfile(one)) is not None}
    with archive.open("rb") as file:
        file.seek(-8, 2)  # RFC 1952: the CRC-32 of the input, then its size
        return {archive.stem: int.from_bytes(file.read(4), "little")}


def _crc(file: IO[bytes]) -> int:
    crc = 0
    while block := file.read(BLOCK):
        crc = zlib.crc32(block, crc)
    return crc


def extract(archive: Path, folder: Path) -> None:
    """Unpack ``archive``; what is in the way is overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    elif archive.suffixes[-2:-1] == [".tar"]:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    else:
        with gzip.open(archive) as source, (folder / archive.stem).open("wb") as target:
            shutil.copyfileobj(source, target)
