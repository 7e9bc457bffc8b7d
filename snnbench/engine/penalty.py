"""Stability as a term of the training loss."""

from __future__ import annotations

from torch import Tensor

from snnbench.engine.exponent import Recurrent, exponents, growth
from snnbench.settings import Regulariser


def penalty(network: Recurrent, x: Tensor, regulariser: Regulariser) -> Tensor:
    """``weight · mean (λ − target)²`` over the samples of ``x`` ``[T, B, *]`` and the exponents asked for.

    Left out are exponents of −∞, which have no gradient; if all are, the penalty is 0.

    Raises:
        UsageError: The network has no memory, or no derivative of the kind that the estimator needs.
    """
    if regulariser.estimator == "lambda_grad":
        values = exponents(network, x, regulariser.exponents)
    else:
        values = growth(network, x, regulariser.delta)
    known = values.isfinite()
    squares = (values.where(known, regulariser.target) - regulariser.target).square()
    return regulariser.weight * squares.sum() / known.sum().clamp(min=1)
