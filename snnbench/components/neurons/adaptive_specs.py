"""Specs of the adaptive and the nonlinear integrators. Imports no torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from snnbench.components.neurons.spec_params import DETACH, DT, POSITIVE, THRESHOLD, decay
from snnbench.plugin.claims import FromParam
from snnbench.plugin.distributions import PerNeuron
from snnbench.plugin.params import Param
from snnbench.plugin.specs import NeuronSpec

ADAPTIVE_SPECS: Final = (
    NeuronSpec(
        name="alif",
        version="1",
        summary="LIF with a threshold that adapts",
        factory="snnbench.components.neurons.alif:ALIF",
        params={
            "beta": decay(0.95, "membrane decay"),
            "rho": decay(0.97, "decay of the adaptation"),
            "threshold": replace(
                THRESHOLD, default=0.1, doc="threshold at rest; a steady input x takes u to x"
            ),
            "kappa": Param(0.05, low=0.0, doc="how much a spike raises the threshold"),
            "detach_reset": DETACH,
        },
        reference="Bellec et al. 2018, NeurIPS (LSNN); 1 − ρ within κ",
        equation="b[t] = ρ·b[t−1] + s[t−1]\nϑ[t] = θ + κ·b[t]\n"
        "u[t] = β·u[t−1] + (1−β)·x[t] − ϑ[t]·s[t−1]\ns[t] = H(u[t] − ϑ[t])",
        reset="subtract",
        reset_delay=True,
        reset_detached=FromParam("detach_reset"),
        states=("membrane", "adaptation"),
    ),
    NeuronSpec(
        name="adlif",
        version="1",
        summary="LIF with an adaptation current; with recurrent=true RadLIF",
        factory="snnbench.components.neurons.adlif:AdLIF",
        params={
            "alpha": Param(
                (0.8187307530779818, 0.9607894391523232),
                low=0.0,
                high=1.0,
                unit="1/step",
                doc="range of the membrane decay; a range of one number is held, untrained",
            ),
            "beta_w": Param(
                (0.9672161004820059, 0.9917012926387937),
                low=0.0,
                high=1.0,
                unit="1/step",
                doc="range of the adaptation's decay; e^(−1/30) to e^(−1/120)",
            ),
            "a": Param((-1.0, 1.0), doc="range of the adaptation to u; below −(1 − β_w) u may run away"),
            "b": Param((0.0, 2.0), doc="range of the adaptation to spikes"),
            "recurrent": Param(False, doc="dense recurrent weights V, orthogonal, without diagonal"),
        },
        reference="Bittar & Garner 2022, Frontiers in Neuroscience 16",
        equation="w[t] = β_w·w[t−1] + a·u[t−1] + b·s[t−1]\n"
        "u[t] = α·(u[t−1] − s[t−1]) + (1−α)·(x[t] + V·s[t−1] − w[t])\ns[t] = H(u[t] − 1)",
        reset="subtract",
        reset_delay=True,
        recurrent=FromParam("recurrent"),
        states=("membrane", "adaptation"),
    ),
    NeuronSpec(
        name="qif",
        version="1",
        summary="quadratic integrate-and-fire",
        factory="snnbench.components.neurons.qif:QIF",
        params={
            "tau": Param(5.0, low=POSITIVE, unit="ms", doc="time constant", per_neuron=PerNeuron.VALUE),
            "dt": DT,
            "a": Param(1.0, low=0.0, doc="curvature"),
            "u_rest": Param(0.0, doc="stable rest without input"),
            "u_crit": Param(0.8, doc="without input, u grows of itself above it"),
            "threshold": Param(1.0, doc="where the upstroke counts as a spike"),
            "u_reset": Param(-0.1, doc="membrane after a spike"),
            "detach_reset": DETACH,
        },
        reference="Gerstner et al. 2014, Neuronal Dynamics, section 5.3; Euler step",
        equation="u[t] = u[t−1] + (dt/τ)·(a·(u[t−1] − u_rest)·(u[t−1] − u_crit) + x[t])\n"
        "s[t] = H(u[t] − θ)\nwhere s[t] = 1, u[t] is set to u_reset",
        reset="value",
        reset_detached=FromParam("detach_reset"),
        states=("membrane",),
    ),
    NeuronSpec(
        name="eif",
        version="1",
        summary="exponential integrate-and-fire",
        factory="snnbench.components.neurons.eif:EIF",
        params={
            "tau": Param(
                5.0, low=POSITIVE, unit="ms", doc="membrane time constant", per_neuron=PerNeuron.VALUE
            ),
            "dt": DT,
            "sharpness": Param(0.2, low=1e-6, doc="Δ, the range over which the upstroke sets in"),
            "u_rest": Param(0.0, doc="rest without input"),
            "u_rheobase": Param(0.8, doc="where the upstroke sets in"),
            "threshold": Param(1.5, doc="where the upstroke counts as a spike"),
            "u_reset": Param(0.0, doc="membrane after a spike"),
            "detach_reset": DETACH,
        },
        reference="Fourcaud-Trocmé et al. 2003, Journal of Neuroscience 23(37); Euler step",
        equation="u[t] = u[t−1] + (dt/τ)·(u_rest − u[t−1] + Δ·exp((u[t−1] − u_rh)/Δ) + x[t])\n"
        "s[t] = H(u[t] − θ)\nwhere s[t] = 1, u[t] is set to u_reset",
        reset="value",
        reset_detached=FromParam("detach_reset"),
        states=("membrane",),
    ),
    NeuronSpec(
        name="izhikevich",
        version="1",
        summary="Izhikevich's simple model, a regular spiking cell by default",
        factory="snnbench.components.neurons.izhikevich:Izhikevich",
        params={
            "a": Param(0.02, low=0.0, unit="1/ms", doc="rate of recovery", per_neuron=PerNeuron.VALUE),
            "b": Param(0.2, unit="1/ms", doc="sensitivity of the recovery to v"),
            "c": Param(-65.0, high=0.0, unit="mV", doc="v after a spike"),
            "d": Param(8.0, unit="mV/ms", doc="what a spike adds to the recovery"),
            "dt": Param(0.5, low=1e-6, high=1.0, unit="ms", doc="Euler step"),
            "gain": Param(10.0, unit="mV/ms", doc="drive of an input of 1"),
            "detach_reset": DETACH,
        },
        reference="Izhikevich 2003, IEEE Transactions on Neural Networks 14(6), eqs. 1-3; Euler step",
        equation="v[t] = v[t−1] + dt·(0.04·v[t−1]² + 5·v[t−1] + 140 − w[t−1] + g·x[t])\n"
        "w[t] = w[t−1] + dt·a·(b·v[t−1] − w[t−1])\ns[t] = H(v[t] − 30)\n"
        "where s[t] = 1, v[t] is set to c and d added to w[t]",
        reset="value",
        reset_detached=FromParam("detach_reset"),
        states=("membrane", "recovery"),
    ),
)
