"""The local pool: one fresh process a cell, watched; cells that are being timed run alone."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import wait
from typing import TypeAlias

from snnbench.errors import SnnbenchError
from snnbench.execute.job import EpochDone, Finished, Job, Settings, WantsAlone, labels
from snnbench.execute.process import Child
from snnbench.records import Cell, CellResult, Environment, Status

POLL_SECONDS = 0.2
"""How late a limit may be noticed."""

OnEpoch: TypeAlias = Callable[[Cell, EpochDone | None], None]
OnOutput: TypeAlias = Callable[[Cell, str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a cell may take before it is killed; None for no limit.

    Attributes:
        seconds: Wall time, without the time it waited to be timed alone.
        bytes: Resident memory of the cell's process and all it started.
    """

    seconds: float | None = None
    bytes: int | None = None


@dataclass(slots=True)
class _Running:
    """A cell under way."""

    job: Job
    child: Child
    started: float
    waiting_since: float | None = None
    waited: float = 0.0

    def seconds(self, now: float) -> float:
        """Wall time so far, without waiting."""
        waiting = now - self.waiting_since if self.waiting_since is not None else 0.0
        return now - self.started - self.waited - waiting


def probe(settings: Settings) -> tuple[str, Environment]:
    """The device and the environment that cells would have; also starts the forkserver.

    Raises:
        UsageError: There is no such device.
    """
    child = Child("snnbench.execute.worker:probe_main", settings)
    try:
        answer = child.connection.recv()
    except (EOFError, ConnectionError):
        raise SnnbenchError(f"torch cannot be used: {child.fate()}", "run 'snnbench doctor'") from None
    finally:
        child.kill()
    if isinstance(answer, SnnbenchError):
        raise answer
    device, environment = answer
    return device, environment


def check_data(jobs: Sequence[Job], note: Callable[[str], None]) -> None:
    """See to it that the data of all ``jobs`` is there and whole, in a process of its own.

    Args:
        jobs: One for each dataset and encoding.
        note: Told what a person should know.

    Raises:
        DataError: Something is missing and cannot be had, or is wrong.
        UsageError: A batch is larger than a dataset.
    """
    child = Child("snnbench.execute.worker:data_main", list(jobs))
    try:
        while (answer := child.connection.recv()) is not None:
            if isinstance(answer, SnnbenchError):
                raise answer
            note(answer)
    except (EOFError, ConnectionError):
        note(f"the data could not be checked: {child.fate()}")
    finally:
        child.kill()


def execute(
    jobs: Iterable[Job], *, workers: int, limits: Limits, on_epoch: OnEpoch, on_output: OnOutput
) -> Generator[CellResult]:
    """Run all jobs; yield each result as soon as it is there.

    Closing the generator, or an exception, kills what is running.

    Args:
        jobs: In order of their start.
        workers: How many cells train at once. While a cell is timed, no other one runs.
        limits: For each cell.
        on_epoch: Told the start of a cell (None) and each finished epoch.
        on_output: Told what a cell that ended has printed, if anything.
    """
    pending, running = deque(jobs), list[_Running]()
    try:
        while pending or running:
            _start(pending, running, workers, on_epoch)
            _grant(running)
            wait([signal for one in running for signal in one.child.signals], POLL_SECONDS)
            for one in list(running):
                result = _hear(one, on_epoch) or _check(one, limits)
                if result is not None:
                    running.remove(one)
                    if printed := one.child.printed():
                        on_output(one.job.cell, printed)
                    yield result
    finally:
        for one in running:
            one.child.kill()


def _start(pending: deque[Job], running: list[_Running], workers: int, on_epoch: OnEpoch) -> None:
    """Fill the free places, unless a cell wants to be alone or is."""
    while pending and len(running) < workers and not any(_is_timing(one) for one in running):
        job = pending.popleft()
        child = Child("snnbench.execute.worker:cell_main", job, quiet=True)
        running.append(_Running(job, child, time.monotonic()))
        on_epoch(job.cell, None)


def _is_timing(one: _Running) -> bool:
    return one.waiting_since is not None or one.waited > 0


def _grant(running: list[_Running]) -> None:
    """Let one waiting cell go on, once all that run are waiting."""
    if running and all(one.waiting_since is not None for one in running):
        chosen = running[0]
        now = time.monotonic()
        chosen.waited += max(now - (chosen.waiting_since or now), 1e-9)
        chosen.waiting_since = None
        with suppress(OSError):  # a cell that is gone is noticed when it is listened to
            chosen.child.connection.send("go")


def _hear(one: _Running, on_epoch: OnEpoch) -> CellResult | None:
    """Take in what the cell says; its result if it ended, by itself or not."""
    try:
        for message in one.child.messages():
            match message:
                case EpochDone():
                    on_epoch(one.job.cell, message)
                case WantsAlone():
                    one.waiting_since = time.monotonic()
                case Finished(result):
                    one.child.close()
                    return result
    except (EOFError, OSError):
        reason = one.child.fate()
        return _lost(one, Status.FAILED, reason)
    return None


def _check(one: _Running, limits: Limits) -> CellResult | None:
    """Kill a cell that is over a limit."""
    if limits.seconds is not None and one.seconds(time.monotonic()) > limits.seconds:
        one.child.kill()
        return _lost(one, Status.TIMEOUT, f"took longer than {limits.seconds:g} s")
    if limits.bytes is not None and (used := one.child.memory()) > limits.bytes:
        one.child.kill()
        reason = f"used {used / 2**20:.0f} MiB, over the limit of {limits.bytes / 2**20:.0f} MiB"
        return _lost(one, Status.OOM, reason)
    return None


def _lost(one: _Running, status: Status, reason: str) -> CellResult:
    """The result of a cell that could not write its own."""
    seconds = one.seconds(time.monotonic())
    started = datetime.fromtimestamp(time.time() - seconds, UTC)
    return CellResult(
        cell=one.job.cell,
        status=status,
        reason=reason,
        labels=labels(one.job),
        device=one.job.settings.device,
        environment=one.job.settings.environment,
        started=started.isoformat(timespec="seconds"),
        seconds=seconds,
        traceback=one.child.printed(),
    )
