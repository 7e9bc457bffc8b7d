"""Steps of a network whose gradients stay within each population: the diagonal blocks of its Jacobian.

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
from snnbench.core.tangents import TangentStep


class Apart:
    """The steps of a network, whose gradients do not pass from one population to the next.

    The trajectory is the network's; so are the exponents, in the limit.

    Args:
        network: As it is.
    """

    def __init__(self, network: Network) -> None:
        self.network = network

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """As ``Network.step``; no gradient of a state reaches another population's."""
        following: list[Tensor] = []
        for layer in self.network.layers:
            if isinstance(layer, Neuron):
                own = state[len(following) : len(following) + len(layer.states)]
                x_t, new = layer.step(x_t.detach(), own)
                following += new
            else:
                x_t = layer(x_t)
        return x_t, tuple(following)

    @property
    def tangent_step(self) -> TangentStep | None:
        """``step`` of the state and of its tangents; None where a population cannot push tangents."""
        return self._push if all(neuron.pushes for neuron in self.network.neurons) else None

    def _push(self, x_t: Tensor, state: State, dstate: State) -> tuple[State, State]:
        following: list[Tensor] = []
        tangents: list[Tensor] = []
        for layer in self.network.layers:
            if isinstance(layer, Neuron):
                own = slice(len(following), len(following) + len(layer.states))
                x_t, new, _, pushed = layer.push(x_t, state[own], None, dstate[own], last=True)
                following += new
                tangents += pushed
            else:
                x_t = layer(x_t)
        return tuple(following), tuple(tangents)
