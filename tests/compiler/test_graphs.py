"""CUDA graphs of a run over time, on the CPU: a stand-in notes operations and does them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from snnbench.compiler import cuda_graphs as graphs
from snnbench.compiler.cuda_graphs import AFTER, Graph, Graphs
from snnbench.components.surrogates.atan import ATan
from snnbench.core.eager import EAGER, State, Stepping
from snnbench.core.neuron import Neuron
from snnbench.factory.make import make_neuron

STEPS, BATCH, WIDTH = 7, 3, 5
NEURONS = ["rlif(beta=0.9, detach_reset=true)", "gru", "lif(learn_beta=true)"]


class StandIn:
    """For ``torch.cuda.CUDAGraph``: the same tensors are read and written again at every replay."""

    def __init__(self) -> None:
        self.done: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], list[Tensor]]] = []

    def pool(self) -> None: ...

    def replay(self) -> None:
        with torch.no_grad():
            for function, arguments, options, results in self.done:
                for result, again in zip(results, _tensors(function(*arguments, **options)), strict=True):
                    if again.data_ptr() != result.data_ptr():
                        result.copy_(again)


class _Noting(TorchDispatchMode):
    def __init__(self, graph: StandIn) -> None:
        super().__init__()
        self.graph = graph

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: tuple[Any, ...] = (),
        options: dict[str, Any] | None = None,
    ) -> Any:
        results = function(*arguments, **(options or {}))
        self.graph.done.append((function, arguments, options or {}, _tensors(results)))
        return results


def _tensors(results: object) -> list[Tensor]:
    return [one for one in tree_leaves(results) if isinstance(one, Tensor)]


class _Stream:
    def wait_stream(self, other: object) -> None: ...


@pytest.fixture(autouse=True)
def capturing(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def capture(graph: StandIn, pool: object = None) -> Iterator[None]:
        with _Noting(graph):
            yield

    for name, value in {
        "CUDAGraph": StandIn,
        "graph": capture,
        "Stream": _Stream,
        "current_stream": _Stream,
        "stream": lambda stream: nullcontext(),
        "device": lambda device: nullcontext(),
    }.items():
        monkeypatch.setattr(graphs.torch.cuda, name, value)


def drive(seed: int) -> Tensor:
    return 2 * torch.randn(STEPS, BATCH, WIDTH, generator=torch.Generator().manual_seed(seed))


def called(graph: Graphs, neuron: Neuron) -> list[Graph | None]:
    """What is captured once the same form of input has come often enough."""
    for seed in range(AFTER + 1):
        x = drive(seed).requires_grad_()
        graph.run(neuron, x, neuron.initial_state(x[0].detach()), EAGER.run, 0)[0].sum().backward()
    return list(graph._graphs[neuron].values())


def results(
    run: Callable[[Stepping, Tensor, State], tuple[Tensor, State]], neuron: Neuron, seed: int, *, state: bool
) -> list[Tensor | None]:
    """Outputs, last state, and gradients; also of the first state if that has any."""
    x = drive(seed).requires_grad_()
    start = tuple((part + 0.1).requires_grad_(state) for part in neuron.initial_state(x[0].detach()))
    outputs, last = run(neuron, x, start)
    sources = [x, *(start if state else ()), *neuron.parameters()]
    loss = sum((one.square().sum() for one in last), outputs.square().sum())
    return [outputs, *last, *torch.autograd.grad(loss, sources, allow_unused=True)]


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.parametrize("state", [False, True])
def test_a_captured_run_gives_what_eager_gives(name: str, state: bool) -> None:
    neuron, captured = make_neuron(name, (WIDTH,)), Graphs()
    (graph,) = called(captured, neuron)
    assert graph is not None
    assert graph.is_differentiable

    def run(*given: Any) -> tuple[Tensor, State]:
        return captured.run(*given, EAGER.run, 0)

    turn = graph.turn
    for seed in (11, 12):
        expected = results(EAGER.run, neuron, seed, state=state)
        for one, other in zip(results(run, neuron, seed, state=state), expected, strict=True):
            torch.testing.assert_close(one, other)
    assert graph.turn == turn + 2  # both went by the graph
    assert len(captured._graphs[neuron]) == 1


def test_a_second_forward_pass_before_the_backward_pass_goes_without_the_graph() -> None:
    neuron, captured = make_neuron(NEURONS[0], (WIDTH,)), Graphs()
    (graph,) = called(captured, neuron)
    assert graph is not None
    turn, x = graph.turn, [drive(seed).requires_grad_() for seed in (11, 12)]
    first, second = (
        captured.run(neuron, one, neuron.initial_state(one[0].detach()), EAGER.run, 0)[0] for one in x
    )
    assert graph.turn == turn + 1
    for outputs, one in zip((first, second), x, strict=True):
        (gradient,) = torch.autograd.grad(outputs.square().sum(), one)
        again = one.detach().clone().requires_grad_()
        expected = EAGER.run(neuron, again, neuron.initial_state(again[0].detach()))[0]
        torch.testing.assert_close(gradient, torch.autograd.grad(expected.square().sum(), again)[0])


def test_results_last_beyond_the_next_call() -> None:
    neuron, captured = make_neuron(NEURONS[0], (WIDTH,)), Graphs()
    called(captured, neuron)

    def run(*given: Any) -> tuple[Tensor, State]:
        return captured.run(*given, EAGER.run, 0)

    kept = results(run, neuron, 11, state=False)
    results(run, neuron, 12, state=False)
    for one, other in zip(kept, results(EAGER.run, neuron, 11, state=False), strict=True):
        torch.testing.assert_close(one, other)


def test_a_graph_is_for_the_memory_that_its_kernels_read() -> None:
    neuron, captured = make_neuron(NEURONS[0], (WIDTH,)), Graphs()
    (graph,) = called(captured, neuron)
    assert graph is not None
    turn, x = graph.turn, drive(11).requires_grad_()
    (weight, *_) = neuron.parameters()
    weight.data = 2 * weight.data
    state = neuron.initial_state(x[0].detach())
    torch.testing.assert_close(captured.run(neuron, x, state, EAGER.run, 0), EAGER.run(neuron, x, state))
    assert graph.turn == turn


def test_another_fingerprint_is_another_graph() -> None:
    neuron, captured = make_neuron("lif", (WIDTH,)), Graphs()
    (graph,) = called(captured, neuron)
    assert graph is not None
    turn, x = graph.turn, drive(11).requires_grad_()
    state = neuron.initial_state(x[0].detach())
    captured.run(neuron, x, state, EAGER.run, 1)
    captured.run(neuron, x, state, EAGER.run, "it cannot be told")
    with torch.autocast("cpu", torch.bfloat16):
        captured.run(neuron, x, state, EAGER.run, 0)
    with saved_tensors_hooks(lambda one: one, lambda one: one):
        captured.run(neuron, x, state, EAGER.run, 0)
    assert graph.turn == turn


class Gained(Neuron):
    """``u = g·(u' + W·x)``, of a buffer and a frozen weight."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gain", torch.tensor(0.9))
        self.weight = nn.Parameter(torch.full((WIDTH, WIDTH), 0.3), requires_grad=False)

    def initial_state(self, x_t: Tensor) -> State:
        return (torch.zeros_like(x_t),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        u = self.gain * (state[0] + x_t @ self.weight)
        return ATan()(u - 1), (u,)


@pytest.mark.parametrize("name", ["gain", "weight"])
def test_who_writes_into_what_the_backward_pass_reads_is_told(name: str) -> None:
    neuron, captured = Gained(), Graphs()
    (graph,) = called(captured, neuron)
    assert graph is not None
    x = drive(11).requires_grad_()
    y, _ = captured.run(neuron, x, neuron.initial_state(x[0].detach()), EAGER.run, 0)
    with torch.no_grad():
        getattr(neuron, name).mul_(3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(y.sum(), x)


def test_a_backward_pass_can_be_done_once() -> None:
    neuron, captured = make_neuron("lif", (WIDTH,)), Graphs()
    called(captured, neuron)
    x = drive(11).requires_grad_()
    y, _ = captured.run(neuron, x, neuron.initial_state(x[0].detach()), EAGER.run, 0)
    torch.autograd.grad(y.sum(), x, retain_graph=True)
    with pytest.raises(RuntimeError, match="can be done once"):
        torch.autograd.grad(y.sum(), x)


def test_a_form_of_input_that_comes_seldom_is_not_captured() -> None:
    neuron, captured = make_neuron("lif", (WIDTH,)), Graphs()
    x = drive(0)
    for _ in range(AFTER):
        captured.run(neuron, x, neuron.initial_state(x[0]), EAGER.run, 0)
    assert not captured._graphs[neuron]


def test_what_was_captured_wrong_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    replay = StandIn.replay

    def off(graph: StandIn) -> None:
        replay(graph)
        graph.done[-1][3][0].mul_(1.1)

    monkeypatch.setattr(StandIn, "replay", off)
    assert called(Graphs(), make_neuron("gru", (WIDTH,))) == [None]
