"""What a step may do by: everything a neuron holds but the values of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

import torch
from torch import Tensor, nn

PLAIN: Final = bool | int | float | complex | str | bytes | None
_MODULE: Final = {*vars(nn.Module()), "engine"} - {"training"}


class _Itself:
    """Equal to nothing but the same object, which it keeps alive."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __hash__(self) -> int:
        return id(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.held is other.held


def fingerprint(held: Any, seen: frozenset[int] = frozenset()) -> object:
    """Equal for two objects that a step would do the same with; hashable.

    Parameters and buffers count by shape, dtype and whether they learn. An object of which nothing is
    known is equal to itself alone.
    """
    if isinstance(held, PLAIN | torch.dtype | type):
        return type(held), repr(held) if isinstance(held, float) else held
    parts = None if id(held) in seen else _parts(held)
    if parts is None:
        return _Itself(held)
    return type(held), tuple(fingerprint(part, seen | {id(held)}) for part in parts)


def _parts(held: Any) -> Iterable[object] | None:
    """What an object is made of, in order; None if that is not known."""
    parts: Iterable[object] | None
    match held:
        case nn.Parameter():
            parts = [tuple(held.shape), held.dtype, held.requires_grad]
        case Tensor() | FunctionType() | MethodType():
            parts = None
        case Mapping():
            parts = [*held.keys(), *held.values()]
        case list() | tuple() | set() | frozenset():
            parts = held
        case nn.Module():
            own = {name: value for name, value in vars(held).items() if name not in _MODULE}
            buffers = {name: (tuple(one.shape), one.dtype) for name, one in held.named_buffers(recurse=False)}
            parts = [own, buffers, dict(held.named_parameters(recurse=False)), dict(held.named_children())]
        case partial():
            parts = [held.func, held.args, held.keywords]
        case _:
            parts = [vars(held)] if hasattr(held, "__dict__") else None
    return parts
