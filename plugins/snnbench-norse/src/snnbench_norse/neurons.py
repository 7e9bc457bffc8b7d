"""Norse's neurons: its own functions for one step, with their state as a tuple of tensors.

Norse has no faster way through several steps than one after the other.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from snnbench import LibrarySurrogate, Neuron, Surrogate, drawing_from, spikes_are_frozen
from snnbench.core.adapter import log_decay
from snnbench.core.eager import State
from snnbench.errors import UsageError
from snnbench_norse.models import MODELS
from snnbench_norse.surrogates import spike_function


class NorseNeuron(Neuron):
    """A population that a function of ``norse.torch.functional`` steps.

    Args:
        name: Which of ``MODELS``.
        features: Shape of the population.
        surrogate: One of norse's own, which names a ``method`` and its ``alpha``; None where it does
            not spike.
        generator: Not used: nothing is drawn.
        dt: Euler step, s.
        **values: Norse's parameters, by norse's names.

    Raises:
        UsageError: The surrogate is not norse's.
    """

    def __init__(
        self,
        name: str,
        features: tuple[int, ...],
        surrogate: Surrogate | None,
        generator: torch.Generator,
        *,
        dt: float,
        **values: Any,
    ) -> None:
        super().__init__()
        self.name = name
        self.states = MODELS[name].states
        self.dt = dt
        self.given = values
        self.values = {key: _as_norse_has_it(value) for key, value in values.items()}
        self.spiking = None if surrogate is None else _method(surrogate)

    def initial_state(self, x_t: Tensor) -> State:
        start = MODELS[self.name].start(self.values)
        return tuple(torch.full_like(x_t, float(start.get(name, 0.0))) for name in self.states)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        model = MODELS[self.name]
        y, following = model.step(
            x_t, model.pack(state), *self._step_weights(), self._norse_parameters(), self.dt
        )
        return y, model.unpack(following)

    def _step_weights(self) -> tuple[Tensor, ...]:
        return ()

    def _norse_parameters(self) -> Any:
        """Norse's parameters; its ``heaviside`` has no gradient: the true derivative."""
        spiking = self.spiking
        if spiking is None:
            return MODELS[self.name].parameters(**self.values)
        if spikes_are_frozen():
            spiking = {**spiking, "method": "heaviside"}
        return MODELS[self.name].parameters(**self.values, **spiking)

    def disturbance_unit(self) -> tuple[float | Tensor, ...] | None:
        """Threshold minus rest for membrane, currents and adaptation; 1 for spikes and refractory counts."""
        threshold = self.given.get("v_th", self.given.get("v_thresh"))
        if threshold is None:
            return None
        rests = (self.given[name] for name in ("v_leak", "v_rest", "v_reset") if name in self.given)
        unit = float(threshold) - float(next(rests))
        return tuple(unit if name in ("v", "i", "a", "b") else 1.0 for name in self.states)

    def leak_exponent(self) -> float | None:
        rates = MODELS[self.name].leaks(self.given)
        return None if rates is None else max(log_decay(1 - self.dt * rate) for rate in rates)


class NorseRecurrent(NorseNeuron):
    """A neuron of norse with weights on its input and on its spikes of the step before, ``[H, H]``.

    They are drawn as norse's cells draw them: N(0, 2/H), without weights of a neuron onto itself. H is
    the product of ``features``.
    """

    recurrent_weights: nn.Parameter

    def __init__(
        self,
        name: str,
        features: tuple[int, ...],
        surrogate: Surrogate | None,
        generator: torch.Generator,
        **params: Any,
    ) -> None:
        super().__init__(name, features, surrogate, generator, **params)
        with drawing_from(generator):
            cell = MODELS[name].cell(math.prod(features))
        for weights in MODELS[name].weights:
            self.register_parameter(weights, getattr(cell, weights))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy, which has lost norse's hook that keeps autapses from being learned."""
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        trained = self.recurrent_weights.requires_grad
        self.recurrent_weights.requires_grad_().register_hook(_without_autapses)  # type: ignore[no-untyped-call]
        self.recurrent_weights.requires_grad_(trained)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        y, following = super().step(x_t.flatten(1), tuple(part.flatten(1) for part in state))
        return y.view_as(x_t), tuple(part.view_as(x_t) for part in following)

    def _step_weights(self) -> tuple[Tensor, ...]:
        return tuple(getattr(self, weights) for weights in MODELS[self.name].weights)


def _method(surrogate: Surrogate) -> dict[str, Any]:
    """The ``method`` and ``alpha`` of a surrogate of norse."""
    if not (isinstance(surrogate, LibrarySurrogate) and surrogate.factory is spike_function):
        raise UsageError(
            f"norse makes its spikes itself and cannot take the surrogate {surrogate!r}",
            "'snnbench list surrogates' shows those of snnbench-norse",
        )
    alpha = torch.as_tensor(surrogate.params["alpha"], dtype=torch.float64)  # exact in every dtype
    return {"method": surrogate.params["method"], "alpha": alpha}


def _as_norse_has_it(value: Any) -> Any:
    """A 0-dimensional float32 tensor in place of a number, as in norse's own parameters."""
    return torch.as_tensor(value) if isinstance(value, float) else value


def _without_autapses(gradient: Tensor) -> Tensor:
    return gradient.clone().fill_diagonal_(0.0)


lif_box = partial(NorseNeuron, "lif_box")
lif = partial(NorseNeuron, "lif")
iaf = partial(NorseNeuron, "iaf", dt=0.001)  # it makes no difference
lif_ex = partial(NorseNeuron, "lif_ex")
lif_adex = partial(NorseNeuron, "lif_adex")
lif_refrac = partial(NorseNeuron, "lif_refrac")
lif_adex_refrac = partial(NorseNeuron, "lif_adex_refrac")
lsnn = partial(NorseNeuron, "lsnn")
izhikevich = partial(NorseNeuron, "izhikevich")
coba_lif = partial(NorseNeuron, "coba_lif")
li = partial(NorseNeuron, "li")
li_box = partial(NorseNeuron, "li_box")
lif_recurrent = partial(NorseRecurrent, "lif_recurrent")
lif_ex_recurrent = partial(NorseRecurrent, "lif_ex_recurrent")
lif_adex_recurrent = partial(NorseRecurrent, "lif_adex_recurrent")
lif_refrac_recurrent = partial(NorseRecurrent, "lif_refrac_recurrent")
lif_adex_refrac_recurrent = partial(NorseRecurrent, "lif_adex_refrac_recurrent")
lif_mc_recurrent = partial(NorseRecurrent, "lif_mc_recurrent")
lif_mc_refrac_recurrent = partial(NorseRecurrent, "lif_mc_refrac_recurrent")
lsnn_recurrent = partial(NorseRecurrent, "lsnn_recurrent")
izhikevich_recurrent = partial(NorseRecurrent, "izhikevich_recurrent")
