"""Define what is timed and gauged: one training step and one inference."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


def training_step(network: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
    """Forward, cross-entropy, backward and optimiser, in the order training takes them.

    Args:
        network: Maps ``x`` to logits ``[B, classes]``.
        optimizer: Of the network's parameters.
        x: Encoded batch, ``[T, B, *]``.
        y: Classes, ``[B]``.
    """
    loss = cross_entropy(network(x), y)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def inference(network: nn.Module, x: Tensor) -> Tensor:
    """Return the logits ``[B, classes]`` of an encoded batch ``[T, B, *]``, without a graph."""
    with torch.no_grad():
        logits: Tensor = network(x)
        return logits
