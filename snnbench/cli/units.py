"""Durations and sizes as people write them."""

from __future__ import annotations

import re

from snnbench.errors import UsageError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def parse_duration(text: str) -> float:
    """Seconds from ``90s``, ``30m``, ``1.5h`` or ``2d``.

    Raises:
        UsageError: It is not a positive duration.
    """
    return _parse(text, SECONDS, "a duration", "30m")


def parse_size(text: str) -> int:
    """Bytes from ``500MiB`` or ``8GiB``.

    Raises:
        UsageError: It is not a positive size.
    """
    return round(_parse(text, BYTES, "a size", "8GiB"))


def _parse(text: str, units: dict[str, int], what: str, example: str) -> float:
    match = re.fullmatch(rf"(\d+(?:\.\d+)?)\s*({'|'.join(units)})", text.strip())
    if not match or float(match[1]) <= 0:
        raise UsageError(f"{text!r} is not {what}", f"a number and one of {', '.join(units)}: {example}")
    return float(match[1]) * units[match[2]]
