"""A time step is a program: instructions on the numbers of one unit, forward and backward.

A step whose units do not see each other is a few additions, products and comparisons a unit: loops over
time are made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

Number: TypeAlias = bool | int | float
Operand: TypeAlias = str | Number
"""The name of a value, or a number."""


class UnsupportedStepError(Exception):
    """A step sees other units, or does something that no instruction here describes."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """``name = operation(*operands)``, of the dtype given. Operations are named as in aten."""

    name: str
    operation: str
    operands: tuple[Operand, ...]
    dtype: torch.dtype

    def __str__(self) -> str:
        return f"{self.name} = {self.operation}({', '.join(map(str, self.operands))})"


@dataclass(frozen=True, slots=True)
class Function:
    """The instructions of one direction, split by how often they have to run.

    Attributes:
        hoisted: Instructions that depend on parameters alone. They run once, before the loop over time.
        body: Instructions of each time step, in order.
        invariants: Names that ``body`` reads from ``hoisted`` or from the parameters.
        uniform: Those invariants that are one number for all units.
        results: What the function gives; None for a gradient that is 0.
        dtypes: The dtype of every name.
    """

    hoisted: tuple[Instruction, ...]
    body: tuple[Instruction, ...]
    invariants: tuple[str, ...]
    uniform: frozenset[str]
    results: tuple[Operand | None, ...]
    dtypes: dict[str, torch.dtype]

    def __str__(self) -> str:
        lines = [*map(str, self.hoisted), *map(str, self.body), f"return {', '.join(map(str, self.results))}"]
        return "\n".join(lines)

    def reads(self, name: str) -> bool:
        """Return whether a step reads the value ``name``, or gives it on as a result."""
        return name in self.results or any(name in one.operands for one in self.body)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The tensors that a loop starts from, all contiguous.

    Attributes:
        x: Input, ``[T, *units]``.
        start: Each part of the first state, ``[*units]``.
        invariants: Those of the function, ``[*units]``, or ``[1]`` where one number serves all units.
    """

    x: Tensor
    start: Sequence[Tensor]
    invariants: Sequence[Tensor]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Return all of them, in the order in which a loop takes them."""
        return self.x, *self.start, *self.invariants


@dataclass(frozen=True, slots=True)
class Program:
    """A program is a recorded step and its backward pass.

    Values have these names, for the i-th part of the state and the j-th parameter: ``x``, ``before<i>`` and
    ``after<i>`` (the state before and after the step), ``parameter<j>``, ``g_y`` and ``g_after<i>``
    (gradients).

    Attributes:
        parameters: Their names in the neuron, those of buffers last.
        states: Number of parts of the state.
        forward: From ``x`` and ``before`` to the output and ``after``.
        backward: From these and ``g_y``, ``g_after`` to the gradients of x, ``before`` and the parameters.
    """

    parameters: tuple[str, ...]
    states: int
    forward: Function
    backward: Function

    @property
    def saved_states(self) -> tuple[int, ...]:
        """Return the parts of the state that are saved for backward after each step."""
        reads = self.backward.reads
        return tuple(i for i in range(self.states) if reads(f"before{i}") or reads(f"after{i}"))

    @property
    def sources(self) -> tuple[str, ...]:
        """Return what the backward pass gives gradients of, in order."""
        return ("x", *(f"before{i}" for i in range(self.states)), *self.parameters)


def function_for(
    instructions: Sequence[Instruction],
    results: Sequence[Operand | None],
    parameters: Sequence[str],
    uniform: frozenset[str],
    dtypes: dict[str, torch.dtype],
) -> Function:
    """Return the function that gives ``results``: unused instructions dropped, constant ones hoisted.

    Args:
        instructions: In order.
        results: Names and numbers that are asked for.
        parameters: Names of the values that no step changes.
        uniform: Those parameters that are one number for all units.
        dtypes: The dtype of every name.
    """
    needed = {one for one in results if isinstance(one, str)}
    live: list[Instruction] = []
    for instruction in reversed(instructions):
        if instruction.name in needed:
            live.insert(0, instruction)
            needed |= {one for one in instruction.operands if isinstance(one, str)}
    constant = set(parameters)
    hoisted = []
    for instruction in live:
        names = {one for one in instruction.operands if isinstance(one, str)}
        if names <= constant:
            constant.add(instruction.name)
            hoisted.append(instruction)
            uniform |= {instruction.name} if names <= uniform else set()
    body = [one for one in live if one.name not in constant]
    read = dict.fromkeys(operand for one in body for operand in one.operands) | dict.fromkeys(results)
    invariants = tuple(one for one in read if isinstance(one, str) and one in constant)
    return Function(
        tuple(hoisted), tuple(body), invariants, uniform & set(invariants), tuple(results), dtypes
    )


def evaluate(function: Function, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return the ``invariants`` of ``function``, computed by torch, in the shapes of the parameters."""
    known: dict[str, Any] = {f"parameter{j}": one for j, one in enumerate(parameters)}
    for one in function.hoisted:
        operands: list[Any] = [known[name] if isinstance(name, str) else name for name in one.operands]
        if one.operation == "convert":
            known[one.name] = operands[0].to(one.dtype)
        else:
            known[one.name] = getattr(torch, one.operation)(*operands)
    return [known[name] for name in function.invariants]
