"""Loops made of a step's program: the numbers of the step, whatever the shapes, and nothing else."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from weakref import ref

import numpy as np
import pytest
import torch
import torch.autograd.forward_ad as fwAD
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compiled import check, drive, make, traced
from torch import Tensor, nn

from snnbench.compiler import cpp, native
from snnbench.compiler.engine import Compiled
from snnbench.compiler.loop import Loop
from snnbench.compiler.program import UnsupportedStepError
from snnbench.compiler.record import record
from snnbench.components import neurons
from snnbench.components import surrogates as spike_functions
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.eager import EAGER, State
from snnbench.core.neuron import Neuron
from snnbench.factory.make import make_neuron

__all__ = ["traced"]  # a fixture

SURROGATES = [spec.name for spec in spike_functions.SPECS if spec.name not in {"custom", "stochastic"}]


def loop_of(neuron: Neuron, x: Tensor) -> Loop:
    return Loop(neuron, x, neuron.initial_state(x[0]))


@pytest.mark.parametrize("name", [spec.name for spec in neurons.SPECS if spec.states])
def test_neurons_whose_units_do_not_see_each_other_go_by_one_loop_each(name: str) -> None:
    engine, x = Compiled(3), drive(4, 2)
    neuron = make_neuron(name, x.shape[2:], surrogate="atan").double()
    loops = [engine.loop(neuron, x, neuron.initial_state(x[0])) for _ in range(2)]
    assert len(engine._loops) == 1
    assert (loops[0] is None) == (name in {"rlif", "gru", "lstm"})
    assert loops[0] is loops[1]


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


def scattered(one: Tensor) -> Tensor:
    """The same numbers with the axes the other way round in memory, and gaps in between."""
    spread = one.new_zeros([2 * size for size in reversed(one.shape)])
    view = spread[(slice(None, None, 2),) * one.ndim].permute(*reversed(range(one.ndim)))
    return view.copy_(one)


@pytest.mark.parametrize("name", ["lif", "izhikevich"])
def test_all_that_is_given_may_lie_in_memory_as_it_likes(name: str) -> None:
    neuron, x = make(name, (5, 2)).double(), scattered(drive(6, 3, (5, 2))).requires_grad_()
    start = neuron.initial_state(x[0].detach())
    state = tuple(scattered(part + 0.1 * drive(3, 5, (2,))).requires_grad_() for part in start)
    cotangents = [scattered(drive(6, 3, (5, 2), seed=1)), *(scattered(part.detach()) for part in state)]

    def results(run: Callable[[Neuron, Tensor, State], tuple[Tensor, State]]) -> list[Tensor]:
        y, last = run(neuron, x, state)
        found = [
            *torch.autograd.grad([y, *last], [x, *state], cotangents, retain_graph=True),
            *torch.autograd.grad(y.sum(), [x, *state]),  # a gradient that is one number, expanded
        ]
        return [y, *last, *found]

    pairs = zip(results(loop_of(neuron, x).run), results(EAGER.run), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other)


def test_an_engine_keeps_no_neuron() -> None:
    neuron = make("lif").double()
    neuron.engine = Compiled(3)
    engine, gone = neuron.engine, ref(neuron)
    neuron(drive(6, 4))
    del neuron
    gc.collect()
    assert gone() is None
    assert engine.strategy == "all steps"


def test_a_minus_that_is_noted_beside_is_read() -> None:
    neuron, x = make("lif", ()).double(), torch.zeros(3, 1, dtype=torch.complex128) - 0.4j
    minus = x.conj().imag
    assert minus.is_neg()
    state = neuron.initial_state(minus[0])
    last = loop_of(neuron, minus).run(neuron, minus, state)[1]
    torch.testing.assert_close(last, EAGER.run(neuron, minus, state)[1])


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
    built = native._library.cache_info().misses
    with torch.no_grad():
        neuron.beta.fill_(0.2)
    check(neuron, x, engine)
    assert native._library.cache_info().misses == built


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


class Held(Neuron):
    """``u = β·u' + x``, spikes at 1, and ways to hold what its step reads."""

    shared = 1.0

    def __init__(self, **held: object) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(0.7))
        for name, value in held.items():
            setattr(self, name, value)

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def scale(self) -> float:
        return self.shared

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta * state[0] + self.scale() * x_t
        return ATan()(u - 1), (u,)


