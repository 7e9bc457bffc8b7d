"""Whether compiling pays: the rule of the engine ``auto``, and what it goes by."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from snnbench.engine.compiled import MOST_STEPS, chunk_steps
from snnbench.engine.eager import EAGER
from snnbench.engine.network import Network
from snnbench.engine.neuron import Neuron

LONGEST: Final = (2, 4, 10, MOST_STEPS)
"""The most steps of a chunk, as they are weighed: more take longer to compile and run faster."""
MARGIN: Final = 2.0
"""Compiling must be expected to save so many times what it costs: neither is known well beforehand."""
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
        seconds: That the populations take of one training step, eagerly.
        kinds: Kinds of populations that would be compiled.
        warm: The lengths of a chunk in which they were compiled on this machine before.
    """

    steps: int
    calls: float
    seconds: float
    kinds: int
    warm: frozenset[int] = frozenset()


def pays(work: Work) -> int:
    """The rule of ``auto``: the steps of a chunk if compiling pays, else 0.

    It pays if the seconds it is expected to save are more than ``MARGIN`` times those it takes. Unless
    the code is on the disk already, the populations must take some 70 s of the cell's time.
    """
    chunk = best_chunk(work, MARGIN)
    return chunk if _total_seconds(work, chunk, MARGIN) < work.calls * work.seconds else 0


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
    return work.calls * work.seconds * (left + (1 - left) * share)


def compile_seconds(work: Work, chunk: int) -> float:
    """Roughly what it takes to compile training and inference (docs/engine.md)."""
    return work.kinds * (4 + 0.3 * chunk if chunk in work.warm else 12 + 2.5 * chunk)


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


def eager_seconds(fed: Sequence[tuple[Neuron, Tensor]]) -> float:
    """What the populations take of one training step, forward and backward, eagerly."""
    return sum(_seconds(neuron, x) for neuron, x in fed)


def _seconds(neuron: Neuron, x: Tensor) -> float:
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
