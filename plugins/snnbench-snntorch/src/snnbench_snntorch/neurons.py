"""The neurons of snntorch that go step by step: its own modules, with their state handed in and out.

Keywords have snntorch's names and go to the snntorch class; which there are is in ``neuron_specs``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import snntorch as snn
import torch
from torch import Tensor

from snnbench import LibraryNeuron, Surrogate, drawing_from
from snnbench.errors import UsageError

Features: TypeAlias = tuple[int, ...]


class SnnTorchNeuron(LibraryNeuron):
    """An snntorch module, whose output comes before its states.

    Args:
        module: The snntorch module.
        states: Names of the attributes that hold its state.
        scratch: Names of the other attributes that it writes.
    """

    def __init__(self, module: Any, states: tuple[str, ...], scratch: tuple[str, ...] = ("reset",)) -> None:
        super().__init__(module, states, scratch)
        forget(module)

    def call(self, x: Tensor) -> Tensor:
        y: Tensor = self.module(x)[0]
        return y

    def disturbance_unit(self) -> tuple[float | Tensor, ...]:
        """The threshold; a spike counts as 1."""
        module: Any = self.module
        return tuple(1.0 if name == "spk" else module.threshold for name in self.states)


def forget(module: Any) -> None:
    """Take ``module`` off snntorch's list of all modules, which would keep it for as long as the process."""
    every = snn.SpikingNeuron.instances
    every[:] = [one for one in every if one is not module]


def leaky(
    features: Features, surrogate: Surrogate, generator: torch.Generator, *, per_neuron: bool, **options: Any
) -> SnnTorchNeuron:
    """``snntorch.Leaky``."""
    options = spread(options, features, per_neuron)
    return SnnTorchNeuron(snn.Leaky(spike_grad=surrogate, **options), ("mem",))


def delta_leaky(
    features: Features, surrogate: Surrogate, generator: torch.Generator, *, per_neuron: bool, **options: Any
) -> SnnTorchNeuron:
    """``snntorch.DeltaLeaky``. It takes its membrane from the attribute where hidden states are on."""
    options = spread(options, features, per_neuron)
    module = snn.DeltaLeaky(spike_grad=surrogate, init_hidden=True, **options)
    return SnnTorchNeuron(module, ("mem",), ("mem_prev",))


def synaptic(
    features: Features, surrogate: Surrogate, generator: torch.Generator, *, per_neuron: bool, **options: Any
) -> SnnTorchNeuron:
    """``snntorch.Synaptic``."""
    options = spread(options, features, per_neuron)
    return SnnTorchNeuron(snn.Synaptic(spike_grad=surrogate, **options), ("syn", "mem"))


def alpha(
    features: Features, surrogate: Surrogate, generator: torch.Generator, *, per_neuron: bool, **options: Any
) -> SnnTorchNeuron:
    """``snntorch.Alpha``."""
    if options["alpha"] <= options["beta"]:
        raise UsageError(
            f"neuron 'alpha': alpha={options['alpha']:g} is not above beta={options['beta']:g}",
            "the inhibitory trace decays faster than the excitatory one: choose beta below alpha",
        )
    options = spread(options, features, per_neuron)
    return SnnTorchNeuron(snn.Alpha(spike_grad=surrogate, **options), ("syn_exc", "syn_inh", "mem"))


def lapicque(
    features: Features, surrogate: Surrogate, generator: torch.Generator, **options: Any
) -> SnnTorchNeuron:
    """``snntorch.Lapicque``. A beta, R or C of 0 is one that is not given."""
    given = [name for name in ("beta", "R", "C") if options[name]]
    if given not in (["beta"], ["beta", "R"], ["beta", "C"], ["R", "C"]):
        raise UsageError(
            f"neuron 'lapicque': {', '.join(given) or 'nothing'} of beta, R and C is given",
            "give beta alone or any two; one that is 0 is not given",
        )
    return SnnTorchNeuron(snn.Lapicque(spike_grad=surrogate, **options), ("mem",))


