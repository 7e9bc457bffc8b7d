"""The geometry of a plot of growth: time and memory against T, batch and width, on logarithmic axes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnbench.quantities import Scale
from snnbench.report.cells import STEPS, MeasuredCell
from snnbench.report.columns import NONE
from snnbench.report.numbers import number
from snnbench.report.plot import DRAWN, Axis, Tick, log_ticks

Values: TypeAlias = NDArray[np.float64]

WIDTH, HEIGHT = 400.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 14.0, 50.0, 46.0
FACTORS = ("T", "batch", "neurons")
"""What may grow."""
TIME, MEMORY = "Time of a training step (ms)", "Peak memory of a training step (MiB)"
"""What is drawn, a panel each."""

LEGEND = 110.0
"""Width of one entry of the legend, in pixels."""

MOST_TICKS = 6
"""More than these on an axis, and only the powers of ten are kept."""

FEWEST = 3
"""Points of a line that its exponent is fitted to, at the least."""

DECADE = 10.0
"""An exponent is fitted to the points within this factor of the largest: what is fixed weighs least there."""


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
class Timed:
    """This says what a cell without training tells of growth.

    Attributes:
        factors: Factor to its size.
        amounts: Title of a panel to what is drawn there.
    """

    cell: MeasuredCell
    factors: Mapping[str, float]
    amounts: Mapping[str, float]

    @property
    def subject(self) -> tuple[str, ...]:
        """Return what cells of one figure have in common."""
        one, place = self.cell.combination, self.cell.place
        where = (place.engine, place.device, place.environment)
        return (one.dataset.name, one.network.name, one.neuron.text, one.surrogate.text, *where)


def growths(cells: Sequence[MeasuredCell]) -> list[Growth]:
    """Return one figure for each neuron and place where a factor alone takes enough values within a decade.

    Args:
        cells: Those that were trained are left out.
    """
    subjects: dict[tuple[str, ...], list[Timed]] = {}
    for cell in cells:
        if cell.combination.budget.epochs == 0 and (timed := _timed(cell)) is not None:
            subjects.setdefault(timed.subject, []).append(timed)
    found = (_growth(timed) for timed in subjects.values())
    return [one for one in found if one is not None]


def _timed(cell: MeasuredCell) -> Timed | None:
    """Return the factors and amounts of a cell; None if it was not timed."""
    rate, updates = _drawable(cell, "throughput.training"), _drawable(cell, "throughput.training_updates")
    if rate is None or updates is None:
        return None
    budget = cell.combination.budget
    steps = _steps(cell)
    amounts = {TIME: 1e3 * budget.batch_size / rate}
    peak = _drawable(cell, "memory.training_peak")
    if peak is not None:
        amounts[MEMORY] = peak / 2**20
    factors = {"T": steps, "batch": float(budget.batch_size), "neurons": float(round(updates / rate / steps))}
    return Timed(cell, factors, amounts)


def _drawable(cell: MeasuredCell, metric: str) -> float | None:
    """Return a number that a logarithmic axis can show."""
    value = cell.number(metric)
    return value if value is not None and 1 / DRAWN < value < DRAWN else None


def _steps(cell: MeasuredCell) -> float:
    """Return how many time steps the encoder made, those of the budget where the cell does not say."""
    try:
        return float(cell.labels[STEPS])
    except (KeyError, ValueError):
        return float(cell.combination.budget.steps)


def _growth(cells: Sequence[Timed]) -> Growth | None:
    base = {factor: _most_common(cell.factors[factor] for cell in cells) for factor in FACTORS}
    panels = tuple(panel for title in (TIME, MEMORY) if (panel := _panel(cells, base, title)) is not None)
    if not panels:
        return None
    _, network, *names, _ = cells[0].subject
    changed = {line.name for panel in panels for line in panel.lines}
    others = {factor: value for factor, value in base.items() if changed != {factor}}
    fixed = ", ".join(f"{name} {value:g}" for name, value in others.items())
    return Growth(" · ".join(name for name in (network, *names) if name != NONE), fixed, panels)


def _most_common(values: Iterable[float]) -> float:
    """Return the most common value; the least of those that are equally common."""
    return min(statistics.multimode(values))


def _panel(cells: Sequence[Timed], base: Mapping[str, float], title: str) -> Panel | None:
    lines = list(_series([cell for cell in cells if title in cell.amounts], base, title))
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
            tuple(f"{name} {a:g}: {number(Scale.PLAIN, b)}" for a, b in zip(x, y, strict=True)),
        )
        for name, x, y in lines
    )
    return Panel(title, _ticks(x_axis), _ticks(y_axis), drawn)


def _series(
    cells: Sequence[Timed], base: Mapping[str, float], title: str
) -> Iterator[tuple[str, Values, Values]]:
    """Yield the name, values and means of each factor that has enough values with the others at the base."""
    for factor in FACTORS:
        others = [other for other in FACTORS if other != factor]
        found: dict[float, list[float]] = {}
        for cell in cells:
            if all(cell.factors[other] == base[other] for other in others):
                found.setdefault(cell.factors[factor], []).append(cell.amounts[title])
        x = np.array(sorted(found))
        if _upper(x).sum() >= FEWEST:
            yield factor, x, np.array([float(np.mean(found[value])) for value in x])


def _exponent(x: Values, y: Values) -> float:
    """Slope of a line through the upper decade of the points, both in logarithms, by least squares."""
    upper = _upper(x)
    return float(np.polyfit(np.log(x[upper]), np.log(y[upper]), 1)[0])


def _upper(x: Values) -> NDArray[np.bool_]:
    """Return which points are in the upper decade."""
    upper: NDArray[np.bool_] = x >= x.max(initial=0.0) / DECADE
    return upper


def _ticks(axis: Axis) -> tuple[Tick, ...]:
    values = log_ticks(axis)
    if len(values) > MOST_TICKS:
        values = [value for value in values if math.log10(value).is_integer()]
    return tuple(Tick(axis.at(value), f"{value:g}") for value in values)
