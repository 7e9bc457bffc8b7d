"""Recordings that are encoded once and kept on disk, for all cells that encode them the same way."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import torch
from filelock import FileLock, Timeout
from numpy.typing import DTypeLike
from torch import Tensor

from snnbench.data.dataset import Dataset, Encoder, Samples, Split, real_steps
from snnbench.data.sequences import Sequences

LIMIT = 32 * 2**30
"""Bytes that all encoded datasets together may take; the least recently used ones make room."""

FORMAT = 2
FACTS = "facts.json"
"""This file tells whether an encoded dataset is padded, and the size and time of each of its files."""
CHUNK = 64
"""Samples that are encoded at once."""

DTYPES: tuple[DTypeLike, ...] = (np.uint8, np.int16, np.float32)
"""The first of them that holds every value as it is."""

SPLITS = ("train", "validation", "test")


class Stored:
    """Gives back what is encoded already.

    Args:
        padded: Whether the samples differ in length.
    """

    def __init__(self, padded: bool) -> None:
        self.padded = padded

    def __call__(self, x: Sequences, generator: torch.Generator) -> Tensor:
        """Return the encoding ``[T, B, *encoded_shape]``, float32."""
        return x.values.movedim(1, 0).contiguous().to(torch.float32)

    def lengths(self, x: Samples) -> Tensor | None:
        """Return the real steps of each sample, ``[B]``; None where all are."""
        return x.lengths if self.padded and isinstance(x, Sequences) else None


def folder() -> Path:
    """Return where encoded datasets are kept."""
    return platformdirs.user_cache_path("snnbench") / "encoded"


def encoded(
    data: Dataset, encoder: Encoder, key: str, note: Callable[[str], None] = lambda text: None
) -> tuple[Dataset, Encoder]:
    """Return ``data`` as ``encoder`` encodes it, mapped from disk, and the encoder for that.

    At the first call it is encoded and written; another process waits meanwhile. Where there is no
    room, ``data`` and ``encoder`` are returned as they are.

    Args:
        data: Of recordings.
        encoder: It draws nothing from the generator.
        key: Tells what comes of it apart from any other.
        note: Told what a person should know.

    Raises:
        DataError: A recording cannot be read.
    """
    place = folder() / f"{key}-{FORMAT}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.with_suffix(".lock")):
            if place.is_dir() and not _is_unchanged(place):
                note(f"{place} was changed after it was written: it is encoded again")
                shutil.rmtree(place)
            if not place.is_dir() and not _write(data, encoder, place, note):
                return data, encoder
            os.utime(place)
            return _read(data, place)
    except OSError as error:
        note(f"encoded data cannot be kept in {place.parent}: {error.strerror or error}")
        return data, encoder


def _is_unchanged(place: Path) -> bool:
    """Return whether all files have the size and the time of change that they were written with."""
    try:
        return bool(json.loads((place / FACTS).read_text())["files"] == _sizes_and_times(place))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sizes_and_times(place: Path) -> dict[str, list[int]]:
    """Name of each array to its bytes and the second of its last change."""
    arrays = {file.name: file.stat() for file in place.glob("*.npy")}
    return {name: [facts.st_size, int(facts.st_mtime)] for name, facts in arrays.items()}


def _read(data: Dataset, place: Path) -> tuple[Dataset, Encoder]:
    padded = bool(json.loads((place / FACTS).read_text())["padded"])

    def stored(name: str) -> Split:
        # copy-on-write, for torch takes no read-only memory
        values = torch.from_numpy(np.load(place / f"{name}.npy", mmap_mode="c"))
        lengths = torch.from_numpy(np.load(place / f"{name}.lengths.npy"))
        return Split(Sequences(values, lengths), getattr(data, name).y)

    train, validation, test = map(stored, SPLITS)
    return replace(data, train=train, validation=validation, test=test), Stored(padded)


def _write(data: Dataset, encoder: Encoder, place: Path, note: Callable[[str], None]) -> bool:
    """Encode all splits into ``place``, in the first type that holds them; False if there is no room."""
    shape = encoder(data.train.x[:1], torch.Generator()).movedim(1, 0).shape[1:]
    count = sum(len(getattr(data, name)) for name in SPLITS) * math.prod(shape)
    beside = place.with_suffix(".partial")
    note(f"encoding {count / math.prod(shape):,.0f} recordings, once")
    for dtype in DTYPES:
        shutil.rmtree(beside, ignore_errors=True)  # what an interrupted process, or a smaller type, has left
        if not _make_room(place.parent, count * np.dtype(dtype).itemsize):
            note("encoded, they would take more disk than there is: they are encoded at every use")
            return False
        beside.mkdir()
        if all(_write_split(getattr(data, name), encoder, beside / name, shape, dtype) for name in SPLITS):
            break
    padded = real_steps(encoder, data.train.x[:1]) is not None
    # a time before now in whole, even seconds, which every file system keeps: a later change has another
    written = time.time() // 2 * 2 - 2
    for file in beside.iterdir():
        os.utime(file, (written, written))
    (beside / FACTS).write_text(json.dumps({"padded": padded, "files": _sizes_and_times(beside)}))
    beside.replace(place)
    return True


def _write_split(
    split: Split, encoder: Encoder, path: Path, shape: tuple[int, ...], dtype: DTypeLike
) -> bool:
    """Encode one split into ``path``; False if ``dtype`` does not hold a value as it is."""
    values = np.lib.format.open_memmap(
        path.with_suffix(".npy"), mode="w+", dtype=dtype, shape=(len(split), *shape)
    )
    lengths = np.full(len(split), shape[0], np.int64)
    for start, x in _chunks(split):
        chunk = encoder(x, torch.Generator()).movedim(1, 0).numpy()
        stop = start + len(chunk)
        with np.errstate(invalid="ignore"):
            values[start:stop] = chunk.astype(dtype)
        if not np.array_equal(values[start:stop], chunk):
            return False
        real = real_steps(encoder, x)
        if real is not None:
            lengths[start:stop] = real.numpy()
    values.flush()
    np.save(path.with_suffix(".lengths.npy"), lengths)
    return True


def _chunks(split: Split) -> Iterator[tuple[int, Samples]]:
    for start in range(0, len(split), CHUNK):
        yield start, split.x[start : start + CHUNK]


def _make_room(cache: Path, size: int) -> bool:
    """Delete the least recently used until ``size`` bytes fit; False if they do not.

    What another process is writing or opening stays.
    """
    sizes = {path: _size(path) for path in sorted(filter(Path.is_dir, cache.iterdir()), key=_last_used)}
    most = min(LIMIT, sum(sizes.values()) + shutil.disk_usage(cache).free // 2)
    if size > most:
        return False
    for path in list(sizes):
        if sum(sizes.values()) + size <= most:
            break
        with suppress(Timeout), FileLock(path.with_suffix(".lock"), timeout=0):
            shutil.rmtree(path, ignore_errors=True)
            del sizes[path]
    return sum(sizes.values()) + size <= most


def _last_used(path: Path) -> float:
    """Return the time of its last use; 0 if another process has just deleted it."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    """Return the bytes of its files; 0 if another process has just deleted it."""
    with suppress(FileNotFoundError):
        return sum(file.stat().st_size for file in path.iterdir())
    return 0
