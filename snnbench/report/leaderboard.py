"""The leaderboard page: one file that opens offline and lets no request out."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import jinja2

from snnbench.records import RunHeader
from snnbench.report import growth, plot
from snnbench.report.board import Board
from snnbench.report.curves import MARGIN
from snnbench.report.legend import marks, meanings
from snnbench.report.lost import missing
from snnbench.report.stability import stability
from snnbench.report.view import CAPTION, sections
from snnbench.words import plain

SUMMARY = {"cpu.model": "CPU", "gpu.model": "GPU", "torch": "torch", "python": "Python", "os": "OS"}
"""What the top of the page says of an environment, and how it is called there."""


def page(title: str, board: Board, headers: Sequence[RunHeader]) -> bytes:
    """Return the leaderboard as HTML.

    Names, reasons and labels come from plugins and journals: the template escapes all of them, and
    the page's own policy lets no script run but the page's and no address be fetched.

    Args:
        title: Name of the run.
        board: What it shows.
        headers: Of the runs that the results are from.
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
    boards = [
        (section, plot.plots(section), stability(section, contest, board.cells))
        for section, contest in zip(shown, board.contests, strict=True)
    ]
    statuses = Counter(cell.status.value for cell in board.cells.cells)
    html = templates.get_template("leaderboard.html.j2").render(
        title=plain(title),
        caption=CAPTION,
        boards=boards,
        growths=growth.growths(board.cells.cells),
        paper=growth,
        missing=missing(board.cells),
        statuses=dict(statuses.most_common()),
        runs=[(_shown(header), _content(header)) for header in headers],
        environments={
            name: values for header in map(_shown, headers) for name, values in header.environments.items()
        },
        summary=SUMMARY,
        meanings=meanings(shown),
        explain=board.cells.descriptions.explain,
        marks=marks(shown, board.cells.descriptions),
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


def _shown(header: RunHeader) -> RunHeader:
    """``header`` without anything that changes how the page around it is read."""
    return replace(
        header,
        matrix=plain(header.matrix),
        version=plain(header.version),
        command=plain(header.command),
        started=plain(header.started),
        plugins={plain(name): plain(version) for name, version in header.plugins.items()},
        environments={
            plain(identity): {plain(name): plain(value) for name, value in values.items()}
            for identity, values in header.environments.items()
        },
    )


def _content(header: RunHeader) -> str:
    """The matrix, line by line."""
    text = json.dumps(header.content, indent=2, ensure_ascii=False)
    return "".join(one if one == "\n" or one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
