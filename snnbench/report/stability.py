"""What a page shows of stability: curves of each row, and what λ before training goes with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from snnbench.records import CellResult, Status
from snnbench.report.correlation import Correlation, spearman
from snnbench.report.curves import Chart, Points, Wording, chart
from snnbench.report.frame import DataFrame
from snnbench.report.lookup import describe
from snnbench.report.numbers import Scale
from snnbench.report.rows import PLACE, ROW, SCORE
from snnbench.report.view import Section
from snnbench.settings import INITIAL

Identity: TypeAlias = tuple[str, str, str, str]
"""Key, device, engine and environment: see ``CellResult.identity``."""

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
    """What a section of the board has to show; empty where nothing was measured."""

    charts: tuple[Chart, ...]
    associations: tuple[Association, ...]


def stability(
    section: Section, rows: DataFrame, results: DataFrame, cells: Mapping[Identity, CellResult]
) -> Stability:
    """Charts and rank correlations of one section.

    Args:
        section: As it is shown.
        rows: The rows of the board that it shows, in its order.
        results: A row a cell.
        cells: The results with their series, by identity: what was measured in another place has a line
            of its own.
    """
    done = results[results["status"] == Status.DONE]
    groups = [_cells_of(row, done) for row in rows[list(ROW)].to_dict("records")]
    pairs = list(zip(section.rows, groups, strict=True))
    curves = {
        CURVE: [(row, _family(group, CURVE)) for row, group in pairs],
        SPECTRUM: [(row, _family(group, SPECTRUM)) for row, group in pairs],
        **{
            name: [(row, _along(_measured_in(group, cells), *axes)) for row, group in pairs]
            for name, axes in SERIES.items()
        },
    }
    charts = [chart(WORDINGS[name], drawn) for name, drawn in curves.items()]
    return Stability(tuple(one for one in charts if one), tuple(_associations(groups, cells)))


def _cells_of(row: Mapping[object, object], done: DataFrame) -> DataFrame:
    """The cells that a row of the board is the mean of."""
    chosen = np.ones(len(done), dtype=bool)
    for name in ROW:
        value = row[name]
        missing = value is None or value != value  # noqa: PLR0124
        chosen &= (done[name].isna() if missing else done[name] == value).to_numpy()
    return done[chosen]


def _measured_in(group: DataFrame, cells: Mapping[Identity, CellResult]) -> list[CellResult]:
    """The results with their series of the cells in ``group``."""
    known = group[["key", *PLACE]].fillna("").itertuples(index=False, name=None)
    return [cells[place] for place in known if place in cells]


def _family(group: DataFrame, family: str) -> Points:
    """Means of the metrics ``family[x]``, by x."""
    found = {}
    for column in map(str, group.columns):
        match = re.fullmatch(rf"{re.escape(family)}\[([^\]]+)\]", column)
        if match and group[column].notna().any():
            with suppress(ValueError):  # a name that someone else gave
                found[float(match[1])] = float(group[column].mean())
    return found


def _along(cells: Iterable[CellResult], along: str, up: str) -> Points:
    """Means over the cells of the series ``up``, by the values of the series ``along``."""
    found: dict[float, list[float]] = {}
    for cell in cells:
        values = cell.series.get(up, ())  # of the same length, or not there at all
        for place, value in zip(cell.series.get(along, ()), values, strict=False):
            found.setdefault(place, []).append(value)
    return {place: float(np.mean(some)) for place, some in found.items()}


def _associations(groups: Sequence[DataFrame], cells: Mapping[Identity, CellResult]) -> Iterable[Association]:
    """Correlations over rows, each the mean of its seeds; a family is what has the same neuron."""
    known = [(group, results) for group in groups if (results := _measured_in(group, cells))]
    families = [results[0].cell.neuron.name for _, results in known]
    for cause in CAUSES:
        for effect in EFFECTS:
            if any(cause in group and effect in group for group, _ in known):
                causes, effects = ([_mean(group, name) for group, _ in known] for name in (cause, effect))
                yield _texts(cause, effect, spearman(causes, effects, families))


def _mean(group: DataFrame, metric: str) -> float:
    known = group[metric].dropna() if metric in group else ()
    return float(np.mean(known)) if len(known) else math.nan


def _texts(cause: str, effect: str, found: Correlation) -> Association:
    scale = Scale(1.0, 2)
    interval = f"{scale.bare(found.low)} … {scale.bare(found.high)}"
    return Association(
        cause=describe(cause).title,
        effect=describe(effect).title,
        rho=scale.bare(found.rho),
        interval=found.reason or interval,
        within=tuple(f"{one.family} {scale.bare(one.rho)} ({one.n})" for one in found.within),
        n=found.n,
    )
