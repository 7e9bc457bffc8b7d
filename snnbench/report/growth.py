"""The geometry of a plot of growth: time and memory against T, batch and width, on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snnbench.report.frame import NONE, STEPS, DataFrame
from snnbench.report.numbers import number
from snnbench.report.plot import DRAWN, Axis, Tick, log_ticks

Values: TypeAlias = NDArray[np.float64]

WIDTH, HEIGHT = 400.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 14.0, 50.0, 46.0
FACTORS = {"steps": "T", "batch_size": "batch", "neurons": "neurons"}
"""What may grow, and how it is called on the plot."""

LEGEND = 110.0
"""Width of one entry of the legend, in pixels."""

MOST_TICKS = 6
"""More than these on an axis, and only the powers of ten are kept."""

FEWEST = 3
"""Points of a line that its exponent is fitted to, at the least."""

DECADE = 10.0
"""An exponent is fitted to the points within this factor of the largest: what is fixed weighs least there."""

SUBJECT = ["dataset_name", "network_name", "neuron", "surrogate", "engine", "device", "environment"]


@dataclass(frozen=True, slots=True)
class Line:
    """One factor.

    Attributes:
        name: Of the factor.
        exponent: p of the fitted x^p; 1 is linear.
        points: In pixels, from the least x on.
        texts: What each point says.
    """

    name: str
    exponent: float
    points: tuple[tuple[float, float], ...]
    texts: tuple[str, ...]

    @property
    def path(self) -> str:
        """As the ``points`` of an SVG polyline."""
        return " ".join(f"{x},{y}" for x, y in self.points)


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity against all factors."""

    title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """One neuron in one place; ``base`` says where the factors are that do not change."""

    title: str
    base: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class _Quantity:
    column: str
    title: str


QUANTITIES = (
    _Quantity("milliseconds", "Time of a training step (ms)"),
    _Quantity("mebibytes", "Peak memory of a training step (MiB)"),
)


def growths(results: DataFrame) -> list[Growth]:
    """One figure for each neuron and place in which a factor alone takes enough values within a decade.

    Args:
        results: A row a cell, as ``load_results`` returns it. Only cells without training count.
    """
    needed = ["throughput.training", "throughput.training_updates"]
    if not set(needed) <= set(results.columns):
        return []
    timed = (results[needed] > 1 / DRAWN).all(axis=1) & (results[needed] < DRAWN).all(axis=1)
    rows = results[(results["epochs"] == 0) & timed].copy()
    if rows.empty:
        return []
    if STEPS in rows:
        rows["steps"] = pd.to_numeric(rows[STEPS], errors="coerce").fillna(rows["steps"])
    rows["neurons"] = (
        rows["throughput.training_updates"] / rows["throughput.training"] / rows["steps"]
    ).round()
    rows["milliseconds"] = 1e3 * rows["batch_size"] / rows["throughput.training"]
    if "memory.training_peak" in rows:
        peak = rows["memory.training_peak"]
        rows["mebibytes"] = peak.where((peak > 1 / DRAWN) & (peak < DRAWN)) / 2**20
    rows["dataset_name"], rows["network_name"] = (
        rows[axis].str.partition("[")[0] for axis in ("dataset", "network")
    )
    found = (_growth(cells) for _, cells in rows.groupby(SUBJECT, dropna=False, sort=False))
    return [one for one in found if one is not None]


def _growth(cells: DataFrame) -> Growth | None:
    base = {factor: float(cells[factor].mode().iloc[0]) for factor in FACTORS}
    panels = tuple(panel for one in QUANTITIES if (panel := _panel(cells, base, one)) is not None)
    if not panels:
        return None
    first = cells.iloc[0]
    names = [first[name] for name in ("network_name", "neuron", "surrogate", "engine", "device")]
    changed = {line.name for panel in panels for line in panel.lines}
    others = {FACTORS[factor]: value for factor, value in base.items() if changed != {FACTORS[factor]}}
    fixed = ", ".join(f"{name} {value:g}" for name, value in others.items())
    return Growth(" · ".join(str(name) for name in names if name != NONE), fixed, panels)


def _panel(cells: DataFrame, base: Mapping[str, float], quantity: _Quantity) -> Panel | None:
    if quantity.column not in cells:
        return None
    lines = list(_series(cells, base, quantity.column))
    if not lines:
        return None
    xs, ys = (np.concatenate([line[axis] for line in lines]) for axis in (1, 2))
    x_axis = Axis(float(xs.min()) / 1.2, float(xs.max()) * 1.2, LEFT, WIDTH - RIGHT, logarithmic=True)
    y_axis = Axis(float(ys.min()) / 1.3, float(ys.max()) * 1.3, HEIGHT - BOTTOM, TOP, logarithmic=True)
    drawn = tuple(
        Line(
            name,
            _exponent(x, y),
            tuple((x_axis.at(a), y_axis.at(b)) for a, b in zip(x, y, strict=True)),
            tuple(f"{name} {a:g}: {number('plain', b)}" for a, b in zip(x, y, strict=True)),
        )
        for name, x, y in lines
    )
    return Panel(
        quantity.title,
        _ticks(x_axis),
        _ticks(y_axis),
        drawn,
    )


def _series(cells: DataFrame, base: Mapping[str, float], column: str) -> Iterator[tuple[str, Values, Values]]:
    """Each factor that has enough values where the others are at the base: its name, values and means."""
    for factor, name in FACTORS.items():
        others = [other for other in FACTORS if other != factor]
        alone = cells[(cells[others] == [base[other] for other in others]).all(axis=1)]
        means = alone.groupby(factor)[column].mean().dropna()
        x, y = means.index.to_numpy(float), means.to_numpy(float)
        if _upper(x).sum() >= FEWEST:
            yield name, x, y


def _exponent(x: Values, y: Values) -> float:
    """Slope of a line through the upper decade of the points, both in logarithms, by least squares."""
    upper = _upper(x)
    return float(np.polyfit(np.log(x[upper]), np.log(y[upper]), 1)[0])


def _upper(x: Values) -> NDArray[np.bool_]:
    """Which points are in the upper decade."""
    upper: NDArray[np.bool_] = x >= x.max(initial=0.0) / DECADE
    return upper


def _ticks(axis: Axis) -> tuple[Tick, ...]:
    values = log_ticks(axis)
    if len(values) > MOST_TICKS:
        values = [value for value in values if math.log10(value).is_integer()]
    return tuple(Tick(axis.at(value), f"{value:g}") for value in values)
