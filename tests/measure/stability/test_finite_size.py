from __future__ import annotations

import math
from typing import Any

import maps
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from maps import F64, normal, uniform
from torch import Tensor, nn

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.errors import UsageError
from snnbench.lyapunov import FiniteSize, finite_size, spectrum
from snnbench.measure.stability.band import band, intervals

DELTAS = (1e-6, 1e-3, 1.0, 1e3)
DRIVE = 0.6 * uniform(300, 3, 6, seed=7)


def zeros(batch: int, *shape: int) -> Tensor:
    return torch.zeros(batch, *shape, dtype=F64)


def assert_close(result: FiniteSize, known: Any, within: float) -> None:
    np.testing.assert_allclose(
        result.exponents.numpy(), np.broadcast_to(known, len(result.deltas)), rtol=0, atol=within
    )


# Where the answer is known


@pytest.mark.parametrize(
    ("matrix", "known"),
    [
        (torch.diag(torch.tensor([1.1, 0.8], dtype=F64)), math.log(1.1)),
        (0.9 * torch.eye(3, dtype=F64), math.log(0.9)),
        (1.7 * torch.linalg.qr(normal(5, 5)).Q, math.log(1.7)),
    ],
    ids=["diagonal", "identity", "orthogonal"],
)
def test_linear_map_has_its_exponent_at_every_size(matrix: Tensor, known: float) -> None:
    start = (zeros(2, len(matrix)),)
    result = finite_size(maps.linear(matrix), start, 300, DELTAS, transient=150)
    assert_close(result, known, within=1e-12)
    assert result.deltas == DELTAS
    assert (result.p_coalesce == 0).all()
    assert result.growth_from is None
    assert result.growth_to is None
    assert result.control_ok
    assert result.flags == ()


def test_delta_is_the_euclidean_norm_over_the_whole_state() -> None:
    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        size = sum(part.square().flatten(1).sum(1) for part in state).sqrt()
        return None, tuple(part * size.view(-1, *[1] * (part.dim() - 1)) for part in state)

    sizes = (1e-3, 0.5, 20.0)
    result = finite_size(step, (zeros(3, 4), zeros(3, 2, 5)), 50, sizes)
    assert_close(result, np.log(sizes), within=1e-12)


def test_matrices_in_a_cycle() -> None:
    a, b, c = matrices = normal(3, 4, 4, seed=1)
    known = np.log(np.abs(np.linalg.eigvals((c @ b @ a).numpy()))).max() / 3
    result = finite_size(maps.driven, (zeros(1, 4),), maps.cycle(matrices, 900), DELTAS, transient=300)
    assert_close(result, known, within=2 / 600)


