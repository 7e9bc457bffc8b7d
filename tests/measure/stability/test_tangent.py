from __future__ import annotations

import math
import threading
from typing import Any

import maps
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from maps import F64, normal, uniform
from scipy.special import digamma
from torch import Tensor, nn
from torch.func import jvp, vmap

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.components.surrogates.sigmoid import Sigmoid
from snnbench.components.surrogates.straight_through import StraightThrough
from snnbench.components.surrogates.triangular import Triangular
from snnbench.core.network import Network
from snnbench.core.surrogate import Surrogate, derivative
from snnbench.errors import UsageError
from snnbench.lyapunov import Spectrum, spectrum
from snnbench.measure.stability.flat import FlatMap
from snnbench.measure.stability.push import push
from snnbench.measure.stability.tangent import entropy, kaplan_yorke

EXACT = 1e-12


def assert_close(result: Spectrum, known: list[float] | np.ndarray, within: float = EXACT) -> None:
    np.testing.assert_allclose(result.exponents.numpy(), known, rtol=0, atol=within)


def assert_estimates(result: Spectrum, known: list[float], stderr: float) -> None:
    """The known values are within four standard errors, and those are small."""
    off = np.abs(result.exponents.numpy() - np.array(known))
    assert (result.stderr.numpy() < stderr).all(), result.stderr
    assert (off < 4 * result.stderr.numpy() + 1e-9).all(), (result.exponents, known, result.stderr)


# Textbook maps


def test_logistic_map() -> None:
    result = spectrum(maps.logistic, (uniform(256),), 400, transient=50)
    assert_estimates(result, [math.log(2)], 3e-4)


def test_tent_map() -> None:
    assert_close(spectrum(maps.tent, (uniform(3),), 200), [math.log(1.9)])


def test_henon_map() -> None:
    result = spectrum(maps.henon, maps.henon_start(512), 400, transient=50)
    assert_estimates(result, [0.41922, -1.62319], 1e-3)
    assert float(result.exponents.sum()) == pytest.approx(math.log(0.3), abs=1e-12)
    assert result.kaplan_yorke == pytest.approx(1.258, abs=2e-3)
    assert result.entropy == pytest.approx(0.41922, abs=4e-3)
    assert result.flags == ()


def test_cat_map() -> None:
    result = spectrum(maps.cat, (uniform(4, seed=1), uniform(4, seed=2)), 200, transient=50)
    golden = math.log((3 + math.sqrt(5)) / 2)
    assert golden == pytest.approx(0.962424, abs=1e-6)
    assert_close(result, [golden, -golden])
    assert result.kaplan_yorke == pytest.approx(2, abs=1e-9)


@pytest.mark.slow
def test_lorenz_flow_by_runge_kutta() -> None:
    dt = 0.01

    def field(h: Tensor) -> Tensor:
        x, y, z = h.unbind(-1)
        return torch.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], -1)

    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        (h,) = state
        a = field(h)
        b = field(h + dt / 2 * a)
        c = field(h + dt / 2 * b)
        d = field(h + dt * c)
        return None, (h + dt / 6 * (a + 2 * b + 2 * c + d),)

    start = torch.tensor([1.0, 1.0, 25.0], dtype=F64) + normal(256, 3)
    result = spectrum(step, (start,), 5000, transient=1000)
    per_time = result.exponents.numpy() / dt
    np.testing.assert_allclose(per_time, [0.9056, 0, -14.5723], atol=0.01)
    assert per_time.sum() == pytest.approx(-13.6667, abs=1e-3)


# Linear maps and products of matrices


def test_diagonal_map() -> None:
    matrix = torch.diag(torch.tensor([0.8, 1.1], dtype=F64))
    result = spectrum(maps.linear(matrix), (uniform(2, 2),), 300, transient=150)
    assert_close(result, [math.log(1.1), math.log(0.8)])


def test_scaled_identity_is_exact_from_the_first_step() -> None:
    result = spectrum(maps.linear(0.9 * torch.eye(5, dtype=F64)), (uniform(2, 5),), 25)
    assert_close(result, [math.log(0.9)] * 5)
    assert result.flags == ("finite-time",)


def test_scaled_orthogonal_matrix() -> None:
    matrix = 1.7 * torch.linalg.qr(normal(8, 8)).Q
    assert_close(spectrum(maps.linear(matrix), (torch.zeros(1, 8, dtype=F64),), 50), [math.log(1.7)] * 8)


