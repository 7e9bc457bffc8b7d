"""A plan says what a loop over time reads, carries from step to step, and writes, in no language yet.

A printer (``cpp``, ``triton``) writes the plan down. All that differs between the forward and the backward
loop is in the plan; all that differs between the CPU and the GPU is in the printers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from snnbench.compiler.program import Function, Instruction, Operand, Program


@dataclass(frozen=True, slots=True)
class Carried:
    """A number a unit that each step takes from the one before, as the state.

    Attributes:
        name: The value in the body of the loop, before the step.
        following: The value after the step: the next step's ``name``.
        result: What the step gives for it.
        start: The argument ``[*units]`` that holds it before the loop.
        end: The argument ``[*units]`` that it is written to after the loop.
    """

    name: str
    following: str
    result: Operand
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Summed:
    """A number a unit that is summed over all steps, as the gradient of a parameter.

    Attributes:
        name: The sum.
        result: What a step adds to it.
        end: The argument ``[*units]`` that it is written to after the loop.
    """

    name: str
    result: Operand
    end: str


@dataclass(frozen=True, slots=True)
class SavedState:
    """A part of the state that the forward loop saved after each step, as the backward loop reads it.

    Attributes:
        before: The value before the step; at the first step that of ``start``.
        after: The value after the step.
        saved: The argument ``[T, *units]`` that holds the state after each step.
        start: The argument ``[*units]`` that holds the first state.
    """

    before: str
    after: str
    saved: str
    start: str


@dataclass(frozen=True, slots=True)
class Store:
    """A number that each step writes to an argument ``[T, *units]``.

    Attributes:
        result: The number, or the name of a value.
        argument: Where it goes.
        for_backward: It is written only if a backward pass follows.
    """

    result: Operand
    argument: str
    for_backward: bool = False


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """This plans a loop over time. A value that is loaded has the name of the argument it comes from.

    Attributes:
        name: Of the function that is printed.
        reverse: It goes from the last step to the first.
        reads: Arguments that are read, in the order in which they are passed.
        writes: Arguments that are written; they follow.
        function: The instructions of a step, and the invariants that are loaded before the loop.
        loads: Arguments ``[T, *units]`` of which each step reads its own row.
        saved: Saved states that each step reads.
        carried: The state, or its gradient.
        summed: Gradients of parameters.
        stores: What each step writes.
    """

    name: str
    reverse: bool
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    function: Function
    loads: tuple[str, ...]
    saved: tuple[SavedState, ...]
    carried: tuple[Carried, ...]
    summed: tuple[Summed, ...]
    stores: tuple[Store, ...]

    @property
    def body(self) -> tuple[Instruction, ...]:
        """Return the instructions of each step."""
        return self.function.body

    @property
    def dtypes(self) -> dict[str, torch.dtype]:
        """Return the dtype of every value."""
        return self.function.dtypes


def forward_plan(program: Program) -> LoopPlan:
    """Plan the loop from x and the first state to the outputs, the last state, and what backward needs."""
    function, states, saved = program.forward, range(program.states), program.saved_states
    y, *after = (one for one in function.results if one is not None)
    return LoopPlan(
        "forward",
        reverse=False,
        reads=("x", *(f"start{i}" for i in states), *function.invariants),
        writes=("y", *(f"last{i}" for i in states), *(f"saved{i}" for i in saved)),
        function=function,
        loads=("x",),
        saved=(),
        carried=tuple(
            Carried(f"before{i}", f"after{i}", after[i], start=f"start{i}", end=f"last{i}") for i in states
        ),
        summed=(),
        stores=(Store(y, "y"), *(Store(f"after{i}", f"saved{i}", for_backward=True) for i in saved)),
    )


def backward_plan(program: Program) -> LoopPlan:
    """Plan the loop from the gradients of outputs and last state to those of all they came from."""
    function, states, saved = program.backward, range(program.states), program.saved_states
    parameters = range(len(program.parameters))
    g_x, *others = (0.0 if one is None else one for one in function.results)
    return LoopPlan(
        "backward",
        reverse=True,
        reads=(
            *("x", *(f"start{i}" for i in states), *function.invariants),
            *(f"saved{i}" for i in saved),
            *("g_y", *(f"g_last{i}" for i in states)),
        ),
        writes=("g_x", *(f"g_start{i}" for i in states), *(f"g_parameter{j}" for j in parameters)),
        function=function,
        loads=("x", "g_y") if function.reads("x") else ("g_y",),
        saved=tuple(SavedState(f"before{i}", f"after{i}", f"saved{i}", f"start{i}") for i in saved),
        carried=tuple(
            Carried(f"g_after{i}", f"g_before{i}", others[i], start=f"g_last{i}", end=f"g_start{i}")
            for i in states
        ),
        summed=tuple(
            Summed(f"sum{j}", result, f"g_parameter{j}") for j, result in enumerate(others[program.states :])
        ),
        stores=(Store(g_x, "g_x"),),
    )
