"""A step's program becomes loops over time: one for the forward pass, one for the backward pass.

State stays in registers or in the cache from a step to the next. Only the state after each step is saved for
backward, and the input where a gradient depends on it; everything else is computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snnbench.compiler.cpp import CppLoops
from snnbench.compiler.program import Arguments, Function, Program, UnsupportedStepError, evaluate
from snnbench.compiler.record import record
from snnbench.compiler.triton import TritonLoops
from snnbench.core.eager import EAGER, State, Stepping

Tensors: TypeAlias = Sequence[Tensor]


class Loops(Protocol):
    """Compiled loops of one step; x and outputs are ``[T, *units]``, all else ``[*units]``, contiguous."""

    def __init__(self, program: Program, real: torch.dtype) -> None: ...

    def forward(self, arguments: Arguments, *, save: bool) -> tuple[Tensor, Tensors, Tensors]:
        """Return outputs, last state, and, if ``save``, the states after each step that backward reads."""

    def backward(
        self, arguments: Arguments, saved: Tensors, g_y: Tensor, g_last: Tensors
    ) -> list[Tensor | None]:
        """Return the gradients of x, of each part of the first state, and of the parameters (over time)."""


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
        self.program = record(neuron, x, state)
        kind: type[Loops] = TritonLoops if x.is_cuda else CppLoops
        self.loops = kind(self.program, _only({part.dtype for part in state}))

    def run(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the outputs ``[T, B, *features]`` and the last state, as by the step in a loop.

        They are differentiable. Tensors of several devices are left to the eager engine, which refuses them:
        compiled code reads addresses, whatever device they are of.
        """
        parameters = [_named(neuron, name) for name in self.program.parameters]
        sources = (x, *state, *parameters)
        if any(one.device != x.device for one in sources):
            return EAGER.run(neuron, x, state)
        if torch.is_grad_enabled() and any(one.requires_grad for one in sources):
            y, *last = _Run.apply(self, *sources)
        else:
            y, *last = _forward(self, x, sources[1:], save=False)[0]
        return y, tuple(last)


def _only(dtypes: set[torch.dtype]) -> torch.dtype:
    if len(dtypes) > 1:
        raise UnsupportedStepError(f"its state is in {sorted(map(str, dtypes))}")
    return dtypes.pop()


def _named(neuron: Any, name: str) -> Tensor:
    """Return a parameter or buffer."""
    owner, _, own = name.rpartition(".")
    found: Tensor = getattr(neuron.get_submodule(owner) if owner else neuron, own)
    return found


def _forward(loop: Loop, x: Tensor, rest: Tensors, *, save: bool) -> tuple[Tensors, Arguments, Tensors]:
    """Return outputs and last state, what they came from, and what is saved for backward."""
    states = loop.program.states
    start = [_laid_out(one) for one in rest[:states]]
    invariants = _invariants(loop.program.forward, rest[states:], start[0])
    arguments = Arguments(_laid_out(x), start, invariants)
    y, last, saved = loop.loops.forward(arguments, save=save)
    return (y, *last), arguments, saved


def _laid_out(one: Tensor) -> Tensor:
    """Return a contiguous tensor: kernels know neither strides nor a lazy negation."""
    return one.resolve_neg().contiguous()


class _Run(torch.autograd.Function):
    """This Function runs a loop: ``apply(loop, x, *start, *parameters) -> (y, *last)``."""

    @staticmethod
    def forward(ctx: Any, loop: Loop, x: Tensor, *rest: Tensor) -> Tensors:
        results, arguments, saved = _forward(loop, x, rest, save=True)
        ctx.loop, ctx.saved = loop, len(saved)
        used = arguments.x if loop.program.backward.reads("x") else x.new_empty(0)
        ctx.save_for_backward(used, *arguments.start, *saved, *rest[len(arguments.start) :])
        return results

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g_y: Tensor, *g_last: Tensor) -> tuple[Tensor | None, ...]:
        function, states = ctx.loop.program.backward, ctx.loop.program.states
        x, *others = ctx.saved_tensors
        start, saved, parameters = (
            others[:states],
            others[states : states + ctx.saved],
            others[states + ctx.saved :],
        )
        arguments = Arguments(x, start, _invariants(function, parameters, start[0]))
        flowing = [_laid_out(one) for one in (g_y, *g_last)]
        g_x, *gradients = ctx.loop.loops.backward(arguments, saved, flowing[0], flowing[1:])
        sources = (*start, *parameters)
        summed = (
            None if one is None else one.sum_to_size(of.shape)
            for one, of in zip(gradients, sources, strict=True)
        )
        return None, g_x, *summed


def _invariants(function: Function, parameters: Tensors, like: Tensor) -> list[Tensor]:
    """Return what a step reads that parameters alone decide: one number, or one a unit."""
    found = zip(function.invariants, evaluate(function, parameters), strict=True)
    return [
        one.to(like.dtype).reshape(1)
        if name in function.uniform
        else _laid_out(one.to(like.dtype).expand(like.shape))
        for name, one in found
    ]
