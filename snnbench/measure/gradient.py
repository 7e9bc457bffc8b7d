"""Measure how steep the loss is where the network stands."""

from __future__ import annotations

import copy

import torch
from torch.nn.functional import cross_entropy

from snnbench.measure.context import CellContext
from snnbench.records import Metric


def gradient(trained: CellContext) -> dict[str, Metric]:
    """Return ``gradient.norm``: the Euclidean norm of the cross-entropy's gradient over all parameters.

    Of one training batch, on a copy of the network in training mode.
    """
    network = copy.deepcopy(trained.network).train()
    x, y = trained.batch(trained.data.train, trained.cell.budget.batch_size, "probe.gradient")
    cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
    sizes = [torch.linalg.vector_norm(one.grad) for one in network.parameters() if one.grad is not None]
    if not sizes:
        return missing("no parameter has a gradient")
    norm = float(torch.linalg.vector_norm(torch.stack(sizes)))
    return {"gradient.norm": Metric(norm)} if norm < torch.inf else missing("the gradient is not finite")


def missing(reason: str) -> dict[str, Metric]:
    """Return the same, not measured."""
    return {"gradient.norm": Metric.missing(reason)}
