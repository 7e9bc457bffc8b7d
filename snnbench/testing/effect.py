"""Probe whether each parameter of a component does something: else a board shows one model as two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeAlias

from snnbench.plugin.spec import Spec
from snnbench.records import Params, Value
from snnbench.testing.casebook import variants
from snnbench.testing.outcomes import Violation
from snnbench.testing.specs import at_limits

Behaviour: TypeAlias = tuple[object, ...]
"""What can be seen of a component, to be compared by ``==``."""


def check_effects(spec: Spec, behaviour: Callable[[Params], Behaviour | None]) -> None:
    """Refuse a parameter that changes nothing, whatever one other parameter is.

    Args:
        spec: Of the component.
        behaviour: Of the component at given parameters; None where it cannot be built or run.
    """
    known = cache(behaviour)
    for name in spec.params:
        changes = _changes(spec, name, known)
        if next(changes, True) is False and not any(changes):
            raise Violation(
                f"parameter {name!r} changes nothing that it gives",
                hint="leave it out of the spec: rows that differ in it alone would pass for two models",
            )


def _changes(spec: Spec, name: str, behaviour: Callable[[Params], Behaviour | None]) -> Iterator[bool]:
    """Yield whether each other value of a parameter makes another component, at each value of the others."""
    for base in (*variants(spec), *(((one, value),) for one in spec.params for value in _others(spec, one))):
        given = dict(base)
        if name in given:
            continue
        before = behaviour(base)  # None where the others do not go with its default
        for value in _others(spec, name):
            found = behaviour(tuple(sorted((given | {name: value}).items())))
            if found is not None:
                yield found != before


def _others(spec: Spec, name: str) -> Iterator[Value]:
    """Yield values that a parameter may have instead of its default."""
    param = spec.params[name]
    values: list[Value] = [*param.choices]
    if isinstance(param.default, bool):
        values = [not param.default]
    elif isinstance(param.default, float) and not param.choices:
        values = [param.default / 2, param.default + 0.25, param.default * 2]
    values += [value for ((other, value),) in at_limits(spec) if other == name]
    for value in values:
        try:
            param.check(value)
        except ValueError:
            continue
        if value != param.default:
            yield value
