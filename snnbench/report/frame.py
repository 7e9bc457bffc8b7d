"""From results to a DataFrame: a row a cell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields
from typing import TypeAlias

import pandas as pd

from snnbench.records import CellResult, Component, Metric
from snnbench.settings import Budget

DataFrame: TypeAlias = pd.DataFrame

AXES = ("dataset", "encoder", "network", "neuron", "surrogate")
BUDGET = tuple(field.name for field in fields(Budget) if field.name != "stability")
PENALTY = "penalty"
"""What is in the loss beside the cross-entropy: rows that differ in it alone are ranked together."""
VERSION = "version"
"""Hash of the components with their code: cells of one combination that differ in it ran different code."""
IDENTITY = (
    "id",
    "combination",
    *AXES,
    "seed",
    "status",
    "reason",
    "device",
    "engine",
    "environment",
    "protocol",
    *BUDGET,
    PENALTY,
    "started",
    "seconds",
    "key",
    VERSION,
)
"""The columns of every frame, before its metrics and labels."""

TEXT = {
    *AXES,
    PENALTY,
    "id",
    "combination",
    "status",
    "reason",
    "device",
    "engine",
    "environment",
    "started",
    "key",
    VERSION,
}
DETAILS = (".low", ".high", ".flags", ".reason")
LABEL = "label."


def to_frame(results: Iterable[CellResult]) -> DataFrame:
    """A row a cell: the columns of ``IDENTITY``, then every metric and label that any cell has.

    A metric is a column of floats. Where any cell has them, ``<metric>.low`` and ``.high`` are its
    spread within the cell, ``<metric>.flags`` its warnings (joined by ``, ``) and
    ``<metric>.reason`` why it is missing. A label ``spike`` is the column ``label.spike``.
    What is missing is null, never 0 and never empty text. ``frame.attrs["units"]`` has the units.
    """
    results = list(results)
    frame = pd.DataFrame([_row(result) for result in results])
    columns = [*IDENTITY, *(name for name in frame.columns if name not in IDENTITY)]
    frame = frame.reindex(columns=columns)
    texts = [name for name in columns if name in TEXT or name.startswith(LABEL) or name.endswith(DETAILS[2:])]
    frame = frame.astype(dict.fromkeys(texts, "str"))
    frame.attrs["units"] = {
        _column(name): metric.unit
        for known in (False, True)  # a missing number may not know its unit
        for result in results
        for name, metric in result.metrics.items()
        if (metric.value is not None) is known
    }
    return frame


def metrics(frame: DataFrame) -> list[str]:
    """Names of the metric columns of a frame that ``to_frame`` made."""
    return [
        str(name)
        for name in frame.columns
        if name not in IDENTITY and not str(name).endswith(DETAILS) and not str(name).startswith(LABEL)
    ]


def _row(result: CellResult) -> dict[str, object]:
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
        row |= _metric(_column(name), metric)
    return row | {f"{LABEL}{name}": text for name, text in result.labels.items()}


def _text(component: Component | None) -> str | None:
    return None if component is None else str(component)


def _column(metric: str) -> str:
    """A plugin may call a measurement ``seed``; that column is taken."""
    return f"measured_{metric}" if metric in IDENTITY else metric


def _metric(name: str, metric: Metric) -> dict[str, object]:
    value = math.nan if metric.value is None else float(metric.value)
    row: dict[str, object] = {name: value}
    ends = {f"{name}.low": metric.low, f"{name}.high": metric.high}
    row |= {end: number for end, number in ends.items() if number is not None}
    if metric.flags:
        row[f"{name}.flags"] = ", ".join(metric.flags)
    if math.isnan(value):
        row[f"{name}.reason"] = metric.reason or "not a number"
    return row
