"""Print a loop plan as Triton kernels and run them: a thread takes a unit or two through time, in registers.

No number moves twice between memory and the processor. What the next step reads is requested before this
step is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Final, TypeAlias

import torch
from torch import Tensor

from snnbench.compiler.code_folder import secure_code_folder
from snnbench.compiler.expressions import TRITON_TYPES, block, triton
from snnbench.compiler.plan import LoopPlan, backward_plan, forward_plan
from snnbench.compiler.program import Arguments, Function, Program, UnsupportedStepError
from snnbench.core import torch_private

Tensors: TypeAlias = Sequence[Tensor]

BLOCK: Final = 256
"""Units of a program where there are plenty of them."""
SMALL_BLOCK: Final = 64
PLENTY: Final = 2**17
"""Units from which on blocks are large: fewer would leave processors idle."""


class TritonLoops:
    """These ``loop.Loops`` run on CUDA: states in single or double precision, input and output also in half.

    Args:
        program: A recorded step.
        real: The precision of the state.
    """

    def __init__(self, program: Program, real: torch.dtype) -> None:
        if real not in {torch.float32, torch.float64}:
            raise UnsupportedStepError(f"no loop keeps its state in {real}")
        self.program = program
        self.real = real
        self.source = print_triton((forward_plan(program), backward_plan(program)), real)

    def forward(self, arguments: Arguments, *, save: bool) -> tuple[Tensor, Tensors, Tensors]:
        x, start = arguments.x, arguments.start
        function = self.program.forward
        y_dtype = function.dtypes[function.results[0]] if isinstance(function.results[0], str) else self.real
        y, last = torch.empty_like(x, dtype=y_dtype), [torch.empty_like(part) for part in start]
        saved = [
            torch.empty(x.shape if save else 0, dtype=self.real, device=x.device)
            for _ in self.program.saved_states
        ]
        self._launch("forward", *arguments.tensors, y, *last, *saved, over=x, save=save)
        return y, last, saved

    def backward(
        self, arguments: Arguments, saved: Tensors, g_y: Tensor, g_last: Tensors
    ) -> list[Tensor | None]:
        g_x = torch.empty_like(g_y, dtype=arguments.x.dtype)
        gradients = [g_x, *(torch.empty_like(arguments.start[0]) for _ in self.program.sources[1:])]
        self._launch("backward", *arguments.tensors, *saved, g_y, *g_last, *gradients, over=g_y, save=False)
        wanted = zip(gradients, self.program.backward.results, strict=True)
        return [None if result is None else gradient for gradient, result in wanted]

    def _launch(self, which: str, *tensors: Tensor, over: Tensor, save: bool) -> None:
        steps, units = len(over), over.numel() // len(over)
        block = BLOCK if units >= PLENTY else SMALL_BLOCK
        kernel = getattr(_built(self.source), which)
        # no multiplication and addition in one: eager rounds twice, and a threshold is between
        with torch.cuda.device_of(tensors[0]):  # type: ignore[no-untyped-call]
            kernel[(-(-units // block),)](
                *tensors,
                steps,
                units,
                SAVE=save,
                BLOCK=block,
                num_warps=block // 64,
                enable_fp_fusion=False,
            )


@cache
def _built(source: str) -> ModuleType:
    secure_code_folder()
    return torch_private.load_python(source)


HEAD: Final = """\
import triton
import triton.language as tl
from triton.language.extra import libdevice
"""
TEMPLATE: Final = """

@triton.jit
def {name}({pointers}, steps, units, SAVE: tl.constexpr, BLOCK: tl.constexpr):
    unit = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = unit < units
    {begin}
    for step in range(steps):
        more = inside & (step + 1 < steps)
        {body}
    {end}
