"""The compiled engine is the eager one, for every neuron; where it is not, it says so and steps aside.

Where a neuron goes by chunks, most tests trace through dynamo and the joint graph but leave the code
generator out, which takes most of the time; the slow ones go through it.
"""

from __future__ import annotations

import copy
import logging
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._dynamo.utils import counters
from torch.func import vmap
from torch.fx.experimental.proxy_tensor import get_proxy_mode
from torch.utils.flop_counter import FlopCounterMode

from snnbench.compiler import chunks, native
from snnbench.compiler.agreement import disagreement
from snnbench.compiler.chunks import MOST_STEPS, chunk_steps
from snnbench.compiler.engine import Compiled
from snnbench.components import neurons as listing
from snnbench.components.neurons.alif import ALIF
from snnbench.components.neurons.li import LI
from snnbench.components.neurons.lif import LIF
from snnbench.components.surrogates.atan import ATan
from snnbench.core.eager import EAGER, State
from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import derivative
from snnbench.factory.make import make_network
from snnbench.settings import Budget

NAMES = [spec.name for spec in listing.SPECS if spec.states]
SAMPLE = ["lif", "plif", "rlif", "synaptic", "alif", "adlif", "izhikevich", "gru", "dsrlits", "li"]
CHUNK, STEPS = 3, 10
"""A step is left over."""


def make(name: str, features: tuple[int, ...] = (5,), **params: object) -> Neuron:
    spec = next(spec for spec in listing.SPECS if spec.name == name)
    surrogate = None if spec.spike == "none" else ATan()
    neuron = spec.load()(features, surrogate, torch.Generator().manual_seed(1), **params)
    assert isinstance(neuron, Neuron)
    return neuron


def drive(steps: int, batch: int, features: tuple[int, ...] = (5,), seed: int = 7) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(steps, batch, *features, generator=generator, dtype=torch.float64)


