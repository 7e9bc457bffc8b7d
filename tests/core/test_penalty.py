"""Stability as a term of the loss: its value, its gradient, and where it leads."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.gated import GRU
from snnbench.components.neurons.lif import LIF
from snnbench.components.neurons.relu import ReLU
from snnbench.components.neurons.rlif import RLIF
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.graded_sigmoid import GradedSigmoid
from snnbench.core.exponent import exponents, growth
from snnbench.core.network import Network
from snnbench.core.penalty import penalty
from snnbench.core.surrogate import Surrogate
from snnbench.core.units import unit_of
from snnbench.data.dataset import Dataset, Split
from snnbench.errors import UsageError
from snnbench.lyapunov import finite_size, spectrum
from snnbench.settings import Budget, Regulariser
from snnbench.training import Trainer

F64 = torch.float64


def build(surrogate: Surrogate | None = None, kind: type = RLIF, width: int = 8, **params: object) -> Network:
    generator = torch.Generator().manual_seed(0)
    return dense(
        (3,), 4, lambda f: kind(f, surrogate or ATan(), generator, **params), generator, hidden=(width,)
    ).double()


def drive(steps: int, batch: int = 3) -> Tensor:
    return 2 * torch.randn(steps, batch, 3, generator=torch.Generator().manual_seed(1), dtype=F64)


# Values


def test_exponents_are_those_of_the_spectrum() -> None:
    network, x = build(rec_init_scale=2.0), drive(500)
    with torch.no_grad():
        found = exponents(network, x, 4)
    known = spectrum(network.step, network.initial_state(x[0]), x, 4).exponents
    assert found.shape == (3, 4)
    torch.testing.assert_close(found.mean(0), known, rtol=0, atol=0.02)


def test_growth_is_that_of_the_finite_size() -> None:
    network, x = build(width=60, rec_init_scale=2.0), drive(400, 6)
    with torch.no_grad():
        found = growth(network, x, 1.0)
    known = finite_size(network.step, network.initial_state(x[0]), x, (1.0,))
    assert abs(float(known.exponents) - math.log(0.95)) > 0.1, "the case cannot tell it from the leak"
    assert float(found.mean()) == pytest.approx(float(known.exponents), abs=0.03)


def test_what_always_vanishes_has_no_growth_and_no_gradient() -> None:
    network, x = build(kind=LIF, beta=0.0, reset="none"), drive(5)
    assert growth(network, x, 0.1).isneginf().all()
    for estimator in ("lambda_grad", "lambda_delta"):
        value = penalty(network, x, Regulariser(1.0, 0.5, estimator))  # type: ignore[arg-type]
        assert float(value.detach()) == 0


def test_lost_tangents_cost_the_others_no_gradient() -> None:
    """Two of the eight directions are wiped out in each step: a QR that lost one has no derivative."""
    network, x = build(rec_init_scale=2.0), drive(6)
    kept = torch.ones(8, dtype=F64)
    kept[:2] = 0
    plain = network.step
    network.step = lambda x_t, state: plain(x_t, (state[0] * kept,))  # type: ignore[method-assign]
    found = exponents(network, x, 8)
    assert (found.isneginf().sum(1) >= 2).all()
    three = penalty(network, x, Regulariser(1.0, exponents=3))
    for value in (three, penalty(network, x, Regulariser(1.0, exponents=8))):
        assert value.isfinite()
        gradients = torch.autograd.grad(value, network.neurons[0].weight, allow_unused=True)  # type: ignore[arg-type]
        assert all(gradient is None or gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize(
    "term", [Regulariser(0.7, -0.2, exponents=2), Regulariser(0.7, -0.2, "lambda_delta", delta=0.3)], ids=str
)
def test_it_is_the_weighted_mean_square(term: Regulariser) -> None:
    network, x = build(rec_init_scale=2.0), drive(20)
    unit = unit_of(network.neurons)
    values = exponents(network, x, 2) if term.estimator == "lambda_grad" else growth(network, x, 0.3, unit)
    known = 0.7 * ((values + 0.2) ** 2).mean()
    assert float(penalty(network, x, term)) == pytest.approx(float(known), rel=1e-12)


# Gradients


@pytest.mark.parametrize(
    "term",
    [
        Regulariser(1.0, 0.3),
        Regulariser(1.0, 0.3, exponents=4),
        Regulariser(1.0, 0.3, "lambda_delta", delta=0.5),
    ],
    ids=str,
)
def test_its_gradient_is_that_of_finite_differences(term: Regulariser) -> None:
    """With a graded spike function, whose derivative is exact, everything is smooth.

    That of ``lambda_delta`` is taken within each step, so it is exact for one.
    """
    network, x = build(GradedSigmoid(), rec_init_scale=2.0), drive(1 if "delta" in term.estimator else 6)
    weights = network.neurons[0].weight
    assert isinstance(weights, Tensor)
    (gradient,) = torch.autograd.grad(penalty(network, x, term), weights)
    direction = torch.randn(weights.shape, dtype=F64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        ends = []
        for step in (1e-5, -2e-5):
            weights += step * direction
            ends.append(float(penalty(network, x, term)))
    assert float((gradient * direction).sum()) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4)


# Training


def data() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(120, 3, generator=generator)
    split = Split(x, (x[:, 0] > 0.5).long())
    return Dataset(split, split, split, classes=2)


def train(term: Regulariser | None, epochs: int = 8) -> tuple[Network, list[float]]:
    """A small recurrent network, and λ by either estimator of the term after each epoch."""
    generator = torch.Generator().manual_seed(0)
    network = dense(
        (3,), 2, lambda f: RLIF(f, ATan(), generator, rec_init_scale=2.0, beta=0.8), generator, hidden=(16,)
    )
    budget = Budget(steps=8, epochs=epochs, batch_size=40, learning_rate=0.02, stability=term)
    trainer = Trainer(network, _held, data(), budget=budget, key="00", device=torch.device("cpu"))
    found: list[float] = []
    trainer.run(lambda epoch, accuracy: found.append(measured(network, term or Regulariser(1.0))))
    return network, found


def _held(x: Tensor, generator: torch.Generator) -> Tensor:
    return 3 * x.expand(8, *x.shape)


def measured(network: Network, term: Regulariser) -> float:
    x = _held(data().test.x, torch.Generator())
    with torch.no_grad():
        values = exponents(network, x) if term.estimator == "lambda_grad" else growth(network, x, term.delta)
    return float(values[values.isfinite()].mean())


def test_training_with_it_leads_the_gradient_s_exponent_either_way() -> None:
    plain = train(None)[1][-1]
    above, below = (train(Regulariser(50.0, target))[1][-1] for target in (plain + 0.15, plain - 0.15))
    assert above > plain + 0.05
    assert below < plain - 0.05


def test_training_with_it_leads_the_growth_of_perturbations_down() -> None:
    term = Regulariser(50.0, -0.2, "lambda_delta")
    usual = Regulariser(1e-9, 0.0, "lambda_delta")
    assert train(term)[1][-1] < train(usual)[1][-1] - 0.05


def test_a_term_of_one_step_changes_the_weights() -> None:
    plain, other = train(None, 1)[0], train(Regulariser(5.0, 0.1, every=10**6), 1)[0]
    same = [torch.equal(a, b) for a, b in zip(plain.parameters(), other.parameters(), strict=True)]
    assert not all(same), "the very first step has it"


def test_it_is_part_of_every_so_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    trainer: Trainer

    def counted(network: Network, x: Tensor, term: Regulariser) -> Tensor:
        asked.append(trainer.steps)
        return penalty(network, x, term)

    monkeypatch.setattr("snnbench.training.penalty", counted)
    trainer = train_setup(Regulariser(0.1, every=4))
    trainer.run()
    assert asked == list(range(0, 12, 4))


def train_setup(term: Regulariser) -> Trainer:
    network = build().float()
    budget = Budget(steps=4, epochs=2, batch_size=20, stability=term)
    return Trainer(
        network,
        lambda x, g: x.expand(4, *x.shape),
        data(),
        budget=budget,
        key="00",
        device=torch.device("cpu"),
    )


# What is refused


def test_no_memory_no_penalty() -> None:
    network = build(kind=_Forgetful)
    for estimator in ("lambda_grad", "lambda_delta"):
        with pytest.raises(UsageError, match="memory"):
            penalty(network, drive(3), Regulariser(1.0, 0.0, estimator))  # type: ignore[arg-type]


class _Forgetful(ReLU):
    def __init__(self, features: tuple[int, ...], _: object, generator: torch.Generator) -> None:
        super().__init__(features, None, generator)


def test_more_exponents_than_components_are_refused() -> None:
    with pytest.raises(UsageError, match="k=9"):
        exponents(build(), drive(3), 9)


def test_a_step_without_forward_mode_is_refused_with_a_hint() -> None:
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, z: Tensor) -> Tensor:
            return (z > 0).to(z.dtype)

        @staticmethod
        def backward(ctx: object, gradient: Tensor) -> Tensor:
            return gradient

    network = build(Own.apply)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="forward-mode") as caught:
        exponents(network, drive(3))
    assert "lambda_delta" in caught.value.hint
    assert growth(network, drive(3), 0.1).isfinite().all()


def test_a_gated_control_can_be_led_too() -> None:
    network = build(kind=_Gated)
    assert exponents(network, drive(10), 2).isfinite().all()


class _Gated(GRU):
    def __init__(self, features: tuple[int, ...], _: object, generator: torch.Generator) -> None:
        super().__init__(features, None, generator)
