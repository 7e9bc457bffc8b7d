"""Measure whether anything is kept between batches: the same batch twice must give the same output."""

from __future__ import annotations

from typing import Final

import torch

from snnbench.measure.context import CellContext
from snnbench.measure.workload import inference
from snnbench.records import Metric

CHECK: Final = "accuracy.repeat_check"


def repeat(trained: CellContext) -> dict[str, Metric]:
    """Classify a batch of test samples, encoded once, two times in a row.

    On the CPU the logits must be equal; elsewhere they may differ by rounding, where a sum has no order.

    Args:
        trained: The cell.

    Returns:
        ``accuracy.repeat_check``: 1 where the logits agree; 0 where they do not, because a state was
        carried from one batch into the next or the network draws random numbers in evaluation.
    """
    x, _ = trained.batch(trained.data.test, trained.cell.budget.batch_size, "probe.repeat")
    first, second = inference(trained.network, x), inference(trained.network, x)
    exact = trained.device.type == "cpu"
    same = torch.equal(first, second) if exact else torch.allclose(first, second, rtol=1e-4, atol=1e-5)
    return {CHECK: Metric(float(same))}


def missing(reason: str) -> dict[str, Metric]:
    """Return the same, not measured."""
    return {CHECK: Metric.missing(reason)}