class Slotted:
    __slots__ = ("number",)

    def __init__(self, number: float) -> None:
        self.number = number


def changes() -> dict[str, tuple[Neuron, Callable[[], object]]]:
    """Neurons, and what changes what their step does without a word to anybody."""
    tensor, numbers, cell = torch.tensor(1.0), np.ones(()), [1.0]

    class Reads(Held):
        def scale(self) -> float:
            return float(getattr(self, "held", 1.0))

    class Closed(Held):
        def scale(self) -> float:
            return cell[0]

    class OfSlots(Held):
        def scale(self) -> float:
            return self.slotted.number  # type: ignore[operator, union-attr]

    class Typed(Held):
        def scale(self) -> float:
            return 3.0 if self.mode is True else 1.0

    class Inner(Held):
        def scale(self) -> Tensor:  # type: ignore[override]
            return self.inner(self.beta.detach())  # type: ignore[operator]

    class Own(Held):
        pass

    class Configuration:
        number = 1.0

    class Configured(Held):
        def scale(self) -> float:
            return self.configuration.number  # type: ignore[operator, union-attr]

    def default(number: float = 1.0) -> float:
        return number

    class Called(Held):
        def scale(self) -> float:
            return self.function()  # type: ignore[operator]

    class Behind(Held):
        @property
        def gain(self) -> float:
            return cell[0]

        fixed = staticmethod(lambda: cell[0])

        def scale(self) -> float:
            return self.gain * self.fixed()

    class Named(Held):
        def scale(self) -> float:
            return getattr(self.held, "number", 5.0)

    class Signed(Held):
        def scale(self) -> float:
            return math.copysign(2.0, self.sign)  # type: ignore[arg-type]

    class Listed(list[float]):
        number = 1.0

    class One:
        number = 1.0

    class Five:
        number = 5.0

    class Tied(Held):
        def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
            u = self.beta * state[0] + self.gain * x_t  # type: ignore[operator]
            return ATan()(u - 1), (u,)

    slotted, typed, inner = Slotted(1.0), Typed(mode=1), Inner(inner=nn.Identity())
    listed, renamed, reclassed = Listed(), SimpleNamespace(number=1.0), One()
    signed, tied = Signed(sign=0.0), Tied()
    tied.gain = tied.beta
    return {
        "what a property and a static method close over": (Behind(), lambda: cell.__setitem__(0, 5.0)),
        "what a method is bound to": (
            Called(function=partial(cell.__getitem__, 0)),
            lambda: cell.__setitem__(0, 5.0),
        ),
        "an attribute of a list": (Named(held=listed), lambda: setattr(listed, "number", 5.0)),
        "a name": (Named(held=renamed), lambda: vars(renamed).update(other=vars(renamed).pop("number"))),
        "the class of an object": (
            Named(held=reclassed),
            lambda: setattr(reclassed, "__class__", Five),
        ),
        "the sign of nothing": (signed, lambda: setattr(signed, "sign", -0.0)),
        "one parameter for two": (
            tied,
            lambda: setattr(tied, "gain", nn.Parameter(torch.tensor(5.0).double())),
        ),
        "a class that is held": (
            Configured(configuration=Configuration),
            lambda: setattr(Configuration, "number", 5.0),
        ),
        "a default": (Called(function=default), lambda: setattr(default, "__defaults__", (5.0,))),
        "a tensor": (Reads(held=tensor), lambda: tensor.fill_(5.0)),
        "an array": (Reads(held=numbers), lambda: numbers.fill(5.0)),
        "a closure": (Closed(), lambda: cell.__setitem__(0, 5.0)),
        "slots": (OfSlots(slotted=slotted), lambda: setattr(slotted, "number", 5.0)),
        "a class": (Own(), lambda: setattr(Own, "shared", 5.0)),
        "a truth for a number": (typed, lambda: setattr(typed, "mode", True)),
        "a hook": (
            inner,
            lambda: inner.inner.register_forward_hook(lambda module, given, out: 5 * out),  # type: ignore[union-attr, operator]
        ),
    }


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("name", changes())
def test_nothing_that_a_step_reads_changes_unseen(name: str) -> None:
    neuron, change = changes()[name]
    neuron.double()
    engine, x = Compiled(3), drive(6, 4)
    check(neuron, x, engine)
    before = EAGER.run(neuron, x, neuron.initial_state(x[0]))[0]
    change()
    after = EAGER.run(neuron, x, neuron.initial_state(x[0]))[0]
    assert not torch.equal(before, after)
    check(neuron, x, engine)


