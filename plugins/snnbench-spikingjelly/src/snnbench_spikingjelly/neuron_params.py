"""Parameters that SpikingJelly's neurons share. The defaults are SpikingJelly's."""

from __future__ import annotations

from typing import Final

from snnbench import Param

TAU: Final = Param(2.0, low=1.000001, unit="step", doc="membrane time constant τ")
DECAY_INPUT: Final = Param(True, doc="divide the input by τ too")
V_RESET: Final = Param(
    0.0, doc="membrane r after a spike, and at the start, with reset='value'; else not used"
)
DETACH: Final = Param(False, doc="keep the gradient out of the reset")


def threshold(default: float = 1.0) -> Param:
    """Return the threshold θ."""
    return Param(default, low=1e-6, doc="membrane value θ at which a neuron spikes")


def reset(default: str, *choices: str) -> Param:
    """Return the choice of resets."""
    return Param(default, choices=choices, doc="what a spike does to the membrane")


RESET: Final = reset("zero", "zero", "subtract", "value")
LEAK: Final = {"tau": TAU, "decay_input": DECAY_INPUT}
FIRE: Final = {"v_threshold": threshold(), "reset": RESET, "v_reset": V_RESET, "detach_reset": DETACH}
BY_VALUE: Final = {
    "v_threshold": threshold(),
    "v_rest": Param(0.0, doc="membrane at rest, not below r"),
    "v_reset": Param(-0.1, doc="membrane r after a spike, and at the start"),
    "detach_reset": DETACH,
}
