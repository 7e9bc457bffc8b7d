"""Prepare a run before its first cell, in other processes: the device is probed, the data is checked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from snnbench.errors import DataError, SnnbenchError
from snnbench.execute.job import Job, Reading, Settings
from snnbench.execute.limits import Limits
from snnbench.execute.mailbox import RubbishError
from snnbench.execute.process import POLL_SECONDS, Child
from snnbench.records import Environment, Status


def probe(settings: Settings) -> tuple[str, Environment]:
    """Return the device and the environment that cells would have; also starts the forkserver.

    Raises:
        UsageError: There is no such device.
    """
    news = threading.Event()
    child = Child("snnbench.execute.worker:probe_main", settings, news=news)
    try:
        answer = next(_heard(child, news, lambda: None))
    except (EOFError, RubbishError):
        raise SnnbenchError(f"torch cannot be used: {child.fate()}", "run 'snnbench doctor'") from None
    finally:
        child.kill()
    if isinstance(answer, SnnbenchError):
        raise answer
    device, environment = answer
    return device, environment


def check_data(jobs: Sequence[Job], note: Callable[[str], None], limits: Limits) -> None:
    """See to it that the data of all ``jobs`` is there and whole, in a process of its own.

    Args:
        jobs: One for each dataset and encoding.
        note: Told what a person should know.
        limits: For the reading of each dataset, not for its download.

    Raises:
        DataError: Something is missing and cannot be had, or is wrong, or takes more than the limits.
        UsageError: A batch is larger than a dataset.
    """
    news = threading.Event()
    child = Child("snnbench.execute.worker:data_main", list(jobs), news=news)
    watch = _Watch(child, limits)
    try:
        for answer in _heard(child, news, watch.check):
            match answer:
                case None:
                    return
                case SnnbenchError():
                    raise answer
                case Reading():
                    watch.begin(answer)
                case str():
                    note(answer)
    except (EOFError, RubbishError) as error:
        why = child.fate() if isinstance(error, EOFError) else f"it was answered with rubbish: {error}"
        note(f"the data {watch.of}could not be checked: {why}")
    finally:
        child.kill()


class _Watch:
    """Holds the process that sees to the data to the limits, one dataset after another."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self._child, self._limits = child, limits
        self._reading = Reading("", limited=False)
        self._since = time.monotonic()

    @property
    def of(self) -> str:
        return f"of {self._reading.dataset} " if self._reading.dataset else ""

    def begin(self, reading: Reading) -> None:
        self._reading, self._since = reading, time.monotonic()

    def check(self) -> None:
        """Refuse a dataset that takes too much.

        Raises:
            DataError: It does.
        """
        seconds = time.monotonic() - self._since if self._reading.limited else 0.0
        if exceeded := self._limits.exceeded(seconds, self._child):
            status, how = exceeded
            option = "--timeout" if status is Status.TIMEOUT else "--memory-limit"
            raise DataError(f"dataset {self._reading.dataset}: reading it {how}", f"{option} sets the limit")


def _heard(child: Child, news: threading.Event, check: Callable[[], None]) -> Iterator[Any]:
    """Return what ``child`` sends, as it comes; ``check`` is called meanwhile."""
    while True:
        news.clear()
        yield from child.messages()
        news.wait(POLL_SECONDS)
        check()
