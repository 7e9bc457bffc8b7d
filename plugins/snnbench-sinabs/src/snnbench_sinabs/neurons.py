"""Sinabs's neurons: its layers hold the parameters, its functional steps run them, state in and out.

``sinabs.layers.functional`` takes ``[B, T, *features]`` and a state; with T = 1 that is a step, with all
of T sinabs's own way through time.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, ClassVar

import torch
from sinabs import activation, layers
from sinabs.layers import functional
from torch import Tensor, nn

from snnbench import Neuron, Surrogate, drawing_from
from snnbench.core.adapter import log_decay
from snnbench.core.eager import State
from snnbench.errors import UsageError
from snnbench_sinabs.surrogates import gradient_of


class SinabsNeuron(Neuron):
    """A population of one of sinabs's layers.

    Args:
        kind: ``lif``, ``iaf``, ``alif`` or ``exp_leak``.
        features: Shape of the population.
        surrogate: Its derivative is sinabs's ``surrogate_grad_fn``; the spikes are those of ``spike_fn``.
        generator: Not used: nothing is drawn.
        learn_taus: Train the time constants.
        **params: Of the layer, by sinabs's names.

    Raises:
        UsageError: The surrogate is graded.
    """

    def __init__(
        self,
        kind: str,
        features: tuple[int, ...],
        surrogate: Surrogate | None,
        generator: torch.Generator,
        *,
        learn_taus: bool,
        **params: Any,
    ) -> None:
        super().__init__()
        if surrogate is not None and surrogate.graded:
            raise UsageError(
                f"sinabs makes its spikes itself, and they are not graded as those of {surrogate!r} are",
                "choose a surrogate that is not",
            )
        self.layer = LAYERS[kind](**_arguments(params))
        self.layer.requires_grad_(learn_taus)
        for fixed in ("spike_threshold", "min_v_mem"):
            if isinstance(value := getattr(self.layer, fixed, None), nn.Parameter):
                value.requires_grad_(False)
        self.surrogate = surrogate
        synapse = ("i_syn",) if params.get("tau_syn") else ()
        self.states = ("v_mem", *synapse, *(("b",) if kind == "alif" else ()))

    def initial_state(self, x_t: Tensor) -> State:
        return tuple(torch.zeros_like(x_t) for _ in self.states)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        spikes, following = self._run(x_t.unsqueeze(1), state)
        return spikes.squeeze(1), following

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """All steps, as sinabs runs them."""
        spikes, following = self._run(x.transpose(0, 1), self.initial_state(x[0]) if state is None else state)
        return spikes.transpose(0, 1), following

    def _run(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Sinabs's spikes for ``x`` ``[B, T, *features]``, in the dtype of ``x``: its own are float32."""
        run = functional.alif_forward if isinstance(self.layer, layers.ALIF) else functional.lif_forward
        return self._called(run, x, state)

    def _called(self, run: Any, x: Tensor, state: State, **options: Any) -> tuple[Tensor, State]:
        names = self.states[: len(state)]
        held = dict(zip(names, state, strict=True))
        spikes, after, _ = run(input_data=x, state=held, **self._settings(), **options)
        return spikes.to(x.dtype), tuple(after[name].to(x.dtype) for name in names)

    def _settings(self) -> dict[str, Any]:
        """Return what sinabs's own ``forward`` hands to its functional step."""
        layer = self.layer
        settings = {
            "alpha_mem": layer.alpha_mem_calculated,
            "alpha_syn": layer.alpha_syn_calculated,
            "spike_fn": layer.spike_fn,
            "reset_fn": layer.reset_fn,
            "surrogate_grad_fn": None if self.surrogate is None else gradient_of(self.surrogate),
            "min_v_mem": layer.min_v_mem,
            "norm_input": layer.norm_input,
        }
        if not isinstance(layer, layers.ALIF):
            return {**settings, "spike_threshold": layer.spike_threshold}
        adaptation = {"alpha_adapt": layer.alpha_adapt_calculated, "adapt_scale": layer.adapt_scale}
        return {**settings, **adaptation, "b0": layer.b0}

    def disturbance_unit(self) -> tuple[float | Tensor, ...] | None:
        """The threshold, at rest; ``b``, which spikes raise and ``adapt_scale`` weighs, counts as 1."""
        threshold = getattr(self.layer, "b0", getattr(self.layer, "spike_threshold", None))
        if threshold is None:
            return None
        return tuple(1.0 if name == "b" else threshold for name in self.states)

    def leak_exponent(self) -> float | None:
        layer = self.layer
        if layer.min_v_mem is not None or isinstance(layer.reset_fn, activation.MembraneReset):
            return None
        names = ("alpha_mem_calculated", "alpha_syn_calculated", "alpha_adapt_calculated")
        decays = [getattr(layer, name, None) for name in names]
        return max(log_decay(float(decay.detach().abs())) for decay in decays if decay is not None)


