"""Stability is measured on a cell's populations in float64, under streams of encoded samples."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.isolated_blocks import Isolated
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.steps import step_layers
from snnbench.core.surrogate import Surrogate
from snnbench.core.tangents import TangentStep
from snnbench.core.units import Unit, unit_of
from snnbench.measure.context import CellContext
from snnbench.measure.stability.statistics import ENTRIES
from snnbench.records import Metric

STREAMS: Final = 16
STEPS: Final = 500
TRANSIENTS: Final = (100, 500)
"""Fewest and most steps that are run before measuring starts."""
NO_MEMORY: Final = "no population of the network has a memory"


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A map with its start and input, as all estimators take it, and what is known of it.

    Attributes:
        network: The cell's populations, without a readout's memory, in float64 and evaluation mode.
        state: Where it starts.
        inputs: ``[T, streams, *]``; no two streams share a sample.
        transient: Steps that are dropped.
        flags: Of every number that is measured on it.
    """

    network: Network
    state: State
    inputs: Tensor
    transient: int
    flags: tuple[str, ...]

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one step of the network."""
        return self.network.step(x_t.double(), state)

    def isolated_step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one step of the network, whose gradients stay within each population."""
        return Isolated(self.network).step(x_t.double(), state)

    @property
    def tangent_step(self) -> TangentStep | None:
        """Return the rule by which ``isolated_step`` pushes tangents, or None where a population has none."""
        push = Isolated(self.network).tangent_step
        return None if push is None else lambda x_t, *rest: push(x_t.double(), *rest)

    def spikes(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one step of the network; return the outputs of all populations, ``[B, N]``, and the state."""
        outputs: list[Tensor] = []

        def collect(neuron: Neuron, x_t: Tensor, own: State) -> tuple[Tensor, State]:
            x_t, new = neuron.step(x_t, own)
            outputs.append(x_t.flatten(1))
            return x_t, new

        _, following = step_layers(self.network.layers, x_t.double(), state, collect)
        return torch.cat(outputs, 1), following

    @property
    def unit(self) -> Unit:
        """Return what counts as 1 in each part of the state."""
        return unit_of(self.network.neurons)

    @property
    def unit_flags(self) -> tuple[str, ...]:
        """Return the flags of every number that depends on the unit."""
        said = all(neuron.disturbance_unit() is not None for neuron in self.network.neurons if neuron.states)
        return () if said else ("own units",)

    @property
    def few(self) -> bool:
        """Return whether there are too few independent streams for an interval."""
        return self.inputs.shape[1] < ENTRIES

    def known(self, value: float, ends: tuple[float, float], unit: str, flags: tuple[str, ...]) -> Metric:
        """Return a metric, with its interval where there are enough streams and its ends are finite."""
        low, high = (end if math.isfinite(end) and not self.few else None for end in ends)
        flags = (*self.flags, *flags, *(("few samples",) if self.few else ()))
        return Metric(value, unit, low, high, tuple(dict.fromkeys(flags)))


def make_flow(trained: CellContext, streams: int, steps: int) -> Flow | None:
    """Return what ``steps`` are measured on after the transient; None where no population has a memory.

    The transient is at least five times the time constant of the slowest leak. Numbers are flagged
    ``finite-time`` where that is longer than is run, ``leak unknown`` where a population tells no leak.
    """
    network = copy.deepcopy(trained.network.spiking_part).double().eval().requires_grad_(False)
    if not any(neuron.states for neuron in network.neurons):
        return None
    slowest = slowest_leak(network)
    transient = int(min(max(forgetting(slowest), TRANSIENTS[0]), TRANSIENTS[1]))
    inputs = stream(trained, min(streams, len(trained.data.test)), transient + steps)
    state = network.initial_state(inputs[0].double())
    return Flow(network, state, inputs, transient, leak_flags(slowest, transient))


def leak_flags(slowest: float | None, transient: int) -> tuple[str, ...]:
    """Return the flags of numbers that are measured after ``transient`` steps."""
    if slowest is None:
        return ("leak unknown",)
    return ("finite-time",) if forgetting(slowest) > transient else ()


def slowest_leak(network: Network) -> float | None:
    """Return the largest exponent of ``network`` with its spikes frozen.

    It is None where a population's is not known.
    """
    leaks = [_leak(neuron) for neuron in network.neurons if neuron.states]
    known = [leak for leak in leaks if leak is not None]
    return max(known) if len(known) == len(leaks) else None


def _leak(neuron: Neuron) -> float | None:
    """Return a population's leak; None where it is not known, or where graded outputs cannot be frozen."""
    surrogate = getattr(neuron, "surrogate", None)
    graded = isinstance(surrogate, Surrogate) and surrogate.graded
    return None if graded else neuron.leak_exponent()


def forgetting(leak: float | None) -> int | float:
    """Return the steps in which a leak forgets the initial state to exp(−5).

    It is ∞ where it does not forget, or where that is not known.
    """
    if leak == -math.inf:
        return 0
    return math.ceil(5 / -leak) if leak is not None and leak < 0 else math.inf


def stream(trained: CellContext, streams: int, steps: int) -> Tensor:
    """Return the encoded test samples one after another, ``[steps, streams, *]``.

    A stream has samples of its own and begins again when it has shown them all: streams are independent
    of each other, however small the test split.
    """
    split = trained.data.test
    length = len(trained.encode(split, torch.zeros(1, dtype=torch.long), "probe"))
    rounds, own = -(-steps // length), len(split) // streams
    index = torch.arange(streams) + streams * (torch.arange(rounds) % own)[:, None]
    encoded = trained.encode(split, index.flatten(), "probe")
    return encoded.reshape(-1, rounds, streams, *encoded.shape[2:]).movedim(1, 0).flatten(0, 1)[:steps]
