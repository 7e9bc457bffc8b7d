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

from snnbench.engine.arithmetic import Arithmetic, Code, Given, UnsupportedStepError, evaluate, record
from snnbench.engine.cpp import CppLoops
from snnbench.engine.eager import State, Stepping
from snnbench.engine.gpu import TritonLoops

Tensors: TypeAlias = Sequence[Tensor]


class Loops(Protocol):
    """Compiled loops of one step; x and outputs are ``[T, N]``, all else ``[N]``, contiguous."""

    def __init__(self, arithmetic: Arithmetic, real: torch.dtype) -> None: ...

    def forward(self, given: Given, *, keep: bool) -> tuple[Tensor, list[Tensor], list[Tensor]]:
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
        shape = x.shape[1:]
        values = [_spread(neuron, name, shape) for name in self.arithmetic.parameters]
        flat = [part.reshape(-1) for part in state]
        y, *last = _Run.apply(self, x.reshape(len(x), -1), *flat, *values)
        return y.view(len(x), *shape), tuple(part.view(shape) for part in last)


def _only(dtypes: set[torch.dtype]) -> torch.dtype:
    if len(dtypes) > 1:
        raise UnsupportedStepError(f"its state is in {sorted(map(str, dtypes))}")
    return dtypes.pop()


def _spread(neuron: Any, name: str, shape: torch.Size) -> Tensor:
    """A parameter or buffer as one number a unit, ``[N]``."""
    owner, _, own = name.rpartition(".")
    value: Tensor = getattr(neuron.get_submodule(owner), own)
    return value.expand(shape).reshape(-1)


class _Run(torch.autograd.Function):
    """``apply(loop, x, *start, *parameters) -> (y, *last)``."""

    @staticmethod
    def forward(ctx: Any, loop: Loop, x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        states, keep = loop.arithmetic.states, any(ctx.needs_input_grad)
        x, start, parameters = x.contiguous(), [one.contiguous() for one in rest[:states]], rest[states:]
        given = Given(x, start, _values(loop.arithmetic.forward, parameters, start[0]))
        y, last, kept = loop.loops.forward(given, keep=keep)
        if keep:
            ctx.loop, ctx.parts = loop, (states, len(kept))
            used = x if loop.arithmetic.backward.uses("x") else x.new_empty(0)
            ctx.save_for_backward(used, *start, *kept, *parameters)
        return y, *last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_y: Tensor, *g_last: Tensor) -> tuple[Tensor | None, ...]:
        states, kept = ctx.parts
        x, *saved = ctx.saved_tensors
        start, saved = saved[:states], saved[states:]
        given = Given(x, start, _values(ctx.loop.arithmetic.backward, saved[kept:], start[0]))
        g_y, *ready = (one.contiguous() for one in (g_y, *g_last))
        return None, *ctx.loop.loops.backward(given, saved[:kept], g_y, ready)


def _values(code: Code, parameters: Tensors, like: Tensor) -> list[Tensor]:
    return [one.to(like.dtype).expand(like.shape).contiguous() for one in evaluate(code, parameters)]
