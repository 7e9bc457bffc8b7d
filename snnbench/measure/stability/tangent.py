"""Lyapunov exponents come from tangents that are re-orthonormalised by QR.

Benettin et al. 1980, Meccanica 15, 9-20; Geist, Parlitz & Lauterborn 1990, Prog. Theor. Phys. 83.
T steps, B batch entries, N components of one entry's whole state, k tangents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

import torch
from torch import Tensor

from snnbench.core import surrogate
from snnbench.core.eager import State
from snnbench.core.surrogate import Derivative
from snnbench.core.tangents import TangentStep
from snnbench.errors import UsageError
from snnbench.measure.stability.flat import FlatMap, MapStep, check_transient, unbind, whole
from snnbench.measure.stability.jordan import is_degenerate
from snnbench.measure.stability.qr import growth
from snnbench.measure.stability.statistics import ASYMPTOTIC_STEPS, estimate

SHOWN: Final = 5
"""Exponents that are printed."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Spectrum:
    """A spectrum has the Lyapunov exponents of a map, the mean over batch entries.

    Attributes:
        exponents: The k largest, ``[k]``, descending, nats a step, float64 on the CPU. −∞ where the
            map destroys a direction, in the measured steps of some batch entry; NaN where it diverged.
        stderr: Their standard errors, ``[k]``; NaN where there is no interval.
        interval: Their 95 % intervals, ``[k, 2]``: over at least 10 batch entries, else over 20
            blocks of time, else NaN.
        kaplan_yorke: Kaplan-Yorke dimension; None where k exponents do not determine it, or where spikes
            were differentiated by a surrogate: then the tangents are not those of the trajectories.
        entropy: Sum of the positive exponents, a bound on the entropy rate (Ruelle 1978), nats a step;
            None likewise.
        flags: ``finite-time`` (fewer than 100 steps measured), ``degenerate`` (the leading exponents are
            equal and coupled, as in a Jordan block: they are off by about ln(T)/T), ``singular`` (an
            exponent is −∞), ``diverged`` (an exponent is NaN).
    """

    exponents: Tensor
    stderr: Tensor
    interval: Tensor
    kaplan_yorke: float | None
    entropy: float | None
    flags: tuple[str, ...]

    def __repr__(self) -> str:
        values = self.exponents.tolist()
        shown = ", ".join(f"{value:.4g}" for value in values[:SHOWN])
        rest = f", … {len(values)} in all" if len(values) > SHOWN else ""
        dimension = "–" if self.kaplan_yorke is None else f"{self.kaplan_yorke:.4g}"
        return f"Spectrum({shown}{rest}; kaplan_yorke={dimension}; flags={list(self.flags)})"


