"""Declare what ``snntorch`` provides as neurons.

Defaults are snntorch's; where it has none, they are those of the example in the documentation of the class.
``u`` is ``mem``, ``i`` is ``syn``, θ the threshold; a prime marks the step before. Every reset is detached,
but for ``reset_delay=False``.
"""

from __future__ import annotations

from typing import Final

from snnbench import FromParam, Param
from snnbench_snntorch.library import SNNTORCH

_BETA: Final = Param(0.5, low=0.0, high=1.0, unit="1/step", doc="membrane decay β")
_ALPHA: Final = Param(0.9, low=0.0, high=1.0, unit="1/step", doc="decay α of the synaptic current")
_THRESHOLD: Final = Param(1.0, low=1e-6, doc="membrane value θ above which a neuron spikes")
_RESET: Final = Param(
    "subtract", choices=("subtract", "zero", "none"), doc="what a spike does to the membrane"
)
_DELAY: Final = Param(True, doc="reset in the step after the spike; else in its step, with a gradient")
_LEARN_ALPHA: Final = Param(False, doc="train α, clipped to [0, 1] on use")
_LEARN_BETA: Final = Param(False, doc="train β, clipped to [0, 1] on use")
_LEARN_THRESHOLD: Final = Param(False, doc="train θ")
_PER_NEURON: Final = Param(False, doc="one value a neuron of what is learned instead of one a layer")
_BIAS: Final = Param(True, doc="add a learned bias to the input")
_KERNEL: Final = Param(3, low=1, unit="pixel", doc="width of the recurrent kernel, for feature maps; odd")
_RECURRENT: Final = {
    "all_to_all": Param(True, doc="recurrent weights between all units (all channels), else one of its own"),
    "V": Param(1.0, doc="the recurrent weight of each unit onto itself, without all_to_all"),
    "kernel_size": _KERNEL,
    "learn_recurrent": Param(True, doc="train the recurrent weights"),
}
_BY_RESET_MECHANISM: Final = FromParam("reset_mechanism")


