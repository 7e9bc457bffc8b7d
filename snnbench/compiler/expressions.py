"""A line of arithmetic in C++, on vectors ``V`` of numbers ``T``, and in Triton's Python.

A truth is a vector of all bits or none in C++, and an ``int1`` in Triton.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import torch

from snnbench.compiler.program import Line, Number, Term, UnsupportedStepError

Dtypes: TypeAlias = dict[str, torch.dtype]

COMPARING: Final = {"gt", "ge", "lt", "le", "eq", "ne", "isnan"}
"""Operations that make truths of numbers."""
LOGICAL: Final = {"logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or"}
"""Operations that make truths of truths."""
COUNTING: Final = {"add", "sub", "mul", "div"}
"""Operations in which a truth counts as 0 or 1."""
HALF: Final = {torch.float16, torch.bfloat16}

CPP: Final = {
    "neg": "{}.neg()",
    "abs": "{}.abs()",
    "exp": "{}.exp()",
    "expm1": "{}.expm1()",
    "log": "{}.log()",
    "log1p": "{}.log1p()",
    "tanh": "{}.tanh()",
    "erf": "{}.erf()",
    "erfc": "{}.erfc()",
    "sqrt": "{}.sqrt()",
    "rsqrt": "{}.rsqrt()",
    "reciprocal": "{}.reciprocal()",
    "floor": "{}.floor()",
    "sin": "{}.sin()",
    "cos": "{}.cos()",
    "relu": "at::vec::maximum({}, V(0))",
    "sigmoid": "(V(1) / (V(1) + {}.neg().exp()))",
    "isnan": "({0} != {0})",
    "logical_not": "({} == V(0))",
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
    "minimum": "at::vec::minimum({}, {})",
    "maximum": "at::vec::maximum({}, {})",
    "clamp_min": "at::vec::maximum({}, {})",
    "clamp_max": "at::vec::minimum({}, {})",
    "logical_and": "({} & {})",
    "logical_or": "({} | {})",
    "bitwise_and": "({} & {})",
    "bitwise_or": "({} | {})",
}
CPP_POWERS: Final = {
    1: "{0}", 2: "({0} * {0})", 3: "({0} * {0} * {0})", 0.5: "{0}.sqrt()", -1: "{0}.reciprocal()",
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


def cpp(line: Line, dtypes: Dtypes, real: torch.dtype) -> str:
    """The right side of a line in C++, all of whose numbers are of the dtype ``real``.

    Raises:
        UnsupportedStepError: There is no such operation here, or it mixes precisions.
    """
    _check(line, dtypes, {real, torch.bool})
    terms = [vector(term) for term in line.terms]
    if line.operation == "where":
        return f"V::blendv({terms[2]}, {terms[1]}, {terms[0]})"
    if line.operation in {"convert", *COUNTING}:
        terms = [
            f"({one} & V(1))" if _is_truth(term, dtypes) else one
            for one, term in zip(terms, line.terms, strict=True)
        ]
    if line.operation == "convert":
        return terms[0] if line.dtype is real else f"({terms[0]} != V(0))"
    if line.operation == "pow":
        exponent = _exponent(line)
        return CPP_POWERS.get(exponent, f"{{0}}.pow({vector(exponent)})").format(terms[0])
    return _template(CPP, line.operation).format(*terms)


def vector(term: Term) -> str:
    """A name, or a number as a vector."""
    if isinstance(term, str):
        return term
    return f"V(T({float(term)!r}))".replace("inf", "INFINITY").replace("nan", "NAN")


def triton(line: Line, dtypes: Dtypes, real: torch.dtype) -> str:
    """The right side of a line in Triton's Python; what is in half precision is brought to ``real`` first.

    Raises:
        UnsupportedStepError: There is no such operation here, or its result is in half precision.
    """
    _check(line, dtypes, {real, torch.bool, *(HALF if line.operation == "convert" else ())})
    terms = [_operand(one, dtypes, real) for one in line.terms]
    if line.operation == "where":  # two numbers would be in single precision
        branches = (block(one, real) if not isinstance(one, str) else one for one in line.terms[1:])
        return f"tl.where({terms[0]}, {', '.join(branches)})"
    if line.operation == "convert":
        return f"{terms[0]}.to({TRITON_TYPES[line.dtype]})"
    if line.operation == "pow":
        return _template(TRITON_POWERS, _exponent(line)).format(terms[0])
    return _template(TRITON, line.operation).format(*terms)


def block(term: Term, real: torch.dtype) -> str:
    """A name, or a number as a block."""
    return term if isinstance(term, str) else f"tl.full([BLOCK], {_number(term)}, {TRITON_TYPES[real]})"


def _operand(term: Term, dtypes: Dtypes, real: torch.dtype) -> str:
    if not isinstance(term, str):
        return _number(term)
    return f"{term}.to({TRITON_TYPES[real]})" if dtypes[term] in HALF else term


def _number(number: Number) -> str:
    return repr(float(number)) if math.isfinite(number) else f'float("{float(number)}")'


def _template(known: Mapping[Any, str], operation: str | float) -> str:
    if operation not in known:
        raise UnsupportedStepError(f"no loop has {operation!r}")
    return known[operation]


def _exponent(line: Line) -> Number:
    base, exponent = line.terms
    if isinstance(exponent, str) or not isinstance(base, str):
        raise UnsupportedStepError("no loop has powers but those of a number that is known")
    return exponent


def _check(line: Line, dtypes: Dtypes, allowed: set[torch.dtype]) -> None:
    """A line is of one precision, and neither takes a truth for a number nor a number for a truth."""
    if line.dtype not in allowed:
        raise UnsupportedStepError(f"{line.operation!r} is in {line.dtype}, the state in another precision")
    truths = {_is_truth(term, dtypes) for term in line.terms}
    if line.operation == "where":
        sound = _is_truth(line.terms[0], dtypes) and {_is_truth(one, dtypes) for one in line.terms[1:]} == {
            False
        }
    elif line.operation in LOGICAL:
        sound = truths == {True} and all(isinstance(term, str) for term in line.terms)
    elif line.operation in {"convert", *COUNTING}:
        sound = line.operation == "convert" or line.dtype is not torch.bool
    else:
        sound = truths == {False} and (line.dtype is torch.bool) == (line.operation in COMPARING)
    if not sound:
        raise UnsupportedStepError(f"{line.operation!r} mixes truths and numbers")


def _is_truth(term: Term, dtypes: Dtypes) -> bool:
    return isinstance(term, bool) or (isinstance(term, str) and dtypes[term] is torch.bool)
