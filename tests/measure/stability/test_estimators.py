"""The three estimators on every neuron and network there is, and on neurons of other libraries."""

from __future__ import annotations

import gc
import itertools
import math
from typing import Any

import maps
import numpy as np
import pytest
import torch
from maps import F64, normal, uniform
from torch import Tensor

from snnbench.components import networks, neurons
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron
from snnbench.lyapunov import FiniteSize, SingleSpike, Spectrum, finite_size, single_spike, spectrum
from snnbench.measure.stability.bundle import CHUNK

NEURONS = {spec.name: spec for spec in neurons.SPECS}
NETWORKS = {spec.name: spec for spec in networks.SPECS}
SMALL: dict[str, dict[str, Any]] = {
    "dense": {"hidden": (5, 4)},
    "conv": {"channels": (2, 3)},
    "vgg": {"blocks": ((2,), (3,)), "hidden": 4},
}


def population(name: str) -> Any:
    generator = torch.Generator().manual_seed(0)
    surrogate = None if NEURONS[name].spike == "none" else FastSigmoid(5)
    return lambda features: NEURONS[name].load()(features, surrogate, generator)


def network(name: str, neuron: str) -> Network:
    generator = torch.Generator().manual_seed(1)
    built: Network = NETWORKS[name].load()((2, 8, 8), 3, population(neuron), generator, **SMALL[name])
    return built.double().eval().requires_grad_(False)


def measure(made: Network | Neuron, inputs: Tensor) -> tuple[Spectrum, FiniteSize]:
    state = made.initial_state(inputs[0])
    return (
        spectrum(made.step, state, inputs, 2, transient=10, qr_every=2),
        finite_size(made.step, state, inputs, (1e-4, 1e-2), transient=10),
    )


def spikes(made: Network | Neuron, inputs: Tensor) -> SingleSpike:
    return single_spike(made.step, made.initial_state(inputs[0]), inputs, at=10)


@pytest.mark.parametrize("name", [name for name, spec in NEURONS.items() if spec.states])
def test_every_neuron_with_a_memory(name: str) -> None:
    neuron = population(name)((4,)).double()
    inputs = 2 * uniform(60, 12, 4, seed=3)
    tangents, finite = measure(neuron, inputs)
    assert not tangents.exponents.isnan().any()
    assert finite.control_ok
    if NEURONS[name].spike == "none":
        assert float(finite.exponents[0]) == pytest.approx(float(tangents.exponents[0]), abs=1e-3)
        return
    damage = spikes(neuron, inputs)
    assert damage.control_ok
    assert damage.damage[0] >= 1
    assert damage.units == (8 if name.endswith(("lit", "lits")) else 4), "ternary: two a neuron"


