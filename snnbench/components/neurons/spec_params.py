"""Parameters that several neurons share, for the lists of specs. Imports no torch."""

from __future__ import annotations

from typing import Final

from snnbench.plugin.specs import Param

THRESHOLD: Final = Param(1.0, low=1e-6, doc="membrane value above which a neuron spikes")
RESET: Final = Param(
    "subtract", choices=("subtract", "zero", "none"), doc="what a spike does to the membrane"
)
RESET_DELAY: Final = Param(True, doc="apply the reset one step after the spike")
DETACH: Final = Param(False, doc="keep the gradient out of the reset")
LEARN_BETA: Final = Param(False, doc="train the membrane decay, kept within [0, 1]")
LEARN_THRESHOLD: Final = Param(False, doc="train the threshold, kept above 0")
PER_NEURON: Final = Param(False, doc="one learned value a neuron instead of one a layer")
DT: Final = Param(1.0, low=1e-6, unit="ms", doc="Euler step")


def decay(default: float, doc: str, low: float = 0.0) -> Param:
    """A decay a step, from ``low`` to 1."""
    return Param(default, low=low, high=1.0, unit="1/step", doc=doc)
