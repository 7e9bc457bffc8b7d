"""Gated recurrent units and long short-term memory: controls that do not spike."""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate

CellT = TypeVar("CellT", nn.GRUCell, nn.LSTMCell)


def _cell(kind: type[CellT], features: tuple[int, ...], generator: torch.Generator) -> CellT:
    """Return a cell whose weights and biases are U(−1/√H, 1/√H), as PyTorch has them, from ``generator``."""
    width = math.prod(features)
    cell: CellT = nn.utils.skip_init(kind, width, width)  # type: ignore[no-untyped-call]
    bound = 1 / math.sqrt(width)
    for value in cell.parameters():
        nn.init.uniform_(value, -bound, bound, generator=generator)
    return cell


class GRU(Neuron):
    """Gated recurrent units (Cho et al. 2014).

    Each product has a bias. Output and state: h, ``[B, *features]``. ``snnbench show gru`` has the equation.

    Args:
        features: Shape of the population; the matrices are ``[H, H]`` with H their product.
        surrogate: Not used: it does not spike.
        generator: Draws weights and biases.
    """

    states = ("hidden",)

    def __init__(
        self, features: tuple[int, ...], surrogate: Surrogate | None, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.cell = _cell(nn.GRUCell, features, generator)

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        h = self.cell(x_t.flatten(1), state[0].flatten(1)).view_as(x_t)
        return h, (h,)


class LSTM(Neuron):
    """Long short-term memory (Gers et al. 2000).

    Each product has a bias. Output: h. State: h and c, each ``[B, *features]``.
    ``snnbench show lstm`` has the equation.

    Args:
        features: Shape of the population; the matrices are ``[H, H]`` with H their product.
        surrogate: Not used: it does not spike.
        generator: Draws weights and biases.
    """

    states = ("hidden", "cell")

    def __init__(
        self, features: tuple[int, ...], surrogate: Surrogate | None, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.cell = _cell(nn.LSTMCell, features, generator)

    def initial_state(self, x_t: Tensor) -> State:
        return torch.zeros_like(x_t), torch.zeros_like(x_t)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        h, c = state
        h, c = self.cell(x_t.flatten(1), (h.flatten(1), c.flatten(1)))
        return h.view_as(x_t), (h.view_as(x_t), c.view_as(x_t))
