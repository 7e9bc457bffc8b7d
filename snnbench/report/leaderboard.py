"""The leaderboard page: one file that opens offline and lets no request out."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence

import jinja2

from snnbench.records import CellResult, RunHeader
from snnbench.report import growth, plot
from snnbench.report.catalogue import MARKS, Entry, explain
from snnbench.report.curves import MARGIN
from snnbench.report.frame import DataFrame
from snnbench.report.stability import stability
from snnbench.report.view import CAPTION, Section, missing, sections

SUMMARY = {"cpu.model": "CPU", "gpu.model": "GPU", "torch": "torch", "python": "Python", "os": "OS"}
"""What the top of the page says of an environment, and how it is called there."""


def page(
    title: str,
    results: DataFrame,
    board: DataFrame,
    headers: Sequence[RunHeader],
    cells: Iterable[CellResult] = (),
) -> bytes:
    """The leaderboard as HTML.

    Names, reasons and labels come from plugins and journals: the template escapes all of them, and
    the page's own policy lets no script run but the page's and no address be fetched.

    Args:
        title: Name of the run.
        results: A row a cell, as ``load_results`` returns it.
        board: ``leaderboard(results)``.
        headers: Of the runs that the results are from.
        cells: The results once more, with their series.
    """
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("snnbench.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = "".join(_source(templates, name) for name in ("leaderboard.css", "stability.css"))
    script = _source(templates, "leaderboard.js")
    shown = sections(board)
    contests = (rows for _, rows in board.groupby("contest", sort=False))
    by_identity = {cell.identity: cell for cell in cells}
    boards = [
        (section, plot.plots(section), stability(section, rows, results, by_identity))
        for section, rows in zip(shown, contests, strict=True)
    ]
    html = templates.get_template("leaderboard.html.j2").render(
        title=title,
        caption=CAPTION,
        boards=boards,
        growths=growth.growths(results),
        paper=growth,
        missing=missing(results),
        statuses=results["status"].value_counts().to_dict(),
        runs=[(header, json.dumps(header.content, indent=2, ensure_ascii=False)) for header in headers],
        environments={name: values for header in headers for name, values in header.environments.items()},
        summary=SUMMARY,
        meanings=_meanings(shown),
        explain=explain,
        marks=_marks(board),
        canvas=plot,
        margin=MARGIN,
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
    )
    return html.encode()


def _source(templates: jinja2.Environment, name: str) -> str:
    assert templates.loader
    return templates.loader.get_source(templates, name)[0]


def _hash(text: str) -> str:
    """As a Content-Security-Policy names an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _meanings(sections: Iterable[Section]) -> list[tuple[str, Entry]]:
    """The columns that are on the page, those of one family together."""
    found: dict[str, dict[str, Entry]] = {}
    for section in sections:
        for entry in section.metrics.values():
            found.setdefault(entry.meaning, {})[entry.title] = entry
    return [(", ".join(family), next(iter(family.values()))) for family in found.values()]


def _marks(board: DataFrame) -> dict[str, str]:
    """The marks that are on the page and their meanings, in the catalogue's order."""
    used = {explain(mark) for marks in board["marks"].dropna() for mark in marks.split("; ")}
    return {mark: meaning for mark, meaning in MARKS.items() if meaning in used}
