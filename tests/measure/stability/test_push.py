"""Tangents that layers push themselves, against those of plain gradients, for every neuron and layer."""

from __future__ import annotations

from typing import Any

import maps
import pytest
import torch
from maps import F64, normal, uniform
from torch import Tensor, nn

from snnbench.components import networks, neurons
from snnbench.components.neurons.adlif import AdLIF
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.components.surrogates.stochastic import Stochastic
from snnbench.core.eager import State
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import derivative
from snnbench.errors import UsageError
from snnbench.lyapunov import spectrum
from snnbench.measure.stability.flat import FlatMap
from snnbench.measure.stability.push import CHECKED, Push, push

NEURONS = {spec.name: spec for spec in neurons.SPECS}
NETWORKS = {spec.name: spec for spec in networks.SPECS}
PUSHING = [name for name, spec in NEURONS.items() if spec.states and name not in {"gru", "lstm"}]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def population(name: str, surrogate: Any = None, **params: Any) -> Any:
    spikes = None if NEURONS[name].spike == "none" else surrogate or FastSigmoid(5)
    return lambda features: NEURONS[name].load()(features, spikes, generator(), **params)


def assert_pushes_as_gradients_do(made: Neuron | Network, x: Tensor, which: Any, k: int = 3) -> None:
    made = made.double().eval().requires_grad_(False)
    state = made.initial_state(x)
    flow = FlatMap(made.step, state)
    h = flow.start + normal(*flow.start.shape, seed=1)
    q = normal(*flow.start.shape, k, seed=2)
    assert made.tangent_step is not None
    with torch.no_grad(), derivative(which):
        for _ in range(2):  # the second at a state that the map itself led to
            own = Push(flow, made.tangent_step)(x, h, q)
            known = push(flow, x, h, q)
            torch.testing.assert_close(own[0], known[0], rtol=0, atol=0)
            torch.testing.assert_close(own[1], known[1], rtol=1e-12, atol=1e-12)
            h, q = known[0], known[1]


@pytest.mark.parametrize("which", ["surrogate", "true"])
@pytest.mark.parametrize("name", PUSHING)
def test_every_neuron(name: str, which: Any) -> None:
    assert_pushes_as_gradients_do(population(name)((5,)), 2 * uniform(4, 5), which)


@pytest.mark.parametrize("which", ["surrogate", "true"])
@pytest.mark.parametrize(
    "neuron",
    [
        LIF((5,), GradedSigmoid(), generator(), detach_reset=True),
        RLIF((5,), FastSigmoid(2), generator(), rec_strength=0.7, detach_reset=True, threshold=0.4),
        AdLIF((5,), FastSigmoid(2), generator(), recurrent=True),
    ],
    ids=["graded", "rlif", "recurrent adlif"],
)
def test_other_settings(neuron: Neuron, which: Any) -> None:
    assert_pushes_as_gradients_do(neuron, 2 * uniform(4, 5), which)


@pytest.mark.parametrize("neuron", ["lif", "rlif", "dsrlits", "relu"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name: str, neuron: str) -> None:
    small = {
        "dense": {"hidden": (5, 4), "readout": "membrane_max"},
        "conv": {"channels": (2, 3), "norm": "per_step"},
        "vgg": {"blocks": ((2,), (3,)), "hidden": 4},
    }[name]
    made = NETWORKS[name].load()((2, 8, 8), 3, population(neuron), generator(), **small)
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):  # as after some training
            layer.running_mean.uniform_(generator=generator())
            layer.running_var.uniform_(0.5, 2, generator=generator())
            nn.init.uniform_(layer.weight, 0.5, 2, generator=generator())
    if any(part.states for part in made.neurons):
        assert_pushes_as_gradients_do(made, 3 * uniform(4, 2, 8, 8), "surrogate")


def test_the_spectrum_is_the_same_either_way() -> None:
    made = population("rlif", rec_init_scale=2.0)((8,)).double().requires_grad_(False)
    inputs, start = uniform(150, 3, 8), made.initial_state(uniform(3, 8))

    def step(x: Tensor, state: State) -> tuple[Tensor, State]:
        return made.step(x, state)  # type: ignore[no-any-return]

    own = spectrum(made.step, start, inputs, transient=20, qr_every=3)
    known = spectrum(step, start, inputs, transient=20, qr_every=3)
    torch.testing.assert_close(own.exponents, known.exponents, rtol=0, atol=1e-9)


# When it is not used, and when it is wrong


def test_a_surrogate_that_draws_leaves_it_to_the_gradients() -> None:
    made = LIF((5,), Stochastic(generator()), generator()).double()
    assert made.tangent_step is None
    x = uniform(3, 5)
    found = spectrum(made.step, made.initial_state(x), uniform(200, 3, 5), transient=20)
    assert found.exponents.isfinite().all()
    assert Network([made], "spike_sum", nn.Identity()).tangent_step is None


@pytest.mark.parametrize("layer", [nn.Tanh(), nn.BatchNorm1d(5), nn.Sequential(nn.Linear(5, 5))])
def test_an_unknown_layer_leaves_it_to_the_gradients(layer: nn.Module) -> None:
    parts = [layer, population("lif")((5,))]
    made = Network(parts, "spike_sum", nn.Identity()).double().eval()
    assert made.tangent_step is None
    x = uniform(3, 5)
    assert spectrum(made.step, made.initial_state(x), x.expand(20, 3, 5)).exponents.isfinite().all()


def test_batchnorm_in_training_mode_leaves_it_to_the_gradients() -> None:
    made = NETWORKS["conv"].load()((2, 8, 8), 3, population("lif"), generator(), channels=(2,))
    assert made.train().tangent_step is None
    assert made.eval().tangent_step is not None


class Mixing(LIF):
    """Claims, by what it inherits, that its units do not see each other."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t, (state[0] + 0.1 * state[0].roll(1, -1),))


class Late(LIF):
    """Mixes its units from step ``CHECKED`` on."""

    steps = 0

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        self.steps += 1
        mixed = state[0] + (0.1 * state[0].roll(1, -1) if self.steps > CHECKED else 0)
        return super().step(x_t, (mixed,))


@pytest.mark.parametrize("kind", [Mixing, Late])
def test_a_wrong_claim_is_found_out(kind: type[LIF]) -> None:
    made = kind((5,), FastSigmoid(5), generator()).double()
    x = uniform(3, 5)
    with pytest.raises(UsageError, match="contradict"):
        spectrum(made.step, made.initial_state(x), x.expand(3 * CHECKED, 3, 5))


def test_another_map_s_tangents_are_refused() -> None:
    made = population("lif")((5,)).double()
    x = uniform(3, 5)
    with pytest.raises(UsageError, match="different states"):
        spectrum(maps.lif(0.5), (uniform(3, 5),), x.expand(20, 3, 5), tangent_step=made.tangent_step)


def test_a_backward_that_cannot_be_differentiated_is_enough_for_units_apart() -> None:
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Tensor) -> Tensor:
            ctx.save_for_backward(z)
            return (z > 0).to(z.dtype)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, gradient: Tensor) -> Tensor:
            (z,) = ctx.saved_tensors
            return gradient / (1 + 5 * z.abs()) ** 2

    x, start = 0.6 * uniform(100, 3, 5), (torch.zeros(3, 5, dtype=F64),)
    theirs = LIF((5,), Once.apply, generator(), beta=0.9)  # type: ignore[arg-type]
    found = spectrum(theirs.step, start, x, transient=20)
    known = spectrum(maps.lif(0.9), start, x, transient=20)
    torch.testing.assert_close(found.exponents, known.exponents, rtol=0, atol=1e-9)
