"""The leaderboard as Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from snnbench.report.board import Board
from snnbench.report.legend import marks, meanings
from snnbench.report.lost import missing
from snnbench.report.numbers import NOTHING
from snnbench.report.view import CAPTION, Section, sections
from snnbench.words import plain

_LINKED = re.compile(r"@(?=\w)|#(?=\d)|:(?=//)|\bwww(?=\.)")
"""Where a bare link, a mention or a number of an issue begins: a comment after it keeps it text."""


def markdown(title: str, board: Board) -> bytes:
    """The leaderboard, a table a section, then what is missing from it and why, and what it all means."""
    parts = [f"# {_text(title)}", CAPTION]
    shown = sections(board)
    for section in shown:
        fixed = " · ".join(f"{_text(name)}: {_text(value)}" for name, value in section.fixed.items())
        parts += [f"## {_text(section.title)}", fixed, _table(header(section), body(section))]
    lost = missing(board.cells)
    if lost:
        rows = [[one.what, str(len(one.cells)), one.reason] for one in lost]
        parts += ["## Not measured", _table(["what", "cells", "reason"], rows)]
    told = [(titles, f"{one.meaning} {one.better.sentence}") for titles, one in meanings(shown)]
    told += marks(shown, board.cells.descriptions).items()
    if told:
        items = "\n".join(f"- **{_text(name)}**: {_text(what)}" for name, what in told)
        parts += ["## How to read this", items]
    return ("\n\n".join(parts) + "\n").encode()


def header(section: Section) -> list[str]:
    """The headings of ``body``."""
    units = [
        quantity.title + (f" ({quantity.unit})" if quantity.unit else "")
        for quantity in section.metrics.values()
    ]
    return ["#", *section.axes, *units, "seeds", "marks"]


def body(section: Section) -> list[list[str]]:
    """One list of texts a row, in the order of ``header``."""
    return [
        [
            NOTHING if row.rank is None else f"{row.rank} {row.sign}".strip(),
            *row.names.values(),
            *(number.line for number in row.numbers),
            row.count,
            ", ".join(mark.text for mark in row.marks),
        ]
        for row in section.rows
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_text(cell) for cell in line)} |" for line in lines)


def _text(text: str) -> str:
    """Names and reasons come from plugins: they must not become markup, links or mentions, or end a cell."""
    flat = html.escape(plain(text), quote=False)
    for mark in "\\|*_`[]":
        flat = flat.replace(mark, f"\\{mark}")
    return _LINKED.sub(r"\g<0><!-- -->", flat)