def r_leaky(
    features: Features,
    surrogate: Surrogate,
    generator: torch.Generator,
    *,
    kernel_size: int,
    **options: Any,
) -> SnnTorchNeuron:
    """``snntorch.RLeaky``: recurrent weights as ``recurrence`` says, drawn from ``generator``."""
    options |= recurrence("r_leaky", features, kernel_size, options["all_to_all"])
    with drawing_from(generator):
        module = snn.RLeaky(spike_grad=surrogate, **options)
    return SnnTorchNeuron(module, ("spk", "mem"))


def r_synaptic(
    features: Features,
    surrogate: Surrogate,
    generator: torch.Generator,
    *,
    kernel_size: int,
    **options: Any,
) -> SnnTorchNeuron:
    """``snntorch.RSynaptic``: recurrent weights as ``recurrence`` says, drawn from ``generator``."""
    options |= recurrence("r_synaptic", features, kernel_size, options["all_to_all"])
    with drawing_from(generator):
        module = snn.RSynaptic(spike_grad=surrogate, **options)
    return SnnTorchNeuron(module, ("spk", "syn", "mem"))


def slstm(
    features: Features, surrogate: Surrogate, generator: torch.Generator, **options: Any
) -> SnnTorchNeuron:
    """``snntorch.SLSTM`` as wide as its input; its weights are drawn from ``generator``."""
    (width,) = dimensions("slstm", features, 1)
    with drawing_from(generator):
        module = snn.SLSTM(width, width, spike_grad=surrogate, output=True, **options)
    return SnnTorchNeuron(module, ("syn", "mem"), ("reset", "spk"))


def s_conv2d_lstm(
    features: Features, surrogate: Surrogate, generator: torch.Generator, **options: Any
) -> SnnTorchNeuron:
    """``snntorch.SConv2dLSTM`` of as many channels as its input; weights are drawn from ``generator``."""
    channels, *_ = dimensions("s_conv2d_lstm", features, 3)
    check_odd("s_conv2d_lstm", options["kernel_size"])
    with drawing_from(generator):
        module = snn.SConv2dLSTM(channels, channels, spike_grad=surrogate, output=True, **options)
    return SnnTorchNeuron(module, ("syn", "mem"), ("reset", "spk"))


def spread(options: dict[str, Any], features: Features, per_neuron: bool) -> dict[str, Any]:
    """``options`` with one value a neuron of what snntorch learns, or one value for all."""
    numbers = ("alpha", "beta", "threshold")
    each = {name: torch.full(features, options[name]) for name in numbers if name in options}
    return options | each if per_neuron else options


def recurrence(name: str, features: Features, kernel_size: int, all_to_all: bool) -> dict[str, Any]:
    """The arguments by which snntorch makes recurrent weights for a population of shape ``features``."""
    if not all_to_all:
        return {}
    if len(features) == 1:
        return {"linear_features": features[0]}
    channels, *_ = dimensions(name, features, 3)
    check_odd(name, kernel_size)
    return {"conv2d_channels": channels, "kernel_size": kernel_size}


def check_odd(name: str, kernel_size: int) -> None:
    """Refuse a kernel that makes its feature maps grow at each step.

    Raises:
        UsageError: Its width is even.
    """
    if kernel_size % 2 == 0:
        raise UsageError(
            f"neuron {name!r}: kernel_size={kernel_size} is even, and snntorch pads as for an odd one",
            "choose 1, 3, 5, …",
        )


def dimensions(name: str, features: Features, count: int) -> Features:
    """``features``, which must have ``count`` axes.

    Raises:
        UsageError: It has not.
    """
    if len(features) != count:
        shape = {1: "a population in a row, [H]", 3: "feature maps, [C, H, W]"}[count]
        raise UsageError(
            f"neuron {name!r} is made by snntorch for {shape}, not for {list(features)}",
            "choose another network, or a neuron without weights",
        )
    return features
