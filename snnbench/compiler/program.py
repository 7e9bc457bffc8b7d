"""A time step as arithmetic on the numbers of one unit, forward and backward.

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
Term: TypeAlias = str | Number
"""A name, or a number."""


class UnsupportedStepError(Exception):
    """A step is not arithmetic of one unit, or not by operations that are known."""


@dataclass(frozen=True, slots=True)
class Line:
    """``name = operation(*terms)``, of the dtype given. Operations are named as in aten."""

    name: str
    operation: str
    terms: tuple[Term, ...]
    dtype: torch.dtype


@dataclass(frozen=True, slots=True)
class Code:
    """Lines in order, what they start from, and what they are for.

    Attributes:
        fixed: What depends on parameters alone: to be done once, not in each step.
        lines: Of each step.
        values: Names that ``lines`` take from ``fixed`` or from the parameters.
        single: Those of them that are one number for all units.
        results: None for what is not asked for: a gradient that is 0.
        dtypes: Of every name.
    """

    fixed: tuple[Line, ...]
    lines: tuple[Line, ...]
    values: tuple[str, ...]
    single: frozenset[str]
    results: tuple[Term | None, ...]
    dtypes: dict[str, torch.dtype]

    def uses(self, name: str) -> bool:
        """Whether a step reads it."""
        return name in self.results or any(name in line.terms for line in self.lines)


@dataclass(frozen=True, slots=True)
class Given:
    """What a loop starts from: x is ``[T, *units]``, all else ``[*units]``, contiguous.

    Attributes:
        x: Input.
        start: Each part of the first state.
        values: Of the code; ``[1]`` where it is one for all units.
    """

    x: Tensor
    start: Sequence[Tensor]
    values: Sequence[Tensor]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All of them."""
        return self.x, *self.start, *self.values


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A step and its backward pass.

    Names, for the i-th part of the state and the j-th parameter: ``x``, ``before<i>`` and ``after<i>`` (the
    state before and after the step), ``parameter<j>``, ``g_y`` and ``g_after<i>`` (gradients).

    Attributes:
        parameters: Their names in the neuron, those of buffers last.
        forward: From ``x`` and ``before`` to the output and ``after``.
        backward: From these and ``g_y``, ``g_after`` to the gradients of x, ``before`` and the parameters.
    """

    parameters: tuple[str, ...]
    states: int
    forward: Code
    backward: Code

    @property
    def kept(self) -> tuple[int, ...]:
        """The parts of the state that the backward pass asks for."""
        uses = self.backward.uses
        return tuple(i for i in range(self.states) if uses(f"before{i}") or uses(f"after{i}"))

    @property
    def sources(self) -> tuple[str, ...]:
        """What gradients are of."""
        return ("x", *(f"before{i}" for i in range(self.states)), *self.parameters)


def code_for(
    lines: Sequence[Line],
    results: Sequence[Term | None],
    parameters: Sequence[str],
    single: frozenset[str],
    dtypes: dict[str, torch.dtype],
) -> Code:
    """The lines that the results need, those of parameters alone apart."""
    needed = {one for one in results if isinstance(one, str)}
    kept: list[Line] = []
    for line in reversed(lines):
        if line.name in needed:
            kept.insert(0, line)
            needed |= {one for one in line.terms if isinstance(one, str)}
    known = set(parameters)
    fixed = []
    for line in kept:
        names = {one for one in line.terms if isinstance(one, str)}
        if names <= known:
            known.add(line.name)
            fixed.append(line)
            single |= {line.name} if names <= single else set()
    moving = [line for line in kept if line.name not in known]
    read = dict.fromkeys(one for line in moving for one in line.terms) | dict.fromkeys(results)
    values = tuple(one for one in read if isinstance(one, str) and one in known)
    return Code(tuple(fixed), tuple(moving), values, single & set(values), tuple(results), dtypes)


def evaluate(code: Code, parameters: Sequence[Tensor]) -> list[Tensor]:
    """The ``values`` of ``code``, by torch, for parameters in the shapes they have."""
    known: dict[str, Any] = {f"parameter{j}": one for j, one in enumerate(parameters)}
    for line in code.fixed:
        terms: list[Any] = [known[one] if isinstance(one, str) else one for one in line.terms]
        if line.operation == "convert":
            known[line.name] = terms[0].to(line.dtype)
        else:
            known[line.name] = getattr(torch, line.operation)(*terms)
    return [known[name] for name in code.values]