@settings(max_examples=15, deadline=None)
@given(
    beta=st.floats(0.05, 0.99),
    sizes=st.lists(st.sampled_from([1e-4, 1e-2, 0.3, 2.0]), min_size=1, max_size=4),
    parts=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_pure_leak_is_ln_beta_for_any_state_layout(
    beta: float, sizes: list[float], parts: int, seed: int
) -> None:
    inputs = normal(30, 2, 5, seed=seed)

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        return None, tuple(beta * part + x for part in state)

    result = finite_size(step, tuple(zeros(2, 5) for _ in range(parts)), inputs, sizes, seed=seed)
    assert_close(result, math.log(beta), within=1e-9)
    assert result.flags == ("finite-time",)


def test_small_perturbations_approach_the_lyapunov_exponent() -> None:
    henon = finite_size(maps.henon, maps.henon_start(64), 800, (1e-8, 1e-6), transient=100)
    tangent = spectrum(maps.henon, maps.henon_start(64), 800, 1, transient=100)
    assert_close(henon, float(tangent.exponents), within=1e-4)
    logistic = finite_size(maps.logistic, (uniform(256),), 400, (1e-8, 1e-6, 1e-4), transient=50)
    assert_close(logistic, math.log(2), within=2e-3)
    assert (logistic.interval[:, 0] < math.log(2)).all()
    assert (logistic.interval[:, 1] > math.log(2)).all()


def test_silent_lif_is_the_leak_at_every_size_that_keeps_it_silent() -> None:
    result = finite_size(maps.lif(0.9), (zeros(3, 6),), 0.1 * DRIVE, (1e-6, 1e-3, 0.1), transient=20)
    assert_close(result, math.log(0.9), within=1e-9)
    assert result.growth_from is None
    assert result.growth_to is None


def test_recurrent_lif_is_the_leak_below_its_critical_size_and_grows_above() -> None:
    weights = 1.5 * normal(60, 60, seed=2) / math.sqrt(60)
    inputs = 0.4 * uniform(250, 12, 60, seed=3)
    step = maps.lif(0.9, recurrent=weights)
    result = finite_size(step, (zeros(12, 60),), inputs, (1e-7, 1e-2, 0.3), transient=50)
    curve = result.exponents
    assert float(curve[0]) == pytest.approx(math.log(0.9), abs=0.02)
    assert curve[0] < curve[1] < curve[2]
    assert curve[2] > 0.1
    assert result.growth_from is not None
    assert 1e-7 < result.growth_from < 0.3
    low, high = result.growth_from_interval or (math.nan, math.nan)
    assert low < result.growth_from < high
    assert result.growth_to is None


def test_recurrent_lif_agrees_with_the_mean_field_of_flipped_spikes() -> None:
    """ln β + √(2N/π)·ρ·δ·ln(√(g²+θ²)/δ), for δ so small that few spikes flip; ρ: density of u at θ."""
    width, beta, g, sizes = 200, 0.9, 1.5, (1e-4, 1e-3, 1e-2)
    step = maps.lif(beta, recurrent=g * normal(width, width, seed=1) / math.sqrt(width))
    inputs, start = 0.2 * uniform(300, 16, width, seed=3), zeros(16, width)
    result = finite_size(step, (start,), inputs, sizes, transient=100)
    state, near = (start,), []
    for t, x in enumerate(inputs):
        _, state = step(x, state)
        near += [((state[0] - 1).abs() < 0.05).double().mean()] * (t >= 100)
    density = float(torch.stack(near).mean()) / 0.1
    flips = [math.sqrt(2 * width / math.pi) * density * d * math.log(math.hypot(g, 1) / d) for d in sizes]
    assert_close(result, math.log(beta) + np.array(flips), within=0.02)
    assert flips[2] > 0.1, "the formula says more than the leak"


def test_bounded_chaos_falls_through_zero_at_the_size_of_its_attractor() -> None:
    weights = 3 * normal(60, 60, seed=3) / math.sqrt(60)

    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        return None, (torch.tanh(state[0]) @ weights.T,)

    result = finite_size(step, (normal(4, 60),), 200, (1e-6, 1.0, 1e4), transient=50)
    tangent = spectrum(step, (normal(4, 60),), 200, 1, transient=50)
    assert float(result.exponents[0]) == pytest.approx(float(tangent.exponents), abs=0.02)
    assert result.exponents[2] < 0
    assert result.flags == ()
    assert result.growth_from is None, "the smallest grows already"
    assert result.growth_to is not None
    assert 1.0 < result.growth_to < 1e4
    assert result.growth_to_interval is None, "too few entries for a bootstrap"


# Coalescence


def test_trajectories_that_coalesce_are_counted_and_never_logged() -> None:
    result = finite_size(lambda x, s: (None, (0 * s[0] + x,)), (zeros(3, 6),), DRIVE, (0.1, 1.0))
    assert (result.p_coalesce == 1).all()
    assert result.exponents.isnan().all()
    assert result.interval.isnan().all()
    assert result.growth_from is None
    assert result.growth_to is None
    assert result.control_ok


def test_coalescence_is_a_fraction_of_measured_steps_and_entries() -> None:
    gate = torch.ones(140, 4, 1, dtype=F64)
    gate[:40] = 0  # transient
    gate[40::10, :2] = 0  # every tenth step, in half of the entries
    result = finite_size(
        lambda x, s: (None, (0.5 * x * s[0],)), (zeros(4, 3),), gate, (0.1, 1.0), transient=40
    )
    np.testing.assert_allclose(result.p_coalesce.numpy(), 0.05, rtol=1e-12)
    assert_close(result, math.log(0.5), within=1e-12)


def test_small_perturbation_of_a_binary_network_coalesces() -> None:
    weights = normal(20, 20, seed=8)

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        return None, ((state[0] > 0).to(F64) @ weights.T + x,)

    result = finite_size(step, (normal(8, 20),), normal(150, 8, 20), (1e-9, 30.0))
    assert result.p_coalesce[0] > 0.99
    assert result.p_coalesce[1] < 0.5


# The control


def test_hidden_randomness_voids_the_measurement() -> None:
    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        noise = torch.randn(state[0].shape, dtype=F64, generator=hidden)
        return None, (0.9 * state[0] + 1e-9 * noise,)

    hidden = torch.Generator().manual_seed(0)
    result = finite_size(step, (zeros(2, 3),), 150, (1e-3, 1.0))
    assert not result.control_ok
    assert result.flags == ("control",)
    for numbers in (result.exponents, result.interval, result.p_coalesce):
        assert numbers.isnan().all()
    assert result.growth_from is None
    assert result.growth_to is None


def test_hidden_randomness_that_starts_late_voids_the_measurement() -> None:
    calls: list[int] = []

    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        calls.append(1)
        noise = torch.rand(state[0].shape, dtype=F64, generator=hidden) if len(calls) > 100 else 0.0
        return None, (0.9 * state[0] + 1e-15 * noise + 1,)

    hidden = torch.Generator().manual_seed(0)
    assert not finite_size(step, (zeros(2, 3),), 150, (1e-3,)).control_ok


def test_hidden_state_voids_the_measurement() -> None:
    memory = [0.0]

    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        memory[0] += 1
        return None, (0.9 * state[0] + memory[0],)

    assert not finite_size(step, (zeros(2, 3),), 150, (1e-3,)).control_ok


def test_batchnorm_in_training_mode_voids_the_measurement() -> None:
    norm = nn.BatchNorm1d(4, track_running_stats=False).double()
    tracked = nn.BatchNorm1d(4).double().eval()
    inputs = normal(150, 5, 4)
    for layer, sound in ((norm, False), (tracked, True)):
        result = finite_size(
            lambda x, s, layer=layer: (None, (layer(0.9 * s[0]) + x,)), (normal(5, 4),), inputs, (1e-3,)
        )
        assert result.control_ok is sound


@pytest.mark.parametrize("batch", [1, 5, 16])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_control_of_a_whole_network_stays_bitwise_zero(batch: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    network = dense(
        (17,),
        10,
        lambda f: RLIF(f, FastSigmoid(), generator, rec_init_scale=2.0),
        generator,
        hidden=(33, 20),
        readout="membrane_max",
    ).to(dtype)
    inputs = 2 * uniform(120, batch, 17).to(dtype)
    result = finite_size(network.step, network.initial_state(inputs[0]), inputs, (0.01, 0.5))
    assert result.control_ok
    assert result.exponents.isfinite().all()


# Precision


def test_float32_below_its_resolution_is_flagged_or_has_no_number() -> None:
    start = torch.full((2, 100), 1.0)
    result = finite_size(lambda _, s: (None, (0.9 * s[0] + 0.1,)), (start,), 150, (1e-12, 1e-4, 1.0))
    assert result.flags == ("resolution[1e-12]", "resolution[0.0001]")
    assert result.exponents[0].isnan()
    assert result.p_coalesce[0].isnan(), "lost in rounding is not coalesced"
    assert float(result.exponents[2]) == pytest.approx(math.log(0.9), abs=1e-4)
    double = finite_size(lambda _, s: (None, (0.9 * s[0] + 0.1,)), (start.double(),), 150, (1e-4, 1.0))
    assert double.flags == ()


@pytest.mark.parametrize("rule", [lambda h: h**2, lambda h: h**3 - h**2], ids=["to infinity", "to nan"])
def test_diverging_map_has_no_numbers(rule: Any) -> None:
    result = finite_size(lambda _, s: (None, (rule(s[0]),)), (torch.tensor([2.0, 3.0], dtype=F64),), 150)
    assert "diverged" in result.flags
    assert result.control_ok
    assert result.exponents.isnan().all()
    assert result.growth_from is None
    assert result.growth_to is None


def test_a_step_that_writes_into_its_state_is_refused() -> None:
    with pytest.raises(UsageError, match="writes into the state"):
        finite_size(lambda _, s: (None, (s[0].mul_(0.9),)), (torch.ones(4, 3, dtype=F64),), 150, (1.0,))


def test_it_runs_in_the_inference_mode() -> None:
    with torch.inference_mode():
        result = finite_size(lambda _, s: (None, (0.9 * s[0],)), (torch.ones(4, 3, dtype=F64),), 150, (1.0,))
    assert float(result.exponents) == pytest.approx(math.log(0.9), rel=1e-12)


def test_same_seed_same_numbers_and_no_global_randomness() -> None:
    before = torch.get_rng_state()
    one, again, other = (
        finite_size(maps.henon, maps.henon_start(12), 120, (1e-3, 0.1), seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(one.exponents, again.exponents)
    assert not torch.equal(one.exponents, other.exponents)
    assert torch.equal(torch.get_rng_state(), before)


def test_sizes_are_sorted() -> None:
    start = (zeros(2, 3),)
    result = finite_size(maps.linear(torch.eye(3, dtype=F64)), start, 10, [1.0, 0.1, 1.0])
    assert result.deltas == (0.1, 1.0)


@pytest.mark.parametrize("deltas", [(), (0.0,), (-1.0,), (math.nan,), (math.inf,)])
def test_sizes_that_are_none_are_refused(deltas: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="deltas"):
        finite_size(maps.logistic, (uniform(2),), 10, deltas)


def test_neutral_maps_have_no_critical_size() -> None:
    turn = torch.tensor([[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]], dtype=F64)
    for rule in (lambda h: h * 1.0, lambda h: h @ turn.T):
        result = finite_size(lambda _, s, rule=rule: (None, (rule(s[0]),)), (normal(12, 2),), 200)
        assert result.exponents.abs().max() < 1e-9
        assert result.growth_from is None
        assert result.growth_to is None


@pytest.mark.parametrize("deltas", ["abc", [None]])
def test_sizes_are_numbers(deltas: object) -> None:
    with pytest.raises(UsageError, match="not sizes of a perturbation"):
        finite_size(maps.logistic, (uniform(2),), 10, deltas)  # type: ignore[arg-type]


def test_one_size_is_no_list_of_sizes() -> None:
    with pytest.raises(UsageError, match=r"deltas=1.0: not several sizes"):
        finite_size(maps.logistic, (uniform(2),), 10, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("transient", [-1, 10])
def test_transient_must_leave_steps(transient: int) -> None:
    with pytest.raises(UsageError, match="transient"):
        finite_size(maps.logistic, (uniform(2),), 10, transient=transient)


# The band of sizes that grow


@pytest.mark.parametrize(
    ("curve", "start", "end"),
    [
        ([-1.0, 1.0, 2.0], 0.1, None),
        ([-3.0, -1.0, 1.0], 10.0, None),
        ([1.0, -1.0, -2.0], None, 0.1),
        ([-1.0, 3.0, 4.0], 10**-1.5, None),
        ([-1.0, 1.0, -1.0], 0.1, 10.0),
        ([-1.0, math.nan, 1.0], 1.0, None),
        ([-1.0, 2.0, 0.0], 10 ** (-2 + 2 / 3), 100.0),
        ([-1.0, -0.5, 0.0], None, None),
        ([0.0, 0.0, 0.0], None, None),
        ([-3.0, -2.0, -1.0], None, None),
        ([1.0, 2.0, 3.0], None, None),
        ([math.nan, math.nan, 1.0], None, None),
    ],
)
def test_ends_are_interpolated_in_the_logarithm(
    curve: list[float], start: float | None, end: float | None
) -> None:
    found = band([1e-2, 1.0, 100.0], curve)
    assert found.grows == any(value > 0 for value in curve)
    for ours, known in ((found.start, start), (found.end, end)):
        assert ours is None if known is None else ours == pytest.approx(known, rel=1e-12)
    assert not found.more


def test_a_second_band_is_told() -> None:
    found = band([1.0, 2.0, 3.0, 4.0], [1.0, -1.0, 1.0, -1.0])
    assert found.more
    assert found.end == pytest.approx(2**0.5)


@pytest.mark.slow
def test_intervals_of_the_ends_cover() -> None:
    """Curves of 12 entries around −1, 1, −1: both ends are known, 0.1 and 10."""
    noise = normal(300, 12, 3, seed=4) * 0.5 + torch.tensor([-1.0, 1.0, -1.0], dtype=F64)
    held = [0, 0]
    for one in noise:
        found = intervals(one[None], torch.ones(1, 12, 3, dtype=F64), [1e-2, 1.0, 100.0], 0)
        for index, (ends, known) in enumerate(zip(found, (0.1, 10.0), strict=True)):
            assert ends is not None
            held[index] += ends[0] <= known <= ends[1]
    assert all(0.925 <= count / 300 <= 0.985 for count in held), held


def test_a_bootstrap_without_an_end_has_no_interval() -> None:
    flat = torch.full((1, 12, 3), -1.0, dtype=F64)
    assert intervals(flat, torch.ones_like(flat), [1e-2, 1.0, 100.0], 0) == (None, None)


def test_it_prints_in_a_line() -> None:
    text = repr(finite_size(maps.henon, maps.henon_start(12), 120, (1e-3, 0.1)))
    assert len(text) < 200
    assert "λ(0.001)=" in text
    assert "\n" not in text
