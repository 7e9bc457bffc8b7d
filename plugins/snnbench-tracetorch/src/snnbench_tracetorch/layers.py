"""TraceTorch's layers, which keep their state in attributes, as pure steps.

It has no faster way through several steps than one after the other.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import tracetorch
from torch import Tensor, nn

from snnbench import LibraryNeuron, Surrogate, drawing_from
from snnbench.core.eager import State
from snnbench.errors import UsageError


class TraceLayer(LibraryNeuron):
    """A population of one of traceTorch's layers.

    Args:
        name: Of its class, in snake case.
        states: Attributes that hold its state.
        features: Shape of the population.
        surrogate: Its ``spike_fn``, with nothing for ``quant_fn``; None where it does not spike.
        generator: Draws the initial weights of those that have any.
        dim: Axis of ``[B, *features]`` that counts the neurons.
        **params: Of the class, by traceTorch's names.

    Raises:
        UsageError: ``dim`` is the batch, or no axis.
    """

    def __init__(
        self,
        name: str,
        states: tuple[str, ...],
        features: tuple[int, ...],
        surrogate: Surrogate | None,
        generator: torch.Generator,
        *,
        dim: int,
        **params: Any,
    ) -> None:
        neurons = _neurons(features, dim)
        sizes = (neurons, neurons) if name in ("simple_rnn", "gru", "lstm") else (neurons,)
        spiking = {} if surrogate is None else {"spike_fn": surrogate, "quant_fn": nn.Identity()}
        with drawing_from(generator):
            layer = _find(name)(*sizes, dim=dim, **params, **spiking)
        super().__init__(_picklable(layer), states)
        self.surrogate = surrogate
        self.shape = (-1, *[1] * (-dim - 1 if dim < 0 else len(features) - dim))  # against [B, *features]

    def initial_state(self, x_t: Tensor) -> State:
        """TraceTorch's own, by its shapes."""
        layer: Any = self.module
        layer._ensure_states(x_t)
        state = tuple(getattr(layer, name) for name in self.states)
        layer.zero_states()
        return state

    def disturbance_unit(self) -> tuple[float | Tensor, ...] | None:
        """The threshold, the mean of both in a ternary layer; what its output leaves counts as 1."""
        names = [name for name in getattr(self.module, "_dynamic_params", {}) if name.endswith("threshold")]
        if not names:
            return None
        found = [getattr(self.module, name).detach() for name in names]
        unit = (found[0] + found[-1]) / 2
        unit = unit.view(self.shape) if unit.ndim else unit
        return tuple(1.0 if name.endswith("rec") or "prev" in name else unit for name in self.states)

    def leak_exponent(self) -> float | None:
        """Return the leak of its traces; a layer with weights has none in closed form."""
        decays = getattr(self.module, "_dynamic_params", {})
        names = [name for name in decays if name.endswith(("alpha", "beta", "gamma"))]
        return max(
            (math.log(float(getattr(self.module, name).detach().max())) for name in names), default=None
        )


def _neurons(features: tuple[int, ...], dim: int) -> int:
    """Return how many neurons there are along ``dim``."""
    axes = len(features)
    if not (1 <= dim <= axes or -axes <= dim <= -1):
        raise UsageError(
            f"dim={dim} is no axis of the features of [B, {', '.join(map(str, features))}]",
            f"give 1 to {axes}, or −{axes} to −1",
        )
    return features[dim if dim < 0 else dim - 1]


def _find(name: str) -> Any:
    """TraceTorch's class of that name."""
    spelled = {"simple_rnn": "SimpleRNN", "mamba": "Mamba"}.get(name, name.upper())
    homes = (tracetorch.snn, tracetorch.rnn, tracetorch.ssm)
    return next(getattr(home, spelled) for home in homes if spelled in home.__all__)


def _picklable(layer: Any) -> nn.Module:
    """``layer``, whose identity functions have a name: traceTorch's are lambdas, which no pickle takes."""
    for table in (getattr(layer, "_dynamic_params", {}), getattr(layer, "_inverse_functions", {})):
        for name, function in table.items():
            if function.__name__ == "<lambda>":
                table[name] = _unchanged
    return layer  # type: ignore[no-any-return]


def _unchanged(value: Tensor) -> Tensor:
    return value
