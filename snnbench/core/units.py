"""The units in which the size of a disturbance is measured."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

import torch
from torch import Tensor

from snnbench.core.eager import State
from snnbench.core.neuron import Neuron
from snnbench.errors import UsageError

Unit: TypeAlias = tuple[float | Tensor, ...]
"""A unit has one entry for each part of a state: a number, or a tensor that fits one sample of it."""


def unit_of(populations: Iterable[Neuron]) -> Unit:
    """Return the units of the states of ``populations`` in order; 1 for each state of one that names none."""
    found: list[float | Tensor] = []
    for neuron in populations:
        said = neuron.disturbance_unit()
        found += [1.0] * len(neuron.states) if said is None else said
    return tuple(found)


def weights(state: State, unit: Unit | None) -> Tensor:
    """Return the factors ``[N]`` that make the Euclidean norm of a difference of two states its size.

    Args:
        state: Parts ``[B, *]`` of N components a sample in all.
        unit: Of each part. The size is then the root mean square over the N components, in these units: it
            does not depend on how wide a network is, nor on the scale of its membranes. None for the
            Euclidean norm of the state as it is.

    Raises:
        UsageError: A unit is not above 0, or there are more or fewer than parts.
    """
    if unit is None:
        return torch.cat([torch.ones_like(part[0]).flatten() for part in state])
    if len(unit) != len(state):
        raise UsageError(f"{len(unit)} units of a state of {len(state)} parts", "give one for each part")
    flat = torch.cat([_spread(one, part[0]).flatten() for one, part in zip(unit, state, strict=True)])
    if not ((flat > 0) & flat.isfinite()).all():
        raise UsageError(
            f"a disturbance is measured in units of {float(flat.min()):g}",
            "units are finite and above 0: is a threshold at its rest?",
        )
    return 1 / (flat * math.sqrt(len(flat)))


def _spread(unit: float | Tensor, part: Tensor) -> Tensor:
    """Return ``unit`` for each component of ``part`` ``[*]``."""
    value = torch.as_tensor(unit, dtype=part.dtype, device=part.device).detach()
    try:
        return value.expand_as(part)
    except RuntimeError:
        raise UsageError(
            f"a unit of shape {list(value.shape)} for a part of the state of shape [B, "
            f"{', '.join(map(str, part.shape))}]",
            "a number, or a tensor that goes with one sample of the part",
        ) from None
