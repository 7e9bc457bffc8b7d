"""Specs of the leaky integrators of fixed form. Imports no torch."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from snnbench.components.neurons.spec_params import (
    DETACH,
    DT,
    INHIBITION,
    LEARN_BETA,
    LEARN_THRESHOLD,
    LEARNED_DECAY_RANGE,
    PER_NEURON,
    POSITIVE,
    RESET,
    RESET_DELAY,
    SPIKE_FACTOR,
    STATE_BITS,
    STATE_RANGE,
    THRESHOLD,
    decay,
)
from snnbench.plugin.claims import FromParam
from snnbench.plugin.distributions import PerNeuron
from snnbench.plugin.params import Param
from snnbench.plugin.specs import NeuronSpec


def _resets(leaked: str) -> str:
    """Return the equations of ``lif`` under each reset, where ``leaked`` is what a step leaves of u."""
    return (
        f"subtract: u[t] = {leaked} + x[t] − θ·s[t−1]\nzero: u[t] = (1 − s[t−1])·{leaked} + x[t]\n"
        f"none: u[t] = {leaked} + x[t]\ns[t] = H(u[t] − θ)\nWith reset_delay=false: "
        f"v[t] = {leaked} + x[t]\ns[t] = H(v[t] − θ)\n"
        "subtract: u[t] = v[t] − θ·s[t]\nzero: u[t] = (1 − s[t])·v[t]\nnone: u[t] = v[t]"
    )


LEAKY_SPECS: Final = (
    NeuronSpec(
        name="lif",
        version="2",
        summary="leaky integrate-and-fire",
        factory="snnbench.components.neurons.lif:LIF",
        params={
            "beta": decay(0.95, "membrane decay"),
            "threshold": THRESHOLD,
            "reset": RESET,
            "reset_delay": RESET_DELAY,
            "detach_reset": DETACH,
            "learn_beta": LEARN_BETA,
            "learn_threshold": LEARN_THRESHOLD,
            "per_neuron": PER_NEURON,
            "inhibition": INHIBITION,
            "state_bits": STATE_BITS,
            "state_range": STATE_RANGE,
            "graded_spikes_factor": SPIKE_FACTOR,
        },
        reference="Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36(6), eqs. 3-4",
        equation=_resets("β·u[t−1]"),
        spike=FromParam("graded_spikes_factor", {1.0: "binary"}, otherwise="multi"),
        reset=FromParam("reset"),
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("detach_reset"),
        states=("membrane",),
    ),
    NeuronSpec(
        name="if",
        version="1",
        summary="integrate-and-fire: LIF without leak",
        factory="snnbench.components.neurons.lif:integrate_and_fire",
        params={
            "threshold": THRESHOLD,
            "reset": RESET,
            "reset_delay": RESET_DELAY,
            "detach_reset": DETACH,
            "learn_threshold": LEARN_THRESHOLD,
            "per_neuron": PER_NEURON,
        },
        reference="Gerstner et al. 2014, Neuronal Dynamics, section 1.3, without leak",
        equation=_resets("u[t−1]"),
        reset=FromParam("reset"),
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("detach_reset"),
        states=("membrane",),
    ),
    NeuronSpec(
        name="plif",
        version="1",
        summary="parametric LIF: a learned decay",
        factory="snnbench.components.neurons.plif:PLIF",
        params={
            "beta": decay(0.95, "membrane decay before training", LEARNED_DECAY_RANGE),
            "threshold": THRESHOLD,
            "reset": RESET,
            "reset_delay": RESET_DELAY,
            "detach_reset": DETACH,
        },
        reference="Fang et al. 2021, ICCV",
        equation="β = sigmoid(a)\n" + _resets("β·u[t−1]"),
        reset=FromParam("reset"),
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("detach_reset"),
        states=("membrane",),
    ),
    NeuronSpec(
        name="rlif",
        version="1",
        summary="LIF with dense recurrent weights",
        factory="snnbench.components.neurons.rlif:RLIF",
        params={
            "beta": decay(0.95, "membrane decay"),
            "threshold": THRESHOLD,
            "rec_strength": Param(1.0, doc="ρ, factor on the recurrent input"),
            "rec_init_scale": Param(1.0, low=0.0, doc="gain of the Xavier-uniform recurrent weights"),
            "reset": RESET,
            "reset_delay": RESET_DELAY,
            "detach_reset": DETACH,
            "learn_beta": LEARN_BETA,
            "learn_threshold": LEARN_THRESHOLD,
            "per_neuron": PER_NEURON,
            "inhibition": INHIBITION,
            "state_bits": STATE_BITS,
            "state_range": STATE_RANGE,
            "graded_spikes_factor": SPIKE_FACTOR,
        },
        reference="Cramer et al. 2020, IEEE TNNLS 33(7), eq. 3, without synaptic filter",
        equation="v[t] = β·u[t−1] + x[t] + ρ·W·s[t−1]\nsubtract: u[t] = v[t] − θ·s[t−1]\n"
        "zero: u[t] = (1 − s[t−1])·v[t]\nnone: u[t] = v[t]\ns[t] = H(u[t] − θ)\n"
        "With reset_delay=false: s[t] = H(v[t] − θ), and s[t] resets in place of s[t−1]",
        spike=FromParam("graded_spikes_factor", {1.0: "binary"}, otherwise="multi"),
        reset=FromParam("reset"),
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("detach_reset"),
        recurrent=True,
        states=FromParam("reset_delay", {True: ("membrane",), False: ("membrane", "spikes")}),
    ),
    NeuronSpec(
        name="synaptic",
        version="2",
        summary="LIF behind an exponential synapse (second order)",
        factory="snnbench.components.neurons.synaptic:Synaptic",
        params={
            "alpha": decay(0.5, "decay of the synaptic current"),
            "beta": decay(0.9, "membrane decay"),
            "threshold": THRESHOLD,
            "reset": RESET,
            "reset_delay": RESET_DELAY,
            "detach_reset": DETACH,
            "learn_alpha": Param(False, doc="train the synaptic decay, kept within [0, 1]"),
            "learn_beta": LEARN_BETA,
            "learn_threshold": LEARN_THRESHOLD,
            "per_neuron": PER_NEURON,
            "inhibition": INHIBITION,
            "state_bits": STATE_BITS,
            "state_range": STATE_RANGE,
            "graded_spikes_factor": SPIKE_FACTOR,
        },
        reference="Neftci, Mostafa & Zenke 2019, IEEE Signal Processing Magazine 36(6), eqs. 1-4",
        equation="i[t] = α·i[t−1] + x[t]\nv[t] = β·u[t−1] + i[t]\nsubtract: u[t] = v[t] − θ·s[t−1]\n"
        "zero: u[t] = (1 − s[t−1])·v[t]\nnone: u[t] = v[t]\ns[t] = H(u[t] − θ)\n"
        "With reset_delay=false: s[t] = H(v[t] − θ), and in place of s[t−1] stands s[t]",
        spike=FromParam("graded_spikes_factor", {1.0: "binary"}, otherwise="multi"),
        reset=FromParam("reset"),
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("detach_reset"),
        states=("current", "membrane"),
    ),
    NeuronSpec(
        name="alpha",
        version="1",
        summary="membrane response of alpha shape: the difference of two traces",
        factory="snnbench.components.neurons.alpha:Alpha",
        params={
            "alpha": decay(0.9, "decay of the excitatory trace, above beta", (POSITIVE, 1.0)),
            "beta": decay(0.8, "decay of the inhibitory trace", (POSITIVE, 1.0)),
            "threshold": THRESHOLD,
            "reset": Param("zero", choices=("zero", "subtract", "none"), doc="what a spike does"),
            "detach_reset": DETACH,
            "inhibition": INHIBITION,
        },
        reference="Rall 1967, Journal of Neurophysiology 30(5)",
        equation="e[t] = α·e[t−1] + x[t]\ni[t] = β·i[t−1] − x[t]\nc = ln β/(ln β − ln α)\n"
        "where s[t−1] = 1, zero: e[t] and i[t] become 0\nsubtract: e[t] loses θ/c\nnone: nothing\n"
        "u[t] = c·(e[t] + i[t])\ns[t] = H(u[t] − θ)",
        reset=FromParam("reset"),
        reset_delay=True,
        reset_detached=FromParam("detach_reset"),
        states=("excitatory", "inhibitory"),
    ),
    NeuronSpec(
        name="lapicque",
        version="1",
        summary="LIF as a circuit of resistor and capacitor",
        factory="snnbench.components.neurons.lapicque:Lapicque",
        params={
            "resistance": Param(5.0, low=POSITIVE, unit="MΩ", doc="R", per_neuron=PerNeuron.VALUE),
            "capacitance": Param(5.0, low=POSITIVE, unit="nF", doc="C", per_neuron=PerNeuron.VALUE),
            "dt": DT,
            "threshold": replace(THRESHOLD, unit="mV"),
            "reset": RESET,
            "detach_reset": DETACH,
            "inhibition": INHIBITION,
            "state_bits": STATE_BITS,
            "state_range": STATE_RANGE,
        },
        reference="Lapicque 1907; Brunel & van Rossum 2007, Biological Cybernetics 97",
        equation="v[t] = (1 − dt/RC)·u[t−1] + (dt/C)·x[t]\nsubtract: u[t] = v[t] − θ·s[t−1]\n"
        "zero: u[t] = (1 − s[t−1])·v[t]\nnone: u[t] = v[t]\ns[t] = H(u[t] − θ)",
        reset=FromParam("reset"),
        reset_delay=True,
        reset_detached=FromParam("detach_reset"),
        states=("membrane",),
    ),
)
