"""The trace family against tracetorch 0.19.2: every output, trace and parameter gradient at each step."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import product
from types import ModuleType
from typing import Any

import pytest
import torch
from parity import BACKWARD, FORWARD, WIDTH, assert_same, drive, gradients, largest_difference, trajectory
from torch import Tensor, nn

from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.trace import Trace
from snnbench.components.neurons.trace_variant import VARIANTS, Variant
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.components.surrogates.sigmoid import Sigmoid


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    """Both make their parameters in float64: a θ of ours reads back as itself or an ulp above."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


tt: Any = import_module("tracetorch")

ALL = list(VARIANTS.values())
SPIKES = {
    "graded": (GradedSigmoid(), nn.Identity()),
    "rounded": (Sigmoid(slope=4), tt.functional.round_ste()),
}
VALUES = {
    "alpha": 0.6,
    "beta": 0.85,
    "gamma": 0.7,
    "threshold": 0.6,
    "bias": 0.05,
    "scale": 1.3,
    "rec_weight": 0.4,
}
NEGATIVE = {"neg_alpha": 0.4, "neg_beta": 0.9, "neg_gamma": 0.8, "neg_threshold": 0.8, "neg_scale": 0.7}
SPREAD = torch.linspace(0.9, 1.1, WIDTH, dtype=torch.float64)


def settings(variant: Variant, given: str) -> dict[str, float | int | Tensor]:
    """Values off the defaults; the two halves differ."""
    values: dict[str, float | int | Tensor] = {}
    for name in variant.values:
        value = NEGATIVE.get(name) or VALUES[name.removeprefix("pos_").removeprefix("neg_")]
        match given:
            case "scalar, rank 0" | "scalar, rank 1":
                values |= {name: value, f"{name}_rank": int(given[-1])}
            case "tensor, rank 0":
                values[name] = torch.tensor(value, dtype=torch.float64)
            case "tensor, rank 1":
                values[name] = value * SPREAD
    return values


def corrected(output: str) -> ModuleType:
    """The original with 0 in the negative half only, where models of both halves take it twice.

    DLIT alone takes it once as shipped, in the positive half.
    """
    shipped = inspect.getmodule(getattr(tt.snn, output.upper()))
    assert shipped is not None
    source, positive = re.subn(r"(torch\.where\(\w+) >= 0,", r"\1 > 0,", inspect.getsource(shipped))
    source, odd = re.subn(r"(torch\.where\(\w+) < 0,", r"\1 <= 0,", source)
    assert (positive, odd) == (10, int(output == "lit"))
    module = ModuleType(f"{shipped.__name__}_corrected")
    module.__package__ = shipped.__package__
    exec(source, module.__dict__)
    return module


CORRECTED = {output: corrected(output) for output in ("lib", "lit", "lits")}


def original(
    variant: Variant, values: Mapping[str, object], quantise: object, module: ModuleType = tt.snn
) -> nn.Module:
    layer = getattr(module, variant.name.upper())(WIDTH, **values, quant_fn=quantise)
    return layer.double()  # type: ignore[no-any-return]


def run(layer: nn.Module, names: Sequence[str], x: Tensor) -> list[Tensor]:
    """Output and states of a tracetorch layer at each step."""
    rows = []
    for x_t in x:
        y_t = layer(x_t)
        rows.append((y_t, *(getattr(layer, "prev_output" if name == "output" else name) for name in names)))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def raws(layer: nn.Module) -> dict[str, Tensor]:
    return dict(layer.named_parameters())


HOW = ("scalar, rank 0", "scalar, rank 1", "tensor, rank 0", "tensor, rank 1")
QUICK = (("graded", "scalar, rank 0"), ("rounded", "tensor, rank 1"))
REST = [case for case in product(SPIKES, HOW) if case not in QUICK]
GIVEN = [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in REST)]


