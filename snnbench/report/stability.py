"""Show on the page curves of stability of each row, and what λ before training goes with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from snnbench.quantities import Quantity
from snnbench.report.board import Contest
from snnbench.report.cells import Cells, MeasuredCell
from snnbench.report.columns import SCORE
from snnbench.report.correlation import Correlation, spearman
from snnbench.report.curves import Chart, Points, Wording, chart
from snnbench.report.marks import split_name
from snnbench.report.numbers import Notation
from snnbench.report.view import Section
from snnbench.settings import INITIAL

CURVE = "stability.lambda_delta"
SPECTRUM = "stability.spectrum"
ALONG = "stability.lambda_grad"
EPOCHS = "stability.epochs"
SINCE = "stability.survival.step"
LARGER = "stability.survival.larger"
THERE = "stability.survival.there"
CAUSES = (f"{INITIAL}stability.lambda_grad", f"{INITIAL}stability.lambda_delta[0.1]")
EFFECTS = (SCORE, f"{INITIAL}activity.dead", f"{INITIAL}gradient.norm")

WORDINGS = {
    CURVE: Wording(
        "Growth of a disturbance of size δ, after training",
        "Below 0 a disturbance of that size dies out, above 0 it grows. δ is in thresholds.",
        "δ (logarithmic)",
        logarithmic=True,
    ),
    SPECTRUM: Wording(
        "Largest exponents of the gradient, after training",
        "How fast gradients through time vanish (below 0) or explode, direction by direction.",
        "exponent",
    ),
    EPOCHS: Wording(
        "λ grad along training", "From the weights as drawn, 0, to the last epoch.", "epochs trained"
    ),
    LARGER: Wording(
        "Share of disturbances that are larger than at the start",
        "Of streams disturbed once, by δ = 0.1, and let go.",
        "steps since (logarithmic)",
        "share",
        logarithmic=True,
    ),
    THERE: Wording(
        "Share of disturbances that are not forgotten",
        "Larger than a millionth of the disturbance that it was.",
        "steps since (logarithmic)",
        "share",
        logarithmic=True,
    ),
}


SERIES = {EPOCHS: (EPOCHS, ALONG), LARGER: (SINCE, LARGER), THERE: (SINCE, THERE)}
"""Charts of series: what is along, and what up."""


@dataclass(frozen=True, slots=True)
class Association:
    """ρ between two columns of the matrix, as texts: over all combinations and within neuron families."""

    cause: str
    effect: str
    rho: str
    interval: str
    within: tuple[str, ...]
    n: int


@dataclass(frozen=True, slots=True)
class Stability:
    """This says what a section of the board has to show; empty where nothing was measured."""

    charts: tuple[Chart, ...]
    associations: tuple[Association, ...]


def stability(section: Section, contest: Contest, cells: Cells) -> Stability:
    """Return the charts and rank correlations of one section.

    Args:
        section: As it is shown.
        contest: The rows that it shows. The lines of a row are means over its own cells, so that what was
            measured in another place has a line of its own.
        cells: All cells, for the metrics that there are and what they are called.
    """
    groups = [row.group.done for row in contest.rows]
    pairs = list(zip(section.rows, groups, strict=True))
    curves = {
        CURVE: [(row, _family(group, CURVE)) for row, group in pairs],
        SPECTRUM: [(row, _family(group, SPECTRUM)) for row, group in pairs],
        **{name: [(row, _along(group, *axes)) for row, group in pairs] for name, axes in SERIES.items()},
    }
    charts = [chart(WORDINGS[name], drawn) for name, drawn in curves.items()]
    return Stability(tuple(one for one in charts if one), tuple(_associations(groups, cells)))


def _family(group: Iterable[MeasuredCell], family: str) -> Points:
    """Return the means of the metrics ``family[x]``, by x."""
    found: dict[float, list[float]] = {}
    for cell in group:
        for metric, measured in cell.metrics.items():
            name, parameter = split_name(metric)
            if name == family and parameter and measured.value is not None:
                with suppress(ValueError):  # a name that someone else gave
                    found.setdefault(float(parameter), []).append(measured.value)
    return {place: float(np.mean(some)) for place, some in found.items()}


def _along(group: Iterable[MeasuredCell], along: str, up: str) -> Points:
    """Return the means over the cells of the series ``up``, by the values of the series ``along``."""
    found: dict[float, list[float]] = {}
    for cell in group:
        values = cell.series.get(up, ())  # of the same length, or not there at all
        for place, value in zip(cell.series.get(along, ()), values, strict=False):
            found.setdefault(place, []).append(value)
    return {place: float(np.mean(some)) for place, some in found.items()}


def _associations(groups: Sequence[Sequence[MeasuredCell]], cells: Cells) -> Iterable[Association]:
    """Yield correlations over rows, each the mean of its seeds; a family is what has the same neuron."""
    known = [group for group in groups if group]
    families = [group[0].combination.neuron.name for group in known]
    for cause in CAUSES:
        for effect in EFFECTS:
            if known and {cause, effect} <= set(cells.metrics):
                causes, effects = ([_mean(group, name) for group in known] for name in (cause, effect))
                found = spearman(causes, effects, families)
                yield _texts(cells.descriptions.of(cause), cells.descriptions.of(effect), found)


def _mean(group: Iterable[MeasuredCell], metric: str) -> float:
    known = [value for cell in group if (value := cell.number(metric)) is not None]
    return float(np.mean(known)) if known else math.nan


def _texts(cause: Quantity, effect: Quantity, found: Correlation) -> Association:
    scale = Notation(1.0, 2)
    interval = f"{scale.bare(found.low)} … {scale.bare(found.high)}"
    return Association(
        cause=cause.title,
        effect=effect.title,
        rho=scale.bare(found.rho),
        interval=found.reason or interval,
        within=tuple(f"{one.family} {scale.bare(one.rho)} ({one.n})" for one in found.within),
        n=found.n,
    )
