"""The neurons of snntorch that take all steps at once: it has no call for one step of theirs."""

from __future__ import annotations

from typing import Any

import snntorch as snn
import torch
from torch import Tensor

from snnbench import Neuron, Surrogate, drawing_from
from snnbench.core.eager import State
from snnbench_snntorch.neurons import Features, dimensions, forget, spread


class StateLeaky(Neuron):
    """``snntorch.StateLeaky``: a convolution over time, without reset.

    A membrane decays as the response to an input does, so that a state is handed in as the input of a
    step before the first.

    Args:
        module: The snntorch module.
    """

    states = ("mem",)

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module
        forget(module)

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        spikes, state = self(x_t.unsqueeze(0), state)
        return spikes[0], state

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        sequence = x if state is None else torch.cat([state[0].unsqueeze(0), x])
        try:
            spikes, mem = self.module(sequence.flatten(2))
        finally:
            vars(self.module).pop("spk", None)
        return spikes[-len(x) :].view_as(x), (mem[-1].view_as(x[0]),)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        threshold: Tensor = self.module.threshold
        return (threshold,)


class LeakyParallel(Neuron):
    """``snntorch.LeakyParallel``: PyTorch's ReLU RNN, and spikes where its output is above the threshold.

    Args:
        module: The snntorch module. It hands its RNN no state: a hook adds it, and another takes it.
    """

    states = ("mem",)

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        spikes, state = self(x_t.unsqueeze(0), state)
        return spikes[0], state

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        first = (self.initial_state(x[0]) if state is None else state)[0].unsqueeze(0)
        last: list[Tensor] = []
        rnn = self.module.rnn
        give = rnn.register_forward_pre_hook(lambda _, inputs: (*inputs, first))
        take = rnn.register_forward_hook(lambda _, __, outputs: last.append(outputs[1][0]))
        try:
            return self.module(x), tuple(last)
        finally:
            give.remove()
            take.remove()

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        threshold: Tensor = self.module.threshold
        return (threshold,)


def state_leaky(
    features: Features, surrogate: Surrogate, generator: torch.Generator, *, per_neuron: bool, **options: Any
) -> StateLeaky:
    """``snntorch.StateLeaky`` with as many channels as neurons."""
    width = torch.Size(features).numel()
    options = spread(options, (width,), per_neuron)
    return StateLeaky(snn.StateLeaky(channels=width, spike_grad=surrogate, **options))


def leaky_parallel(
    features: Features, surrogate: Surrogate, generator: torch.Generator, **options: Any
) -> LeakyParallel:
    """``snntorch.LeakyParallel`` as wide as its input; its weights are drawn from ``generator``."""
    (width,) = dimensions("leaky_parallel", features, 1)
    with drawing_from(generator):
        return LeakyParallel(snn.LeakyParallel(width, width, spike_grad=surrogate, **options))
