"""Loops over time made of a step's arithmetic: one for the forward pass, one for the backward pass.

State stays in registers or in the cache from a step to the next. What backward needs of a step is the state
after it and, if these do not tell, its input; everything else is done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snnbench.compiler.cpp import CppLoops
from snnbench.compiler.program import Arithmetic, Code, Given, UnsupportedStepError, evaluate
from snnbench.compiler.record import record
from snnbench.compiler.triton import TritonLoops
from snnbench.core.eager import State, Stepping

Tensors: TypeAlias = Sequence[Tensor]


class Loops(Protocol):
    """Compiled loops of one step; x and outputs are ``[T, *units]``, all else ``[*units]``, contiguous."""

    def __init__(self, arithmetic: Arithmetic, real: torch.dtype) -> None: ...

    def forward(self, given: Given, *, keep: bool) -> tuple[Tensor, Tensors, Tensors]:
        """Outputs, last state, and, if ``keep``, the states after each step that backward asks for."""

    def backward(self, given: Given, kept: Tensors, g_y: Tensor, g_last: Tensors) -> list[Tensor | None]:
        """Gradients of x, of each part of the first state, and of the parameters, summed over time."""


class Loop:
    """Runs a population over all its steps at once.

    Args:
        neuron: Units that do not see each other.
        x: Input like those it is going to run on, ``[T, B, *features]``.
        state: Likewise.

    Raises:
        UnsupportedStepError: The step is none of which a loop can be made.
    """

    def __init__(self, neuron: Stepping, x: Tensor, state: State) -> None:
        self.arithmetic = record(neuron, x, state)
        kind: type[Loops] = TritonLoops if x.is_cuda else CppLoops
        self.loops = kind(self.arithmetic, _only({part.dtype for part in state}))

    def run(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The outputs ``[T, B, *features]`` and the last state, as by the step in a loop; differentiable."""
        parameters = [_named(neuron, name) for name in self.arithmetic.parameters]
        sources = (x, *state, *parameters)
        if torch.is_grad_enabled() and any(one.requires_grad for one in sources):
            y, *last = _Run.apply(self, *sources)
        else:
            y, *last = _forward(self, x, sources[1:], keep=False)[0]
        return y, tuple(last)


def _only(dtypes: set[torch.dtype]) -> torch.dtype:
    if len(dtypes) > 1:
        raise UnsupportedStepError(f"its state is in {sorted(map(str, dtypes))}")
    return dtypes.pop()


def _named(neuron: Any, name: str) -> Tensor:
    """A parameter or buffer."""
    owner, _, own = name.rpartition(".")
    found: Tensor = getattr(neuron.get_submodule(owner) if owner else neuron, own)
    return found


def _forward(loop: Loop, x: Tensor, rest: Tensors, *, keep: bool) -> tuple[Tensors, Given, Tensors]:
    """Outputs and last state, what they came from, and what is kept for backward."""
    states = loop.arithmetic.states
    start = [_laid_out(one) for one in rest[:states]]
    values = _values(loop.arithmetic.forward, rest[states:], start[0])
    given = Given(_laid_out(x), start, values)
    y, last, kept = loop.loops.forward(given, keep=keep)
    return (y, *last), given, kept


def _laid_out(one: Tensor) -> Tensor:
    """As its numbers lie in memory: kernels know neither strides nor a minus that is noted beside."""
    return one.resolve_neg().contiguous()


class _Run(torch.autograd.Function):
    """``apply(loop, x, *start, *parameters) -> (y, *last)``."""

    @staticmethod
    def forward(ctx: Any, loop: Loop, x: Tensor, *rest: Tensor) -> Tensors:
        results, given, kept = _forward(loop, x, rest, keep=True)
        ctx.loop, ctx.kept = loop, len(kept)
        used = given.x if loop.arithmetic.backward.uses("x") else x.new_empty(0)
        ctx.save_for_backward(used, *given.start, *kept, *rest[len(given.start) :])
        return results

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_y: Tensor, *g_last: Tensor) -> tuple[Tensor | None, ...]:
        code, states = ctx.loop.arithmetic.backward, ctx.loop.arithmetic.states
        x, *saved = ctx.saved_tensors
        start, kept, parameters = (
            saved[:states],
            saved[states : states + ctx.kept],
            saved[states + ctx.kept :],
        )
        given = Given(x, start, _values(code, parameters, start[0]))
        flowing = [_laid_out(one) for one in (g_y, *g_last)]
        g_x, *others = ctx.loop.loops.backward(given, kept, flowing[0], flowing[1:])
        sources = (*start, *parameters)
        summed = (
            None if one is None else one.sum_to_size(of.shape)
            for one, of in zip(others, sources, strict=True)
        )
        return None, g_x, *summed


def _values(code: Code, parameters: Tensors, like: Tensor) -> list[Tensor]:
    """What a step reads that parameters alone decide: one number, or one a unit."""
    found = zip(code.values, evaluate(code, parameters), strict=True)
    return [
        one.to(like.dtype).reshape(1)
        if name in code.single
        else _laid_out(one.to(like.dtype).expand(like.shape))
        for name, one in found
    ]
