"""From results to a DataFrame: a row a cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeAlias

import pandas as pd

from snnbench.errors import UsageError
from snnbench.records import TAKEN, CellResult, Component, Meaning, Metric
from snnbench.reruns import counting
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
    "key",
    VERSION,
}
DETAILS = (".low", ".high", ".flags", ".reason")
LABEL = "label."
STEPS = f"{LABEL}steps"
"""How many time steps the encoder made: of sequences and recordings, whatever the budget asks for."""


NONE = "none"
"""The surrogate of a neuron that does not spike, and the penalty of a plain loss.

It is a word, so that a groupby keeps these rows.
"""


def to_frame(results: Iterable[CellResult], meanings: Mapping[str, Meaning] | None = None) -> DataFrame:
    """A row a cell: the columns of ``IDENTITY``, then every metric and label that any cell has.

    Texts are of the dtype ``str``, ``seed``, ``protocol`` and the whole numbers of the budget ``int64``,
    ``started`` is a time in UTC, and a metric is a column of ``float64``. Where any cell has them,
    ``<metric>.low`` and ``.high`` are its spread within the cell, ``<metric>.flags`` its warnings (joined by
    ``, ``) and ``<metric>.reason`` why it is missing. A label ``spike`` is the column ``label.spike``.
    What is missing is null, never 0 and never empty text; a neuron without a surrogate has ``none``.
    ``frame.attrs`` has the ``units`` of the metrics and the ``meanings`` of a plugin's.

    Args:
        results: One a row.
        meanings: What plugins say of their measurements, by metric.
    """
    results = list(results)
    frame = pd.DataFrame([_row(result) for result in results])
    columns = [*IDENTITY, *(name for name in frame.columns if name not in IDENTITY)]
    frame = _typed(frame.reindex(columns=columns))
    frame.attrs["units"] = {
        _column(name): metric.unit
        for known in (False, True)  # a missing number may not know its unit
        for result in results
        for name, metric in result.metrics.items()
        if (metric.value is not None) is known
    }
    frame.attrs["meanings"] = {_column(name): asdict(meaning) for name, meaning in (meanings or {}).items()}
    return frame


def normalise(frame: DataFrame) -> DataFrame:
    """A frame that people put together, read back or added to, as ``to_frame`` would have made it.

    Rows are numbered anew, columns get their dtypes, and a cell that is there twice counts once, in its
    last row. Columns of text that are no part of a result are left out.

    Raises:
        UsageError: Columns that every result has are missing.
    """
    absent = [name for name in IDENTITY if name not in frame]
    if absent:
        raise UsageError(
            f"this is no table of results: it has no column {', '.join(map(repr, absent))}",
            "give a frame of snnbench.load_results, or several of them put together",
        )
    typed = _typed(frame.reset_index(drop=True))
    known = [
        name for name in typed.columns if name in IDENTITY or _is_detail(name) or _is_number(typed[name])
    ]
    attempt = ["key", "id", "device", "environment", *BUDGET]
    whose = typed[attempt].fillna("").itertuples(index=False, name=None)
    kept = counting(zip(whose, typed["engine"], typed["status"] == "done", strict=True))
    normal = typed.loc[[place for _, place in kept], known].reset_index(drop=True)
    normal.attrs = dict(frame.attrs)
    return normal


def _typed(frame: DataFrame) -> DataFrame:
    """``frame`` with the dtypes that ``to_frame`` promises; what cannot be one is missing."""
    texts = [name for name in frame.columns if name in TEXT or _is_text(name)]
    typed = frame.astype(dict.fromkeys(texts, "str"))
    for name in ("surrogate", PENALTY):
        typed[name] = typed[name].fillna(NONE)
    typed["started"] = pd.to_datetime(typed["started"], utc=True, errors="coerce", format="ISO8601")
    ends = [name for name in typed.columns if str(name).endswith(DETAILS[:2])]
    for name in ends:
        typed[name] = pd.to_numeric(typed[name], errors="coerce").astype("float64")
    return typed


def _is_text(name: object) -> bool:
    return str(name).startswith(LABEL) or str(name).endswith(DETAILS[2:])


def _is_detail(name: object) -> bool:
    return str(name).startswith(LABEL) or str(name).endswith(DETAILS)


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def metrics(frame: DataFrame) -> list[str]:
    """Names of the metric columns of a frame that ``to_frame`` made."""
    return [
        str(name)
        for name in frame.columns
        if name not in IDENTITY and not _is_detail(name) and _is_number(frame[name])
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
    """The column of a metric; one that would take the place of another column gets another name."""
    taken = metric in TAKEN or metric in IDENTITY or metric.startswith((LABEL, "status."))
    name = f"measured_{metric}" if taken else metric
    return f"{name}_" if name.endswith((*DETAILS, ".n", ".p", ".standing")) else name


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
