"""Checkpointing leaves gradients alone, truncation cuts what it says, and both save memory as predicted."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from snnbench.components.networks.dense import dense
from snnbench.components.neurons.li import LI
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.network import Network, PerStep
from snnbench.errors import UsageError
from snnbench.factory.make import make_network
from snnbench.measure.memory import memory, sizes
from snnbench.settings import Budget

STEPS, BATCH = 23, 3


def network(*, hidden: tuple[int, ...] = (6, 5), readout: str = "membrane_mean") -> Network:
    generator = torch.Generator().manual_seed(2)
    made = dense(
        (4,),
        3,
        lambda f: LIF(f, ATan(), generator, learn_beta=True),
        generator,
        hidden=hidden,
        readout=readout,  # type: ignore[arg-type]
    )
    return made.double()


def batch(steps: int = STEPS) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.rand(steps, BATCH, 4, generator=generator, dtype=torch.float64)
    return x, torch.arange(BATCH) % 3


def gradients(made: Network, x: Tensor, y: Tensor) -> list[Tensor]:
    made.zero_grad()
    cross_entropy(made(x), y).backward()  # type: ignore[no-untyped-call]
    return [p.grad.clone() for p in made.parameters() if p.grad is not None]


@pytest.mark.parametrize("window", [1, 5, 22, 23, 100])
def test_checkpointing_leaves_the_gradients_alone(window: int) -> None:
    x, y = batch()
    whole = gradients(network(), x, y)
    assert all(g.any() for g in whole)
    windowed = gradients(network().spend(Budget(checkpoint=window)), x, y)
    for one, expected in zip(windowed, whole, strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-12, atol=1e-15)


def test_checkpointing_moves_running_statistics_once() -> None:
    generator = torch.Generator().manual_seed(0)
    layers = [nn.Linear(4, 6), PerStep(nn.BatchNorm1d(6)), LIF((6,), ATan(), generator)]
    whole = Network(layers, "spike_sum", nn.Linear(6, 3)).double()
    windowed = copy.deepcopy(whole).spend(Budget(checkpoint=4))
    x, y = batch()
    for one, expected in zip(gradients(windowed, x, y), gradients(whole, x, y), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-12, atol=1e-13)
    for one, expected in zip(windowed.buffers(), whole.buffers(), strict=True):
        assert torch.equal(one, expected)


@pytest.mark.parametrize("window", [1, 4, 7, STEPS])
def test_truncation_cuts_every_path_between_windows_and_no_other(window: int) -> None:
    """A leaky integrator: ∂Σ_t u_t / ∂x_i = Σ β^(t−i) over t from i to the end of the window of i."""
    beta = 0.8
    made = Network([LI(beta=beta)], "membrane_mean", nn.Identity()).double()
    x = batch()[0].requires_grad_()
    outputs = made.spend(Budget(truncate=window)).windows.run(made, x)  # type: ignore[union-attr]
    torch.testing.assert_close(outputs, made.outputs(x)[-1])  # forward, nothing is cut
    outputs.sum().backward()  # type: ignore[no-untyped-call]
    ends = [min((i // window + 1) * window, STEPS) for i in range(STEPS)]
    expected = [(1 - beta ** (end - i)) / (1 - beta) for i, end in enumerate(ends)]
    assert x.grad is not None
    for got, value in zip(x.grad, expected, strict=True):
        torch.testing.assert_close(got, torch.full_like(got, value))


def test_a_window_as_long_as_the_sequence_cuts_nothing_and_a_shorter_one_does() -> None:
    x, y = batch()
    whole = gradients(network(), x, y)
    for one, expected in zip(gradients(network().spend(Budget(truncate=STEPS)), x, y), whole, strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-12, atol=1e-15)
    cut = gradients(network().spend(Budget(truncate=5)), x, y)
    assert not torch.allclose(cut[0], whole[0], rtol=1e-3)


def test_without_gradients_there_are_no_windows() -> None:
    x, _ = batch()
    with torch.no_grad():
        assert torch.equal(network().spend(Budget(truncate=5))(x), network()(x))


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("field", ["truncate", "checkpoint"])
def test_bytes_saved_fall_to_those_of_one_window_and_the_states_between(field: str, repeated: bool) -> None:
    steps, window = 120, 10
    long, short = (batch(length)[0] for length in (steps, window))
    if repeated:
        long, short = (x[:1].clone().expand_as(x) for x in (long, short))
    name = "memory.saved_per_sample_step"
    one = sizes(network(), short)[name].value
    windowed = sizes(network().spend(Budget(**{field: window})), long)[name].value
    state = (6 + 5 + 3) * 8
    assert one is not None
    assert windowed == pytest.approx((window * one + state * (steps / window - 1)) / steps)


@pytest.mark.slow
def test_the_peak_falls_by_what_is_not_saved() -> None:
    """What is left holds the last layer's outputs, which the readout needs."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(400, 32, 64, generator=generator)
    y = torch.arange(32) % 10

    def measured(budget: Budget) -> tuple[float, float]:
        def build() -> Network:
            return make_network("dense(hidden=[256,256])", (64,), 10).spend(budget)

        metrics = memory(build, (x, y), torch.device("cpu"))
        peak, saved = (metrics[f"memory.{name}"].value for name in ("training_peak", "saved_per_sample_step"))
        assert peak is not None
        assert saved is not None
        return peak, saved * 400 * 32

    peak, saved = measured(Budget())
    for budget in (Budget(checkpoint=20), Budget(truncate=20)):
        low, little = measured(budget)
        assert saved - little > 0.4 * peak  # enough to be seen in the peak
        assert peak - low > 0.9 * (saved - little)


def test_windows_are_refused_where_a_layer_needs_all_steps() -> None:
    made = make_network("conv(channels=[4])", (1, 8, 8), 3)
    with pytest.raises(UsageError, match="all steps"):
        made.spend(Budget(checkpoint=4))
    make_network("conv(channels=[4],norm=per_step)", (1, 8, 8), 3).spend(Budget(checkpoint=4))


def test_both_windows_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="both"):
        Budget(truncate=4, checkpoint=4)
