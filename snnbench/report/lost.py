"""What a report is missing: cells that were not done, numbers that could not be measured, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snnbench.report.frame import LABEL, DataFrame, metrics
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


def missing(results: DataFrame) -> list[Missing]:
    """Every cell that was not done or not by the engine asked for, and every missing number, by reason.

    Args:
        results: A row a cell, as ``load_results`` returns it.
    """
    lost = results[results["status"] != "done"]
    found = [_missing(lost, "status", "reason")] if len(lost) else []
    if f"{LABEL}fallback" in results:
        fell = results[results[f"{LABEL}fallback"].notna()].assign(engine="engine compiled")
        found.append(_missing(fell, "engine", f"{LABEL}fallback"))
    for metric in metrics(results):
        column = f"{metric}.reason"
        if column in results and results[column].notna().any():
            without = results.loc[results[column].notna(), ["id", column]].assign(metric=metric)
            found.append(_missing(without, "metric", column))
    return _folded(one for part in found for one in part)


def _folded(every: Iterable[Missing]) -> list[Missing]:
    """Metrics that the same cells lack for the same reason, as one."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in every:
        groups.setdefault((one.reason, one.cells), []).append(one.what)
    return [Missing(", ".join(what), reason, cells) for (reason, cells), what in groups.items()]


def _missing(cells: DataFrame, what: str, reason: str) -> list[Missing]:
    groups = cells.fillna({reason: "no reason was recorded"}).groupby([what, reason], sort=False)
    texts = (
        (plain(str(key[0])), plain(str(key[1])), tuple(map(plain, group["id"]))) for key, group in groups
    )
    return [Missing(*text) for text in texts]