def test_matrices_in_a_cycle_have_the_eigenvalues_of_their_product() -> None:
    a, b, c = matrices = normal(3, 4, 4, seed=1)
    inputs = maps.cycle(matrices, 3 * 300)
    result = spectrum(maps.driven, (uniform(1, 4),), inputs, transient=150)
    known = np.sort(np.log(np.abs(np.linalg.eigvals((c @ b @ a).numpy()))) / 3)[::-1]
    assert_close(result, known, within=2e-3)
    reverse = np.sort(np.log(np.abs(np.linalg.eigvals((a @ b @ c).numpy()))) / 3)[::-1]
    assert np.abs(reverse - known).max() > 0.05, "the case cannot tell the two orders apart"


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), width=st.integers(1, 7), qr_every=st.integers(1, 9))
@example(seed=7993, width=6, qr_every=6)
def test_the_sum_is_the_mean_log_determinant(seed: int, width: int, qr_every: int) -> None:
    weights, inputs = normal(width, width, seed=seed), normal(40, 2, width, seed=seed + 1)

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        (h,) = state
        return None, (torch.tanh(h @ weights.T) + 0.1 * h + x,)

    h, logs = normal(2, width, seed=seed + 2), []
    result = spectrum(step, (h,), inputs, transient=10, qr_every=qr_every)
    for t, x in enumerate(inputs):
        slope = 1 - torch.tanh(h @ weights.T) ** 2
        jacobian = (slope[..., None] * weights + 0.1 * torch.eye(width, dtype=F64)).numpy()
        if t >= 10:
            logs.append(np.linalg.slogdet(jacobian)[1])
        (h,) = step(x, (h,))[1]
    assert float(result.exponents.sum()) == pytest.approx(np.mean(logs), abs=1e-9)


@pytest.mark.parametrize("width", [2, 10])
def test_products_of_gaussian_matrices(width: int) -> None:
    inputs = normal(600, 100, width, width) / math.sqrt(width)
    result = spectrum(maps.driven, (uniform(100, width),), inputs, transient=60)
    known = [0.5 * (math.log(2 / width) + digamma((width - i + 1) / 2)) for i in range(1, width + 1)]
    assert known[:2] == pytest.approx({2: [-0.2886, -0.9818], 10: [-0.0517, -0.1103]}[width], abs=1e-4)
    assert_estimates(result, known, 6e-3)


# Rate networks


def random_network(g: float, width: int) -> maps.Step:
    weights = g * normal(width, width, seed=3) / math.sqrt(width)
    return lambda _, state: (None, (torch.tanh(state[0]) @ weights.T,))


def test_quiet_random_network_has_the_eigenvalues_of_its_weights() -> None:
    weights = 0.8 * normal(12, 12, seed=3) / math.sqrt(12)
    result = spectrum(random_network(0.8, 12), (0.1 * normal(1, 12),), 800, transient=200)
    known = np.sort(np.log(np.abs(np.linalg.eigvals(weights.numpy()))))[::-1]
    assert_close(result, known, within=5e-3)


def test_quiet_random_network_decays_at_ln_g() -> None:
    result = spectrum(random_network(0.6, 400), (0.1 * normal(2, 400),), 400, 1, transient=100)
    assert_close(result, [math.log(0.6)], within=0.05)


@pytest.mark.parametrize(("g", "known"), [(1.5, 0.06522), (2.0, 0.15472), (3.0, 0.31025)])
def test_chaotic_random_network_agrees_with_mean_field(g: float, known: float) -> None:
    result = spectrum(random_network(g, 600), (normal(4, 600),), 300, 1, transient=100)
    assert_close(result, [known], within=0.03)


def test_gru_without_recurrence_forgets_through_its_update_gate() -> None:
    cell = nn.GRUCell(4, 3).double()
    with torch.no_grad():
        for index, part in enumerate(cell.parameters()):
            part.copy_(0.5 * normal(*part.shape, seed=index))
        cell.weight_hh.zero_()
        cell.bias_hh.zero_()
        cell.bias_ih[3:6] += torch.tensor([-2.0, 0.0, 2.0])
    inputs = normal(700, 2, 4)
    result = spectrum(lambda x, h: (None, (cell(x, h[0]),)), (normal(2, 3),), inputs, transient=300)
    z = torch.sigmoid(inputs[300:] @ cell.weight_ih[3:6].T + cell.bias_ih[3:6]).detach()
    assert_close(result, np.sort(z.log().mean((0, 1)).numpy())[::-1], within=1e-9)


