"""One flipped spike: its effect and its reset by hand, damage of known statistics, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import maps
import numpy as np
import pytest
import torch
from maps import F64, normal, uniform
from torch import Tensor, nn

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.adlif import AdLIF
from snnbench.components.neurons.alif import ALIF
from snnbench.components.neurons.gated import GRU
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.lyapunov import SingleSpike, single_spike

SPIKE = maps.Slope5()
NONE = torch.Generator()


def flipped(batch: int, units: int, seed: int = 0) -> np.ndarray:
    """Which unit is flipped in each entry."""
    return torch.randint(units, (batch,), generator=torch.Generator().manual_seed(seed)).numpy()


class Carried:
    """Neurons in numpy that carry their last spikes: to flip one is to change that number alone."""

    def __init__(self, rule: Any, parts: int = 1) -> None:
        self.rule = rule
        self.parts = parts

    def spikes(self, inputs: np.ndarray, at: int, unit: int | None) -> np.ndarray:
        """Of ``inputs`` ``[T, N]``, ``[T, N]``; the spike of ``unit`` flipped in step ``at``."""
        parts, s = [np.zeros(inputs.shape[1]) for _ in range(self.parts)], np.zeros(inputs.shape[1])
        seen = []
        for t, x in enumerate(inputs):
            fires, after = self.rule(parts, s, x)
            s = fires.astype(float)
            if t == at and unit is not None:
                s[unit] = 1 - s[unit]
            parts = after(s)
            seen.append(s)
        return np.array(seen)

    def damage(self, inputs: np.ndarray, at: int, seed: int = 0) -> np.ndarray:
        """The mean over entries that ``single_spike`` should find, ``[S]``."""
        units = flipped(*inputs.shape[1:], seed)
        both = [
            np.abs(self.spikes(inputs[:, b], at, unit) - self.spikes(inputs[:, b], at, None)).sum(1)
            for b, unit in enumerate(units)
        ]
        return np.mean(both, 0)[at:]


def delayed(reset: str, weights: np.ndarray | None = None, beta: float = 0.8) -> Any:
    def rule(parts: list[np.ndarray], s: np.ndarray, x: np.ndarray) -> Any:
        u = beta * parts[0]
        u = {"subtract": u - s, "zero": u * (1 - s), "none": u}[reset] + x
        if weights is not None:
            u = u + weights @ s
        return u > 1, lambda new: [u]

    return rule


def at_once(reset: str, beta: float = 0.8) -> Any:
    def rule(parts: list[np.ndarray], s: np.ndarray, x: np.ndarray) -> Any:
        u = beta * parts[0] + x
        return u > 1, lambda new: [{"subtract": u - new, "zero": u * (1 - new), "none": u}[reset]]

    return rule


def adapting(parts: list[np.ndarray], s: np.ndarray, x: np.ndarray) -> Any:
    u, b = parts
    b = 0.97 * b + s
    u = 0.8 * u + 0.2 * x - (0.1 + 0.05 * b) * s
    return u - 0.1 - 0.05 * b > 0, lambda new: [u, b]


RECURRENT = 0.4 * normal(6, 6, seed=5)


def rlif(weights: Tensor) -> RLIF:
    neuron = RLIF((len(weights),), SPIKE, torch.Generator(), beta=0.8).double()
    neuron.weight.data.copy_(weights)
    return neuron


CASES = {
    **{
        f"lif {reset} delayed={delay}": (
            LIF((6,), SPIKE, NONE, beta=0.8, reset=reset, reset_delay=delay),
            Carried(delayed(reset) if delay else at_once(reset)),
        )
        for reset in ("subtract", "zero", "none")
        for delay in (True, False)
    },
    "rlif": (rlif(RECURRENT), Carried(delayed("subtract", RECURRENT.numpy()))),
    "alif": (ALIF((6,), SPIKE, NONE, beta=0.8), Carried(adapting, 2)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("at", [0, 17])
def test_the_flipped_spike_acts_and_resets_as_if_it_were_carried(name: str, at: int) -> None:
    neuron, known = CASES[name]
    inputs = 0.6 * uniform(60, 30, 6, seed=7)
    result = single_spike(neuron.step, neuron.initial_state(inputs[0]), inputs, at=at)
    np.testing.assert_allclose(result.damage.numpy(), known.damage(inputs.numpy(), at), rtol=0, atol=1e-12)
    assert result.damage[0] == 1
    assert result.damage[1:].sum() > 0 or "none" in name, "the case cannot tell whether the reset follows"
    assert result.units == 6
    assert result.control_ok


def test_one_neuron_by_hand() -> None:
    """Membranes 0.6, 0.9, 1.05 (spike), 0.125, 0.6625, 0.93, 1.07 (spike), and what two flips make of it."""
    neuron = LIF((1,), SPIKE, NONE, beta=0.5)
    inputs = torch.full((7, 1, 1), 0.6, dtype=F64)
    assert [float(s) for s in neuron(inputs)[0]] == [0, 0, 1, 0, 0, 0, 1]
    added = single_spike(neuron.step, neuron.initial_state(inputs[0]), inputs, at=1)
    assert added.damage.tolist() == [1, 1, 0, 0, 1, 1], "0.05, 0.625, 0.9125, 1.056 (spike), 0.128"
    taken = single_spike(neuron.step, neuron.initial_state(inputs[0]), inputs, at=2)
    assert taken.damage.tolist() == [1, 1, 0, 0, 1], "1.125 (spike), 0.1625, 0.68125, 0.940625"
    assert (added.m1, taken.m1) == (1, 1)


def test_adaptive_recurrence_follows_a_spike_that_is_carried() -> None:
    neuron = AdLIF((6,), SPIKE, torch.Generator().manual_seed(0), recurrent=True).double()
    alpha, decay, a, b = (neuron.get_parameter(n).detach() for n in ("alpha", "beta_w", "a", "b"))
    weights = (neuron.weight - neuron.weight.diag().diag()).detach()

    def step(x: Tensor, state: maps.State) -> tuple[Tensor, maps.State]:
        u, w, s = state
        w = decay * w + a * u + b * s
        u = alpha * (u - s) + (1 - alpha) * (x + s @ weights.T - w)
        s = SPIKE(u - 1)
        return s, (u, w, s)

    inputs = 9 * uniform(60, 20, 6, seed=7)
    start = torch.zeros(20, 6, dtype=F64)
    asked = single_spike(neuron.step, (start, start), inputs, at=20)
    carried = single_spike(step, (start, start, start), inputs, at=20)
    torch.testing.assert_close(asked.damage, carried.damage, rtol=0, atol=0)
    assert asked.damage[1:].sum() > 1


def test_spikes_asked_for_twice_in_a_step_are_one_spike() -> None:
    def once(x: Tensor, state: maps.State) -> tuple[Tensor, maps.State]:
        u = 0.8 * state[0] + x
        s = SPIKE(u - 1)
        return s, (u - s,)

    def twice(x: Tensor, state: maps.State) -> tuple[Tensor, maps.State]:
        u = 0.8 * state[0] + x
        return SPIKE(u - 1), (u - SPIKE(u - 1.0),)

    inputs, start = 0.6 * uniform(50, 12, 3, seed=7), torch.zeros(12, 3, dtype=F64)
    one, two = (single_spike(step, (start,), inputs, at=10) for step in (once, twice))
    assert one.units == two.units == 3
    torch.testing.assert_close(one.damage, two.damage, rtol=0, atol=0)


def test_a_flip_in_the_first_layer_reaches_the_second_in_the_same_step() -> None:
    def step(x: Tensor, state: maps.State) -> tuple[Tensor, maps.State]:
        first = SPIKE(x + 0 * state[0] - 1)
        second = SPIKE(first[:, :1] - 0.5)  # copies unit 0
        return second, (0.5 * state[0] + second,)

    inputs = torch.zeros(5, 400, 3, dtype=F64)
    result = single_spike(step, (torch.zeros(400, 3, dtype=F64),), inputs, at=2)
    assert result.units == 4
    assert float(result.damage[0]) == pytest.approx(1 + (flipped(400, 4) == 0).mean(), abs=1e-12)
    assert result.damage[1:].sum() == 0
    assert (result.m1, result.survival, result.half_time) == (0, 0, 1)
    assert result.plateau is None


# Damage of known statistics: unit j fires if x < p·(sum of the spikes of the c units before it)


def chain(p: float, offspring: int) -> maps.Step:
    """Each differing spike makes each of its targets differ with probability p, if c·p ≤ 1."""

    def step(x: Tensor, state: maps.State) -> tuple[Tensor, maps.State]:
        (s,) = state
        drive = sum(s.roll(shift + 1, 1) for shift in range(offspring))
        s = SPIKE(p * drive - x)
        return s, (s,)

    return step


def walk(p: float, offspring: int, batch: int, steps: int, seed: int = 0) -> SingleSpike:
    units = 30
    start = (uniform(batch, units, seed=seed + 1) < 0.5).to(F64)
    return single_spike(
        chain(p, offspring), (start,), uniform(steps, batch, units, seed=seed), at=1, seed=seed
    )


@pytest.mark.parametrize(("p", "offspring"), [(0.3, 3), (0.9, 1), (0.25, 2)])
def test_branching_is_the_number_of_targets_times_their_probability(p: float, offspring: int) -> None:
    result = walk(p, offspring, 4000, 3)
    low, high = result.m1_interval or (math.nan, math.nan)
    assert result.m1 == pytest.approx(offspring * p, abs=0.05)
    assert low < offspring * p < high
    assert high - low < 0.1


def test_a_single_walker_survives_with_the_power_of_its_probability() -> None:
    result = walk(0.9, 1, 4000, 21)
    np.testing.assert_allclose(result.damage.numpy(), 0.9 ** np.arange(20), atol=0.03)
    assert result.survival == pytest.approx(0.9**15, abs=0.03)
    low, high = result.survival_interval or (math.nan, math.nan)
    assert low < 0.9**15 < high
    assert result.half_time == 7, "0.9⁶ > ½ > 0.9⁷"
    assert result.half_time_interval == (7, 7)
    assert result.plateau == pytest.approx(sum(0.9**k for k in range(5)) / 5, abs=0.03)
    assert result.flags == ("finite-time",)


def test_what_never_dies_has_no_half_time() -> None:
    result = walk(1.0, 1, 20, 130)
    assert (result.survival, result.plateau, result.m1) == (1, 1, 1)
    assert result.half_time is None
    assert result.half_time_interval == (math.inf, math.inf)
    assert result.flags == ()


@pytest.mark.slow
def test_intervals_cover() -> None:
    """Of m1, survival and half time, over 400 repetitions with 40 entries each."""
    branching, surviving, medians = [], [], []
    for seed in range(400):
        result = walk(0.3, 3, 40, 3, seed=1000 * seed)
        low, high = result.m1_interval or (math.nan, math.nan)
        branching.append(low <= 0.9 <= high)
        result = walk(0.88, 1, 40, 17, seed=1000 * seed)
        low, high = result.survival_interval or (math.nan, math.nan)
        surviving.append(low <= 0.88**12 <= high)
        low, high = result.half_time_interval or (math.nan, math.nan)
        medians.append(low <= 6 <= high)
    assert 0.90 <= np.mean(branching) <= 0.99
    assert 0.90 <= np.mean(surviving) <= 0.99
    assert np.mean(medians) >= 0.93, "order statistics are conservative where lifetimes are whole numbers"


def test_damage_of_a_chaotic_network_settles_at_a_plateau() -> None:
    width = 100
    step = maps.lif(0.9, recurrent=1.5 * normal(width, width, seed=1) / math.sqrt(width))
    inputs = 0.2 * uniform(300, 20, width, seed=3)
    result = single_spike(step, (torch.zeros(20, width, dtype=F64),), inputs, at=100)
    assert result.survival is not None
    assert result.survival > 0.5
    assert result.plateau is not None
    assert result.plateau > 5
    assert result.plateau_interval is not None
    assert result.m1_interval is not None
    early = float(result.damage[:3].mean())
    assert result.plateau > 2 * early


# The control


def test_hidden_randomness_voids_the_measurement() -> None:
    hidden = torch.Generator().manual_seed(0)

    def step(_: None, state: maps.State) -> tuple[None, maps.State]:
        u = 0.9 * state[0] + 0.3 * torch.rand(state[0].shape, dtype=F64, generator=hidden)
        return None, (u - SPIKE(u - 1),)

    result = single_spike(step, (torch.zeros(12, 4, dtype=F64),), 120, at=5)
    assert not result.control_ok
    assert result.flags == ("control",)
    assert result.damage.isnan().all()
    assert result.damage.shape == (115,)
    assert (result.m1, result.survival, result.plateau, result.half_time) == (None,) * 4


def test_diverging_map_has_no_numbers() -> None:
    result = single_spike(
        lambda x, s: (None, (s[0] ** 2 + x - SPIKE(s[0] - 1),)), (2 + normal(12, 3),), normal(60, 12, 3), at=2
    )
    assert result.flags == ("diverged",)
    assert result.control_ok
    assert result.damage.isnan().all()
    assert result.survival is None


def test_batchnorm_in_training_mode_voids_the_measurement() -> None:
    norm = nn.BatchNorm1d(4, track_running_stats=False).double()

    def step(x: Tensor, state: maps.State) -> tuple[None, maps.State]:
        u = 0.5 * norm(state[0]) + x
        return None, (u - SPIKE(u - 1),)

    assert not single_spike(step, (normal(5, 4),), normal(30, 5, 4), at=5).control_ok
    norm = nn.BatchNorm1d(4).double().eval()
    assert single_spike(step, (normal(5, 4),), normal(30, 5, 4), at=5).control_ok


@pytest.mark.parametrize("batch", [1, 5])
def test_control_of_a_whole_network_stays_bitwise_equal(batch: int) -> None:
    generator = torch.Generator().manual_seed(0)
    network = dense(
        (17,), 10, lambda f: RLIF(f, FastSigmoid(), generator, rec_init_scale=2.0), generator, hidden=(33, 20)
    ).double()
    inputs = 2 * uniform(60, batch, 17)
    result = single_spike(network.step, network.initial_state(inputs[0]), inputs, at=20)
    assert result.control_ok
    assert result.units == 53


def test_same_seed_same_numbers_and_no_global_randomness() -> None:
    before = torch.get_rng_state()
    inputs, start = 0.6 * uniform(50, 12, 5, seed=7), (torch.zeros(12, 5, dtype=F64),)
    one, again, other = (
        single_spike(maps.lif(recurrent=normal(5, 5)), start, inputs, at=10, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(one.damage, again.damage)
    assert not torch.equal(one.damage, other.damage)
    assert torch.equal(torch.get_rng_state(), before)


# Too little to say more


def test_the_last_step_has_no_branching_and_few_entries_no_interval() -> None:
    inputs, start = 0.6 * uniform(20, 4, 5, seed=7), (torch.zeros(4, 5, dtype=F64),)
    result = single_spike(maps.lif(), start, inputs, at=19)
    assert result.m1 is None
    assert result.damage.tolist() == [1]
    assert result.damage_interval.isnan().all()
    assert (result.m1_interval, result.survival_interval, result.half_time_interval) == (None,) * 3


# What is refused


class Doubled(Surrogate):
    def forward(self, z: Tensor) -> Tensor:
        return 2.0 * (z > 0)


def made(spikes: Any) -> maps.Step:
    return lambda x, s: (None, (0.9 * s[0] + x - spikes(s[0] + x - 1),))


GRU_CELL = GRU((3,), None, torch.Generator().manual_seed(0)).double()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (made(GradedSigmoid()), "not 0 or 1"),
        (made(Doubled()), "not 0 or 1"),
        (made(lambda z: (z > 0).to(z.dtype)), "Surrogate"),
        (GRU_CELL.step, "Surrogate"),
        (made(lambda z: SPIKE(z.T).T), "axis is the batch|called on"),
        (lambda x, s: (SPIKE(s[0]), s), "same spikes in each step"),
    ],
)
def test_spikes_that_cannot_be_flipped_are_refused(step: maps.Step, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        single_spike(step, (torch.zeros(12, 3, dtype=F64),), uniform(20, 12, 3), at=5)


@pytest.mark.parametrize("at", [-1, 20])
def test_the_step_of_the_flip_must_exist(at: int) -> None:
    with pytest.raises(UsageError, match="at="):
        single_spike(maps.lif(), (torch.zeros(2, 3, dtype=F64),), uniform(20, 2, 3), at=at)
