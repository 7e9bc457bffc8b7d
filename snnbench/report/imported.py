"""Cells out of a DataFrame: of ``load_results``, put together, added to, or read back by its owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from snnbench.axes import AXES
from snnbench.errors import UsageError
from snnbench.quantities import Better, Quantity, Scale
from snnbench.records import Metric, Status
from snnbench.report.cells import Cells, Combination, MeasuredCell, Part, Place
from snnbench.report.columns import BUDGET, DETAILS, IDENTITY, LABEL
from snnbench.report.frame import BETWEEN_FLAGS, DataFrame, typed
from snnbench.report.lookup import Descriptions, as_shown
from snnbench.reruns import counting
from snnbench.settings import Budget


def cells_of(frame: DataFrame, quantities: Mapping[str, Quantity], flags: Mapping[str, str]) -> Cells:
    """Return the cells of a frame; they have no series.

    A cell that is there twice counts once, in its last row. Columns of text that are no part of a result
    are left out, and columns of numbers are measurements.

    Args:
        frame: A row a cell.
        quantities: What measurements say of their numbers, for a frame that does not.
        flags: What they say of their warnings.

    Raises:
        UsageError: Columns that every result has are missing, or hold what they cannot.
    """
    frame = normalise(frame)
    names = metrics(frame)
    labels = [str(name) for name in frame.columns if str(name).startswith(LABEL)]
    units = frame.attrs.get("units", {})
    own = {name: _quantity(told) for name, told in frame.attrs.get("quantities", {}).items()}
    return Cells(
        tuple(_cell(row, names, labels, units) for row in frame.to_dict("records")),
        tuple(names),
        tuple(label.removeprefix(LABEL) for label in labels),
        Descriptions(as_shown({**quantities, **own}), flags, units),
    )


def _quantity(told: Mapping[str, Any]) -> Quantity:
    """Return the quantity that ``dataclasses.asdict`` made a mapping of."""
    typed = {"scale": Scale(told["scale"]), "better": Better(told["better"])}
    return Quantity(**{**told, **typed, "without_column": tuple(told["without_column"])})


def normalise(frame: DataFrame) -> DataFrame:
    """Return a frame that people put together, read back or added to, as ``to_frame`` would have made it.

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
    whole = typed(frame.reset_index(drop=True))
    known = [
        name for name in whole.columns if name in IDENTITY or _is_detail(name) or _is_number(whole[name])
    ]
    attempt = ["key", "id", "device", "environment", *BUDGET]
    whose = whole[attempt].fillna("").itertuples(index=False, name=None)
    kept = counting(zip(whose, whole["engine"], whole["status"] == Status.DONE, strict=True))
    normal = whole.loc[[place for _, place in kept], known].reset_index(drop=True)
    normal.attrs = dict(frame.attrs)
    return normal


def metrics(frame: DataFrame) -> list[str]:
    """Return the names of the metric columns of a frame that ``normalise`` or ``to_frame`` made."""
    return [
        str(name)
        for name in frame.columns
        if name not in IDENTITY and not _is_detail(name) and _is_number(frame[name])
    ]


def _is_detail(name: object) -> bool:
    return str(name).startswith(LABEL) or str(name).endswith(DETAILS)


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _cell(
    row: Mapping[Any, Any], names: Iterable[str], labels: Iterable[str], units: Mapping[str, str]
) -> MeasuredCell:
    numbers = {name: _metric(row, name, units.get(name, "1")) for name in names}
    texts = {label.removeprefix(LABEL): _text(row[label]) for label in labels}
    return MeasuredCell(
        id=_text(row["id"]),
        name=_text(row["combination"]),
        combination=_combination(row),
        place=Place(_text(row["device"]), _text(row["engine"]), _text(row["environment"])),
        seed=int(row["seed"]),
        status=Status(row["status"]),
        reason=_text(row["reason"]),
        started=None if pd.isna(row["started"]) else row["started"],
        metrics={name: metric for name, metric in numbers.items() if metric is not None},
        labels={name: text for name, text in texts.items() if text},
    )


def _combination(row: Mapping[Any, Any]) -> Combination:
    return Combination(
        **{axis: _part(row[axis]) for axis in AXES},
        penalty=_text(row["penalty"]),
        protocol=int(row["protocol"]),
        budget=Budget(**{name: row[name] for name in BUDGET}),
        version=_text(row["version"]),
    )


def _part(value: Any) -> Part:
    """Return a component by its text, whose parameters are in brackets."""
    text = _text(value)
    return Part(text.partition("[")[0], text)


def _metric(row: Mapping[Any, Any], name: str, unit: str) -> Metric | None:
    """Return a number with its details; None where the frame says nothing at all of it."""
    low, high, flags, reason = (row.get(f"{name}{part}") for part in DETAILS)
    value, warnings, why = _number(row[name]), _text(flags), _text(reason)
    if value is None and not warnings and not why:
        return None
    return Metric(
        value,
        unit,
        _number(low),
        _number(high),
        tuple(warnings.split(BETWEEN_FLAGS)) if warnings else (),
        why or None,
    )


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
