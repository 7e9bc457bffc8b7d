"""The report's tables: every cell as CSV and Parquet, the leaderboard as markdown."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence

from snnbench.report.frame import DataFrame
from snnbench.report.numbers import NOTHING
from snnbench.report.view import CAPTION, Missing, Section


def csv(results: DataFrame) -> bytes:
    """A row a cell; what is missing is an empty field, minus infinity is ``-inf``."""
    return results.to_csv(index=False).encode()


def parquet(results: DataFrame) -> bytes:
    """A row a cell; what is missing is null."""
    buffer = io.BytesIO()
    results.to_parquet(buffer, index=False)
    return buffer.getvalue()


def markdown(title: str, sections: Iterable[Section], missing: Sequence[Missing]) -> bytes:
    """The leaderboard, a table a section, then what is missing from it and why."""
    parts = [f"# {_text(title)}", CAPTION]
    for section in sections:
        fixed = " · ".join(f"{_text(name)}: {_text(value)}" for name, value in section.fixed.items())
        parts += [f"## {_text(section.title)}", fixed, _table(header(section), body(section))]
    if missing:
        rows = [[one.what, str(len(one.cells)), one.reason] for one in missing]
        parts += ["## Not measured", _table(["what", "cells", "reason"], rows)]
    return ("\n\n".join(parts) + "\n").encode()


def header(section: Section) -> list[str]:
    """The headings of ``body``."""
    units = [entry.title + (f" ({entry.unit})" if entry.unit else "") for entry in section.metrics.values()]
    return ["#", *section.axes, *units, "seeds", "marks"]


def body(section: Section) -> list[list[str]]:
    """One list of texts a row, in the order of ``header``."""
    return [
        [
            NOTHING if row.rank is None else f"{row.rank} {row.sign}".strip(),
            *row.names.values(),
            *(number.line for number in row.numbers),
            row.count,
            ", ".join(row.marks),
        ]
        for row in section.rows
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_text(cell) for cell in line)} |" for line in lines)


def _text(text: str) -> str:
    """Names and reasons come from plugins: they must not become markup or end a table's cell."""
    flat = " ".join(html.escape(text, quote=False).split())
    for mark in "\\|*_`[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
