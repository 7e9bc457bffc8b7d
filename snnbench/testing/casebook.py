"""Choose which probes are run on which components at which parameters. Imports no torch before it has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from itertools import product
from typing import Any, Final

from snnbench.errors import PluginError, did_you_mean
from snnbench.plugin.claims import Claims, FromParam
from snnbench.plugin.host import Host, Plugin, Provided
from snnbench.plugin.params import Param
from snnbench.plugin.sources import normal
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import NeuronSpec
from snnbench.records import Component, Params, Value
from snnbench.testing.outcomes import Violation

KITS: Final[Mapping[str, str]] = {
    "neuron": "snnbench.testing.neurons",
    "surrogate": "snnbench.testing.surrogates",
    "encoder": "snnbench.testing.encoders",
    "dataset": "snnbench.testing.datasets",
    "network": "snnbench.testing.networks",
    "measurement": "snnbench.testing.measurements",
}
"""For each kind, the module with its ``PROBES`` and its ``Subject``, what they are run on."""


@dataclass(frozen=True)
class Probe:
    """A probe asks one question about a component.

    Attributes:
        name: How a report refers to it: ``claim[threshold]``.
        claim: What is claimed, as a person says it: "the threshold rule of its spec".
        check: Given a subject, returns if the claim is true, else raises ``Violation`` or ``Undecided``.
        each: Ask at all parameters that matter, not at the defaults alone.
        slow: Takes seconds.
    """

    name: str
    claim: str
    check: Callable[[Any], None]
    each: bool = True
    slow: bool = False


@dataclass(frozen=True)
class Case:
    """A case is one probe of one component at given parameters.

    Attributes:
        component: The component and who provides it.
        params: The parameters that are not its defaults.
        subject: What the probe is run on; shared by the probes of one component.
    """

    component: Provided
    params: Params
    probe: Probe
    subject: Any

    @property
    def group(self) -> str:
        """Return the component as the command line writes it: ``neuron:lif[reset=zero]``."""
        return f"{self.component.spec.kind}:{Component(self.component.spec.name, self.params)}"

    @property
    def id(self) -> str:
        """Return ``neuron:lif[reset=zero]::claim[threshold]``."""
        return f"{self.group}::{self.probe.name}"

    def run(self) -> None:
        """Run the probe.

        Raises:
            Violation: The claim is not true; the text names the component, the claim and the input.
            Undecided: Probing cannot tell.
        """
        try:
            self.probe.check(self.subject)
        except Violation as violation:
            who = f"{self.component.distribution} {self.component.version}"
            violation.about = f"{self.group} ({who}) breaks {self.probe.name}, {self.probe.claim}"
            raise


def cases(distribution: str) -> list[Case]:
    """Return every case of what ``distribution`` registers.

    Args:
        distribution: Its name, ``snnbench`` for the built-in components; or a module, as after ``-p``.

    Raises:
        PluginError: It is not installed, is broken, or registers nothing.
    """
    components = _components(distribution)
    specs = [component.spec for component in components]
    return [case for component in components for case in component_cases(component, specs)]


def component_cases(component: Provided, beside: Sequence[Spec] = ()) -> Iterator[Case]:
    """Yield the cases of one component.

    Args:
        component: What to probe.
        beside: All that its distribution registers: a neuron may take its own library's surrogates only.
    """
    kit = import_module(KITS[component.spec.kind])
    for params in variants(component.spec):
        subject = kit.Subject(component.spec, params, beside)
        for probe in kit.PROBES:
            if probe.each or not params:
                yield Case(component, params, probe, subject)


def variants(spec: Spec) -> Iterator[Params]:
    """Yield the defaults; all combinations of what decides a claim; each value of every other choice."""
    deciding = _deciding(spec)
    others = [name for name, param in spec.params.items() if param.choices and name not in deciding]
    seen: set[Params] = set()
    for combined in product(*(_values(spec.params[name]) for name in deciding)):
        seen.add(_changed(spec, dict(zip(deciding, combined, strict=True))))
    for name in others:
        seen |= {_changed(spec, {name: value}) for value in _values(spec.params[name])}
    yield ()
    yield from sorted(seen - {()}, key=lambda params: (len(params), str(params)))


def _deciding(spec: Spec) -> list[str]:
    """Return parameters that a claim follows."""
    if not isinstance(spec, NeuronSpec):
        return []
    claims = (getattr(spec, one.name) for one in fields(Claims))
    return sorted({claim.name for claim in claims if isinstance(claim, FromParam)})


def _values(param: Param) -> tuple[Value, ...]:
    return param.choices or ((False, True) if isinstance(param.default, bool) else (param.default,))


def _changed(spec: Spec, given: Mapping[str, Value]) -> Params:
    """Return those of ``given`` that are not the defaults, sorted."""
    return tuple(sorted((name, value) for name, value in given.items() if value != spec.params[name].default))


def _components(distribution: str) -> list[Provided]:
    host = Host.load()
    mine = _of(host, distribution)
    if not mine:
        try:
            mine = _of(Host.load([distribution]), distribution)
        except PluginError as error:
            known = {plugin.distribution for plugin in host.plugins}
            hint = did_you_mean(distribution, known)
            raise PluginError(
                f"--snnbench-conformance {distribution}: no distribution of this name has a plugin, "
                f"and as a module {error.message}",
                f"{hint}; install the package first",
            ) from None
    for plugin in mine:
        if plugin.status != "ok":
            raise PluginError(
                f"plugin {plugin.name!r} ({plugin.distribution} {plugin.version}) is {plugin.status}: "
                f"{plugin.reason}"
            )
    found = [component for plugin in mine for component in plugin.components]
    if not found:
        raise PluginError(f"{distribution} registers no component", "it has hooks, but they return nothing")
    return found


def _of(host: Host, distribution: str) -> list[Plugin]:
    return [one for one in host.plugins if normal(one.distribution) == normal(distribution)]
