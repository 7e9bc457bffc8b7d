"""The stability of a cell: encoded test samples one after another, no reset in between."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from snnbench.engine.eager import State
from snnbench.engine.network import Network
from snnbench.engine.neuron import Neuron
from snnbench.engine.surrogate import Derivative, Surrogate, counting_spikes
from snnbench.engine.tangents import TangentStep
from snnbench.errors import UsageError
from snnbench.measure.stability.finite_size import FiniteSize, finite_size
from snnbench.measure.stability.tangent import spectrum
from snnbench.measure.trained import Trained
from snnbench.records import Metric

UNIT: Final = "nats/step"
DELTAS: Final = (0.001, 0.01, 0.1, 1.0, 10.0)
WATCHED: Final = 0.1
"""The perturbation that is followed along training."""
STREAMS: Final = 16
QR_EVERY: Final = 5
STEPS: Final = 500
MOSTLY: Final = 0.5
"""An exponent is flagged ``coalesces`` where more perturbations vanish: it is of the few that do not."""
TRANSIENTS: Final = (100, 500)
"""Fewest and most steps that are run before measuring starts."""


def stability(
    trained: Trained,
    *,
    streams: int = STREAMS,
    steps: int = STEPS,
    deltas: Sequence[float] = DELTAS,
    exponents: int = 1,
) -> dict[str, Metric]:
    """Largest Lyapunov exponents of a network under its encoded test samples.

    Measured on a float64 copy in evaluation mode. The transient is at least five times the slowest
    leak; where that is longer than is run, or not known, all numbers are flagged ``finite-time``.

    Args:
        trained: The cell.
        streams: Independent streams of samples: batch entries.
        steps: Steps measured.
        deltas: Sizes of the finite perturbations.
        exponents: How many of the gradient's, if the state has so many components.

    Returns:
        ``stability.lambda_grad`` and, of several, ``.spectrum[i]``, i from 1; ``.lambda_true``,
        ``.lambda_delta[δ]`` (nats/step) and ``.p_coalesce[δ]`` for each δ, ``.delta_star``, and
        ``.leak_check``: 1 where ``lambda_true`` is the slowest leak, 0 where it is not.
    """
    flow = _flow(trained, streams, steps)
    if flow is None:
        return missing("the network has no memory", deltas, exponents)
    leak = slowest_leak(flow.network)
    with counting_spikes() as spikes:
        true = _exponents(flow, "true", 1)[0]
    if true.value is not None and trained.cell.surrogate is not None and not spikes.count:
        true = Metric.missing("the neuron does not spike through a snnbench.Surrogate", UNIT)
    grad = _exponents(flow, "surrogate", exponents)
    return {
        "stability.lambda_grad": grad[0],
        **_spectrum(grad),
        "stability.lambda_true": true,
        "stability.leak_check": _leak_check(true, leak, steps),
        **_finite(flow, deltas, trained.generator("probe.directions").initial_seed()),
    }


def watch(trained: Trained) -> dict[str, float]:
    """``lambda_grad`` and ``lambda_delta`` of one size as they are now, NaN where there is none."""
    flow = _flow(trained, STREAMS, STEPS)
    metrics = missing("the network has no memory", (WATCHED,))
    if flow is not None:
        metrics = {"stability.lambda_grad": _exponents(flow, "surrogate", 1)[0]}
        metrics |= _finite(flow, (WATCHED,), trained.generator("probe.directions").initial_seed())
    names = ("stability.lambda_grad", f"stability.lambda_delta[{WATCHED}]")
    values = {name: metrics[name].value for name in names}
    return {name: math.nan if value is None else value for name, value in values.items()}


def slowest_leak(network: Network) -> float | None:
    """Largest exponent of ``network`` with its spikes frozen; None where a population's is not known."""
    leaks = _leaks(network)
    known = [leak for leak in leaks if leak is not None]
    return max(known) if len(known) == len(leaks) else None


def _leaks(network: Network) -> list[float | None]:
    """Of each population with memory; None where it is not known, or graded outputs cannot be frozen."""
    populations = [neuron for neuron in network.neurons if neuron.states]
    return [None if _graded(neuron) else neuron.leak_exponent() for neuron in populations]


def _graded(neuron: Neuron) -> bool:
    surrogate = getattr(neuron, "surrogate", None)
    return isinstance(surrogate, Surrogate) and surrogate.graded


@dataclass(frozen=True, slots=True, eq=False)
class _Flow:
    """What all estimators are given: a network in float64, its state and input, and the transient."""

    network: Network
    state: State
    inputs: Tensor
    transient: int
    flags: tuple[str, ...]

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return self.network.step(x_t.double(), state)

    @property
    def tangent_step(self) -> TangentStep | None:
        push = self.network.tangent_step
        return None if push is None else lambda x_t, *rest: push(x_t.double(), *rest)


def _flow(trained: Trained, streams: int, steps: int) -> _Flow | None:
    """None for a network without memory."""
    network = copy.deepcopy(trained.network).double().eval().requires_grad_(False)
    if not any(neuron.states for neuron in network.neurons):
        return None
    needed = _forgetting(network)
    transient = int(min(max(needed, TRANSIENTS[0]), TRANSIENTS[1]))
    inputs = stream(trained, min(streams, len(trained.data.test)), transient + steps)
    state = network.initial_state(inputs[0].double())
    return _Flow(network, state, inputs, transient, ("finite-time",) if needed > transient else ())


def _forgetting(network: Network) -> int | float:
    """Steps in which the slowest leak forgets the initial state to exp(−5); ∞ where it is not known."""
    slowest = slowest_leak(network)
    return math.ceil(5 / -slowest) if slowest is not None and slowest < 0 else math.inf


