"""The rectifier: a control that does not spike and has no memory."""

from __future__ import annotations

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron, SavedTensors
from snnbench.core.surrogate import Surrogate


class ReLU(Neuron):
    """Rectifiers (Nair & Hinton 2010). They have no state, and the arguments change nothing."""

    states = ()
    pushes = True

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate | None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()

    def saved_for_backward(self) -> SavedTensors:
        return SavedTensors(0, output=True)

    def initial_state(self, x_t: Tensor) -> State:
        return ()

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return x_t.relu(), state
