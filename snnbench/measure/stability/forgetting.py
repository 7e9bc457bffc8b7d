"""Measure how many streams of a cell forget one disturbance that nothing rescales, and how soon."""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np

from snnbench.errors import UsageError
from snnbench.measure.context import CellContext
from snnbench.measure.stability.flow import NO_MEMORY, STEPS, STREAMS, Flow, make_flow
from snnbench.measure.stability.survival import Survival, survival
from snnbench.records import Metric

DELTA: Final = 0.1
POINTS: Final = 25
"""Of the curves: their steps are spread evenly on a logarithmic axis."""
SHARES: Final = ("larger", "there")
STEP: Final = "stability.survival.step"

Series: TypeAlias = dict[str, tuple[float, ...]]


def forgetting(
    trained: CellContext, *, streams: int = STREAMS, steps: int = STEPS
) -> tuple[dict[str, Metric], Series]:
    """Return what becomes of a disturbance of ``DELTA`` thresholds along ``steps`` steps.

    Returns:
        ``stability.larger`` and ``stability.there`` after the last step: shares of the streams with a
        disturbance larger than at the start, and not gone. And their curves with Wilson's intervals,
        ``stability.survival.larger``, ``….larger_low``, ``….larger_high`` and so on, over
        ``stability.survival.step``.
    """
    flow = make_flow(trained, streams, steps)
    if flow is None:
        return missing(NO_MEMORY), {}
    seed = trained.generator("probe.directions").initial_seed()
    try:
        found = survival(
            flow.step,
            flow.state,
            flow.inputs,
            (DELTA,),
            unit=flow.unit,
            transient=flow.transient,
            seed=seed,
        )
    except UsageError as error:
        return missing(error.message), {}
    if not found.control_ok:
        return missing("an undisturbed copy of the network did not stay equal to it"), {}
    if found.flags:
        return missing("the trajectory diverged"), {}
    return _metrics(flow, found), _series(found)


def _metrics(flow: Flow, found: Survival) -> dict[str, Metric]:
    ends = {"larger": (found.larger, found.larger_interval), "there": (found.there, found.there_interval)}
    return {
        f"stability.{name}": flow.known(
            float(share[-1, 0]),
            (float(interval[-1, 0, 0]), float(interval[-1, 0, 1])),
            "1",
            flow.unit_flags,
        )
        for name, (share, interval) in ends.items()
    }


def _series(found: Survival) -> Series:
    count = len(found.larger)
    chosen = np.unique(np.geomspace(1, count, min(POINTS, count)).round().astype(int)) - 1
    curves = {
        "larger": found.larger[:, 0],
        "larger_low": found.larger_interval[:, 0, 0],
        "larger_high": found.larger_interval[:, 0, 1],
        "there": found.there[:, 0],
        "there_low": found.there_interval[:, 0, 0],
        "there_high": found.there_interval[:, 0, 1],
    }
    series = {f"stability.survival.{name}": tuple(curve[chosen].tolist()) for name, curve in curves.items()}
    known = {
        name: values for name, values in series.items() if not any(math.isnan(value) for value in values)
    }
    return {STEP: tuple((chosen + 1.0).tolist()), **known}


def missing(reason: str) -> dict[str, Metric]:
    """Return the metrics, not measured."""
    return {f"stability.{name}": Metric.missing(reason) for name in SHARES}
