"""CUDA graphs of a run over time: what is hundreds of small kernels becomes one launch.

For runs by chunks, whose kernels are shorter than the time it takes to launch them.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snnbench.compiler.agreement import Run, disagreement
from snnbench.compiler.isolation import isolated
from snnbench.core import torch_private
from snnbench.core.eager import EAGER, State, Stepping

WARM_UPS: Final = 3
AFTER: Final = 3
"""Calls with one form of input before it is captured: the last batch of an epoch may be the only one."""
MOST: Final = 4
"""Forms of input of one population that are captured: each holds its memory."""


class Graphs:
    """Runs populations by graphs, once the same form of input has come a few times."""

    def __init__(self) -> None:
        self._calls: weakref.WeakKeyDictionary[Stepping, dict[object, int]] = weakref.WeakKeyDictionary()
        self._graphs: weakref.WeakKeyDictionary[Stepping, dict[object, Graph | None]] = (
            weakref.WeakKeyDictionary()
        )

    def run(
        self, neuron: Stepping, x: Tensor, state: State, run: Run, fingerprint: int | str
    ) -> tuple[Tensor, State]:
        """Return ``run(neuron, x, state)``, by a graph of it where there is one.

        Args:
            neuron: The population.
            x: ``[T, B, *features]``.
            state: Before the first step.
            run: Runs it.
            fingerprint: Of the neuron: a graph does what the neuron did when it was captured. A text where
                it cannot be told.
        """
        if (
            isinstance(fingerprint, str)
            or torch.is_autocast_enabled(x.device.type)
            or torch_private.has_saved_tensor_hooks()
        ):
            return run(neuron, x, state)
        graphs, calls = self._graphs.setdefault(neuron, {}), self._calls.setdefault(neuron, {})
        form = fingerprint, _form(neuron, x, state)
        calls[form] = calls.get(form, 0) + 1
        if form not in graphs and calls[form] > AFTER and len(graphs) < MOST:
            graphs[form] = _captured(neuron, x, state, run)
        graph = graphs.get(form)
        if graph is None or graph.is_waiting():
            return run(neuron, x, state)
        return graph.run(neuron, x, state)


def _form(neuron: Stepping, x: Tensor, state: State) -> object:
    """Return what a graph is good for: kernels read the addresses they were captured with."""
    held = tuple(
        (id(one), one.data_ptr(), one.shape, one.dtype, one.requires_grad)
        for one in (*neuron.parameters(), *neuron.buffers())
    )
    given = tuple((one.shape, one.dtype) for one in (x, *state))
    return x.device, torch.is_grad_enabled(), given, held


def _captured(neuron: Stepping, x: Tensor, state: State, run: Run) -> Graph | None:
    """Return a graph that gives what eager gives; None if there is none."""
    try:
        with torch.cuda.device(x.device), isolated():
            graph = Graph(neuron, x, state, run)
        return None if disagreement(neuron, x, state, EAGER.run, graph.run) else graph
    except Exception:  # something that cannot be captured, or no memory for it
        return None


class Graph:
    """A captured run, and its backward pass if it has one.

    It has one set of buffers: between a forward pass and its backward pass there is no other.
    """

    def __init__(self, neuron: Stepping, x: Tensor, state: State, run: Run) -> None:
        flows = torch.is_grad_enabled()  # then to all that is given, whoever asks for it later
        self.given = [
            one.detach().clone().requires_grad_(flows and one.is_floating_point()) for one in (x, *state)
        ]
        self.held = [*neuron.parameters(), *neuron.buffers()]  # kept, so that no other gets its identity
        self.learned = [one for one in neuron.parameters() if one.requires_grad]
        self.turn = 0
        self._waiting: weakref.ref[_Turn] | None = None
        self._warm_up(neuron, run)
        self.forward, self.backward = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.forward):
            self.results = self._results(neuron, run)
        self.cotangents = [torch.zeros_like(one) for one in self.results]
        if self.is_differentiable:
            with torch.cuda.graph(self.backward, pool=self.forward.pool()):
                self.gradients = self._gradients(self.results, self.cotangents)

    def _warm_up(self, neuron: Stepping, run: Run) -> None:
        """Call once before capturing: what libraries set up at a first call cannot be captured."""
        before = torch.cuda.current_stream()
        apart = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        apart.wait_stream(before)
        with torch.cuda.stream(apart):
            for _ in range(WARM_UPS):
                results = self._results(neuron, run)
                self._gradients(results, [torch.zeros_like(one) for one in results])
        before.wait_stream(apart)

    @property
    def is_differentiable(self) -> bool:
        """Return whether any result has a gradient."""
        return any(one.requires_grad for one in self.results)

    def _results(self, neuron: Stepping, run: Run) -> list[Tensor]:
        x, *state = self.given
        y, last = run(neuron, x, tuple(state))
        return [y, *last]

    def _gradients(self, results: Sequence[Tensor], cotangents: Sequence[Tensor]) -> list[Tensor | None]:
        """Return the gradients of the arguments and of the parameters."""
        sources = [*self.given, *self.learned]
        wanted = [one for one in sources if one.requires_grad]
        pairs = [pair for pair in zip(results, cotangents, strict=True) if pair[0].requires_grad]
        if not pairs:
            return [None] * len(sources)
        outputs, flowing = zip(*pairs, strict=True)
        found = iter(torch.autograd.grad(outputs, wanted, flowing, allow_unused=True))
        return [next(found) if one.requires_grad else None for one in sources]

    def is_waiting(self) -> bool:
        """Return whether a forward pass may still be followed by its backward pass."""
        return self._waiting is not None and self._waiting() is not None

    def run(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        """As the captured run."""
        if self.is_differentiable:
            y, *last = _Replay.apply(self, x, *state, *self.learned)
        else:
            y, *last = self.replay((x, *state))
        return y, tuple(last)

    def replay(self, given: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the results for what is given: copies, as the next replay overwrites them."""
        for buffer, one in zip(self.given, given, strict=True):
            buffer.detach().copy_(one)
        self.forward.replay()
        return tuple(one.detach().clone() for one in self.results)

    def begin(self) -> _Turn:
        """Return a turn from now until its backward pass, or until it is dropped."""
        self.turn += 1
        turn = _Turn(self.turn)
        self._waiting = weakref.ref(turn)
        return turn


class _Turn:
    def __init__(self, number: int) -> None:
        self.number = number


class _Replay(torch.autograd.Function):
    """This Function replays a graph: ``apply(graph, x, *state, *learned) -> (y, *last)``."""

    @staticmethod
    def forward(ctx: Any, graph: Graph, *sources: Tensor) -> tuple[Tensor, ...]:
        ctx.graph, ctx.turn = graph, graph.begin()
        ctx.save_for_backward(*graph.held)  # who writes into them before the backward pass is told
        return graph.replay(sources[: len(graph.given)])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
        graph: Graph = ctx.graph
        if ctx.turn is None or ctx.turn.number != graph.turn:
            raise RuntimeError("what this backward pass needs was overwritten since: it can be done once")
        _ = ctx.saved_tensors
        for buffer, one in zip(graph.cotangents, cotangents, strict=True):
            buffer.copy_(one)
        graph.backward.replay()
        ctx.turn = None
        return None, *(None if one is None else one.detach().clone() for one in graph.gradients)