def test_lstm_without_recurrence_forgets_through_its_forget_gate() -> None:
    cell = nn.LSTMCell(4, 3).double()
    with torch.no_grad():
        for index, part in enumerate(cell.parameters()):
            part.copy_(0.5 * normal(*part.shape, seed=index))
        cell.weight_hh.zero_()
        cell.bias_hh.zero_()
        cell.bias_ih[3:6] += torch.tensor([-2.0, 0.0, 2.0])
    inputs = normal(700, 2, 4)
    start = (normal(2, 3), normal(2, 3, seed=1))
    result = spectrum(lambda x, s: (None, cell(x, s)), start, inputs, transient=300)
    f = torch.sigmoid(inputs[300:] @ cell.weight_ih[3:6].T + cell.bias_ih[3:6]).detach()
    known = [*np.sort(f.log().mean((0, 1)).numpy())[::-1], -np.inf, -np.inf, -np.inf]
    assert_close(result, known, within=2 / 400)
    assert result.flags == ("singular",)


# Spiking neurons under the true derivative: spikes frozen


DRIVE = 0.6 * uniform(400, 3, 6, seed=7)


def zeros(batch: int, *shape: int) -> Tensor:
    return torch.zeros(batch, *shape, dtype=F64)


@pytest.mark.parametrize("weights", [None, 5 * normal(6, 6, seed=5)], ids=["feed-forward", "recurrent"])
def test_subtract_reset_has_the_leak_under_the_true_derivative(weights: Tensor | None) -> None:
    result = spectrum(maps.lif(0.9, recurrent=weights), (zeros(3, 6),), DRIVE, derivative="true")
    assert_close(result, [math.log(0.9)] * 6)


def test_silent_membrane_and_leaky_integrator_have_the_leak() -> None:
    silent = spectrum(maps.lif(0.9), (zeros(3, 6),), 0.1 * DRIVE, derivative="true")
    assert_close(silent, [math.log(0.9)] * 6)
    integrator = spectrum(lambda x, s: (None, (0.9 * s[0] + x,)), (zeros(3, 6),), DRIVE)
    assert_close(integrator, [math.log(0.9)] * 6)


def test_synaptic_has_both_decays() -> None:
    neuron = Synaptic((2,), FastSigmoid(), torch.Generator(), alpha=0.5, beta=0.9)
    start = neuron.initial_state(DRIVE[0, :, :2])
    result = spectrum(neuron.step, start, DRIVE[..., :2], derivative="true", transient=100)
    assert_close(result, [math.log(0.9)] * 2 + [math.log(0.5)] * 2)


def test_synaptic_with_equal_decays_converges_slowly() -> None:
    neuron = Synaptic((1,), FastSigmoid(), torch.Generator(), alpha=0.9, beta=0.9)
    start = neuron.initial_state(DRIVE[0, :, :1])
    result = spectrum(neuron.step, start, DRIVE[..., :1], derivative="true", transient=200)
    assert_close(result, [math.log(0.9)] * 2, within=math.log(2) / 200 + 1e-3)


def test_adaptive_threshold_has_the_decays_of_membrane_and_threshold() -> None:
    spike = maps.Slope5()

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        u, b = state
        s = spike(u - 1 - 0.5 * b)
        b = 0.97 * b + s
        return None, (0.8 * u + 0.2 * x - (1 + 0.5 * b) * s, b)

    result = spectrum(step, (zeros(3, 2), zeros(3, 2)), 10 * DRIVE[..., :2], derivative="true", transient=200)
    assert_close(result, [math.log(0.97)] * 2 + [math.log(0.8)] * 2, within=2 / 200)


def test_adaptive_lif_has_the_eigenvalues_of_its_constant_matrix() -> None:
    spike, alpha, decay, a = maps.Slope5(), 0.9, 0.97, 1.0

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        u, w = state
        s = spike(u - 1)
        w = decay * w + a * u + 2 * s
        return None, (alpha * (u - s) + (1 - alpha) * (x - w), w)

    matrix = np.array([[alpha - (1 - alpha) * a, -(1 - alpha) * decay], [a, decay]])
    assert np.iscomplex(np.linalg.eigvals(matrix)).all()
    known = 0.5 * math.log(np.linalg.det(matrix))
    result = spectrum(step, (zeros(3, 1), zeros(3, 1)), DRIVE[..., :1], derivative="true", transient=50)
    assert_close(result, [known, known], within=5e-3)


