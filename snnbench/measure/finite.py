"""Check that a trained network still computes with numbers: a NaN membrane is silent, not loud."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from snnbench.measure.accuracy import DivergedError
from snnbench.measure.context import CellContext


def check_finite(trained: CellContext) -> None:
    """Look at all weights, and at the states after a batch of test samples.

    ``NaN > θ`` is false: a neuron whose membrane is lost spikes no more, and the loss stays finite.

    Raises:
        DivergedError: One of them is not finite.
    """
    network = trained.network
    x, _ = trained.batch(trained.data.test, trained.cell.budget.batch_size, "probe.finite")
    with torch.no_grad():
        _, states = network.window(x, None)
    parts = {"weight": network.state_dict().values(), "state": states}
    lost = [f"{_share(tensors):.1%} of the {what}s" for what, tensors in parts.items() if _share(tensors)]
    if lost:
        raise DivergedError(
            f"after training {' and '.join(lost)} are not finite",
            "a membrane that is not a number never spikes, so the loss did not show it",
        )


def _share(tensors: Iterable[Tensor]) -> float:
    """Return the fraction of entries that are not finite; 0 where there is none."""
    flags = [~one.isfinite().flatten() for one in tensors]
    return float(torch.cat(flags).double().mean()) if flags else 0.0
