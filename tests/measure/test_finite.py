"""A membrane or a weight that is no number is found although the loss is finite."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import snnbench
from snnbench.components.encoders.direct import Direct
from snnbench.components.neurons.lif import LIF
from snnbench.core.eager import State
from snnbench.core.network import Network
from snnbench.data.dataset import Dataset, Split
from snnbench.measure.accuracy import DivergedError
from snnbench.measure.context import CellContext
from snnbench.measure.finite import check_finite
from snnbench.records import Cell, Component
from snnbench.settings import Budget

PART = Component("made_up")


class Lost(LIF):
    """Its membrane becomes what is not finite where it is high."""

    value = float("nan")

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        s, (u, *rest) = super().step(x_t, state)
        return s, (u.masked_fill(u > 0.5, self.value), *rest)


def trained(network: Network) -> CellContext:
    x = torch.rand(12, 6, generator=torch.Generator().manual_seed(0)) * 40
    split = Split(x, torch.arange(12) % 3)
    data = Dataset(split, split, split, classes=3)
    described = Cell(PART, PART, PART, PART, PART, Budget(steps=4, batch_size=8), seed=0, key="00")
    return CellContext(described, network.eval(), Direct(4), data, torch.device("cpu"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_lost_membrane_is_found_though_the_logits_are_finite(value: float) -> None:
    network = snnbench.make_network("dense(hidden=[16])", (6,), 3)
    check_finite(trained(network))
    for neuron in network.neurons:
        neuron.__class__ = type("Lost", (Lost,), {"value": value})
    cell = trained(network)
    if value != float("inf"):  # a membrane of +∞ spikes, and takes the threshold off in vain
        assert network(cell.batch(cell.data.test, 8, "any")[0]).isfinite().all()
    with pytest.raises(DivergedError, match=r"after training \d+\.\d% of the states are not finite"):
        check_finite(cell)


def test_a_weight_that_is_no_number_is_found() -> None:
    network = snnbench.make_network("dense(hidden=[16])", (6,), 3)
    with torch.no_grad():
        next(network.parameters())[0, 0] = torch.nan
    with pytest.raises(DivergedError, match=r"of the weights and \d+\.\d% of the states"):
        check_finite(trained(network))


def test_a_network_without_memory_has_no_states() -> None:
    check_finite(trained(snnbench.make_network("dense(readout=spike_mean)", (6,), 3, neuron="relu")))