@pytest.mark.parametrize("neuron", ["lif", "rlif", "alif", "dsrlits"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name: str, neuron: str) -> None:
    made, inputs = network(name, neuron), 3 * uniform(40, 10, 2, 8, 8, seed=3)
    tangents, finite = measure(made, inputs)
    assert tangents.exponents.isfinite().all()
    assert finite.control_ok
    assert finite.exponents.isfinite().any()
    damage = spikes(made, inputs)
    assert damage.control_ok
    assert damage.damage.shape == (30,)


# The membrane's time scale is what the frozen tangent of the whole network measures


@pytest.mark.parametrize("name", NETWORKS)
def test_frozen_spikes_leave_the_leak_of_every_network(name: str) -> None:
    made, inputs = network(name, "lif"), 3 * uniform(40, 2, 2, 8, 8, seed=3)
    state = made.initial_state(inputs[0])
    result = spectrum(made.step, state, inputs, 3, derivative="true", transient=10)
    np.testing.assert_allclose(result.exponents.numpy(), made.neurons[0].leak_exponent(), atol=1e-9)


# Neurons of other libraries: their own autograd functions, which have no forward mode


def snntorch_step(beta: float) -> maps.Step:
    snntorch = pytest.importorskip("snntorch")
    cell = snntorch.Leaky(beta=beta, threshold=1.0, spike_grad=snntorch.surrogate.fast_sigmoid(slope=5))

    def step(x: Tensor, state: maps.State) -> tuple[Tensor, maps.State]:
        s, u = cell(x, state[0])
        return s, (u,)

    return step


def test_snntorch_leaky_has_the_exponents_of_lif() -> None:
    ours = LIF((6,), FastSigmoid(5), torch.Generator(), beta=0.875, detach_reset=True)
    inputs, start = 0.6 * uniform(120, 12, 6, seed=7), (torch.zeros(12, 6, dtype=F64),)
    theirs = spectrum(snntorch_step(0.875), start, inputs, transient=20)
    known = spectrum(ours.step, start, inputs, transient=20)
    torch.testing.assert_close(theirs.exponents, known.exponents, rtol=0, atol=1e-9)
    finite = [finite_size(step, start, inputs, (1e-3, 0.1)) for step in (snntorch_step(0.875), ours.step)]
    torch.testing.assert_close(finite[0].exponents, finite[1].exponents, rtol=0, atol=1e-9)


def test_spikingjelly_s_spike_function_has_the_exponents_of_ours() -> None:
    surrogate = pytest.importorskip("spikingjelly.activation_based.surrogate")
    theirs, ours = surrogate.ATan(alpha=2.0), ATan(2.0)
    weights = normal(6, 6, seed=2)
    inputs, start = 0.6 * uniform(120, 3, 6, seed=7), (torch.zeros(3, 6, dtype=F64),)

    def step(spike: Any) -> maps.Step:
        def advance(x: Tensor, state: maps.State) -> tuple[Tensor, maps.State]:
            s = spike(state[0] - 1)
            return s, (0.9 * state[0] + x - s + s @ weights.T,)

        return advance

    found, known = (spectrum(step(spike), start, inputs, transient=20) for spike in (theirs, ours))
    torch.testing.assert_close(found.exponents, known.exponents, rtol=0, atol=1e-9)


# Backwards in time: exponents from gradients alone


def transposed_qr(step: maps.Step, start: Tensor, inputs: Tensor, *, reverse: bool) -> np.ndarray:
    """Exponents by QR of ``Jᵀ``, each from plain gradients; 100 steps at both ends are left out.

    From the last step to the first these are the exponents of the product itself; forwards they are
    those of another one.
    """
    h, path = start, []
    for x in inputs:
        path.append(h)
        (h,) = step(x, (h,))[1]
    q, logs = np.linalg.qr(normal(start.shape[1], start.shape[1], seed=9).numpy())[0], []
    order = range(len(inputs))
    for t in reversed(order) if reverse else order:
        h = path[t].detach().requires_grad_()
        (after,) = step(inputs[t], (h,))[1]
        pulled = [torch.autograd.grad(after, h, torch.tensor(u)[None], retain_graph=True)[0][0] for u in q.T]
        q, r = np.linalg.qr(torch.stack(pulled, 1).numpy())
        logs.append(np.log(np.abs(np.diag(r))))
    return np.sort(np.mean(logs[100:-100], 0))[::-1]


def trained_rlif() -> RLIF:
    """Recurrent, and trained through time."""
    generator = torch.Generator().manual_seed(0)
    neuron = RLIF((8,), FastSigmoid(0.5), generator, beta=0.5, rec_init_scale=3.0).double()
    inputs, target = 2.5 * normal(25, 16, 8, seed=1), uniform(25, 16, 8, seed=2)
    optimizer = torch.optim.Adam([neuron.weight], lr=0.05)
    for _ in range(30):
        optimizer.zero_grad()
        (neuron(inputs)[0] - target).square().mean().backward()
        optimizer.step()
    return neuron.requires_grad_(False)


def test_the_spectrum_is_that_of_gradients_backwards_in_time() -> None:
    neuron = trained_rlif()
    weights = neuron.weight
    assert (weights - weights.T).norm() > 0.5 * weights.norm(), "not symmetric"
    inputs, start = 2.5 * normal(3, 1, 8, seed=3)[torch.arange(900) % 3], torch.zeros(1, 8, dtype=F64)
    result = spectrum(neuron.step, (start,), inputs, transient=100)
    back, forth = (transposed_qr(neuron.step, start, inputs, reverse=reverse) for reverse in (True, False))
    np.testing.assert_allclose(result.exponents.numpy(), back, rtol=0, atol=5e-3)
    assert np.abs(forth - back).max() > 0.1, "the case cannot tell the order"


# Cost


@pytest.mark.parametrize("estimator", [lambda *args: spectrum(*args, 2), finite_size])
def test_nothing_is_kept_from_step_to_step(estimator: Any) -> None:
    """As many tensors are alive late as early, up to a chunk of sizes: no trajectory, no graph."""
    alive: list[int] = []
    steps = itertools.count()
    plain = maps.lif()

    def step(x: Tensor, state: maps.State) -> tuple[Any, maps.State]:
        if next(steps) in (200, 900):
            alive.append(sum(issubclass(type(thing), Tensor) for thing in gc.get_objects()))
        return plain(x, state)

    inputs = torch.zeros(1, 2, 3, dtype=F64).expand(1000, -1, -1)
    estimator(step, (torch.zeros(2, 3, dtype=F64),), inputs)
    assert abs(alive[1] - alive[0]) <= 2 * CHUNK


# Intervals


@pytest.mark.slow
def test_finite_size_intervals_cover() -> None:
    """A scalar map whose logarithmic rates are independent: every size has their mean, −0.1."""
    covered = []
    for seed in range(200):
        rates = (-0.1 + 0.5 * normal(40, 12, 1, seed=seed)).exp()
        result = finite_size(
            lambda x, s: (None, (x * s[0],)), (torch.zeros(12, 1, dtype=F64),), rates, (1e-3, 1.0), seed=seed
        )
        covered.append((result.interval[:, 0] <= -0.1) & (result.interval[:, 1] >= -0.1))
    fraction = torch.stack(covered).double().mean(0)
    assert ((fraction >= 0.90) & (fraction <= 0.99)).all(), fraction


@pytest.mark.slow
def test_spectrum_intervals_cover() -> None:
    """200 runs on products of Gaussian 2×2 matrices, from the arguments to the interval."""
    known = torch.tensor([0.5 * (math.log(2 * 0.5) - 0.5772156649), 0.5 * (-0.5772156649 - 2 * math.log(2))])
    covered = []
    for seed in range(200):
        inputs = normal(60, 12, 2, 2, seed=seed) / math.sqrt(2)
        result = spectrum(maps.driven, (uniform(12, 2),), inputs, transient=20)
        covered.append((result.interval[:, 0] <= known) & (result.interval[:, 1] >= known))
    fraction = torch.stack(covered).double().mean(0)
    assert ((fraction >= 0.90) & (fraction <= 0.99)).all(), fraction
