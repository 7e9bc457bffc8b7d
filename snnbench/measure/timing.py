"""How long a piece of work takes: warm-up, repeats, and the clocks they are read from.

Work is timed in windows of many calls, so that neither the clock's resolution nor the cost of a
synchronisation shows. A rate is the median over windows; its spread is their quartiles.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from time import perf_counter, process_time
from typing import TypeAlias

import psutil
import torch

from snnbench.records import Metric

SETTLED = 0.05
"""The warm-up ends when two consecutive windows differ by less than this share."""

SPREAD = 0.10
"""A rate is stable, and no longer timed, when its interquartile range is below this share of its median."""

BUSY = 0.10
"""A rate is flagged when other processes used more than this share of the machine's processors."""

WINDOWS = 20
"""The time cap is as long as this many windows."""

LEAST = 10
"""Windows that are timed at the least, whatever the time cap."""

WARM_UP = 5
"""Windows that a warm-up may take at the least before it is given up, whatever the time cap."""

Work: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Lap:
    """Seconds that some calls took.

    Attributes:
        wall: By the host's clock, until the device has finished.
        device: Between two events on the device; None where there are none.
    """

    wall: float
    device: float | None = None


Stopwatch: TypeAlias = Callable[[Work, int], Lap]
"""Calls the work so many times and says how long all of them took."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls a second over many windows.

    Attributes:
        low: Lower quartile.
        median: The rate.
        high: Upper quartile.
        flags: ``unstable`` if the warm-up did not settle or the spread stayed above its bound;
            ``busy`` if other processes had more than their share of the processors meanwhile.
    """

    low: float
    median: float
    high: float
    flags: tuple[str, ...]

    def metric(self, amount: float, unit: str) -> Metric:
        """``amount`` a call as a rate."""
        return Metric(amount * self.median, unit, amount * self.low, amount * self.high, self.flags)


@dataclass(frozen=True, slots=True)
class Timing:
    """One piece of work by both clocks; ``device`` is None where there are no events."""

    wall: Rate
    device: Rate | None


@dataclass(frozen=True, slots=True)
class Load:
    """Processor seconds since the machine started, over all processors.

    Attributes:
        others: That other processes, or other guests of the host, have used.
        total: That there were.
    """

    others: float
    total: float


def machine_load() -> Load:
    """What the machine's processors have done so far."""
    times = psutil.cpu_times()._asdict()
    total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)  # within user, nice
    idle = times["idle"] + times.get("iowait", 0.0)
    return Load(total - idle - process_time(), total)


def repeat(
    work: Work, stopwatch: Stopwatch, seconds: float, load: Callable[[], Load] = machine_load
) -> Timing:
    """Warm ``work`` up, then time it until its spread is small or ``seconds`` have passed.

    The warm-up may take ``seconds`` too. The garbage collector runs between windows only.
    """
    with _collector_off():
        calls, settled = _warm_up(work, stopwatch, seconds)
        laps: list[Lap] = []
        before = load()
        while True:
            laps.append(_lap(work, stopwatch, calls))
            wall = [lap.wall for lap in laps]
            if len(laps) >= LEAST and (spread([1 / lap for lap in wall]) < SPREAD or sum(wall) >= seconds):
                break
        after = load()
    busy = after.others - before.others > BUSY * (after.total - before.total)
    events = [lap.device for lap in laps if lap.device is not None]
    rate = partial(_rate, calls=calls, settled=settled, busy=busy)
    return Timing(rate(wall), rate(events) if events else None)


def _rate(seconds: Sequence[float], *, calls: int, settled: bool, busy: bool) -> Rate:
    """The rate of windows of ``calls`` calls that took ``seconds``."""
    rates = [calls / lap for lap in seconds]
    flags = {"unstable": not settled or spread(rates) >= SPREAD, "busy": busy}
    return Rate(*quartiles(rates), flags=tuple(flag for flag, raised in flags.items() if raised))


def _warm_up(work: Work, stopwatch: Stopwatch, seconds: float) -> tuple[int, bool]:
    """Run windows until two in a row agree: the calls that fill a window, and whether they agreed."""
    stopwatch(work, 1)  # the first call compiles, allocates and starts threads: no measure of the next
    window = seconds / WINDOWS
    calls, windows, spent = 1, 0, 0.0
    previous: float | None = None
    while True:
        lap = _lap(work, stopwatch, calls).wall
        spent += lap
        if lap < window / 2:
            calls *= 2
            previous = None
            continue
        windows += 1
        if previous is not None and abs(lap - previous) < SETTLED * previous:
            return calls, True
        if windows >= WARM_UP and spent >= seconds:
            return calls, False
        previous = lap


def _lap(work: Work, stopwatch: Stopwatch, calls: int) -> Lap:
    """One window, entered without garbage: a graph caught in a cycle would hold its memory for good."""
    gc.collect(0)  # with the collector off, whatever was made since the last window is in generation 0
    return stopwatch(work, calls)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile of at least two values, interpolated between them."""
    low, median, high = quantiles(values, n=4, method="inclusive")
    return low, median, high


def spread(values: Sequence[float]) -> float:
    """Interquartile range as a share of the median."""
    low, median, high = quartiles(values)
    return (high - low) / median


@contextmanager
def _collector_off() -> Iterator[None]:
    """No automatic garbage collection within."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def stopwatch_for(device: torch.device) -> Stopwatch:
    """The stopwatch that tells the truth on ``device``.

    Raises:
        ValueError: The device is neither a CPU nor CUDA.
    """
    if device.type == "cpu":
        return time_on_cpu
    if device.type == "cuda":
        return partial(time_on_cuda, device)
    raise ValueError(f"no stopwatch for a device of type {device.type!r}")


def time_on_cpu(work: Work, calls: int) -> Lap:
    """Wall time of ``calls`` calls."""
    start = perf_counter()
    for _ in range(calls):
        work()
    return Lap(perf_counter() - start)


def time_on_cuda(device: torch.device, work: Work, calls: int) -> Lap:
    """Wall time of ``calls`` calls between two synchronisations, and the time between two events."""
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
