"""What is predicted to be saved for backward against what autograd saves."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import snnbench
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron, SavedTensors
from snnbench.measure.memory import sizes
from snnbench.measure.saved import UnknownLayerError, predicted_bytes, saved_bytes

SPIKING = [
    f"{name}({', '.join([f'reset={reset}', *rest])})"
    for name in ("lif", "synaptic")
    for reset in ("subtract", "zero", "none")
    for rest in ([], ["detach_reset=true"], *([["reset_delay=false"]] if name == "lif" else []))
]
NETWORKS = {
    "dense(hidden=[33])": (5, 4),
    "dense(hidden=[40,24], readout=spike_mean)": (64,),
    "conv(channels=[3,5])": (2, 8, 8),
    "vgg(blocks=[[3,4],[5]], hidden=7)": (1, 8, 8),
    "conv(channels=[4], dropout=0.0)": (1, 4, 4),
}


def built(network: str, neuron: str) -> Network:
    shape = NETWORKS[network]
    return snnbench.make_network(network, shape, 10, neuron=neuron, surrogate="atan").train()


def check(network: str, made: Network, x: Tensor) -> None:
    """To 5 %, which leaves room for BatchNorm's two numbers a channel; exactly where there is none."""
    measured, predicted = saved_bytes(made, x), predicted_bytes(made, x)
    assert predicted == pytest.approx(measured, rel=0.05)
    if network.startswith("dense"):
        assert predicted == measured


@pytest.mark.parametrize("steps", [2, 25])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("neuron", ["relu", *SPIKING])
def test_the_prediction_is_what_is_measured(network: str, neuron: str, steps: int) -> None:
    check(network, built(network, neuron), torch.rand(steps, 6, *NETWORKS[network]))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("neuron", ["relu", "lif", "synaptic"])
def test_a_repeated_step_is_saved_once(network: str, neuron: str) -> None:
    made, image = built(network, neuron), torch.rand(6, *NETWORKS[network])
    x = image.expand(25, *image.shape)
    check(network, made, x)
    assert saved_bytes(made, x) < saved_bytes(made, x.contiguous())


def test_both_stand_in_a_result_a_sample_and_step() -> None:
    metrics = sizes(built("dense(hidden=[33])", "lif"), torch.rand(25, 4, 5, 4))
    floats = 20 + 33 + 33 / 25  # the input; the argument of the spikes; the pooled spikes
    assert metrics["memory.saved_predicted"].value == pytest.approx(4 * floats)
    assert metrics["memory.saved_per_sample_step"].value == pytest.approx(4 * floats)


def test_what_nobody_has_counted_is_missing_with_the_reason() -> None:
    for neuron in ("lif(learn_beta=true)", "alif", "gru"):
        metrics = sizes(built("dense(hidden=[33])", neuron), torch.rand(3, 2, 5, 4))
        assert metrics["memory.saved_predicted"].value is None
        assert str(metrics["memory.saved_predicted"].reason).endswith("does not tell what its step keeps")
    strange = Network([nn.Linear(3, 3), nn.Softplus()], "spike_sum", nn.Linear(3, 2))
    with pytest.raises(UnknownLayerError, match="no rule for what Softplus keeps"):
        predicted_bytes(strange, torch.rand(2, 2, 3))


def test_predicting_leaves_the_network_as_it_was() -> None:
    made = built("conv(channels=[3,5])", "lif")
    before = {name: value.clone() for name, value in made.state_dict().items()}
    predicted_bytes(made, torch.rand(3, 2, 2, 8, 8))
    assert made.training
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())


def test_a_wrong_claim_does_not_pass_unseen() -> None:
    class Wrong(LIF):
        def saved_for_backward(self) -> SavedTensors:
            return SavedTensors(0)

    neuron = Wrong((8,), ATan(), torch.Generator())
    made, x = Network([nn.Linear(3, 8), neuron], "spike_sum", nn.Linear(8, 2)), torch.rand(9, 2, 3)
    assert predicted_bytes(made, x) < 0.95 * saved_bytes(made, x)


def test_what_is_let_go_before_the_end_is_not_counted() -> None:
    class Careless(Neuron):
        states = ()

        def initial_state(self, x_t: Tensor) -> tuple[Tensor, ...]:
            return ()

        def step(self, x_t: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
            return x_t, ()

        def forward(self, x: Tensor, state: object = None) -> tuple[Tensor, tuple[Tensor, ...]]:
            (x * 2).exp()  # nobody takes it
            return x, ()

    made, x = Network([nn.Linear(3, 8), Careless()], "spike_sum", nn.Linear(8, 2)), torch.rand(9, 2, 3)
    assert saved_bytes(made, x) == 4 * (9 * 2 * 3 + 2 * 8)