@pytest.mark.parametrize("qr_every", [1, 5])
def test_reset_to_zero_kills_each_neuron_that_fires(qr_every: int) -> None:
    currents = torch.tensor([0.05, 0.3, 0.04, 0.5, 0.0, 0.2], dtype=F64)
    result = spectrum(
        maps.lif(0.9, reset="zero"),
        (zeros(2, 6),),
        currents.expand(300, 2, 6),
        derivative="true",
        transient=50,
        qr_every=qr_every,
    )
    assert_close(result, [math.log(0.9)] * 3 + [-np.inf] * 3)
    assert result.flags == ("singular",)
    assert result.interval[3:].isneginf().all()
    assert result.kaplan_yorke == 0


def test_directions_lost_in_a_dense_basis_are_lost_for_good_and_last() -> None:
    basis, values = normal(6, 6, seed=9), torch.tensor([1.2, 0.9, 0.7, 0.5, 0, 0], dtype=F64)
    matrix = basis @ torch.diag(values) @ torch.linalg.inv(basis)
    result = spectrum(maps.linear(matrix), (zeros(2, 6),), 400, transient=200)
    assert_close(result, [math.log(1.2), math.log(0.9), math.log(0.7), math.log(0.5), -np.inf, -np.inf], 1e-9)


def test_a_direction_lost_while_measuring_takes_the_last_place() -> None:
    basis, rates = normal(4, 4, seed=9), torch.tensor([1.5, 1.2, 0.9, 0.6], dtype=F64)
    values = rates.repeat(130, 1)
    values[100, 0] = 0  # the leading one, once
    inputs = (basis @ torch.diag_embed(values) @ torch.linalg.inv(basis))[:, None]
    result = spectrum(maps.driven, (uniform(1, 4),), inputs, transient=60)
    logs = rates.log().numpy()
    known = (40 * logs[:3] + 30 * logs[1:]) / 70
    assert_close(result, [*known, -np.inf], within=2 / 70)


def test_directions_lost_one_after_the_other_are_all_lost() -> None:
    basis, values = normal(4, 4, seed=9), torch.tensor([1.5, 1.2, 0.9, 0.6], dtype=F64).repeat(130, 1)
    values[70, 3] = values[90, 1] = 0  # once each
    inputs = (basis @ torch.diag_embed(values) @ torch.linalg.inv(basis))[:, None]
    result = spectrum(maps.driven, (uniform(1, 4),), inputs, transient=60)
    known = [math.log(1.5), (30 * math.log(1.2) + 40 * math.log(0.9)) / 70, -np.inf, -np.inf]
    assert_close(result, known, within=2 / 70)


def test_a_direction_lost_in_the_transient_is_replaced() -> None:
    start = torch.tensor([[0.0, 0.0, 0.0]], dtype=F64)  # where this map's derivative is 0
    rates = torch.tensor([0.5, 0.9, 0.7], dtype=F64)

    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        (h,) = state
        return None, (rates * torch.where(h > 0.05, h - 0.1, h * h) + 0.2,)

    for k in (1, 3):
        result = spectrum(step, (start,), 250, k, transient=150)
        assert_close(result, [math.log(0.9), math.log(0.7), math.log(0.5)][:k])
        assert result.flags == ()


def test_strong_but_finite_contraction_is_not_a_loss() -> None:
    matrix = torch.diag(torch.tensor([1.0, 1e-12], dtype=F64))
    result = spectrum(maps.linear(matrix), (uniform(1, 2),), 60, transient=20)
    assert_close(result, [0, math.log(1e-12)], within=1e-9)


def test_projections_onto_each_other_s_kernel_leave_only_rounding() -> None:
    basis = torch.linalg.qr(normal(4, 4)).Q
    halves = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]], dtype=F64)
    projections = basis @ torch.diag_embed(halves) @ basis.T
    for k in (1, 4):
        result = spectrum(maps.driven, (uniform(2, 4),), maps.cycle(projections, 120, batch=2), k)
        assert result.exponents.isneginf().all()


def test_memoryless_map_has_minus_infinity() -> None:
    result = spectrum(lambda x, s: (None, (x,)), (zeros(3, 6),), DRIVE)
    assert result.exponents.isneginf().all()
    assert result.interval.isneginf().all()


# Spiking neurons under their surrogate


def test_detached_reset_leaves_the_leak() -> None:
    result = spectrum(maps.lif(0.9, detach=True), (zeros(3, 6),), DRIVE)
    assert_close(result, [math.log(0.9)] * 6)


