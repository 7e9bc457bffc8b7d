"""The geometry of a scatter plot: accuracy against throughput, with intervals."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from snnbench.quantities import Scale
from snnbench.report.columns import SCORE
from snnbench.report.numbers import Notation
from snnbench.report.view import Number, Section, ShownRow

WIDTH, HEIGHT = 720.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 20.0, 16.0, 50.0
SPEEDS = ("throughput.inference", "throughput.training")
WIDEST = 1.5
"""An interval that reaches further than this factor beyond the outermost points is cut at the edge."""

CROWD, NAMED = 30, 10
"""Among more points than a crowd only the first ranks are numbered, and the others are small."""

DIGITS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (1e4, (1,)),
    (30, (1, 2, 5)),
    (3, (1, 2, 3, 5, 7)),
    (0, (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)),
)
"""Least ratio of an axis' ends, and the digits at which it has ticks."""

DRAWN = 1e100
"""No chart has a number of this size, or one of 1e-100 and less on a logarithmic axis."""


@dataclass(frozen=True, slots=True)
class Point:
    """One row, in pixels. Without an interval both ends are the point; ``below`` the axis it lies on it."""

    row: ShownRow
    x: float
    y: float
    x_ends: tuple[float, float]
    y_ends: tuple[float, float]
    below: bool
    numbered: bool
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, in pixels, and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """This says what the template draws.

    Attributes:
        place: Device and environment of its rows, where the section has several.
        x_title: Of the logarithmic horizontal axis.
        y_title: Of the vertical axis.
        points: The best row last, so that it is drawn on top.
    """

    place: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values and the pixels it covers."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The pixel of ``value``, kept within the axis."""
        low, high = self.low, self.high
        if low == high:
            return self.start
        value = min(max(value, low), high)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return round(self.start + (value - low) / (high - low) * (self.end - self.start), 1)


def plots(section: Section) -> list[Plot]:
    """One plot a device and environment: the rates of two machines are not to be compared.

    A place with fewer than two rows that have both numbers gets none.
    """
    names = list(section.metrics)
    speed = next((metric for metric in SPEEDS if metric in names), None)
    if speed is None or SCORE not in names:
        return []
    places: dict[str, list[tuple[ShownRow, Number, Number]]] = defaultdict(list)
    for row in section.rows:
        x, y = row.numbers[names.index(speed)], row.numbers[names.index(SCORE)]
        if 0 <= y.value <= 1 and 1 / DRAWN < x.value < DRAWN:
            place = ", ".join(row.names[axis] for axis in ("device", "environment") if axis in row.names)
            places[place].append((row, x, y))
    entry = section.metrics[speed]
    title = f"{entry.title} ({entry.unit}, logarithmic)"
    return [_plot(place, title, drawn) for place, drawn in places.items() if len(drawn) > 1]


def _plot(place: str, x_title: str, drawn: Sequence[tuple[ShownRow, Number, Number]]) -> Plot:
    xs, ys = [x for _, x, _ in drawn], [y for _, _, y in drawn]
    slowest, fastest = min(x.value for x in xs), max(x.value for x in xs)
    left = max(min(min(_ends(x)) for x in xs), slowest / WIDEST) / 1.1
    right = min(max(max(_ends(x)) for x in xs), fastest * WIDEST) * 1.1
    x_axis = Axis(left, right, LEFT, WIDTH - RIGHT, logarithmic=True)
    floor = _floor([y.value for y in ys])
    worst = max(min(min(_ends(y)) for y in ys if y.value >= floor), floor)
    best = max(max(_ends(y)) for y in ys)
    pad = max(0.05 * (best - worst), 0.005)
    y_axis = Axis(max(worst - pad, 0.0), min(best + pad, 1.005), HEIGHT - BOTTOM, TOP)
    last = len(drawn) if len(drawn) <= CROWD else NAMED
    points = [
        _point(row, x, y, (x_axis, y_axis), numbered=index < last)
        for index, (row, x, y) in reversed(list(enumerate(drawn)))
    ]
    return Plot(
        place=place,
        x_title=x_title,
        y_title="Accuracy (%)",
        x_ticks=tuple(Tick(x_axis.at(value), _rate(value)) for value in log_ticks(x_axis)),
        y_ticks=tuple(Tick(y_axis.at(value), f"{100 * value:.4g}") for value in ticks(y_axis)),
        points=tuple(points),
    )


def _floor(values: Sequence[float]) -> float:
    """Return where to cut the axis, so that one row that learnt nothing does not squeeze all others."""
    best = max(values)
    return best - max(8 * (best - statistics.median(values)), 0.1)


def _point(row: ShownRow, x: Number, y: Number, axes: tuple[Axis, Axis], *, numbered: bool) -> Point:
    x_axis, y_axis = axes
    (left, right), (low, high) = _ends(x), _ends(y)
    return Point(
        row=row,
        x=x_axis.at(x.value),
        y=y_axis.at(y.value),
        x_ends=(x_axis.at(left), x_axis.at(right)),
        y_ends=(y_axis.at(low), y_axis.at(high)),
        below=y.value < y_axis.low,
        numbered=numbered,
        text=f"{row.rank}. {' · '.join(row.names.values())}: {y.line} %, {x.line} samples/s",
    )


def _ends(value: Number) -> tuple[float, float]:
    return (value.value, value.value) if math.isnan(value.low) else (value.low, value.high)


def ticks(axis: Axis, most: int = 6) -> list[float]:
    """At most ``most`` + 1 round numbers: multiples of 1, 2 or 5 times a power of ten, whatever the axis."""
    span = axis.high - axis.low
    if not 0 < span < math.inf:
        return [axis.low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next((digit * power for digit in (1, 2, 5, 10) if span / (digit * power) <= most), 10 * power)
    return [step * count for count in range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1)]


def log_ticks(axis: Axis) -> list[float]:
    """Round numbers of each decade: the fewer, the more decades."""
    span = axis.high / axis.low
    digits = next((digits for least, digits in DIGITS if span >= least))
    powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in digits]
    return [tick for tick in ticks if axis.low <= tick <= axis.high]


def _rate(value: float) -> str:
    scale = Notation.of(Scale.RATE, value)
    return f"{value / scale.factor:g}{scale.suffix}"
