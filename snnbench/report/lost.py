"""Tell what a report is missing: cells that were not done, numbers that could not be measured, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snnbench.report.cells import Cells, MeasuredCell
from snnbench.settings import NO_LOOP
from snnbench.words import plain


@dataclass(frozen=True, slots=True)
class Missing:
    """Cells that have no result, or no number, for one reason.

    Attributes:
        what: Status of the cells, or the metrics that are missing.
        reason: Why, fit to be shown.
        cells: Their ids.
    """

    what: str
    reason: str
    cells: tuple[str, ...]


def missing(cells: Cells) -> list[Missing]:
    """Return cells that were not done, or not by the engine asked for, and missing numbers, by reason."""
    told = [(cell.status.value, cell.reason, cell) for cell in cells.cells if not cell.done]
    found = _by_reason(told)
    fell = [(cell, cell.labels["fallback"]) for cell in cells.cells if cell.labels.get("fallback")]
    found += _by_reason(("compiled code", why, cell) for cell, why in fell)
    stepped = [(cell, cell.labels[NO_LOOP]) for cell in cells.cells if cell.labels.get(NO_LOOP)]
    found += _by_reason(("loop", why, cell) for cell, why in stepped)
    for metric in cells.metrics:
        without = [(cell, one) for cell in cells.cells if (one := cell.metrics.get(metric)) and one.reason]
        found += _by_reason((metric, one.reason or "", cell) for cell, one in without)
    return _folded(found)


def _by_reason(every: Iterable[tuple[str, str, MeasuredCell]]) -> list[Missing]:
    """Return one entry for what the same cells lack for the same reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for what, reason, cell in every:
        groups.setdefault((what, reason or "no reason was recorded"), []).append(plain(cell.id))
    return [Missing(plain(what), plain(reason), tuple(ids)) for (what, reason), ids in groups.items()]


def _folded(every: Iterable[Missing]) -> list[Missing]:
    """Return metrics that the same cells lack for the same reason as one."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in every:
        groups.setdefault((one.reason, one.cells), []).append(one.what)
    return [Missing(", ".join(what), reason, cells) for (reason, cells), what in groups.items()]
