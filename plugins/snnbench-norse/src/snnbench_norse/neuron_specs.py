"""Specs of norse's neurons. Imports neither torch nor norse."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from snnbench import FromParam, NeuronSpec, Param
from snnbench_norse.library import NORSE
from snnbench_norse.neuron_params import (
    ADEX,
    BEHAVIOR,
    DT,
    EX,
    LIF,
    LSNN,
    MEMBRANE,
    RHO,
    TAU_MEM,
    TAU_SYN,
    V_LEAK,
    V_RESET,
    V_TH,
)
from snnbench_norse.surrogate_specs import SURROGATES

_I: Final = "i = i[t−1] + x[t]\nv = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + i)"
_FIRE: Final = "s[t] = H(v − v_th)\nv[t] = v_reset where s[t]"
_DECAY: Final = "i[t] = i − dt/τ_syn·i"


def _neuron(
    name: str, summary: str, params: dict[str, Param], states: tuple[str, ...], equation: str, **own: Any
) -> NeuronSpec:
    """Return the spec of a neuron that spikes and takes norse's step ``dt``."""
    own = {"reset": "value", "surrogates": SURROGATES, **own}
    return NORSE.neuron(name, summary, equation, {**params, "dt": DT}, states=states, **own)


_silent = partial(_neuron, spike="none", reset="none", surrogates=())


def _recurrent(
    name: str, summary: str, params: dict[str, Param], states: tuple[str, ...], equation: str, **own: Any
) -> NeuronSpec:
    """Return the spec of one with weights of its own on its input and on its spikes of the step before."""
    summary = f"{summary}, with input and recurrent weights"
    return _neuron(f"{name}_recurrent", summary, params, states, equation, recurrent=True, **own)


_W: Final = "i = i[t−1] + W·x[t] + V·s[t−1]\nv = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + i)"
_LIF_RECURRENT: Final = _recurrent(
    "lif", "LIF behind a synapse", LIF, ("z", "v", "i"), f"{_W}\n{_DECAY}\n{_FIRE}", reset_detached=True
)

