"""What a step may do by: everything a neuron holds but the values of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

PLAIN: Final = bool | int | float | complex | str | bytes | None
_MODULE: Final = {*vars(nn.Module()), "engine"} - {"training"}


class Fingerprints:
    """Fingerprints of neurons, taken anew only where something has changed since."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, tuple[object, list[tuple[object, object]]]] = WeakKeyDictionary()

    def of(self, neuron: Any) -> object:
        """``fingerprint(neuron)``."""
        known = self._known.get(neuron)
        if known is None or not _unchanged(known[1]):
            seen: list[tuple[object, object]] = []
            known = self._known[neuron] = fingerprint(neuron, seen), seen
        return known[0]


def _unchanged(seen: list[tuple[object, object]]) -> bool:
    """Whether containers still hold what they held. The same object is equal to itself, a tensor too."""
    try:
        return all(now == then for now, then in seen)
    except (RuntimeError, TypeError, ValueError):  # a tensor in the place of another has no truth value
        return False


class _Itself:
    """Equal to nothing but the same object, which it keeps alive."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __hash__(self) -> int:
        return id(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.held is other.held


def fingerprint(held: Any, seen: list[tuple[object, object]], above: tuple[int, ...] = ()) -> object:
    """Equal for two objects that a step would do the same with; hashable.

    Parameters and buffers count by shape and dtype. An object of which nothing is known is equal to itself
    alone.

    Args:
        held: A neuron, or what it holds.
        seen: Gets every container that was looked into, with what it held.
        above: What holds it.
    """
    if isinstance(held, PLAIN | torch.dtype | type):
        return type(held), repr(held) if isinstance(held, float) else held
    parts = None if id(held) in above else _parts(held, seen)
    if parts is None:
        return _Itself(held)
    return type(held), tuple(fingerprint(part, seen, (*above, id(held))) for part in parts)


def _parts(held: Any, seen: list[tuple[object, object]]) -> Iterable[object] | None:
    """What an object is made of, in order; None if that is not known."""
    parts: Iterable[object] | None
    match held:
        case nn.Parameter():
            parts = tuple(held.shape), held.dtype
        case Tensor() | FunctionType() | MethodType():
            parts = None
        case Mapping():
            seen.append((held, {**held}))
            parts = *held.keys(), *held.values()
        case list() | set():
            seen.append((held, held.copy()))
            parts = tuple(held)
        case tuple() | frozenset():
            parts = held
        case nn.Module():
            seen += (
                (kept, dict(kept)) for kept in (vars(held), held._parameters, held._buffers, held._modules)
            )
            own = tuple(item for item in vars(held).items() if item[0] not in _MODULE)
            buffers = tuple(
                (name, tuple(one.shape), one.dtype) for name, one in held.named_buffers(recurse=False)
            )
            parts = own, buffers, tuple(held.named_parameters(recurse=False)), tuple(held.named_children())
        case partial():
            parts = held.func, held.args, held.keywords
        case _ if hasattr(held, "__dict__"):
            parts = (vars(held),)
        case _:
            parts = None
    return parts
