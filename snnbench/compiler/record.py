"""The program of a step is traced from the step and its backward pass on a handful of units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, Final

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call

from snnbench.compiler.program import (
    Instruction,
    Number,
    Operand,
    Program,
    UnsupportedStepError,
    function_for,
)
from snnbench.core import torch_private
from snnbench.core.eager import State, Stepping

UNITS: Final = 11
"""On which a step is recorded at the least; more, where a size of its input could be taken for them."""

ALIASES: Final = {"alias", "view", "reshape", "_unsafe_view", "detach", "clone", "lift_fresh_copy", "expand"}
CONSTANTS: Final = {"full": 1, "full_like": 1, "scalar_tensor": 0}
"""Operations that make one number, and the place of the number among their arguments."""


class _Step(nn.Module):
    def __init__(self, neuron: nn.Module) -> None:
        super().__init__()
        self.neuron = neuron

    def forward(self, x_t: Tensor, *state: Tensor) -> tuple[Tensor, State]:
        return self.neuron.step(x_t, state)  # type: ignore[operator, no-any-return]


def record(neuron: Stepping, x: Tensor, state: State) -> Program:
    """Return the program of ``neuron.step``.

    Args:
        neuron: A module; each of its parameters and buffers is one number, or one a unit.
        x: Of the dtype and on the device that it is to run on, ``[T, B, *features]``.
        state: Likewise, ``[B, *features]`` each.

    Raises:
        UnsupportedStepError: Units see each other, or do what is not arithmetic.
    """
    assert isinstance(neuron, nn.Module)
    names = tuple(parameter_names(neuron, x.shape[2:]))
    if not state or any(part.shape != x.shape[1:] for part in state):
        raise UnsupportedStepError("its state is not a number a unit")
    held = dict([*neuron.named_parameters(), *neuron.named_buffers()])
    like = [x, *state, *(held[name] for name in names)]
    uniform = frozenset(f"parameter{j}" for j, name in enumerate(names) if held[name].numel() == 1)
    try:
        with torch.inference_mode(False):
            units = next(one for one in count(UNITS) if max(x[0].numel(), 1) % one)
            given = [_drawn(one, units, seed) for seed, one in enumerate([*like, x, *state])]
            graph = torch_private.trace(_joint(neuron, names, len(state)), given)
            if x.ndim > 3 and len(uniform) < len(names):
                _check_axes(neuron, names, x, state)
        return _parse(graph, names, len(state), uniform)
    except UnsupportedStepError:
        raise
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise UnsupportedStepError(f"{type(error).__name__}: {first}") from error


@torch.no_grad()
def _check_axes(neuron: nn.Module, names: Sequence[str], x: Tensor, state: State) -> None:
    """Values that are one a unit reach their own unit, also where the axes of a population are as long.

    Raises:
        UnsupportedStepError: They do not: a transposed value, for one, which is none on one axis of units.
    """
    step, shape = _Step(neuron), (2, *x.shape[2:])
    noise = torch.Generator().manual_seed(0)

    def draw(like: Tensor, *shape: int) -> Tensor:
        return torch.rand(shape, generator=noise).to(like.device, like.dtype)

    held = dict([*neuron.named_parameters(), *neuron.named_buffers()])
    values = {f"neuron.{name}": draw(held[name], *held[name].shape) for name in names}
    given = [2 * draw(one, *shape) for one in (x, *state)]
    y, after = functional_call(step, values, tuple(given))
    flat = {name: one if one.numel() == 1 else one.expand(shape).flatten() for name, one in values.items()}
    y_flat, after_flat = functional_call(step, flat, tuple(one.flatten() for one in given))
    for one, other in zip((y, *after), (y_flat, *after_flat), strict=True):
        if not torch.allclose(one.flatten(), other, rtol=1e-3, atol=1e-3, equal_nan=True):
            raise UnsupportedStepError("its values do not reach the units that they are in the place of")


def parameter_names(neuron: nn.Module, features: torch.Size) -> Iterable[str]:
    """Yield the names of its parameters, then of its buffers.

    Raises:
        UnsupportedStepError: One of them is neither a number nor a number a unit.
    """
    for name, one in (*neuron.named_parameters(), *neuron.named_buffers()):
        if one.numel() != 1 and one.shape != features:
            raise UnsupportedStepError(f"{name!r} of shape {list(one.shape)} is not a number a unit")
        yield name


def _drawn(like: Tensor, units: int, seed: int) -> Tensor:
    noise = torch.Generator().manual_seed(seed)
    return torch.rand(units, generator=noise).to(like.device, like.dtype)


def _joint(neuron: nn.Module, names: Sequence[str], states: int) -> Any:
    """Return a function of x, state, parameters and the gradients of output and next state: all there is."""
    step, sources = _Step(neuron), 1 + states + len(names)

    def joint(*given: Tensor) -> list[Tensor | None]:
        with torch.enable_grad():
            leaves = [one.detach().requires_grad_(one.is_floating_point()) for one in given[:sources]]
            x, state, values = leaves[0], leaves[1 : 1 + states], leaves[1 + states :]
            held = {f"neuron.{name}": value for name, value in zip(names, values, strict=True)}
            y, after = functional_call(step, held, (x, *state))
            pairs = zip((y, *after), given[sources:], strict=True)
            flowing = [(one, gradient.to(one.dtype)) for one, gradient in pairs if one.requires_grad]
            wanted = [leaf for leaf in leaves if leaf.requires_grad]
            found: Iterable[Tensor | None] = [None] * len(wanted)
            if flowing:
                outputs, gradients = zip(*flowing, strict=True)
                found = torch.autograd.grad(outputs, wanted, gradients, allow_unused=True)
        each = iter(found)
        return [y, *after, *(next(each) if leaf.requires_grad else None for leaf in leaves)]

    return joint


def _parse(graph: fx.Graph, names: tuple[str, ...], states: int, uniform: frozenset[str]) -> Program:
    befores, afters = ([f"{side}{i}" for i in range(states)] for side in ("before", "after"))
    parameters = [f"parameter{j}" for j in range(len(names))]
    inputs = ["x", *befores, *parameters, "g_y", *(f"g_{name}" for name in afters)]
    instructions, results, dtypes = _instructions(graph, inputs)
    forward, backward = results[: 1 + states], results[1 + states :]
    # the backward pass gets the states after the step: what they came from need not be done again
    ends = zip(forward[1:], afters, strict=True)
    renamed = {one: name for one, name in ends if isinstance(one, str) and one not in inputs}
    for one, name in renamed.items():
        dtypes[name] = dtypes[one]
    shortened = [
        Instruction(
            one.name, one.operation, tuple(_renamed(operand, renamed) for operand in one.operands), one.dtype
        )
        for one in instructions
        if one.name not in renamed
    ]
    return Program(
        names,
        states,
        function_for(instructions, forward, parameters, uniform, dtypes),
        function_for(shortened, [_renamed(one, renamed) for one in backward], parameters, uniform, dtypes),
    )


def _renamed(operand: Any, names: dict[str, str]) -> Any:
    return names.get(operand, operand) if isinstance(operand, str) else operand


def _instructions(
    graph: fx.Graph, inputs: Iterable[str]
) -> tuple[list[Instruction], list[Operand | None], dict[str, torch.dtype]]:
    """Return the operations of a graph on vectors of units, and its results."""
    operands: dict[fx.Node, Any] = {}
    instructions: list[Instruction] = []
    dtypes: dict[str, torch.dtype] = {}
    names = iter(inputs)
    for node in graph.nodes:
        if node.op == "placeholder":
            operands[node] = next(names)
            units = node.meta["val"].shape
            dtypes[operands[node]] = node.meta["val"].dtype
        elif node.op == "output":
            results = [operands[one] if isinstance(one, fx.Node) else None for one in node.args[0]]
            return instructions, results, dtypes | {one.name: one.dtype for one in instructions}
        else:
            operands[node] = _operand(node, operands, instructions, units)
    raise AssertionError("a graph ends with its output")


def _operand(
    node: fx.Node, operands: dict[fx.Node, Any], instructions: list[Instruction], units: torch.Size
) -> Operand:
    """Return what stands for the result of a node; appends an instruction if it takes one."""
    if node.op != "call_function" or not _operation(node):
        raise UnsupportedStepError(f"{node.target} is a tensor of its own, or no operation on tensors")
    operation = _functional(node)
    value = node.meta["val"]
    if operation in CONSTANTS:
        number: Number = node.args[CONSTANTS[operation]]  # type: ignore[assignment]
        return number
    if not isinstance(value, Tensor) or value.shape != units:
        raise UnsupportedStepError(f"{operation!r} is not done unit by unit")
    arguments: list[Any] = [operands[one] if isinstance(one, fx.Node) else one for one in node.args]
    if operation in ALIASES:
        return arguments[0]  # type: ignore[no-any-return]
    if operation in {"convert_element_type", "_to_copy"}:
        arguments, operation = arguments[:1], "convert"
    elif set(node.kwargs) - {"alpha"} or not all(isinstance(one, Operand) for one in arguments):
        raise UnsupportedStepError(f"{operation!r} is called with {list(node.kwargs) or arguments}")
    alpha: Any = node.kwargs.get("alpha", 1)
    if alpha != 1 and isinstance(arguments[1], str):
        name = f"v_{node.name}_scaled"
        instructions.append(Instruction(name, "mul", (arguments[1], alpha), value.dtype))
        arguments[1] = name
    elif alpha != 1:
        arguments[1] *= alpha
    if operation == "where" and not isinstance(arguments[0], str):
        return arguments[1 if arguments[0] else 2]  # type: ignore[no-any-return]
    if not any(isinstance(one, str) for one in arguments):
        return _folded(operation, arguments, value.dtype)
    name = f"v_{node.name}"
    instructions.append(Instruction(name, operation, tuple(arguments), value.dtype))
    return name


def _functional(node: fx.Node) -> str:
    """Return ``op`` for ``op_``, which writes into its first argument, where nobody else reads that."""
    operation = _operation(node)
    if operation.endswith("__") or not operation.endswith("_"):
        return operation
    target = node.args[0]
    fresh = isinstance(target, fx.Node) and target.op == "call_function" and len(target.users) == 1
    if not fresh or _operation(target) in ALIASES:
        raise UnsupportedStepError(f"{operation!r} writes into a tensor")
    return operation[:-1]


def _operation(node: Any) -> str:
    schema = getattr(node.target, "_schema", None)
    return schema.name.rpartition("::")[2] if schema else ""


def _folded(operation: str, numbers: Sequence[Any], dtype: torch.dtype) -> Number:
    """Return the number that an operation gives for numbers."""
    precise = dtype if dtype.is_floating_point else torch.float64
    given = [torch.tensor(one, dtype=precise) for one in numbers]
    result: Tensor = given[0] if operation == "convert" else getattr(torch, operation)(*given)
    return result.item()