class Transposed(Held):
    """Of a value a unit, that of another: no difference on a line of units, or where all are equal."""

    def __init__(self) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.full((4, 4), 0.7))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.beta.t() * state[0] + x_t
        return ATan()(u - 1), (u,)


def test_values_of_transposed_axes_make_no_loop_though_all_are_equal_now() -> None:
    with pytest.raises(UnsupportedStepError, match="do not reach"):
        loop_of(Transposed().double(), drive(6, 2, (4, 4)))
    check(make("lib", (4, 4)).double(), drive(6, 2, (4, 4)), Compiled())


@pytest.mark.usefixtures("traced")
def test_a_hook_on_the_way_back_is_seen() -> None:
    class Inner(Held):
        def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
            u = self.beta * state[0] + x_t
            return self.inner(u), (u,)  # type: ignore[operator]

    neuron, engine, x = Inner(inner=nn.Tanh()).double(), Compiled(3), drive(6, 4)
    assert engine.loop(neuron, x, neuron.initial_state(x[0])) is not None
    neuron.inner.register_full_backward_hook(lambda module, given, out: (given[0] / 10,))  # type: ignore[union-attr, operator]
    assert engine.loop(neuron, x, neuron.initial_state(x[0])) is None


@pytest.mark.parametrize("swapped", [False, True])
def test_states_and_outputs_without_a_gradient(swapped: bool) -> None:
    class Detached(Neuron):
        states = ("spike", "membrane")

        def initial_state(self, x_t: Tensor) -> State:
            return torch.zeros_like(x_t), torch.zeros_like(x_t)

        def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
            s, u = reversed(state) if swapped else state
            u = 0.9 * u * (1 - s) + x_t
            y = ATan()(u - 1)
            return y, (u, y.detach()) if swapped else (y.detach(), u)

    engine, x = Compiled(), drive(6, 4)
    neuron = Detached()
    engine.run(neuron, x, neuron.initial_state(x[0]))
    assert engine.refusal == ""
    assert engine.strategy == "all steps"


@pytest.mark.parametrize("batch", [1, 7, 11, 13, 143])
@pytest.mark.parametrize("features", [1, 11])
@pytest.mark.parametrize("read", [lambda x: x.shape[0], lambda x: x.numel(), len])
def test_a_step_that_reads_how_many_samples_there_are_is_refused_whatever_their_number(
    batch: int, features: int, read: Callable[[Tensor], int]
) -> None:
    class Shared(LIF):
        def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
            return super().step(x_t * 8 / read(x_t), state)

    neuron, engine, x = (
        Shared((features,), ATan(), torch.Generator()),
        Compiled(),
        drive(6, batch, (features,)),
    )
    engine.run(neuron, x, neuron.initial_state(x[0]))
    loop = engine.loop(neuron, x, neuron.initial_state(x[0]))
    assert loop is None or "of its outputs differ" in engine.refusal


def test_one_batch_that_is_not_finite_is_no_reason_to_refuse() -> None:
    neuron, engine, x = make("lif").double(), Compiled(), drive(6, 4)
    bad = x.clone()
    bad[0, 0, 0] = torch.nan
    engine.run(neuron, bad, neuron.initial_state(x[0]))
    assert engine.refusal == ""
    check(neuron, x, engine)


