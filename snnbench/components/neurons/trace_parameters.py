"""The trace family stores its parameters unconstrained, so that training cannot leave their range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import softplus

from snnbench.components.neurons.trace_variant import kind_of
from snnbench.errors import UsageError

Map: TypeAlias = Callable[[Tensor], Tensor]


def _inverse_softplus(value: Tensor) -> Tensor:
    """Return the least raw tensor whose softplus, in its own dtype, is not below ``value``.

    A neuron with u = θ is silent.
    """
    raw = value.expm1().log()
    raw = value.where(raw.isfinite() & (raw > 20), raw)  # PyTorch's softplus is the identity above 20
    while (low := softplus(raw) < value).any():
        raw = raw.nextafter(torch.full_like(raw, torch.inf)).where(low, raw)
    return raw


_DECAY: Final[tuple[Map, Map]] = (torch.logit, torch.sigmoid)
_STORED_READ: Final[dict[str, tuple[Map, Map]]] = {
    "alpha": _DECAY,
    "beta": _DECAY,
    "gamma": _DECAY,
    "threshold": (_inverse_softplus, softplus),
    "bias": (torch.sinh, torch.arcsinh),
    "scale": (torch.clone, torch.clone),
    "rec_weight": (torch.clone, torch.clone),
}


def store(name: str, value: float | Tensor, rank: int, neurons: int) -> Tensor:
    """Return the raw tensor of a parameter, ``[]`` or ``[neurons]``.

    Args:
        name: Of the parameter: ``pos_beta``.
        value: A number; or a tensor, whose own rank and dtype are then kept.
        rank: 0 for one value for all neurons, 1 for one a neuron.
        neurons: Number of neurons.

    Raises:
        UsageError: The tensor has another shape, or a value lies outside the parameter's range.
    """
    if not isinstance(value, Tensor):
        value = torch.full((neurons,) * rank, float(value))
    if tuple(value.shape) not in ((), (neurons,)):
        hint = f"give a number and rank 0 or 1, or a tensor of shape () or ({neurons},)"
        raise UsageError(f"{name} has shape {tuple(value.shape)}", hint)
    raw = _STORED_READ[kind_of(name)][0](value.detach())
    if not raw.isfinite().all():
        raise UsageError(
            f"{name} has a value that cannot be stored", "decays lie in (0, 1), thresholds above 0 and to 80"
        )
    return raw


def read(name: str, raw: Tensor) -> Tensor:
    """Return the parameter's value from its raw tensor, same shape."""
    return _STORED_READ[kind_of(name)][1](raw)
