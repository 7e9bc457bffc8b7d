"""Specs of sinabs's neurons. Imports neither torch nor sinabs.

Each comes without a synapse, and as ``…_syn`` with one: sinabs's ``tau_syn``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snnbench import FromParam, NeuronSpec, Param
from snnbench_sinabs.library import SINABS

TAU_MEM: Final = Param(20.0, low=1e-3, unit="step", doc="membrane time constant; sinabs has no default")
TAU_SYN: Final = Param(10.0, low=1e-3, unit="step", doc="synaptic time constant; sinabs has no default")
TRAIN_ALPHAS: Final = Param(False, doc="train the decays exp(−1/τ) in place of the time constants")
LEARN_TAUS: Final = Param(True, doc="train the time constants, as sinabs always does")
NORM_INPUT: Final = Param(True, doc="scale the input by 1 − α")
FIRING: Final = {
    "spike_threshold": Param(1.0, low=1e-6, doc="membrane at which a neuron spikes"),
    "reset_fn": Param(
        "MembraneSubtract",
        choices=("MembraneSubtract", "MembraneReset"),
        doc="what a spike does to the membrane",
    ),
    "min_v_mem": Param(-1e9, low=-1e9, high=0.0, doc="lowest membrane, clipped after the reset; −1e9: none"),
}
MAX_SPIKES: Final = Param(10, low=1, unit="spikes", doc="most spikes a step, of MaxSpike")


def _spike_fn(default: str) -> dict[str, Param]:
    doc = "how many spikes a step: ⌊v/θ⌋, one, or at most max_num_spikes_per_bin"
    choices = ("MultiSpike", "SingleSpike", "MaxSpike")
    return {"spike_fn": Param(default, choices=choices, doc=doc), "max_num_spikes_per_bin": MAX_SPIKES}


_LEAKY: Final = {"tau_mem": TAU_MEM, "train_alphas": TRAIN_ALPHAS, "learn_taus": LEARN_TAUS}
_PARAMS: Final = {
    "lif": {**_LEAKY, "norm_input": NORM_INPUT, **_spike_fn("MultiSpike"), **FIRING},
    "iaf": {**_spike_fn("MultiSpike"), **FIRING},
    "alif": {
        **_LEAKY,
        "tau_adapt": Param(
            20.0, low=1e-3, unit="step", doc="time constant of the threshold; sinabs has no default"
        ),
        "adapt_scale": Param(1.8, doc="how much the adaptation raises the threshold"),
        "norm_input": NORM_INPUT,
        **_spike_fn("SingleSpike"),
        **FIRING,
    },
}
_SUMMARY: Final = {
    "lif": "leaky integrate-and-fire",
    "iaf": "integrate-and-fire",
    "alif": "LIF with an adaptive threshold",
}
_REFERENCE: Final = {
    "lif": "sinabs 3.1.3, sinabs.layers.LIF, https://sinabs.readthedocs.io",
    "iaf": "sinabs 3.1.3, sinabs.layers.IAF, https://sinabs.readthedocs.io",
    "alif": "Bellec et al. 2018, NeurIPS, as sinabs.layers.ALIF has it",
}
_FIRE: Final = "s[t] = ⌊v/θ⌋ where v > 0, or H(v ≥ θ)\nv[t] = v − θ·s[t], or 0 where s[t] > 0"
_INPUT: Final = {
    (False, False): "x[t]",
    (False, True): "i[t], i[t] = α_s·(i[t−1] + x[t])",
    (True, False): "(x[t] + r[t−1]), r[t] = W·s[t] + c",
    (True, True): "i[t], i[t] = α_s·(i[t−1] + x[t] + r[t−1]), r[t] = W·s[t] + c",
}


def _equation(kind: str, recurrent: bool, synaptic: bool) -> str:
    drive = _INPUT[recurrent, synaptic]
    if kind == "iaf":
        return f"v = v[t−1] + {drive}\n{_FIRE}"
    leak = f"v = α·v[t−1] + (1 − α, or 1)·{drive}"
    if kind == "lif":
        return f"{leak}\n{_FIRE}\nα = exp(−1/τ)"
    adapt = "θ = θ₀ + κ·b[t−1]\nb[t] = ρ·b[t−1] + (1 − ρ)·s[t]"
    return f"{leak}\n{adapt}\n{_FIRE}\nα = exp(−1/τ_mem), ρ = exp(−1/τ_adapt)"


def _spec(kind: str, recurrent: bool, synaptic: bool) -> NeuronSpec:
    name = kind + "_recurrent" * recurrent + "_syn" * synaptic
    extras = [*["behind a synapse"] * synaptic, *["with a dense recurrent layer"] * recurrent]
    syn = {"tau_syn": TAU_SYN, "learn_taus": LEARN_TAUS} if synaptic else {}
    adaptation = ("b",) if kind == "alif" else ()
    return SINABS.neuron(
        name,
        ", ".join([_SUMMARY[kind], *extras]),
        _equation(kind, recurrent, synaptic),
        {**syn, **_PARAMS[kind]},
        reference=_REFERENCE[kind],
        spike=FromParam("spike_fn", {"MultiSpike": "multi", "SingleSpike": "binary", "MaxSpike": "multi"}),
        threshold=">=",
        reset=FromParam("reset_fn", {"MembraneSubtract": "subtract", "MembraneReset": "zero"}),
        reset_detached=FromParam("reset_fn", {"MembraneSubtract": False, "MembraneReset": True}),
        recurrent=recurrent,
        states=("v_mem", *["i_syn"] * synaptic, *adaptation, *["rec_out"] * recurrent),
    )


def _specs() -> Iterator[NeuronSpec]:
    for kind in ("lif", "iaf", "alif"):
        for recurrent in (False, True):
            for synaptic in (False, True):
                yield _spec(kind, recurrent, synaptic)


EXP_LEAK: Final = SINABS.neuron(
    "exp_leak",
    "leaky integrator",
    "v[t] = α·v[t−1] + x[t]\ny[t] = v[t]\nα = exp(−1/τ)",
    {
        **_LEAKY,
        "norm_input": Param(False, doc="scale the input by 1 − α"),
        "min_v_mem": FIRING["min_v_mem"],
    },
    reference="sinabs 3.1.3, sinabs.layers.ExpLeak, https://sinabs.readthedocs.io",
    spike="none",
    states=("v_mem",),
)

NEURONS: Final = (*_specs(), EXP_LEAK)
