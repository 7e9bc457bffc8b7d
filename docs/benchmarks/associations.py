"""Show what goes with λ before training, as the Markdown table of docs/stability.md.

    python docs/benchmarks/associations.py results/reference/stability

It prints, for each board of the run, the table that the page of the run shows.
"""

from __future__ import annotations

import sys
from pathlib import Path

from snnbench.components import measurements
from snnbench.quantities import by_name
from snnbench.report.board import make_board
from snnbench.report.cells import measured_cells
from snnbench.report.stability import stability
from snnbench.report.view import sections
from snnbench.results import read_runs

HEAD = "| λ before training | and | ρ | 95 % interval | combinations | within families |"


def main(folder: Path) -> None:
    """Print the tables of one run."""
    _, cells, _ = read_runs([folder])
    board = make_board(measured_cells(cells, by_name(measurements.QUANTITIES), {}))
    for section, contest in zip(sections(board), board.contests, strict=True):
        print(f"\n{section.title}\n\n{HEAD}\n|{'---|' * 6}")
        for one in stability(section, contest, board.cells).associations:
            texts = (one.cause, one.effect, one.rho, one.interval, str(one.n), ", ".join(one.within))
            print(f"| {' | '.join(texts)} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
