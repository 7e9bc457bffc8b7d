"""A failure becomes a missing number, or the status and reason of a cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import torch

from snnbench.errors import SnnbenchError
from snnbench.measure.accuracy import DivergedError
from snnbench.records import Metric, Status

Metrics: TypeAlias = dict[str, Metric]

FAILURES: Final = BaseException
"""What a plugin may raise, exceptions that are no ``Exception`` included: it ends its cell, and with a
reason. Ctrl-C does not get to the processes of cells."""


def attempt(measurement: Callable[[], Metrics], missing: Callable[[str], Metrics]) -> Metrics:
    """Return a measurement that fails is missing, with the reason, and takes no other one with it."""
    try:
        return measurement()
    except FAILURES as error:
        return missing(reason_of(error))


def status_of(error: BaseException) -> Status:
    """Return how a cell ended that raised this."""
    if isinstance(error, DivergedError):
        return Status.DIVERGED
    exhausted = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return Status.OOM if exhausted or "DefaultCPUAllocator" in str(error) else Status.FAILED


def reason_of(error: BaseException) -> str:
    """Return one line for the report."""
    if isinstance(error, SnnbenchError):
        return error.message
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
