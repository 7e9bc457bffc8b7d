"""Growth of perturbations of a given size, between two real trajectories (Benettin's method).

Benettin, Galgani & Strelcyn 1976, Phys. Rev. A 14, 2338; the critical size: Monteforte & Wolf 2012,
Phys. Rev. X 2, 041007. T steps, B batch entries, N components of one entry's whole state, m sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from snnbench.engine.eager import State
from snnbench.errors import UsageError
from snnbench.measure.stability.flat import FlatMap, Step, unbind
from snnbench.measure.stability.statistics import (
    ASYMPTOTIC_STEPS,
    BLOCKS,
    CONFIDENCE,
    ENTRIES,
    block_of,
    bootstrap,
    estimate,
)

DELTAS: Final = (1e-3, 1e-2, 1e-1, 1.0)
RESOLUTION: Final = 1000
"""Fewest ulp of the state that a perturbation must be, component by component."""


@dataclass(frozen=True, slots=True, eq=False)
class FiniteSize:
    """Growth rate as a function of the perturbation's size δ, the mean over batch entries.

    Attributes:
        deltas: The m sizes, ascending: Euclidean norms over the whole state.
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
        transient: Steps that are run before measuring starts.
        seed: Of the perturbations' directions.

    Raises:
        UsageError: An argument is out of range.
    """
    flow = FlatMap(step, state)
    xs = unbind(inputs, flow.batch)
    sizes = tuple(sorted({float(delta) for delta in deltas}))
    _check(sizes, len(xs), transient)
    with torch.no_grad():
        bundle = _Bundle(flow, sizes, seed)
        bundle.check_independence(xs[0])
        growth = _growth(bundle, xs, transient)
    if not bundle.control_ok:
        return _void(sizes)
    return _summarise(growth, bundle, sizes, seed)


def _check(sizes: tuple[float, ...], steps: int, transient: int) -> None:
    if not sizes or not all(0 < delta < math.inf for delta in sizes):
        raise UsageError(f"deltas={list(sizes)}: not sizes of a perturbation", "give finite numbers above 0")
    if not 0 <= transient < steps:
        raise UsageError(
            f"transient={transient} of {steps} steps leaves nothing to measure", "give more steps"
        )


class _Bundle:
    """Reference ``[B, N]``, perturbed copies ``[m, B, N]`` and control ``[B, N]``, stepped as one batch."""

    def __init__(self, flow: FlatMap, sizes: Sequence[float], seed: int) -> None:
        h = flow.start
        self.flow = flow
        self.generator = torch.Generator(h.device).manual_seed(seed)
        self.delta = torch.tensor(sizes, dtype=h.dtype, device=h.device)[:, None, None]
        self.reference = self.control = h
        self.moved = self._displaced(self._draw(h[None]).expand(len(sizes), *h.shape))
        self.peak = h.abs().amax()
        self.control_ok = True

    def check_independence(self, x_t: Tensor | None) -> None:
        """See whether the reference stays the same when its perturbed neighbours do not."""
        beside_moved, _, _ = self._run(x_t, self.moved)
        beside_equal, _, _ = self._run(x_t, self.reference.expand_as(self.moved))
        self.control_ok = _same(beside_moved, beside_equal)

    def step(self, x_t: Tensor | None) -> tuple[Tensor, Tensor]:
        """One step of all, then back to size δ.

        Returns:
            ln(‖Δ'‖/‖Δ‖), 0 where the trajectories coalesced, and whether they did; each ``[B, m]``.
        """
        before = _norm(self.moved - self.reference)
        self.reference, moved, self.control = self._run(x_t, self.moved)
        self.control_ok = _same(self.reference, self.control)
        self.peak = torch.maximum(self.peak, self.reference.abs().amax())
        difference = moved - self.reference
        after = _norm(difference)
        vanished = after == 0
        if vanished.any():
            difference = torch.where(vanished[..., None], self._draw(difference), difference)
        self.moved = self._displaced(difference)
        merged = vanished & (before > 0)
        logs = (after.double() / before.double()).log()
        return logs.masked_fill(merged, 0).mT, merged.mT

    def _run(self, x_t: Tensor | None, moved: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        together = torch.cat([self.reference, moved.flatten(0, 1), self.control])
        copies = len(moved) + 2
        following = self.flow(None if x_t is None else torch.cat([x_t] * copies), together)
        reference, *others, control = following.chunk(copies)
        return reference, torch.stack(others), control

    def _displaced(self, difference: Tensor) -> Tensor:
        """The reference plus ``difference`` ``[m, B, N]``, scaled to δ by one number per entry."""
        return self.reference + self.delta * (difference / _norm(difference)[..., None])

    def _draw(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, dtype=like.dtype, device=like.device, generator=self.generator)


def _same(a: Tensor, b: Tensor) -> bool:
    """Equal bit by bit; a trajectory that is not a number any more is equal to itself."""
    return torch.equal(a, b) or torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)


def _norm(difference: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(difference, dim=-1)
    return norm


@dataclass(frozen=True, slots=True, eq=False)
class _Growth:
    """Sums of ln(‖Δ'‖/‖Δ‖), how many were added, and how often it was 0: each ``[blocks, B, m]``."""

    sums: Tensor
    counts: Tensor
    merges: Tensor


def _growth(bundle: _Bundle, xs: Sequence[Tensor | None], transient: int) -> _Growth:
    """Follow ``bundle`` through ``xs``, or until its control fails."""
    measured = len(xs) - transient
    m, batch = bundle.moved.shape[:2]
    shape = (min(BLOCKS, measured), batch, m)
    sums, counts, merges = (
        torch.zeros(shape, dtype=torch.float64, device=bundle.moved.device) for _ in range(3)
    )
    for index, x_t in enumerate(xs, start=-transient):
        if not bundle.control_ok:
            break
        logs, merged = bundle.step(x_t)
        if index >= 0:
            block = block_of(index, measured)
            sums[block] += logs
            counts[block] += ~merged
            merges[block] += merged
    return _Growth(sums.cpu(), counts.cpu(), merges.cpu())


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


def _summarise(growth: _Growth, bundle: _Bundle, sizes: tuple[float, ...], seed: int) -> FiniteSize:
    result = estimate(growth.sums, growth.counts)
    curve = result.mean.tolist()
    steps = growth.counts + growth.merges
    coalesced = growth.merges.sum((0, 1)) / steps.sum((0, 1))
    star = crossing(sizes, curve)
    least = RESOLUTION * torch.finfo(bundle.delta.dtype).eps * bundle.flow.width**0.5 * float(bundle.peak)
    flags = {
        "finite-time": float(steps[:, 0, 0].sum()) < ASYMPTOTIC_STEPS,
        "diverged": not bool(bundle.reference.isfinite().all()),
        "falling": star is not None and curve[0] > 0,
        **{f"resolution[{delta}]": delta < least for delta in sizes},
    }
    return FiniteSize(
        deltas=sizes,
        exponents=result.mean,
        interval=result.interval,
        p_coalesce=coalesced.masked_fill(growth.sums.sum((0, 1)).isnan(), torch.nan),
        delta_star=star,
        delta_star_interval=None if star is None else _star_interval(growth, sizes, seed),
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


def _star_interval(growth: _Growth, sizes: Sequence[float], seed: int) -> tuple[float, float] | None:
    if growth.sums.shape[1] < ENTRIES:
        return None
    generator = torch.Generator().manual_seed(seed)
    curves = bootstrap(growth.sums, growth.counts, generator).tolist()
    stars = [star for curve in curves if (star := crossing(sizes, curve)) is not None]
    tail = (1 - CONFIDENCE) / 2
    if len(stars) < (1 - tail) * len(curves):
        return None
    low, high = torch.tensor(stars).double().quantile(torch.tensor([tail, 1 - tail]).double()).tolist()
    return low, high