def by_aot_eager(loop: FunctionType, device: str, threads: int) -> Callable[..., Any]:
    return torch.compile(loop, fullgraph=True, backend="aot_eager")


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without the code generator."""
    monkeypatch.setattr(chunks, "by_inductor", by_aot_eager)
    chunks._compile.cache_clear()
    yield
    chunks._compile.cache_clear()


def check(neuron: Neuron, x: Tensor, engine: Compiled) -> None:
    """Outputs, last state, and gradients of input, state and parameters are those of eager."""

    def results(run: Callable[[Neuron, Tensor, State], tuple[Tensor, State]]) -> list[Tensor]:
        current = x.clone().requires_grad_()
        state = tuple((part + 0.1).requires_grad_() for part in neuron.initial_state(x[0]))
        outputs, last = run(neuron, current, state)
        total = sum((part * (i + 1)).sum() for i, part in enumerate(last)) + (outputs * x).sum()
        sources = [current, *state, *(p for p in neuron.parameters() if p.requires_grad)]
        found = torch.autograd.grad(total, sources, allow_unused=True)  # type: ignore[arg-type]
        return [outputs, *last, *(g if g is not None else torch.zeros(()) for g in found)]

    tolerance = 1e-9 if x.dtype is torch.float64 else 1e-3
    for got, expected in zip(results(engine.run), results(EAGER.run), strict=True):
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)
    with torch.no_grad():
        state = neuron.initial_state(x[0])
        torch.testing.assert_close(engine.run(neuron, x, state), EAGER.run(neuron, x, state))
    assert not engine.refusal


def compilations(work: Callable[[], object]) -> int:
    """Of chunks and of loops."""

    def count() -> int:
        return counters["stats"]["unique_graphs"] + native._library.cache_info().misses

    before = count()
    work()
    return count() - before


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("name", SAMPLE)
def test_a_neuron_is_run_as_by_eager(name: str) -> None:
    check(make(name).double(), drive(STEPS, 4), Compiled(CHUNK))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_every_neuron_is_run_as_by_eager(name: str, dtype: torch.dtype) -> None:
    engine = Compiled(2)
    neuron = make(name).to(dtype)
    check(neuron, drive(5, 4).to(dtype), engine)
    check(neuron, drive(7, 6).to(dtype), engine)
    check(make(name, (3,)).to(dtype), drive(6, 3, (3,)).to(dtype), engine)


@pytest.mark.slow
def test_code_that_was_generated_agrees_whatever_the_shape() -> None:
    engine = Compiled(4)
    neurons = [make("gru", (7,)).double(), make("rlif", (7,)).double()]

    @given(st.integers(4, 30), st.integers(2, 9), st.integers(0, 2**30))
    @settings(max_examples=30)
    def agrees(steps: int, batch: int, seed: int) -> None:
        for neuron in neurons:
            check(neuron, drive(steps, batch, (7,), seed), engine)

    agrees()


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("name", ["lif", "rlif"])
def test_a_split_sequence_is_the_whole(name: str) -> None:
    neuron, engine, x = make(name).double(), Compiled(CHUNK), drive(STEPS, 4)
    whole, last = engine.run(neuron, x, neuron.initial_state(x[0]))
    for cut in (1, 4, 9):
        first, state = engine.run(neuron, x[:cut], neuron.initial_state(x[0]))
        second, end = engine.run(neuron, x[cut:], state)
        torch.testing.assert_close(torch.cat([first, second]), whole)
        torch.testing.assert_close(end, last)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lif", {"beta": 0.71}),
        ("lif", {"beta": 0.71, "learn_beta": True, "per_neuron": True}),
        ("rlif", {}),
    ],
)
def test_one_compilation_serves_all_widths_and_batches(name: str, params: dict[str, object]) -> None:
    engine = Compiled(CHUNK)

    def train(width: int, batch: int) -> None:
        neuron = make(name, (width,), **params)
        neuron.engine = engine
        neuron(drive(STEPS, batch, (width,)).float().requires_grad_())[0].sum().backward()
        with torch.no_grad():
            neuron(drive(STEPS, batch, (width,)).float())

    # a loop is built for both directions at once, chunks once for training and once for inference
    assert compilations(lambda: train(5, 4)) == (1 if name == "lif" else 2)
    assert compilations(lambda: (train(9, 4), train(5, 7), train(2, 3))) == 0
    assert not engine.refusal


@pytest.mark.usefixtures("traced")
def test_one_compilation_serves_flat_and_folded_layers() -> None:
    """Units of a leaky layer do not see each other: they are laid out flat, whatever their shape."""
    engine = Compiled(CHUNK)

    def infer(features: tuple[int, ...]) -> None:
        with torch.no_grad():
            x = drive(STEPS, 4, features)
            neuron = make("lif", features, beta=0.72)
            torch.testing.assert_close(engine.run(neuron, x, neuron.initial_state(x[0]))[0], neuron(x)[0])

    assert compilations(lambda: (infer((5,)), infer((2, 3, 4)), infer(()))) == 1


@pytest.mark.usefixtures("traced")
def test_a_batch_of_one_and_a_short_input_are_not_compiled_again() -> None:
    engine, neuron = Compiled(CHUNK), make("rlif").double()
    check(neuron, drive(STEPS, 4), engine)
    assert engine.strategy == f"{CHUNK} steps: 'weight' of shape [5, 5] is not a number a unit"
    assert compilations(lambda: check(neuron, drive(STEPS, 1), engine)) == 0
    assert compilations(lambda: check(neuron, drive(2, 4), engine)) == 0


@pytest.mark.usefixtures("traced")
def test_nothing_is_kept_from_a_call_to_the_next() -> None:
    neuron, x = make("lif"), drive(STEPS, 4).float()
    neuron.engine = Compiled(CHUNK)
    first = neuron(x)
    neuron(drive(STEPS, 4, seed=8).float())
    again = neuron(x)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1][0], again[1][0])


class Third(Neuron):
    """A third party's neuron: a pure step, one tensor twice in its state, and a loser-takes-nothing rule."""

    states = ("membrane", "copy")

    def __init__(self, competes: bool = False) -> None:
        super().__init__()
        self.competes = competes

    def initial_state(self, x_t: Tensor) -> State:
        zero = torch.zeros_like(x_t)
        return zero, zero

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = 0.9 * state[0] + x_t
        if self.competes:
            u = u - u.amax(-1, keepdim=True)
        return torch.tanh(u + state[1]), (u, u)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("competes", [False, True])
