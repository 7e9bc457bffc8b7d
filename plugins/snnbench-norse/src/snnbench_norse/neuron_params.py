"""Parameters that norse's neurons share. Imports neither torch nor norse.

Norse's own documentation gives its rates in 1/ms and dt in ms; its defaults, dt = 0.001 and
1/τ = 100, are in seconds, and so are the units here. Where its defaults mix the two, the summary says so.
"""

from __future__ import annotations

from typing import Final

from snnbench import Param

_RATE: Final = "1/s"

DT: Final = Param(0.001, low=1e-9, unit="s", doc="Euler step")
V_LEAK: Final = Param(0.0, unit="mV", doc="potential that the membrane leaks to, and starts at")
V_TH: Final = Param(1.0, unit="mV", doc="potential above which a neuron spikes")
V_RESET: Final = Param(0.0, unit="mV", doc="potential after a spike")
TAU_MEM: Final = Param(100.0, low=0.0, unit=_RATE, doc="inverse membrane time constant")
TAU_SYN: Final = Param(200.0, low=0.0, unit=_RATE, doc="inverse synaptic time constant")
RHO: Final = Param(5.0, low=0.0, unit="step", doc="steps for which a neuron stays refractory")

MEMBRANE: Final = {"tau_mem_inv": TAU_MEM, "v_leak": V_LEAK, "v_th": V_TH, "v_reset": V_RESET}
LIF: Final = {"tau_syn_inv": TAU_SYN, **MEMBRANE}
EX: Final = {"delta_T": Param(0.5, low=1e-6, unit="mV", doc="sharpness of the exponential upstroke"), **LIF}
ADEX: Final = {
    "adaptation_current": Param(4.0, doc="how strongly the membrane drives the adaptation"),
    "adaptation_spike": Param(0.02, doc="what a spike adds to the adaptation"),
    "tau_ada_inv": Param(2.0, low=0.0, unit=_RATE, doc="inverse time constant of the adaptation"),
    **EX,
}
LSNN: Final = {
    "tau_adapt_inv": Param(
        1 / 800,
        low=0.0,
        unit=_RATE,
        doc="inverse time constant of the adaptation: 800 s, where 800 ms is meant",
    ),
    "beta": Param(1.8, doc="what a spike adds to the adaptation"),
    **LIF,
}

BEHAVIORS: Final = (
    "tonic_spiking",
    "phasic_spiking",
    "tonic_bursting",
    "phasic_bursting",
    "mixed_mode",
    "spike_frequency_adaptation",
    "class_1_exc",
    "class_2_exc",
    "spike_latency",
    "subthreshold_oscillation",
    "resonator",
    "integrator",
    "rebound_spike",
    "rebound_burst",
    "threshold_variability",
    "bistability",
    "dap",
    "accomodation",
    "inhibition_induced_spiking",
    "inhibition_induced_bursting",
)
BEHAVIOR: Final = Param("tonic_spiking", choices=BEHAVIORS, doc="norse's parameters and start of that name")
