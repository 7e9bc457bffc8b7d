"""One plot of what growth costs: time and memory against T, batch, width and the number of cells.

    snnbench run growth -o DIR
    python docs/benchmarks/overhead.py --cells DIR/cells.csv
    python docs/benchmarks/growth.py DIR

It writes ``DIR/growth.png``: a training step (points, and the exponent of the upper decade), and what the
suite itself takes to plan, to write and read its journal, and to report. It needs matplotlib, which the
suite does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import snnbench

NEURON, BASE = "lif", {"steps": 100, "batch_size": 32, "neurons": 256}
FACTORS = {"steps": "T", "batch_size": "batch", "neurons": "neurons"}


def steps(folder: Path) -> pd.DataFrame:
    """Milliseconds and MiB of a training step of each cell."""
    rows = snnbench.load_results(folder)
    rows = rows[rows["neuron"] == NEURON].copy()
    if rows["engine"].nunique() != 1:
        raise SystemExit(
            f"{folder}: {NEURON} ran by {rows['engine'].unique().tolist()}; give a run of one engine"
        )
    rate = rows["throughput.training"]
    rows["neurons"] = (rows["throughput.training_updates"] / rate / rows["steps"]).round()
    rows["milliseconds"] = 1e3 * rows["batch_size"] / rate
    rows["mebibytes"] = rows["memory.training_peak"] / 2**20
    return rows


def draw(axes: Axes, name: str, x: pd.Series, y: pd.Series) -> None:
    """A line, named with its exponent over the upper decade."""
    upper = x >= x.max() / 10
    exponent = np.polyfit(np.log(x[upper]), np.log(y[upper]), 1)[0]
    axes.loglog(x, y, marker="o", label=f"{name}: x^{exponent:.2f}")


def against_factors(axes: Axes, rows: pd.DataFrame, quantity: str) -> None:
    """``quantity`` against each factor alone, the others at their base."""
    for factor, name in FACTORS.items():
        others = {other: value for other, value in BASE.items() if other != factor}
        alone = rows[(rows[list(others)] == list(others.values())).all(axis=1)].sort_values(factor)
        if alone.empty:
            raise SystemExit(f"no cell changes {name} alone: run the whole matrix growth")
        draw(axes, name, alone[factor], alone[quantity])


def figure(folder: Path) -> Figure:
    """Both quantities against both what a cell and what a run is made of."""
    if not (folder / "cells.csv").exists():
        raise SystemExit(
            f"{folder}: no cells.csv: python docs/benchmarks/overhead.py --cells {folder}/cells.csv"
        )
    rows, cells = steps(folder), pd.read_csv(folder / "cells.csv")
    made = Figure(figsize=(11, 8), layout="constrained")
    panels = made.subplots(2, 2)
    base = "others at T 100, batch 32, 256 neurons"
    for axes, quantity, title in zip(
        panels[:, 0],
        ("milliseconds", "mebibytes"),
        ("Time of a training step (ms)", "Peak memory of a training step (MiB)"),
        strict=True,
    ):
        against_factors(axes, rows, quantity)
        axes.set(title=title, xlabel=f"{', '.join(FACTORS.values())} ({base})")
    for part in ("plan", "journal", "read", "report"):
        draw(panels[0, 1], part, cells["cells"], cells[part])
    panels[0, 1].set(title="Time of the suite itself (s)", xlabel="cells")
    draw(panels[1, 1], "added by all four", cells["cells"], cells["mebibytes"])
    panels[1, 1].set(title="Memory of the suite itself (MiB)", xlabel="cells")
    for axes in panels.flat:
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend()
    return made


if __name__ == "__main__":
    mpl.use("agg")
    given = Path(sys.argv[1])
    figure(given).savefig(given / "growth.png", dpi=110)
