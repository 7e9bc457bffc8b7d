"""Loops over time as Triton kernels: a thread a unit or two, whose state stays in registers.

Forward reads x and writes y and what backward asks for; backward reads that and the gradient of y, and writes
the gradient of x. Nothing moves twice. What the next step needs is asked for before this one is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from types import ModuleType
from typing import Final, TypeAlias

import torch
from torch import Tensor

from snnbench.compiler.code_folder import secure_code_folder
from snnbench.compiler.expressions import TRITON_TYPES, block, triton
from snnbench.compiler.program import Arithmetic, Code, Given, UnsupportedStepError

Tensors: TypeAlias = Sequence[Tensor]

BLOCK: Final = 256
"""Units of a program where there are plenty of them."""
SMALL_BLOCK: Final = 64
PLENTY: Final = 2**17
"""Units from which on blocks are large: fewer would leave processors idle."""


class TritonLoops:
    """``loops.Loops`` on CUDA: states in single or double precision, input and output also in half.

    Args:
        arithmetic: Of a step.
        real: The precision of the state.
    """

    def __init__(self, arithmetic: Arithmetic, real: torch.dtype) -> None:
        if real not in {torch.float32, torch.float64}:
            raise UnsupportedStepError(f"no loop keeps its state in {real}")
        self.arithmetic = arithmetic
        self.real = real
        self.source = HEAD + forward_source(arithmetic, real) + backward_source(arithmetic, real)

    def forward(self, given: Given, *, keep: bool) -> tuple[Tensor, Tensors, Tensors]:
        x, start = given.x, given.start
        code = self.arithmetic.forward
        y_dtype = code.dtypes[code.results[0]] if isinstance(code.results[0], str) else self.real
        y, last = torch.empty_like(x, dtype=y_dtype), [torch.empty_like(part) for part in start]
        kept = [
            torch.empty(x.shape if keep else 0, dtype=self.real, device=x.device)
            for _ in self.arithmetic.kept
        ]
        self._launch("forward", *given.tensors, y, *last, *kept, over=x, KEEP=keep)
        return y, last, kept

    def backward(self, given: Given, kept: Tensors, g_y: Tensor, g_last: Tensors) -> list[Tensor | None]:
        g_x = torch.empty_like(g_y, dtype=given.x.dtype)
        gradients = [g_x, *(torch.empty_like(given.start[0]) for _ in self.arithmetic.sources[1:])]
        self._launch("backward", *given.tensors, *kept, g_y, *g_last, *gradients, over=g_y)
        asked = zip(gradients, self.arithmetic.backward.results, strict=True)
        return [None if result is None else gradient for gradient, result in asked]

    def _launch(self, which: str, *tensors: Tensor, over: Tensor, **constants: bool) -> None:
        steps, units = len(over), over.numel() // len(over)
        block = BLOCK if units >= PLENTY else SMALL_BLOCK
        kernel = getattr(_built(self.source), which)
        # no multiplication and addition in one: eager rounds twice, and a threshold is between
        with torch.cuda.device_of(tensors[0]):  # type: ignore[no-untyped-call]
            kernel[(-(-units // block),)](
                *tensors,
                steps,
                units,
                BLOCK=block,
                num_warps=block // 64,
                enable_fp_fusion=False,
                **constants,
            )


@cache
def _built(source: str) -> ModuleType:
    secure_code_folder()
    from torch._inductor.codecache import PyCodeCache  # fails where its cache cannot be written

    return PyCodeCache.load(source)  # Triton reads its functions from a file


HEAD: Final = """\
import triton
import triton.language as tl
from triton.language.extra import libdevice
"""
TEMPLATE: Final = """

@triton.jit
def {name}({given}, steps, units, {constants}BLOCK: tl.constexpr):
    unit = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = unit < units
    {begin}
    for step in range(steps):
        more = inside & (step + 1 < steps)
        {lines}
    {end}
