"""Parametric LIF: the decay is learned through a sigmoid (Fang et al. 2021, ICCV)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.reset import Reset
from snnbench.engine.surrogate import Surrogate
from snnbench.errors import UsageError


class PLIF(LIF):
    """``LIF`` with ``β = sigmoid(a)``, a learned, one for all neurons. State: u.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Not used: nothing is drawn.
        beta: β before training, 1/step, within (0, 1).
        threshold: θ.
        reset: As for ``LIF``.
        reset_delay: False applies the reset within the step of the spike.
        detach_reset: Keep the gradient out of the reset.

    Raises:
        UsageError: β is 0 or 1, which no a gives.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: float = 0.95,
        threshold: float = 1.0,
        reset: Reset = "subtract",
        reset_delay: bool = True,
        detach_reset: bool = False,
    ) -> None:
        if not 0 < beta < 1:
            raise UsageError(
                f"neuron 'plif': beta={beta} is not between 0 and 1", "lif takes a fixed beta of 0 or 1"
            )
        super().__init__(
            features,
            surrogate,
            generator,
            threshold=threshold,
            reset=reset,
            reset_delay=reset_delay,
            detach_reset=detach_reset,
        )
        self.a = nn.Parameter(torch.tensor(math.log(beta / (1 - beta))))

    def membrane_decay(self, like: Tensor) -> Tensor:
        return self.a.sigmoid().to(like.dtype)

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" else float(nn.functional.logsigmoid(self.a.detach()))
