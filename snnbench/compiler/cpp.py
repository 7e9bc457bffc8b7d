"""Print a loop plan in C++ and run it: a thread takes a tile of units through time, a vector at a time.

The C++ includes no header of torch and uses the vectors that GCC and Clang both have: a loop compiles in a
fraction of a second. Elementary functions come from SLEEF, which is part of torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final, TypeAlias

import torch
from torch import Tensor

from snnbench.compiler.expressions import SLEEF_ACCURACIES, cpp, vector
from snnbench.compiler.native import Kernel, load
from snnbench.compiler.plan import LoopPlan, backward_plan, forward_plan
from snnbench.compiler.program import Arguments, Function, Program, UnsupportedStepError

Tensors: TypeAlias = Sequence[Tensor]

TYPES: Final = {torch.float32: "float", torch.float64: "double"}
TILE: Final = 4096
"""Units whose state a thread keeps in its cache while it goes through time."""
GRANULE: Final = 16
"""A tile is a multiple of so many units."""
THREADED_FROM: Final = 16_384
"""Units times steps from which on a second thread is worth its start."""


class CppLoops:
    """These ``loop.Loops`` run on the CPU. The C++ is compiled when it is first needed, and kept on disk.

    Attributes:
        source: The C++ of both directions.
    """

    def __init__(self, program: Program, real: torch.dtype) -> None:
        _check(program.forward, real)
        _check(program.backward, real)
        self.program = program
        self.plans = forward_plan(program), backward_plan(program)
        self.source = print_cpp(self.plans, real)

    @cached_property
    def kernels(self) -> tuple[Kernel, ...]:
        """Return the compiled functions, forward and backward."""
        return load(self.source, [plan.name for plan in self.plans], with_torch=bool(_sleef(self.plans)))

    def forward(self, arguments: Arguments, *, save: bool) -> tuple[Tensor, Tensors, Tensors]:
        x = arguments.x
        y, last = torch.empty_like(x), [torch.empty_like(part) for part in arguments.start]
        saved = [torch.empty_like(x) if save else x.new_empty(0) for _ in self.program.saved_states]
        self.kernels[0]((*arguments.tensors, y, *last, *saved), (*_sizes(x), int(save)))
        return y, last, saved

    def backward(
        self, arguments: Arguments, saved: Tensors, g_y: Tensor, g_last: Tensors
    ) -> list[Tensor | None]:
        gradients = [torch.empty_like(g_y), *(torch.empty_like(g_y[0]) for _ in self.program.sources[1:])]
        self.kernels[1]((*arguments.tensors, *saved, g_y, *g_last, *gradients), (*_sizes(g_y), 0))
        wanted = zip(gradients, self.program.backward.results, strict=True)
        return [None if result is None else gradient for gradient, result in wanted]


def _check(function: Function, real: torch.dtype) -> None:
    """Everything that is read or written is of one precision; an invariant may also be a truth.

    Raises:
        UnsupportedStepError: It is not, or this is no precision of the CPU's loops.
    """
    results = {one for one in function.results if isinstance(one, str)}
    read = {one for instruction in function.body for one in instruction.operands if isinstance(one, str)}
    read -= {instruction.name for instruction in function.body}
    truths = {one for one in function.invariants if function.dtypes[one] is torch.bool}
    odd = [one for one in results | (read - truths) if function.dtypes[one] is not real]
    if real not in TYPES or odd:
        raise UnsupportedStepError(f"not all of it is in one precision, float32 or float64: {odd or real}")


def _sizes(x: Tensor) -> tuple[int, int, int, int]:
    """Return the numbers of steps, units, units of a tile, and threads."""
    steps, units = len(x), x.numel() // len(x)
    threads = torch.get_num_threads() if x.numel() >= THREADED_FROM else 1
    share = -(-units // threads)  # of a thread
    return steps, units, min(TILE, -(-share // GRANULE) * GRANULE), threads


PRELUDE: Final = """\
#include <cstdint>
#include <cstring>

using T = {real};
#define REAL(name) name{suffix}
#define SLEEF_NAME(name, lanes, accuracy) Sleef_##name##lanes##_##accuracy
#define SLEEF_WITH(name, lanes, accuracy) SLEEF_NAME(name, lanes, accuracy)
#define SLEEF(name, accuracy) SLEEF_WITH(name, SLEEF_LANES, accuracy)
#if defined(__AVX512F__)
#define BYTES 64
#define SLEEF_LANES {lanes[64]}
#elif defined(__AVX2__)
#define BYTES 32
#define SLEEF_LANES {lanes[32]}
#else
#define BYTES 16
#define SLEEF_LANES {lanes[16]}
#endif
typedef T V __attribute__((vector_size(BYTES)));
constexpr int64_t LANES = BYTES / sizeof(T);
struct Whole {{ constexpr operator int64_t() const {{ return LANES; }} }};

