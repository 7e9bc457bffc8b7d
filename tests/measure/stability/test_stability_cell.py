from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from snnbench.components.encoders.direct import Direct
from snnbench.components.encoders.rate import Rate
from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.relu import ReLU
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.core.eager import State
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.data.dataset import Dataset, Encoder, Split
from snnbench.lyapunov import spectrum
from snnbench.measure.context import CellContext
from snnbench.measure.stability.cell import stability
from snnbench.measure.stability.flow import NO_MEMORY, slowest_leak, stream
from snnbench.measure.stability.statistics import estimate
from snnbench.records import Cell, Component, Metric
from snnbench.settings import Budget

DELTAS = (0.001, 0.1, 1.0)
PART = Component("made_up")


def samples(count: int) -> Split:
    generator = torch.Generator().manual_seed(count)
    return Split(torch.rand(count, 6, generator=generator), torch.arange(count) % 3)


def cell(
    population: Callable[[tuple[int, ...], torch.Generator], Neuron] | Network,
    encoder: Encoder | None = None,
    test: int = 40,
    key: str = "0123",
    surrogate: Component | None = PART,
) -> CellContext:
    generator = torch.Generator().manual_seed(1)
    network = population
    if not isinstance(network, Network):
        network = dense((6,), 3, lambda f: population(f, generator), generator, hidden=(20, 10))  # type: ignore[operator]
    data = Dataset(samples(50), samples(20), samples(test), classes=3)
    described = Cell(PART, PART, PART, PART, surrogate, Budget(steps=10), seed=0, key=key)
    return CellContext(described, network.eval(), encoder or Rate(10), data, torch.device("cpu"))


def measure(trained: CellContext, steps: int = 120) -> dict[str, Metric]:
    metrics = stability(trained, streams=12, steps=steps, deltas=DELTAS)
    assert set(metrics) == {
        "stability.lambda_grad",
        "stability.lambda_true",
        "stability.leak_check",
        "stability.growth_from",
        "stability.growth_to",
        *(
            f"stability.{name}[{delta}]"
            for name in ("lambda_delta", "lambda_spike", "p_coalesce")
            for delta in DELTAS
        ),
    }
    for name, metric in metrics.items():
        assert (metric.value is None) == (metric.reason is not None), name
        assert metric.value is None or not math.isnan(metric.value)
        assert metric.unit == ("nats/step" if "lambda" in name else "1")
        assert all(end is None or math.isfinite(end) for end in (metric.low, metric.high))
    return metrics


def lif(**options: object) -> Callable[[tuple[int, ...], torch.Generator], Neuron]:
    return lambda features, generator: LIF(features, FastSigmoid(5), generator, **options)  # type: ignore[arg-type]


def rlif(features: tuple[int, ...], generator: torch.Generator) -> Neuron:
    return RLIF(features, FastSigmoid(5), generator, beta=0.9, rec_init_scale=2.5)


def value(metrics: dict[str, Metric], name: str) -> float:
    found = metrics[f"stability.{name}"].value
    assert found is not None, metrics[f"stability.{name}"].reason
    return found


# Numbers that are known


def test_detached_reset_has_the_leak_for_gradient_and_true_derivative() -> None:
    metrics = measure(cell(lif(beta=0.9, detach_reset=True)))
    assert value(metrics, "lambda_true") == pytest.approx(math.log(0.9), abs=1e-9)
    assert value(metrics, "leak_check") == 1
    assert metrics["stability.lambda_true"].flags == ()


def test_synaptic_has_its_slower_decay() -> None:
    metrics = measure(cell(lambda f, g: Synaptic(f, FastSigmoid(5), g, alpha=0.5, beta=0.8)))
    assert value(metrics, "lambda_true") == pytest.approx(math.log(0.8), abs=1e-9)
    assert value(metrics, "leak_check") == 1


def test_the_gradient_s_exponent_is_the_growth_of_the_gradient_through_time() -> None:
    trained = cell(lambda f, g: RLIF(f, FastSigmoid(1), g, beta=0.9, rec_init_scale=2.5))
    inputs = stream(trained, 12, 220).double()
    network = copy.deepcopy(trained.network).double()
    states = [network.initial_state(inputs[0])]
    for x in inputs:
        states.append(network.step(x, states[-1])[1])
    start = tuple(part.detach().requires_grad_() for part in states[100])
    state = start
    for x in inputs[100:]:
        state = network.step(x, state)[1]
    probe = torch.Generator().manual_seed(0)
    ends = [torch.randn(part.shape, dtype=part.dtype, generator=probe) for part in state]
    gradient = torch.cat(torch.autograd.grad(state, start, ends), 1)
    growth = (gradient.norm(dim=1) / torch.cat(ends, 1).norm(dim=1)).log() / 120
    grad = value(measure(trained), "lambda_grad")
    assert grad == pytest.approx(float(growth.mean()), abs=0.02)
    assert abs(grad - math.log(0.9)) > 0.1, "the case cannot tell the gradient from the leak"


