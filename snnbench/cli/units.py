"""People write durations and sizes with units; this module reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from snnbench.errors import UsageError

SECONDS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}
BYTES: Final = {"b": 1, "byte": 1, "bytes": 1} | {
    f"{prefix}{unit}": base**power
    for power, prefix in enumerate("kmgt", 1)
    for unit, base in (("", 1024), ("ib", 1024), ("b", 1000))
}
_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)(?:e([+-]?\d+))?"


def parse_duration(text: str) -> float:
    """Return the seconds from ``90s``, ``30 min``, ``1.5h``, ``1h30m`` or ``2d``.

    Raises:
        UsageError: It is not a positive duration.
    """
    parts = re.findall(rf"({_NUMBER})\s*([a-z]+)\s*", text.strip().lower())
    whole = re.fullmatch(rf"(?:{_NUMBER}\s*[a-z]+\s*)+", text.strip().lower())
    if not whole or any(unit not in SECONDS for *_, unit in parts):
        raise _not(text, "a duration", ("s", "m", "h", "d"), "30m or 1h30m")
    return _positive(text, sum(float(number) * SECONDS[unit] for number, *_, unit in parts))


def parse_size(text: str, free: int) -> int:
    """Return the bytes from ``500MiB``, ``8G``, ``1TB`` or ``50%``.

    Args:
        text: A number and a unit; ``G`` and ``GiB`` are powers of 1024, ``GB`` is one of 1000.
        free: Bytes of which a percentage is meant.

    Raises:
        UsageError: It is not a positive size.
    """
    units: Mapping[str, float] = {**BYTES, "%": free / 100}
    match = re.fullmatch(rf"({_NUMBER})\s*([a-z]+|%)", text.strip().lower())
    if not match or match[4] not in units:
        raise _not(text, "a size", ("B", "MiB", "GiB", "MB", "GB", "%"), "8GiB or 50%")
    if match[4] == "%" and float(match[1]) > 100:
        raise UsageError(f"{text!r} is more memory than is free", "at most 100%")
    return round(_positive(text, float(match[1]) * units[match[4]]))


def _not(text: str, what: str, units: tuple[str, ...], example: str) -> UsageError:
    if re.fullmatch(_NUMBER, text.strip().lower()):
        ways = " or ".join(f"{text.strip()}{unit}" for unit in units)
        return UsageError(f"{text!r} is {what} without a unit", f"write {ways}")
    return UsageError(f"{text!r} is not {what}", f"a number and one of {', '.join(units)}: {example}")


def _positive(text: str, value: float) -> float:
    if not 0 < value < math.inf:
        raise UsageError(f"{text!r} is no limit", "a number above 0 that a computer can hold")
    return value