def membrane(current: np.ndarray, beta: float, theta: float) -> np.ndarray:
    """A subtract-reset membrane by hand: before each step of ``current [T]``."""
    u, seen = 0.0, []
    for x in current:
        seen.append(u)
        u = beta * u + x - theta * (u > theta)
    return np.array(seen)


def test_attached_reset_adds_its_surrogate_neuron_by_neuron() -> None:
    current = DRIVE[:, 0, :1].numpy()
    u = membrane(current[:, 0], 0.95, 0.8)
    known = np.log(np.abs(0.95 - 0.8 / (1 + 25 * np.abs(u - 0.8)) ** 2)).mean()
    neuron = LIF((1,), FastSigmoid(25), torch.Generator(), beta=0.95, threshold=0.8)
    result = spectrum(neuron.step, (zeros(1, 1),), torch.tensor(current)[:, None])
    assert_close(result, [known])
    assert known < math.log(0.95) - 0.01


def test_attached_reset_of_a_population() -> None:
    scales = np.array([0.1, 0.5, 1.2, 3.0])
    current = DRIVE[:, 0, :1].repeat(2, 1).numpy() * scales
    u = np.stack([membrane(column, 0.95, 1) for column in current.T], 1)
    slope = 5 / (1 + (np.pi * 5 * (u - 1)) ** 2)
    known = np.sort(np.log(np.abs(0.95 - slope))[200:].mean(0))[::-1]
    neuron = LIF((4,), ATan(10), torch.Generator(), beta=0.95)
    result = spectrum(neuron.step, (zeros(1, 4),), torch.tensor(current)[:, None], transient=200)
    assert_close(result, known, within=5e-3)


@pytest.mark.parametrize(
    ("g", "k", "noise", "known"), [(1, 5, 0.0, -1.306), (2, 1, 0.5, -0.217), (3, 10, 0.5, -1.105)]
)
def test_binary_network_agrees_with_mean_field(g: float, k: float, noise: float, known: float) -> None:
    width, spike = 600, FastSigmoid(k)
    weights = g * normal(width, width, seed=4) / math.sqrt(width)
    inputs = noise * normal(160, 4, width, seed=5)
    result = spectrum(
        lambda x, s: (None, (spike(s[0]) @ weights.T + x,)), (normal(4, width),), inputs, 1, transient=30
    )
    assert_close(result, [known], within=0.06)


# The tangents themselves


def populations() -> list[tuple[str, Any]]:
    generator = torch.Generator().manual_seed(0)
    return [
        ("lif", lambda f, s: LIF(f, s, generator)),
        ("lif detached", lambda f, s: LIF(f, s, generator, detach_reset=True)),
        ("lif zero", lambda f, s: LIF(f, s, generator, reset="zero", reset_delay=False)),
        ("lif learned", lambda f, s: LIF(f, s, generator, learn_beta=True, learn_threshold=True)),
        ("rlif", lambda f, s: RLIF(f, s, generator, rec_init_scale=3.0)),
        ("synaptic", lambda f, s: Synaptic(f, s, generator, reset="zero")),
    ]


SURROGATES = [FastSigmoid(5), ATan(), Sigmoid(5), Triangular(), StraightThrough()]


@pytest.mark.parametrize("which", ["surrogate", "true"])
@pytest.mark.parametrize("surrogate", SURROGATES, ids=repr)
@pytest.mark.parametrize(("name", "population"), populations(), ids=[name for name, _ in populations()])
def test_tangents_are_those_of_forward_mode(
    name: str, population: Any, surrogate: Surrogate, which: Any
) -> None:
    generator = torch.Generator().manual_seed(1)
    network = dense(
        (5,), 3, lambda f: population(f, surrogate), generator, hidden=(7, 4), readout="membrane_max"
    ).double()
    x, state = 4 * uniform(3, 5), network.initial_state(uniform(3, 5))
    flow = FlatMap(network.step, state)
    h, q = normal(*flow.start.shape), normal(*flow.start.shape, 4, seed=2)
    with torch.no_grad(), derivative(which):
        following, z, _ = push(flow, x, h, q)
        forward, known = vmap(
            lambda v: jvp(lambda s: flow(x, s), (h,), (v,)), in_dims=-1, out_dims=(None, -1)
        )(q)
    torch.testing.assert_close(following, forward, rtol=0, atol=0)
    torch.testing.assert_close(z, known, rtol=1e-12, atol=1e-12)
    assert not z.requires_grad