def stream(trained: Trained, streams: int, steps: int) -> Tensor:
    """Encoded test samples one after another, ``[steps, streams, *]``: at any time all are different."""
    sample, _ = trained.batch(trained.data.test, 1, "probe")
    rounds = -(-steps // len(sample))
    encoded, _ = trained.batch(trained.data.test, rounds * streams, "probe")
    return encoded.reshape(-1, rounds, streams, *encoded.shape[2:]).movedim(1, 0).flatten(0, 1)[:steps]


def _exponents(flow: _Flow, derivative: Derivative, k: int) -> list[Metric]:
    """The k largest, or as many as there are: missing ones, with the reason, make up the number."""
    width = sum(part[0].numel() for part in flow.state)
    try:
        result = spectrum(
            flow.step,
            flow.state,
            flow.inputs,
            min(k, width),
            derivative=derivative,
            transient=flow.transient,
            qr_every=QR_EVERY,
        )
    except UsageError as error:
        return [Metric.missing(error.message, UNIT)] * k
    flags = flow.flags + result.flags
    found = [
        Metric.missing("the trajectory diverged", UNIT) if math.isnan(value) else _number(value, ends, flags)
        for value, ends in zip(result.exponents.tolist(), result.interval, strict=True)
    ]
    rest = Metric.missing(f"the state has {width} components", UNIT)
    return found + [rest] * (k - width)


def _spectrum(exponents: Sequence[Metric]) -> dict[str, Metric]:
    numbered = enumerate(exponents, 1) if len(exponents) > 1 else ()
    return {f"stability.spectrum[{index}]": metric for index, metric in numbered}


def _number(value: float, interval: Tensor, flags: tuple[str, ...]) -> Metric:
    low, high = (end if math.isfinite(end) else None for end in interval.tolist())
    flags = tuple(flag for flag in flags if flag != "singular" or value == -math.inf)
    return Metric(value, UNIT, low, high, tuple(dict.fromkeys(flags)))


def _leak_check(true: Metric, leak: float | None, steps: int) -> Metric:
    """Compare, allowing for the boundary terms of order 1/steps that a finite window leaves."""
    if true.value is None:
        return Metric.missing(f"lambda_true is missing: {true.reason}")
    if leak is None:
        return Metric.missing("a population's leak has no closed form")
    return Metric(float(true.value == leak or abs(true.value - leak) <= 3 / steps))


def _finite(flow: _Flow, deltas: Sequence[float], seed: int) -> dict[str, Metric]:
    try:
        result = finite_size(flow.step, flow.state, flow.inputs, deltas, transient=flow.transient, seed=seed)
    except UsageError as error:
        return _finite_missing(deltas, error.message)
    if not result.control_ok:
        return _finite_missing(deltas, "an unperturbed copy of the network did not stay equal to it")
    if "diverged" in result.flags:
        return _finite_missing(deltas, "the trajectory diverged")
    flags = flow.flags + tuple(flag for flag in result.flags if flag == "finite-time")
    metrics: dict[str, Metric] = {"stability.delta_star": _critical_size(result, flags)}
    for index, delta in enumerate(result.deltas):
        value, coalesced = float(result.exponents[index]), float(result.p_coalesce[index])
        raised = {"resolution": f"resolution[{delta}]" in result.flags, "coalesces": coalesced > MOSTLY}
        fine = tuple(flag for flag, is_raised in raised.items() if is_raised)
        if not math.isnan(value):
            number = _number(value, result.interval[index], flags + fine)
        elif coalesced == 1:
            number = Metric.missing("every perturbation of this size vanished in one step", UNIT)
        else:
            number = Metric.missing("a perturbation of this size is lost in rounding", UNIT)
        metrics[f"stability.lambda_delta[{delta}]"] = number
        metrics[f"stability.p_coalesce[{delta}]"] = (
            Metric.missing(number.reason or "")
            if math.isnan(coalesced)
            else Metric(coalesced, flags=flags + fine)
        )
    return metrics


def _critical_size(result: FiniteSize, flags: tuple[str, ...]) -> Metric:
    if result.delta_star is None:
        return Metric.missing(
            f"lambda_delta does not cross 0 from δ = {result.deltas[0]} to {result.deltas[-1]}"
        )
    if "falling" in result.flags:
        return Metric.missing("lambda_delta falls through 0: smaller perturbations grow, larger ones shrink")
    if result.delta_star_interval is None:
        return Metric.missing("where lambda_delta crosses 0 is lost in the spread between streams")
    return Metric(result.delta_star, "1", *result.delta_star_interval, tuple(dict.fromkeys(flags)))


def _finite_missing(deltas: Sequence[float], reason: str) -> dict[str, Metric]:
    exponents = {f"stability.lambda_delta[{delta}]": Metric.missing(reason, UNIT) for delta in deltas}
    others = ("delta_star", *(f"p_coalesce[{delta}]" for delta in deltas))
    return exponents | {f"stability.{name}": Metric.missing(reason) for name in others}


def missing(reason: str, deltas: Sequence[float] = DELTAS, exponents: int = 1) -> dict[str, Metric]:
    """All that ``stability`` returns, not measured."""
    nothing = Metric.missing(reason, UNIT)
    return {
        "stability.lambda_grad": nothing,
        **_spectrum([nothing] * exponents),
        "stability.lambda_true": nothing,
        "stability.leak_check": Metric.missing(reason),
        **_finite_missing(deltas, reason),
    }
