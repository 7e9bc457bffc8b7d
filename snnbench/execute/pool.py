"""The local pool watches one fresh process for each cell; cells that are being timed run alone."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias, TypedDict

from snnbench.execute.job import EpochDone, Finished, Job, WantsAlone
from snnbench.execute.limits import Limits
from snnbench.execute.mailbox import RubbishError
from snnbench.execute.process import POLL_SECONDS, Child
from snnbench.records import Cell, CellResult, Status

OnEpoch: TypeAlias = Callable[[Cell, EpochDone | None], None]
OnOutput: TypeAlias = Callable[[Cell, str], None]


class _When(TypedDict):
    started: str
    seconds: float


@dataclass(slots=True)
class _Running:
    """This cell is under way."""

    job: Job
    child: Child
    started: float
    waiting_since: float | None = None
    waited: float = 0.0

    def seconds(self, now: float) -> float:
        """Return the wall time so far, without waiting."""
        waiting = now - self.waiting_since if self.waiting_since is not None else 0.0
        return now - self.started - self.waited - waiting


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
    pending, running, news = deque(jobs), list[_Running](), threading.Event()
    try:
        while pending or running:
            _start(pending, running, workers, news, on_epoch)
            _grant(running)
            news.wait(POLL_SECONDS)
            news.clear()
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


def _start(
    pending: deque[Job], running: list[_Running], workers: int, news: threading.Event, on_epoch: OnEpoch
) -> None:
    """Fill the free places, unless a cell wants to be alone or is."""
    while pending and len(running) < workers and not any(_is_timing(one) for one in running):
        job = pending.popleft()
        child = Child("snnbench.execute.worker:cell_main", job, quiet=True, news=news)
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
        chosen.child.send("go")


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
                    return replace(result, **_when(one))
                case _:
                    raise RubbishError(f"{type(message).__name__} is nothing that a cell says")
    except EOFError:
        return _lost(one, Status.FAILED, one.child.fate())
    except RubbishError as error:
        one.child.kill()
        return _lost(one, Status.FAILED, f"something wrote into the cell's connection to the run: {error}")
    return None


def _check(one: _Running, limits: Limits) -> CellResult | None:
    """Kill a cell that is over a limit."""
    exceeded = limits.exceeded(one.seconds(time.monotonic()), one.child)
    if exceeded is None:
        return None
    one.child.kill()
    return _lost(one, *exceeded)


def _lost(one: _Running, status: Status, reason: str) -> CellResult:
    """Return the result of a cell that could not write its own."""
    return CellResult(
        cell=one.job.cell,
        status=status,
        reason=reason,
        labels=one.job.labels,
        device=one.job.settings.device,
        engine=one.job.settings.engine,
        environment=one.job.settings.environment,
        **_when(one),
        traceback=one.child.printed(),
    )


def _when(one: _Running) -> _When:
    """Return when a cell started and how long it took, by this process's clocks."""
    seconds = max(one.seconds(time.monotonic()), 0.0)
    started = datetime.fromtimestamp(time.time() - seconds, UTC)
    return {"started": started.isoformat(timespec="seconds"), "seconds": seconds}
