"""The GPU's loops, in Triton's interpreter: the numbers of the step, forward and backward."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
import torch
from test_compiled import drive, make
from torch import Tensor, nn

from snnbench.compiler import triton as gpu
from snnbench.compiler.loop import Loop
from snnbench.compiler.record import record
from snnbench.compiler.triton import TritonLoops
from snnbench.core.eager import EAGER, State
from snnbench.core.neuron import Neuron
from snnbench.factory.make import make_neuron

pytest.importorskip("triton", reason="this build of torch has no Triton")

SURROGATES = (
    "atan(alpha=2)",
    "fast_sigmoid(slope=5)",
    "sigmoid(slope=4)",
    "triangular(width=0.7)",
    "boxcar(width=0.6)",
    "gaussian",
    "leaky",
    "spike_rate_escape",
)
MODES = list(product(("subtract", "zero", "none"), ("true", "false"), ("true", "false")))
STEPS, BATCH, WIDTH = 5, 3, 47  # more units than a program holds, and not a multiple of them


@pytest.fixture(autouse=True)
def _interpreted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    gpu._built.cache_clear()
    yield
    gpu._built.cache_clear()


def check(neuron: Neuron, steps: int = STEPS) -> None:
    x = drive(steps, BATCH, (WIDTH,))
    loop = Loop(neuron, x, neuron.initial_state(x[0]))
    loop.loops = TritonLoops(loop.program, x.dtype)

    def results(run: Loop | type(EAGER)) -> list[Tensor]:  # type: ignore[valid-type]
        current = x.clone().requires_grad_()
        state: State = tuple((part + 0.1).requires_grad_() for part in neuron.initial_state(x[0]))
        outputs, last = run.run(neuron, current, state)  # type: ignore[attr-defined]
        total = sum((part * (i + 1)).sum() for i, part in enumerate(last)) + (outputs * x).sum()
        sources = [current, *state, *(p for p in neuron.parameters() if p.requires_grad)]
        found = torch.autograd.grad(total, sources, allow_unused=True)  # type: ignore[arg-type]
        return [outputs, *last, *(g if g is not None else torch.zeros(()) for g in found)]

    for got, expected in zip(results(loop), results(EAGER), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)
    with torch.no_grad():
        state = neuron.initial_state(x[0])
        torch.testing.assert_close(loop.run(neuron, x, state), EAGER.run(neuron, x, state))


@pytest.mark.parametrize(("index", "mode"), list(enumerate(MODES)))
def test_lif_in_every_mode(index: int, mode: tuple[str, str, str]) -> None:
    reset, delay, detach = mode
    text = f"lif(beta=0.9, threshold=0.8, reset={reset}, reset_delay={delay}, detach_reset={detach})"
    for surrogate in SURROGATES[index % 4 :: 4] if index else SURROGATES:
        check(make_neuron(text, (WIDTH,), surrogate=surrogate).double())


@pytest.mark.parametrize(
    "name",
    ["plif", "synaptic", "alpha", "alif", "adlif", "qif", "eif", "izhikevich", "li", "dslits", "drlit"],
)
def test_other_neurons(name: str) -> None:
    check(make(name, (WIDTH,)).double())


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_first_steps_are_asked_for_in_time(steps: int) -> None:
    check(make("alif", (WIDTH,)).double(), steps)


def test_parameters_one_for_all_and_one_a_unit() -> None:
    check(make("lif", (WIDTH,), learn_beta=True, learn_threshold=True).double())
    check(make("lif", (WIDTH,), learn_beta=True, per_neuron=True).double())


class Late(Neuron):
    """``u = u'/2 + x + b``, whose output is of the state before: b's gradient is that of the state."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.full(shape, 0.3))

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        return torch.sigmoid(state[0]), (0.5 * state[0] + x_t + self.bias,)


@pytest.mark.parametrize("shape", [(), (WIDTH,)])
def test_a_gradient_that_is_the_states_own(shape: tuple[int, ...]) -> None:
    check(Late(shape).double())


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_an_input_in_half_precision_leaves_the_membrane_in_single(half: torch.dtype) -> None:
    neuron, x = make("lif", (WIDTH,)), drive(STEPS, BATCH, (WIDTH,)).to(half)
    start = (drive(1, BATCH, (WIDTH,))[0].float(),)
    program = record(neuron, x, start)
    loop = Loop(neuron, x.float(), start)
    loop.program, loop.loops = program, TritonLoops(program, torch.float32)
    got, expected = loop.run(neuron, x, start), EAGER.run(neuron, x, start)
    assert got[1][0].dtype is torch.float32
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-6)
    current = x.clone().requires_grad_()
    for run in (loop.run, EAGER.run):
        (gradient,) = torch.autograd.grad(run(neuron, current, start)[0].sum(), current)
        assert gradient.dtype is half
