"""Durations and sizes as people write them."""

from __future__ import annotations

import pytest

from snnbench.cli.units import parse_duration, parse_size
from snnbench.errors import UsageError

DURATIONS = {
    "90s": 90,
    "30m": 1800,
    "1.5h": 5400,
    ".5h": 1800,
    "2d": 172_800,
    "1h30m": 5400,
    "1h 30m": 5400,
    "1e3s": 1000,
    "90 s": 90,
    "2 hours": 7200,
    "10MIN": 600,
}
SIZES = {
    "500MiB": 500 * 2**20,
    "500 mib": 500 * 2**20,
    "8GiB": 2**33,
    "8G": 2**33,
    "1TB": 10**12,
    "1kb": 1000,
    "1.5GB": 1_500_000_000,
    "1e3MB": 10**9,
    "10%": 1000,
    "100%": 10_000,
}


@pytest.mark.parametrize("text, seconds", DURATIONS.items())
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text, size", SIZES.items())
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, free=10_000) == size


@pytest.mark.parametrize(
    "text, hint",
    [
        ("5", "write 5s or 5m or 5h or 5d"),
        ("soon", "30m or 1h30m"),
        ("1h30", "30m or 1h30m"),
        ("1" * 40 + "!", "30m or 1h30m"),  # took time exponential in its length
        ("0s", "above 0"),
        ("-5s", "a number and one of"),
        ("1e400s", "that a computer can hold"),
        ("", "30m"),
    ],
)
def test_what_is_no_duration_has_a_hint_that_fits(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "text, hint",
    [
        ("8", "8GiB"),
        ("200%", "at most 100%"),
        ("0B", "above 0"),
        ("8 elephants", "8GiB or 50%"),
        ("", "8GiB"),
    ],
)
def test_what_is_no_size_has_a_hint_that_fits(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text, free=10_000)
    assert hint in caught.value.hint
