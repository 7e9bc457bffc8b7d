"""Networks from Python, by the names a matrix uses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch

from snnbench.engine.network import Network
from snnbench.engine.neuron import Neuron
from snnbench.errors import UsageError, did_you_mean
from snnbench.matrix import grammar
from snnbench.plugin.host import Host
from snnbench.plugin.specs import NeuronSpec, Spec

ARCHITECTURES = {"simple": "conv", "vgg": "vgg"}


def create_conv_snn(
    architecture: str = "simple",
    *,
    input_shape: tuple[int, int, int] = (3, 32, 32),
    classes: int = 10,
    neuron: str = "lif(beta=0.9)",
    surrogate: str = "fast_sigmoid",
    seed: int = 0,
    **params: Any,
) -> Network:
    """A convolutional spiking network in one call.

    Args:
        architecture: ``simple`` for the network ``conv``, ``vgg`` for the network ``vgg``.
        input_shape: ``(C, H, W)`` of one sample at one step.
        classes: Number of logits.
        neuron: As a matrix writes it.
        surrogate: As a matrix writes it; not used by a neuron that does not spike.
        seed: Of the initial weights.
        **params: Parameters of the network: ``channels``, ``blocks``, ``hidden``, ``dropout``, ``norm``.

    Returns:
        A network from ``[T, B, C, H, W]`` to logits ``[B, classes]``.

    Raises:
        UsageError: Something is unknown or out of range, or the input is too small to pool.
    """
    if architecture not in ARCHITECTURES:
        hint = did_you_mean(architecture, ARCHITECTURES)
        raise UsageError(f"there is no convolutional architecture {architecture!r}", hint)
    host, generator = Host.load(), torch.Generator().manual_seed(seed)
    network = host.find("network", ARCHITECTURES[architecture]).spec
    build = _bind(network, {name: _frozen(value) for name, value in params.items()})
    population = _population(host, neuron, surrogate, generator)
    return cast(Network, build(tuple(input_shape), classes, population, generator))


def _population(
    host: Host, neuron: str, surrogate: str, generator: torch.Generator
) -> Callable[[tuple[int, ...]], Neuron]:
    """What makes a population of a given shape."""
    spec, make = _component(host, "neuron", neuron)
    spikes = cast(NeuronSpec, spec).spike != "none"
    function = _component(host, "surrogate", surrogate)[1]() if spikes else None
    return lambda features: cast(Neuron, make(features, function, generator))


def _component(host: Host, kind: str, text: str) -> tuple[Spec, Callable[..., object]]:
    """The component that ``text`` names, and its factory with the parameters filled in."""
    request = grammar.parse(text)
    spec = host.find(kind, request.reference).spec
    return spec, _bind(spec, dict(request.arguments))


def _bind(spec: Spec, given: dict[str, Any]) -> Callable[..., object]:
    return partial(spec.load(), **spec.resolve(tuple(given.items())))


def _frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
