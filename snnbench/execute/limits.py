"""Define what a child process may take before it is killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from snnbench.records import Status


class Measured(Protocol):
    """A child process that tells its memory."""

    def memory(self, enough: int) -> int:
        """Return the bytes of memory; up to ``enough``, an upper bound will do."""


@dataclass(frozen=True, slots=True)
class Limits:
    """This says what a cell, or the reading of a dataset, may take before it is killed; None for no limit.

    Attributes:
        seconds: Wall time, without the time it waited to be timed alone.
        bytes: Memory of the process and all it started; what processes share counts once.
    """

    seconds: float | None = None
    bytes: int | None = None

    def exceeded(self, seconds: float, child: Measured) -> tuple[Status, str] | None:
        """Return the status of a child that is over a limit after so many seconds, and why."""
        if self.seconds is not None and seconds > self.seconds:
            return Status.TIMEOUT, f"took longer than {self.seconds:g} s"
        if self.bytes is not None and (used := child.memory(self.bytes)) > self.bytes:
            limit = f"over the limit of {self.bytes / 2**20:.0f} MiB"
            return Status.OOM, f"used {used / 2**20:.0f} MiB, {limit}"
        return None