def test_a_recurrent_network_grows_from_some_size_on() -> None:
    metrics = measure(cell(rlif), steps=300)
    start = metrics["stability.growth_from"]
    assert value(metrics, "lambda_delta[0.001]") < 0 < value(metrics, "lambda_delta[0.1]")
    assert start.low is not None
    assert start.high is not None
    assert 0.001 < start.low < value(metrics, "growth_from") < start.high < 0.1
    assert value(metrics, "leak_check") == 1
    for name in ("lambda_grad", "lambda_delta[0.1]", "lambda_spike[0.1]"):
        metric = metrics[f"stability.{name}"]
        assert metric.low is not None
        assert metric.high is not None
        assert metric.low < value(metrics, name) < metric.high


@pytest.mark.parametrize("hidden", [(20,), (20, 10)])
def test_neither_a_readout_nor_layers_of_one_leak_move_the_gradient_s_exponent(
    hidden: tuple[int, ...],
) -> None:
    """Equal leaks in series are a Jordan block: its growth over T steps is off by about ln(T)/T."""
    generator = torch.Generator().manual_seed(1)
    network = dense(
        (6,),
        3,
        lambda f: LIF(f, FastSigmoid(5), generator, beta=0.95, detach_reset=True),
        generator,
        hidden=hidden,
        readout="membrane_mean",
        beta_out=0.95,
    )
    grad = measure(cell(network), steps=300)["stability.lambda_grad"]
    assert grad.value == pytest.approx(math.log(0.95), abs=1e-9)
    assert grad.flags == ()
    x = stream(cell(network), 12, 400).double()
    whole = spectrum(network.double().step, network.initial_state(x[0]), x, 1, transient=100)
    assert abs(float(whole.exponents) - math.log(0.95)) > 0.002, "the case cannot tell"


def test_a_readout_s_memory_is_none_of_the_network() -> None:
    generator = torch.Generator().manual_seed(1)
    network = dense(
        (6,), 3, lambda f: ReLU(f, None, generator), generator, hidden=(20,), readout="membrane_max"
    )
    assert {metric.reason for metric in measure(cell(network)).values()} == {NO_MEMORY}


def test_a_network_that_forgets_at_once() -> None:
    metrics = measure(cell(lif(beta=0.0, reset="none")))
    assert value(metrics, "lambda_true") == -math.inf
    assert metrics["stability.lambda_true"].low is None
    assert value(metrics, "leak_check") == 1
    for delta in DELTAS:
        assert value(metrics, f"p_coalesce[{delta}]") == 1
        assert "vanished" in (metrics[f"stability.lambda_delta[{delta}]"].reason or "")
        assert "no spike differs" in (metrics[f"stability.lambda_spike[{delta}]"].reason or "")
    for name in ("growth_from", "growth_to"):
        assert "no size" in (metrics[f"stability.{name}"].reason or "")


# The check


class Liar(LIF):
    def leak_exponent(self) -> float | None:
        return math.log(0.8)


def test_leak_check_fails_where_the_measured_leak_is_another() -> None:
    metrics = measure(cell(lambda f, g: Liar(f, FastSigmoid(), g, beta=0.9)))
    assert value(metrics, "leak_check") == 0


def test_leak_check_is_missing_where_a_leak_is_not_known() -> None:
    metrics = measure(cell(lif(reset="zero")))
    assert metrics["stability.leak_check"].value is None
    assert "closed form" in (metrics["stability.leak_check"].reason or "")


def test_the_slowest_leak_skips_populations_without_memory() -> None:
    generator = torch.Generator()
    fast, slow = (LIF((4,), FastSigmoid(), generator, beta=beta) for beta in (0.5, 0.9))
    relu = ReLU((4,), None, generator)
    assert slowest_leak(Network([fast, relu, slow], "spike_sum", nn.Identity())) == math.log(0.9)
    zero = LIF((4,), FastSigmoid(), generator, reset="zero")
    assert slowest_leak(Network([fast, zero], "spike_sum", nn.Identity())) is None


# What there is no number for


def test_a_network_without_memory_has_no_exponents() -> None:
    metrics = measure(cell(lambda f, g: ReLU(f, None, g)))
    assert {metric.reason for metric in metrics.values()} == {NO_MEMORY}


