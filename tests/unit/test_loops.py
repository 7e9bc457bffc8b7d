"""Loops made of a step's arithmetic: the numbers of the step, whatever the shapes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compiled import check, drive, make
from torch import Tensor, nn

from snnbench.components import surrogates as spike_functions
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.engine import cpp
from snnbench.engine.arithmetic import UnsupportedStepError
from snnbench.engine.compiled import Compiled
from snnbench.engine.eager import EAGER, State
from snnbench.engine.loops import Loop
from snnbench.engine.neuron import Neuron
from snnbench.engine.recording import record
from snnbench.models import make_neuron

SURROGATES = [spec.name for spec in spike_functions.SPECS if spec.name not in {"custom", "stochastic"}]


def loop_of(neuron: Neuron, x: Tensor) -> Loop:
    return Loop(neuron, x, neuron.initial_state(x[0]))


@pytest.mark.parametrize("name", SURROGATES)
def test_every_surrogate_is_in_the_backward_loop(name: str) -> None:
    neuron, engine = make_neuron("lif", (5,), surrogate=name).double(), Compiled()
    check(neuron, drive(6, 4), engine)
    assert engine.loop(neuron, drive(6, 4), neuron.initial_state(drive(6, 4)[0])) is not None


@given(st.integers(1, 9), st.integers(1, 5), st.lists(st.integers(1, 9), max_size=2), st.integers(0, 2**30))
@settings(max_examples=40)
def test_any_shape(steps: int, batch: int, features: list[int], seed: int) -> None:
    """One build serves all: float64, a decay and a threshold that learn."""
    shape = tuple(features)
    neuron = make("lif", shape, beta=0.73, learn_beta=True, learn_threshold=True).double()
    check(neuron, drive(steps, batch, shape, seed), Compiled())


@pytest.mark.parametrize("units", [1, cpp.TILE - 1, cpp.TILE, cpp.TILE + 17, 3 * cpp.TILE])
@pytest.mark.parametrize("threads", [1, 2])
def test_tiles_and_threads_do_not_show(units: int, threads: int) -> None:
    neuron = make("synaptic", (units,)).double()
    x = drive(7, 1, (units,))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        check(neuron, x, Compiled())
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["lif", "alif", "dslits"])
def test_a_split_sequence_is_the_whole(name: str) -> None:
    neuron, x = make(name).double(), drive(10, 4)
    loop = loop_of(neuron, x)
    whole, last = loop.run(neuron, x, neuron.initial_state(x[0]))
    for cut in (1, 4, 9):
        first, state = loop.run(neuron, x[:cut], neuron.initial_state(x[0]))
        second, end = loop.run(neuron, x[cut:], state)
        assert torch.equal(torch.cat([first, second]), whole)
        assert all(map(torch.equal, end, last))


def test_samples_are_independent_and_layouts_do_not_matter() -> None:
    neuron, x = make("lif").double(), drive(6, 4)
    loop = loop_of(neuron, x)
    state = neuron.initial_state(x[0])
    whole = loop.run(neuron, x, state)[0]
    assert torch.equal(loop.run(neuron, x[:, 1:2], (state[0][1:2],))[0], whole[:, 1:2])
    crooked = x.transpose(0, 1).contiguous().transpose(0, 1)
    assert torch.equal(loop.run(neuron, crooked, state)[0], whole)


def test_only_what_is_asked_for_gets_a_gradient_and_without_any_nothing_is_kept() -> None:
    neuron, x = make("lif", beta=0.6, learn_beta=True), drive(6, 4).float()
    loop = loop_of(neuron, x)
    state = neuron.initial_state(x[0])
    y, _ = loop.run(neuron, x, state)
    y.sum().backward()
    assert neuron.beta.grad is not None  # of a parameter alone
    with torch.no_grad():
        assert loop.run(neuron, x, state)[0].grad_fn is None
    neuron.requires_grad_(False)
    assert loop.run(neuron, x, state)[0].grad_fn is None


def test_what_is_kept_for_backward_is_the_state_alone() -> None:
    """LIF keeps its membrane; a leaky integrator, which is linear, nothing."""
    x = drive(50, 4, (300,)).float().requires_grad_()
    for name, tensors in (("lif", 1), ("li", 0), ("synaptic", 1)):
        neuron = make(name, (300,))
        kept: list[Tensor] = []

        def keep(one: Tensor, kept: list[Tensor] = kept) -> Tensor:
            kept.append(one)
            return one

        loop = loop_of(neuron, x)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one):
            loop.run(neuron, x, neuron.initial_state(x[0].detach()))
        assert sum(one.numel() for one in kept if one.numel() >= x.numel()) == tensors * x.numel()


def test_a_value_that_changes_is_seen() -> None:
    """Constants are part of the loop: another value must make another loop, in copies and in place."""
    neuron, engine, x = make("lif", beta=0.9).double(), Compiled(), drive(6, 4)
    check(neuron, x, engine)
    neuron.beta = 0.3
    check(neuron, x, engine)
    neuron.surrogate.alpha = 7.0
    check(neuron, x, engine)
    neuron.reset = "zero"
    check(neuron, x, engine)
    neuron.surrogate = make_neuron("lif", (5,), surrogate="boxcar").surrogate
    check(neuron, x, engine)


def test_values_of_parameters_are_no_part_of_the_loop() -> None:
    neuron, engine, x = make("lif", learn_beta=True, beta=0.9).double(), Compiled(), drive(6, 4)
    check(neuron, x, engine)
    built = cpp._build.cache_info().misses
    with torch.no_grad():
        neuron.beta.fill_(0.2)
    check(neuron, x, engine)
    assert cpp._build.cache_info().misses == built


class Buffered(LIF):
    def __init__(self) -> None:
        super().__init__((5,), ATan(), torch.Generator())
        self.register_buffer("gain", torch.linspace(0.5, 2, 5))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(x_t * self.gain, state)


def test_buffers_are_read_as_they_are_now() -> None:
    neuron, x = Buffered().double(), drive(6, 4)
    engine = Compiled()
    check(neuron, x, engine)
    neuron.gain.mul_(-1)
    check(neuron, x, engine)


class Odd(LIF):
    """A LIF with something in its step that no loop is made of."""

    def __init__(self, what: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__((5,), ATan(), torch.Generator())
        self.what = what
        self.weight = nn.Parameter(torch.eye(5))
        self.table = torch.linspace(0, 1, 5)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return super().step(self.what(x_t, state[0]), state)


def written(x: Tensor) -> Tensor:
    """A view of what is written into later."""
    y = 2 * x
    view = y.view(-1)
    y.add_(1)
    return view


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (lambda x, u: x - x.mean(-1, keepdim=True), "unit by unit"),
        (lambda x, u: x.cumsum(-1), "'rev'"),
        (lambda x, u: x.flip(-1), "'rev'"),
        (lambda x, u: x + torch.rand_like(x), "rand"),
        (lambda x, u: x if x.sum() > 0 else u, "data-dependent"),
        (lambda x, u: written(x), "writes into"),
        (lambda x, u: x + torch.linspace(0, 1, len(x)), "'iota'"),
        (lambda x, u: (1e3 * x).long().double(), "int64"),
    ],
)
def test_no_loop_is_made_of_what_is_no_arithmetic_of_one_unit(
    what: Callable[[Tensor, Tensor], Tensor], says: str
) -> None:
    neuron = Odd(what)
    del neuron.weight
    neuron.double()
    with pytest.raises(UnsupportedStepError, match=says):
        loop_of(neuron, drive(3, 2))


def test_no_loop_is_made_of_a_weight_or_of_a_tensor_that_is_no_parameter() -> None:
    with pytest.raises(UnsupportedStepError, match="'weight' of shape"):
        loop_of(Odd(lambda x, u: x).double(), drive(3, 2))
    table = torch.linspace(0, 1, 11, dtype=torch.float64)
    neuron = Odd(lambda x, u: x + table)
    del neuron.weight
    with pytest.raises(UnsupportedStepError, match="of its own"):
        loop_of(neuron.double(), drive(3, 2))


def test_numbers_are_folded_and_scaled_sums_are_sums() -> None:
    def odd(x: Tensor, u: Tensor) -> Tensor:
        half = torch.full_like(x, 0.1) * 5
        return torch.add(x, u, alpha=0.25).mul_(0.5) - torch.where(u > half, half, 0.2)

    neuron = Odd(odd)
    del neuron.weight
    check(neuron.double(), drive(6, 4), Compiled())


def test_infinite_and_missing_numbers_are_those_of_eager() -> None:
    neuron, x = make("lif").double(), drive(6, 4)
    x[1, 0, 0], x[2, 1, 1], x[3, 2, 2] = torch.inf, -torch.inf, torch.nan
    state = neuron.initial_state(x[0])
    got, expected = loop_of(neuron, x).run(neuron, x, state), EAGER.run(neuron, x, state)
    torch.testing.assert_close(got, expected, equal_nan=True)


def test_a_second_derivative_is_refused_not_wrong() -> None:
    neuron, x = make("lif").double(), drive(6, 4).requires_grad_()
    y, _ = loop_of(neuron, x).run(neuron, x, neuron.initial_state(x[0].detach()))
    (first,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_half_precision_on_the_cpu_goes_another_way() -> None:
    neuron, x = make("lif").bfloat16(), drive(6, 4).bfloat16()
    with pytest.raises(UnsupportedStepError, match="precision"):
        loop_of(neuron, x)


def test_the_backward_pass_does_not_repeat_what_the_states_tell() -> None:
    neuron, x = make("lif", reset="zero", detach_reset=True), drive(3, 2).float()
    code = record(neuron, x, neuron.initial_state(x[0])).backward
    assert not code.uses("x")
    assert code.uses("after0")
