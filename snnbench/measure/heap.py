"""The heap of this process while it is measured: for a peak what is freed must be gone, for a rate stay.

Left alone, glibc puts tensors of up to 32 MiB into a heap whose holes stay resident: a network then reads
1.8 to 2.5 times the bytes it holds, ±20 % from one reading to the next. And larger ones, or all of them in a
young process, it maps anew in every call: the same network is then up to 2.2 times as slow, depending on what
ran before it. Elsewhere nothing is changed.
"""

from __future__ import annotations

import ctypes
import gc
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MAPPED: Final = 16 * 1024
"""Bytes from which a tensor gets a mapping of its own while a peak is read.

A reading is then the live tensors, rounded up to pages. It makes allocation several times slower, so
nothing is timed meanwhile.
"""

USUAL: Final = 32 * 1024 * 1024
"""The same afterwards: where glibc's own adjustment ends (DEFAULT_MMAP_THRESHOLD_MAX)."""

LARGEST_HOLE: Final = 2**32
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
NEVER: Final = -1
MAPPINGS: Final = 65_536
"""As many there may be (glibc's DEFAULT_MMAP_MAX)."""
IS_MAPPED: Final = 2
"""Bit of the word before an allocation: it is a mapping of its own (malloc.c, IS_MMAPPED)."""


def release() -> None:
    """Give what is free back to the system."""
    gc.collect()
    if _glibc():
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def mapped_tensors() -> Iterator[None]:
    """Within, every tensor of some size has a mapping of its own.

    An allocation prefers a hole in the heap to a mapping, whatever the threshold: the holes are filled,
    with pages that nobody touches.
    """
    if not _glibc():
        yield
        return
    _set_threshold(MAPPED)
    plugs = _fill_holes()
    try:
        yield
    finally:
        _free(plugs)
        _set_threshold(USUAL)


@contextmanager
def kept_memory() -> Iterator[None]:
    """Within, what is freed stays with the process, whatever its size: no call maps memory anew."""
    if not _glibc():
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(MMAP_MAX, 0)
    libc.mallopt(TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        libc.mallopt(MMAP_MAX, MAPPINGS)
        _set_threshold(USUAL)
        release()


def _glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"


def _set_threshold(size: int) -> None:
    libc = ctypes.CDLL(None)
    libc.mallopt(MMAP_THRESHOLD, size)
    libc.mallopt(TRIM_THRESHOLD, 2 * size)  # twice the other, as glibc keeps it


def _fill_holes() -> list[int]:
    """Allocate until nothing of the size of a tensor comes from the heap any more: the addresses."""
    malloc = ctypes.CDLL(None).malloc
    malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    plugs: list[int] = []
    size = LARGEST_HOLE
    while size >= MAPPED:
        address = malloc(size)
        if address is None:
            size //= 2
        elif ctypes.c_size_t.from_address(address - ctypes.sizeof(ctypes.c_size_t)).value & IS_MAPPED:
            _free([address])
            size //= 2
        else:
            plugs.append(address)
    return plugs


def _free(addresses: list[int]) -> None:
    free = ctypes.CDLL(None).free
    free.restype, free.argtypes = None, [ctypes.c_void_p]
    for address in addresses:
        free(address)
