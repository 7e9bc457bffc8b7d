"""From the texts on an axis to its components: found, checked, sweeps written out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, cast

from snnbench.errors import UsageError
from snnbench.identity import component_code, component_key
from snnbench.matrix import grammar, select
from snnbench.plugin.code import code_of
from snnbench.plugin.host import Host, Provided
from snnbench.plugin.spec import Spec
from snnbench.records import Component, Params, Value

MOST_CHOICES = 100_000
"""More components than this on one axis are taken for a sweep that got out of hand."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One component on an axis, with all that is derived from it worked out once.

    Attributes:
        identity: Its key: all that tells it apart from any other.
        words: What a selection may call it.
    """

    component: Component
    provided: Provided
    identity: str
    words: frozenset[str]


Axes: TypeAlias = dict[str, tuple[Choice, ...]]


def axis(kind: str, texts: Sequence[str], host: Host) -> tuple[Choice, ...]:
    """Return the components that ``texts`` name, sweeps written out, in order.

    Those that resolve to the same parameters are one: the first.

    Raises:
        UsageError: A component or parameter is unknown, of the wrong type or out of range.
        PluginError: The plugin that provides it is broken.
    """
    choices: dict[str, Choice] = {}
    codes: dict[tuple[str, str], Mapping[str, str]] = {}  # components of one plugin share it
    for text in texts:
        request = grammar.parse(text)
        provided = host.find(kind, request.reference)
        origin = provided.module, provided.spec.home
        if origin not in codes:
            codes[origin] = component_code(provided)
        for params in _sweep(request, provided.spec):
            choice = _choose(params, provided, codes[origin], host)
            choices.setdefault(choice.identity, choice)
            if len(choices) > MOST_CHOICES:
                raise UsageError(f"{kind} {text!r} sweeps more than {MOST_CHOICES:,} values", "sweep fewer")
    return _clearly_named(kind, tuple(choices.values()))


def _sweep(request: grammar.Request, spec: Spec) -> Iterator[Params]:
    """Yield every combination of the values given, the last parameter varying fastest."""
    names = [name for name, _ in request.arguments]
    values = [_values(name, value, spec) for name, value in request.arguments]
    for combination in product(*values):
        yield tuple(zip(names, combination, strict=True))


def _values(name: str, raw: grammar.Raw, spec: Spec) -> tuple[Value, ...]:
    """Return the values of parameter ``name``: a sweep's, or the one."""
    default = spec.params[name].default if name in spec.params else 0
    if not _is_sweep(raw, default):
        return (cast(Value, raw),)
    if raw == ():
        raise UsageError(f"{spec.kind} {spec.name!r}, parameter {name!r}: [] gives it no value")
    # lists nested too deeply are not Values yet; the spec refuses them
    return cast(tuple[Value, ...], raw)


def _is_sweep(raw: grammar.Raw, default: Value) -> bool:
    """Return whether ``raw`` is a list of what ``default`` is one of.

    Where ``default`` is a list, a sweep is a list of lists.
    """
    if not isinstance(default, tuple):
        return isinstance(raw, tuple)
    first = default[0] if default else 0
    return isinstance(raw, tuple) and bool(raw) and all(_is_sweep(item, first) for item in raw)


def _choose(given: Params, provided: Provided, code: Mapping[str, str], host: Host) -> Choice:
    resolved = provided.spec.resolve(given)
    if named := host.code_named(provided.spec, resolved):
        code = {**code, **code_of(named)}
    component = Component(provided.reference, tuple(sorted((name, resolved[name]) for name, _ in given)))
    key = component_key(provided, code, resolved)
    return Choice(component, provided, key, select.component_words(component))


def _clearly_named(kind: str, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Return ``choices``, unless two of them read the same: reports could not tell their rows apart."""
    for label, count in Counter(str(choice.component) for choice in choices).items():
        if count > 1:
            raise UsageError(f"{count} different {kind}s would all read {label!r}", "give other values")
    return choices
