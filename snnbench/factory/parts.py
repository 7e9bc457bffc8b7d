"""From the text that a matrix would have to a component and its factory; for ``models``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast

import torch

from snnbench.core.neuron import Neuron
from snnbench.core.surrogate import Surrogate
from snnbench.errors import UsageError
from snnbench.matrix import grammar
from snnbench.plugin.distributions import PerNeuron
from snnbench.plugin.host import Host
from snnbench.plugin.spec import Spec
from snnbench.plugin.specs import NeuronSpec, SurrogateSpec
from snnbench.records import Value


def check_counts(name: str, counts: Iterable[object]) -> None:
    """Refuse a count that is no whole number from 1 on.

    Raises:
        UsageError: It is none.
    """
    if not isinstance(counts, Iterable) or isinstance(counts, str):
        raise UsageError(f"{name}={counts!r} is not a tuple of whole numbers")
    for count in counts:
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise UsageError(f"{name}: {count!r} is not a whole number from 1 on")


def population(
    host: Host, neuron: str, surrogate: str, generator: torch.Generator, **more: Value
) -> Callable[[tuple[int, ...]], Neuron]:
    """Return what makes a population of a given shape; ``more`` are parameters of the neuron."""
    spec, make = component(host, "neuron", neuron, **more)
    spikes = cast(NeuronSpec, spec).spike != "none"
    function = spike_function(host, surrogate, generator) if spikes else None
    return lambda features: cast(Neuron, make(features, function, generator))


def spike_function(host: Host, surrogate: str, generator: torch.Generator) -> Surrogate:
    """Return the spike function that ``surrogate`` names; ``generator`` draws the seed of its noise."""
    spec, make = component(host, "surrogate", surrogate)
    return cast(Surrogate, make(generator) if cast(SurrogateSpec, spec).random else make())


def component(host: Host, kind: str, text: object, **more: Value) -> tuple[Spec, Callable[..., object]]:
    """Return the component that ``text`` names, and its factory with the parameters of both filled in.

    Raises:
        UsageError: It is no text, there is no such component, or a parameter is unknown or out of range.
    """
    if not isinstance(text, str):
        hint = "like 'atan(alpha=2)'; an object of your own can be given to the class of a neuron"
        raise UsageError(f"{kind}={text!r} is not a text as a matrix writes it", hint)
    request = grammar.parse(text)
    spec = host.find(kind, request.reference).spec
    given = {name: _one(spec, name, value) for name, value in request.arguments} | more
    host.code_named(spec, spec.resolve(tuple(given.items())))
    return spec, bind(spec, given)


def _one(spec: Spec, name: str, value: Any) -> Any:
    """Return the value of a parameter; a sweep over a single list of values for the neurons is that list."""
    param = spec.params.get(name)
    spread = param is not None and param.per_neuron is not PerNeuron.NO
    return value[0] if spread and isinstance(value, tuple) and len(value) == 1 else value


def bind(spec: Spec, given: dict[str, Any]) -> Callable[..., object]:
    """Return the factory of ``spec`` with its parameters filled in, the defaults too."""
    return partial(spec.load(), **spec.resolve(tuple(given.items())))


def frozen(value: Any) -> Any:
    """Return ``value`` with lists as tuples, all the way down."""
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value
