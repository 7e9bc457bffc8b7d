"""Maps whose Lyapunov exponents are known, as pure steps, for the tests of stability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnbench.core.surrogate import Surrogate

State = tuple[Tensor, ...]
Step = Callable[[Any, State], tuple[Any, State]]
F64 = torch.float64


def uniform(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, dtype=F64, generator=torch.Generator().manual_seed(seed))


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=F64, generator=torch.Generator().manual_seed(seed))


def logistic(_: None, state: State) -> tuple[None, State]:
    (x,) = state
    return None, (4 * x * (1 - x),)


def tent(_: None, state: State) -> tuple[None, State]:
    (x,) = state
    return None, (1.9 * torch.minimum(x, 1 - x),)


def henon(_: None, state: State) -> tuple[None, State]:
    x, y = state
    return None, (1 - 1.4 * x * x + y, 0.3 * x)


def henon_start(batch: int) -> State:
    return 0.1 * uniform(batch, seed=1), 0.1 * uniform(batch, seed=2)


def cat(_: None, state: State) -> tuple[None, State]:
    x, y = state
    return None, (torch.remainder(x + y, 1), torch.remainder(x + 2 * y, 1))


def linear(matrix: Tensor) -> Step:
    """``h ← matrix·h``."""
    return lambda _, state: (None, (state[0] @ matrix.T,))


def driven(matrix: Tensor, state: State) -> tuple[None, State]:
    """``h ← x_t·h``: the input is the Jacobian, ``[B, N, N]``."""
    return None, ((matrix @ state[0][..., None])[..., 0],)


def cycle(matrices: Tensor, steps: int, batch: int = 1) -> Tensor:
    """``matrices [L, N, N]`` again and again: ``[steps, batch, N, N]``."""
    return matrices[torch.arange(steps) % len(matrices)][:, None].expand(-1, batch, -1, -1)


class Slope5(Surrogate):
    """Fast sigmoid of slope 5."""

    def derivative(self, z: Tensor) -> Tensor:
        return 1 / (1 + 5 * z.abs()) ** 2


def lif(
    beta: float = 0.9, reset: str = "subtract", recurrent: Tensor | None = None, detach: bool = False
) -> Step:
    """Leaky integrate-and-fire with threshold 1, delayed reset and spikes by ``Slope5``."""
    spike = Slope5()

    def step(x: Tensor, state: State) -> tuple[Tensor, State]:
        (u,) = state
        s = spike(u - 1)
        r = s.detach() if detach else s
        u = beta * (1 - r) * u + x if reset == "zero" else beta * u + x - r
        if recurrent is not None:
            u = u + s @ recurrent.T
        return spike(u - 1), (u,)

    return step
