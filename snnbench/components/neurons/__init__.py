"""Neuron models, one a file. This list is all that finding them needs; it imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.specs import NeuronSpec, Param

_THRESHOLD: Final = Param(1.0, low=1e-6, doc="membrane value above which a neuron spikes")
_RESET: Final = Param(
    "subtract", choices=("subtract", "zero", "none"), doc="what a spike does to the membrane"
)
_DETACH: Final = Param(False, doc="keep the gradient out of the reset")
_LEARN_BETA: Final = Param(False, doc="train the membrane decay, clipped to [0, 1] on use")
_LEARN_THRESHOLD: Final = Param(False, doc="train the threshold")
_PER_NEURON: Final = Param(False, doc="one learned value a neuron instead of one a layer")


def _decay(default: float, doc: str) -> Param:
    return Param(default, low=0.0, high=1.0, unit="1/step", doc=doc)


SPECS: Final = (
    NeuronSpec(
        name="lif",
        version="1",
        summary="leaky integrate-and-fire",
        factory="snnbench.components.neurons.lif:LIF",
        params={
            "beta": _decay(0.95, "membrane decay"),
            "threshold": _THRESHOLD,
            "reset": _RESET,
            "reset_delay": Param(True, doc="apply the reset one step after the spike"),
            "detach_reset": _DETACH,
            "learn_beta": _LEARN_BETA,
            "learn_threshold": _LEARN_THRESHOLD,
            "per_neuron": _PER_NEURON,
        },
        reference="Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36(6), eqs. 3-4",
        equation="u[t] = β·u[t−1] + x[t] − θ·s[t−1];  s[t] = H(u[t] − θ)",
        reset="subtract, one step after the spike",
        states=("membrane",),
    ),
    NeuronSpec(
        name="rlif",
        version="1",
        summary="LIF with dense recurrent weights",
        factory="snnbench.components.neurons.rlif:RLIF",
        params={
            "beta": _decay(0.95, "membrane decay"),
            "threshold": _THRESHOLD,
            "rec_strength": Param(1.0, doc="ρ, factor on the recurrent input"),
            "rec_init_scale": Param(1.0, low=0.0, doc="gain of the Xavier-uniform recurrent weights"),
            "detach_reset": _DETACH,
        },
        reference="Cramer et al. 2020, IEEE TNNLS 33(7), eq. 3, without synaptic filter",
        equation="u[t] = β·u[t−1] + x[t] + ρ·W·s[t−1] − θ·s[t−1];  s[t] = H(u[t] − θ)",
        reset="subtract, one step after the spike",
        recurrent=True,
        states=("membrane",),
    ),
    NeuronSpec(
        name="synaptic",
        version="1",
        summary="LIF behind an exponential synapse (second order)",
        factory="snnbench.components.neurons.synaptic:Synaptic",
        params={
            "alpha": _decay(0.5, "decay of the synaptic current"),
            "beta": _decay(0.9, "membrane decay"),
            "threshold": _THRESHOLD,
            "reset": _RESET,
            "detach_reset": _DETACH,
            "learn_alpha": Param(False, doc="train the synaptic decay, clipped to [0, 1] on use"),
            "learn_beta": _LEARN_BETA,
            "learn_threshold": _LEARN_THRESHOLD,
            "per_neuron": _PER_NEURON,
        },
        reference="Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36(6), eqs. 1-4",
        equation="i[t] = α·i[t−1] + x[t];  u[t] = β·u[t−1] + i[t] − θ·s[t−1];  s[t] = H(u[t] − θ)",
        reset="subtract, one step after the spike",
        states=("current", "membrane"),
    ),
    NeuronSpec(
        name="relu",
        version="1",
        summary="rectifier: the control that does not spike and has no memory",
        factory="snnbench.components.neurons.relu:ReLU",
        reference="Nair & Hinton 2010, ICML",
        equation="y[t] = max(0, x[t])",
        spike="none",
    ),
)
