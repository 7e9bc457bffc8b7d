"""A step is seen as a map of vectors: the whole state of one batch entry is one row of ``[B, N]``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from snnbench.core import torch_private
from snnbench.core.eager import State
from snnbench.errors import UsageError

MapStep: TypeAlias = Callable[[Any, State], tuple[Any, State]]


class FlatMap:
    """A flat map is ``step`` without its output, on flat states.

    Args:
        step: ``step(x_t, state) -> (output, state)``.
        state: Where to start: tensors of one floating dtype on one device, batch axis B first.

    Attributes:
        start: The initial state, ``[B, N]``.

    Raises:
        UsageError: The state is empty, not floating, or its parts do not go together.
    """

    def __init__(self, step: MapStep, state: State) -> None:
        _check(state)
        self._step = step
        self._shapes = [part.shape[1:] for part in state]
        self._sizes = [shape.numel() for shape in self._shapes]
        self.start = self.flatten(state).detach()

    @property
    def batch(self) -> int:
        """Return the number of batch entries B."""
        return self.start.shape[0]

    @property
    def width(self) -> int:
        """Return the number of components N of one entry's whole state."""
        return self.start.shape[1]

    def __call__(self, x_t: Tensor | None, h: Tensor) -> Tensor:
        """Return the next state, ``[B', N]``, for any number of entries B'.

        Raises:
            UsageError: The step changes the state's shape or dtype.
        """
        given = self.unflatten(h)
        before = _versions(given)
        state = _state_of(self._step(x_t, given))
        if _versions(given) != before:
            raise UsageError("the step writes into the state that it is given", "return a new state")
        if list(map(_form, state)) != list(map(_form, given)):
            before_it, after_it = (", ".join(map(_kind, parts)) for parts in (given, state))
            raise UsageError(
                f"the step turns a state of {before_it} into one of {after_it}",
                "start from a state of the shapes and dtype that the step keeps",
            )
        return self.flatten(state)

    def flatten(self, state: State) -> Tensor:
        """Return the parts ``[B, *]`` side by side, ``[B, N]``."""
        rows = [part.reshape(len(part), -1) for part in state]
        return rows[0] if len(rows) == 1 else torch.cat(rows, 1)

    def unflatten(self, h: Tensor) -> State:
        """Return the parts of ``h`` ``[B, N]``, each in its own shape."""
        parts = zip(torch.split(h, self._sizes, dim=1), self._shapes, strict=True)
        return tuple(part.reshape(len(h), *shape) for part, shape in parts)


def _state_of(result: object) -> State:
    """Return the state of what a step returns."""
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], tuple):
        return result[1]
    raise UsageError(
        f"the step returns {_kind(result)}, not (output, state)",
        "for a map without an output: return None, (next,)",
    )


def _kind(result: object) -> str:
    if isinstance(result, tuple):
        return f"({', '.join(type(part).__name__ for part in result)})"
    return _describe(result) if isinstance(result, Tensor) else type(result).__name__


def _form(part: object) -> object:
    return (part.shape, part.dtype, part.device) if isinstance(part, Tensor) else type(part)


def _versions(state: State) -> list[int]:
    """Return how often each part was written to; tensors of the inference mode do not count it."""
    return [torch_private.version(part) for part in state if not part.is_inference()]


def unbind(inputs: Tensor | int, batch: int) -> Sequence[Tensor | None]:
    """Return what the step is given at each time: ``inputs[t]``, or None T times for an undriven map.

    Raises:
        UsageError: There is no step, or ``inputs`` has another batch axis than the state.
    """
    if not isinstance(inputs, Tensor):
        steps = whole("inputs", inputs)
        if steps < 1:
            raise UsageError(f"inputs: {steps} steps", "give at least one")
        return [None] * steps
    if inputs.dim() < 2 or inputs.shape[1] != batch or not len(inputs):
        raise UsageError(
            f"inputs has shape {list(inputs.shape)}, the state has {batch} batch entries",
            "inputs is [T, B, ...] with T >= 1, or a number of steps",
        )
    return inputs.unbind(0)


def whole(name: str, value: object) -> int:
    """Return a whole number, of any type that is one.

    Raises:
        UsageError: It is none.
    """
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(f"{name}={value!r} is not a whole number", f"an int: {name}=10") from None


def _check(state: State) -> None:
    if not isinstance(state, tuple) or not all(isinstance(part, Tensor) for part in state):
        raise UsageError("the state is not a tuple of tensors", "put a comma after a single tensor: (h,)")
    if not sum(part.numel() for part in state):
        raise UsageError("the state is empty", "a map without memory has no Lyapunov exponents")
    kinds = {(part.dtype, part.device, part.shape[:1]) for part in state}
    if len(kinds) > 1 or not state[0].is_floating_point() or not state[0].dim():
        found = ", ".join(_describe(part) for part in state)
        raise UsageError(
            f"the state's parts do not go together: {found}",
            "all parts need one floating dtype, one device and the batch as their first axis",
        )


def _describe(part: Tensor) -> str:
    return f"{str(part.dtype).removeprefix('torch.')}{list(part.shape)} on {part.device}"


def check_transient(transient: int, steps: int) -> None:
    """Refuse a transient that leaves none of the ``steps``.

    Raises:
        UsageError: It does.
    """
    if not 0 <= transient < steps:
        raise UsageError(
            f"transient={transient} of {steps} steps leaves nothing to measure", "give more steps"
        )
