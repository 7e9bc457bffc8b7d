from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import kstest, pearsonr
from torch import Tensor
from torch.func import jvp, vjp, vmap

import snnbench
from snnbench.components import surrogates as listing
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.boxcar import Boxcar
from snnbench.components.surrogates.custom import Custom, triangle
from snnbench.components.surrogates.erfc import Erfc
from snnbench.components.surrogates.fast_sigmoid import FastSigmoid
from snnbench.components.surrogates.gaussian import Gaussian
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.components.surrogates.leaky import Leaky
from snnbench.components.surrogates.multi_gaussian import MultiGaussian
from snnbench.components.surrogates.piecewise_quadratic import PiecewiseQuadratic
from snnbench.components.surrogates.sigmoid import Sigmoid
from snnbench.components.surrogates.sparse_fast_sigmoid import SparseFastSigmoid
from snnbench.components.surrogates.spike_gated import SpikeGated
from snnbench.components.surrogates.spike_rate_escape import SpikeRateEscape
from snnbench.components.surrogates.stochastic import Noise, Stochastic
from snnbench.components.surrogates.straight_through import StraightThrough
from snnbench.components.surrogates.superspike import SuperSpike
from snnbench.components.surrogates.triangular import Triangular
from snnbench.core.surrogate import Derivative, Surrogate, derivative
from snnbench.errors import UsageError
from snnbench.plugin.params import Param
from snnbench.plugin.specs import SurrogateSpec


def asymmetric(z: Tensor, grad: Tensor, spikes: Tensor) -> Tensor:
    """A rule as a user would write it: in place, of z and of the spikes."""
    grad = grad / (1 + z.abs())
    grad[z < -1] = 0
    return grad * (1 + spikes)


ALL = [
    FastSigmoid(),
    FastSigmoid(slope=5),
    ATan(),
    Sigmoid(),
    Sigmoid(slope=4),
    StraightThrough(),
    Triangular(),
    Triangular(width=0.7),
    SpikeGated(),
    SpikeRateEscape(),
    SpikeRateEscape(beta=3.0, slope=2.0),
    Noise(mean=0.0, variance=0.2, seed=0),
    Noise(mean=0.7, variance=2.0, seed=2**40 + 5),
    Leaky(),
    SparseFastSigmoid(),
    SparseFastSigmoid(slope=5.0, width=0.3),
    Custom("test_surrogates:asymmetric"),
    Boxcar(),
    Boxcar(width=1.3),
    Gaussian(),
    Gaussian(sigma=0.2),
    MultiGaussian(),
    MultiGaussian(sigma=0.3, height=0.4, scale=3.0),
    Erfc(),
    Erfc(alpha=0.8),
    PiecewiseQuadratic(),
    PiecewiseQuadratic(alpha=2.5),
    SuperSpike(),
    SuperSpike(beta=100.0),
]
BY_DEFINITION = [surrogate for surrogate in ALL if not isinstance(surrogate, Noise)]
GRID = torch.linspace(-3, 3, 601, dtype=torch.float64)


