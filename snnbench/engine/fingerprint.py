"""What a step may do by: everything a neuron holds but the values of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Mapping
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
    if id(held) in seen:
        return "seen"
    seen |= {id(held)}
    if isinstance(held, nn.Parameter):
        return held.shape, held.dtype, held.requires_grad
    if isinstance(held, Tensor):
        return _Itself(held)
    if isinstance(held, Mapping):
        return tuple((fingerprint(key, seen), fingerprint(value, seen)) for key, value in held.items())
    if isinstance(held, list | tuple | set | frozenset):
        return type(held), tuple(fingerprint(one, seen) for one in held)
    if isinstance(held, nn.Module):
        own = {name: value for name, value in vars(held).items() if name not in _MODULE}
        buffers = {name: (one.shape, one.dtype) for name, one in held.named_buffers(recurse=False)}
        parts = [own, buffers, dict(held.named_parameters(recurse=False)), dict(held.named_children())]
        return type(held), tuple(fingerprint(part, seen) for part in parts)
    if isinstance(held, partial):
        return type(held), fingerprint((held.func, held.args, held.keywords), seen)
    if isinstance(held, FunctionType | MethodType) or not hasattr(held, "__dict__"):
        return _Itself(held)
    return type(held), fingerprint(vars(held), seen)
