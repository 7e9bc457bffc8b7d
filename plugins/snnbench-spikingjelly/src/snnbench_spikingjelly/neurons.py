"""The nodes of ``spikingjelly.activation_based.neuron``.

Keywords have SpikingJelly's names and go to the class; which there are is in ``neuron_specs``. Only its
``v_reset``, a number or None, is given by ``reset`` and ``v_reset``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from spikingjelly.activation_based import neuron
from spikingjelly.activation_based import surrogate as jelly

from snnbench import LibrarySurrogate, Surrogate, drawing_from
from snnbench.errors import UsageError
from snnbench_spikingjelly.adapters import (
    AtThreshold,
    JellyNeuron,
    NonSpikingNeuron,
    SimpleNeuron,
    SlidingPSN,
    SteppedNeuron,
)

Features: TypeAlias = tuple[int, ...]


class Node:
    """This makes populations of one class of nodes: it is a component's factory.

    Args:
        node: Name of the class.
        adapter: Makes a neuron of a node.
    """

    def __init__(self, node: str, adapter: type[JellyNeuron] | type[SimpleNeuron] = JellyNeuron) -> None:
        self.node = node
        self.adapter = adapter

    def __call__(
        self, features: Features, surrogate: Surrogate, generator: torch.Generator, **options: Any
    ) -> JellyNeuron | SimpleNeuron:
        """A population; nothing is drawn.

        Raises:
            UsageError: SpikingJelly refuses the parameters.
        """
        if "reset" in options:
            options["v_reset"] = self._reset(options.pop("reset"), options["v_reset"])
        made = getattr(neuron, self.node)
        try:
            return self.adapter(made(surrogate_function=AtThreshold(surrogate), **options))
        except (AssertionError, TypeError, ValueError) as error:
            given = ", ".join(f"{name}={value}" for name, value in options.items())
            raise UsageError(
                f"spikingjelly refuses {self.node}({given}): {error}", "see its documentation"
            ) from error

    def _reset(self, reset: str, v_reset: float) -> float | None:
        """SpikingJelly's ``v_reset``: None for a reset by subtraction."""
        if reset != "value" and v_reset != 0:
            raise UsageError(
                f"{self.node}: v_reset={v_reset:g} is not used with reset={reset!r}", "add reset='value'"
            )
        return {"value": v_reset, "zero": 0.0, "subtract": None}[reset]


simple_if_node = Node("SimpleIFNode", SimpleNeuron)
simple_lif_node = Node("SimpleLIFNode", SimpleNeuron)
if_node = Node("IFNode")
half_threshold_if_node = Node("HalfThresholdIFNode")
activation_aware_if_node = Node("ActivationAwareIFNode")
lif_node = Node("LIFNode")
parametric_lif_node = Node("ParametricLIFNode")
klif_node = Node("KLIFNode")
complementary_lif_node = Node("ComplementaryLIFNode")
cuba_lif_node = Node("CUBALIFNode")
qif_node = Node("QIFNode")
eif_node = Node("EIFNode")
izhikevich_node = Node("IzhikevichNode")
raf_node = Node("RAFNode")
ternary_if_node = Node("TernaryIFNode")
ternary_lif_node = Node("TernaryLIFNode")


def liaf_node(
    features: Features, surrogate: Surrogate, generator: torch.Generator, *, act: str, **options: Any
) -> JellyNeuron:
    """``LIAFNode``, whose ``act`` is a function of ``torch``; nothing is drawn."""
    return Node("LIAFNode", SteppedNeuron)(features, surrogate, generator, act=getattr(torch, act), **options)  # type: ignore[return-value]


def ilif_node(
    features: Features,
    surrogate: Surrogate,
    generator: torch.Generator,
    *,
    max_spike_count: int,
    **options: Any,
) -> JellyNeuron:
    """``ILIFNode``: it spikes by a function of its own, not by ``surrogate``; nothing is drawn."""
    counts = LibrarySurrogate(jelly.MultiLevelSpikeCount, max_spike_count=max_spike_count)
    module = neuron.ILIFNode(surrogate_function=counts.function, **options)
    del module.surrogate_function  # a module, in whose place nothing else can be put
    module.surrogate_function = counts
    return JellyNeuron(module)


def non_spiking_if_node(features: Features, surrogate: None, generator: torch.Generator) -> NonSpikingNeuron:
    """``NonSpikingIFNode``; nothing is drawn."""
    return NonSpikingNeuron(neuron.NonSpikingIFNode())


def non_spiking_lif_node(
    features: Features, surrogate: None, generator: torch.Generator, *, tau: float
) -> NonSpikingNeuron:
    """``NonSpikingLIFNode``; nothing is drawn."""
    return NonSpikingNeuron(neuron.NonSpikingLIFNode(tau))


def sliding_psn(
    features: Features, surrogate: Surrogate, generator: torch.Generator, **options: Any
) -> SlidingPSN:
    """``SlidingPSN``; its weights, unless ``exp_init``, are drawn from ``generator``."""
    with drawing_from(generator):
        return SlidingPSN(neuron.SlidingPSN(surrogate_function=AtThreshold(surrogate), **options))
