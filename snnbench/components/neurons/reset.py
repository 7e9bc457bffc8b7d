"""Define what a spike does to the membrane, for all integrate-and-fire neurons."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor

from snnbench.core.neuron import SavedTensors

Reset: TypeAlias = Literal["subtract", "zero", "none"]


def apply_reset(u: Tensor, s: Tensor, threshold: float | Tensor, reset: Reset) -> Tensor:
    """Return the membrane after the reset.

    Args:
        u: Membrane, ``[B, *features]``.
        s: Spikes that cause the reset, like ``u``.
        threshold: θ, a number or one value a neuron.
        reset: ``subtract`` takes θ off, ``zero`` wipes the membrane, ``none`` leaves it.
    """
    match reset:
        case "subtract":
            return u - threshold * s
        case "zero":
            return (1 - s) * u
        case "none":
            return u


def saved_for_backward(reset: Reset, *, detached: bool, wipes_input: bool = False) -> SavedTensors:
    """Return what a step with this reset and fixed parameters keeps for backward.

    A spike function keeps its argument. The product of a reset to zero keeps either factor that the
    other's gradient is to flow through: ``1 − s``, and the membrane unless the reset is detached.

    Args:
        reset: What a spike does.
        detached: The gradient does not flow through the reset.
        wipes_input: A delayed reset to zero acts on the input of the step too, hence in the first as well.
    """
    if reset != "zero":
        return SavedTensors(1)
    membrane = int(not detached)
    return SavedTensors(2, membrane) if wipes_input else SavedTensors(1, 1 + membrane)
