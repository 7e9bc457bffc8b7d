"""Python code hands over plugins as objects: modules, classes, specs and objects with hooks."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import ModuleType

from snnbench.errors import UsageError
from snnbench.plugin.bytecode import MAIN, digest, home
from snnbench.plugin.hookspecs import PROJECT, hookimpl
from snnbench.plugin.signature import plain
from snnbench.plugin.sources import Source
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import (
    DatasetSpec,
    EncoderSpec,
    MeasurementSpec,
    NetworkSpec,
    NeuronSpec,
    SurrogateSpec,
)

_BASES = {"snnbench.core.neuron": "Neuron", "snnbench.core.surrogate": "Surrogate"}
_HINT = (
    "give a module or its name, 'no:NAME', a spec, a class of neurons or surrogates, or an object with hooks"
)


@dataclass(frozen=True)
class GivenSpecs:
    """A plugin can be made of specs alone."""

    specs: tuple[Spec, ...]

    @hookimpl
    def snnbench_neurons(self) -> list[NeuronSpec]:
        """Return the neurons among the specs."""
        return [spec for spec in self.specs if isinstance(spec, NeuronSpec)]

    @hookimpl
    def snnbench_surrogates(self) -> list[SurrogateSpec]:
        """Return the surrogates among the specs."""
        return [spec for spec in self.specs if isinstance(spec, SurrogateSpec)]

    @hookimpl
    def snnbench_encoders(self) -> list[EncoderSpec]:
        """Return the encoders among the specs."""
        return [spec for spec in self.specs if isinstance(spec, EncoderSpec)]

    @hookimpl
    def snnbench_datasets(self) -> list[DatasetSpec]:
        """Return the datasets among the specs."""
        return [spec for spec in self.specs if isinstance(spec, DatasetSpec)]

    @hookimpl
    def snnbench_networks(self) -> list[NetworkSpec]:
        """Return the networks among the specs."""
        return [spec for spec in self.specs if isinstance(spec, NetworkSpec)]

    @hookimpl
    def snnbench_measurements(self) -> list[MeasurementSpec]:
        """Return the measurements among the specs."""
        return [spec for spec in self.specs if isinstance(spec, MeasurementSpec)]


def option_or_source(given: object) -> str | Source:
    """Return what ``-p`` would be given for ``given``, or a source that holds the object.

    Raises:
        UsageError: It cannot be a plugin.
    """
    if isinstance(given, str) and given != MAIN:
        return given
    if isinstance(given, ModuleType) and given.__spec__ is not None and given.__name__ != MAIN:
        return given.__name__
    if given == MAIN:
        given = sys.modules[MAIN]
    plugin, module, name = _plugin_of(given)
    # a module has a hash of its own; what lives in none is told apart by its byte code
    version = f"0+{digest(given)}" if module == MAIN else None
    return Source(EntryPoint(name, f"{module}:{name}", PROJECT), module, version, given=plugin)


def _plugin_of(given: object) -> tuple[object, str, str]:
    """Return the object with the hooks, the module that ``given`` is from, and its name."""
    if isinstance(given, ModuleType):
        return given, given.__name__, "module"
    if isinstance(given, Spec):
        factory = given.factory
        module = factory.partition(":")[0] if isinstance(factory, str) else home(factory)
        return GivenSpecs((given,)), module, given.name
    kind = _kind(given)
    if isinstance(given, type) and kind is not None:
        return GivenSpecs((_spec_of(given, kind),)), home(given), given.__name__
    owner = given if isinstance(given, type) else type(given)
    if not any(name.startswith("snnbench_") for name in dir(owner)):
        raise UsageError(f"{given!r} is no plugin", _HINT)
    return (given() if isinstance(given, type) else given), home(owner), owner.__name__


def _kind(given: object) -> type[NeuronSpec] | type[SurrogateSpec] | None:
    """Return the kind of component that a class is of; its base has been imported if it is one."""
    if isinstance(given, type):
        for (module, name), kind in zip(_BASES.items(), (NeuronSpec, SurrogateSpec), strict=True):
            base = getattr(sys.modules.get(module), name, None)
            if base is not None and issubclass(given, base):
                return kind
    return None


def _spec_of(given: type, kind: type[NeuronSpec] | type[SurrogateSpec]) -> Spec:
    """Return a spec by the class's name in lower case, with the constructor's parameters with defaults."""
    summary = str(given.__dict__.get("__doc__") or "a class given from Python").partition("\n")[0]
    params = plain(given)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", given.__name__).lower()
    if kind is SurrogateSpec:
        return SurrogateSpec(name=name, version="1", summary=summary, factory=given, params=params)
    states = tuple(getattr(given, "states", ()))
    # nothing is known of its reset: a spec of one's own can claim what it does
    return NeuronSpec(
        name=name, version="1", summary=summary, factory=given, params=params, states=states, reset="other"
    )
