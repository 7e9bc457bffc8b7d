"""Parse which repetitions of a combination are meant: seeds by number, range or list."""

from __future__ import annotations

import json
import re

from snnbench.errors import UsageError

MOST_SEEDS = 100_000
"""More seeds than this are taken for a slip of the keyboard."""

LARGEST = 999_999_999
"""Seeds are indices; a table has no place for numbers of more than 64 bits."""


def seed_indices(value: object) -> tuple[int, ...]:
    """Return the seeds, ascending, of ``3`` (that many, from 0), ``"0-4"``, ``"0,2,5"`` or ``[0, 2]``.

    Raises:
        UsageError: It is none of these, or names no seed.
    """
    seeds: set[int] = set()
    if isinstance(value, int) and not isinstance(value, bool):
        seeds.update(range(min(value, MOST_SEEDS + 1)))
    elif isinstance(value, list) and all(type(item) is int and 0 <= item <= LARGEST for item in value):
        seeds.update(value)
    elif isinstance(value, str):
        for part in value.split(","):
            ends = re.fullmatch(r"\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*", part, re.ASCII)
            if ends is None:
                raise _not_seeds(value)
            first, last = int(ends[1]), int(ends[2] or ends[1])
            seeds.update(range(first, min(last, first + MOST_SEEDS) + 1))
    if not 0 < len(seeds) <= MOST_SEEDS:
        raise _not_seeds(value)
    return tuple(sorted(seeds))


def _not_seeds(value: object) -> UsageError:
    hint = f'write a range or a list: "0-4", "0,2,5"; at most {MOST_SEEDS:,} seeds, none above {LARGEST:,}'
    return UsageError(f"{json.dumps(value, default=str)} is not a choice of seeds", hint)
