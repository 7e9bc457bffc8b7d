"""The compiled engine: torch.compile of a chunk of steps, unrolled, one chunk after the other.

State, recurrence, surrogate and the backward pass are inside the compiled chunk. Width and batch are
dynamic, so that one compilation serves all layers of a kind and all batch sizes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from snnbench.engine import eager
from snnbench.engine.agreement import Run, disagreement, is_elementwise
from snnbench.engine.arithmetic import UnsupportedStepError
from snnbench.engine.eager import EAGER, State, Stepping
from snnbench.engine.fingerprint import fingerprint
from snnbench.engine.loops import Loop
from snnbench.engine.surrogate import observed, reverse_only

MOST_STEPS: Final = 25
"""Of a chunk: a longer one takes minutes to compile and runs slower."""

RECOMPILATIONS: Final = 64
"""Of one kind of neuron, for its different parameters, dtypes and modes. Dynamo's own 8 are few."""

Chunk: TypeAlias = Callable[..., tuple[Tensor, State]]


class Compiled:
    """Runs any neuron with a pure step. The first call of each kind compiles, and compares with eager.

    Args:
        chunk: Steps of a chunk; None to fit it to the first input. It stays what it is, whatever the
            length of later inputs, as each length of a chunk is compiled by itself.

    Attributes:
        refusal: Why everything runs eagerly instead: what could not be compiled, or disagreed.
    """

    name = "compiled"

    def __init__(self, chunk: int | None = None) -> None:
        self.chunk = chunk
        self.refusal = ""
        self._trusted: set[tuple[object, ...]] = set()
        self._loops: dict[tuple[object, ...], Loop | None] = {}
        self._elementwise: WeakKeyDictionary[Stepping, bool] = WeakKeyDictionary()

    def run(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        if self.chunk is None:
            self.chunk = chunk_steps(len(x))
        if self.refusal or not state or _observed():
            return EAGER.run(neuron, x, state)
        loop = self._loop(neuron, x, state)
        if loop is None and (x.shape[1] == 1 or len(x) < self.chunk):
            return EAGER.run(neuron, x, state)
        run = loop.run if loop else self._chunks
        kind = (type(neuron), loop, x.shape[2:], x.dtype, x.device, torch.is_grad_enabled())
        if kind not in self._trusted:
            self.refusal = self._trial(neuron, x, state, run)
            if self.refusal:
                return EAGER.run(neuron, x, state)
            self._trusted.add(kind)
        return run(neuron, x, state)

    def _loop(self, neuron: Stepping, x: Tensor, state: State) -> Loop | None:
        """The loop over all steps of this kind of neuron and input; None where there is none."""
        form = (x.device, x.dtype, *(part.dtype for part in state), torch.is_autocast_enabled(x.device.type))
        kind = (form, fingerprint(neuron))
        if kind not in self._loops:
            try:
                self._loops[kind] = Loop(neuron, x, state)
            except UnsupportedStepError:
                self._loops[kind] = None
        return self._loops[kind]

    def __deepcopy__(self, memo: object) -> Compiled:
        return self  # a copy of a network is run by the same engine

    def __repr__(self) -> str:
        return f"Compiled(chunk={self.chunk})"

    def _trial(self, neuron: Stepping, x: Tensor, state: State, run: Run) -> str:
        """Compile, and compare with eager on this very input; what is wrong, if something is."""
        try:
            with _silence(), torch.random.fork_rng([]), saved_tensors_hooks(_as_it_is, _as_it_is):
                return disagreement(neuron, x, state, EAGER.run, run)
        except Exception as error:
            first = str(error).strip().partition("\n")[0]
            return f"it cannot be compiled: {type(error).__name__}: {first}"

    def _chunks(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        if not self._is_elementwise(neuron, x, state):
            return self._chunk_by_chunk(neuron, x, state)
        shape = x.shape[1:]
        y, state = self._chunk_by_chunk(neuron, x.flatten(1), tuple(part.flatten() for part in state))
        return y.view(len(y), *shape), tuple(part.view(shape) for part in state)

    def _is_elementwise(self, neuron: Stepping, x: Tensor, state: State) -> bool:
        if neuron not in self._elementwise:
            self._elementwise[neuron] = is_elementwise(neuron, x, state)
            for one in (*neuron.parameters(), *neuron.buffers()):
                _marked(one, 0)
        return self._elementwise[neuron]

    def _chunk_by_chunk(self, neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Chunk after chunk; the steps that are left over run eagerly: they would need their own graph."""
        assert self.chunk is not None
        size = self.chunk
        x, differentiable = _differentiable(neuron, x, state)
        form = (len(state), x.ndim, x.dtype, differentiable)
        chunk = _compile(type(neuron), size, form, x.device.type, torch.get_num_threads())
        state = tuple(part.clone(memory_format=torch.contiguous_format) for part in state)
        parts = x.contiguous().unsafe_split(size)  # not views: dynamo would guard the shape of their base
        outputs = []
        with torch._dynamo.config.patch(**_SETTINGS), reverse_only():
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
    """The compiled loop over ``size`` steps of one kind of neuron, for tensors of one ``form``.

    Dynamo keeps what it compiled by code object: each kind and form gets a code object of its own, so
    that its guards are few and its number of recompilations is its own.
    """
    loop = eager.run
    name = "_".join((neuron.__qualname__, f"{size}_steps", *map(str, form)))
    code = loop.__code__.replace(co_name=name)
    return by_inductor(FunctionType(code, loop.__globals__, name), device, threads)


def by_inductor(loop: Chunk, device: str, threads: int) -> Chunk:
    """``loop`` compiled whole, forward and backward."""
    options: dict[str, Any] = {"compile_threads": 1}  # a pool of processes to compile two kernels is no gain
    if device == "cpu":
        options["cpp.threads"] = threads  # else code for another number is found on the disk
    return torch.compile(loop, fullgraph=True, options=options)


def chunk_steps(steps: int, most: int = MOST_STEPS) -> int:
    """Steps of a chunk, at most ``most``, for ``steps`` in all.

    A step that is left over costs as much as three chunks begun: this weighs the two. Of equal ones
    the shortest compiles soonest.
    """
    return min(range(1, most + 1), key=lambda size: (steps // size + 3 * (steps % size), size))


def _observed() -> bool:
    """Whether someone counts or changes operations or spikes: compiled code would hide them."""
    transformed = torch._C._functorch.peek_interpreter_stack() is not None
    return transformed or is_in_torch_dispatch_mode() or observed()


def _differentiable(neuron: Stepping, x: Tensor, state: State) -> tuple[Tensor, bool]:
    """The input, and whether gradients flow: then the input takes them too, so that one graph serves."""
    sources = (x, *state, *neuron.parameters())
    if not (torch.is_grad_enabled() and any(one.requires_grad for one in sources)):
        return x, False
    return x if x.requires_grad else x.detach().requires_grad_(), True


def _ready(part: Tensor, differentiable: bool) -> Tensor:
    """A state tensor as every chunk takes it: the first one's must look like the others'."""
    if differentiable and part.is_floating_point() and not part.requires_grad:
        part = part.detach_().requires_grad_()
    return _marked(part, 0)


def _marked(tensor: Tensor, first: int) -> Tensor:
    """``tensor`` with its axes from ``first`` on marked dynamic; 1 stays, as it may broadcast."""
    for axis in range(first, tensor.ndim):
        if tensor.shape[axis] > 1:
            torch._dynamo.maybe_mark_dynamic(tensor, axis)
    return tensor


def _as_it_is(tensor: Tensor) -> Tensor:
    """What a trial saves is its own: no checkpoint around it is to be computed again for it."""
    return tensor


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the compiler's warnings from the user: what matters comes back as the refusal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