NEURONS: Final = (
    SNNTORCH.neuron(
        "leaky",
        "leaky integrate-and-fire",
        "u = β·u' + x − θ·s'\ns = H(u − θ)\nzero: u = β·(1 − s')·u' + x",
        {
            "beta": _BETA,
            "threshold": _THRESHOLD,
            "reset_mechanism": _RESET,
            "reset_delay": _DELAY,
            "learn_beta": _LEARN_BETA,
            "learn_threshold": _LEARN_THRESHOLD,
            "per_neuron": _PER_NEURON,
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("reset_delay"),
        states=("mem",),
    ),
    SNNTORCH.neuron(
        "synaptic",
        "LIF behind an exponential synapse",
        "i = α·i' + x\nu = β·u' + i − θ·s'\ns = H(u − θ)\nzero: u = 0 where s'",
        {
            "alpha": _ALPHA,
            "beta": _BETA,
            "threshold": _THRESHOLD,
            "reset_mechanism": _RESET,
            "reset_delay": _DELAY,
            "learn_alpha": _LEARN_ALPHA,
            "learn_beta": _LEARN_BETA,
            "learn_threshold": _LEARN_THRESHOLD,
            "per_neuron": _PER_NEURON,
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("reset_delay"),
        states=("syn", "mem"),
    ),
    SNNTORCH.neuron(
        "alpha",
        "membrane response of alpha shape: the difference of two traces",
        "e = α·e' + x\ni = β·i' − x\nu = (e + i)·(1 + ln α/(ln β − ln α))\ns = H(u − θ)\n"
        "e, i, u = 0 where s'",
        {
            "alpha": Param(
                0.9, low=1e-6, high=1.0, unit="1/step", doc="decay α of the excitatory trace, above beta"
            ),
            "beta": Param(0.8, low=1e-6, high=0.999999, unit="1/step", doc="decay β of the inhibitory trace"),
            "threshold": _THRESHOLD,
            "reset_mechanism": Param(
                "zero", choices=("zero", "none"), doc="what a spike does to the membrane and the traces"
            ),
            "learn_beta": _LEARN_BETA,
            "learn_threshold": _LEARN_THRESHOLD,
            "per_neuron": _PER_NEURON,
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=True,
        reset_detached=True,
        states=("syn_exc", "syn_inh", "mem"),
        reference="Rall 1967, Journal of Neurophysiology 30(5)",
    ),
    SNNTORCH.neuron(
        "lapicque",
        "LIF as a circuit of resistor and capacitor, by an Euler step",
        "u = (1 − dt/RC)·u' + (dt/C)·x − θ·s'\ns = H(u − θ)\nzero: u = 0 where s'\nof β, RC = −dt/ln β",
        {
            "beta": Param(
                0.5,
                low=0.0,
                high=0.999999,
                unit="1/step",
                doc="decay β that R or C is derived from; 0: not given",
            ),
            "R": Param(0.0, low=0.0, doc="resistance; 0: 1, or derived from β and C"),
            "C": Param(0.0, low=0.0, doc="capacitance; 0: derived from β and R"),
            "time_step": Param(1.0, low=1e-6, doc="Euler step dt, in the unit of RC"),
            "threshold": _THRESHOLD,
            "reset_mechanism": _RESET,
            "learn_threshold": _LEARN_THRESHOLD,
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=True,
        reset_detached=True,
        states=("mem",),
        reference="Lapicque 1907; Brunel & van Rossum 2007, Biological Cybernetics 97",
    ),
    SNNTORCH.neuron(
        "r_leaky",
        "LIF whose spikes return through learned weights",
        "u = β·u' + x + V(s') − θ·s'\ns = H(u − θ)\nzero: u = 0 where s'",
        {
            "beta": _BETA,
            **_RECURRENT,
            "threshold": _THRESHOLD,
            "reset_mechanism": _RESET,
            "reset_delay": _DELAY,
            "learn_beta": _LEARN_BETA,
            "learn_threshold": _LEARN_THRESHOLD,
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=FromParam("reset_delay"),
        reset_detached=FromParam("reset_delay"),
        recurrent=True,
        states=("spk", "mem"),
    ),
    SNNTORCH.neuron(
        "r_synaptic",
        "LIF behind a synapse that its own spikes enter through learned weights",
        "i = α·i' + x + V(s')\nu = β·u' + i − θ·s'\ns = H(u − θ)\nzero: u = 0 where s'",
        {
            "alpha": _ALPHA,
            "beta": _BETA,
            **_RECURRENT,
            "threshold": _THRESHOLD,
            "reset_mechanism": _RESET,
            "learn_alpha": _LEARN_ALPHA,
            "learn_beta": _LEARN_BETA,
            "learn_threshold": _LEARN_THRESHOLD,
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=True,
        reset_detached=True,
        recurrent=True,
        states=("spk", "syn", "mem"),
    ),
    SNNTORCH.neuron(
        "delta_leaky",
        "leaky integrator that spikes where its membrane changes by more than a threshold; no reset",
        "u = β·u' + x\ns = H(|u − u'| − δ)",
        {
            "beta": _BETA,
            "delta_threshold": Param(
                1.0, low=1e-6, doc="change δ of the membrane above which a neuron spikes"
            ),
            "learn_beta": Param(False, doc="train β, not clipped"),
            "per_neuron": _PER_NEURON,
        },
        reset_detached=True,
        states=("mem",),
    ),
    SNNTORCH.neuron(
        "state_leaky",
        "leaky integrator without reset, all steps at once by a convolution",
        "u = exp(β − 1)·u' + x\ns = H(u − θ)",
        {
            "beta": Param(
                0.5, low=0.0, high=0.999999, unit="1/step", doc="β; the membrane decays by exp(β − 1)"
            ),
            "threshold": _THRESHOLD,
            "learn_beta": Param(False, doc="train the time constant 1/(1 − β)"),
            "learn_threshold": _LEARN_THRESHOLD,
            "per_neuron": _PER_NEURON,
        },
        factory="parallel:state_leaky",
        reset_detached=True,
        states=("mem",),
    ),
    SNNTORCH.neuron(
        "leaky_parallel",
        "leaky integrator of rectified input, behind a dense layer; no reset, all steps at once",
        "u = max(0, W·x + b + β·u')\ns = H(u − θ)",
        {
            "beta": _BETA,
            "bias": _BIAS,
            "threshold": _THRESHOLD,
            "learn_threshold": _LEARN_THRESHOLD,
        },
        factory="parallel:leaky_parallel",
        reset_detached=True,
        recurrent=True,
        states=("mem",),
    ),
    SNNTORCH.neuron(
        "slstm",
        "LSTM cell that spikes where its output is above a threshold",
        "(h, c) = LSTM(x, h', c')\ns = H(h − θ)",
        {
            "bias": _BIAS,
            "threshold": Param(1.0, low=1e-6, doc="output θ above which a cell spikes; it never reaches 1"),
            "learn_threshold": _LEARN_THRESHOLD,
            "reset_mechanism": Param(
                "none", choices=("subtract", "zero", "none"), doc="what a spike does to h"
            ),
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=True,
        reset_detached=True,
        recurrent=True,
        states=("syn", "mem"),
    ),
    SNNTORCH.neuron(
        "s_conv2d_lstm",
        "convolutional LSTM cell that spikes where its output is above a threshold",
        "(h, c) = ConvLSTM(x, h', c')\ns = H(h − θ)",
        {
            "kernel_size": Param(3, low=1, unit="pixel", doc="width of the kernel; odd"),
            "bias": _BIAS,
            "threshold": Param(1.0, low=1e-6, doc="output θ above which a cell spikes; it never reaches 1"),
            "learn_threshold": _LEARN_THRESHOLD,
            "reset_mechanism": Param(
                "none", choices=("subtract", "zero", "none"), doc="what a spike does to h"
            ),
        },
        reset=_BY_RESET_MECHANISM,
        reset_delay=True,
        reset_detached=True,
        recurrent=True,
        states=("syn", "mem"),
    ),
)
