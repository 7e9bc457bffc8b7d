"""A readout pools the outputs of a network's last layer into one value a unit."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

Readout: TypeAlias = Literal["spike_sum", "spike_mean", "membrane_mean", "membrane_max", "membrane_last"]
READOUTS: tuple[str, ...] = get_args(Readout)


def pool(outputs: Tensor, readout: Readout, lengths: Tensor | None = None) -> Tensor:
    """Return one value a unit, ``[B, H]``, from the first ``lengths`` outputs over time ``[T, B, H]``."""
    if lengths is not None:
        return _pool_real(outputs, readout, lengths)
    match readout:
        case "spike_sum":
            return outputs.sum(0)
        case "spike_mean" | "membrane_mean":
            return outputs.mean(0)
        case "membrane_max":
            return outputs.amax(0)
        case "membrane_last":
            return outputs[-1]


def _pool_real(outputs: Tensor, readout: Readout, lengths: Tensor) -> Tensor:
    """Return ``pool`` over the real steps of each sample, ``lengths`` ``[B]``."""
    if readout == "membrane_last":
        return outputs[lengths - 1, torch.arange(len(lengths), device=outputs.device)]
    steps = torch.arange(len(outputs), device=outputs.device)[:, None]
    padding = (steps >= lengths).view(*outputs.shape[:2], *[1] * (outputs.ndim - 2))
    if readout == "membrane_max":
        return outputs.masked_fill(padding, -torch.inf).amax(0)
    total = outputs.masked_fill(padding, 0).sum(0)
    return total if readout == "spike_sum" else total / lengths.view(-1, *[1] * (total.ndim - 1))
