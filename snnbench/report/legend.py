"""Tell what the columns and the marks that a report shows mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from snnbench.quantities import Better, Quantity
from snnbench.report.lookup import Descriptions
from snnbench.report.view import Section


def meanings(sections: Iterable[Section]) -> list[tuple[str, Quantity]]:
    """Return the columns that are shown, those of one family together: their titles, and what they are."""
    found: dict[tuple[str, Better], dict[str, Quantity]] = {}
    for section in sections:
        for quantity in section.metrics.values():
            found.setdefault((quantity.meaning, quantity.better), {})[quantity.title] = quantity
    return [(", ".join(family), next(iter(family.values()))) for family in found.values()]


def marks(sections: Sequence[Section], descriptions: Descriptions) -> dict[str, str]:
    """Return the marks that are shown by name, and what they mean, in the order of ``sentences``."""
    shown = {mark.name for section in sections for mark in section.shared}
    shown |= {mark.name for section in sections for row in section.rows for mark in row.marks}
    return {name: meaning for name, meaning in descriptions.sentences.items() if name in shown}
