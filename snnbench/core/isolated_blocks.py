"""Isolated steps keep gradients within each population: they give the Jacobian's diagonal blocks.

Layers in series make the Jacobian block-triangular, and the exponents of such a product are those of its
diagonal blocks together (Oseledets 1968). With the blocks below the diagonal a finite window is biased
where two leading exponents coincide, as of two layers with one decay: by about ln(T)/T, since a Jordan block
grows as T·βᵀ.
"""

from __future__ import annotations

from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.steps import step_layers
from snnbench.core.tangents import TangentStep


class Isolated:
    """The steps of a network, whose gradients do not pass from one population to the next.

    The trajectory is the network's; so are the exponents, in the limit.

    Args:
        network: As it is.
    """

    def __init__(self, network: Network) -> None:
        self.network = network

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Take a step as ``Network.step`` does; no gradient of a state reaches another population's."""
        return step_layers(self.network.layers, x_t, state, _detached_step)

    @property
    def tangent_step(self) -> TangentStep | None:
        """Return the step of the state and of its tangents; None where a population cannot push tangents."""
        return self._push if all(neuron.pushes for neuron in self.network.neurons) else None

    def _push(self, x_t: Tensor, state: State, dstate: State) -> tuple[State, State]:
        tangents: list[Tensor] = []

        def push(neuron: Neuron, x_t: Tensor, own: State) -> tuple[Tensor, State]:
            mine = dstate[len(tangents) : len(tangents) + len(own)]
            x_t, new, _, pushed = neuron.push(x_t, own, None, mine, last=True)
            tangents.extend(pushed)
            return x_t, new

        _, following = step_layers(self.network.layers, x_t, state, push)
        return following, tuple(tangents)


def _detached_step(neuron: Neuron, x_t: Tensor, state: State) -> tuple[Tensor, State]:
    return neuron.step(x_t.detach(), state)