@pytest.mark.parametrize(("spikes", "given"), GIVEN)
@pytest.mark.parametrize("variant", ALL, ids=lambda variant: variant.name)
def test_all_24(variant: Variant, spikes: str, given: str) -> None:
    """Against the original; the gradients, where y is exactly 0 and split, against the corrected one."""
    surrogate, quantise = SPIKES[spikes]
    values, x = settings(variant, given), drive(scale=1.0)
    ours = Trace(variant, (WIDTH,), surrogate, torch.Generator(), **values).double()
    layer = original(variant, values, quantise)
    mine, theirs = trajectory(ours, x), run(layer, variant.states, x)
    assert largest_difference(mine, theirs) <= FORWARD
    if spikes == "rounded" and variant.dual and variant.recurrent:
        shipped, names = gradients(theirs, [x, *raws(layer).values()]), list(raws(layer))
        apart = largest_difference(shipped, gradients(mine, [x, *(raws(ours)[name] for name in names)]))
        assert apart > 0, "a step without a spike counts twice there"
        layer = original(variant, values, quantise, CORRECTED[variant.output])
        theirs = run(layer, variant.states, x)
    assert_same_gradients(mine, theirs, x, raws(ours), raws(layer))
    assert_lively(mine[0], variant)


def assert_same_gradients(
    mine: Sequence[Tensor],
    theirs: Sequence[Tensor],
    x: Tensor,
    ours: dict[str, Tensor],
    other: dict[str, Tensor],
) -> None:
    """Of the input and of all stored parameters, none of which may be idle."""
    assert ours.keys() == other.keys()
    found = gradients(mine, [x, *ours.values()])
    assert largest_difference(found, gradients(theirs, [x, *(other[name] for name in ours)])) <= BACKWARD
    idle = {name for name, gradient in zip(["x", *ours], found, strict=True) if not gradient.any()}
    binary = "raw_neg_gamma" in ours and "raw_threshold" in ours  # its output is never negative
    assert idle == ({"raw_neg_gamma", "raw_neg_rec_weight"} if binary else set())


def assert_lively(y: Tensor, variant: Variant) -> None:
    """Spikes of every sign occur; graded ones always do."""
    for sign in [1] if variant.output == "lib" else [1, -1]:
        assert float((y.detach().sign() == sign).double().mean()) > 0.02


@pytest.mark.parametrize("name", ["dlib", "dslib", "dsrlib", "dslit", "dlits", "dsrlits"])
def test_an_input_of_exactly_0_counts_once_and_the_original_counts_it_twice(name: str) -> None:
    """Same numbers forward; dy/dx at x = 0 side by side: the original's is double."""
    variant = next(variant for variant in ALL if variant.name == name)
    surrogate, quantise = SPIKES["graded"]
    values = {value: param.default for value, param in variant.values.items()}
    ours = Trace(variant, (WIDTH,), surrogate, torch.Generator()).double()
    layer = original(variant, values, quantise)

    def slope(at: float) -> tuple[Tensor, Tensor]:
        x = torch.full((1, 1, WIDTH), at, dtype=torch.float64, requires_grad=True)
        mine, theirs = ours(x)[0], layer(x[0])
        layer.zero_states()
        assert largest_difference([mine[0]], [theirs]) <= FORWARD
        return torch.autograd.grad(mine.sum(), x)[0], torch.autograd.grad(theirs.sum(), x)[0]

    corrected_slope, doubled = slope(0.0)
    assert_close = torch.testing.assert_close
    times = 4 if variant.synaptic else 2  # once for each stage that splits
    assert_close(doubled, times * corrected_slope, rtol=1e-12, atol=0)
    assert float(corrected_slope.abs().min()) > 1e-3
    near_ours, near_theirs = slope(1e-9)
    assert_close(near_theirs, near_ours, rtol=1e-12, atol=0)
    assert_close(near_ours, corrected_slope, rtol=1e-6, atol=0)


TWICE = [variant for variant in ALL if variant.dual and variant.recurrent]


