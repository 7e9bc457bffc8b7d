"""An instruction is printed as an expression: in C++, on vectors ``V`` of numbers ``T``, and in Triton.

A truth is a vector of integers in C++, all bits or none, and an ``int1`` in Triton.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import torch

from snnbench.compiler.program import Instruction, Number, Operand, UnsupportedStepError

Dtypes: TypeAlias = dict[str, torch.dtype]

COMPARING: Final = {"gt", "ge", "lt", "le", "eq", "ne", "isnan"}
"""Operations that make truths of numbers."""
LOGICAL: Final = {"logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or"}
"""Operations that make truths of truths."""
COUNTING: Final = {"add", "sub", "mul", "div"}
"""Operations in which a truth counts as 0 or 1."""
HALF: Final = {torch.float16, torch.bfloat16}

SLEEF_ACCURACIES: Final = {
    "exp": "u10", "expm1": "u10", "log": "u10", "log1p": "u10", "tanh": "u10", "erf": "u10", "erfc": "u15",
    "sin": "u10", "cos": "u10", "pow": "u10",
}  # fmt: skip
"""Elementary functions that C++ takes from SLEEF, and the accuracy in its name: ``u10`` is 1.0 ulp."""

CPP: Final = {
    **{
        name: f"SLEEF({name}, {accuracy})({{}})"
        for name, accuracy in SLEEF_ACCURACIES.items()
        if name != "pow"
    },
    "neg": "(-{})",
    "abs": "absolute({})",
    "sqrt": "root({})",
    "rsqrt": "(number(1) / root({}))",
    "reciprocal": "(number(1) / {})",
    "floor": "floored({})",
    "relu": "larger({}, number(0))",
    "sigmoid": "(number(1) / (number(1) + SLEEF(exp, u10)(-{})))",
    "isnan": "({0} != {0})",
    "logical_not": "(~{})",
    "add": "({} + {})",
    "sub": "({} - {})",
    "mul": "({} * {})",
    "div": "({} / {})",
    "gt": "({} > {})",
    "ge": "({} >= {})",
    "lt": "({} < {})",
    "le": "({} <= {})",
    "eq": "({} == {})",
    "ne": "({} != {})",
    "minimum": "smaller({}, {})",
    "maximum": "larger({}, {})",
    "clamp_min": "larger({}, {})",
    "clamp_max": "smaller({}, {})",
    "logical_and": "({} & {})",
    "logical_or": "({} | {})",
    "bitwise_and": "({} & {})",
    "bitwise_or": "({} | {})",
}
CPP_POWERS: Final = {
    1: "{0}", 2: "({0} * {0})", 3: "({0} * {0} * {0})", 0.5: "root({0})", -1: "(number(1) / {0})",
}  # fmt: skip

TRITON: Final = {
    "add": "({} + {})",
    "sub": "({} - {})",
    "mul": "({} * {})",
    "div": "({} / {})",
    "gt": "({} > {})",
    "ge": "({} >= {})",
    "lt": "({} < {})",
    "le": "({} <= {})",
    "eq": "({} == {})",
    "ne": "({} != {})",
    "minimum": "tl.minimum({}, {}, propagate_nan=tl.PropagateNan.ALL)",
    "maximum": "tl.maximum({}, {}, propagate_nan=tl.PropagateNan.ALL)",
    "clamp_min": "tl.maximum({}, {}, propagate_nan=tl.PropagateNan.ALL)",
    "clamp_max": "tl.minimum({}, {}, propagate_nan=tl.PropagateNan.ALL)",
    "relu": "tl.maximum({}, 0.0, propagate_nan=tl.PropagateNan.ALL)",
    "logical_and": "({} & {})",
    "logical_or": "({} | {})",
    "bitwise_and": "({} & {})",
    "bitwise_or": "({} | {})",
    "logical_not": "({} == 0)",
    "isnan": "({0} != {0})",
    "neg": "(-{})",
    "abs": "tl.abs({})",
    "exp": "tl.exp({})",
    "log": "tl.log({})",
    "sqrt": "tl.sqrt({})",
    "rsqrt": "(1.0 / tl.sqrt({}))",
    "reciprocal": "(1.0 / {})",
    "sigmoid": "(1.0 / (1.0 + tl.exp(-{})))",
    "erf": "tl.erf({})",
    "floor": "tl.floor({})",
    "sin": "tl.sin({})",
    "cos": "tl.cos({})",
    "erfc": "libdevice.erfc({})",
    "expm1": "libdevice.expm1({})",
    "log1p": "libdevice.log1p({})",
    "tanh": "libdevice.tanh({})",
}
TRITON_POWERS: Final = {
    1: "{0}", 2: "({0} * {0})", 3: "({0} * {0} * {0})", 0.5: "tl.sqrt({0})", -1: "(1.0 / {0})",
}  # fmt: skip
TRITON_TYPES: Final = {
    torch.float32: "tl.float32",
    torch.float64: "tl.float64",
    torch.float16: "tl.float16",
    torch.bfloat16: "tl.bfloat16",
    torch.bool: "tl.int1",
}


def cpp(instruction: Instruction, dtypes: Dtypes, real: torch.dtype) -> str:
    """Return the right side of an instruction in C++, all of whose numbers are of the dtype ``real``.

    Raises:
        UnsupportedStepError: There is no such operation here, or it mixes precisions.
    """
    _check(instruction, dtypes, {real, torch.bool})
    operation, operands = instruction.operation, [vector(one) for one in instruction.operands]
    if operation == "where":
        return "({} ? {} : {})".format(*operands)
    if operation == "convert" and instruction.dtype is torch.bool:
        return operands[0] if _is_truth(instruction.operands[0], dtypes) else f"({operands[0]} != number(0))"
    if operation in {"convert", *COUNTING}:
        operands = [
            f"({one} ? number(1) : number(0))" if isinstance(name, str) and _is_truth(name, dtypes) else one
            for one, name in zip(operands, instruction.operands, strict=True)
        ]
    if operation == "convert":
        return operands[0]
    if operation == "pow":
        exponent = _exponent(instruction)
        general = f"SLEEF(pow, {SLEEF_ACCURACIES['pow']})({{0}}, {vector(exponent)})"
        return CPP_POWERS.get(exponent, general).format(operands[0])
    return _template(CPP, operation).format(*operands)


def vector(operand: Operand) -> str:
    """Return a name, or a number as a vector, in C++."""
    if isinstance(operand, str):
        return operand
    literal = repr(float(operand)).replace("inf", "__builtin_inf()").replace("nan", '__builtin_nan("")')
    return f"number(T({literal}))"


def triton(instruction: Instruction, dtypes: Dtypes, real: torch.dtype) -> str:
    """Return the right side of an instruction in Triton's Python; half precision becomes ``real`` first.

    Raises:
        UnsupportedStepError: There is no such operation here, or its result is in half precision.
    """
    _check(instruction, dtypes, {real, torch.bool, *(HALF if instruction.operation == "convert" else ())})
    operands = [_operand(one, dtypes, real) for one in instruction.operands]
    if instruction.operation == "where":  # two numbers would be in single precision
        branches = (block(one, real) if not isinstance(one, str) else one for one in instruction.operands[1:])
        return f"tl.where({operands[0]}, {', '.join(branches)})"
    if instruction.operation == "convert":
        return f"{operands[0]}.to({TRITON_TYPES[instruction.dtype]})"
    if instruction.operation == "pow":
        return _template(TRITON_POWERS, _exponent(instruction)).format(operands[0])
    return _template(TRITON, instruction.operation).format(*operands)


def block(operand: Operand, real: torch.dtype) -> str:
    """Return a name, or a number as a block, in Triton."""
    return (
        operand if isinstance(operand, str) else f"tl.full([BLOCK], {_number(operand)}, {TRITON_TYPES[real]})"
    )


def _operand(operand: Operand, dtypes: Dtypes, real: torch.dtype) -> str:
    if not isinstance(operand, str):
        return _number(operand)
    return f"{operand}.to({TRITON_TYPES[real]})" if dtypes[operand] in HALF else operand


def _number(number: Number) -> str:
    return repr(float(number)) if math.isfinite(number) else f'float("{float(number)}")'


def _template(known: Mapping[Any, str], operation: str | float) -> str:
    if operation not in known:
        raise UnsupportedStepError(f"no loop has {operation!r}")
    return known[operation]


def _exponent(instruction: Instruction) -> Number:
    base, exponent = instruction.operands
    if isinstance(exponent, str) or not isinstance(base, str):
        raise UnsupportedStepError("no loop has powers but those of a number that is known")
    return exponent


def _check(instruction: Instruction, dtypes: Dtypes, allowed: set[torch.dtype]) -> None:
    """An instruction is of one precision, and neither takes a truth for a number nor a number for a truth."""
    operation, is_logical = instruction.operation, instruction.dtype is torch.bool
    if instruction.dtype not in allowed:
        raise UnsupportedStepError(f"{operation!r} is in {instruction.dtype}, the state in another precision")
    truths = {_is_truth(operand, dtypes) for operand in instruction.operands}
    if operation == "where":
        condition, *branches = (_is_truth(operand, dtypes) for operand in instruction.operands)
        sound = condition and not any(branches)
    elif operation in LOGICAL:
        sound = truths == {True} and all(isinstance(operand, str) for operand in instruction.operands)
    elif operation in {"convert", *COUNTING}:
        sound = operation == "convert" or not is_logical
    else:
        sound = truths == {False} and is_logical == (operation in COMPARING)
    if not sound:
        raise UnsupportedStepError(f"{operation!r} mixes truths and numbers")


def _is_truth(operand: Operand, dtypes: Dtypes) -> bool:
    return isinstance(operand, bool) or (isinstance(operand, str) and dtypes[operand] is torch.bool)