def by_definition(surrogate: Surrogate, z: float) -> float:  # noqa: PLR0912  one row a case
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
            case SpikeGated():
                value = mpmath.mpf(z_ > 0)
            case SpikeRateEscape(beta=b, slope=k):
                value = k * mpmath.exp(-b * abs(z_))
            case Leaky(slope=k):
                value = mpmath.mpf(1) if z_ > 0 else mpmath.mpf(k)
            case SparseFastSigmoid(slope=k, width=w):
                value = 1 / (1 + k * abs(z_)) ** 2 if abs(z_) < w else mpmath.mpf(0)
            case Custom():
                value = (1 + (z_ > 0)) / (1 + abs(z_)) if z_ >= -1 else mpmath.mpf(0)
            case Boxcar(width=w):
                value = 1 / (2 * mpmath.mpf(w)) if abs(z_) < w else mpmath.mpf(0)
            case Gaussian(sigma=sigma):
                value = mpmath.npdf(z_, 0, sigma)
            case MultiGaussian(sigma=sigma, height=h, scale=scale):
                wide = mpmath.mpf(scale) * sigma
                flanks = mpmath.npdf(z_, sigma, wide) + mpmath.npdf(z_, -sigma, wide)
                value = (1 + mpmath.mpf(h)) * mpmath.npdf(z_, 0, sigma) - h * flanks
            case Erfc(alpha=a):
                value = mpmath.diff(lambda x: mpmath.erfc(-a * x) / 2, z_)
            case PiecewiseQuadratic(alpha=a):
                value = max(mpmath.mpf(0), a - mpmath.mpf(a) ** 2 * abs(z_))
            case SuperSpike(beta=b):
                value = 1 / (1 + b * abs(z_)) ** 2
            case _:
                raise NotImplementedError(surrogate)
    return float(value)


@pytest.mark.parametrize("surrogate", BY_DEFINITION, ids=repr)
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
    assert isinstance(surrogate, Noise | MultiGaussian) or (z.grad >= 0).all()


def made(spec: SurrogateSpec, **params: float) -> Surrogate:
    drawing = [torch.Generator().manual_seed(0)] if spec.random else []
    return spec.load()(*drawing, **params)  # type: ignore[no-any-return]


def extremes(param: Param) -> list[float]:
    low = -1e6 if param.low is None else param.low
    return [float(param.default), low, 1e6 if param.high is None else param.high]  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize(
    "spec", [spec for spec in listing.SPECS if spec.name != "custom"], ids=lambda spec: spec.name
)
def test_never_nan_and_infinite_only_where_the_derivative_is_too_large(
    spec: SurrogateSpec, dtype: torch.dtype
) -> None:
    """At all corners of the parameters, from the smallest z to the largest, against float64."""
    information = torch.finfo(dtype)
    sizes = [0.0, information.smallest_normal, 1e-6, 1e-3, 0.5, 3.6, 100.0, information.max]
    z = torch.tensor([sign * size for size in sizes for sign in (1, -1)]).to(dtype)
    floats = [name for name, param in spec.params.items() if isinstance(param.default, float)]
    for corner in product(*(extremes(spec.params[name]) for name in floats)):
        surrogate = made(spec, **dict(zip(floats, corner, strict=True))).drawn()
        found, exact = gradient(surrogate, z).double(), surrogate.derivative(z.double())
        assert not found.isnan().any(), surrogate
        assert not found[exact.abs() < 0.9 * information.max].isinf().any(), surrogate
        assert found[exact.abs() > 1.1 * information.max].isinf().all(), surrogate
        assert surrogate(z).isfinite().all()


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
    assert torch.equal(copy.derivative(GRID), surrogate.derivative(GRID))
    if not isinstance(surrogate, Custom):
        assert all(f"{name}={value}" in repr(surrogate) for name, value in vars(surrogate).items())


AREAS = [
    (ATan(), 1),
    (Sigmoid(), 1),
    (Triangular(width=0.7), 1),
    (Boxcar(width=1.3), 1),
    (Gaussian(), 1),
    (MultiGaussian(), 0.85),
    (Erfc(), 1),
    (PiecewiseQuadratic(alpha=2.5), 1),
]


@pytest.mark.parametrize(("surrogate", "expected"), AREAS, ids=repr)
def test_area(surrogate: Surrogate, expected: float) -> None:
    def at(z: float) -> float:
        return float(surrogate.derivative(torch.tensor(z, dtype=torch.float64)))

    kinks = [0.4, 0.7, 1.0, 1.3]
    area = 2 * quad(at, 0, 2, epsabs=1e-10, points=kinks)[0] + 2 * quad(at, 2, np.inf, epsabs=1e-10)[0]
    assert area == pytest.approx(expected, abs=1e-8)


