"""``quant_fn`` of the trace family against traceTorch's: exactly given the noise, else in distribution."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
import torch
from parity import WIDTH, assert_same, drive, trajectory
from torch import Tensor

from snnbench.compiler.program import UnsupportedStepError
from snnbench.compiler.record import record
from snnbench.components.neurons import trace_quant
from snnbench.components.neurons.trace import Trace
from snnbench.components.neurons.trace_specs import TRACE_SPECS
from snnbench.components.neurons.trace_variant import VARIANTS
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.errors import UsageError
from snnbench.lyapunov import spectrum

tt: Any = import_module("tracetorch")
ORIGINAL: dict[str, Callable[[], Any]] = {
    "round": tt.functional.round_ste,
    "stochastic": tt.functional.stochastic_round_ste,
    "probabilistic": tt.functional.probabilistic_ste,
}
NAMES = ("lib", "slib", "rlib", "lit", "lits")


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def make(name: str, quant_fn: str, width: int = WIDTH, seed: int = 1) -> Any:
    variant = VARIANTS[name]
    generator = torch.Generator().manual_seed(seed)
    weight = {"rec_weight": 0.4} if variant.recurrent else {}
    return Trace(variant, (width,), GradedSigmoid(), generator, quant_fn=quant_fn, **weight)


def original(layer: Any, x: Tensor) -> Tensor:
    return torch.stack([layer(x_t) for x_t in x])


@pytest.mark.parametrize("quant_fn", ORIGINAL)
@pytest.mark.parametrize("name", NAMES)
def test_given_the_same_noise_it_is_the_original(
    name: str, quant_fn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The noise of our calls is handed to theirs, call by call."""
    noise: list[Tensor] = []

    def remembered(z: Tensor, seed: int) -> Tensor:
        noise.append(torch.rand(z.shape, generator=torch.Generator().manual_seed(seed % 2**62)))
        return noise[-1]

    monkeypatch.setattr(trace_quant, "uniform", remembered)
    ours, x = make(name, quant_fn), drive()
    weight = {"rec_weight": 0.4} if ours.variant.recurrent else {}
    theirs = getattr(tt.snn, name.upper())(WIDTH, quant_fn=ORIGINAL[quant_fn](), **weight)
    rows = trajectory(ours, x)
    given = iter(list(noise))
    monkeypatch.setattr(torch, "rand_like", lambda like: next(given))
    monkeypatch.setattr(torch, "bernoulli", lambda p: (next(given) < p).to(p.dtype))
    output = original(theirs, x)
    names = [name.removeprefix("raw_") for name, _ in ours.named_parameters()]
    wrt = [x, *ours.parameters()], [x, *(dict(theirs.named_parameters())[f"raw_{name}"] for name in names)]
    assert_same(rows[:1], [output], *wrt)


@pytest.mark.parametrize("quant_fn", ["stochastic", "probabilistic"])
def test_outputs_have_the_distribution_of_the_original(quant_fn: str) -> None:
    """Means of 20,000 units over 5 steps that hang together by the reset, within 5 standard errors."""
    units = 20_000
    x = torch.linspace(0.1, 1.5, 5).view(5, 1, 1).expand(5, 1, units)
    ours = make("lib", quant_fn, units)(x)[0].detach()
    torch.manual_seed(0)
    theirs = original(tt.snn.LIB(units, quant_fn=ORIGINAL[quant_fn]()), x).detach()
    error = ((ours.var(-1) + theirs.var(-1)) / units).sqrt()
    assert ((ours.mean(-1) - theirs.mean(-1)).abs() < 5 * error).all()
    first = (4 * (x[0, 0, 0] - 1)).sigmoid()
    expected = first if quant_fn == "stochastic" else first**2
    assert float(ours[0].mean()) == pytest.approx(float(expected), abs=5 * float(error[0]))


@pytest.mark.parametrize("quant_fn", ["stochastic", "probabilistic"])
def test_noise_is_independent_and_follows_the_generator(quant_fn: str) -> None:
    x = torch.ones(200, 2, 50)  # at the threshold of the first step: a fair coin
    fired = (make("lib", quant_fn, 50)(x)[0] > 0).double()
    again, other = ((make("lib", quant_fn, 50, seed)(x)[0] > 0).double() for seed in (1, 2))
    assert torch.equal(fired, again)
    assert not torch.equal(fired, other)
    late = fired[50:].flatten(1)
    assert torch.corrcoef(late.T).fill_diagonal_(0).abs().max() < 0.5, "of 150 steps"
    assert late.std(0).min() > 0
    neuron = make("lib", quant_fn, 50)
    assert not torch.equal(neuron(x)[0], neuron(x)[0]), "every call draws anew"


def test_a_rounded_neuron_is_deterministic_and_binary() -> None:
    neuron, x = make("lib", "round"), drive()
    y = neuron(x)[0].detach()
    assert torch.equal(y, neuron(x)[0])
    assert set(y.unique().tolist()) == {0.0, 1.0}
    spec = next(spec for spec in TRACE_SPECS if spec.name == "lib")
    whole = {name: spec.is_whole((("quant_fn", name),)) for name in ("identity", *ORIGINAL)}
    assert whole == {"identity": False, "round": True, "stochastic": True, "probabilistic": False}


def test_rounding_is_in_a_loop_and_noise_is_not() -> None:
    x = torch.randn(3, 2, WIDTH)
    neuron = make("lib", "round")
    assert record(neuron, x, neuron.initial_state(x[0])).states == 1
    for name in ("stochastic", "probabilistic"):
        noisy = make("lib", name)
        with pytest.raises(UnsupportedStepError):
            record(noisy, x, noisy.initial_state(x[0]))


@pytest.mark.parametrize("quant_fn", ["stochastic", "probabilistic"])
def test_exponents_of_a_noisy_neuron_are_measured(quant_fn: str) -> None:
    neuron, x = make("lib", quant_fn).requires_grad_(False), drive().detach()[:, :1]
    found = spectrum(neuron.step, neuron.initial_state(x[0]), x, 2)
    assert found.exponents.isfinite().all()


def test_an_unknown_rounding_is_refused() -> None:
    with pytest.raises(UsageError, match="none of identity, round, stochastic, probabilistic"):
        make("lib", "floor")
