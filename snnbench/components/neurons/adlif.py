"""Adaptive LIF, feed-forward or recurrent (Bittar & Garner 2022, Frontiers in Neuroscience 16, eqs. 6-8)."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.parameters import within
from snnbench.core.eager import State
from snnbench.core.neuron import Bounds, Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.core.tangents import Pushed, push_recurrent
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "adlif")


class AdLIF(Neuron):
    """Leaky integrate-and-fire neurons with an adaptation current.

    α, β_w, a and b are learned, one a neuron, drawn uniformly from
    their ranges and kept within: a range of one number, ``[0.3, 0.3]``, holds it, untrained.
    A neuron with ``a < −(1 − β_w)`` has no stable rest; its exponent is positive.
    The diagonal of V counts as zero. State: u and w, each ``[B, *features]``.
    ``snnbench show adlif`` has the equation and the parameters.

    Args:
        features: Shape of the population; V is ``[H, H]`` with H their product.
        surrogate: Spike function of ``u − 1``.
        generator: Draws the parameters, and V, orthogonal.

    Raises:
        UsageError: A range is not two numbers in order.
    """

    states = ("membrane", "adaptation")
    pushes = True

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        alpha: Bounds = _DEFAULT.alpha,
        beta_w: Bounds = _DEFAULT.beta_w,
        a: Bounds = _DEFAULT.a,
        b: Bounds = _DEFAULT.b,
        recurrent: bool = _DEFAULT.recurrent,
    ) -> None:
        super().__init__()
        self.ranges = {"alpha": alpha, "beta_w": beta_w, "a": a, "b": b}
        for name, bounds in self.ranges.items():
            if len(bounds) != 2 or not bounds[0] <= bounds[1]:
                raise UsageError(f"neuron 'adlif': {name}={bounds} is not a range", "give [low, high]")
            drawn = torch.empty(features).uniform_(*bounds, generator=generator)
            if bounds[0] < bounds[1]:
                self.register_parameter(name, nn.Parameter(drawn))
                self.bounds[name] = bounds
            else:
                self.register_buffer(name, drawn)
        self.surrogate = surrogate
        self.weight: nn.Parameter | None = None
        if recurrent:
            width = math.prod(features)
            self.weight = nn.Parameter(torch.empty(width, width))
            nn.init.orthogonal_(self.weight, generator=generator)

    def initial_state(self, x_t: Tensor) -> State:
        return torch.zeros_like(x_t), torch.zeros_like(x_t)

    def previous_spikes(self, state: State) -> Tensor:
        return self.spikes(state[0])

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        return self.advance(x_t, (self.mix(spikes), spikes, *state))

    def push(
        self, x_t: Tensor, state: State, dx: Tensor | None, dstate: State, *, last: bool = False
    ) -> Pushed:
        return push_recurrent(self, x_t, state, dx, dstate, last=last)

    def spikes(self, u: Tensor) -> Tensor:
        return self.surrogate(u - 1)

    def advance(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the output and next state from ``(V s', s', u', w')``."""
        recurrent, s, u, w = state
        alpha, beta_w, a, b = (self._clipped(name).to(u.dtype) for name in self.ranges)
        w = beta_w * w + a * u + b * s
        u = alpha * (u - s) + (1 - alpha) * (x_t + recurrent - w)
        return self.spikes(u), (u, w)

    def _clipped(self, name: str) -> Tensor:
        value: Tensor = getattr(self, name)
        return within(value, self.bounds[name]) if name in self.bounds else value

    def mix(self, s: Tensor) -> Tensor:
        if self.weight is None:
            return torch.zeros_like(s)
        others = self.weight - self.weight.diag().diag()
        return nn.functional.linear(s.flatten(1), others).view_as(s)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return 1.0, 1.0

    def leak_exponent(self) -> float | None:
        """Return the largest ln |eigenvalue| of the linear map (u, w), over the neurons."""
        alpha, beta_w, a, _ = (self._clipped(name).detach().double().flatten() for name in self.ranges)
        rows = (alpha - (1 - alpha) * a, -(1 - alpha) * beta_w), (a, beta_w)
        matrices = torch.stack([torch.stack(row, -1) for row in rows], -2)
        return float(torch.linalg.eigvals(matrices).abs().amax().log())