def test_a_third_party_neuron_is_compiled(competes: bool) -> None:
    check(Third(competes), drive(STEPS, 4), Compiled(CHUNK))


class Faulty(LIF):
    """Wrong once compiled, in its outputs or in its gradients alone, or not to be compiled at all.

    Args:
        fault: Which.
        chunked: Its units see each other, which is why no loop is made of it.
    """

    def __init__(self, fault: str, chunked: bool) -> None:
        super().__init__((5,), ATan(), torch.Generator())
        self.fault = fault
        self.chunked = chunked

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        if self.chunked:
            x_t = x_t + 0 * x_t.sum(-1, keepdim=True)
        if torch.compiler.is_compiling() or get_proxy_mode() is not None:
            if self.fault == "outputs":
                x_t = x_t + 0.3
            if self.fault == "gradients":
                x_t = x_t.detach() + (x_t - x_t.detach()) * x_t.detach()
        if self.fault == "branch" and x_t.sum() > 1e9:
            return x_t, state
        return super().step(x_t, state)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("fault", "says"),
    [("outputs", "outputs differ"), ("gradients", "cosine"), ("branch", "cannot be compiled: ")],
)
def test_a_neuron_that_cannot_be_trusted_runs_eagerly_and_says_why(
    fault: str, says: str, chunked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    neuron, engine, x = Faulty(fault, chunked), Compiled(CHUNK), drive(STEPS, 4).requires_grad_()
    expected = EAGER.run(neuron, x, neuron.initial_state(x[0]))[0]
    neuron.engine = engine
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outputs, _ = neuron(x)
    assert says in engine.refusal
    assert "\n" not in engine.refusal
    assert torch.equal(outputs, expected)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert logging.root.manager.disable == logging.NOTSET
    assert compilations(lambda: neuron(x)) == 0


def test_a_population_that_fails_falls_back_alone() -> None:
    """The others keep their loops, also in calls that come after; each is told with its reason."""
    engine, x = Compiled(CHUNK), drive(STEPS, 4)
    for _ in range(2):
        for neuron in (make("lif", beta=0.77).double(), Faulty("outputs", False), make("alif").double()):
            neuron.engine = engine
            neuron(x)
    assert engine.refusal.startswith("Faulty: ")
    assert [engine.strategies(kind) for kind in (LIF, Faulty, ALIF)] == [{"loop"}, {"eager"}, {"loop"}]
    assert {kind.__name__ for kind, *_ in engine._trusted} == {"LIF", "ALIF"}
    assert engine.strategy == "all steps"


def test_graded_outputs_may_round_but_not_differ() -> None:
    neuron, x = LI(), drive(STEPS, 4).float()
    state = neuron.initial_state(x[0])

    def off(by: float) -> str:
        def other(neuron: Any, x: Tensor, state: State) -> tuple[Tensor, State]:
            outputs, last = EAGER.run(neuron, x, state)
            return outputs + by * outputs.detach(), last

        return disagreement(neuron, x, state, EAGER.run, other)

    assert not off(1e-5)
    assert "outputs differ" in off(1e-2)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda y, last, beta: (y, (last[0] * 0,)), "outputs differ"),
        (lambda y, last, beta: (y + 0 * last[0].detach(), (last[0].detach(),)), "cosine|off by"),
        (lambda y, last, beta: (y + 99 * (y - y.detach()), last), "off by|cosine"),
        (lambda y, last, beta: (y + 7 * (beta - beta.detach()), last), "off by|cosine"),
        (lambda y, last, beta: (y.detach() + 0 * beta, last), "cosine|off by"),
        (lambda y, last, beta: (y.double(), last), "dtypes"),
    ],
)
def test_a_trial_sees_states_scales_and_gradients_of_single_numbers(
    fault: Callable[..., tuple[Tensor, State]], says: str
) -> None:
    neuron, x = make("lif", learn_beta=True), drive(STEPS, 4).float()

    def other(neuron: Any, x: Tensor, state: State) -> tuple[Tensor, State]:
        outputs, last = EAGER.run(neuron, x, state)
        return fault(outputs, last, neuron.beta)

    state = neuron.initial_state(x[0])
    assert disagreement(neuron, x, state, EAGER.run, EAGER.run) == ""
    assert re.search(says, disagreement(neuron, x, state, EAGER.run, other))


