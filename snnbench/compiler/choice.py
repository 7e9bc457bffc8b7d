"""Whether compiling pays: the rule of the engine ``auto``, and what it goes by."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from snnbench.compiler.chunks import MOST_STEPS, chunk_steps
from snnbench.core.eager import EAGER
from snnbench.core.network import Network
from snnbench.core.neuron import Neuron

LONGEST: Final = (2, 4, 10, MOST_STEPS)
"""The most steps of a chunk, as they are weighed: more take longer to compile and run faster."""
MARGIN: Final = 2.0
"""Compiling must be expected to save so many times what it costs: neither is known well beforehand."""
LOOP: Final = 3.5
"""Seconds that compiling a loop takes, training and inference."""
LOOP_WARM: Final = 1.0
"""The same where the code is on the disk."""
TIMED_STEPS: Final = 8
"""Steps that are timed to tell what all of them cost."""
TIMINGS: Final = 3
"""The shortest of so many counts: the first ones also warm up."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a cell is going to ask of its populations.

    Attributes:
        steps: T.
        calls: Training steps, an inference counted as a third of one.
        seconds: That the populations of which loops are made take of one training step, eagerly.
        loops: Kinds of them.
        chunked_seconds: That the others take: those that would be unrolled, a chunk of steps at a time.
        chunked: Kinds of these.
        warm: The lengths of a chunk in which they were compiled on this machine before; 0 stands for loops.
    """

    steps: int
    calls: float
    seconds: float = 0.0
    loops: int = 0
    chunked_seconds: float = 0.0
    chunked: int = 0
    warm: frozenset[int] = frozenset()

    @property
    def eager(self) -> float:
        """Seconds of all populations over the whole cell, eagerly."""
        return self.calls * (self.seconds + self.chunked_seconds)


def pays(work: Work) -> int:
    """The rule of ``auto``: the steps of a chunk if compiling pays, else 0.

    It pays if the seconds it is expected to save are more than ``MARGIN`` times those it takes. Unless
    the code is on the disk already, populations that loops are made of must take some 8 s of the cell's
    time, others some 70 s.
    """
    chunk = best_chunk(work, MARGIN)
    return chunk if _total_seconds(work, chunk, MARGIN) < work.eager else 0


def best_chunk(work: Work, caution: float = 1.0) -> int:
    """Steps of the chunk with which the cell ends first, if compiling takes ``caution`` times as expected."""
    chunks = {chunk_steps(work.steps, most) for most in LONGEST}
    return min(sorted(chunks), key=lambda chunk: _total_seconds(work, chunk, caution))


def _total_seconds(work: Work, chunk: int, caution: float) -> float:
    return running_seconds(work, chunk) + caution * compile_seconds(work, chunk)


def running_seconds(work: Work, chunk: int) -> float:
    """Expected time of the compiled populations of a cell; steps that are left over run eagerly."""
    left = work.steps % chunk / work.steps
    share = 0.15 + 0.8 / chunk  # of the eager time
    return work.calls * (0.1 * work.seconds + work.chunked_seconds * (left + (1 - left) * share))


def compile_seconds(work: Work, chunk: int) -> float:
    """Roughly what it takes to compile training and inference (docs/engine.md)."""
    unrolled = 4 + 0.3 * chunk if chunk in work.warm else 12 + 2.5 * chunk
    return work.loops * (LOOP_WARM if 0 in work.warm else LOOP) + work.chunked * unrolled


def stepped(network: Network) -> list[Neuron]:
    """The populations that an engine can do something for."""
    return [one for one in network.neurons if one.states and not one.native]


def currents(network: Network, batch: Tensor) -> list[tuple[Neuron, Tensor]]:
    """The stepped populations, each with the current ``[T, B, *features]`` that a batch sends into it."""
    found: list[tuple[Neuron, Tensor]] = []

    def note(neuron: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(neuron, Neuron)
        found.append((neuron, arguments[0]))

    hooks = [neuron.register_forward_pre_hook(note) for neuron in stepped(network)]
    try:
        with torch.no_grad():
            network.outputs(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def eager_seconds(neuron: Neuron, x: Tensor) -> float:
    """What a population takes of one training step, forward and backward, eagerly."""
    part = x[:TIMED_STEPS].clone().requires_grad_()
    state = neuron.initial_state(part[0].detach())
    return min(_timed(neuron, part, state) for _ in range(TIMINGS)) * len(x) / len(part)


def _timed(neuron: Neuron, x: Tensor, state: tuple[Tensor, ...]) -> float:
    started = time.perf_counter()
    outputs, _ = EAGER.run(neuron, x, state)
    if outputs.requires_grad:
        torch.autograd.grad(outputs.sum(), x)
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
    return time.perf_counter() - started
