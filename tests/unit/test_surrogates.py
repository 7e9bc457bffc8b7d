from __future__ import annotations

import pickle

import mpmath
import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor
from torch.func import jvp, vjp, vmap

from snnbench.components import surrogates as listing
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.components.surrogates.sigmoid import Sigmoid
from snnbench.components.surrogates.straight_through import StraightThrough
from snnbench.components.surrogates.triangular import Triangular
from snnbench.engine.surrogate import Surrogate, derivative

ALL = [
    FastSigmoid(),
    FastSigmoid(slope=5),
    ATan(),
    Sigmoid(),
    Sigmoid(slope=4),
    StraightThrough(),
    Triangular(),
]
GRID = torch.linspace(-3, 3, 601, dtype=torch.float64)


def by_definition(surrogate: Surrogate, z: float) -> float:
    """The table of derivatives, in 40 digits."""
    z_ = mpmath.mpf(z)
    with mpmath.workdps(40):
        match surrogate:
            case FastSigmoid(slope=k):
                value = 1 / (1 + k * abs(z_)) ** 2
            case ATan(alpha=a):
                value = mpmath.mpf(a) / 2 / (1 + (mpmath.pi * a * z_ / 2) ** 2)
            case Sigmoid(slope=k):
                value = k / (mpmath.exp(k * z_ / 2) + mpmath.exp(-k * z_ / 2)) ** 2
            case StraightThrough():
                value = mpmath.mpf(1)
            case Triangular(width=w):
                value = max(mpmath.mpf(0), 1 - abs(z_) / w) / w
            case _:
                raise NotImplementedError(surrogate)
    return float(value)


@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_derivative_is_the_table_s(surrogate: Surrogate) -> None:
    expected = [by_definition(surrogate, float(z)) for z in GRID]
    np.testing.assert_allclose(surrogate.derivative(GRID).numpy(), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_forward_is_the_strict_step(surrogate: Surrogate) -> None:
    z = torch.tensor([-1.0, -1e-30, 0.0, 1e-30, 1.0], dtype=torch.float64)
    assert surrogate(z).tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_finite_and_dtype_kept_far_from_the_threshold(surrogate: Surrogate, dtype: torch.dtype) -> None:
    z = torch.tensor([-1e4, -100, -3.6, 0, 3.6, 100, 1e4], dtype=dtype, requires_grad=True)
    spikes = surrogate(z)
    spikes.sum().backward()
    assert spikes.dtype == dtype
    assert z.grad is not None
    assert z.grad.dtype == dtype
    assert torch.isfinite(z.grad).all()
    assert (z.grad >= 0).all()


@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_backward_forward_mode_and_vmap_agree(surrogate: Surrogate) -> None:
    z = GRID.clone()
    tangent = torch.linspace(1, 2, len(z), dtype=z.dtype)
    expected = tangent * surrogate.derivative(z)
    _, pushed = jvp(surrogate, (z,), (tangent,))
    _, pull = vjp(surrogate, z)
    torch.testing.assert_close(pushed, expected, rtol=0, atol=0)
    torch.testing.assert_close(pull(tangent)[0], expected, rtol=0, atol=0)

    def push(t: Tensor) -> Tensor:
        return jvp(surrogate, (z,), (t,))[1]  # type: ignore[no-any-return]

    batched = vmap(push)(torch.stack([tangent, 2 * tangent]))
    torch.testing.assert_close(batched, torch.stack([expected, 2 * expected]), rtol=0, atol=0)


def test_vmap_over_any_axis() -> None:
    z = GRID[:6].reshape(2, 3)
    torch.testing.assert_close(vmap(ATan(), in_dims=1, out_dims=1)(z), ATan()(z))


@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_frozen_spikes_pass_no_gradient(surrogate: Surrogate) -> None:
    z = GRID.clone().requires_grad_()
    with derivative("true"):
        assert jvp(surrogate, (GRID,), (torch.ones_like(GRID),))[1].abs().max() == 0
        surrogate(z).sum().backward()
    assert z.grad is not None
    assert z.grad.abs().max() == 0
    surrogate(z).sum().backward()
    assert z.grad.abs().max() > 0


@pytest.mark.parametrize("surrogate", ALL, ids=repr)
def test_pickles_and_says_its_parameters(surrogate: Surrogate) -> None:
    copy = pickle.loads(pickle.dumps(surrogate))
    assert repr(copy) == repr(surrogate)
    assert all(f"{name}={value}" in repr(surrogate) for name, value in vars(surrogate).items())


@pytest.mark.parametrize("surrogate", [ATan(), Sigmoid(), Triangular()], ids=repr)
def test_area_one(surrogate: Surrogate) -> None:
    def at(z: float) -> float:
        return float(surrogate.derivative(torch.tensor(z, dtype=torch.float64)))

    area = 2 * quad(at, 0, 1, epsabs=1e-10)[0] + 2 * quad(at, 1, np.inf, epsabs=1e-10)[0]
    assert area == pytest.approx(1, abs=1e-8)


def test_spec_defaults_are_the_constructors() -> None:
    for spec in listing.SPECS:
        built = spec.load()()
        assert vars(built) == {name: param.default for name, param in spec.params.items()}
