"""This module tells where a dataset's files are here, and whether they are the published ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Literal

import platformdirs

from snnbench.data.archive import altered
from snnbench.errors import DataError
from snnbench.paths import user_path
from snnbench.plugin.specs import DatasetSpec


def data_root(root: Path | None) -> Path:
    """Return where datasets are: ``root``, or a folder of the platform's cache."""
    return user_path(platformdirs.user_cache_path("snnbench")) / "datasets" if root is None else root


@dataclass(frozen=True, slots=True)
class State:
    """This says what is there of a dataset.

    Attributes:
        status: ``ok``: the published files, or none are needed; ``missing``; ``damaged``: others.
        detail: Which file, for people.
        content: Checksum of what is there to be read, published or not; empty if there is nothing.
    """

    status: Literal["ok", "missing", "damaged"]
    detail: str
    content: str


def state(spec: DatasetSpec, root: Path | None) -> State:
    """Return what is there of a dataset below ``root``; nothing is fetched or unpacked."""
    root = data_root(root)
    content = content_checksum(spec, root)
    for file in spec.files:
        found = checksum(root / file.path, file.checksum)
        if not found:
            return State("missing", f"no {root / file.path}", content)
        if found != file.checksum:
            return State("damaged", f"{root / file.path} is not the published file", content)
        if file.unpack is not None and (what := _unlike(root / file.path, root / file.unpack)):
            return State("damaged", what, content)
    return State("ok", str(root) if spec.files else "needs no files", content)


def _unlike(archive: Path, folder: Path) -> str:
    """Return what in ``folder`` is not as ``archive`` has it, or why that cannot be told; empty if all is."""
    try:
        other = altered(archive, folder)
    except DataError as error:
        return error.message
    return f"{other} is not what {archive} holds" if other else ""


def checksum(path: Path, like: str) -> str:
    """Return the checksum of a file, by the algorithm that ``like`` begins with.

    It is empty if there is no file.
    """
    if not path.is_file():
        return ""
    algorithm = like.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def content_checksum(spec: DatasetSpec, root: Path) -> str:
    """Return the SHA-256 over the names and bytes of all files of a dataset, first 16 hex digits.

    Empty if there are none.
    """
    found = contents(spec, root)
    digest = hashlib.sha256()
    for path in found:
        digest.update(f"{path.relative_to(root).as_posix()}\n{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16] if found else ""


def contents(spec: DatasetSpec, root: Path) -> list[Path]:
    """Return all files that a dataset is read from, those behind links to folders too."""
    # Path.glob does not look behind links
    found = (glob(one, root_dir=root, recursive=True, include_hidden=True) for one in spec.contents)  # noqa: PTH207
    return sorted({path for names in found for name in names if (path := root / name).is_file()})