class SinabsRecurrent(SinabsNeuron):
    """A neuron of sinabs with ``rec_connect``, a dense layer from its spikes to its next input.

    Its weights and biases are drawn as torch draws them. What it gives is a state, ``rec_out``, which
    sinabs keeps within one call only; so the first step has none, not even the biases.
    """

    def __init__(
        self,
        kind: str,
        features: tuple[int, ...],
        surrogate: Surrogate,
        generator: torch.Generator,
        **params: Any,
    ) -> None:
        super().__init__(kind, features, surrogate, generator, **params)
        width = math.prod(features)
        with drawing_from(generator):
            self.rec_connect = Dense(width, width)
        self.states = (*self.states, "rec_out")

    def _run(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        first = x[:, :1] + state[-1].unsqueeze(1)
        run = functional.alif_recurrent if isinstance(self.layer, layers.ALIF) else functional.lif_recurrent
        driven = torch.cat([first, x[:, 1:]], 1)
        spikes, following = self._called(run, driven, state[:-1], rec_connect=self.rec_connect)
        return spikes, (*following, self.rec_connect(spikes[:, -1]).view_as(state[-1]))


class Dense(nn.Linear):
    """A linear layer over all neurons; sinabs's spikes are float32, whatever its weights are."""

    def forward(self, spikes: Tensor) -> Tensor:
        return super().forward(spikes.flatten(1).to(self.weight.dtype))


class Copied:
    """A layer that is copied as any module is.

    Sinabs copies by its constructor and forgets arguments: ALIF its ``norm_input``, all what is frozen.
    """

    __deepcopy__: ClassVar[None] = None


class LIF(Copied, layers.LIF):  # type: ignore[misc]
    """``sinabs.layers.LIF``."""


class IAF(Copied, layers.IAF):  # type: ignore[misc]
    """``sinabs.layers.IAF``."""


class ALIF(Copied, layers.ALIF):  # type: ignore[misc]
    """``sinabs.layers.ALIF``."""


class ExpLeak(Copied, layers.ExpLeak):  # type: ignore[misc]
    """``sinabs.layers.ExpLeak``."""


LAYERS: dict[str, Any] = {"lif": LIF, "iaf": IAF, "alif": ALIF, "exp_leak": ExpLeak}
NO_BOUND = -1e9
_RESETS = {"MembraneSubtract": activation.MembraneSubtract, "MembraneReset": activation.MembraneReset}


def _arguments(params: dict[str, Any]) -> dict[str, Any]:
    """Those of sinabs's constructor."""
    given = dict(params)
    most = given.pop("max_num_spikes_per_bin", None)
    if "spike_fn" in given:
        spikes = {"MaxSpike": activation.MaxSpike(most)}
        given["spike_fn"] = spikes.get(given["spike_fn"]) or getattr(activation, given["spike_fn"])
        given["reset_fn"] = _RESETS[given["reset_fn"]]()
    if given["min_v_mem"] == NO_BOUND:
        given["min_v_mem"] = None
    return given


lif, lif_syn = partial(SinabsNeuron, "lif"), partial(SinabsNeuron, "lif")
iaf = partial(SinabsNeuron, "iaf", learn_taus=True)  # it has none
iaf_syn = partial(SinabsNeuron, "iaf")
alif, alif_syn = partial(SinabsNeuron, "alif"), partial(SinabsNeuron, "alif")
lif_recurrent, lif_recurrent_syn = partial(SinabsRecurrent, "lif"), partial(SinabsRecurrent, "lif")
iaf_recurrent = partial(SinabsRecurrent, "iaf", learn_taus=True)
iaf_recurrent_syn = partial(SinabsRecurrent, "iaf")
alif_recurrent, alif_recurrent_syn = partial(SinabsRecurrent, "alif"), partial(SinabsRecurrent, "alif")
exp_leak = partial(SinabsNeuron, "exp_leak")