def spectrum(
    step: MapStep,
    state: State,
    inputs: Tensor | int,
    k: int | None = None,
    *,
    derivative: Derivative = "surrogate",
    transient: int = 0,
    qr_every: int = 1,
    tangent_step: TangentStep | None = None,
) -> Spectrum:
    """Return the k largest Lyapunov exponents of ``step`` along the trajectory from ``state``.

    Tangents are exact (see ``push``). Batch entries must be independent of each other; each has its
    own tangents and exponents. Memory does not grow with T. Use float64.

    Args:
        step: ``step(x_t, state) -> (output, state)``, differentiable; x_t is None without inputs.
        state: Tensors with the batch B as first axis.
        inputs: ``[T, B, ...]``, or the number of steps T of an undriven map.
        k: Number of exponents; all N if None.
        derivative: Of spikes: the ``surrogate`` as trained, or the ``true`` one, which freezes them.
        transient: Steps that warm up state and tangents before measuring starts.
        qr_every: Steps between QR decompositions. A window in which the tangents become too
            parallel for the dtype is repeated with a QR at each step.
        tangent_step: ``(x_t, state, tangents) -> (next state, next tangents)``, the tangents of each part of
            the state ``[k, B, *]``: the map's own derivative, faster than two backward passes. If None, that
            of the object whose method ``step`` is, as of a ``Neuron`` or a ``Network``, if it has one.

    Raises:
        UsageError: An argument is out of range, or ``step`` cannot be differentiated as above.
    """
    flow = FlatMap(step, state)
    xs = unbind(inputs, flow.batch)
    k = flow.width if k is None else whole("k", k)
    transient, qr_every = whole("transient", transient), whole("qr_every", qr_every)
    check_transient(transient, len(xs))
    _check(k, flow.width, qr_every)
    if flow.start.dtype not in (torch.float32, torch.float64):
        raise UsageError(f"the state is {flow.start.dtype}: there is no QR of it", "use float64")
    if derivative not in get_args(Derivative):
        raise UsageError(f"derivative={derivative!r}", f"one of {', '.join(get_args(Derivative))}")
    measured = len(xs) - transient
    with torch.no_grad(), surrogate.derivative(derivative), surrogate.counting_spikes() as spikes:
        sums, counts = growth(flow, xs, k, transient, qr_every, tangent_step=tangent_step or _own_rule(step))
    result = estimate(sums.cpu(), counts)
    order = result.mean.argsort(descending=True)
    exponents = result.mean[order]
    smooth = derivative == "true" or not spikes.steep
    flags = {
        "finite-time": measured < ASYMPTOTIC_STEPS,
        "degenerate": is_degenerate(sums.cpu()[..., 0], counts[:, 0, 0], transient),
        "singular": bool(exponents.isneginf().any()),
        "diverged": bool(exponents.isnan().any()),
    }
    return Spectrum(
        exponents,
        result.stderr[order],
        result.interval[order],
        *_dimension_and_entropy(exponents, k == flow.width, smooth, 16 * torch.finfo(flow.start.dtype).eps),
        tuple(name for name, raised in flags.items() if raised),
    )


def _own_rule(step: MapStep) -> TangentStep | None:
    """Return the ``tangent_step`` of what ``step`` is a method of."""
    return getattr(getattr(step, "__self__", None), "tangent_step", None)


def _check(k: int, width: int, qr_every: int) -> None:
    if not 1 <= k <= width:
        raise UsageError(f"k={k} of {width} exponents", f"give 1 to {width}, or None for all")
    if qr_every < 1:
        raise UsageError(f"qr_every={qr_every} is not a number of steps", "1 is always right")


def _dimension_and_entropy(
    exponents: Tensor, complete: bool, smooth: bool, rounding: float
) -> tuple[float | None, float | None]:
    """Return both, or None where the tangents are not those of the trajectories: not ``smooth``."""
    if not smooth:
        return None, None
    values = exponents.tolist()
    return kaplan_yorke(values, complete=complete, rounding=rounding), entropy(values, complete=complete)


def entropy(exponents: Sequence[float], *, complete: bool) -> float | None:
    """Return the sum of the positive ones of descending exponents.

    Args:
        exponents: The largest ones.
        complete: Whether they are all there are.

    Returns:
        None where an exponent is not a number, or where all that are given are positive and more may be.
    """
    if any(map(math.isnan, exponents)) or (exponents[-1] > 0 and not complete):
        return None
    return math.fsum(exponent for exponent in exponents if exponent > 0)


def kaplan_yorke(exponents: Sequence[float], *, complete: bool, rounding: float = 0) -> float | None:
    """Return the Kaplan-Yorke dimension (Kaplan & Yorke 1979) of descending exponents.

    Args:
        exponents: The largest ones.
        complete: Whether they are all there are.
        rounding: An exponent this close to 0 is 0.

    Returns:
        None where an exponent is not a number, or where the sum does not turn negative among those given.
    """
    total = 0.0
    for index, exponent in enumerate(0.0 if abs(one) <= rounding else one for one in exponents):
        if math.isnan(exponent):
            return None
        if total + exponent < 0:
            return index + total / abs(exponent)
        total += exponent
    return float(len(exponents)) if complete else None