def test_frozen_spikes_stay_frozen_in_a_backward_pass_of_another_thread() -> None:
    u = torch.tensor([1.05], dtype=F64, requires_grad=True)
    with derivative("true"):
        s = Slope()(u - 1)
    gradient: list[Tensor] = []
    thread = threading.Thread(target=lambda: gradient.extend(torch.autograd.grad(s, u)))
    thread.start()
    thread.join()
    assert gradient[0] == 0


Slope = maps.Slope5


def test_qr_less_often_gives_the_same_numbers() -> None:
    start = maps.henon_start(4)
    every, rarely = (spectrum(maps.henon, start, 400, transient=40, qr_every=m) for m in (1, 8))
    assert_close(rarely, every.exponents.numpy(), within=1e-6)


def test_too_long_a_window_is_repeated_step_by_step() -> None:
    start = maps.henon_start(4)
    every, rarely = (spectrum(maps.henon, start, 400, transient=40, qr_every=m) for m in (1, 60))
    assert_close(rarely, every.exponents.numpy(), within=1e-6)
    assert rarely.flags == ()


def test_window_longer_than_the_dtype_s_range_is_no_loss() -> None:
    result = spectrum(maps.linear(1e-3 * torch.eye(3)), (torch.ones(1, 3),), 200, qr_every=50)
    assert_close(result, [math.log(1e-3)] * 3, within=1e-5)


def test_k_gives_the_largest() -> None:
    inputs = normal(500, 2, 6, 6)
    full = spectrum(maps.driven, (uniform(2, 6),), inputs, transient=100)
    largest = spectrum(maps.driven, (uniform(2, 6),), inputs, 2, transient=100)
    assert_close(largest, full.exponents[:2].numpy(), within=1e-6)
    assert largest.kaplan_yorke is None


def test_state_of_several_parts_and_shapes() -> None:
    weights = 0.3 * normal(9, 9)

    def whole(_: None, state: maps.State) -> tuple[None, maps.State]:
        return None, (torch.tanh(state[0] @ weights.T) + 0.5 * state[0],)

    def parted(_: None, state: maps.State) -> tuple[None, maps.State]:
        a, b, c = state
        _, (h,) = whole(None, (torch.cat([a.flatten(1), b[:, None], c], 1),))
        return None, (h[:, :6].reshape(2, 2, 3), h[:, 6], h[:, 7:])

    h = normal(2, 9)
    parts = (h[:, :6].reshape(2, 2, 3), h[:, 6], h[:, 7:])
    assert_close(spectrum(parted, parts, 60), spectrum(whole, (h,), 60).exponents.numpy())


