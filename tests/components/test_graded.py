"""The graded spike function: its own derivative whatever is asked for, and its label on a cell."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import jvp

from snnbench.components.neurons import SPECS
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.components.surrogates.graded_spec import GRADED_SPECS
from snnbench.core.surrogate import Derivative, derivative
from snnbench.execute.job import Job, Settings
from snnbench.plugin.specs import NeuronSpec, SurrogateSpec
from snnbench.records import Cell, Component
from snnbench.settings import Budget, Measure

GRID = torch.linspace(-3, 3, 61, dtype=torch.float64)
ATAN = SurrogateSpec(name="atan", version="1", summary="", factory="a:b")


def test_forward_is_the_logistic_function() -> None:
    expected = [1 / (1 + math.exp(-4 * z)) for z in GRID.tolist()]
    np.testing.assert_allclose(GradedSigmoid()(GRID).numpy(), expected, rtol=1e-14)
    assert float(GradedSigmoid()(torch.tensor(-1.0))) == pytest.approx(0.018, abs=1e-4)  # at rest


@pytest.mark.parametrize("which", ["surrogate", "true"])
def test_derivative_is_exact_in_both_modes_and_both_contexts(which: Derivative) -> None:
    graded = GradedSigmoid(slope=3)
    z = GRID.clone().requires_grad_()
    with derivative(which):
        assert torch.autograd.gradcheck(graded, z, check_forward_ad=True, atol=1e-7)
        pushed = jvp(graded, (GRID,), (torch.ones_like(GRID),))[1]
    s = GRID.mul(3).sigmoid()
    torch.testing.assert_close(pushed, 3 * s * (1 - s), rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_finite_far_from_the_threshold(dtype: torch.dtype) -> None:
    z = torch.tensor([-1e4, -100, 0, 100, 1e4], dtype=dtype, requires_grad=True)
    y = GradedSigmoid(slope=25)(z)
    y.sum().backward()
    assert z.grad is not None
    assert y.dtype == z.grad.dtype == dtype
    assert torch.isfinite(z.grad).all()
    assert y.tolist() == [0, 0, 0.5, 1, 1]


def test_equal_membranes_give_equal_outputs_wherever_they_are() -> None:
    """Bit by bit: torch.sigmoid does not, and perturbed copies are compared with unperturbed ones."""
    z = torch.randn(200, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = [GradedSigmoid()(row) for row in z.expand(200, 21).contiguous()]
    assert all(torch.equal(row, row[:1].expand_as(row)) for row in rows)


def test_spec_is_the_class() -> None:
    (spec,) = GRADED_SPECS
    built = spec.load()()
    assert isinstance(built, GradedSigmoid)
    assert vars(built) == {name: param.default for name, param in spec.params.items()}
    assert built.graded is spec.graded is True
    assert repr(pickle.loads(pickle.dumps(built))) == repr(built) == "GradedSigmoid(slope=4.0)"


def job(neuron: str, surrogate: SurrogateSpec | None) -> Job:
    spec = next(spec for spec in SPECS if spec.name == neuron)
    component = Component("any")
    cell = Cell(component, component, component, component, surrogate and component, Budget(), 0)
    specs: dict[str, NeuronSpec | SurrogateSpec] = {"neuron": spec}
    if surrogate is not None:
        specs["surrogate"] = surrogate
    return Job(cell, specs, (), Measure(), Settings("cpu", 1, None, {}))


def test_a_surrogate_that_fires_at_zero_makes_a_neuron_that_fires_at_threshold() -> None:
    firing = replace(ATAN, threshold=">=")
    assert [job("lif", one).labels["threshold"] for one in (ATAN, firing)] == [">", ">="]
    assert job("lif", replace(firing, graded=True)).labels["threshold"] == ">"


def test_a_graded_surrogate_makes_a_graded_cell() -> None:
    assert job("lif", GRADED_SPECS[0]).labels["spike"] == "graded"
    assert job("lif", ATAN).labels["spike"] == "binary"
    assert job("relu", None).labels["spike"] == "none"
