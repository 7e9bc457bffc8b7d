"""Whether what a plugin hands over is well formed. What its factories do is for the conformance kit."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from snnbench.plugin.specs import Claims, FromParam, NeuronSpec, Param, Spec

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class Fault(Exception):  # noqa: N818  not an error of the suite
    """What is wrong with a plugin, in one line."""


def check_spec(spec: object, kind: type[Spec]) -> None:
    """Check that ``spec`` is a well-formed spec of ``kind``, before anything relies on it.

    Raises:
        Fault: It is not; the text says what and which.
    """
    if not isinstance(spec, kind):
        raise Fault(f"snnbench_{kind.kind}s gave {str(spec)[:60]!r}, which is not a {kind.__name__}")
    if not isinstance(spec.name, str) or not _IDENTIFIER.fullmatch(spec.name):
        raise Fault(
            f"{kind.kind} name {spec.name!r} is not letters, digits and underscores, a digit not first"
        )
    where = f"{kind.kind} {spec.name!r}"
    if not isinstance(spec.version, str) or not spec.version.strip():
        raise Fault(f"{where}: its version is {spec.version!r}, not a text such as '1'")
    if not callable(spec.factory) and not _FACTORY.fullmatch(str(spec.factory)):
        raise Fault(
            f"{where}: its factory {spec.factory!r} is neither callable nor 'package.module:attribute'"
        )
    for name, hint in _hints(cast(Hashable, kind)).items():
        if not _fits(getattr(spec, name), hint):
            raise Fault(f"{where}: {name}={getattr(spec, name)!r} is not {_allowed(hint)}")
    for name, param in spec.params.items():
        _check_param(f"{where}, parameter {name!r}", name, param)
    if isinstance(spec, NeuronSpec):
        _check_claims(where, spec)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of the fields of ``kind``; looking them up takes longer than all checks of a spec."""
    return get_type_hints(kind)


def _check_claims(where: str, spec: NeuronSpec) -> None:
    """Check that a claim that a parameter decides names one whose values are what can be claimed."""
    for name, hint in _hints(cast(Hashable, Claims)).items():
        claim = getattr(spec, name)
        if not isinstance(claim, FromParam):
            continue
        if claim.name not in spec.params:
            raise Fault(f"{where}: {name} is said to follow {claim.name!r}, which is no parameter of it")
        for value in _values(spec.params[claim.name]):
            if claim.claims and value not in claim.claims:
                raise Fault(f"{where}: {name} follows {claim.name!r}, but claims nothing for {value!r}")
            if not _fits(claim.of(value), hint):
                what = f"{claim.of(value)!r} is not {_allowed(hint)}"
                raise Fault(f"{where}: {name} follows {claim.name!r}, but {what}")


def _values(param: Param) -> tuple[Any, ...]:
    """The values of a parameter that may decide a claim."""
    return param.choices or ((False, True) if isinstance(param.default, bool) else (param.default,))


def _fits(value: object, hint: Any) -> bool:
    """Whether ``value`` is of the type ``hint``, for the types that specs use."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    outer = get_origin(hint) or hint
    if isinstance(outer, type) and not isinstance(value, outer):
        return False
    return not isinstance(value, tuple | frozenset) or all(_fits(item, get_args(hint)[0]) for item in value)


def _allowed(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return f"one of {', '.join(map(repr, get_args(hint)))}"
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(map(_allowed, get_args(hint)))
    return getattr(get_origin(hint) or hint, "__name__", str(hint)).lower()


def _check_param(where: str, name: object, param: object) -> None:
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise Fault(f"{where}: the name is not an identifier")
    if not isinstance(param, Param):
        raise Fault(f"{where}: {param!r} is not a Param")
    if not isinstance(param.default, bool | int | float | str | tuple):
        raise Fault(f"{where}: the default {param.default!r} is not a number, text, truth value or tuple")
    try:
        param.check(param.default)
    except ValueError as error:
        raise Fault(f"{where}: the default {error}") from None
