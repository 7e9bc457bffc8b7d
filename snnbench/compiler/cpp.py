"""Loops over time in C++: a tile of units a thread, whose state stays in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, TypeAlias

import torch
from torch import Tensor

from snnbench.compiler.code_folder import secure_code_folder
from snnbench.compiler.expressions import cpp, vector
from snnbench.compiler.program import Arithmetic, Code, Given, UnsupportedStepError

Tensors: TypeAlias = Sequence[Tensor]

TYPES: Final = {torch.float32: "float", torch.float64: "double"}
TILE: Final = 4096
"""Units whose state a thread keeps while it goes through time."""
LINE: Final = 16
"""A tile is a multiple of so many units."""
ALONE: Final = 16_384
"""Units and steps from which on a second thread is worth its start."""


class CppLoops:
    """``loops.Loops`` on the CPU, built when first needed; torch keeps the code on disk."""

    def __init__(self, arithmetic: Arithmetic, real: torch.dtype) -> None:
        _check(arithmetic.forward, real)
        _check(arithmetic.backward, real)
        self.arithmetic = arithmetic
        self.sources = forward_source(arithmetic, real), backward_source(arithmetic, real)

    def forward(self, given: Given, *, keep: bool) -> tuple[Tensor, Tensors, Tensors]:
        x, start = given.x, given.start
        y, last = torch.empty_like(x), [torch.empty_like(part) for part in start]
        kept = [torch.empty_like(x) if keep else x.new_empty(0) for _ in self.arithmetic.kept]
        _build(self.sources[0])(*given.tensors, y, *last, *kept, *_sizes(x), int(keep))
        return y, last, kept

    def backward(self, given: Given, kept: Tensors, g_y: Tensor, g_last: Tensors) -> list[Tensor | None]:
        gradients = [torch.empty_like(g_y), *(torch.empty_like(g_y[0]) for _ in self.arithmetic.sources[1:])]
        _build(self.sources[1])(*given.tensors, *kept, g_y, *g_last, *gradients, *_sizes(g_y), 0)
        asked = zip(gradients, self.arithmetic.backward.results, strict=True)
        return [None if result is None else gradient for gradient, result in asked]


def _check(code: Code, real: torch.dtype) -> None:
    """Everything that is read or written is of one precision; what parameters tell may be a truth."""
    results = {one for one in code.results if isinstance(one, str)}
    read = {one for line in code.lines for one in line.terms if isinstance(one, str)}
    read -= {line.name for line in code.lines}
    truths = {one for one in code.values if code.dtypes[one] is torch.bool}
    odd = [one for one in results | (read - truths) if code.dtypes[one] is not real]
    if real not in TYPES or odd:
        raise UnsupportedStepError(f"not all of it is in one precision, float32 or float64: {odd or real}")


def _sizes(x: Tensor) -> tuple[int, int, int, int]:
    """Steps, units, units of a tile, threads."""
    steps, units = len(x), x.numel() // len(x)
    threads = torch.get_num_threads() if x.numel() >= ALONE else 1
    share = -(-units // threads)  # of a thread
    return steps, units, min(TILE, -(-share // LINE) * LINE), threads


@cache
def _build(source: str) -> Callable[..., None]:
    """Compile, or find what was compiled before."""
    secure_code_folder()
    # here, as it fails where its cache cannot be written
    from torch._inductor.codecache import CppPythonBindingsCodeCache

    given = source[source.index("kernel(") + len("kernel(") : source.index(") {")]
    types = [one.strip().rpartition(" ")[0] for one in given.split(",")]
    built: Callable[..., None] = CppPythonBindingsCodeCache.load_pybinding(types, source)
    return built


TEMPLATE: Final = """\
#include <torch/csrc/inductor/cpp_prefix.h>
using T = {real};
using V = at::vec::Vectorized<T>;
constexpr int64_t WHOLE = V::size();