class Cut(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, u: Tensor) -> Tensor:
        return (u > 1).to(u.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return gradient


class Made(Neuron):
    """A neuron whose next membrane is ``rule(u, x)``."""

    def __init__(self, rule: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.rule = rule

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.rule(state[0], x_t)
        return u, (u,)


def test_a_backward_that_is_not_differentiable_costs_only_the_tangents() -> None:
    metrics = measure(cell(lambda f, g: Made(lambda u, x: 0.9 * u - Cut.apply(u) + x)))
    assert "contradict" in (metrics["stability.lambda_grad"].reason or "")
    assert "lambda_true is missing" in (metrics["stability.leak_check"].reason or "")
    assert metrics["stability.lambda_delta[0.1]"].value is not None


def test_hidden_randomness_costs_the_finite_sizes() -> None:
    hidden = torch.Generator().manual_seed(0)

    class Noisy(Made):
        def __deepcopy__(self, memo: object) -> Noisy:
            return Noisy(self.rule)

    def rule(u: Tensor, x: Tensor) -> Tensor:
        return 0.9 * u + x + 0.1 * torch.randn(u.shape, dtype=u.dtype, generator=hidden)

    metrics = measure(cell(lambda f, g: Noisy(rule)))
    for delta in DELTAS:
        assert "unperturbed copy" in (metrics[f"stability.lambda_delta[{delta}]"].reason or "")
        assert metrics[f"stability.p_coalesce[{delta}]"].value is None


def test_divergence_is_a_reason() -> None:
    metrics = measure(cell(lambda f, g: Made(lambda u, x: u * u + x + 1)))
    for name in ("lambda_grad", "lambda_true", "lambda_delta[0.1]", "p_coalesce[0.1]", "growth_to"):
        assert metrics[f"stability.{name}"].reason == "the trajectory diverged"


def test_rounding_is_a_reason() -> None:
    metrics = measure(cell(lambda f, g: Made(lambda u, x: 1.5 * u + x + 1), surrogate=None))
    assert value(metrics, "lambda_grad") == pytest.approx(math.log(1.5), abs=0.01)
    reason = metrics["stability.lambda_delta[0.001]"].reason
    flags = metrics["stability.lambda_delta[0.001]"].flags
    assert (reason and "rounding" in reason) or "resolution" in flags


def test_bounded_chaos_grows_up_to_a_size() -> None:
    weights = torch.randn(20, 20, generator=torch.Generator().manual_seed(3), dtype=torch.float64) / 20**0.5

    def rule(u: Tensor, x: Tensor) -> Tensor:
        return 4 * torch.tanh(u) @ weights.to(u.dtype)[: u.shape[1], : u.shape[1]] + 0 * x

    class Kicked(Made):
        def initial_state(self, x_t: Tensor) -> State:
            return (x_t + 1,)

    trained = cell(lambda f, g: Kicked(rule))
    metrics = stability(trained, streams=12, steps=120, deltas=(1e-4, 1e4))
    assert value(metrics, "lambda_delta[0.0001]") > 0 > value(metrics, "lambda_delta[10000.0]")
    assert "already at δ = 0.0001" in (metrics["stability.growth_from"].reason or "")
    assert 1e-4 < value(metrics, "growth_to") < 1e4


# Windows and streams


def test_a_short_window_is_finite_time() -> None:
    metrics = measure(cell(rlif), steps=40)
    for name in ("lambda_grad", "lambda_true", "lambda_delta[0.1]", "p_coalesce[0.1]"):
        assert metrics[f"stability.{name}"].flags == ("finite-time",)
    assert metrics["stability.lambda_spike[0.1]"].flags == ()


def test_a_leak_slower_than_the_transient_is_finite_time() -> None:
    metrics = measure(cell(lif(beta=0.999)))
    assert metrics["stability.lambda_true"].flags == ("finite-time",)
    assert metrics["stability.lambda_delta[0.1]"].flags == ("finite-time",)
    assert measure(cell(lif(beta=0.98)))["stability.lambda_true"].flags == ()


@pytest.mark.parametrize("test", [16, 40, 200])
def test_samples_follow_each_other_and_no_two_streams_share_one(test: int) -> None:
    trained = cell(rlif, encoder=Direct(10), test=test)
    inputs, x = stream(trained, 16, 75), trained.data.test.x
    assert inputs.shape == (75, 16, 6)
    assert torch.equal(inputs[0], x[:16])
    assert torch.equal(inputs[:10], x[:16].expand(10, -1, -1))
    seen = [
        {int((x == one).all(1).nonzero()) for one in inputs[:, stream_].unbind()} for stream_ in range(16)
    ]
    assert sum(map(len, seen)) == len(set.union(*seen))
    assert {len(one) for one in seen} == {min(test // 16, 8)}


def test_the_interval_over_streams_of_few_samples_covers() -> None:
    """20 test samples of a population of them: 500 steps show each several times, which narrows nothing."""
    held, runs = 0, 300
    for run in range(runs):
        generator = torch.Generator().manual_seed(run)
        rates = torch.randn(20, 1, generator=generator)  # of samples of a population whose mean is 0
        split = Split(rates, torch.arange(20) % 3)
        data = Dataset(samples(50), samples(20), split, classes=3)
        trained = replace(cell(rlif), data=data, encoder=Direct(10))
        shown = stream(trained, 16, 500).squeeze(-1)
        result = estimate(shown.double()[:, :, None], torch.ones(1, 1, 1, dtype=torch.float64))
        low, high = result.interval[0].tolist()
        held += low <= 0 <= high
    assert held / runs >= 0.93


def test_a_small_test_split_has_no_interval_and_says_so() -> None:
    metrics = measure(cell(rlif, test=9))
    for name in ("lambda_grad", "lambda_delta[0.1]", "growth_from"):
        metric = metrics[f"stability.{name}"]
        assert metric.value is not None
        assert metric.low is None
        assert "few samples" in metric.flags


# The network that was given


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.norm(x)
        return result


def test_the_network_is_measured_in_evaluation_mode_and_left_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    network = Network(
        [Normed(), LIF((6,), FastSigmoid(), generator, beta=0.9), nn.BatchNorm1d(6), rlif((6,), generator)],
        "spike_sum",
        nn.Identity(),
    )
    trained = cell(network)
    evaluated = measure(trained)
    before = copy.deepcopy(network.state_dict())
    network.train()
    assert measure(trained) == evaluated
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
        assert tensor.dtype == before[name].dtype


def test_the_same_cell_has_the_same_numbers_and_another_key_others() -> None:
    global_state = torch.get_rng_state()
    once, again, other = measure(cell(rlif)), measure(cell(rlif)), measure(cell(rlif, key="4567"))
    assert once == again
    assert value(once, "lambda_delta[0.1]") != value(other, "lambda_delta[0.1]")
    assert torch.equal(torch.get_rng_state(), global_state)


class OwnSpike(torch.autograd.Function):
    """A spike function that is not a ``Surrogate``, as a third party may write it."""

    @staticmethod
    def forward(ctx: object, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)  # type: ignore[attr-defined]
        return (z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradient / (1 + 5 * z.abs()) ** 2


def test_spikes_that_cannot_be_frozen_have_no_true_exponent() -> None:
    def own(z: Tensor) -> Tensor:
        return OwnSpike.apply(z)  # type: ignore[no-any-return]

    foreign = measure(cell(lambda f, g: LIF(f, own, g, beta=0.9)))  # type: ignore[arg-type]
    same = measure(cell(lambda f, g: LIF(f, FastSigmoid(5), g, beta=0.9)))
    assert foreign["stability.lambda_grad"].value == same["stability.lambda_grad"].value
    assert foreign["stability.lambda_true"].reason == "the neuron does not spike through a snnbench.Surrogate"
    assert foreign["stability.leak_check"].value is None
    assert same["stability.lambda_true"].value == pytest.approx(math.log(0.9), abs=1e-9)


def test_a_leak_that_is_not_known_is_measured() -> None:
    fast = measure(cell(lif(beta=0.9, reset="zero")))
    assert fast["stability.lambda_grad"].flags == ()
    assert fast["stability.lambda_true"].flags == ()
    slow = measure(cell(lif(beta=0.999, reset="zero", threshold=500.0)))
    assert value(slow, "lambda_true") == pytest.approx(math.log(0.999), abs=1e-9)
    assert slow["stability.lambda_grad"].flags == ("finite-time",)


def test_a_leak_that_cannot_be_measured_has_a_flag_of_its_own() -> None:
    metrics = measure(cell(lambda f, g: Made(lambda u, x: 0.9 * u - Cut.apply(u) + x)))
    assert metrics["stability.lambda_delta[0.1]"].flags[0] == "leak unknown"


def test_a_population_without_a_threshold_says_that_its_units_are_its_own() -> None:
    metrics = measure(cell(lambda f, g: Made(lambda u, x: 0.9 * torch.tanh(u) + x)))
    assert "own units" in metrics["stability.lambda_delta[0.1]"].flags
    assert "own units" not in metrics["stability.lambda_grad"].flags
    assert "own units" not in measure(cell(rlif))["stability.lambda_delta[0.1]"].flags


def test_graded_outputs_are_not_frozen_and_no_leak_is_claimed() -> None:
    """Both derivatives are the exact one, and the decay alone is not the exponent."""
    spikes = GradedSigmoid(slope=0.3)
    metrics = measure(cell(lambda features, generator: LIF(features, spikes, generator, beta=0.9)))
    assert value(metrics, "lambda_true") == value(metrics, "lambda_grad")
    assert abs(value(metrics, "lambda_true") - math.log(0.9)) > 3 / 120, "the leak check could not tell"
    assert metrics["stability.leak_check"].reason == "a population's leak has no closed form"
    assert value(metrics, "lambda_delta[0.001]") == pytest.approx(value(metrics, "lambda_true"), abs=0.02)
