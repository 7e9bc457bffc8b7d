"""Second-order LIF: an exponential synapse before the membrane (Neftci et al. 2019, eqs. 1-4)."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.components.neurons.parameters import (
    DECAY,
    THRESHOLD,
    Given,
    Population,
    is_uniform,
    log_decay,
    read,
)
from snnbench.components.neurons.reset import Reset, apply_reset, kept
from snnbench.engine.eager import State
from snnbench.engine.neuron import Kept, Neuron
from snnbench.engine.surrogate import Surrogate


class Synaptic(Neuron):
    """``i = α·i' + x``; ``u = β·u' + i − θ·s'``; ``s = H(u − θ)``; a prime marks the previous step.

    With ``reset="zero"`` the input of the step is wiped as well: ``u = (1 − s')·(β·u' + i)``.
    State: i and u, each ``[B, *features]``.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.
        alpha: Decay α of the synaptic current, 1/step.
        beta: Membrane decay β, 1/step.
        threshold: θ.
        reset: ``subtract``, ``zero`` or ``none``.
        detach_reset: Keep the gradient out of the reset.
        learn_alpha: Train α.
        learn_beta: Train β.
        learn_threshold: Train θ.
        per_neuron: One learned value a neuron instead of one a layer.
    """

    states = ("current", "membrane")
    pushes = True
    alpha: float | Tensor
    beta: float | Tensor
    threshold: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        alpha: Given = 0.5,
        beta: Given = 0.9,
        threshold: Given = 1.0,
        reset: Reset = "subtract",
        detach_reset: bool = False,
        learn_alpha: bool = False,
        learn_beta: bool = False,
        learn_threshold: bool = False,
        per_neuron: bool = False,
    ) -> None:
        super().__init__()
        population = Population(self, features, generator)
        population.hold("alpha", alpha, DECAY, learn=learn_alpha, per_neuron=per_neuron)
        population.hold("beta", beta, DECAY, learn=learn_beta, per_neuron=per_neuron)
        population.hold("threshold", threshold, THRESHOLD, learn=learn_threshold, per_neuron=per_neuron)
        self.surrogate = surrogate
        self.reset: Reset = reset
        self.detach_reset = detach_reset

    def initial_state(self, x_t: Tensor) -> State:
        return torch.zeros_like(x_t), torch.zeros_like(x_t)

    def previous_spikes(self, state: State) -> Tensor:
        _, u = state
        return self.surrogate(u - read(self, "threshold", u))

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        i, u = state
        threshold = read(self, "threshold", u)
        i = read(self, "alpha", u) * i + x_t
        u = read(self, "beta", u) * u + i
        u = apply_reset(u, spikes.detach() if self.detach_reset else spikes, threshold, self.reset)
        return self.surrogate(u - threshold), (i, u)

    def kept(self) -> Kept | None:
        if not is_uniform(self):
            return None
        return kept(self.reset, detached=self.detach_reset, wipes_input=True)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return self.threshold, self.threshold

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" else max(log_decay(self, "alpha"), log_decay(self, "beta"))
