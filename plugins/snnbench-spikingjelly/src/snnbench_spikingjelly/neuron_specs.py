"""Declare what ``spikingjelly.activation_based.neuron`` provides.

Defaults are SpikingJelly's. ``h`` is the membrane before the reset, ``v`` after it, θ is ``v_threshold`` and
r is ``v_reset``; a prime marks the step before. All but one spike where h ≥ θ, whatever the surrogate,
and reset in the step of the spike: to 0, to r, or by taking θ off.
"""

from __future__ import annotations

from typing import Final

from snnbench import Param
from snnbench_spikingjelly.library import SPIKINGJELLY
from snnbench_spikingjelly.neuron_params import (
    BY_VALUE,
    DECAY_INPUT,
    DETACH,
    FIRE,
    LEAK,
    RESET,
    TAU,
    V_RESET,
    reset,
    threshold,
)

_LIF: Final = "h = v' + (x − (v' − r))/τ, or v' − (v' − r)/τ + x without decay_input"


NEURONS: Final = (
    SPIKINGJELLY.neuron("if_node", "integrate-and-fire", "h = v' + x\ns = H(h − θ)", FIRE),
    SPIKINGJELLY.neuron("lif_node", "leaky integrate-and-fire", f"{_LIF}\ns = H(h − θ)", {**LEAK, **FIRE}),
    SPIKINGJELLY.neuron(
        "parametric_lif_node",
        "LIF with one learned time constant a layer",
        f"{_LIF}\n1/τ = sigmoid(w)\ns = H(h − θ)",
        {
            "init_tau": Param(2.0, low=1.000001, unit="step", doc="time constant τ before training"),
            "decay_input": DECAY_INPUT,
            **FIRE,
        },
        reference="Fang et al. 2021, ICCV",
    ),
    SPIKINGJELLY.neuron(
        "simple_if_node", "integrate-and-fire in plain PyTorch; starts at 0", "h = v' + x\ns = H(h − θ)", FIRE
    ),
    SPIKINGJELLY.neuron(
        "simple_lif_node",
        "leaky integrate-and-fire in plain PyTorch; starts at 0",
        f"{_LIF}\ns = H(h − θ)",
        {
            "tau": TAU,
            "decay_input": Param(True, doc="divide the input by τ too; spikingjelly has no default"),
            "v_threshold": threshold(),
            "reset": reset("zero", "zero", "value"),
            "v_reset": Param(0.0, doc="membrane r after a spike with reset='value'; else not used"),
            "detach_reset": DETACH,
        },
    ),
    SPIKINGJELLY.neuron(
        "half_threshold_if_node",
        "integrate-and-fire that starts at θ/2, as converted networks do",
        "h = v' + x\ns = H(h − θ)\nv = h − θ·s\nv[−1] = θ/2",
        {"v_threshold": threshold(), "detach_reset": DETACH},
        reset="subtract",
        reference="Bu et al. 2022, ICLR",
    ),
    SPIKINGJELLY.neuron(
        "activation_aware_if_node",
        "integrate-and-fire with an offset on the membrane that spikes, but is not reset",
        "h = v' + x\ns = H(h + o − θ)\nv = h − θ·s",
        {
            "v_threshold": threshold(),
            "v_offset": Param(0.0, doc="offset o on the membrane"),
            "reset": reset("subtract", "subtract", "zero", "value"),
            "v_reset": V_RESET,
            "detach_reset": DETACH,
        },
    ),
    SPIKINGJELLY.neuron(
        "klif_node",
        "LIF whose membrane is scaled by a learned factor and rectified",
        f"{_LIF}\nf = max(0, k·h)\ns = H(f − θ)\nthe reset is of f, or of f/k by θ/k with scale_reset",
        {"scale_reset": Param(False, doc="undo the scaling by k before the reset"), **LEAK, **FIRE},
        reference="Jiang & Zhang 2023, arXiv:2302.09238",
    ),
    SPIKINGJELLY.neuron(
        "cuba_lif_node",
        "LIF behind an exponential synapse",
        "c = a_c·c' + x\nh = a_v·v' + c\ns = H(h − θ)",
        {
            "c_decay": Param(0.5, low=0.0, high=1.0, unit="1/step", doc="decay a_c of the synaptic current"),
            "v_decay": Param(0.75, low=0.0, high=1.0, unit="1/step", doc="membrane decay a_v"),
            "v_threshold": threshold(0.5),
            "reset": RESET,
            "v_reset": V_RESET,
        },
        states=("v", "c"),
        reset_detached=False,
        reference="Tang et al. 2020, CoRL",
    ),
    SPIKINGJELLY.neuron(
        "ilif_node",
        "LIF that gives up to a number of spikes a step, by a function of its own whatever the surrogate",
        "h = v' − v'/τ + x\ns = round(clip(h/θ, 0, D))\nv = h − θ·s\nds/d(h/θ) = 1 where 0 ≤ h/θ ≤ D",
        {
            "tau": Param(4 / 3, low=1.000001, unit="step", doc="membrane time constant τ"),
            "v_threshold": Param(
                1.0, low=1e-6, doc="membrane θ that one spike stands for; from above θ/2 on there is one"
            ),
            "max_spike_count": Param(4, low=1, unit="spikes", doc="most spikes D of a step"),
            "detach_reset": DETACH,
        },
        spike="multi",
        threshold=">",
        reset="other",
        reference="Luo et al. 2024, ECCV",
    ),
    SPIKINGJELLY.neuron(
        "ternary_if_node",
        "integrate-and-fire with spikes of both signs",
        "h = v' + x\ns = H(h − θ) − H(−h − θ)",
        FIRE,
        spike="ternary",
        reference="Guo et al. 2024, AAAI",
    ),
    SPIKINGJELLY.neuron(
        "ternary_lif_node",
        "LIF with spikes of both signs",
        f"{_LIF}\ns = H(h − θ) − H(−h − θ)",
        {**LEAK, **FIRE},
        spike="ternary",
        reference="Guo et al. 2024, AAAI",
    ),
    SPIKINGJELLY.neuron(
        "liaf_node",
        "LIF whose output is a function of its membrane, and whose spikes only reset it",
        f"{_LIF}\ny = act(h − θ), or act(h) if not threshold_related\ns = H(h − θ)",
        {
            "act": Param(
                "relu",
                choices=("relu", "sigmoid", "tanh"),
                doc="output function; spikingjelly has no default",
            ),
            "threshold_related": Param(
                True, doc="take the threshold off before act; spikingjelly has no default"
            ),
            **LEAK,
            **FIRE,
        },
        spike="graded",
        reference="Wu et al. 2021, IEEE TNNLS 33(11)",
    ),
    SPIKINGJELLY.neuron(
        "qif_node",
        "quadratic integrate-and-fire",
        "h = v' + (x + a₀·(v' − v_rest)·(v' − v_c))/τ\ns = H(h − θ)",
        {
            "tau": TAU,
            "v_c": Param(0.8, doc="critical membrane, above which it runs away"),
            "a0": Param(1.0, low=1e-6, doc="curvature a₀"),
            **BY_VALUE,
        },
        reference="Gerstner et al. 2014, Neuronal Dynamics, section 5.3",
        reset="value",
    ),
    SPIKINGJELLY.neuron(
        "eif_node",
        "exponential integrate-and-fire",
        "h = v' + (x + v_rest − v' + Δ·exp((v' − θ_rh)/Δ))/τ\ns = H(h − θ)",
        {
            "tau": TAU,
            "delta_T": Param(1.0, low=0.01, doc="sharpness Δ of the upstroke"),
            "theta_rh": Param(0.8, doc="rheobase threshold θ_rh"),
            **BY_VALUE,
        },
        reference="Gerstner et al. 2014, Neuronal Dynamics, section 5.2",
        reset="value",
    ),
    SPIKINGJELLY.neuron(
        "izhikevich_node",
        "quadratic integrate-and-fire with adaptation",
        "h = v' + (x + a₀·(v' − v_rest)·(v' − v_c) − w')/τ\ns = H(h − θ)\n"
        "w = w' + (a·(h − v_rest) − w')/τ_w + b·s",
        {
            "tau": TAU,
            "v_c": Param(0.8, doc="critical membrane, above which it runs away"),
            "a0": Param(1.0, low=1e-6, doc="curvature a₀"),
            "v_threshold": threshold(),
            "reset": RESET,
            "v_reset": V_RESET,
            "v_rest": Param(-0.1, doc="membrane at rest"),
            "w_rest": Param(0.0, doc="adaptation at the start"),
            "tau_w": Param(2.0, low=1e-6, unit="step", doc="time constant τ_w of the adaptation"),
            "a": Param(0.0, doc="coupling a of the adaptation to the membrane"),
            "b": Param(0.0, doc="jump b of the adaptation at a spike"),
            "detach_reset": DETACH,
        },
        states=("v", "w"),
        reference="Izhikevich 2003, IEEE Transactions on Neural Networks 14(6), in two time constants",
    ),
    SPIKINGJELLY.neuron(
        "raf_node",
        "resonate-and-fire: a damped oscillation, of which v spikes and is reset, and u takes the input",
        "u = e^(b·dt)·(u'·cos ω·dt − v'·sin ω·dt) + x\nh = e^(b·dt)·(u'·sin ω·dt + v'·cos ω·dt)\n"
        "s = H(h − θ)",
        {
            "b": Param(-0.2, high=-1e-6, unit="1/ms", doc="damping b"),
            "omega": Param(1.0, low=1e-6, unit="rad/ms", doc="angular frequency ω"),
            "dt": Param(1.0, low=1e-6, unit="ms", doc="length of a step"),
            **FIRE,
        },
        states=("v", "current"),
        reference="Izhikevich 2001, Neural Networks 14",
    ),
    SPIKINGJELLY.neuron(
        "non_spiking_if_node",
        "integrator whose output is its membrane",
        "v = v' + x",
        spike="none",
        threshold=">",
        reset="none",
        reset_detached=False,
    ),
    SPIKINGJELLY.neuron(
        "non_spiking_lif_node",
        "leaky integrator whose output is its membrane",
        "v = v' + (x − v')/τ",
        {"tau": TAU},
        spike="none",
        threshold=">",
        reset="none",
        reset_detached=False,
    ),
    SPIKINGJELLY.neuron(
        "sliding_psn",
        "parallel spiking neuron: a learned weighted sum of the last inputs, without reset",
        "h = Σ_i w_i·x[t − k + 1 + i] + b, i = 0 … k − 1\ns = H(h)\nb = −1 before training",
        {
            "k": Param(2, low=2, unit="step", doc="inputs that count; spikingjelly has no default"),
            "exp_init": Param(
                True, doc="weights 1, 1/2, 1/4, …, the newest first, before training; else drawn"
            ),
        },
        states=("queue",),
        reset="none",
        reset_detached=False,
        reference="Fang et al. 2023, NeurIPS",
    ),
    SPIKINGJELLY.neuron(
        "complementary_lif_node",
        "LIF with a trace of its spikes, by which a spike takes off more than the threshold",
        "h = v' − v'/τ + x\ns = H(h − θ)\nm = m'·sigmoid(h/τ) + s\nv = h − s·(θ + sigmoid(m))",
        {"tau": TAU, "v_threshold": threshold()},
        states=("v", "m"),
        reset="other",
        reset_detached=False,
        reference="Huang et al. 2024, ICML",
    ),
)
