"""Growth of perturbations of a given size, between two real trajectories (Benettin's method).

Benettin, Galgani & Strelcyn 1976, Phys. Rev. A 14, 2338; the critical size: Monteforte & Wolf 2012,
Phys. Rev. X 2, 041007. T steps, B batch entries, N components of one entry's whole state, m sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from snnbench.engine.eager import State
from snnbench.engine.units import Unit, weights
from snnbench.errors import UsageError
from snnbench.measure.stability.bundle import Growth, growth
from snnbench.measure.stability.flat import FlatMap, Step, unbind, whole
from snnbench.measure.stability.statistics import (
    ASYMPTOTIC_STEPS,
    CONFIDENCE,
    ENTRIES,
    bootstrap,
    estimate,
)

DELTAS: Final = (1e-3, 1e-2, 1e-1, 1.0)
RESOLUTION: Final = 1000
"""Fewest ulp of the state that a perturbation must be, component by component; below one it is lost."""


@dataclass(frozen=True, slots=True, eq=False)
class FiniteSize:
    """Growth rate as a function of the perturbation's size δ, the mean over batch entries.

    Attributes:
        deltas: The m sizes, ascending: norms over the whole state, in the unit that was given.
        exponents: Mean of ln(‖Δ'‖/‖Δ‖) over the steps in which Δ did not vanish, ``[m]``, nats a step,
            float64 on the CPU. NaN where it vanished in all, or there is no number (see ``flags``).
        interval: 95 % intervals, ``[m, 2]``, as in ``Spectrum``.
        p_coalesce: Fraction of measured steps, over all entries, after which the two trajectories
            were exactly equal, ``[m]``.
        delta_star: Smallest δ where the curve crosses 0, interpolated in ln δ; None if it does not.
        delta_star_interval: Its 95 % bootstrap interval over at least 10 batch entries, else None;
            None as well when more than 1 in 40 resampled curves has no crossing.
        control_ok: Whether an unperturbed copy stayed equal to its reference, bit by bit, and the
            reference did not depend on its neighbours. If not, all numbers are void: NaN or None.
        flags: ``finite-time`` (fewer than 100 steps measured), ``control`` (``control_ok`` is false),
            ``diverged`` (the trajectory is not finite), ``falling`` (the curve falls through 0 at
            ``delta_star``: larger perturbations shrink), ``resolution[δ]`` (δ is too close to the
            dtype's rounding).
    """

    deltas: tuple[float, ...]
    exponents: Tensor
    interval: Tensor
    p_coalesce: Tensor
    delta_star: float | None
    delta_star_interval: tuple[float, float] | None
    control_ok: bool
    flags: tuple[str, ...]


def finite_size(
    step: Step,
    state: State,
    inputs: Tensor | int,
    deltas: Iterable[float] = DELTAS,
    *,
    unit: Unit | None = None,
    transient: int = 0,
    seed: int = 0,
) -> FiniteSize:
    """Growth of perturbations of the sizes ``deltas`` along the trajectory from ``state``.

    Reference, perturbed copies and an unperturbed control run as one batch of (m+2)·B. After each
    step one scalar per entry scales the difference of the whole state back to δ. A difference of 0
    (the trajectories coalesced) is counted and replaced by a new random direction. No derivative is
    taken. Use float64.

    Args:
        step: ``step(x_t, state) -> (output, state)``; x_t is None without inputs.
        state: Tensors with the batch B as first axis.
        inputs: ``[T, B, ...]``, or the number of steps T of an undriven map.
        deltas: Sizes δ > 0 of the perturbation.
        unit: What counts as 1 in each part of the state, numbers or tensors to be broadcast to one entry of
            it, as of a ``Neuron.disturbance_unit()``. δ is then the root mean square over the N components
            in these units. None for a Euclidean norm of the whole state.
        transient: Steps that are run before measuring starts.
        seed: Of the perturbations' directions.

    Raises:
        UsageError: An argument is out of range.
    """
    flow = FlatMap(step, state)
    xs = unbind(inputs, flow.batch)
    if not isinstance(deltas, Iterable):
        raise UsageError(f"deltas={deltas!r}: not several sizes", f"for one: deltas=[{deltas!r}]")
    try:
        sizes = tuple(sorted({float(delta) for delta in deltas}))
    except (TypeError, ValueError):
        raise UsageError(f"deltas={deltas!r}: not sizes of a perturbation", "give numbers") from None
    seed = whole("seed", seed)
    transient = whole("transient", transient)
    _check(sizes, len(xs), transient)
    with torch.no_grad():
        measured = growth(flow, sizes, xs, transient, seed=seed, weight=weights(state, unit))
    if not measured.control_ok:
        return _void(sizes)
    ulp = torch.finfo(flow.start.dtype).eps * flow.width**0.5 * measured.peak
    return _summarise(measured, sizes, ulp, seed)


def _check(sizes: tuple[float, ...], steps: int, transient: int) -> None:
    if not sizes or not all(0 < delta < math.inf for delta in sizes):
        raise UsageError(f"deltas={list(sizes)}: not sizes of a perturbation", "give finite numbers above 0")
    if not 0 <= transient < steps:
        raise UsageError(
            f"transient={transient} of {steps} steps leaves nothing to measure", "give more steps"
        )


def _void(sizes: tuple[float, ...]) -> FiniteSize:
    nothing = torch.full((len(sizes),), torch.nan, dtype=torch.float64)
    return FiniteSize(
        deltas=sizes,
        exponents=nothing,
        interval=nothing[:, None].expand(-1, 2),
        p_coalesce=nothing,
        delta_star=None,
        delta_star_interval=None,
        control_ok=False,
        flags=("control",),
    )


def _summarise(measured: Growth, sizes: tuple[float, ...], ulp: float, seed: int) -> FiniteSize:
    """The result; a perturbation of size ``ulp`` is one of an ulp in each component."""
    lost = torch.tensor([delta < ulp for delta in sizes])
    measured = replace(measured, sums=measured.sums.masked_fill(lost, torch.nan))
    result = estimate(measured.sums, measured.counts)
    # what rounding makes of the growth in one step is no crossing
    rounding = torch.tensor([16 * ulp / delta for delta in sizes], dtype=torch.float64)
    curve = result.mean.masked_fill(result.mean.abs() <= rounding, 0.0).tolist()
    steps = measured.counts + measured.merges
    coalesced = measured.merges.sum((0, 1)) / steps.sum((0, 1))
    star = crossing(sizes, curve)
    flags = {
        "finite-time": float(steps[:, 0, 0].sum()) < ASYMPTOTIC_STEPS,
        "diverged": not measured.finite,
        "falling": star is not None and curve[0] > 0,
        **{f"resolution[{delta}]": delta < RESOLUTION * ulp for delta in sizes},
    }
    return FiniteSize(
        deltas=sizes,
        exponents=result.mean,
        interval=result.interval,
        p_coalesce=coalesced.masked_fill(measured.sums.sum((0, 1)).isnan(), torch.nan),
        delta_star=star,
        delta_star_interval=None if star is None else _star_interval(measured, sizes, seed),
        control_ok=True,
        flags=tuple(name for name, raised in flags.items() if raised),
    )


def crossing(sizes: Sequence[float], curve: Sequence[float]) -> float | None:
    """Smallest size at which ``curve`` changes sign, interpolated in ln δ; None if it does not.

    Args:
        sizes: Ascending.
        curve: One value a size; those that are not finite are left out.
    """
    points = [
        (math.log(size), value) for size, value in zip(sizes, curve, strict=True) if math.isfinite(value)
    ]
    for (left, low), (right, high) in pairwise(points):
        if low < 0 <= high or low > 0 >= high:
            return math.exp(left + (right - left) * low / (low - high))
    return None


def _star_interval(measured: Growth, sizes: Sequence[float], seed: int) -> tuple[float, float] | None:
    if measured.sums.shape[1] < ENTRIES:
        return None
    generator = torch.Generator().manual_seed(seed)
    curves = bootstrap(measured.sums, measured.counts, generator).tolist()
    stars = [star for curve in curves if (star := crossing(sizes, curve)) is not None]
    tail = (1 - CONFIDENCE) / 2
    if len(stars) < (1 - tail) * len(curves):
        return None
    low, high = torch.tensor(stars).double().quantile(torch.tensor([tail, 1 - tail]).double()).tolist()
    return low, high
