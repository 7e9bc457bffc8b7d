"""A cell's stability is measured under encoded test samples in a row, with no reset in between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from torch import Tensor

from snnbench.core.surrogate import Derivative, counting_spikes
from snnbench.errors import UsageError
from snnbench.measure.context import CellContext
from snnbench.measure.stability.finite_size import FiniteSize, finite_size
from snnbench.measure.stability.flow import (
    NO_MEMORY,
    STEPS,
    STREAMS,
    Flow,
    leak_flags,
    make_flow,
    slowest_leak,
)
from snnbench.measure.stability.spike_distance import spike_distance
from snnbench.measure.stability.tangent import spectrum
from snnbench.records import Metric

UNIT: Final = "nats/step"
DELTAS: Final = (0.0001, 0.001, 0.01, 0.1, 1.0)
"""1 moves every membrane by its threshold, 0.1 one in a hundred."""
WATCHED: Final = 0.1
"""The perturbation that is followed along training."""
QR_EVERY: Final = 5
MOSTLY: Final = 0.5
"""An exponent is flagged ``coalesces`` where more perturbations vanish: it is of the few that do not."""


def stability(
    trained: CellContext,
    *,
    streams: int = STREAMS,
    steps: int = STEPS,
    deltas: Sequence[float] = DELTAS,
    exponents: int = 1,
) -> dict[str, Metric]:
    """Return the largest Lyapunov exponents of a network's populations under its encoded test samples.

    Measured on a float64 copy in evaluation mode, without the memory of a readout (see ``make_flow``).

    Args:
        trained: The cell.
        streams: Independent streams of samples: batch entries.
        steps: Steps measured.
        deltas: Sizes of the finite perturbations, in the populations' units.
        exponents: How many of the gradient's, if the state has so many components.

    Returns:
        ``stability.lambda_grad`` and, of several, ``.spectrum[i]``, i from 1; ``.lambda_true``,
        ``.lambda_delta[δ]`` and ``.lambda_spike[δ]`` (nats/step) and ``.p_coalesce[δ]`` for each δ,
        ``.growth_from`` and ``.growth_to``, and ``.leak_check``: 1 where ``lambda_true`` is the slowest leak,
        0 where it is not.
    """
    flow = make_flow(trained, streams, steps)
    if flow is None:
        return missing(NO_MEMORY, deltas, exponents)
    leak = slowest_leak(flow.network)
    with counting_spikes() as spikes:
        true = _exponents(flow, "true", 1)[0]
    if true.value is not None and trained.cell.surrogate is not None and not spikes.count:
        true = Metric.missing("the neuron does not spike through a snnbench.Surrogate", UNIT)
    if leak is None and true.value is not None:  # how fast it forgets has just been measured
        others = tuple(flag for flag in true.flags if flag not in flow.flags)
        flow = replace(flow, flags=leak_flags(true.value, flow.transient))
        true = replace(true, flags=(*flow.flags, *others))
    grad = _exponents(flow, "surrogate", exponents)
    seed = trained.generator("probe.directions").initial_seed()
    return {
        "stability.lambda_grad": grad[0],
        **_spectrum(grad),
        "stability.lambda_true": true,
        "stability.leak_check": _leak_check(true, leak, steps),
        **_finite(flow, deltas, seed),
        **_spike_distance(flow, deltas, seed),
    }


def watch(trained: CellContext) -> dict[str, float]:
    """Return ``lambda_grad`` and ``lambda_delta`` of one size as they are now, NaN where there is none."""
    flow = make_flow(trained, STREAMS, STEPS)
    metrics = missing(NO_MEMORY, (WATCHED,))
    if flow is not None:
        metrics = {"stability.lambda_grad": _exponents(flow, "surrogate", 1)[0]}
        metrics |= _finite(flow, (WATCHED,), trained.generator("probe.directions").initial_seed())
    names = ("stability.lambda_grad", f"stability.lambda_delta[{WATCHED}]")
    values = {name: metrics[name].value for name in names}
    return {name: math.nan if value is None else value for name, value in values.items()}


def _exponents(flow: Flow, derivative: Derivative, k: int) -> list[Metric]:
    """Return the k largest exponents; where the state has fewer, missing ones make up the number."""
    width = sum(part[0].numel() for part in flow.state)
    try:
        result = spectrum(
            flow.isolated_step,
            flow.state,
            flow.inputs,
            min(k, width),
            derivative=derivative,
            transient=flow.transient,
            qr_every=QR_EVERY,
            tangent_step=flow.tangent_step,
        )
    except UsageError as error:
        return [Metric.missing(error.message, UNIT)] * k
    found = [
        Metric.missing("the trajectory diverged", UNIT)
        if math.isnan(value)
        else _number(flow, value, ends, result.flags)
        for value, ends in zip(result.exponents.tolist(), result.interval, strict=True)
    ]
    rest = Metric.missing(f"the state has {width} components", UNIT)
    return found + [rest] * (k - width)


def _spectrum(exponents: Sequence[Metric]) -> dict[str, Metric]:
    numbered = enumerate(exponents, 1) if len(exponents) > 1 else ()
    return {f"stability.spectrum[{index}]": metric for index, metric in numbered}


def _number(flow: Flow, value: float, interval: Tensor, flags: tuple[str, ...]) -> Metric:
    low, high = interval.tolist()
    flags = tuple(flag for flag in flags if flag != "singular" or value == -math.inf)
    return flow.known(value, (low, high), UNIT, flags)


def _leak_check(true: Metric, leak: float | None, steps: int) -> Metric:
    """Compare, allowing for the boundary terms of order 1/steps that a finite window leaves."""
    if true.value is None:
        return Metric.missing(f"lambda_true is missing: {true.reason}")
    if leak is None:
        return Metric.missing("a population's leak has no closed form")
    return Metric(float(true.value == leak or abs(true.value - leak) <= 3 / steps))


def _finite(flow: Flow, deltas: Sequence[float], seed: int) -> dict[str, Metric]:
    try:
        result = finite_size(
            flow.step,
            flow.state,
            flow.inputs,
            deltas,
            unit=flow.unit,
            transient=flow.transient,
            seed=seed,
        )
    except UsageError as error:
        return _finite_missing(deltas, error.message)
    if not result.control_ok:
        return _finite_missing(deltas, "an unperturbed copy of the network did not stay equal to it")
    if "diverged" in result.flags:
        return _finite_missing(deltas, "the trajectory diverged")
    shared = (*flow.unit_flags, *(flag for flag in result.flags if flag == "finite-time"))
    metrics = _band(flow, result, shared)
    for index, delta in enumerate(result.deltas):
        value, coalesced = float(result.exponents[index]), float(result.p_coalesce[index])
        raised = {"resolution": f"resolution[{delta}]" in result.flags, "coalesces": coalesced > MOSTLY}
        flags = (*shared, *(flag for flag, is_raised in raised.items() if is_raised))
        if not math.isnan(value):
            number = _number(flow, value, result.interval[index], flags)
        elif coalesced == 1:
            number = Metric.missing("every perturbation of this size vanished in one step", UNIT)
        else:
            number = Metric.missing("a perturbation of this size is lost in rounding", UNIT)
        metrics[f"stability.lambda_delta[{delta}]"] = number
        metrics[f"stability.p_coalesce[{delta}]"] = (
            Metric.missing(number.reason or "")
            if math.isnan(coalesced)
            else flow.known(coalesced, (math.nan, math.nan), "1", flags)
        )
    return metrics


def _band(flow: Flow, result: FiniteSize, flags: tuple[str, ...]) -> dict[str, Metric]:
    """Return the ends of the band of sizes in which a disturbance grows, or why there is none."""
    known = result.exponents[result.exponents.isfinite()]
    smallest, largest = result.deltas[0], result.deltas[-1]
    nothing = f"a disturbance of no size from δ = {smallest} to {largest} grows"
    grows = bool((known > 0).any())
    always, ever = f"it grows already at δ = {smallest}", f"it still grows at δ = {largest}"
    flags = (*flags, *(flag for flag in result.flags if flag == "bands"))
    found = {
        "growth_from": (result.growth_from, result.growth_from_interval, always if grows else nothing),
        "growth_to": (result.growth_to, result.growth_to_interval, ever if grows else nothing),
    }
    return {
        f"stability.{name}": Metric.missing(reason)
        if value is None
        else flow.known(value, ends or (math.nan, math.nan), "1", flags)
        for name, (value, ends, reason) in found.items()
    }


def _finite_missing(deltas: Sequence[float], reason: str) -> dict[str, Metric]:
    exponents = {f"stability.lambda_delta[{delta}]": Metric.missing(reason, UNIT) for delta in deltas}
    others = ("growth_from", "growth_to", *(f"p_coalesce[{delta}]" for delta in deltas))
    return exponents | {f"stability.{name}": Metric.missing(reason) for name in others}


def _spike_distance(flow: Flow, deltas: Sequence[float], seed: int) -> dict[str, Metric]:
    try:
        result = spike_distance(
            flow.spikes, flow.state, flow.inputs, deltas, unit=flow.unit, transient=flow.transient, seed=seed
        )
    except UsageError as error:
        return _spike_missing(deltas, error.message)
    reasons = {
        "control": "an undisturbed copy of the network did not stay equal to it",
        "diverged": "the trajectory diverged",
    }
    if result.flags:
        return _spike_missing(deltas, reasons[result.flags[0]])
    found = {}
    for delta, value, ends, differ in zip(
        result.deltas, result.exponents.tolist(), result.interval, result.differ.tolist(), strict=True
    ):
        reason = "coalesced: every difference of spikes is gone" if differ else "coalesced: no spike differs"
        found[f"stability.lambda_spike[{delta}]"] = (
            Metric.missing(reason, UNIT) if math.isnan(value) else _number(flow, value, ends, flow.unit_flags)
        )
    return found


def _spike_missing(deltas: Sequence[float], reason: str) -> dict[str, Metric]:
    return {f"stability.lambda_spike[{delta}]": Metric.missing(reason, UNIT) for delta in deltas}


def missing(reason: str, deltas: Sequence[float] = DELTAS, exponents: int = 1) -> dict[str, Metric]:
    """Return all that ``stability`` returns, not measured."""
    nothing = Metric.missing(reason, UNIT)
    return {
        "stability.lambda_grad": nothing,
        **_spectrum([nothing] * exponents),
        "stability.lambda_true": nothing,
        "stability.leak_check": Metric.missing(reason),
        **_finite_missing(deltas, reason),
        **_spike_missing(deltas, reason),
    }