"""


def forward_source(arithmetic: Arithmetic, real: torch.dtype) -> str:
    """Reads x, and writes y, the last state, and the states that backward asks for if ``KEEP``."""
    code, states, kept = arithmetic.forward, range(arithmetic.states), arithmetic.kept
    y, *after = (block(one, real) for one in code.results if one is not None)
    return _source(
        "forward",
        reads=["x", *(f"start{i}" for i in states), *code.values],
        writes=["y", *(f"last{i}" for i in states), *(f"kept{i}" for i in kept)],
        constants="KEEP: tl.constexpr, ",
        begin=[
            "at = unit",
            *(_load(f"before{i}", f"start{i}_p + unit") for i in states),
            *_values(code),
            _load("next_x", "x_p + at"),
        ],
        lines=[
            "x = next_x",
            _load("next_x", "x_p + at + units", "more"),
            *_assignments(code, real),
            f"tl.store(y_p + at, {y}, inside)",
            *(f"after{i} = {after[i]}" for i in states),
            *(f"if KEEP: tl.store(kept{i}_p + at, after{i}, inside)" for i in kept),
            *(f"before{i} = after{i}" for i in states),
            "at += units",
        ],
        end=[f"tl.store(last{i}_p + unit, before{i}, inside)" for i in states],
    )


def backward_source(arithmetic: Arithmetic, real: torch.dtype) -> str:
    """From the last step to the first: reads the gradient of y, and writes that of all it came from."""
    code, states, kept = arithmetic.backward, range(arithmetic.states), arithmetic.kept
    g_x, *others = (block(0.0 if one is None else one, real) for one in code.results)
    parameters = range(len(arithmetic.parameters))
    read = ["x", "g_y"] if code.uses("x") else ["g_y"]
    return _source(
        "backward",
        reads=[
            "x", *(f"start{i}" for i in states), *code.values, *(f"kept{i}" for i in kept),
            "g_y", *(f"g_last{i}" for i in states),
        ],
        writes=["g_x", *(f"g_start{i}" for i in states), *(f"g_parameter{j}" for j in parameters)],
        begin=[
            "at = unit + (0 * unit + steps - 1) * units",  # in 64 bits, as unit is
            *_values(code),
            *(_load(f"start{i}", f"start{i}_p + unit") for i in kept),
            *(_load(f"after{i}", f"kept{i}_p + at") for i in kept),
            *(_load(f"before{i}", f"kept{i}_p + at - units", "inside & (steps > 1)") for i in kept),
            *(f"before{i} = tl.where(steps > 1, before{i}, start{i})" for i in kept),
            *(_load(f"g_after{i}", f"g_last{i}_p + unit") for i in states),
            *(f"sum{j} = tl.full([BLOCK], 0.0, {TRITON_TYPES[real]})" for j in parameters),
            *(_load(f"next_{name}", f"{name}_p + at") for name in read),
        ],
        lines=[
            "two_more = step + 2 < steps",
            *(_load(f"earlier{i}", f"kept{i}_p + at - 2 * units", "inside & two_more") for i in kept),
            *(f"{name} = next_{name}" for name in read),
            *(_load(f"next_{name}", f"{name}_p + at - units", "more") for name in read),
            *_assignments(code, real),
            f"tl.store(g_x_p + at, {g_x}, inside)",
            *(f"sum{j} += {others[len(states) + j]}" for j in parameters),
            *(f"g_before{i} = {others[i]}" for i in states),  # all of them before any is overwritten
            *(f"g_after{i} = g_before{i}" for i in states),
            *(f"after{i} = before{i}" for i in kept),
            *(f"before{i} = tl.where(two_more, earlier{i}, start{i})" for i in kept),
            "at -= units",
        ],
        end=[
            *(f"tl.store(g_start{i}_p + unit, g_after{i}, inside)" for i in states),
            *(f"tl.store(g_parameter{j}_p + unit, sum{j}, inside)" for j in parameters),
        ],
    )  # fmt: skip


def _assignments(code: Code, real: torch.dtype) -> list[str]:
    return [f"{line.name} = {triton(line, code.dtypes, real)}" for line in code.lines]


def _values(code: Code) -> Iterable[str]:
    for name in code.values:
        yield f"{name} = tl.load({name}_p)" if name in code.single else _load(name, f"{name}_p + unit")
        if code.dtypes[name] is torch.bool:
            yield f"{name} = {name} != 0"


def _load(name: str, pointer: str, mask: str = "inside") -> str:
    return f"{name} = tl.load({pointer}, {mask}, 0.0)"


def _source(
    name: str, *, reads: Sequence[str], writes: Sequence[str], constants: str = "", **parts: Sequence[str]
) -> str:
    given = ", ".join(f"{one}_p" for one in (*reads, *writes))
    indents = {"begin": 4, "lines": 8, "end": 4}
    filled = {key: ("\n" + " " * indents[key]).join(part) for key, part in parts.items()}
    return TEMPLATE.format(name=name, given=given, constants=constants, **filled)
