"""A hash of the code of an object that no module holds, such as a class of a notebook."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType, ModuleType
from typing import cast

MAIN = "__main__"
"""The module of a script or a notebook; stands for that of a function's own classes, too."""

_NOT_CODE = {"__dict__", "__weakref__", "__doc__", "__module__", "__firstlineno__", "__static_attributes__"}


def digest(thing: object) -> str:
    """Return eight hex digits that change with what ``thing`` does; comments and line numbers leave them.

    Functions, classes and values of ``__main__`` that it names count, and those of modules by their name.
    """
    text = "\n".join(_facts(thing, []))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def home(thing: object) -> str:
    """Return the module from which another process can import ``thing``; ``__main__`` where there is none."""
    name = str(getattr(thing, "__module__", MAIN))
    local = "<locals>" in str(getattr(thing, "__qualname__", ""))
    return MAIN if local or name not in sys.modules else name


def _facts(thing: object, seen: list[object]) -> Iterator[str]:
    """Yield lines that describe ``thing``. An object that is in ``seen`` is named by its place there."""
    if thing is None or isinstance(thing, str | bytes | int | float):
        yield repr(thing)
        return
    before = next((index for index, one in enumerate(seen) if one is thing), None)
    if before is not None:
        yield f"again {before}"
        return
    seen.append(thing)
    label, parts = _parts(thing)
    yield f"{label} {len(parts)}"
    for part in parts:
        yield from _facts(part, seen)


def _parts(thing: object) -> tuple[str, Sequence[object]]:
    """Return what kind of object ``thing`` is, and the parts that it is made of."""
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    label, parts = f"{home(thing)}.{name}", cast(Sequence[object], ())
    match thing:
        case CodeType():
            label, parts = f"{thing.co_code.hex()} {thing.co_names} {thing.co_varnames}", thing.co_consts
        case FunctionType() if home(thing) == MAIN:
            named = [thing.__globals__.get(name) for name in thing.__code__.co_names]
            cells = [cell.cell_contents for cell in thing.__closure__ or ()]
            label, parts = (
                "function",
                [thing.__code__, thing.__defaults__, thing.__kwdefaults__, *cells, *named],
            )
        case type() if home(thing) == MAIN:
            own = {name: value for name, value in vars(thing).items() if name not in _NOT_CODE}
            label, parts = f"class {thing.__qualname__}", [*thing.__bases__, own]
        case dict():
            label, parts = "dict", [part for name in sorted(thing, key=repr) for part in (name, thing[name])]
        case tuple() | list():
            label, parts = "sequence", thing
        case staticmethod() | classmethod():
            label, parts = "method", [thing.__func__]
        case property():
            label, parts = "property", [thing.fget, thing.fset]
        case ModuleType():
            label, parts = f"module {thing.__name__}", []
        case _ if is_dataclass(thing) and not isinstance(thing, type):
            label, parts = type(thing).__qualname__, [getattr(thing, field.name) for field in fields(thing)]
        case _ if home(type(thing)) == MAIN:
            label, parts = "instance", [type(thing), getattr(thing, "__dict__", {})]
    return label, parts