class Tied(Held):
    def __init__(self, tied: bool) -> None:
        super().__init__()
        self.gate = nn.Module()
        self.gate.w = self.beta if tied else nn.Parameter(torch.tensor(0.2))

    def scale(self) -> Tensor:  # type: ignore[override]
        return self.gate.w  # type: ignore[return-value]


def test_parameters_that_are_one_and_that_are_two_are_told_apart() -> None:
    engine, x = Compiled(), drive(6, 4)
    for tied in (True, False, True):
        check(Tied(tied).double(), x, engine)


def test_a_parameter_of_other_axes_than_the_population_makes_no_loop() -> None:
    """One value a channel and one a column look alike where there are as many."""
    neuron = Held()
    neuron.beta = nn.Parameter(torch.full((4,), 0.7))
    with pytest.raises(UnsupportedStepError, match="number a unit"):
        loop_of(neuron.double(), drive(6, 2, (4, 4)))


def test_a_parameter_laid_out_in_strides() -> None:
    neuron, engine = Buffered().double(), Compiled()
    neuron.gain = torch.stack([neuron.gain, -neuron.gain], 1)[:, 0]
    for batch in (4, 1):
        check(neuron, drive(6, batch), engine)


@pytest.mark.usefixtures("traced")
def test_states_of_another_shape_and_no_samples_at_all_go_another_way() -> None:
    neuron, engine, x = make("lif").double(), Compiled(), drive(6, 4)
    check(neuron, x, engine)
    for state in (torch.full((4, 1), 0.3), torch.full((1, 1), 0.3)):
        given = (state.double(),)
        torch.testing.assert_close(engine.run(neuron, x, given), EAGER.run(neuron, x, given))
    empty = x[:, :0]
    assert engine.run(neuron, empty, neuron.initial_state(empty[0]))[0].shape == (6, 0, 5)


def test_a_first_call_in_inference_mode_leaves_training_as_it_is() -> None:
    neuron, engine, x = make("lif", learn_beta=True).double(), Compiled(), drive(6, 4)
    with torch.inference_mode():
        engine.run(neuron, x, neuron.initial_state(x[0]))
    check(neuron, x, engine)


def test_outputs_may_be_written_into() -> None:
    neuron, engine, x = make("lif").double(), Compiled(), drive(6, 4).requires_grad_()
    y, _ = engine.run(neuron, x, neuron.initial_state(x[0].detach()))
    y.mul_(2).sum().backward()
    assert x.grad is not None


def test_tangents_of_forward_mode_are_those_of_eager() -> None:
    neuron, x = make("lif").double(), drive(6, 4)
    found = []
    for engine in (Compiled(), EAGER):
        with torch.no_grad(), fwAD.dual_level():
            dual = fwAD.make_dual(x, torch.ones_like(x))
            y, _ = engine.run(neuron, dual, neuron.initial_state(x[0]))
            found.append(fwAD.unpack_dual(y).tangent)
    assert found[0] is not None
    torch.testing.assert_close(*found)


@pytest.mark.parametrize(
    "constant",
    [
        lambda x: torch.where(torch.ones_like(x) > 0, x, torch.zeros_like(x)),
        lambda x: x * (~(torch.zeros_like(x) > 1)),
        lambda x: torch.where((x > 0) & (torch.ones_like(x) > 0), x, -x),
        lambda x: x + torch.ones_like(x).cumsum(-1),
    ],
)
@pytest.mark.usefixtures("traced")
def test_masks_that_are_constant(constant: Callable[[Tensor], Tensor]) -> None:
    neuron = Odd(lambda x, u: constant(x))
    del neuron.weight
    check(neuron.double(), drive(6, 4), Compiled(3))


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
        return torch.add(torch.add(x, 2, alpha=3), u, alpha=0.25).mul_(0.5) - torch.where(u > half, half, 0.2)

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
    backward = record(neuron, x, neuron.initial_state(x[0])).backward
    assert not backward.reads("x")
    assert backward.reads("after0")