@pytest.mark.parametrize("variant", TWICE, ids=lambda variant: variant.name)
def test_a_silent_step_counts_once_and_the_original_counts_it_four_times(variant: Variant) -> None:
    """Two silent steps; what the gradient of the last output owes to the output of the first, y' = 0.

    The original, as shipped, takes y' and the trace of it, both exactly 0, into both halves. Same
    numbers forward. The corrected module is ours: the patch of ``test_all_24`` removes this and no more.
    """
    surrogate, quantise = SPIKES["rounded"]
    x = torch.full((2, 1, WIDTH), 0.3, dtype=torch.float64, requires_grad=True)

    def slope(weight: float, module: ModuleType | None) -> Tensor:
        values = {name: weight for name in variant.values if "rec_weight" in name}
        if module is None:
            y = Trace(variant, (WIDTH,), surrogate, torch.Generator(), **values).double()(x)[0]
        else:
            y = torch.stack([*map(original(variant, values, quantise, module), x)])
        assert not y.any()
        return torch.autograd.grad(y[1].sum(), x)[0][0]

    ours, shipped, mended = (
        slope(0.4, module) - slope(0.0, module) for module in (None, tt.snn, CORRECTED[variant.output])
    )
    assert float(ours.abs().min()) > 1e-4
    torch.testing.assert_close(shipped, 4 * ours, rtol=1e-10, atol=0)
    torch.testing.assert_close(mended, ours, rtol=1e-10, atol=0)
    if variant.name == "drlib":  # u = 0.3, then 0.57: w·(1 − γ)·d(u − 1)·d(u' − 1)
        d = [float(surrogate.derivative(torch.tensor(u - 1, dtype=torch.float64))) for u in (0.3, 0.57)]
        torch.testing.assert_close(ours, torch.full_like(ours, 0.4 * 0.1 * d[0] * d[1]), rtol=1e-6, atol=0)


def test_dlit_alone_counts_0_once_as_shipped() -> None:
    """Its x goes to the positive half at 0, ours to the negative one: with equal decays that is the same."""
    variant = next(variant for variant in ALL if variant.name == "dlit")
    ours = Trace(variant, (WIDTH,), GradedSigmoid(), torch.Generator()).double()
    layer = tt.snn.DLIT(WIDTH).double()
    x = torch.zeros(5, 1, WIDTH, dtype=torch.float64, requires_grad=True)
    mine, theirs = (torch.autograd.grad(y.sum(), x)[0] for y in (ours(x)[0], torch.stack([*map(layer, x)])))
    assert largest_difference([mine], [theirs]) <= BACKWARD


def test_lif_without_delay_is_lib() -> None:
    x = drive()
    given = {
        "beta": torch.tensor(0.85, dtype=torch.float64),
        "threshold": torch.tensor(0.6, dtype=torch.float64),
    }
    theirs = tt.snn.LIB(WIDTH, **given, quant_fn=tt.functional.round_ste()).double()
    ours = LIF((WIDTH,), Sigmoid(slope=4), torch.Generator(), beta=0.85, threshold=0.6, reset_delay=False)
    assert_same(trajectory(ours, x), run(theirs, ("mem",), x), [x])


@pytest.mark.parametrize("name", ["rlib", "dsrlits"])
@pytest.mark.parametrize("dim", [1, -3])
def test_dim_chooses_the_neuron_axis(name: str, dim: int) -> None:
    variant = next(variant for variant in ALL if variant.name == name)
    values = settings(variant, "tensor, rank 1")
    images = torch.randn(10, 2, WIDTH, 3, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    ours = Trace(variant, (WIDTH, 3, 2), GradedSigmoid(), torch.Generator(), dim=dim, **values).double()
    layer = getattr(tt.snn, name.upper())(WIDTH, **values, dim=dim).double()
    mine, theirs = trajectory(ours, images), run(layer, variant.states, images)
    assert largest_difference(mine, theirs) <= FORWARD
    assert mine[-1].shape == images.shape


def test_a_checkpoint_of_the_original_loads() -> None:
    variant = next(variant for variant in ALL if variant.name == "dsrlits")
    layer = original(variant, settings(variant, "tensor, rank 1"), nn.Identity())
    ours = Trace(variant, (WIDTH,), GradedSigmoid(), torch.Generator()).double()
    ours.load_state_dict(layer.state_dict())
    x = drive()
    assert largest_difference([ours(x)[0]], [torch.stack([*map(layer, x)])]) <= FORWARD
