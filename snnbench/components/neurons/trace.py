"""The trace family: leaky integrators that may be dual, synaptic and recurrent (traceTorch 0.19.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from snnbench.components.neurons.parameters import Given, Population
from snnbench.components.neurons.trace_parameters import read, store
from snnbench.components.neurons.trace_quant import quantised
from snnbench.components.neurons.trace_variant import VARIANTS, Variant, kind_of
from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError, did_you_mean

Halves: TypeAlias = tuple[Tensor, ...]
"""A trace: itself, or its positive and its negative half. Each ``[B, *features]``."""


class Trace(Neuron):
    """All 24 neurons of the family; ``snnbench show dsrlits`` has the equation of the one with everything.

    A dual neuron keeps a positive and a negative half of syn, rec and mem, each with its own decay
    and weight w. What enters a trace is split by sign, ``relu(x)`` and ``x − relu(x)``; what leaves
    it is the sum of its halves. Each half of mem pays half of the reset.

    Parameters are stored as ``raw_NAME``: decays as logits, thresholds as ``log(expm1(θ))``, the
    bias as its sinh; the rest as they are.

    Args:
        variant: Which of the 24.
        features: Shape of the population.
        surrogate: Spike function f, of distances from the threshold.
        generator: Draws what is given as a distribution.
        **params: Those of ``variant.params``, by their names, which say what they are. A value that is
            stored can be a tensor of rank 0 or 1, which then decides its rank.

    Raises:
        UsageError: A parameter is unknown, out of range or of a wrong shape.
    """

    pushes = True

    def __init__(
        self,
        variant: Variant,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        **params: Given | Tensor,
    ) -> None:
        super().__init__()
        self.variant = variant
        self.states = variant.states
        settings = _settings(variant, params)
        self.surrogate = quantised(surrogate, settings["quant_fn"], generator)
        if self.surrogate.random:
            self.pushes = False  # a second look at a step sees other noise
        axis = _axis(features, settings["dim"])
        neurons = features[axis]
        self.shape = (-1, *[1] * (len(features) - axis - 1))  # broadcasts against [B, *features]
        for name in variant.values:
            rank, value = int(settings[f"{name}_rank"]), settings[name]
            if isinstance(value, str | tuple | list):
                bounds = variant.bounds(name)
                drawn = Population(self, (neurons,) * rank, generator).numbers(name, value, bounds)
                value = torch.tensor(drawn).view((neurons,) * rank)
            raw = store(name, value, rank, neurons)
            if settings[f"learn_{name}"]:
                self.register_parameter(f"raw_{name}", nn.Parameter(raw))
            else:
                self.register_buffer(f"raw_{name}", raw)

    def initial_state(self, x_t: Tensor) -> State:
        return tuple(torch.zeros_like(x_t) for _ in self.states)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        old = dict(zip(self.states, state, strict=True))
        drive = self._split(x_t)
        syn: Halves = ()
        rec: Halves = ()
        if self.variant.synaptic:
            syn = self._low_pass("alpha", self._trace("syn", old), drive)
            drive = self._split(_whole(syn))
        if self.variant.recurrent:
            rec = self._low_pass("gamma", self._trace("rec", old), self._split(old["output"]))
            weights = self._values("rec_weight", x_t)
            drive = _add_product(drive, weights, self._split(_whole(rec)))
        mem = _add_product(drive, self._values("beta", x_t), self._trace("mem", old))
        y, reset = self._fire(_whole(mem))
        mem = tuple(m - reset / len(mem) for m in mem)
        return y, (*syn, *rec, *((y,) if rec else ()), *mem)

    def _fire(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return the output, and what the membrane pays for it."""
        bias = self._value("bias", u)
        if self.variant.output == "lib":
            threshold = self._value("threshold", u)
            p = self.surrogate(u - threshold + bias)
            return p, p * threshold
        above, below = self._value("pos_threshold", u), self._value("neg_threshold", u)
        p = self.surrogate(u - above + bias)
        n = -self.surrogate(-below - u - bias)
        reset = p * above + n * below
        if self.variant.output == "lits":
            p, n = p * self._value("pos_scale", u), n * self._value("neg_scale", u)
        return p + n, reset

    def _low_pass(self, decay: str, trace: Halves, parts: Halves) -> Halves:
        """Return ``d·trace + (1−d)·parts``, each half with its own decay d."""
        decays = self._values(decay, parts[0])
        return tuple(d * h + (1 - d) * part for d, h, part in zip(decays, trace, parts, strict=True))

    def _split(self, x: Tensor) -> Halves:
        """Return ``x``, by sign if dual.

        The gradient at 0 goes to the negative half alone: it counts once.
        """
        if not self.variant.dual:
            return (x,)
        positive = x.relu()
        return positive, x - positive

    def _trace(self, name: str, state: dict[str, Tensor]) -> Halves:
        return tuple(state[half] for half in self.variant.halves(name))

    def _values(self, name: str, like: Tensor) -> Halves:
        return tuple(self._value(half, like) for half in self.variant.halves(name))

    def _value(self, name: str, like: Tensor) -> Tensor:
        """Return a parameter's value in the dtype of ``like``, to be broadcast against ``[B, *features]``."""
        value = read(name, getattr(self, f"raw_{name}")).to(like.dtype)
        return value.view(self.shape) if value.ndim else value

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        """Return the threshold, or the mean of both in a ternary neuron; output traces count spikes."""
        names = [name for name in self.variant.values if kind_of(name) == "threshold"]
        raws = [read(name, getattr(self, f"raw_{name}")) for name in names]
        threshold = (raws[0] + raws[-1]) / 2
        unit = threshold.view(self.shape) if threshold.ndim else threshold
        return tuple(1.0 if kind_of(name) in ("rec", "output") else unit for name in self.states)

    def leak_exponent(self) -> float | None:
        if self.surrogate.graded:
            return None  # nothing is frozen
        decays = ("alpha", "beta", "gamma")
        raws = [getattr(self, f"raw_{name}") for name in self.variant.values if kind_of(name) in decays]
        return max(float(logsigmoid(raw.detach().double()).max()) for raw in raws)


def _whole(halves: Halves) -> Tensor:
    return halves[0] if len(halves) == 1 else halves[0] + halves[1]


def _add_product(terms: Halves, factors: Halves, others: Halves) -> Halves:
    return tuple(t + f * o for t, f, o in zip(terms, factors, others, strict=True))


def _axis(features: tuple[int, ...], dim: int) -> int:
    """Return the axis of ``features`` that ``dim`` names in ``[B, *features]``."""
    axis = dim - 1 if dim > 0 else dim + len(features)
    if not 0 <= axis < len(features):
        raise UsageError(
            f"dim={dim} is no axis of a population of shape {list(features)}",
            f"give 1 to {len(features)}, or −{len(features)} to −1: axis 0 of [B, *features] is the batch",
        )
    return axis


def _settings(variant: Variant, given: Mapping[str, Given | Tensor]) -> dict[str, Any]:
    """Return all parameters: the defaults, overridden by ``given``."""
    for name in given:
        if name not in variant.params:
            raise UsageError(
                f"neuron {variant.name!r} has no parameter {name!r}", did_you_mean(name, variant.params)
            )
    return {name: param.default for name, param in variant.params.items()} | dict(given)


def __getattr__(name: str) -> Callable[..., Trace]:
    """Return the factory of one of the 24 neurons, by its name."""
    if name not in VARIANTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(Trace, VARIANTS[name])
