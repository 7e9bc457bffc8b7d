"""Check that what a plugin hands over is well formed. The conformance kit checks what its factories do."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints
from weakref import WeakValueDictionary

from snnbench.plugin.claims import Claims, FromParam
from snnbench.plugin.params import Param
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import DataFile, DatasetSpec, MeasurementSpec, NeuronSpec, SurrogateSpec
from snnbench.quantities import Flag, Quantity
from snnbench.reserved import TAKEN

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CHECKSUM = re.compile(r"(md5|sha256):[0-9a-fA-F]+")
MOST = 10.0**300
"""Greatest number that a spec may hold: what is computed from it for people is finite."""
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


_well_formed: WeakValueDictionary[int, Spec] = WeakValueDictionary()
"""Specs that passed, by their ``id``: plugins hand over the same objects whenever they are loaded."""

MEASURED = {"accuracy", "throughput", "memory", "stability", "reference", "floor"}
"""Names of the standard measurements, by which a result tells with which settings each was made."""


class Fault(Exception):  # noqa: N818  not an error of the suite
    """This says what is wrong with a plugin, in one line."""


def check_spec(spec: object, kind: type[Spec]) -> None:
    """Check that ``spec`` is a well-formed spec of ``kind``, before anything relies on it.

    Raises:
        Fault: It is not; the text says what and which.
    """
    if _well_formed.get(id(spec)) is spec and isinstance(spec, kind):
        return
    if not isinstance(spec, kind):
        raise Fault(f"snnbench_{kind.kind}s gave {str(spec)[:60]!r}, which is not a {kind.__name__}")
    if not isinstance(spec.name, str) or not _IDENTIFIER.fullmatch(spec.name):
        raise Fault(
            f"{kind.kind} name {spec.name!r} is not letters, digits and underscores, a digit not first"
        )
    where = f"{kind.kind} {spec.name!r}"
    if isinstance(spec, MeasurementSpec) and spec.name in TAKEN | MEASURED:
        what = "a column of the tables" if spec.name in TAKEN else "a standard measurement"
        raise Fault(f"{where}: {what} has that name")
    if not isinstance(spec.version, str) or not spec.version.strip():
        raise Fault(f"{where}: its version is {spec.version!r}, not a text such as '1'")
    if not callable(spec.factory) and not _FACTORY.fullmatch(str(spec.factory)):
        raise Fault(
            f"{where}: its factory {spec.factory!r} is neither callable nor 'package.module:attribute'"
        )
    _check_fields(where, spec, kind)
    for name, param in spec.params.items():
        _check_param(f"{where}, parameter {name!r}", name, param)
    if isinstance(spec, NeuronSpec):
        _check_claims(where, spec)
        for surrogate in spec.surrogates:
            check_spec(surrogate, SurrogateSpec)
    if isinstance(spec, MeasurementSpec):
        _check_quantities(where, spec)
    if isinstance(spec, DatasetSpec):
        _check_data(where, spec)
    _well_formed[id(spec)] = spec


def _check_fields(where: str, described: object, kind: type) -> None:
    """Check that each field of ``described`` has the type that ``kind`` gives it, its text can be written."""
    for name, hint in _hints(cast(Hashable, kind)).items():
        value = getattr(described, name)
        if not _fits(value, hint):
            raise Fault(f"{where}: {name}={value!r} is not {_allowed(hint)}")
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and not _is_unicode(text):
                raise Fault(
                    f"{where}: {name}={text!r} is no text that can be written: it has half a character"
                )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_quantities(where: str, spec: MeasurementSpec) -> None:
    if not spec.quantities:
        raise Fault(f"{where}: it has no quantities")
    if spec.flags is not None and not issubclass(spec.flags, Flag):
        raise Fault(f"{where}: flags={spec.flags!r} is no subclass of Flag")
    for flag in spec.flags or ():
        if "," in flag or ";" in flag or "[" in flag:
            raise Fault(f"{where}: the flag {flag.value!r} has a comma, a semicolon or a bracket")
    names = [one.name for one in spec.quantities]
    for one in spec.quantities:
        _check_fields(f"{where}, quantity {one.name!r}", one, Quantity)
        if not all(_IDENTIFIER.fullmatch(part) for part in one.name.split(".") if one.name):
            raise Fault(f"{where}: the quantity {one.name!r} is not named by identifiers with dots between")
        if names.count(one.name) > 1:
            raise Fault(f"{where}: two of its quantities are named {one.name!r}")


def _check_data(where: str, spec: DatasetSpec) -> None:
    if not 0 <= spec.samples <= MOST:
        raise Fault(f"{where}: samples={spec.samples} is no number of samples")
    for file in spec.files:
        _check_fields(f"{where}, file {file.path!r}", file, DataFile)
        if not _CHECKSUM.fullmatch(file.checksum):
            problem = f"checksum={file.checksum!r} is neither 'md5:' nor 'sha256:' and hexadecimal digits"
            raise Fault(f"{where}, file {file.path!r}: {problem}")
        if not file.path:
            raise Fault(f"{where}: a file has no path")
        for path in filter(None, (file.path, file.unpack)):
            if Path(path).is_absolute() or ".." in Path(path).parts:
                raise Fault(f"{where}: {path!r} is no path below the data root")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return the types of the fields of ``kind``; looking them up takes longer than all checks of a spec."""
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
    """Return the values of a parameter that may decide a claim."""
    return param.choices or ((False, True) if isinstance(param.default, bool) else (param.default,))


def _fits(value: object, hint: Any) -> bool:
    """Return whether ``value`` is of the type ``hint``, for the types that specs use."""
    origin, arguments = _shape(hint)
    if origin is Literal:
        return value in arguments
    if origin is Union or origin is UnionType:
        return any(_fits(value, part) for part in arguments)
    outer = origin or hint
    if outer is float:
        return isinstance(value, float | int) and not isinstance(value, bool)
    if isinstance(outer, type) and not isinstance(value, outer):
        return False
    return not isinstance(value, tuple | frozenset) or all(_fits(item, arguments[0]) for item in value)


@cache
def _shape(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without its arguments, and these; looked up once, as a host checks hundreds of specs."""
    return get_origin(hint), get_args(hint)


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
    _check_default(where, param.default)
    _check_fields(where, param, Param)
    for bound in filter(None, (param.low, param.high)):
        if not abs(bound) <= MOST:
            raise Fault(f"{where}: {bound!r} is no bound; leave out low or high where there is none")
    if param.low is not None and param.high is not None and param.low > param.high:
        raise Fault(f"{where}: low={param.low!r} is above high={param.high!r}")
    try:
        param.check(param.default)
    except ValueError as error:
        raise Fault(f"{where}: the default {error}") from None


def _check_default(where: str, default: object) -> None:
    """Check that a default is a scalar, or a tuple of scalars or of tuples of scalars, all of one type."""
    items = default if isinstance(default, tuple) else (default,)
    flat = [part for item in items for part in (item if isinstance(item, tuple) else (item,))]
    kinds = {type(one) for one in flat}
    if not kinds <= {bool, int, float, str}:
        raise Fault(f"{where}: the default {default!r} is not a number, text, truth value or tuple")
    if len(kinds) > 1 or len({isinstance(item, tuple) for item in items}) > 1:
        raise Fault(f"{where}: the default {default!r} mixes types")
    for one in flat:
        if isinstance(one, str) and not _is_unicode(one):
            raise Fault(f"{where}: the default {one!r} is no text that can be written")
        if isinstance(one, int | float) and not abs(one) <= MOST:
            raise Fault(f"{where}: the default {one!r} is not finite, or too large")