"""


def print_triton(plans: Iterable[LoopPlan], real: torch.dtype) -> str:
    """Return Python with one kernel per plan, whose state is of the dtype ``real``.

    Raises:
        UnsupportedStepError: An operation is not known, or mixes precisions.
    """
    return HEAD + "".join(_print_kernel(plan, real) for plan in plans)


def _print_kernel(plan: LoopPlan, real: torch.dtype) -> str:
    """Return a plan's kernel. What is carried is in registers; rows of the next step are loaded ahead."""
    back = "- " if plan.reverse else "+ "
    at = "unit + (0 * unit + steps - 1) * units" if plan.reverse else "unit"  # in 64 bits, as unit is
    parts = {
        "begin": [
            f"at = {at}",
            *_invariants(plan.function),
            *_first_saved(plan),
            *(_load(one.name, f"{one.start}_p + unit") for one in plan.carried),
            *(f"{one.name} = tl.full([BLOCK], 0.0, {TRITON_TYPES[real]})" for one in plan.summed),
            *(_load(f"next_{name}", f"{name}_p + at") for name in plan.loads),
        ],
        "body": [
            *_earlier_saved(plan),
            *(f"{name} = next_{name}" for name in plan.loads),
            *(_load(f"next_{name}", f"{name}_p + at {back}units", "more") for name in plan.loads),
            *(f"{one.name} = {triton(one, plan.dtypes, real)}" for one in plan.body),
            *(f"{one.name} += {block(one.result, real)}" for one in plan.summed),
            # all of them before any is overwritten
            *(f"{one.following} = {block(one.result, real)}" for one in plan.carried),
            *(
                f"{'if SAVE: ' if one.for_backward else ''}"
                f"tl.store({one.argument}_p + at, {block(one.result, real)}, inside)"
                for one in plan.stores
            ),
            *(f"{one.name} = {one.following}" for one in plan.carried),
            *_shifted_saved(plan),
            f"at {back.strip()}= units",
        ],
        "end": [
            *(f"tl.store({one.end}_p + unit, {one.name}, inside)" for one in plan.carried),
            *(f"tl.store({one.end}_p + unit, {one.name}, inside)" for one in plan.summed),
        ],
    }
    indents = {"begin": 4, "body": 8, "end": 4}
    filled = {key: ("\n" + " " * indents[key]).join(part) for key, part in parts.items()}
    pointers = ", ".join(f"{one}_p" for one in (*plan.reads, *plan.writes))
    return TEMPLATE.format(name=plan.name, pointers=pointers, **filled)


def _first_saved(plan: LoopPlan) -> Iterator[str]:
    """Load the saved states around the last step. The one before a step is the one after an earlier step."""
    for one in plan.saved:
        yield _load(one.start, f"{one.start}_p + unit")
        yield _load(one.after, f"{one.saved}_p + at")
        yield _load(one.before, f"{one.saved}_p + at - units", "inside & (steps > 1)")
        yield f"{one.before} = tl.where(steps > 1, {one.before}, {one.start})"


def _earlier_saved(plan: LoopPlan) -> Iterator[str]:
    """Load ahead what is the state before the next iteration's step."""
    if plan.saved:
        yield "two_more = step + 2 < steps"
    for one in plan.saved:
        yield _load(f"earlier_{one.saved}", f"{one.saved}_p + at - 2 * units", "inside & two_more")


def _shifted_saved(plan: LoopPlan) -> Iterator[str]:
    """Pass the saved states on to the next iteration, one step earlier in time."""
    for one in plan.saved:
        yield f"{one.after} = {one.before}"
        yield f"{one.before} = tl.where(two_more, earlier_{one.saved}, {one.start})"


def _invariants(function: Function) -> Iterator[str]:
    for name in function.invariants:
        uniform = name in function.uniform
        yield f"{name} = tl.load({name}_p)" if uniform else _load(name, f"{name}_p + unit")
        if function.dtypes[name] is torch.bool:
            yield f"{name} = {name} != 0"


def _load(name: str, pointer: str, mask: str = "inside") -> str:
    return f"{name} = tl.load({pointer}, {mask}, 0.0)"
