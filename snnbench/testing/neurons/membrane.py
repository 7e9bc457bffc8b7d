"""Find which of a neuron's states are its membrane."""

from __future__ import annotations

from typing import Final

MEMBRANES: Final = ("mem", "volt", "potential", "v", "u")
"""A state whose name holds one of the longer ones, or is one of the last two, is the membrane, or part of it.

The first that any state has counts: where there are v and u, u is a recovery.
"""


def membranes(states: tuple[str, ...]) -> list[int]:
    """Return the indices of the states that make up the membrane; none where that cannot be told."""
    for word in MEMBRANES:
        named = [i for i, name in enumerate(states) if _is_called(name.lower(), word)]
        if named:
            return named
    return [0] if len(states) == 1 else []


def _is_called(name: str, word: str) -> bool:
    return name == word if len(word) == 1 else word in name
