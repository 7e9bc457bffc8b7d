"""Equal leading exponents that are coupled are told from all others of the reference cases."""

from __future__ import annotations

import math
from collections.abc import Callable

import maps
import pytest
import torch
from maps import F64, normal, uniform
from torch import Tensor

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.synaptic import Synaptic
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.lyapunov import Spectrum, spectrum
from snnbench.measure.stability.jordan import is_degenerate

NONE = torch.Generator()


def jordan(size: int) -> Tensor:
    return 0.9 * torch.eye(size, dtype=F64) + torch.diag(torch.ones(size - 1, dtype=F64), 1)


def of_matrix(matrix: Tensor, transient: int, batch: int = 2) -> Spectrum:
    start = torch.zeros(batch, len(matrix), dtype=F64)
    return spectrum(maps.linear(matrix), (start,), transient + 500, 1, transient=transient)


@pytest.mark.parametrize("transient", [0, 100, 500])
@pytest.mark.parametrize("size", [2, 3])
def test_a_jordan_block_is_flagged_and_off_by_what_the_flag_says(size: int, transient: int) -> None:
    result = of_matrix(jordan(size), transient)
    assert "degenerate" in result.flags
    off = float(result.exponents) - math.log(0.9)
    known = (size - 1) * math.log((500 + transient) / max(transient, 1)) / 500
    assert off == pytest.approx(known, rel=0.5)


@pytest.mark.parametrize("alpha", [0.9, 0.5])
def test_a_synapse_as_slow_as_its_membrane_is_flagged(alpha: float) -> None:
    neuron = Synaptic((6,), FastSigmoid(5), NONE, alpha=alpha, beta=0.9, detach_reset=True)
    x = uniform(600, 3, 6)
    for derivative in ("true", "surrogate"):
        result = spectrum(neuron.step, neuron.initial_state(x[0]), x, 1, derivative=derivative, transient=100)  # type: ignore[arg-type]
        assert ("degenerate" in result.flags) == (alpha == 0.9)


def test_equal_leaks_in_series_are_flagged_in_a_whole_network() -> None:
    generator = torch.Generator().manual_seed(0)
    network = dense(
        (5,),
        3,
        lambda f: LIF(f, FastSigmoid(5), generator, detach_reset=True),
        generator,
        hidden=(12,),
        readout="membrane_mean",
    ).double()
    x = uniform(600, 12, 5)
    result = spectrum(network.step, network.initial_state(x[0]), x, 1, transient=100)
    assert "degenerate" in result.flags
    part = network.spiking_part
    result = spectrum(part.step, part.initial_state(x[0]), x, 1, transient=100)
    assert result.flags == ()
    assert float(result.exponents) == pytest.approx(math.log(0.95), abs=1e-9)


PLAIN: dict[str, Callable[[], Spectrum]] = {
    "diagonal": lambda: of_matrix(torch.diag(torch.tensor([1.1, 0.8], dtype=F64)), 0),
    "identity": lambda: of_matrix(0.9 * torch.eye(3, dtype=F64), 0),
    "orthogonal": lambda: of_matrix(1.7 * torch.linalg.qr(normal(5, 5)).Q, 0),
    "cat": lambda: spectrum(maps.cat, (uniform(12, 1), uniform(12, 1)), 500, transient=0),
    "henon": lambda: spectrum(maps.henon, maps.henon_start(64), 1000, transient=100),
    "one henon": lambda: spectrum(maps.henon, maps.henon_start(1), 1000),
    "logistic": lambda: spectrum(maps.logistic, (uniform(12),), 500),
    "cycle": lambda: spectrum(
        maps.driven, (torch.zeros(1, 4, dtype=F64),), maps.cycle(normal(3, 4, 4, seed=1), 600)
    ),
    "gaussian": lambda: spectrum(maps.driven, (uniform(12, 2),), normal(420, 12, 2, 2) / 2**0.5),
    "lif": lambda: spectrum(
        maps.lif(0.9, recurrent=normal(8, 8) / 8**0.5), (torch.zeros(12, 8, dtype=F64),), uniform(400, 12, 8)
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_other_cases_are_not(name: str) -> None:
    assert "degenerate" not in PLAIN[name]().flags


def test_random_walks_of_the_growth_are_not() -> None:
    """1000 runs of noise around one rate, from 4 entries each: no false alarm."""
    noise = normal(1000, 20, 4, seed=3) * 5
    assert sum(is_degenerate(one, torch.full((20,), 25.0, dtype=F64), 100) for one in noise) <= 2
