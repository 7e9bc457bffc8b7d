"""Activity and gradient of a network, by hand."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from snnbench.components.encoders.direct import Direct
from snnbench.components.networks.conv import conv
from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.relu import ReLU
from snnbench.components.neurons.trace_specs import TRACE_SPECS
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.core.network import Network
from snnbench.data.dataset import Dataset, Split
from snnbench.measure.activity import activity
from snnbench.measure.context import CellContext
from snnbench.measure.gradient import gradient
from snnbench.records import Cell, Component
from snnbench.settings import Budget

STEPS = 4
PART = Component("made_up")


def samples(x: Tensor) -> Split:
    return Split(x, torch.arange(len(x)) % 3)


def cell(network: Network, x: Tensor, surrogate: Component | None = PART) -> CellContext:
    data = Dataset(samples(x), samples(x), samples(x), classes=3)
    described = Cell(PART, PART, PART, PART, surrogate, Budget(steps=STEPS, batch_size=8), seed=0, key="00")
    return CellContext(described, network.eval(), Direct(STEPS), data, torch.device("cpu"))


def lif(**params: object) -> object:
    generator = torch.Generator().manual_seed(0)
    return lambda features: LIF(features, ATan(), generator, **params)  # type: ignore[arg-type]


class Scale(nn.Module):
    """``x · factors``, so that each unit's drive is chosen."""

    def __init__(self, factors: list[float]) -> None:
        super().__init__()
        self.factors = torch.tensor(factors)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factors


def test_rates_by_layer_and_units_that_never_or_always_spike() -> None:
    """β = 0 and no reset: a unit spikes when its input is above 1, in each step."""
    population = lif(beta=0.0, reset="none")
    first = Scale([0.0, 2.0, 1.5, 4.0])
    second = Scale([1.2, 0.0, 0.5, 0.0])
    layers = [first, population((4,)), second, population((4,))]  # type: ignore[operator]
    network = Network(layers, "spike_sum", nn.Linear(4, 3))
    x = torch.tensor([[1.0, 0.6, 0.6, 0.2], [1.0, 0.7, 0.8, 0.9]])  # spikes: 0100 and 0111
    metrics = {name: metric.value for name, metric in activity(cell(network, x)).items()}
    assert metrics == {
        "activity.rate": pytest.approx(4 / 16),
        "activity.rate[0]": pytest.approx(4 / 8),
        "activity.rate[1]": 0,
        "activity.dead": pytest.approx(5 / 8),
        "activity.saturated": pytest.approx(1 / 8),
    }


def test_a_unit_is_dead_only_if_silent_in_every_step_of_every_sample() -> None:
    network = Network([lif(beta=0.9)((3,))], "spike_sum", nn.Linear(3, 3))  # type: ignore[operator]
    x = torch.tensor([[0.4, 0.0, 5.0], [0.0, 0.0, 5.0]])
    states, spikes = torch.zeros(2, 3), []
    u = states
    for _ in range(STEPS):
        u = 0.9 * u + x - (u > 1).float()
        spikes.append(u > 1)
    known = torch.stack(spikes).double()
    assert known.sum(0).tolist() == [[1, 0, 4], [0, 0, 4]]
    metrics = activity(cell(network, x))
    assert metrics["activity.rate"].value == pytest.approx(float(known.mean()))
    assert metrics["activity.dead"].value == pytest.approx(1 / 3)
    assert metrics["activity.saturated"].value == pytest.approx(1 / 3)


def test_a_membrane_readout_is_no_layer_of_spikes_and_a_negative_spike_is_one() -> None:
    generator = torch.Generator().manual_seed(0)
    lits = next(spec for spec in TRACE_SPECS if spec.name == "lits").load()
    network = dense(
        (4,), 3, lambda f: lits(f, ATan(), generator), generator, hidden=(6,), readout="membrane_max"
    )
    trained = cell(network, 5 * torch.randn(7, 4, generator=torch.Generator().manual_seed(2)))
    outputs = network.outputs(trained.encoder(trained.data.test.x, generator))
    assert (outputs[0] < 0).any()
    metrics = activity(trained)
    assert set(metrics) == {f"activity.{name}" for name in ("rate", "rate[0]", "dead", "saturated")}
    assert metrics["activity.rate"].value == pytest.approx(float((outputs[0] != 0).double().mean()))


@pytest.mark.parametrize(
    ("population", "surrogate", "reason"),
    [
        (lambda f: ReLU(f, None, torch.Generator()), None, "does not spike"),
        (lambda f: LIF(f, GradedSigmoid(), torch.Generator()), PART, "graded"),
    ],
)
def test_what_has_no_spikes_has_no_rate(population: object, surrogate: object, reason: str) -> None:
    network = dense((4,), 3, population, torch.Generator(), hidden=(5,))  # type: ignore[arg-type]
    metrics = activity(cell(network, torch.rand(3, 4), surrogate))  # type: ignore[arg-type]
    assert set(metrics) == {"activity.rate", "activity.dead", "activity.saturated"}
    assert all(metric.value is None and reason in (metric.reason or "") for metric in metrics.values())


def test_the_gradient_s_norm_is_that_of_the_training_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    network = conv((1, 4, 4), 3, lif(beta=0.9), generator, channels=(2, 3), dropout=0.0)  # type: ignore[arg-type]
    trained = cell(network, torch.rand(20, 1, 4, 4, generator=generator))
    before = copy.deepcopy(network.state_dict())
    value = gradient(trained)["gradient.norm"].value
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    x, y = trained.data.train.x[:8], trained.data.train.y[:8]
    network.train()
    loss = cross_entropy(network(x.expand(STEPS, *x.shape)), y)
    grads = torch.autograd.grad(loss, list(network.parameters()))
    assert value == pytest.approx(sum(float(g.square().sum()) for g in grads) ** 0.5, rel=1e-5)


def test_a_gradient_that_is_not_finite_is_missing() -> None:
    network = dense((4,), 3, lif(), torch.Generator().manual_seed(0), hidden=(5,))  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in network.classifier.parameters():
            parameter.fill_(torch.nan)
    assert gradient(cell(network, torch.rand(9, 4)))["gradient.norm"].reason == "the gradient is not finite"
