"""Measure how long a piece of work takes: warm-up, and repeats until its rate is known.

Work is timed in windows of many calls, so that neither the clock's resolution nor the cost of a
synchronisation shows. A rate is the median over windows; its spread is their quartiles. Works that are
to be compared take turns, a window each, so that the machine's drift meets all of them alike.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from time import process_time

import psutil

from snnbench.measure.stopwatch import Lap, Stopwatch, Work
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
"""Windows that are timed at the least, unless they take as long as so many time caps."""

FEWEST = 6
"""Windows that are timed at the least then: with fewer, a comparison has no 95 % interval."""

WARM_UP = 5
"""Windows that a warm-up may take at the least before it is given up, whatever the time cap."""

PATIENCE = 5.0
"""A work of which one call takes longer than so many time caps is not timed."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate is the calls a second over many windows.

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
        """Return ``amount`` a call as a rate."""
        return Metric(amount * self.median, unit, amount * self.low, amount * self.high, self.flags)


@dataclass(frozen=True, slots=True)
class Timing:
    """A piece of work is timed by both clocks.

    Attributes:
        wall: By the host's clock.
        device: By events on the device; None where there are none.
        windows: Calls a second in each window, by the host's clock, in their order.
        settled: The warm-up ended with two windows that agree.
    """

    wall: Rate
    device: Rate | None
    windows: tuple[float, ...]
    settled: bool


@dataclass(frozen=True, slots=True)
class Load:
    """The load is the processor seconds since the machine started, over all processors.

    Attributes:
        others: That other processes, or other guests of the host, have used.
        total: That there were.
    """

    others: float
    total: float


def machine_load() -> Load:
    """Return what the machine's processors have done so far."""
    times = psutil.cpu_times()._asdict()
    total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)  # within user, nice
    idle = times["idle"] + times.get("iowait", 0.0)
    return Load(total - idle - process_time(), total)


def repeat(
    work: Work, stopwatch: Stopwatch, seconds: float, load: Callable[[], Load] = machine_load
) -> Timing | str:
    """Warm ``work`` up, then time it until its spread is small or ``seconds`` have passed.

    The warm-up may take ``seconds`` too. The garbage collector runs between windows only.

    Returns:
        The timing, or why there is none.
    """
    return take_turns([work], stopwatch, seconds, load)[0]


def take_turns(
    works: Sequence[Work], stopwatch: Stopwatch, seconds: float, load: Callable[[], Load] = machine_load
) -> list[Timing | str]:
    """Return ``repeat`` for several works, which take turns: A B C, then C B A, and so on.

    The n-th windows of all are neighbours in time. As the order alternates, none has the advantage of
    being first. ``seconds`` is the cap of each. The others are there to be compared with the first: if
    that is too slow to be timed, they are not run.

    Returns:
        For each work its timing, or why there is none.
    """
    with _collector_off():
        warmed = [_warm_up(works[0], stopwatch, seconds)]
        if isinstance(warmed[0], str):
            return [warmed[0]] * len(works)
        warmed += [_warm_up(work, stopwatch, seconds) for work in works[1:]]
        paces = {index: pace for index, pace in enumerate(warmed) if isinstance(pace, _Pace)}
        laps: dict[int, list[Lap]] = {index: [] for index in paces}
        order, before = list(paces), load()
        while not _enough(list(laps.values()), seconds):
            for index in order:
                laps[index].append(_lap(works[index], stopwatch, paces[index].calls))
            order.reverse()
        after = load()
    busy = after.others - before.others > BUSY * (after.total - before.total)
    return [
        pace if isinstance(pace, str) else _timing(laps[index], pace, busy)
        for index, pace in enumerate(warmed)
    ]


def _enough(laps: Sequence[Sequence[Lap]], seconds: float) -> bool:
    """Return whether works that took turns have been timed enough; if several, as often in either order."""
    walls = [[lap.wall for lap in one] for one in laps]
    windows, longest = len(walls[0]), max(map(sum, walls))
    if windows < FEWEST or (len(walls) > 1 and windows % 2):
        return False
    if windows < LEAST:
        return longest >= LEAST * seconds
    return longest >= seconds or all(spread([1 / lap for lap in wall]) < SPREAD for wall in walls)


@dataclass(frozen=True, slots=True)
class _Pace:
    """A pace is the calls that fill a window, and whether the warm-up settled."""

    calls: int
    settled: bool


def _timing(laps: Sequence[Lap], pace: _Pace, busy: bool) -> Timing:
    """Return what windows of ``pace.calls`` calls tell."""
    wall = [lap.wall for lap in laps]
    events = [lap.device for lap in laps if lap.device is not None]
    rate = partial(_rate, calls=pace.calls, settled=pace.settled, busy=busy)
    windows = tuple(pace.calls / lap for lap in wall)
    return Timing(rate(wall), rate(events) if events else None, windows, pace.settled)


def _rate(seconds: Sequence[float], *, calls: int, settled: bool, busy: bool) -> Rate:
    """Return the rate of windows of ``calls`` calls that took ``seconds``."""
    rates = [calls / lap for lap in seconds]
    flags = {"unstable": not settled or spread(rates) >= SPREAD, "busy": busy}
    return Rate(*quartiles(rates), flags=tuple(flag for flag, raised in flags.items() if raised))


def _warm_up(work: Work, stopwatch: Stopwatch, seconds: float) -> _Pace | str:
    """Run windows until two in a row agree; or the reason why it takes too long."""
    stopwatch(work, 1)  # the first call compiles, allocates and starts threads: no measure of the next
    window = seconds / WINDOWS
    calls, windows, spent = 1, 0, 0.0
    previous: float | None = None
    while True:
        lap = _lap(work, stopwatch, calls).wall
        spent += lap
        if lap > PATIENCE * seconds and calls == 1:
            return f"one call takes {lap:.3g} s, more than {PATIENCE:g} times the time cap of {seconds:g} s"
        if lap < window / 2:
            calls *= 2
            previous = None
            continue
        windows += 1
        if previous is not None and abs(lap - previous) < SETTLED * previous:
            return _Pace(calls, True)
        if windows >= WARM_UP and spent >= seconds:
            return _Pace(calls, False)
        previous = lap


def _lap(work: Work, stopwatch: Stopwatch, calls: int) -> Lap:
    """Return one window, entered without garbage.

    A graph caught in a cycle would hold its memory for good.
    """
    gc.collect(0)  # with the collector off, whatever was made since the last window is in generation 0
    return stopwatch(work, calls)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, median and upper quartile of at least two values, interpolated."""
    low, median, high = quantiles(values, n=4, method="inclusive")
    return low, median, high


def spread(values: Sequence[float]) -> float:
    """Interquartile range as a share of the median."""
    low, median, high = quartiles(values)
    return (high - low) / median


@contextmanager
def _collector_off() -> Iterator[None]:
    """Turn automatic garbage collection off within."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
