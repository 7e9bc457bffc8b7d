"""Probe whether a spec says all that a reader needs, and only what is so. For every kind of component."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Final, Protocol

from snnbench.plugin.params import Param
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import NeuronSpec
from snnbench.records import Params, Value
from snnbench.testing.casebook import Probe
from snnbench.testing.outcomes import Undecided, Violation


class HasSpec(Protocol):
    """This says what any component's probes are run on."""

    spec: Spec


class Builds(HasSpec, Protocol):
    """One that can be built; ``make`` raises ``Undecided`` where it refuses."""

    def make(self) -> object: ...


def text(subject: HasSpec) -> None:
    """Check the texts that people read."""
    spec = subject.spec
    if not spec.summary.strip():
        raise Violation("its summary is empty", hint="one line: what it is")
    if isinstance(spec, NeuronSpec) and not spec.reference.strip():
        raise Violation(
            "its reference is empty", hint="the paper and equation, or the library, it implements"
        )
    for name, param in spec.params.items():
        if not param.doc.strip():
            raise Violation(
                f"parameter {name!r} has no doc", hint=f'"{name}": Param(..., doc="what it does")'
            )
        if _is_time(name, param) and not param.unit:
            raise Violation(
                f"parameter {name!r} is a time without a unit", hint=f'"{name}": Param(..., unit="ms")'
            )


def _is_time(name: str, param: Param) -> bool:
    return isinstance(param.default, float) and (name == "dt" or name.startswith("tau"))


def defaults(subject: HasSpec) -> None:
    """Compare the spec's defaults with the factory's own."""
    spec = subject.spec
    try:
        own = inspect.signature(spec.load()).parameters
    except ValueError:
        raise Undecided("its factory does not tell its arguments") from None
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in own.values())
    for name, param in spec.params.items():
        if name not in own:
            if not takes_any:
                raise Violation(f"parameter {name!r} of its spec is no argument of its factory")
            continue
        default = own[name].default
        if default is not inspect.Parameter.empty and not _equal(default, param.default):
            raise Violation(
                f"parameter {name!r} is {param.default!r} by its spec and {default!r} by its factory",
                hint="make them equal: from Python people get the factory's",
            )


def _equal(one: Any, other: Value) -> bool:
    if isinstance(one, list):
        one = tuple(one)
    return type(one) is type(other) and bool(one == other)


def at_limits(spec: Spec) -> Iterator[Params]:
    """Yield each real or whole parameter at its ends; where it has no end, at values that a user may try."""
    for name, param in spec.params.items():
        if isinstance(param.default, bool) or not isinstance(param.default, int | float):
            continue
        kind = type(param.default)
        low = -1 if param.low is None else param.low
        high = 4 * abs(param.default) + 4 if param.high is None else param.high
        for value in dict.fromkeys((kind(low), kind(0), kind(high))):
            try:
                param.check(value)
            except ValueError:
                continue
            yield ((name, value),)


def shown(params: Params) -> str:
    """Return ``beta=1.0``."""
    return ", ".join(f"{name}={value!r}" for name, value in params)


def builds(subject: Builds) -> None:
    """Build the component at its defaults."""
    try:
        subject.make()
    except Undecided as refusal:
        if any(param.default == "" and not param.choices for param in subject.spec.params.values()):
            raise
        raise Violation(str(refusal), hint="its defaults must work: people try them first") from None


BUILD_PROBE: Final = Probe("spec[builds]", "that it can be built at its defaults", builds, each=False)
SPEC_PROBES: Final = (
    Probe("spec[text]", "that summary, reference and parameters are documented", text, each=False),
    Probe("spec[defaults]", "that its defaults are the factory's", defaults, each=False),
)
