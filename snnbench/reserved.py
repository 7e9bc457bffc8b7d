"""Reserve the names of columns that no measurement may have."""

from __future__ import annotations

from dataclasses import fields

from snnbench.axes import AXES
from snnbench.settings import Budget

TAKEN = frozenset(
    {
        *("id", "combination", *AXES, "seed", "status"),
        *("reason", "device", "engine", "environment", "protocol", "penalty", "started", "seconds", "key"),
        "version",
        *(item.name for item in fields(Budget) if item.name != "stability"),
        *("rank", "contest", "ranked_by", "seeds", "marks", "index"),
    }
)
"""Columns that say what a cell is, or where a row of a board stands: no measurement has such a name."""
