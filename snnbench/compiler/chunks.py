"""torch.compile takes a chunk of unrolled steps; the chunks run one after the other.

For neurons of which no loop is made: those whose units see each other. State, recurrence, surrogate and the
backward pass are inside the compiled chunk. Width and batch are dynamic, so that one compilation serves all
layers of a kind and all batch sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor

from snnbench.compiler.code_folder import secure_code_folder
from snnbench.core import eager, torch_private
from snnbench.core.eager import EAGER, State, Stepping
from snnbench.core.surrogate import reverse_only

MOST_STEPS: Final = 10
"""Upper limit of the steps of a chunk. Compiling takes a minute for 10 steps of ``rlif``, and two and a
half for 25."""

RECOMPILATIONS: Final = 64
"""Of one kind of neuron, for its different parameters, dtypes and modes. Dynamo's own 8 are few."""

Chunk: TypeAlias = Callable[..., tuple[Tensor, State]]


def run(neuron: Stepping, x: Tensor, state: State, size: int) -> tuple[Tensor, State]:
    """Return all steps, ``size`` at a time.

    Those left over run eagerly: they would need a graph of their own.
    """
    for one in (*neuron.parameters(), *neuron.buffers()):
        _marked(one, 0)
    x, differentiable = _differentiable(neuron, x, state)
    form = (len(state), x.ndim, x.dtype, differentiable)
    chunk = _compile(type(neuron), size, form, x.device.type, torch.get_num_threads())
    state = tuple(part.clone(memory_format=torch.contiguous_format) for part in state)
    parts = x.contiguous().unsafe_split(size)  # not views: dynamo would guard the shape of their base
    outputs = []
    with torch_private.dynamo_settings(_SETTINGS), reverse_only():
        for part in parts:
            if len(part) < size:
                y, state = EAGER.run(neuron, part, state)
            else:
                ready = tuple(_ready(one, differentiable) for one in state)
                y, state = chunk(neuron.step, _marked(part, 1), ready)
            outputs.append(y)
    return torch.cat(outputs), state


_SETTINGS: Final[dict[str, Any]] = {
    "recompile_limit": RECOMPILATIONS,
    "fail_on_recompile_limit_hit": True,
    "force_parameter_static_shapes": False,  # one value a neuron: as dynamic as the width
    "force_nn_module_property_static_shapes": False,
}


@cache
def _compile(neuron: type, size: int, form: tuple[object, ...], device: str, threads: int) -> Chunk:
    """Return the compiled loop over ``size`` steps of one kind of neuron, for tensors of one ``form``.

    Dynamo keeps what it compiled by code object: each kind and form gets a code object of its own, so
    that its guards are few and its number of recompilations is its own.
    """
    loop = eager.run
    name = "_".join((neuron.__qualname__, f"{size}_steps", *map(str, form)))
    code = loop.__code__.replace(co_name=name)
    return by_inductor(FunctionType(code, loop.__globals__, name), device, threads)


def by_inductor(loop: Chunk, device: str, threads: int) -> Chunk:
    """Return ``loop`` compiled whole, forward and backward."""
    secure_code_folder()
    options: dict[str, Any] = {"compile_threads": 1}  # a pool of processes to compile two kernels is no gain
    if device == "cpu":
        options["cpp.threads"] = threads  # else code for another number is found on the disk
    return torch.compile(loop, fullgraph=True, options=options)


def chunk_steps(steps: int, most: int = MOST_STEPS) -> int:
    """Return the steps of a chunk, at most ``most``, for ``steps`` in all.

    A step that is left over costs as much as three chunks begun: this weighs the two. Of equal ones
    the shortest compiles soonest.
    """
    return min(range(1, most + 1), key=lambda size: (steps // size + 3 * (steps % size), size))


def _differentiable(neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, bool]:
    """Return the input, and whether gradients flow.

    Then the input takes them too, so that one graph serves.
    """
    sources = (x, *state, *neuron.parameters())
    if not (torch.is_grad_enabled() and any(one.requires_grad for one in sources)):
        return x, False
    return x if x.requires_grad else x.detach().requires_grad_(), True


def _ready(part: Tensor, differentiable: bool) -> Tensor:
    """Return a state tensor as every chunk takes it: the first one's must look like the others'."""
    if differentiable and part.is_floating_point() and not part.requires_grad:
        part = part.detach_().requires_grad_()
    return _marked(part, 0)


def _marked(tensor: Tensor, first: int) -> Tensor:
    """Return ``tensor`` with its axes from ``first`` on marked dynamic; 1 stays, as it may broadcast."""
    for axis in range(first, tensor.ndim):
        if tensor.shape[axis] > 1:
            torch_private.mark_dynamic(tensor, axis)
    return tensor
