"""The report writes its tables of cells as CSV and Parquet."""

from __future__ import annotations

import io

import pandas as pd

from snnbench.report.frame import DataFrame
from snnbench.words import plain

LONGEST_FIELD = 10_000
"""Characters of a text in a CSV file."""


def csv(results: DataFrame) -> bytes:
    """Return a row a cell; what is missing is an empty field, minus infinity is ``-inf``.

    Texts are one line without control characters, and one that a spreadsheet would take for a formula,
    since it begins with ``=``, ``+``, ``-`` or ``@``, has an apostrophe in front.
    """
    texts = [name for name in results.columns if pd.api.types.is_string_dtype(results[name])]
    shown = results.assign(**{name: results[name].map(_field, na_action="ignore") for name in texts})
    return shown.to_csv(index=False).encode()


def _field(text: str) -> str:
    flat = plain(text, LONGEST_FIELD)
    return f"'{flat}" if flat.startswith(("=", "+", "-", "@")) else flat


def parquet(results: DataFrame) -> bytes:
    """Return a row a cell; what is missing is null."""
    buffer = io.BytesIO()
    results.to_parquet(buffer, index=False)
    return buffer.getvalue()
