"""Measure how many learned decays and thresholds ended at a bound of their range."""

from __future__ import annotations

from torch import Tensor

from snnbench.core.network import Network
from snnbench.core.neuron import Bounds

MARK = "at bound"


def at_bound(network: Network) -> dict[str, int]:
    """Return how many learned values of a parameter are at or beyond a bound.

    The key is ``layer 1 beta``, the value their number.

    Parameters without such a value are left out.
    """
    found = {
        f"layer {place} {name}": _count(neuron.get_parameter(name), bounds)
        for place, neuron in enumerate(network.neurons, 1)
        for name, bounds in neuron.bounds.items()
    }
    return {name: count for name, count in found.items() if count}


def _count(values: Tensor, bounds: Bounds) -> int:
    low, high = bounds
    return int(((values <= low) | (values >= high)).sum())


def labels(network: Network) -> dict[str, str]:
    """Return the label of a row with such values: ``layer 1 beta: 3``; none without them."""
    found = at_bound(network)
    return {MARK: ", ".join(f"{name}: {count}" for name, count in found.items())} if found else {}
