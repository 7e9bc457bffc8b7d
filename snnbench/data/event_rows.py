"""Events as rows of whole numbers, from what libraries give: structured, of floats, since 1970."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snnbench.errors import DataError

Rows: TypeAlias = NDArray[np.int64]

FIELDS: Final = ("time", "x", "y", "polarity")
SHORT: Final = ("t", "x", "y", "p")
"""Names that tonic and aedat have for ``FIELDS``, in the same order."""

EXPECTED: Final = "a recording is [events, 4], time (µs), x, y, polarity, or structured with t, x, y, p"


def as_rows(recording: ArrayLike, where: str, tick_us: float = 1.0, from_start: bool = False) -> Rows:
    """Return a recording as ``[events, 4]`` int64: time (µs), x, y, polarity.

    Nothing is cast that would become something else: a polarity of 0.5, a time that is no number.

    Args:
        recording: ``[events, 4]`` of any numbers, or structured with the fields t, x, y and p.
        where: Begins the error's message.
        tick_us: What one unit of its times is, in µs: 1e6 for seconds, which are then rounded to µs.
        from_start: Subtract its first time, of times since 1970, say.

    Raises:
        DataError: It has other columns, or numbers that are not whole.
    """
    time, *others = _columns(np.asarray(recording), where)
    _check_finite(time, f"{where}the time")
    start = time.min() if from_start and len(time) else time.dtype.type(0)
    rows = np.empty((len(time), 4), np.int64)
    rows[:, 0] = _whole(_ticks(time - start, where, tick_us), f"{where}the time")
    for column, (values, name) in enumerate(zip(others, FIELDS[1:], strict=True), start=1):
        _check_finite(values, f"{where}the {name}")
        rows[:, column] = _whole(values, f"{where}the {name}")
    return rows


def _columns(events: NDArray[Any], where: str) -> list[NDArray[Any]]:
    """Return the time, x, y and polarity of ``[events, 4]`` or of a structured array."""
    names = events.dtype.names
    if names is not None:
        for wanted in (SHORT, FIELDS):
            if set(wanted) <= set(names) and events.ndim == 1:
                return [events[name] for name in wanted]
        raise DataError(f"{where}it has the fields {', '.join(names)} {list(events.shape)}", EXPECTED)
    if not events.size:
        return list(np.empty((4, 0)))
    if events.ndim != 2 or events.shape[1] != 4 or events.dtype.kind not in "biuf":
        raise DataError(f"{where}it is {events.dtype} {list(events.shape)}", EXPECTED)
    return list(events.T)


def _check_finite(values: NDArray[Any], name: str) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError(f"{name} of an event is {values[~np.isfinite(values)][0]}", EXPECTED)


def _ticks(times: NDArray[Any], where: str, tick_us: float) -> NDArray[Any]:
    """Return the times in µs, rounded if their unit is another."""
    if tick_us != 1:
        return np.rint(times * np.float64(tick_us))
    if times.dtype.kind == "f" and (wrong := times[times != np.rint(times)]).size:
        hint = "times are in whole µs: say what theirs are in, by tick_us=1e6 for seconds, 1e3 for ms"
        raise DataError(f"{where}the time of an event is {wrong[0]}", hint)
    return times


def _whole(values: NDArray[Any], name: str) -> Rows:
    """Return ``values`` as int64; what is too large for it becomes 2⁶², which is out of any range."""
    if values.dtype.kind == "f":
        limited = values.astype(np.float64).clip(-(2.0**62), 2.0**62)
    else:
        limited = values.clip(max=2**62) if values.dtype == np.uint64 else values
    whole = limited.astype(np.int64)
    if values.dtype.kind == "f" and (wrong := values[whole != limited]).size:
        raise DataError(f"{name} of an event is {wrong[0]}, no whole number", EXPECTED)
    return whole
