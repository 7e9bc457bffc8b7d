"""The eager engine runs a step in a loop; it hands the spikes of a step to the next where it may."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import snnbench
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.eager import EAGER, State, run
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate

STEPS, BATCH, WIDTH = 9, 3, 5
DELAYED = (
    "lif",
    "lif(reset=zero)",
    "lif(reset=none, detach_reset=true)",
    "lif(learn_beta=true, learn_threshold=true)",
    "lif(reset_delay=false)",
    "if",
    "plif",
    "rlif",
    "synaptic",
    "synaptic(reset=zero)",
    "alpha",
    "lapicque",
    "alif",
    "adlif",
    "adlif(recurrent=true)",
)


def drive() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(STEPS, BATCH, WIDTH, generator=generator, dtype=torch.float64) * 2


def lif(spike: Surrogate | None = None, kind: type[LIF] = LIF) -> LIF:
    return kind((WIDTH,), spike or ATan(), torch.Generator().manual_seed(0))


def results(neuron: Neuron, *, by_step: bool) -> list[Tensor]:
    """Outputs, last state, and the gradients of a sum over both."""
    x = drive().requires_grad_()
    state = neuron.initial_state(x[0])
    outputs, last = run(neuron.step, x, state) if by_step else EAGER.run(neuron, x, state)
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    loss = (weights * outputs).sum() + sum((part.square().sum() for part in last), torch.zeros(()))
    sources = [x, *neuron.parameters()]
    return [outputs, *last, *torch.autograd.grad(loss, sources, materialize_grads=True, allow_unused=True)]


@pytest.mark.parametrize("name", DELAYED)
def test_handing_on_the_spikes_changes_no_number(name: str) -> None:
    neuron = snnbench.make_neuron(name, (WIDTH,), surrogate="atan", dtype=torch.float64)
    for got, expected in zip(results(neuron, by_step=False), results(neuron, by_step=True), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


def test_a_spike_is_computed_once_a_step() -> None:
    class Counting(ATan):
        calls = 0

        def forward(self, z: Tensor) -> Tensor:
            self.calls += 1
            return super().forward(z)

    spike = Counting()
    neuron, x = lif(spike), drive()
    neuron(x.requires_grad_())
    assert spike.calls == STEPS + 1  # once more for the state before the first step
    with torch.no_grad():
        neuron(x)
    assert spike.calls == 2 * (STEPS + 1)


class Doubled(LIF):
    """A subclass that replaces ``step`` alone."""

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(2 * x_t, state)


def test_a_step_that_a_subclass_or_an_object_replaces_is_the_one_that_runs() -> None:
    x = drive()
    expected, _ = lif()(2 * x)
    assert torch.equal(lif(kind=Doubled)(x)[0], expected)
    replaced = lif()
    plain = replaced.step
    replaced.step = lambda x_t, state: plain(2 * x_t, state)  # type: ignore[method-assign]
    assert torch.equal(replaced(x)[0], expected)


def test_a_neuron_without_a_step_says_so() -> None:
    with pytest.raises(NotImplementedError):
        Neuron().step(torch.zeros(1, 1), (torch.zeros(1, 1),))
