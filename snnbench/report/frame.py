"""DataFrames of a report, for people who go on with pandas: a row a cell, or a row of the board."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TypeAlias

import pandas as pd

from snnbench.axes import AXES, Axis
from snnbench.quantities import Quantity
from snnbench.records import CellResult, Component, Metric, Status
from snnbench.report.board import Board, Contest
from snnbench.report.cells import units_of
from snnbench.report.columns import (
    BUDGET,
    DETAILS,
    IDENTITY,
    LABEL,
    NONE,
    P_VALUE,
    PENALTY,
    PLACE,
    ROW,
    SCORE,
    STANDING,
    VERSION,
    column_of,
)
from snnbench.report.ranking import Ranking
from snnbench.report.rows import Estimate, Row, joined

DataFrame: TypeAlias = pd.DataFrame

TEXT = {*AXES, *PLACE, PENALTY, VERSION, "id", "combination", "status", "reason", "key"}
"""Columns of every table of cells that hold text."""

BETWEEN_FLAGS, BETWEEN_REASONS, BETWEEN_MARKS = ", ", "; ", "; "


def to_frame(results: Iterable[CellResult], quantities: Mapping[str, Quantity] | None = None) -> DataFrame:
    """Return a row a cell: the columns of ``IDENTITY``, then every metric and label that any cell has.

    Texts are of the dtype ``str``, ``seed``, ``protocol`` and the whole numbers of the budget ``int64``,
    ``started`` is a time in UTC, and a metric is a column of ``float64``. Where any cell has them,
    ``<metric>.low`` and ``.high`` are its spread within the cell, ``<metric>.flags`` its warnings (joined by
    ``, ``) and ``<metric>.reason`` why it is missing. A label ``spike`` is the column ``label.spike``.
    What is missing is null, never 0 and never empty text; a neuron without a surrogate has ``none``.
    ``frame.attrs`` has the ``units`` of the metrics and the ``quantities`` that describe them.

    Args:
        results: One a row.
        quantities: What measurements say of their numbers, by metric.
    """
    results = list(results)
    frame = pd.DataFrame([_cell(result) for result in results])
    columns = [*IDENTITY, *(name for name in frame.columns if name not in IDENTITY)]
    frame = typed(frame.reindex(columns=columns))
    frame.attrs["units"] = units_of(results)
    frame.attrs["quantities"] = {name: asdict(one) for name, one in (quantities or {}).items()}
    return frame


def typed(frame: DataFrame) -> DataFrame:
    """Return ``frame`` with the dtypes that ``to_frame`` promises; what cannot be one is missing."""
    texts = [name for name in frame.columns if name in TEXT or _is_text(name)]
    typed = frame.astype(dict.fromkeys(texts, "str"))
    for name in (Axis.SURROGATE.value, PENALTY):
        typed[name] = typed[name].fillna(NONE)
    typed["started"] = pd.to_datetime(typed["started"], utc=True, errors="coerce", format="ISO8601")
    ends = [name for name in typed.columns if str(name).endswith(DETAILS[:2])]
    for name in ends:
        typed[name] = pd.to_numeric(typed[name], errors="coerce").astype("float64")
    return typed


def _is_text(name: object) -> bool:
    return str(name).startswith(LABEL) or str(name).endswith(DETAILS[2:])


def _cell(result: CellResult) -> dict[str, object]:
    cell = result.cell
    row: dict[str, object] = {
        "id": cell.id,
        "combination": cell.combination,
        **{axis: _text(getattr(cell, axis)) for axis in AXES},
        "seed": cell.seed,
        "status": result.status.value,
        "reason": result.reason or None,
        "device": result.device,
        "engine": result.engine,
        "environment": result.environment or None,
        "protocol": result.protocol,
        **{name: getattr(cell.budget, name) for name in BUDGET},
        PENALTY: str(cell.budget.stability) if cell.budget.stability else None,
        "started": result.started or None,
        "seconds": result.seconds,
        "key": cell.key or None,
        VERSION: cell.version or None,
    }
    for name, metric in result.metrics.items():
        row |= _metric(column_of(name), metric)
    return row | {f"{LABEL}{name}": text for name, text in result.labels.items()}


def _text(component: Component | None) -> str | None:
    return None if component is None else str(component)


def _metric(name: str, metric: Metric) -> dict[str, object]:
    value = math.nan if metric.value is None else float(metric.value)
    row: dict[str, object] = {name: value}
    ends = {f"{name}.low": metric.low, f"{name}.high": metric.high}
    row |= {end: number for end, number in ends.items() if number is not None}
    if metric.flags:
        row[f"{name}.flags"] = BETWEEN_FLAGS.join(metric.flags)
    if math.isnan(value):
        row[f"{name}.reason"] = metric.reason or "not a number"
    return row


def board_frame(board: Board) -> DataFrame:
    """Return a row of the board a row; ``results.leaderboard`` tells the columns."""
    rows = [
        _row(board, number, contest, row, ranking)
        for number, contest in enumerate(board.contests)
        for row, ranking in zip(contest.rows, contest.rankings, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=None if rows else _head(board)).astype({"rank": "Int64"})
    descriptions = board.cells.descriptions
    quantities = {name: asdict(one) for name, one in descriptions.quantities.items()}
    frame.attrs = {"units": dict(descriptions.units), "quantities": quantities}
    return frame


def _head(board: Board) -> list[str]:
    """Return the columns of a board without rows."""
    numbers = [name for metric in board.metrics for name in (metric, *_parts(metric))]
    head = ["rank", "contest", "ranked_by", *ROW, "seeds", SCORE, P_VALUE, STANDING, *numbers, "marks"]
    return list(dict.fromkeys(head))


def _parts(metric: str) -> list[str]:
    return [f"{metric}{part}" for part in (".low", ".high", ".n", ".flags", ".reason")]


def _row(board: Board, number: int, contest: Contest, row: Row, ranking: Ranking) -> dict[str, object]:
    told: dict[str, object] = {"rank": ranking.rank, "contest": number, "ranked_by": contest.ranked_by}
    told |= _identity(row)
    told |= {"seeds": row.group.seeds, SCORE: math.nan, P_VALUE: ranking.p_value}
    told[STANDING] = None if ranking.standing is None else ranking.standing.value
    for metric, estimate in row.estimates.items():
        told |= _estimate(metric, estimate)
    counts = row.group.statuses
    told |= {f"status.{status}": counts[status] for status in Status if status in board.statuses}
    for label in board.cells.labels:
        told[f"{LABEL}{label}"] = joined(label, row.labels.get(label, ())) or None
    told["marks"] = BETWEEN_MARKS.join(mark.text for mark in row.marks) or None
    return told


def _identity(row: Row) -> dict[str, object]:
    one, place = row.combination, row.place
    identity = {
        **{axis: getattr(one, axis).text for axis in AXES},
        PENALTY: one.penalty,
        **{name: getattr(place, name) for name in PLACE},
        "protocol": one.protocol,
        **{name: getattr(one.budget, name) for name in BUDGET},
        VERSION: one.version,
    }
    return {name: math.nan if value == "" else value for name, value in identity.items()}


def _estimate(metric: str, estimate: Estimate) -> dict[str, object]:
    told = estimate.summary
    values = (
        told.low,
        told.high,
        told.n,
        BETWEEN_FLAGS.join(estimate.flags) or None,
        BETWEEN_REASONS.join(estimate.reasons) or None,
    )
    return {metric: told.mean, **dict(zip(_parts(metric), values, strict=True))}
