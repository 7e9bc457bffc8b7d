"""Define which results count where a cell was run again."""

from __future__ import annotations

from collections.abc import Iterable


def counting(attempts: Iterable[tuple[object, object, bool]]) -> list[tuple[int, int]]:
    """Return which results still count, where a cell may have been run again.

    A later result replaces one of the same engine, and one of any engine that was not finished: a cell
    that timed out may have got no further than the engine's default.

    Args:
        attempts: Of each result, in the order in which they ended: its ``attempt``, its engine, and whether
            it is done.

    Returns:
        Pairs of the place of the first result that it replaces, its own without one, and its own place,
        in the order of the former.
    """
    known: dict[object, list[int]] = {}
    kept: dict[int, tuple[int, object, bool]] = {}
    for place, (attempt, engine, done) in enumerate(attempts):
        earlier = known.setdefault(attempt, [])
        replaced = [at for at in earlier if kept[at][1] == engine or not kept[at][2]]
        for at in replaced:
            earlier.remove(at)
            del kept[at]
        first = min(replaced, default=place)
        earlier.append(first)
        kept[first] = (place, engine, done)
    return [(first, kept[first][0]) for first in sorted(kept)]
