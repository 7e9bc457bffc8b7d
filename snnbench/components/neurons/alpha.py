"""Alpha neuron: the membrane is the difference of two exponential traces (Rall 1967, J. Neurophysiol. 30)."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from snnbench.components.neurons import SPECS
from snnbench.components.neurons.firing import Firing
from snnbench.components.neurons.parameters import DECAY, THRESHOLD, Given, Population, each, log_decay, read
from snnbench.components.neurons.reset import Reset, apply_reset
from snnbench.core.eager import State
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "alpha")


class Alpha(Firing):
    """Neurons whose membrane responds to an impulse with the difference of two exponentials.

    A spike acts one step later: ``zero`` wipes e and i, the input of the step included; ``subtract``
    takes θ/c off e, hence θ off u. The response to an impulse rises to ``α^t``, t its peak time. With
    ``inhibition`` the resets are as without. State: e and i, each ``[B, *features]``.
    ``snnbench show alpha`` has the equation and the parameters.

    Args:
        features: Shape of the population.
        surrogate: Spike function of ``u − θ``.
        generator: Draws what is given as a distribution.

    Raises:
        UsageError: α is not above β: the response would be negative.
    """

    states = ("excitatory", "inhibitory")
    pushes = True
    scale: float | Tensor
    unit: float | Tensor

    def __init__(
        self,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        *,
        alpha: Given = _DEFAULT.alpha,
        beta: Given = _DEFAULT.beta,
        threshold: Given = _DEFAULT.threshold,
        reset: Reset = _DEFAULT.reset,
        detach_reset: bool = _DEFAULT.detach_reset,
        inhibition: bool = _DEFAULT.inhibition,
    ) -> None:
        super().__init__(surrogate, reset, detach_reset=detach_reset, inhibition=inhibition)
        population = Population(self, features, generator)
        decays = [population.numbers(*given, DECAY) for given in (("alpha", alpha), ("beta", beta))]
        scale = each(_scale, *decays)
        thresholds = population.numbers("threshold", threshold, THRESHOLD)
        population.put("alpha", decays[0])
        population.put("beta", decays[1])
        population.put("scale", scale)
        population.put("threshold", thresholds)
        population.put("unit", each(lambda threshold, scale: threshold / scale, thresholds, scale))

    def initial_state(self, x_t: Tensor) -> State:
        return torch.zeros_like(x_t), torch.zeros_like(x_t)

    def fired(self, state: State) -> Tensor:
        return self.fire(self.membrane(state))

    def membrane(self, state: State) -> Tensor:
        """Return the membrane u of a state."""
        e, i = state
        return read(self, "scale", e) * (e + i)

    def step_after(self, x_t: Tensor, state: State, spikes: Tensor) -> tuple[Tensor, State]:
        e, i = state
        r = spikes.detach() if self.detach_reset else spikes
        e = apply_reset(read(self, "alpha", e) * e + x_t, r, read(self, "unit", e), self.reset)
        i = apply_reset(read(self, "beta", i) * i - x_t, r, 0.0, self.reset)
        return self.emit(self.membrane((e, i))), (e, i)

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        return self.unit, self.unit  # of a trace that alone makes u = θ

    def leak_exponent(self) -> float | None:
        return None if self.reset == "zero" else log_decay(self, "alpha")


def _scale(alpha: float, beta: float) -> float:
    """Return the factor c of the membrane."""
    if not 0 < beta < alpha <= 1:
        raise UsageError(
            f"neuron 'alpha': alpha={alpha} and beta={beta} are not 0 < beta < alpha <= 1",
            "alpha is the slower decay, in every neuron; the defaults are 0.9 and 0.8",
        )
    return math.log(beta) / (math.log(beta) - math.log(alpha))
