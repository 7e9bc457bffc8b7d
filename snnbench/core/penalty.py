"""Stability can be a term of the training loss."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.exponent import exponents, growth
from snnbench.core.network import Network
from snnbench.core.units import unit_of
from snnbench.settings import Regulariser


def penalty(network: Network, x: Tensor, regulariser: Regulariser) -> Tensor:
    """Return ``weight · mean (λ − target)²`` over the samples of ``x`` ``[T, B, *]`` and the exponents.

    λ is that of the populations, without the memory of a membrane readout. Left out are exponents of −∞,
    which have no gradient; if all are, the penalty is 0.

    Raises:
        UsageError: The network has no memory but that of its readout, or no derivative of the kind that the
            estimator needs.
    """
    part = network.spiking_part
    if regulariser.estimator == "lambda_grad":
        values = exponents(part, x, regulariser.exponents)
    else:
        values = growth(part, x, regulariser.delta, unit_of(part.neurons))
    known = values.isfinite()
    squares = (values.where(known, regulariser.target) - regulariser.target).square()
    return regulariser.weight * squares.sum() / known.sum().clamp(min=1)