NEURONS: Final = (
    _neuron(
        "lif_box",
        "LIF without a synapse",
        {
            **MEMBRANE,
            "reset_method": Param("value", choices=("value", "subtract"), doc="what a spike does to v"),
        },
        ("v",),
        "v = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + x[t])\n"
        "s[t] = H(v − v_th)\nv[t] = v_reset, or v − v_th, where s[t]",
        reset=FromParam("reset_method"),
    ),
    _neuron("lif", "LIF behind a synapse", LIF, ("v", "i"), f"{_I}\n{_DECAY}\n{_FIRE}"),
    NORSE.neuron(
        "iaf",
        "LIF without leak",
        f"v = v[t−1] + x[t]\n{_FIRE}",
        {"v_th": V_TH, "v_reset": V_RESET},
        states=("v",),
        reset="value",
        surrogates=SURROGATES,
    ),
    _neuron(
        "lif_ex",
        "exponential LIF behind a synapse",
        EX,
        ("v", "i"),
        "i = i[t−1] + x[t]\nv = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + Δ·exp((v[t−1] − v_th)/Δ) + i)\n"
        f"{_DECAY}\n{_FIRE}",
    ),
    _neuron(
        "lif_adex",
        "adaptive exponential LIF behind a synapse",
        ADEX,
        ("v", "i", "a"),
        "as lif_ex, with −a[t−1] in v\na[t] = a[t−1] + dt/τ_ada·(a_current·(v[t−1] − v_leak) − a[t−1]) "
        "+ a_spike·s[t]",
    ),
    _neuron(
        "lif_refrac",
        "LIF behind a synapse, with an absolute refractory period",
        {**LIF, "rho_reset": RHO},
        ("v", "i", "rho"),
        "as lif; where rho[t−1] > 0, v is held, s[t] = 0 and rho[t] = rho[t−1] − 1; "
        "where s[t], rho[t] = rho_reset",
    ),
    _neuron(
        "lif_adex_refrac",
        "adaptive exponential LIF with an absolute refractory period",
        {**ADEX, "rho_reset": RHO},
        ("v", "i", "a", "rho"),
        "as lif_adex; rho as in lif_refrac",
    ),
    _neuron(
        "lsnn",
        "LIF with an adaptive threshold; the input reaches the membrane one step late",
        LSNN,
        ("v", "i", "b"),
        "v = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + i[t−1])\nb = b[t−1] + dt/τ_b·(v_th − b[t−1])\n"
        "s[t] = H(v − b)\nv[t] = v_reset where s[t]\nb[t] = b + β·s[t]\n"
        "i[t] = i[t−1] − dt/τ_syn·i[t−1] + x[t]",
    ),
    _neuron(
        "izhikevich",
        "Izhikevich's quadratic neuron, 20 ready-made behaviours",
        {"behavior": BEHAVIOR},
        ("v", "recovery"),
        "v = v[t−1] + τ⁻¹·dt·(0.04·v[t−1]² + 5·v[t−1] + 140 − u[t−1] + x[t])\n"
        "u = u[t−1] + τ⁻¹·dt·a·(b·v[t−1] − u[t−1])\ns[t] = H(v − 30)\nv[t] = c and u[t] = u + d where s[t]",
    ),
    _neuron(
        "coba_lif",
        "conductance-based LIF; its rates are in 1/ms beside a dt of 0.001",
        {
            "tau_syn_exc_inv": Param(0.2, low=0.0, unit="1/ms", doc="inverse excitatory time constant"),
            "tau_syn_inh_inv": Param(0.2, low=0.0, unit="1/ms", doc="inverse inhibitory time constant"),
            "c_m_inv": Param(5.0, low=0.0, unit="1/nF", doc="inverse membrane capacitance"),
            "g_l": Param(0.25, low=0.0, unit="nS", doc="leak conductance"),
            "e_rev_I": Param(-100.0, unit="mV", doc="inhibitory reversal potential"),
            "e_rev_E": Param(60.0, unit="mV", doc="excitatory reversal potential"),
            "v_rest": Param(-20.0, unit="mV", doc="resting potential, where it starts"),
            "v_reset": Param(-70.0, unit="mV", doc="potential after a spike"),
            "v_thresh": Param(-10.0, unit="mV", doc="potential above which a neuron spikes"),
        },
        ("v", "g_e", "g_i"),
        "g_e = (1 − dt/τ_e)·(g_e[t−1] + relu(x[t]))\ng_i = (1 − dt/τ_i)·(g_i[t−1] + relu(−x[t]))\n"
        "v = v[t−1] + dt/C·(g_l·(v_rest − v[t−1]) + g_e·(E_e − v[t−1]) + g_i·(E_i − v[t−1]))\n"
        "s[t] = H(v − v_thresh)\nv[t] = v_reset where s[t]",
    ),
    _silent(
        "li",
        "leaky integrator behind a synapse",
        {"tau_syn_inv": TAU_SYN, "tau_mem_inv": TAU_MEM, "v_leak": V_LEAK},
        ("v", "i"),
        f"{_I}\n{_DECAY}\ny[t] = v[t]",
    ),
    _silent(
        "li_box",
        "leaky integrator",
        {"tau_mem_inv": TAU_MEM, "v_leak": V_LEAK},
        ("v",),
        "v[t] = v[t−1] + dt/τ_mem·(v_leak − v[t−1] + x[t])\ny[t] = v[t]",
    ),
    _LIF_RECURRENT,
    _recurrent("lif_ex", "exponential LIF", EX, ("z", "v", "i"), "as lif_ex, with i of lif_recurrent"),
    _recurrent(
        "lif_adex",
        "adaptive exponential LIF",
        ADEX,
        ("z", "v", "i", "a"),
        "as lif_adex, with i of lif_recurrent",
    ),
    _recurrent(
        "lif_refrac",
        "LIF with an absolute refractory period",
        {**LIF, "rho_reset": RHO},
        ("z", "v", "i", "rho"),
        "as lif_recurrent; rho as in lif_refrac",
        reset_detached=True,
    ),
    _recurrent(
        "lif_adex_refrac",
        "adaptive exponential LIF with an absolute refractory period",
        {**ADEX, "rho_reset": RHO},
        ("z", "v", "i", "a", "rho"),
        "as lif_adex_recurrent; rho as in lif_refrac",
    ),
    _recurrent(
        "lif_mc",
        "LIF whose neurons are compartments, coupled by conductances",
        LIF,
        ("z", "v", "i"),
        "as lif_recurrent\nv[t] ← v[t] + dt·G·v[t]",
        reset_detached=True,
    ),
    _recurrent(
        "lif_mc_refrac",
        "coupled compartments with an absolute refractory period",
        {**LIF, "rho_reset": RHO},
        ("z", "v", "i", "rho"),
        "v = v[t−1] + (1 − H(rho[t−1]))·dt/τ_mem·(v_leak − v[t−1] + i[t−1]) + G·v[t−1]\n"
        f"{_FIRE}\ni[t] = i[t−1] − dt/τ_syn·i[t−1] + W·x[t] + V·s[t−1]",
    ),
    _recurrent(
        "lsnn",
        "LIF with an adaptive threshold",
        LSNN,
        ("z", "v", "i", "b"),
        "as lsnn, with W·x[t] + V·s[t−1] in place of x[t]; no gradient through s in v[t] and b[t]",
        version="2",
        reset_detached=True,
    ),
    _recurrent(
        "izhikevich",
        "Izhikevich's quadratic neuron",
        {"behavior": BEHAVIOR},
        ("z", "v", "recovery"),
        "as izhikevich, with W·x[t] + V·s[t−1] in place of x[t]",
    ),
)
