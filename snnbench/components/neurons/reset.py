"""What a spike does to the membrane, for all integrate-and-fire neurons."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor

Reset: TypeAlias = Literal["subtract", "zero", "none"]


def apply_reset(u: Tensor, s: Tensor, threshold: float | Tensor, reset: Reset) -> Tensor:
    """The membrane after the reset.

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
