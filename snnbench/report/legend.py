"""What the columns and the marks that a report shows mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snnbench.report.catalogue import Entry
from snnbench.report.marks import MEANINGS
from snnbench.report.view import Section

DIRECTIONS = {True: "Higher is better.", False: "Lower is better.", None: ""}


def meanings(sections: Iterable[Section]) -> list[tuple[str, Entry, str]]:
    """The columns that are shown, those of one family together: titles, description, which end is better."""
    found: dict[tuple[str, bool | None], dict[str, Entry]] = {}
    for section in sections:
        for entry in section.metrics.values():
            found.setdefault((entry.meaning, entry.higher_is_better), {})[entry.title] = entry
    return [
        (", ".join(family), next(iter(family.values())), DIRECTIONS[higher])
        for (_, higher), family in found.items()
    ]


def marks(sections: Sequence[Section]) -> dict[str, str]:
    """Return the marks that are shown by name, and what they mean, in the order of ``MEANINGS``."""
    shown = {mark.name for section in sections for mark in section.shared}
    shown |= {mark.name for section in sections for row in section.rows for mark in row.marks}
    return {name: meaning for name, meaning in MEANINGS.items() if name in shown}