extern "C" void kernel({given}, int64_t steps, int64_t units, int64_t tile, int64_t threads, int64_t keep) {{
  #pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t from = 0; from < units; from += tile) {{
    const int64_t size = std::min(tile, units - from);
    {begin}
    for (int64_t step = 0; step < steps; ++step) {{
      {each}
      auto advance = [&](int64_t i, auto n) {{
        {lines}
      }};
      int64_t i = 0;
      for (; i + WHOLE <= size; i += WHOLE) advance(i, std::integral_constant<int64_t, WHOLE>{{}});
      if (i < size) advance(i, size - i);
    }}
    {end}
  }}
}}
"""


def forward_source(arithmetic: Arithmetic, real: torch.dtype) -> str:
    """Reads x, and writes y, the last state, and the states that backward asks for if ``keep``."""
    code, states, kept = arithmetic.forward, range(arithmetic.states), arithmetic.kept
    y, *after = (vector(one) for one in code.results if one is not None)
    lines = [
        *(_value(name, code) for name in code.values),
        _load("x", "x_p + row"),
        *(_load(f"before{i}", f"state{i}") for i in states),
        *_assignments(code, real),
        _store(y, "y_p + row"),
        *(_store(after[i], f"state{i}") for i in states),
        *(f"if (keep) {_store(after[i], f'kept{i}_p + row')}" for i in kept),
    ]
    return _source(
        real,
        reads=["x", *(f"start{i}" for i in states), *code.values],
        writes=["y", *(f"last{i}" for i in states), *(f"kept{i}" for i in kept)],
        begin=[f"T state{i}[{TILE}]; std::copy_n(start{i}_p + from, size, state{i});" for i in states],
        each=["const int64_t row = step * units + from;"],
        lines=lines,
        end=[f"std::copy_n(state{i}, size, last{i}_p + from);" for i in states],
    )


def backward_source(arithmetic: Arithmetic, real: torch.dtype) -> str:
    """From the last step to the first: reads the gradient of y, and writes that of all it came from."""
    code, states, kept = arithmetic.backward, range(arithmetic.states), arithmetic.kept
    g_x, *others = ("V(0)" if one is None else vector(one) for one in code.results)
    parameters = range(len(arithmetic.parameters))
    lines = [
        *(_value(name, code) for name in code.values),
        *([_load("x", "x_p + row")] if code.uses("x") else []),
        *(_load(f"before{i}", f"earlier{i}") for i in kept),
        *(_load(f"after{i}", f"kept{i}_p + row") for i in kept),
        _load("g_y", "g_y_p + row"),
        *(_load(f"g_after{i}", f"state{i}") for i in states),
        *_assignments(code, real),
        _store(g_x, "g_x_p + row"),
        *(_store(others[i], f"state{i}") for i in states),
        *(_store(f"(V::loadu(sum{j} + i, n) + {others[len(states) + j]})", f"sum{j}") for j in parameters),
    ]
    return _source(
        real,
        reads=[
            "x", *(f"start{i}" for i in states), *code.values, *(f"kept{i}" for i in kept),
            "g_y", *(f"g_last{i}" for i in states),
        ],
        writes=["g_x", *(f"g_start{i}" for i in states), *(f"g_parameter{j}" for j in parameters)],
        begin=[
            *(f"T state{i}[{TILE}]; std::copy_n(g_last{i}_p + from, size, state{i});" for i in states),
            *(f"T sum{j}[{TILE}]; std::fill_n(sum{j}, size, T(0));" for j in parameters),
        ],
        each=[
            "const int64_t row = (steps - 1 - step) * units + from;",
            "const bool first = step + 1 == steps;",
            *(f"const T* earlier{i} = first ? start{i}_p + from : kept{i}_p + row - units;" for i in kept),
        ],
        lines=lines,
        end=[
            *(f"std::copy_n(state{i}, size, g_start{i}_p + from);" for i in states),
            *(f"std::copy_n(sum{j}, size, g_parameter{j}_p + from);" for j in parameters),
        ],
    )  # fmt: skip


def _assignments(code: Code, real: torch.dtype) -> list[str]:
    return [f"const V {line.name} = {cpp(line, code.dtypes, real)};" for line in code.lines]


def _value(name: str, code: Code) -> str:
    read = f"V(*{name}_p)" if name in code.single else f"V::loadu({name}_p + from + i, n)"
    return f"const V {name} = {f'({read} != V(0))' if code.dtypes[name] is torch.bool else read};"


def _load(name: str, pointer: str) -> str:
    return f"[[maybe_unused]] const V {name} = V::loadu({pointer} + i, n);"


def _store(value: str, pointer: str) -> str:
    return f"{value}.store({pointer} + i, n);"


def _source(real: torch.dtype, *, reads: Sequence[str], writes: Sequence[str], **parts: Sequence[str]) -> str:
    given = [
        *(f"const {TYPES[real]}* {name}_p" for name in reads),
        *(f"{TYPES[real]}* {name}_p" for name in writes),
    ]
    indents = {"begin": 4, "each": 6, "lines": 8, "end": 4}
    filled = {name: ("\n" + " " * indents[name]).join(part) for name, part in parts.items()}
    return TEMPLATE.format(real=TYPES[real], given=", ".join(given), **filled)
