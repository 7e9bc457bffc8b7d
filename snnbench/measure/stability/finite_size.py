"""Benettin's method gives the growth of perturbations of a given size, between two real trajectories.

Benettin, Galgani & Strelcyn 1976, Phys. Rev. A 14, 2338; that small and large perturbations fare
differently: Monteforte & Wolf 2012, Phys. Rev. X 2, 041007. T steps, B batch entries, N components of
one entry's whole state, m sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.units import Unit, weights
from snnbench.errors import UsageError
from snnbench.measure.stability.band import Interval, band, intervals
from snnbench.measure.stability.bundle import BundleGrowth, growth
from snnbench.measure.stability.flat import FlatMap, MapStep, check_transient, unbind, whole
from snnbench.measure.stability.statistics import (
    ASYMPTOTIC_STEPS,
    estimate,
)

DELTAS: Final = (1e-3, 1e-2, 1e-1, 1.0)
RESOLUTION: Final = 1000
"""Fewest ulp of the state that a perturbation must be, component by component; below one it is lost."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FiniteSize:
    """The growth rate is a function of the perturbation's size δ, the mean over batch entries.

    Attributes:
        deltas: The m sizes, ascending: norms over the whole state, in the unit that was given.
        exponents: Mean of ln(‖Δ'‖/‖Δ‖) over the steps in which Δ did not vanish, ``[m]``, nats a step,
            float64 on the CPU. NaN where it vanished in all, or there is no number (see ``flags``).
        interval: 95 % intervals, ``[m, 2]``, as in ``Spectrum``.
        p_coalesce: Fraction of measured steps, over all entries, after which the two trajectories
            were exactly equal, ``[m]``.
        growth_from: Size from which on a perturbation grows: where the curve crosses 0 upward, interpolated
            in ln δ; None where no size grows, or the smallest does already.
        growth_to: Size up to which it grows: where the curve then crosses 0 downward; None where no size
            grows, or the largest still does.
        growth_from_interval: Its 95 % bootstrap interval over at least 10 batch entries, else None; None as
            well when more than 1 in 40 resampled curves has no such crossing.
        growth_to_interval: Likewise.
        control_ok: Whether an unperturbed copy stayed equal to its reference, bit by bit, and the
            reference did not depend on its neighbours. If not, all numbers are void: NaN or None.
        flags: ``finite-time`` (fewer than 100 steps measured), ``control`` (``control_ok`` is false),
            ``diverged`` (the trajectory is not finite), ``bands`` (perturbations larger than ``growth_to``
            grow again), ``resolution[δ]`` (δ is too close to the dtype's rounding).
    """

    deltas: tuple[float, ...]
    exponents: Tensor
    interval: Tensor
    p_coalesce: Tensor
    growth_from: float | None
    growth_from_interval: Interval | None
    growth_to: float | None
    growth_to_interval: Interval | None
    control_ok: bool
    flags: tuple[str, ...]

    def __repr__(self) -> str:
        curve = zip(self.deltas, self.exponents.tolist(), strict=True)
        band = f"grows from δ={_known(self.growth_from)} to {_known(self.growth_to)}"
        values = ", ".join(f"λ({delta:g})={value:.4g}" for delta, value in curve)
        return f"FiniteSize({values}; {band}; flags={list(self.flags)})"


def _known(size: float | None) -> str:
    return "–" if size is None else f"{size:.3g}"


def finite_size(
    step: MapStep,
    state: State,
    inputs: Tensor | int,
    deltas: Iterable[float] = DELTAS,
    *,
    unit: Unit | None = None,
    transient: int = 0,
    seed: int = 0,
) -> FiniteSize:
    """Return the growth of perturbations of the sizes ``deltas`` along the trajectory from ``state``.

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
    sizes = sizes_of(deltas)
    seed = whole("seed", seed)
    transient = whole("transient", transient)
    check_transient(transient, len(xs))
    with torch.no_grad():
        measured = growth(flow, sizes, xs, transient, seed=seed, weight=weights(state, unit))
    if not measured.control_ok:
        return _void(sizes)
    ulp = torch.finfo(flow.start.dtype).eps * flow.width**0.5 * measured.peak
    return _summarise(measured, sizes, ulp, seed)


def sizes_of(deltas: object) -> tuple[float, ...]:
    """Return the sizes of perturbations, ascending, each once.

    Raises:
        UsageError: They are none.
    """
    if not isinstance(deltas, Iterable):
        raise UsageError(f"deltas={deltas!r}: not several sizes", f"for one: deltas=[{deltas!r}]")
    try:
        sizes = tuple(sorted({float(delta) for delta in deltas}))
    except (TypeError, ValueError):
        raise UsageError(f"deltas={deltas!r}: not sizes of a perturbation", "give numbers") from None
    if not sizes or not all(0 < delta < math.inf for delta in sizes):
        raise UsageError(f"deltas={list(sizes)}: not sizes of a perturbation", "give finite numbers above 0")
    return sizes


def _void(sizes: tuple[float, ...]) -> FiniteSize:
    nothing = torch.full((len(sizes),), torch.nan, dtype=torch.float64)
    return FiniteSize(
        deltas=sizes,
        exponents=nothing,
        interval=nothing[:, None].expand(-1, 2),
        p_coalesce=nothing,
        growth_from=None,
        growth_from_interval=None,
        growth_to=None,
        growth_to_interval=None,
        control_ok=False,
        flags=("control",),
    )


def _summarise(measured: BundleGrowth, sizes: tuple[float, ...], ulp: float, seed: int) -> FiniteSize:
    """Return the result; a perturbation of size ``ulp`` is one of an ulp in each component."""
    lost = torch.tensor([delta < ulp for delta in sizes])
    measured = replace(measured, sums=measured.sums.masked_fill(lost, torch.nan))
    result = estimate(measured.sums, measured.counts)
    # what rounding makes of the growth in one step is no crossing
    rounding = torch.tensor([16 * ulp / delta for delta in sizes], dtype=torch.float64)
    curve = result.mean.masked_fill(result.mean.abs() <= rounding, 0.0).tolist()
    steps = measured.counts + measured.merges
    coalesced = measured.merges.sum((0, 1)) / steps.sum((0, 1))
    found = band(sizes, curve)
    start, end = intervals(measured.sums, measured.counts, sizes, seed)
    flags = {
        "finite-time": float(steps[:, 0, 0].sum()) < ASYMPTOTIC_STEPS,
        "diverged": not measured.finite,
        "bands": found.more,
        **{f"resolution[{delta}]": delta < RESOLUTION * ulp for delta in sizes},
    }
    return FiniteSize(
        deltas=sizes,
        exponents=result.mean,
        interval=result.interval,
        p_coalesce=coalesced.masked_fill(measured.sums.sum((0, 1)).isnan(), torch.nan),
        growth_from=found.start,
        growth_from_interval=None if found.start is None else start,
        growth_to=found.end,
        growth_to_interval=None if found.end is None else end,
        control_ok=True,
        flags=tuple(name for name, raised in flags.items() if raised),
    )
