"""A network and its rescaling have the same stability: thresholds and weights times c, all spikes equal."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import snnbench
from snnbench.components.neurons import SPECS
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.trace_specs import TRACE_SPECS
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.core.exponent import growth
from snnbench.core.network import Network
from snnbench.core.penalty import penalty
from snnbench.core.units import unit_of, weights
from snnbench.errors import UsageError
from snnbench.lyapunov import FiniteSize, finite_size
from snnbench.settings import Regulariser

F64 = torch.float64
SCALED = {
    "lif": ("threshold",),
    "plif": ("threshold",),
    "if": ("threshold",),
    "synaptic": ("threshold",),
    "alif": ("threshold", "kappa"),
    "rlif(rec_init_scale=2.0)": ("threshold",),
    "alpha": ("threshold", "unit"),
    "lapicque": ("threshold",),
    "qif": ("threshold", "u_rest", "u_crit", "u_reset"),
    "eif": ("threshold", "u_rest", "u_rheobase", "u_reset", "sharpness"),
    "lib(threshold=0.8)": ("threshold",),
    "dsrlits(pos_threshold=0.8, neg_threshold=1.1, pos_rec_weight=0.3, neg_rec_weight=-0.4)": (
        "pos_threshold",
        "neg_threshold",
    ),
}


def make(name: str) -> Network:
    """Two layers of a population and its own weights; with a drive that makes it fire."""
    network = snnbench.make_network("dense(hidden=[10,8])", (6,), 3, neuron=name, seed=3).double().eval()
    for layer in network.layers:
        if isinstance(layer, nn.Linear):
            layer.weight.data *= 4
    return network.requires_grad_(False)


def rescale(network: Network, names: tuple[str, ...], c: float) -> Network:
    network = copy.deepcopy(network)
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.data *= c
            layer.bias.data *= c
    for neuron in network.neurons:
        _rescale_one(neuron, names, c)
    return network


def _rescale_one(neuron: Any, names: tuple[str, ...], c: float) -> None:
    if hasattr(neuron, "weight"):
        neuron.weight.data *= c
    if hasattr(neuron, "a") and hasattr(neuron, "u_crit"):
        neuron.a /= c
    for name in names:
        if hasattr(neuron, f"raw_{name}"):
            value = c * torch.nn.functional.softplus(getattr(neuron, f"raw_{name}").data)
            getattr(neuron, f"raw_{name}").data = value.expm1().log()
        else:
            setattr(neuron, name, c * getattr(neuron, name))
    for name in ("raw_pos_rec_weight", "raw_neg_rec_weight"):
        if hasattr(neuron, name):
            getattr(neuron, name).data *= c


DRIVE = torch.rand(160, 12, 6, generator=torch.Generator().manual_seed(5), dtype=F64)


def measure(network: Network, deltas: tuple[float, ...], *, unit: bool = True) -> FiniteSize:
    state = network.initial_state(DRIVE[0])
    units = unit_of(network.neurons) if unit else None
    return finite_size(network.step, state, DRIVE, deltas, unit=units, transient=40)


@pytest.mark.parametrize("name", SCALED)
def test_a_rescaled_network_has_the_same_curve(name: str) -> None:
    network = make(name)
    other = rescale(network, SCALED[name], 0.25)
    outputs, same = network.outputs(DRIVE), other.outputs(DRIVE)
    assert all(float((one != 0).double().mean()) > 0.01 for one in outputs), "it hardly fires"
    assert all(torch.equal(one, two) for one, two in zip(outputs, same, strict=True)), "not a rescaling"
    sizes = (0.01, 0.1, 1.0)
    here, there = measure(network, sizes), measure(other, sizes)
    torch.testing.assert_close(here.exponents, there.exponents, rtol=0, atol=1e-9)
    torch.testing.assert_close(here.p_coalesce, there.p_coalesce, rtol=0, atol=0)


def test_without_a_unit_delta_is_euclidean_and_a_rescaling_changes_it() -> None:
    network = make("rlif(rec_init_scale=2.0)")
    other = rescale(network, ("threshold",), 0.25)
    here, there = (measure(one, (0.1, 0.3), unit=False) for one in (network, other))
    assert (here.exponents - there.exponents).abs().max() > 0.05


def test_every_spiking_neuron_says_its_unit() -> None:
    """A new one is rescaled above, or its threshold is fixed, or it is of the trace family."""
    known = {name.partition("(")[0] for name in SCALED} | {"adlif", "izhikevich"}
    known |= {spec.name for spec in TRACE_SPECS}
    for spec in SPECS:
        neuron = snnbench.make_neuron(spec.name, (4,))
        said = neuron.disturbance_unit()
        if spec.spike == "none":
            assert said is None, spec.name
        else:
            assert said is not None, spec.name
            assert len(said) == len(neuron.states), spec.name
            assert spec.name in known, spec.name


def test_a_size_of_one_moves_every_membrane_by_its_threshold() -> None:
    state = (torch.zeros(2, 5, dtype=F64), torch.zeros(2, 3, 4, dtype=F64))
    unit = (0.1, torch.full((3, 1), 7.0, dtype=F64))
    weight = weights(state, unit)
    moved = torch.cat([torch.full((5,), 0.1, dtype=F64), torch.full((12,), 7.0, dtype=F64)])
    assert float((moved * weight).norm()) == pytest.approx(1, abs=1e-12)
    assert weights(state, None).tolist() == [1.0] * 17


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan")])
def test_a_threshold_at_rest_is_no_unit(threshold: float) -> None:
    lif = LIF((3,), FastSigmoid(), torch.Generator(), threshold=threshold)
    with pytest.raises(UsageError, match="in units of"):
        weights((torch.zeros(2, 3),), unit_of([lif]))


@pytest.mark.parametrize("unit", [(1.0,), (1.0, torch.ones(3))])
def test_units_that_do_not_go_with_the_state(unit: Any) -> None:
    with pytest.raises(UsageError, match="unit"):
        weights((torch.zeros(2, 5), torch.zeros(2, 4)), unit)


def penalised(network: Network) -> Tensor:
    return penalty(network, DRIVE[:20], Regulariser(1.0, 0.3, "lambda_delta", delta=0.1))


def test_the_penalty_of_a_rescaled_network_is_the_same() -> None:
    network = make("rlif(rec_init_scale=2.0)")
    other = rescale(network, ("threshold",), 0.25)
    assert float(penalised(network)) == pytest.approx(float(penalised(other)), rel=1e-9)


def test_growth_without_a_unit_is_that_of_a_euclidean_delta() -> None:
    network = make("lif")
    unit = (18**-0.5, 18**-0.5)  # 10 and 8 neurons
    with torch.no_grad():
        plain, scaled = growth(network, DRIVE[:20], 0.3), growth(network, DRIVE[:20], 0.3, unit)
    torch.testing.assert_close(plain, scaled, rtol=1e-9, atol=0)
