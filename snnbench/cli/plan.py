"""``snnbench plan`` tells what would run, roughly how long it takes, what is skipped and why."""

from __future__ import annotations

import json
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from snnbench.cli import app
from snnbench.cli.options import Prepared, choosing_cells
from snnbench.cli.tables import FormatOption, TableFormat, show_table
from snnbench.records import format_value
from snnbench.settings import Budget

if TYPE_CHECKING:
    from snnbench.matrix.estimate import Estimate
    from snnbench.matrix.plan import Plan
    from snnbench.matrix.spec import Matrix

Row = dict[str, object]


@app.command("plan")
@choosing_cells
def plan_(chosen: Prepared, *, format: FormatOption = TableFormat.TABLE) -> None:
    """Show what would run, roughly how long it takes, and what is skipped and why."""
    if format is TableFormat.JSON:
        typer.echo(json.dumps(_document(chosen.matrix, chosen.plan), indent=2, ensure_ascii=False))
    else:
        _print(chosen.matrix, chosen.plan)


def _document(matrix: Matrix, plan: Plan) -> Row:
    from snnbench.matrix.estimate import estimate

    whole = estimate(plan, plan.cells)
    return {
        "matrix": matrix.name,
        "cells": [{"id": cell.id, "key": cell.key} for cell in plan.cells],
        "skips": [{"id": one.cell.id, "key": one.cell.key, "reason": one.reason} for one in plan.skips],
        "rough_seconds": whole.seconds,
        "cells_without_estimate": whole.unknown,
    }


def _print(matrix: Matrix, plan: Plan) -> None:
    from snnbench.matrix.estimate import estimate

    rows: list[Row] = []
    for (name, budget), group in groupby(plan.cells, key=lambda cell: (cell.combination, cell.budget)):
        cells = list(group)
        changed, roughly = _changed(matrix.train, budget), _text(estimate(plan, cells))
        rows.append({"combination": name, "seeds": len(cells), "train": changed, "roughly": roughly})
    columns = ["combination", "seeds", *(["train"] if any(row["train"] for row in rows) else []), "roughly"]
    show_table(f"{matrix.name}: to run", columns, rows, TableFormat.TABLE)
    if plan.skips:
        by_reason = groupby(plan.skips, key=lambda skip: (skip.cell.combination, skip.reason))
        skipped = [
            {"combination": name, "seeds": len(list(group)), "reason": reason}
            for (name, reason), group in by_reason
        ]
        show_table("skipped", ["combination", "seeds", "reason"], skipped, TableFormat.TABLE)
    skips = f", {len(plan.skips)} skipped" if plan.skips else ""
    typer.echo(f"{_count(len(plan.cells), 'cell')} in {_count(len(rows), 'combination')}{skips}")
    typer.echo(f"rough estimate, one cell at a time: {_text(estimate(plan, plan.cells))}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _changed(usual: Budget, budget: Budget) -> str:
    """Return the fields in which ``budget`` is not the usual one."""
    pairs = [(item.name, getattr(budget, item.name)) for item in fields(Budget)]
    return ", ".join(
        f"{name}={format_value(value)}" for name, value in pairs if value != getattr(usual, name)
    )


def _text(whole: Estimate) -> str:
    """Return ``25 s``, ``4 min``, ``2.6 h``; cells that cannot be estimated are said to be left out."""
    left_out = f"{_count(whole.unknown, 'cell')} of unknown size" if whole.unknown else ""
    if whole.seconds is None:
        return left_out
    return f"{_duration(whole.seconds)} + {left_out}" if left_out else _duration(whole.seconds)


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if (number := seconds / size) >= 2:
            return f"{number:.{1 if number < 10 else 0}f} {unit}"
    return f"{seconds:.0f} s"
