"""The geometry of line charts: λ over δ, over its index and along training, a line a row of the board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from snnbench.quantities import Scale
from snnbench.report.numbers import Notation, number
from snnbench.report.plot import BOTTOM, DRAWN, HEIGHT, LEFT, TOP, WIDTH, Axis, Tick, ticks
from snnbench.report.view import ShownRow

MARGIN = 52.0
"""Right of the lines, where their ranks stand."""
NAMED = 12
"""So many rows, the first ranks, are named at the end of their lines."""
LARGE = 1e4
"""Size from which a tick has a power of ten."""
APART = 13.0
"""Pixels between two names."""

Points: TypeAlias = Mapping[float, float]
"""From x to y; what is not finite is left out."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row's line, in pixels: ``path`` for SVG, its end, and where its rank stands."""

    row: ShownRow
    path: str
    dots: tuple[tuple[float, float], ...]
    label: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """This says what the template draws.

    Attributes:
        title: Heading.
        meaning: What is to be seen.
        zero: Where λ = 0 is, if it is on the axis.
        lines: The best row last, so that it is drawn on top.
    """

    title: str
    meaning: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of a chart, and whether its x axis is logarithmic."""

    title: str
    meaning: str
    x_title: str
    y_title: str = "λ (nats/step)"
    logarithmic: bool = False


def chart(wording: Wording, curves: Sequence[tuple[ShownRow, Points]]) -> Chart | None:
    """The chart of all ``curves`` with at least two points; None if there is none."""
    drawn = [(row, _drawn(points, wording.logarithmic)) for row, points in curves]
    drawn = [(row, points) for row, points in drawn if len(points) > 1]
    if not drawn:
        return None
    xs = sorted({x for _, points in drawn for x in points})
    ys = [y for _, points in drawn for y in points.values()]
    x_axis = Axis(xs[0], xs[-1], LEFT, WIDTH - MARGIN, logarithmic=wording.logarithmic)
    y_axis = _y_axis(min(ys), max(ys))
    labels = _labels([(row, y_axis.at(points[max(points)])) for row, points in drawn])
    lines = [_line(row, points, x_axis, y_axis, labels.get(row.index)) for row, points in reversed(drawn)]
    return Chart(
        title=wording.title,
        meaning=wording.meaning,
        x_title=wording.x_title,
        y_title=wording.y_title,
        x_ticks=tuple(Tick(x_axis.at(x), f"{x:g}") for x in _thin(xs)),
        y_ticks=tuple(Tick(y_axis.at(y), _tick(y)) for y in ticks(y_axis)),
        zero=y_axis.at(0) if y_axis.low <= 0 <= y_axis.high else None,
        lines=tuple(lines),
    )


def _drawn(points: Points, logarithmic: bool) -> dict[float, float]:
    """The points that an axis can show: what is not finite is left out."""
    least = 1 / DRAWN if logarithmic else -DRAWN
    return {x: y for x, y in sorted(points.items()) if abs(y) < DRAWN and least < x < DRAWN}


def _y_axis(low: float, high: float) -> Axis:
    pad = max(0.05 * (high - low), 0.01, 1e-9 * max(abs(low), abs(high)))
    return Axis(low - pad, high + pad, HEIGHT - BOTTOM, TOP)


def _tick(value: float) -> str:
    """Two decimals, or a power of ten."""
    return Notation(1.0, 2).bare(value) if abs(value) < LARGE else f"{value:g}"


def _thin(xs: Sequence[float]) -> Sequence[float]:
    return xs[:: -(-len(xs) // 12)]


def _line(row: ShownRow, points: Points, x_axis: Axis, y_axis: Axis, label: float | None) -> Line:
    places = tuple((x_axis.at(x), y_axis.at(y)) for x, y in points.items())
    name = f"{row.rank or '–'}. {' · '.join(row.names.values())}"
    numbers = ", ".join(f"{x:g}: {number(Scale.EXPONENT, y)}" for x, y in points.items())
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in places)
    return Line(row, path, places, label, f"{name}: {numbers}")


def _labels(ends: Sequence[tuple[ShownRow, float]]) -> dict[int, float]:
    """Heights of the names of the first ranks, near the ends of their lines and apart from each other."""
    named = sorted(((end, row) for row, end in ends[:NAMED] if row.rank), key=_height)
    heights: list[float] = []
    for end, _ in named:
        heights.append(max(end, heights[-1] + APART) if heights else end)
    over = max(heights[-1] - (HEIGHT - BOTTOM), 0) if heights else 0
    return {row.index: height - over for (_, row), height in zip(named, heights, strict=True)}


_height: Callable[[tuple[float, ShownRow]], float] = lambda named: named[0]  # noqa: E731
