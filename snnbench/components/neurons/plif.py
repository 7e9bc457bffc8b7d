"""Parametric LIF: the decay is learned through a sigmoid (Fang et al. 2021, ICCV)."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.parameters import Given, Population, each
from snnbench.components.neurons.reset import Reset
from snnbench.components.neurons.spec_params import LEARNED_DECAY_RANGE
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "plif")


class PLIF(LIF):
    """``LIF`` whose decay is learned through a sigmoid, one for all neurons or one a neuron. State: u.

    A list or a distribution for ``beta`` makes the learned value one a neuron.
    ``snnbench show plif`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.

    Raises:
        UsageError: β is 0 or 1, which no a gives.
    """

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        beta: Given = _DEFAULT.beta,
        threshold: Given = _DEFAULT.threshold,
        reset: Reset = _DEFAULT.reset,
        reset_delay: bool = _DEFAULT.reset_delay,
        detach_reset: bool = _DEFAULT.detach_reset,
    ) -> None:
        super().__init__(
            features,
            surrogate,
            generator,
            threshold=threshold,
            reset=reset,
            reset_delay=reset_delay,
            detach_reset=detach_reset,
        )
        decays = Population(self, features, generator).numbers("beta", beta, LEARNED_DECAY_RANGE)
        logits = each(_logit, decays)
        self.a = nn.Parameter(
            torch.tensor(logits) if isinstance(logits, float) else torch.tensor(logits).view(features)
        )

    def membrane_decay(self, like: Tensor) -> Tensor:
        return self.a.sigmoid().to(like.dtype)

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" else float(nn.functional.logsigmoid(self.a.detach()).max())


def _logit(beta: float) -> float:
    if not 0 < beta < 1:
        raise UsageError(
            f"neuron 'plif': beta={beta} is not between 0 and 1", "lif takes a fixed beta of 0 or 1"
        )
    return math.log(beta / (1 - beta))