static inline V number(T x) {{ return V{{}} + x; }}
static inline V load(const T* p, int64_t n) {{ V v{{}}; std::memcpy(&v, p, n * sizeof(T)); return v; }}
static inline void store(V v, T* p, int64_t n) {{ std::memcpy(p, &v, n * sizeof(T)); }}
static inline V larger(V a, V b) {{ return ((a != a) | (a > b)) ? a : b; }}
static inline V smaller(V a, V b) {{ return ((a != a) | (a < b)) ? a : b; }}
#define EACH_LANE for (int i = 0; i < LANES; ++i)
static inline V absolute(V v) {{ EACH_LANE v[i] = REAL(__builtin_fabs)(v[i]); return v; }}
static inline V root(V v) {{ EACH_LANE v[i] = REAL(__builtin_sqrt)(v[i]); return v; }}
static inline V floored(V v) {{ EACH_LANE v[i] = REAL(__builtin_floor)(v[i]); return v; }}
"""
LOOP: Final = """
extern "C" void {name}(void* const* tensors, const int64_t* sizes) {{
  {pointers}
  const int64_t steps = sizes[0], units = sizes[1], tile = sizes[2], threads = sizes[3];
  [[maybe_unused]] const bool save = sizes[4];
  #pragma omp parallel for num_threads(threads) if (threads > 1)
  for (int64_t from = 0; from < units; from += tile) {{
    const int64_t size = units - from < tile ? units - from : tile;
    {begin}
    for (int64_t step = 0; step < steps; ++step) {{
      {each}
      auto advance = [&](int64_t i, auto n) {{
        {body}
      }};
      int64_t i = 0;
      for (; i + LANES <= size; i += LANES) advance(i, Whole{{}});
      if (i < size) advance(i, size - i);
    }}
  }}
}}
"""
LANES: Final = {
    torch.float32: {64: "f16", 32: "f8", 16: "f4"},
    torch.float64: {64: "d8", 32: "d4", 16: "d2"},
}
"""How SLEEF names its functions, by the bytes of a vector."""


def print_cpp(plans: Iterable[LoopPlan], real: torch.dtype) -> str:
    """Return C++ with one function per plan, all of whose numbers are of the dtype ``real``.

    Raises:
        UnsupportedStepError: An operation is not known, or mixes precisions.
    """
    plans = tuple(plans)
    prelude = PRELUDE.format(
        real=TYPES[real], suffix="##f" if real is torch.float32 else "", lanes=LANES[real]
    )
    declared = [
        f'extern "C" V SLEEF({name}, {SLEEF_ACCURACIES[name]})({"V, V" if name == "pow" else "V"});\n'
        for name in _sleef(plans)
    ]
    return prelude + "".join(declared) + "".join(_print_loop(plan, real) for plan in plans)


def _sleef(plans: Iterable[LoopPlan]) -> list[str]:
    """Return the functions that the loops take from SLEEF."""
    used = {one.operation for plan in plans for one in plan.body}
    return sorted((used | ({"exp"} if "sigmoid" in used else set())) & SLEEF_ACCURACIES.keys())


def _print_loop(plan: LoopPlan, real: torch.dtype) -> str:
    """Return a plan's function. What is carried lies in memory where its last value is wanted."""
    numbered = enumerate((*plan.reads, *plan.writes))
    body = [
        *(_invariant(name, plan.function) for name in plan.function.invariants),
        *(_load(name, f"{name}_p + row") for name in plan.loads),
        *(_load(one.before, f"earlier_{one.saved}") for one in plan.saved),
        *(_load(one.after, f"{one.saved}_p + row") for one in plan.saved),
        *(_load(one.name, f"{one.end}_p + from") for one in plan.carried),
        *(f"const auto {one.name} = {cpp(one, plan.dtypes, real)};" for one in plan.body),
        *(f"const V {one.following} = {vector(one.result)};" for one in plan.carried),
        *(
            ("if (save) " if one.for_backward else "") + _store(vector(one.result), f"{one.argument}_p + row")
            for one in plan.stores
        ),
        *(_store(one.following, f"{one.end}_p + from") for one in plan.carried),
        *(
            _store(f"load({one.end}_p + from + i, n) + {vector(one.result)}", f"{one.end}_p + from")
            for one in plan.summed
        ),
    ]
    parts = {
        "pointers": [
            f"{'const ' if name in plan.reads else ''}T* const {name}_p = static_cast<T*>(tensors[{k}]);"
            for k, name in numbered
        ],
        "begin": [
            *(
                f"std::memcpy({one.end}_p + from, {one.start}_p + from, size * sizeof(T));"
                for one in plan.carried
            ),
            *(f"std::memset({one.end}_p + from, 0, size * sizeof(T));" for one in plan.summed),
        ],
        "each": [
            f"const int64_t row = {'(steps - 1 - step)' if plan.reverse else 'step'} * units + from;",
            *(
                f"const T* const earlier_{one.saved} ="
                f" step + 1 == steps ? {one.start}_p + from : {one.saved}_p + row - units;"
                for one in plan.saved
            ),
        ],
        "body": body,
    }
    indents = {"pointers": 2, "begin": 4, "each": 6, "body": 8}
    filled = {name: ("\n" + " " * indents[name]).join(part) for name, part in parts.items()}
    return LOOP.format(name=plan.name, **filled)


def _invariant(name: str, function: Function) -> str:
    read = f"number(*{name}_p)" if name in function.uniform else f"load({name}_p + from + i, n)"
    return f"const auto {name} = {f'({read} != number(0))' if function.dtypes[name] is torch.bool else read};"


def _load(name: str, pointer: str) -> str:
    return f"[[maybe_unused]] const V {name} = load({pointer} + i, n);"


def _store(value: str, pointer: str) -> str:
    return f"store({value}, {pointer} + i, n);"
