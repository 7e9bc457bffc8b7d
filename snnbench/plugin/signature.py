"""A factory's signature declares parameters, in place of the ``params`` of its spec."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from snnbench.plugin.params import Param


def declared(factory: Callable[..., Any]) -> dict[str, Param]:
    """Return the parameters that are annotated ``Annotated[float, Param(…)]``, with their defaults.

    Raises:
        NameError: Such an annotation names what its module does not know.
    """
    function: Any = factory.func if isinstance(factory, partial) else factory
    if inspect.isclass(function):
        function = function.__init__
    elif not inspect.isroutine(function):
        function = type(function).__call__
    if not hasattr(function, "__globals__"):
        return {}  # it is written in C, and annotates nothing
    arguments = inspect.signature(function).parameters
    found: dict[str, Param] = {}
    for name, hint in inspect.get_annotations(function).items():
        for part in _parts(name, hint, function.__globals__):
            if isinstance(part, Param):
                default = arguments[name].default
                found[name] = part if default is inspect.Parameter.empty else replace(part, default=default)
    return found


def _parts(name: str, hint: Any, known: dict[str, Any]) -> tuple[Any, ...]:
    """Return what an annotation has beside the type; nothing if it names what its module does not know."""
    alone = SimpleNamespace(__annotations__={name: hint})
    try:
        read = get_type_hints(alone, globalns=known, include_extras=True)[name]
    except NameError:
        if "Param" in str(hint):
            raise
        return ()  # an import for the type checker alone
    return tuple(get_args(read)[1:]) if get_origin(read) is Annotated else ()


def plain(factory: Callable[..., Any]) -> dict[str, Param]:
    """Return the parameters that have a default, each with what its annotation declares of it."""
    known = declared(factory)
    return {
        one.name: known.get(one.name) or Param(one.default)
        for one in inspect.signature(factory).parameters.values()
        if one.name in known or isinstance(one.default, bool | int | float | str | tuple)
    }
