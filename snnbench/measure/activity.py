"""Activity tells how often the neurons of each layer spike, and how many never do or always do."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from snnbench.core.network import Network
from snnbench.measure.context import CellContext
from snnbench.records import Metric

SAMPLES: Final = 256
"""Test samples that are shown."""


def activity(trained: CellContext) -> dict[str, Metric]:
    """Return the spikes of a network over its first test samples, evaluation mode.

    A spike is an output that is not 0. The integrator of a membrane readout is left out.

    Returns:
        ``activity.rate``: spikes a neuron and step; ``activity.rate[i]``: those of the i-th layer, from 0;
        ``activity.dead`` and ``activity.saturated``: the fraction of neurons that spiked in no step, and in
        every step, of any sample.
    """
    reason = _no_spikes(trained)
    if reason:
        return missing(reason)
    x, _ = trained.batch(trained.data.test, min(SAMPLES, len(trained.data.test)), "probe.activity")
    layers = _spikes(trained.network, x)
    rates = [layer.mean() for layer in layers]
    units = torch.cat([layer.mean((0, 1)).flatten() for layer in layers])
    return {
        "activity.rate": Metric(float(units.mean()), "1/step"),
        **{f"activity.rate[{index}]": Metric(float(rate), "1/step") for index, rate in enumerate(rates)},
        "activity.dead": Metric(float((units == 0).double().mean())),
        "activity.saturated": Metric(float((units == 1).double().mean())),
    }


def _no_spikes(trained: CellContext) -> str:
    if trained.cell.surrogate is None:
        return "the neuron does not spike"
    surrogates = [getattr(neuron, "surrogate", None) for neuron in trained.network.neurons]
    return "graded outputs are no spikes" if any(getattr(one, "graded", False) for one in surrogates) else ""


def _spikes(network: Network, x: Tensor) -> list[Tensor]:
    """Return 1 where an output is not 0, of each layer that spikes, ``[T, B, *]``, float64."""
    with torch.no_grad():
        outputs = network.outputs(x)
    spiking = outputs[:-1] if network.readout.startswith("membrane") else outputs
    return [(output != 0).double() for output in spiking]


def missing(reason: str) -> dict[str, Metric]:
    """Return all of the above, not measured."""
    rate = Metric.missing(reason, "1/step")
    others = {f"activity.{name}": Metric.missing(reason) for name in ("dead", "saturated")}
    return {"activity.rate": rate, **others}
