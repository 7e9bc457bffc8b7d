"""Parameters that several neurons share, for the lists of specs. Imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.distributions import PerNeuron
from snnbench.plugin.params import Param

POSITIVE: Final = 1e-6
"""Least value of what has to be above 0: thresholds, time constants, resistances."""

DECAY_RANGE: Final = (0.0, 1.0)
LEARNED_DECAY_RANGE: Final = (1e-6, 1 - 1e-6)
"""A decay that is learned through a sigmoid reaches neither end."""

THRESHOLD: Final = Param(
    1.0, low=POSITIVE, doc="membrane value above which a neuron spikes", per_neuron=PerNeuron.VALUE
)
RESET: Final = Param(
    "subtract", choices=("subtract", "zero", "none"), doc="what a spike does to the membrane"
)
RESET_DELAY: Final = Param(True, doc="apply the reset one step after the spike")
DETACH: Final = Param(False, doc="keep the gradient out of the reset")
LEARN_BETA: Final = Param(False, doc="train the membrane decay, kept within [0, 1]")
LEARN_THRESHOLD: Final = Param(False, doc="train the threshold, kept above 0")
PER_NEURON: Final = Param(False, doc="one learned value a neuron instead of one a layer")
INHIBITION: Final = Param(False, doc="only the neuron with the largest u − θ of a sample spikes")
STATE_BITS: Final = Param(0, low=0, high=16, doc="round the states to 2^bits levels; 0: not at all")
STATE_RANGE: Final = Param((-1.0, 1.2), doc="the least and the greatest level of a rounded state")
SPIKE_FACTOR: Final = Param(1.0, doc="size of an output spike; resets are by spikes of size 1")
DT: Final = Param(1.0, low=1e-6, unit="ms", doc="Euler step")


def decay(default: float, doc: str, within: tuple[float, float] = DECAY_RANGE) -> Param:
    """Return the parameter of a decay a step, within a range."""
    return Param(default, *within, "1/step", doc, per_neuron=PerNeuron.DECAY)
