"""The clocks that work is timed by: the host's, and a device's events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TypeAlias

import torch

Work: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Lap:
    """Some calls took so many seconds.

    Attributes:
        wall: By the host's clock, until the device has finished.
        device: Between two events on the device; None where there are none.
    """

    wall: float
    device: float | None = None


Stopwatch: TypeAlias = Callable[[Work, int], Lap]
"""Calls the work so many times and says how long all of them took."""


def stopwatch_for(device: torch.device) -> Stopwatch:
    """Return the stopwatch that tells the truth on ``device``.

    Raises:
        ValueError: The device is neither a CPU nor CUDA.
    """
    if device.type == "cpu":
        return time_on_cpu
    if device.type == "cuda":
        return partial(time_on_cuda, device)
    raise ValueError(f"no stopwatch for a device of type {device.type!r}")


def time_on_cpu(work: Work, calls: int) -> Lap:
    """Return the wall time of ``calls`` calls."""
    start = perf_counter()
    for _ in range(calls):
        work()
    return Lap(perf_counter() - start)


def time_on_cuda(device: torch.device, work: Work, calls: int) -> Lap:
    """Return the wall time of ``calls`` calls between two synchronisations and that between two events."""
    with torch.cuda.device(device):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
        start = perf_counter()
        begin.record()
        for _ in range(calls):
            work()
        end.record()
        torch.cuda.synchronize()
        return Lap(perf_counter() - start, begin.elapsed_time(end) / 1000)
