"""A fingerprint tells what a step may do by: all a neuron holds but the values of parameters and buffers."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from operator import is_
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary, ref

import torch
from torch import Tensor, nn

from snnbench.compiler.program import UnsupportedStepError
from snnbench.core import torch_private

PLAIN: Final = bool | int | float | complex | str | bytes | torch.dtype | torch.device | enum.Enum | None
LASTING: Final = ModuleType | torch.Generator | MemberDescriptorType | GetSetDescriptorType
"""Of these the same object does the same; what a generator draws is no arithmetic anyway."""
WRAPPERS: Final = {
    property: "fget",
    cached_property: "func",
    staticmethod: "__func__",
    classmethod: "__func__",
    BuiltinFunctionType: "__self__",
}
"""What holds one thing, for good, and does by it."""
MOST: Final = 500
"""Containers that are looked into: who holds more holds something foreign."""
FOREIGN: Final = {"torch", "builtins", "collections", "functools", "types", "abc", "typing", "enum"}
"""Packages whose classes nobody changes."""
_MODULE: Final = {*vars(nn.Module()), "engine"} - {"training"}

Look: TypeAlias = Callable[[], Iterable[object]]


class Fingerprints:
    """Fingerprints of neurons, taken anew only where something has changed since."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Any, tuple[int, Seen]] = WeakKeyDictionary()
        self._numbers: dict[object, int] = {}

    def of(self, neuron: nn.Module) -> int:
        """Return a number, equal for two neurons whose steps do the same with the same parameters.

        Parameters and buffers count by name, shape and dtype.

        Raises:
            UnsupportedStepError: It holds something of which is not known whether it changes.
        """
        known = self._known.get(neuron)
        if known is None or not known[1].is_unchanged():
            seen = Seen()
            tensors = (*neuron.named_parameters(), *neuron.named_buffers())  # tied ones once
            names = [name for name, _ in tensors]
            whole = tuple(names), _fingerprint(neuron, seen, ())
            known = self._known[neuron] = self._numbers.setdefault(whole, len(self._numbers)), seen
        return known[0]


class Seen:
    """This remembers what was looked into, and what it held then."""

    def __init__(self) -> None:
        self._checks: list[tuple[Look, tuple[object, ...]]] = []

    def add(self, look: Look) -> None:
        """Note what ``look`` gives now.

        Raises:
            UnsupportedStepError: This is too much to look at again and again.
        """
        self._checks.append((look, tuple(look())))
        if len(self._checks) > MOST:
            raise UnsupportedStepError(f"it holds more than {MOST} objects")

    def is_unchanged(self) -> bool:
        """Return whether everything still holds the same objects, or equal plain ones."""
        return all(_are_same(tuple(look()), then) for look, then in self._checks)


def _are_same(now: tuple[object, ...], then: tuple[object, ...]) -> bool:
    if len(now) != len(then):
        return False
    if all(map(is_, now, then)):  # nearly always, and in every call: as fast as can be
        return True
    changed = (pair for pair in zip(now, then, strict=True) if pair[0] is not pair[1])
    return all(_is_plain(a) and _is_plain(b) and _told(a) == _told(b) for a, b in changed)


def _is_plain(held: object) -> bool:
    """Return nothing but its value; a subclass of a number or a text may have attributes."""
    return isinstance(held, PLAIN | _Shape) and (
        isinstance(held, enum.Enum | _Shape) or not hasattr(held, "__dict__")
    )


def _told(held: object) -> object:
    """Return what is equal for equal plain values: 1 is not True, and 0.0 is not -0.0."""
    if isinstance(held, _Shape):
        return id(held.tensor), held.told
    return type(held), repr(held) if isinstance(held, float | complex) else held


class _Itself:
    """Equal to nothing but the same object, which it keeps alive."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __hash__(self) -> int:
        return id(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.held is other.held


class _Shape:
    """This stands for a parameter or buffer by shape and dtype; it equals only that of the same one."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor  # kept, so that no other gets its identity
        self.told = tuple(tensor.shape), tensor.dtype


def _fingerprint(held: Any, seen: Seen, above: tuple[int, ...]) -> object:
    if isinstance(held, _Shape):
        return held.told
    if _is_plain(held):
        return _told(held)
    empty = isinstance(held, FunctionType) and not any(True for _ in _of_function(held))
    if empty or isinstance(held, LASTING) or id(held) in above:
        return _Itself(held)
    within = *above, id(held)
    for kind, inner in WRAPPERS.items():
        if isinstance(held, kind):
            return _Itself(held), _fingerprint(getattr(held, inner), seen, within)
    if isinstance(held, type):
        return _Itself(held), tuple(_fingerprint(part, seen, within) for part in _of_class(held, seen))
    look: Look = partial(_typed, held, _look_into(held))
    if not above:  # the neuron itself: to know it is not to keep it
        look = partial(_of_neuron, ref(held))
    seen.add(look)
    own = _Itself(held) if isinstance(held, Tensor | FunctionType) else None
    return own, tuple(_fingerprint(part, seen, within) for part in look())


def _of_neuron(neuron: ref[nn.Module]) -> tuple[object, ...]:
    held = neuron()
    assert held is not None  # it is being looked at
    return _typed(held, partial(_of_module, held, top=True))


def _typed(held: object, look: Look) -> tuple[object, ...]:
    return type(held), *look()


def _look_into(held: Any) -> Look:
    """Return what tells, in order, what an object is made of.

    Raises:
        UnsupportedStepError: Nothing does.
    """
    look: Look
    match held:
        case Tensor() if not held.is_inference():
            look = lambda: (torch_private.version(held),)  # noqa: E731  # its numbers may have become part of the step
        case list() | tuple() | set() | frozenset():
            look = lambda: (*held, *_of_object(held))  # noqa: E731
        case Mapping():
            look = lambda: (*held.keys(), *held.values(), *_of_object(held))  # noqa: E731
        case nn.Module():
            look = partial(_of_module, held, top=False)
        case partial():
            look = lambda: (held.func, held.args, held.keywords)  # noqa: E731
        case MethodType():
            look = lambda: (held.__func__, held.__self__)  # noqa: E731
        case FunctionType():
            look = partial(_of_function, held)
        case _ if not isinstance(held, PLAIN | Tensor) and (
            hasattr(held, "__dict__") or hasattr(held, "__slots__")
        ):
            look = partial(_of_object, held)
        case _:
            raise UnsupportedStepError(f"it holds a {type(held).__name__}, which may change unseen")
    return look


def _of_module(module: nn.Module, *, top: bool) -> Iterator[object]:
    if not top and torch_private.has_hooks(module):  # those of the neuron itself are not called in a step
        raise UnsupportedStepError("a module within it has hooks")
    for name, value in vars(module).items():
        if name not in _MODULE:
            yield from (name, value)
    for name, part in torch_private.tensors_and_modules(module):
        yield from (name, _Shape(part) if isinstance(part, Tensor) else part)


def _of_function(function: FunctionType) -> Iterator[object]:
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from vars(function).values()
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # not filled yet
            yield cell.cell_contents


def _of_object(held: Any) -> Iterator[object]:
    for pair in getattr(held, "__dict__", {}).items():
        yield from pair
    for kind in type(held).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            yield getattr(held, name, None)


def _of_class(kind: type, seen: Seen) -> Iterator[object]:
    """Yield what the objects of a class share: attributes of it and of its bases."""
    for one in kind.__mro__:
        if one.__module__.partition(".")[0] not in FOREIGN:
            seen.add(vars(one).values)
            yield from (value for name, value in vars(one).items() if not name.startswith(("__", "_abc_")))