def test_global_generator_and_arguments_stay_untouched() -> None:
    before, start = torch.get_rng_state(), uniform(3, 6)
    kept, inputs = start.clone(), DRIVE[:30].clone()
    spectrum(maps.lif(), (start,), inputs, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(start, kept)
    assert torch.equal(inputs, DRIVE[:30])
    assert not start.requires_grad


@pytest.mark.parametrize("qr_every", [1, 20])
@pytest.mark.parametrize("start", [[2.0], [2.0, 1.0], [[2.0, 1.0]]])
def test_diverging_map_has_no_exponents(start: list[Any], qr_every: int) -> None:
    state = (torch.tensor(start, dtype=F64),)
    result = spectrum(lambda _, s: (None, (s[0] ** 2,)), state, 150, qr_every=qr_every)
    assert result.exponents.isnan().all()
    assert result.flags == ("diverged",)


# What is refused


class OnceDifferentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        return (z > 0).to(z.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 0.3 * gradient


class CutBackward(OnceDifferentiable):
    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return 0.3 * gradient.detach()


@pytest.mark.parametrize("function", [OnceDifferentiable, CutBackward])
def test_backward_that_cannot_be_differentiated_is_refused(function: Any) -> None:
    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        return None, (0.9 * state[0] + function.apply(state[0]),)

    with pytest.raises(UsageError, match=r"differentiated|contradict"):
        spectrum(step, (normal(2, 3),), 10)


def test_batchnorm_in_training_mode_is_refused() -> None:
    norm = nn.BatchNorm1d(4).double()

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        return None, (norm(state[0]) + x,)

    with pytest.raises(UsageError, match="contradict"):
        spectrum(step, (normal(5, 4),), normal(20, 5, 4))
    norm.eval()
    assert spectrum(step, (normal(5, 4),), normal(20, 5, 4)).exponents.isfinite().all()


@pytest.mark.parametrize(
    ("state", "inputs", "options", "message"),
    [
        ((), 10, {}, "empty"),
        ((torch.zeros(2, 0),), 10, {}, "empty"),
        (torch.zeros(2, 3), 10, {}, "tuple"),
        ((torch.zeros(2, 3, dtype=torch.int64),), 10, {}, "go together"),
        ((torch.zeros(()),), 10, {}, "go together"),
        ((torch.zeros(2, 3), torch.zeros(3, 2)), 10, {}, "go together"),
        ((torch.zeros(2, 3), torch.zeros(2, 3, dtype=F64)), 10, {}, "go together"),
        ((torch.zeros(2, 3),), 0, {}, "steps"),
        ((torch.zeros(2, 3),), torch.zeros(5, 3, 4), {}, "batch entries"),
        ((torch.zeros(2, 3),), torch.zeros(0, 2, 4), {}, "batch entries"),
        ((torch.zeros(2, 3),), 10.0, {}, "inputs=10.0"),
        ((torch.zeros(2, 3, dtype=torch.float16),), 10, {}, "float16"),
        ((torch.zeros(2, 3),), 10, {"k": 4}, "k=4"),
        ((torch.zeros(2, 3),), 10, {"k": 1.5}, "k=1.5"),
        ((torch.zeros(2, 3),), 10, {"k": 0}, "k=0"),
        ((torch.zeros(2, 3),), 10, {"derivative": "tru"}, "derivative='tru'"),
        ((torch.zeros(2, 3),), 10, {"transient": 10}, "transient"),
        ((torch.zeros(2, 3),), 10, {"transient": -1}, "transient"),
        ((torch.zeros(2, 3),), 10, {"qr_every": 0}, "qr_every"),
        ((torch.zeros(2, 3),), 10, {"qr_every": 2.0}, "qr_every"),
    ],
)
def test_bad_arguments_are_refused_before_any_step(
    state: Any, inputs: Any, options: dict[str, Any], message: str
) -> None:
    def step(_: Any, state: maps.State) -> tuple[None, maps.State]:
        raise AssertionError("a step was taken")

    with pytest.raises(UsageError, match=message):
        spectrum(step, state, inputs, **options)


def test_step_that_changes_the_dtype_is_refused() -> None:
    with pytest.raises(UsageError, match=r"float32.*float64"):
        spectrum(lambda _, s: (None, (s[0].double(),)), (torch.ones(2, 3),), 10)


@pytest.mark.parametrize(
    "rule", [lambda h: h, lambda h: (h,), lambda h: (None, h), lambda h: (None, None, h)]
)
def test_step_that_returns_no_state_is_refused(rule: Any) -> None:
    with pytest.raises(UsageError, match=r"not \(output, state\)"):
        spectrum(lambda _, s: rule(s[0]), (torch.ones(2, 3, dtype=F64),), 10)


def test_tangents_of_another_shape_are_refused() -> None:
    def rule(_: None, state: maps.State, tangents: maps.State) -> tuple[maps.State, maps.State]:
        return (0.9 * state[0],), (0.9 * tangents[0][:, :, :1],)

    with pytest.raises(UsageError, match="tangent_step turns tangents"):
        spectrum(lambda _, s: (None, (0.9 * s[0],)), (normal(2, 3),), 10, tangent_step=rule)


def test_step_without_gradients_is_refused_unless_it_is_a_constant() -> None:
    def frozen(_: None, state: maps.State) -> tuple[None, maps.State]:
        with torch.no_grad():
            return None, (0.9 * state[0],)

    with pytest.raises(UsageError, match="carries no gradient"):
        spectrum(frozen, (normal(2, 3),), 10)
    constant = spectrum(lambda _, s: (None, (torch.ones_like(s[0]),)), (normal(2, 3),), 10)
    assert constant.exponents.isneginf().all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("r", [2.0, 1 + 5**0.5, 4.0])
def test_maps_that_go_through_a_critical_point_are_accepted(r: float, dtype: torch.dtype) -> None:
    """There J is what rounding leaves of 0, by either way of differentiating another rest."""

    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        x = state[0]
        return None, (r * x * (1 - x),)

    start = (torch.linspace(0.11, 0.83, 7).to(dtype)[:, None],)
    (found,) = spectrum(step, start, 3000, transient=100).exponents.tolist()
    assert found == pytest.approx(math.log(2), abs=0.02) if r == 4 else found < -5


def test_a_state_that_is_not_finite_has_no_exponents() -> None:
    for rule in (lambda h: 0.5 * h + math.nan, lambda h: torch.full_like(h, math.nan), lambda h: 2 * h):
        result = spectrum(lambda _, s, rule=rule: (None, (rule(s[0]),)), (normal(3, 1),), 2000)
        assert "diverged" in result.flags
        assert result.exponents.isnan().all()


def test_parts_that_change_their_shape_or_dtype_are_refused() -> None:
    start = (normal(3, 2), normal(3, 1))
    for rule in (
        lambda a, b: (b, a),
        lambda a, b: (a, b.float()),
        lambda a, b: (torch.cat([a, b], 1),),
        lambda a, b: (a, 1.0),
    ):
        with pytest.raises(UsageError, match="the step turns a state of"):
            spectrum(lambda _, s, rule=rule: (None, rule(*s)), start, 10)


def test_tangents_of_parts_without_features() -> None:
    def rule(_: None, state: maps.State, tangents: maps.State) -> tuple[maps.State, maps.State]:
        return (0.5 * state[0],), (0.5 * tangents[0],)

    found = spectrum(lambda _, s: (None, (0.5 * s[0],)), (uniform(3),), 200, tangent_step=rule)
    assert found.exponents.tolist() == pytest.approx([math.log(0.5)], rel=1e-12)


# Dimension


@pytest.mark.parametrize(
    ("exponents", "complete", "dimension"),
    [
        ([0.41922, -1.62319], True, 1.25827),
        ([0.9056, 0.0, -14.5723], True, 2.06215),
        ([-0.1, -0.2], True, 0.0),
        ([0.2, -0.1], True, 2.0),
        ([0.2, -0.1], False, None),
        ([0.2, -math.inf], True, 1.0),
        ([math.nan, -0.1], True, None),
    ],
)
def test_kaplan_yorke(exponents: list[float], complete: bool, dimension: float | None) -> None:
    found = kaplan_yorke(exponents, complete=complete)
    assert found is None if dimension is None else found == pytest.approx(dimension, abs=1e-5)


def test_rounding_takes_nothing_from_the_dimension() -> None:
    assert kaplan_yorke([1e-17, -2e-17, -1e-16], complete=True, rounding=1e-15) == 3
    assert kaplan_yorke([0.9, 1e-17, -14.0], complete=True, rounding=1e-15) == pytest.approx(2 + 0.9 / 14)
    for dtype in (torch.float32, F64):
        result = spectrum(lambda _, s: (None, (s[0],)), (normal(2, 3).to(dtype),), 150)
        assert result.kaplan_yorke == 3


@pytest.mark.parametrize(
    ("exponents", "complete", "known"),
    [
        ([0.9, 0.2, -1.0], True, 1.1),
        ([0.9, 0.2, -1.0], False, 1.1),
        ([0.9, 0.2], False, None),
        ([0.9, 0.2], True, 1.1),
        ([0.0, -1.0], False, 0.0),
        ([-0.1, -math.inf], True, 0.0),
        ([math.nan, -1.0], True, None),
    ],
)
def test_entropy(exponents: list[float], complete: bool, known: float | None) -> None:
    found = entropy(exponents, complete=complete)
    assert found is None if known is None else found == pytest.approx(known)


def test_tangents_of_a_surrogate_have_no_dimension_and_no_entropy() -> None:
    """They are the gradient's: trajectories follow the true derivative, or none."""
    for which, spike, known in (
        ("surrogate", FastSigmoid(5), False),
        ("true", FastSigmoid(5), True),
        ("surrogate", GradedSigmoid(), True),
    ):
        neuron = RLIF((4,), spike, torch.Generator(), rec_init_scale=4.0).double()  # type: ignore[arg-type]
        drive = 2 * uniform(120, 3, 4)
        result = spectrum(neuron.step, neuron.initial_state(drive[0]), drive, derivative=which)  # type: ignore[arg-type]
        assert (result.kaplan_yorke is not None) is known
        assert (result.entropy is not None) is known


def test_networks_with_hidden_layers_keep_the_slowest_leak_under_the_true_derivative() -> None:
    generator = torch.Generator().manual_seed(0)
    network: Network = dense(
        (6,), 3, lambda f: LIF(f, FastSigmoid(), generator, beta=0.8), generator, hidden=(9, 5)
    ).double()
    start = network.initial_state(DRIVE[0])
    result = spectrum(network.step, start, 5 * DRIVE[:60], derivative="true")
    assert_close(result, [math.log(0.8)] * 14)
