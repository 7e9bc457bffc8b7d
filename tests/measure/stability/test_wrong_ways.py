"""Ways to get a Lyapunov exponent wrong: each is written out, misses by far, and ours does not."""

from __future__ import annotations

import copy
import math

import maps
import numpy as np
import pytest
import torch
from maps import F64, normal, uniform
from torch import Tensor, nn

from snnbench.errors import UsageError
from snnbench.lyapunov import finite_size, spectrum

SILENT = torch.zeros(1000, 1, 100, dtype=F64)


def norm(h: Tensor) -> float:
    return float(torch.linalg.vector_norm(h))


def leak(beta: float, layers: int = 1) -> maps.Step:
    """Populations that only leak, side by side."""
    return lambda x, state: (None, tuple(beta * part + x for part in state[:layers]))


def rest(layers: int = 1, width: int = 100) -> maps.State:
    return tuple(torch.zeros(1, width, dtype=F64) for _ in range(layers))


def test_without_rescaling_the_mean_telescopes() -> None:
    truth, epsilon = math.log(0.95), 1e-6
    step, (h,) = leak(0.95), rest()
    moved = h + epsilon * normal(1, 100) / norm(normal(1, 100))
    logs, last = [], norm(moved - h)
    for x in SILENT:
        (h,), (moved,) = step(x, (h,))[1], step(x, (moved,))[1]
        distance = norm(moved - h) + 1e-12
        logs.append(math.log(distance / last))
        last = distance
    assert truth == pytest.approx(-0.0513, abs=1e-4)
    assert np.mean(logs) == pytest.approx(-0.0138, abs=1e-4)
    ours = finite_size(leak(0.95), rest(), SILENT, (epsilon,))
    assert float(ours.exponents) == pytest.approx(truth, abs=1e-9)


def test_rescaling_each_layer_adds_half_the_log_of_their_number() -> None:
    truth, layers, epsilon = math.log(0.9), 3, 1e-3
    state = rest(layers)
    moved = tuple(part + epsilon * normal(1, 100, seed=i) / 10 for i, part in enumerate(state))
    logs = []
    for x in SILENT[:200]:
        state, moved = leak(0.9, layers)(x, state)[1], leak(0.9, layers)(x, moved)[1]
        gaps = [b - a for a, b in zip(state, moved, strict=True)]
        logs.append(math.log(math.sqrt(sum(norm(gap) ** 2 for gap in gaps)) / epsilon))
        moved = tuple(a + epsilon * gap / norm(gap) for a, gap in zip(state, gaps, strict=True))
    assert np.mean(logs[1:]) == pytest.approx(truth + 0.5 * math.log(layers), abs=1e-9)
    ours = finite_size(leak(0.9, layers), rest(layers), SILENT[:200], (epsilon,))
    assert float(ours.exponents) == pytest.approx(truth, abs=1e-9)


def test_epsilon_is_not_the_norm_of_a_perturbation_of_every_component_by_epsilon() -> None:
    truth, epsilon = math.log(0.9), 1e-3
    (h,) = rest()
    moved = h + epsilon * torch.sign(normal(1, 100))
    first = math.log(norm(leak(0.9)(SILENT[0], (moved,))[1][0]) / epsilon)
    assert first == pytest.approx(truth + 0.5 * math.log(100), abs=1e-9)
    ours = finite_size(leak(0.9), rest(), SILENT[:1], (epsilon,))
    assert float(ours.exponents) == pytest.approx(truth, abs=1e-9)


def test_a_fresh_perturbation_each_step_measures_a_distance() -> None:
    truth, epsilon = math.log(0.9), 1e-4
    generator = torch.Generator().manual_seed(0)
    (free,), (kicked,) = rest(), (5 * normal(1, 100),)
    logs = []
    for x in SILENT[:40]:
        kick = epsilon * torch.randn(1, 100, dtype=F64, generator=generator)
        (free,), (kicked,) = leak(0.9)(x, (free,))[1], leak(0.9)(x, (kicked + kick,))[1]
        logs.append(math.log(norm(kicked - free) / epsilon))
    assert np.mean(logs) > 10
    ours = finite_size(leak(0.9), rest(), SILENT[:40], (epsilon,))
    assert float(ours.exponents) == pytest.approx(truth, abs=1e-9)


def test_a_floor_inside_the_root_hides_that_the_trajectories_coalesced() -> None:
    epsilon = 1e-4
    dead = torch.zeros(1, 100, dtype=F64)
    floored = math.log(float((dead.square().sum() + 1e-12).sqrt()) / epsilon)
    assert floored == pytest.approx(-4.6, abs=0.01)
    inputs = uniform(200, 1, 100)
    ours = finite_size(lambda x, s: (None, (0 * s[0] + x,)), rest(), inputs, (epsilon,))
    assert ours.p_coalesce.tolist() == [1]
    assert ours.exponents.isnan().all()
    tangent = spectrum(lambda x, s: (None, (0 * s[0] + x,)), rest(1, 4), inputs[..., :4])
    assert tangent.exponents.isneginf().all()