def test_spec_defaults_are_the_constructors() -> None:
    for spec in listing.SPECS:
        if spec.name != "custom":  # it has no default
            built = made(spec)
            assert {name: value for name, value in vars(built).items() if name[0] != "_"} == {
                name: param.default for name, param in spec.params.items()
            }


def gradient(spikes: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    z = z.clone().requires_grad_()
    spikes(z).sum().backward()
    assert z.grad is not None
    return z.grad


@pytest.mark.parametrize("surrogate", [*ALL, GradedSigmoid()], ids=repr)
def test_traced_for_the_compiler_bit_for_bit(surrogate: Surrogate) -> None:
    """What the compiler is given to trace is the Function, in every kind of derivative and at infinity."""
    z = torch.cat([GRID, torch.tensor([-torch.inf, torch.inf], dtype=torch.float64)])
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        x = z.to(dtype)
        assert torch.equal(surrogate._traced(x), surrogate(x))
        assert torch.equal(gradient(surrogate._traced, x[:-2]), gradient(surrogate, x[:-2]))
        tangent = torch.linspace(1, 2, len(x) - 2, dtype=dtype)
        pushed = jvp(surrogate._traced, (x[:-2],), (tangent,))[1]
        assert torch.equal(pushed, jvp(surrogate, (x[:-2],), (tangent,))[1])
    with derivative("true"):
        assert torch.equal(gradient(surrogate._traced, GRID), gradient(surrogate, GRID))


@pytest.fixture(scope="module")
def compiled() -> Callable[[list[Tensor]], list[Tensor]]:
    """Every surrogate in one graph: a graph each would take a minute."""

    def spikes(zs: list[Tensor]) -> list[Tensor]:
        return [surrogate(z) for surrogate, z in zip([*ALL, GradedSigmoid()], zs, strict=True)]

    return torch.compile(spikes, fullgraph=True, backend="aot_eager")  # type: ignore[no-any-return]


@pytest.mark.parametrize(("which", "dtype"), [("surrogate", torch.float64), ("true", torch.float32)])
def test_compiled_whole_bit_for_bit(
    compiled: Callable[[list[Tensor]], list[Tensor]], dtype: torch.dtype, which: Derivative
) -> None:
    zs = [GRID.to(dtype, copy=True).requires_grad_() for _ in [*ALL, GradedSigmoid()]]
    with derivative(which):
        outputs = compiled(zs)
        torch.autograd.backward(outputs, [torch.full_like(y, 0.37) for y in outputs])
        for surrogate, z, y in zip([*ALL, GradedSigmoid()], zs, outputs, strict=True):
            again = z.detach().requires_grad_()
            expected = surrogate(again)
            expected.backward(torch.full_like(z, 0.37))
            assert torch.equal(y, expected), surrogate
            assert z.grad is not None
            assert again.grad is not None
            assert torch.equal(z.grad, again.grad), surrogate


@pytest.mark.slow
def test_inductor_agrees() -> None:
    zs = [GRID.float().requires_grad_() for _ in ALL]
    outputs = torch.compile(lambda zs: [f(z) for f, z in zip(ALL, zs, strict=True)], fullgraph=True)(zs)
    torch.autograd.backward(outputs, [torch.ones_like(y) for y in outputs])
    for surrogate, z, y in zip(ALL, zs, outputs, strict=True):
        assert torch.equal(y, surrogate(z)), surrogate
        torch.testing.assert_close(z.grad, surrogate.derivative(z.detach()), rtol=1e-5, atol=1e-7)


def test_compiled_forward_mode_and_vmap() -> None:
    surrogate, tangent = FastSigmoid(), torch.linspace(1, 2, len(GRID), dtype=GRID.dtype)

    def push(z: Tensor, t: Tensor) -> Tensor:
        return vmap(lambda z, t: jvp(surrogate, (z,), (t,))[1])(z, t)  # type: ignore[no-any-return]

    pushed = torch.compile(push, fullgraph=True, backend="aot_eager")(GRID, tangent)
    assert torch.equal(pushed, tangent * surrogate.derivative(GRID))


def stochastic(seed: int = 0, **params: float) -> Stochastic:
    return Stochastic(torch.Generator().manual_seed(seed), **params)


def test_stochastic_noise_follows_from_its_generator_and_the_number_of_the_call() -> None:
    z = -torch.rand(4, 500, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    before = torch.random.get_rng_state()
    one, other = stochastic(), stochastic()
    calls = [gradient(one, z) for _ in range(3)]
    assert torch.equal(torch.random.get_rng_state(), before)
    for call in calls:
        assert torch.equal(gradient(other, z), call)
    assert not any(torch.equal(a, b) for a, b in combinations(calls, 2))
    assert not torch.equal(gradient(stochastic(seed=1), z), calls[0])


def test_stochastic_units_at_rest_draw_apart_in_every_step() -> None:
    """One z everywhere: uniform, and uncorrelated between units, steps and seeds."""
    z, one = torch.full((50_000,), -1.0, dtype=torch.float64), stochastic(mean=0.25, variance=0.2)
    steps = [gradient(one, z) for _ in range(3)]
    for noise in steps:
        assert kstest(noise.numpy(), "uniform", args=(-0.05, 0.2)).pvalue > 1e-3
        for lag in (1, 2, 64):
            assert abs(pearsonr(noise[lag:].numpy(), noise[:-lag].numpy()).statistic) < 0.02
    for noise in (*steps[1:], gradient(stochastic(seed=7, mean=0.25, variance=0.2), z)):
        assert abs(pearsonr(steps[0].numpy(), noise.numpy()).statistic) < 0.02


def test_stochastic_noise_of_a_call_is_the_same_in_every_mode_and_dtype() -> None:
    z = torch.linspace(-2, 1, 12, dtype=torch.float64).view(3, 4)
    expected = stochastic().drawn().derivative(z)
    assert torch.equal(gradient(stochastic(), z), expected)
    assert torch.equal(jvp(stochastic(), (z,), (torch.ones_like(z),))[1], expected)
    assert torch.equal(gradient(vmap(stochastic()), z), expected)
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        assert torch.equal(gradient(stochastic(), z.to(dtype)), expected.to(dtype))


def test_stochastic_noise_of_a_network_is_that_of_its_seed() -> None:
    """Of a network's gradient the noise is a part, and it is not shared by units, steps or layers."""
    x = torch.zeros(6, 3, 5)

    def gradients(seed: int) -> Tensor:
        made = snnbench.make_network(
            "dense(hidden=[8,8])", (5,), 4, neuron="lif", surrogate="stochastic", seed=seed
        )
        given = x.clone().requires_grad_()
        made(given).sum().backward()
        assert given.grad is not None
        return given.grad

    assert torch.equal(gradients(1), gradients(1))
    assert not torch.equal(gradients(1), gradients(2))
    steps = gradients(1)
    assert len({tuple(row.flatten().tolist()) for row in steps}) == len(steps)


def test_a_compiled_network_whose_surrogate_draws_runs_eagerly() -> None:
    x = torch.rand(6, 3, 5)

    def logits(engine: str) -> Tensor:
        made = snnbench.make_network(
            "dense(hidden=[8])", (5,), 4, neuron="lif", surrogate="stochastic", engine=engine
        )
        made(x).sum().backward()
        return torch.cat(
            [parameter.grad.flatten() for parameter in made.parameters() if parameter.grad is not None]
        )

    assert torch.equal(logits("compiled"), logits("eager"))


def test_custom_from_python_and_by_name() -> None:
    by_name, from_python = Custom("test_surrogates:asymmetric"), Custom(asymmetric)
    assert torch.equal(by_name.derivative(GRID), from_python.derivative(GRID))
    assert repr(by_name) == repr(from_python) == "Custom(fn='test_surrogates:asymmetric')"


def test_the_example_of_a_rule_is_the_triangular_surrogate() -> None:
    assert torch.equal(Custom(triangle).derivative(GRID), Triangular().derivative(GRID))


def clipped(z: Tensor, grad: Tensor, spikes: Tensor) -> Tensor:
    return grad.clamp(-1, 1)


def normalised(z: Tensor, grad: Tensor, spikes: Tensor) -> Tensor:
    return grad / (1 + z.abs().sum())


@pytest.mark.parametrize(
    "fn", ["", "no_such_module:f", "test_surrogates:no_such", "test_surrogates:GRID", clipped, normalised]
)
def test_custom_refuses_what_is_no_derivative(fn: str | Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    with pytest.raises(UsageError, match="custom"):
        Custom(fn)


# What the well-known implementations get wrong, and what is right, side by side.


@pytest.fixture
def snntorch() -> Any:
    return pytest.importorskip("snntorch.surrogate", reason="compares with snntorch 1.0.0")


SMALL = torch.tensor([-4.0, -1.5, -0.5, -0.1, 0.1, 0.5, 1.5, 4.0])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (FastSigmoid(), "fast_sigmoid"),
        (ATan(), "atan"),
        (StraightThrough(), "straight_through_estimator"),
        (SpikeGated(), "heaviside"),
    ],
)
def test_the_same_where_snntorch_is_right(snntorch: Any, ours: Surrogate, theirs: str) -> None:
    torch.testing.assert_close(
        gradient(ours, SMALL), gradient(getattr(snntorch, theirs)(), SMALL), rtol=1e-6, atol=0
    )


def test_atan_is_the_code_s_and_not_the_docstring_s(snntorch: Any) -> None:
    z = torch.tensor([0.0])
    docstring = 1 / (np.pi * (1 + (np.pi * z * 2 / 2) ** 2))
    assert gradient(snntorch.atan(), z) / docstring == pytest.approx(np.pi * 2 / 2)
    assert gradient(ATan(), z) == gradient(snntorch.atan(), z) == 1


def test_sigmoid_far_below_threshold(snntorch: Any) -> None:
    z = torch.tensor([-3.6])
    assert gradient(snntorch.sigmoid(), z).isnan()
    assert float(gradient(Sigmoid(), z)) == pytest.approx(by_definition(Sigmoid(), -3.6), rel=1e-4)
    torch.testing.assert_close(gradient(Sigmoid(), SMALL[1:]), gradient(snntorch.sigmoid(), SMALL[1:]))


def test_triangular_sign_of_a_spike(snntorch: Any) -> None:
    assert gradient(snntorch.triangular(), SMALL).tolist() == [1, 1, 1, 1, -1, -1, -1, -1]
    np.testing.assert_allclose(gradient(Triangular(), SMALL), [0, 0, 0.5, 0.9, 0.9, 0.5, 0, 0], rtol=1e-6)


def test_spike_rate_escape_peaks_at_threshold(snntorch: Any) -> None:
    z = torch.linspace(-3, 3, 601)
    assert float(z[gradient(snntorch.spike_rate_escape(), z).argmax()]) == pytest.approx(1)
    assert float(z[gradient(SpikeRateEscape(), z).argmax()]) == pytest.approx(0, abs=1e-6)
    shifted = gradient(snntorch.spike_rate_escape(), SMALL + 1)
    torch.testing.assert_close(gradient(SpikeRateEscape(), SMALL), shifted, rtol=1e-5, atol=0)


def test_stochastic_draws_nothing_from_the_global_generator(snntorch: Any) -> None:
    sso = snntorch.SSO()
    assert not torch.equal(gradient(sso, SMALL), gradient(sso, SMALL))
    assert torch.equal(gradient(stochastic(), SMALL), gradient(stochastic(), SMALL))
    for noise in (gradient(sso, SMALL), gradient(stochastic(), SMALL)):
        assert noise[SMALL > 0].tolist() == [1, 1, 1, 1]
        assert noise[SMALL < 0].abs().max() <= 0.1


def test_leaky_can_be_called(snntorch: Any) -> None:
    with pytest.raises(TypeError):
        snntorch.LSO()(SMALL)
    with pytest.raises(RuntimeError, match="incorrect number of gradients"):
        gradient(lambda z: snntorch.LeakySpikeOperator.apply(z, 0.1), SMALL)
    np.testing.assert_allclose(gradient(Leaky(), SMALL), [0.1] * 4 + [1] * 4)


def test_sparse_fast_sigmoid_keeps_the_gradient_near_threshold(snntorch: Any) -> None:
    theirs, ours = gradient(snntorch.SFS(), SMALL), gradient(SparseFastSigmoid(), SMALL)
    whole, near = gradient(FastSigmoid(), SMALL), SMALL.abs() < 1
    torch.testing.assert_close(ours, whole * near)
    torch.testing.assert_close(theirs, whole * (SMALL > 1))
    assert not (near & (theirs != 0)).any()


def test_custom_rule_is_snntorch_s(snntorch: Any) -> None:
    theirs = gradient(snntorch.custom_surrogate(asymmetric), SMALL)
    torch.testing.assert_close(gradient(Custom(asymmetric), SMALL), theirs, rtol=1e-6, atol=0)


def test_superspike_s_parameter_is_its_steepness() -> None:
    norse = pytest.importorskip("norse.torch.functional.superspike", reason="compares with norse 1.1.0")
    z = SMALL.double()
    for beta in (1.0, 10.0, 100.0):  # norse's is the same for all of them
        flat = gradient(lambda z, beta=beta: norse.super_fn(z, beta), z)  # type: ignore[misc]
        torch.testing.assert_close(flat, gradient(SuperSpike(beta=1.0), z))
        torch.testing.assert_close(gradient(SuperSpike(beta=beta), z), 1 / (1 + beta * z.abs()) ** 2)
    jelly = pytest.importorskip(
        "spikingjelly.activation_based.surrogate", reason="compares with spikingjelly 2.0.0"
    )
    theirs = gradient(jelly.SuperSpike(alpha=10.0), z)  # only ten times as high
    torch.testing.assert_close(theirs, 10 * gradient(SuperSpike(beta=1.0), z))


def test_spikingjelly_s_others_are_ours() -> None:
    jelly = pytest.importorskip(
        "spikingjelly.activation_based.surrogate", reason="compares with spikingjelly 2.0.0"
    )
    pairs = [
        (Erfc(alpha=1.7), jelly.Erf(alpha=1.7)),
        (PiecewiseQuadratic(alpha=1.7), jelly.PiecewiseQuadratic(alpha=1.7)),
        (Boxcar(width=0.5 / 1.7), jelly.Rect(alpha=1.7)),
        (ATan(alpha=1.7), jelly.ATan(alpha=1.7)),
        (Sigmoid(slope=1.7), jelly.Sigmoid(alpha=1.7)),
    ]
    for ours, theirs in pairs:
        torch.testing.assert_close(gradient(ours, GRID), gradient(theirs, GRID), rtol=1e-9, atol=1e-12)


def test_sinabs_s_gaussians_are_ours() -> None:
    sinabs = pytest.importorskip("sinabs.activation", reason="compares with sinabs 3.1.3")
    pairs = [(Gaussian(), sinabs.Gaussian()), (MultiGaussian(), sinabs.MultiGaussian())]
    for ours, theirs in pairs:  # sinabs takes √(2π) in float32
        torch.testing.assert_close(gradient(ours, GRID), theirs(GRID, 0), rtol=1e-6, atol=1e-9)