@pytest.mark.usefixtures("traced")
def test_whoever_looks_into_the_steps_finds_eager_ones() -> None:
    neuron, x = make("rlif").double(), drive(STEPS, 4)
    expected = {}
    for engine in (EAGER, Compiled(CHUNK)):
        neuron.engine = engine
        neuron(x)
        with FlopCounterMode(display=False) as counter:
            neuron(x)
        current = x.clone().requires_grad_()
        with derivative("true"):
            (frozen,) = torch.autograd.grad(neuron(current)[0].sum(), current)
        mapped = vmap(lambda x: neuron(x)[0], in_dims=1)(x.unsqueeze(2))
        expected[engine.name] = (counter.get_total_flops(), frozen, mapped)
    for got, reference in zip(*expected.values(), strict=True):
        torch.testing.assert_close(got, reference)


@pytest.mark.usefixtures("traced")
def test_a_copy_of_a_network_keeps_its_engine_and_global_state_stays() -> None:
    made = make_network("dense(hidden=[6])", (4,), 3, engine="compiled")
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    limit = torch._dynamo.config.recompile_limit
    logits = made(drive(STEPS, 4, (4,)).float())
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch._dynamo.config.recompile_limit == limit
    copied = copy.deepcopy(made)
    assert copied.neurons[0].engine is made.neurons[0].engine
    assert compilations(lambda: copied(drive(STEPS, 4, (4,)).float())) == 0
    assert torch.equal(copied(drive(STEPS, 4, (4,)).float()), logits)


def test_a_compiled_network_can_be_pickled() -> None:
    made = make_network("dense(hidden=[6])", (4,), 3, engine="compiled")
    x = drive(STEPS, 4, (4,)).float()
    expected = made(x)
    again = pickle.loads(pickle.dumps(made))
    assert again.neurons[0].engine.name == "compiled"
    assert torch.equal(again(x), expected)


def test_a_population_with_a_kernel_of_its_own_is_left_alone() -> None:
    class Native(LIF):
        def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
            return x, ()

    neuron = Native((5,), ATan(), torch.Generator())
    neuron.engine = Compiled(CHUNK)
    x = drive(STEPS, 4)
    assert neuron(x)[0] is x
    assert neuron.native
    assert not make("lif").native


@pytest.mark.usefixtures("traced")
def test_windows_of_compiled_chunks() -> None:
    x = drive(12, 4, (4,)).float()
    for budget in (Budget(checkpoint=6), Budget(truncate=6)):
        found = []
        for engine in ("eager", "compiled"):
            made = make_network("dense(hidden=[6])", (4,), 3, engine=engine).spend(budget)
            made(x).square().sum().backward()
            found.append([p.grad for p in made.parameters()])
        assert getattr(made.neurons[0].engine, "refusal", None) == ""
        torch.testing.assert_close(found[0], found[1])
        assert compilations(lambda: made(x).square().sum().backward()) == 0  # noqa: B023


@given(st.integers(1, 1000), st.integers(1, MOST_STEPS))
def test_a_chunk_weighs_steps_left_over_against_chunks(steps: int, most: int) -> None:
    size = chunk_steps(steps, most)
    assert 1 <= size <= min(most, steps)
    costs = [steps // one + 3 * (steps % one) for one in range(1, most + 1)]
    assert steps // size + 3 * (steps % size) == min(costs)


def test_chunks_of_usual_lengths() -> None:
    assert [chunk_steps(steps) for steps in (1, 10, 25, 50, 100, 500, 101)] == [1, 10, 5, 10, 10, 10, 10]
    assert chunk_steps(100, 10) == 10
    assert chunk_steps(28, 25) in (7, 14)