def test_a_spike_distance_over_a_membrane_distance_is_no_growth_rate() -> None:
    truth, epsilon = math.log(0.9), 1e-6
    inputs = 0.3 * uniform(300, 16, 20, seed=1)
    step, start = maps.lif(0.9), torch.zeros(16, 20, dtype=F64)
    moved = start + epsilon
    ratios, h = [], start
    for x in inputs:
        before = torch.linalg.vector_norm(moved - h, dim=1)
        a, (h,) = step(x, (h,))
        b, (moved,) = step(x, (moved,))
        ratios.append(torch.linalg.vector_norm(b - a, dim=1) / before)
        moved = h + epsilon
    assert torch.stack(ratios).median() == 0, "no spike flips: the logarithm does not exist"
    ours = finite_size(step, (start,), inputs, (epsilon,), transient=50)
    assert float(ours.exponents) == pytest.approx(truth, abs=0.01)


def test_batchnorm_in_training_mode_couples_reference_and_copy() -> None:
    norm_layer = nn.BatchNorm1d(8).double()

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        return None, (0.5 * norm_layer(state[0]) + x,)

    inputs, start, epsilon = normal(150, 1, 8), normal(1, 8), 0.01
    h, logs = start.repeat(2, 1), []
    h[1] += epsilon / math.sqrt(8)
    with torch.no_grad():
        for x in inputs:
            (h,) = step(x, (h,))[1]
            gap = h[1] - h[0]
            logs.append(math.log(norm(gap) / epsilon))
            h = torch.stack([h[0], h[0] + epsilon * gap / norm(gap)])
    assert np.mean(logs) > 0, "two samples are pushed a standard deviation apart, whatever they are"
    assert not finite_size(step, (start,), inputs, (epsilon,)).control_ok
    with pytest.raises(UsageError, match="contradict"):
        spectrum(step, (normal(4, 8),), normal(150, 4, 8))

    frozen = copy.deepcopy(norm_layer).eval()
    scale = 0.5 / torch.sqrt(frozen.running_var + frozen.eps)
    kept = frozen.running_mean.clone()
    norm_layer = frozen
    ours = spectrum(step, (start,), inputs, transient=50)
    np.testing.assert_allclose(
        ours.exponents.numpy(), scale.log().sort(descending=True).values.numpy(), atol=0.05
    )
    assert torch.equal(frozen.running_mean, kept)


def wrong_order(jacobians: Tensor) -> np.ndarray:
    """QR on transposed Jacobians, multiplied forward in time."""
    q = np.linalg.qr(np.random.default_rng(0).normal(size=jacobians.shape[1:]))[0]
    logs = []
    for jacobian in jacobians.numpy():
        q, r = np.linalg.qr(jacobian.T @ q)
        logs.append(np.log(np.abs(np.diag(r))))
    return np.mean(logs[300:], 0)


def test_transposed_jacobians_in_forward_order_are_another_map() -> None:
    a, b, c = matrices = normal(3, 4, 4, seed=1)
    truth = np.sort(np.log(np.abs(np.linalg.eigvals((c @ b @ a).numpy()))) / 3)[::-1]
    inputs = maps.cycle(matrices, 1500)
    wrong = wrong_order(inputs[:, 0])
    ours = spectrum(maps.driven, (torch.zeros(1, 4, dtype=torch.float64),), inputs, transient=300)
    assert np.abs(wrong - truth).max() > 0.05
    assert np.abs(ours.exponents.numpy() - truth).max() < 2e-3
    symmetric = normal(4, 4) + normal(4, 4).T
    commuting = symmetric.expand(1500, 4, 4)
    harmless = spectrum(
        maps.driven, (torch.zeros(1, 4, dtype=torch.float64),), commuting[:, None], transient=300
    )
    np.testing.assert_allclose(harmless.exponents.numpy(), wrong_order(commuting), atol=1e-6)


def test_the_smallest_exponent_of_a_single_late_qr_is_rounding() -> None:
    basis = normal(2, 2)
    matrix = basis @ torch.diag(torch.tensor([2.0, 0.5], dtype=F64)) @ torch.linalg.inv(basis)
    h, q = torch.zeros(2, dtype=F64), torch.linalg.qr(normal(2, 2)).Q
    for _ in range(100):
        q = matrix @ q
    late = (torch.linalg.qr(q).R.diagonal().abs().log() / 100)[1]
    assert abs(float(late) - math.log(0.5)) > 0.3
    ours = spectrum(maps.linear(matrix), (h[None],), 200, transient=100, qr_every=100)
    assert float(ours.exponents[1]) == pytest.approx(math.log(0.5), abs=1e-9)
