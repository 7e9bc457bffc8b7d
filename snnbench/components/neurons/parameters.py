"""Decays and thresholds: a number, or a parameter to be learned."""

from __future__ import annotations

import math
from typing import TypeAlias

import torch
from torch import Tensor, nn

Value: TypeAlias = float | nn.Parameter


def parameter(value: float, learn: bool, shape: tuple[int, ...]) -> Value:
    """``value`` as a float, or a parameter of ``shape`` (``()``: one for all neurons) that starts there."""
    return nn.Parameter(torch.full(shape, float(value))) if learn else float(value)


def in_dtype(value: Value, like: Tensor) -> float | Tensor:
    """``value`` for arithmetic that keeps the dtype of ``like``."""
    return value if isinstance(value, float) else value.to(like.dtype)


def decay(value: Value, like: Tensor) -> float | Tensor:
    """A decay in [0, 1]: learned ones are clipped on use, and learn from 0 to 1, both included."""
    if isinstance(value, float):
        return value
    inside = (value >= 0) & (value <= 1)  # clamp alone passes no gradient at 0 and at 1
    return value.where(inside, value.detach().clamp(0, 1)).to(like.dtype)


def log_decay(value: Value) -> float:
    """Natural logarithm of the slowest decay, nats a step; −∞ for no memory."""
    slowest = value if isinstance(value, float) else float(value.detach().clamp(0, 1).max())
    return math.log(slowest) if slowest > 0 else -math.inf
