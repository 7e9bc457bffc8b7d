"""Measure what a forward pass saves for the backward pass, and predict it from the layers alone."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from snnbench.core.network import SEPARATE, Network, is_repeated
from snnbench.core.neuron import Neuron
from snnbench.core.pooling import pool
from snnbench.errors import SnnbenchError

VIEWS = (nn.Flatten, nn.Identity)
"""Layers whose output is a view of their input."""


class UnknownLayerError(SnnbenchError):
    """Nobody has said what a layer keeps."""


class _Packed:
    """The storage of a tensor that the graph keeps; lives as long as the graph does.

    Not the tensor: one that its own function keeps would hold its graph, and this, in a cycle.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.storage = tensor.untyped_storage()


def saved_bytes(network: nn.Module, x: Tensor) -> int:
    """Return the bytes that ``network(x)`` saves for backward, without its parameters and buffers.

    What is freed before the forward pass ends, as the graph of an output that nobody used, is not counted.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in (*network.parameters(), *network.buffers())}
    packed: weakref.WeakSet[_Packed] = weakref.WeakSet()

    def pack(tensor: Tensor) -> _Packed:
        one = _Packed(tensor)
        packed.add(one)
        return one

    with saved_tensors_hooks(pack, _no_backward):
        logits = network(x)
    storages = [one.storage for one in packed]
    sizes = {storage.data_ptr(): storage.nbytes() for storage in storages if storage.data_ptr() not in own}
    del logits  # kept the graph until here
    return sum(sizes.values())


def _no_backward(packed: _Packed) -> Tensor:
    raise AssertionError("what was saved is only counted")


def predicted_bytes(network: Network, x: Tensor) -> int:
    """Return the same in eager mode, from the rule of each layer and the shapes of one sample and step.

    Linear, convolution, BatchNorm and pooling keep their input, dropout a mask of one byte a unit, and a
    population what its ``Neuron.saved_for_backward`` says. A tensor that two layers keep counts once, and so
    does a step that is repeated until a layer treats its copies differently.

    Args:
        network: In training mode.
        x: ``[T, B, *]``.

    Raises:
        UnknownLayerError: A layer has no rule, or a population does not say.
    """
    steps, batch = x.shape[:2]
    network.eval()  # BatchNorm is to learn nothing from the probe
    try:
        with torch.no_grad():
            layers, outputs = _walk(network.layers, x[0, :1], steps, repeated=is_repeated(x))
            pooled = pool(outputs.unsqueeze(0), network.readout)
            classifier, _ = _walk(_flat(network.classifier), pooled, 1)
    finally:
        network.train()
    return batch * (layers + classifier)


def _flat(module: nn.Module) -> list[nn.Module]:
    return list(module) if isinstance(module, nn.Sequential) else [module]


def _walk(
    layers: Iterable[nn.Module], x: Tensor, steps: int, *, repeated: bool = False
) -> tuple[int, Tensor]:
    """Return the bytes that ``layers`` save of one sample in ``steps`` steps, and their output for ``x``."""
    total, already_saved = 0, False
    for layer in layers:
        repeated = repeated and type(layer) in SEPARATE
        inner, outer, output = _rule(layer, x.nbytes, 1 if repeated else steps)
        total += inner + (0 if already_saved else outer)
        following = layer.step(x, layer.initial_state(x))[0] if isinstance(layer, Neuron) else layer(x)
        total += output * steps * following.nbytes
        already_saved = output or (isinstance(layer, VIEWS) and already_saved)
        x = following
    return total, x


def _rule(layer: nn.Module, size: int, steps: int) -> tuple[int, int, bool]:
    """Return the bytes that ``layer`` keeps of its own and of its input of ``size`` bytes a step.

    The last item says whether it keeps its output.

    Raises:
        UnknownLayerError: There is no rule.
    """
    match layer:
        case Neuron():
            saved = layer.saved_for_backward()
            if saved is None:
                raise UnknownLayerError(f"{type(layer).__name__} does not tell what its step keeps")
            return (saved.always * steps + saved.later * (steps - 1)) * size, 0, saved.output
        case nn.Linear() | nn.Conv2d() | nn.BatchNorm1d() | nn.BatchNorm2d() | nn.AvgPool2d():
            return 0, steps * size, False
        case nn.Dropout():
            return steps * size // 4 if layer.p else 0, 0, False
        case nn.Flatten() | nn.Identity():
            return 0, 0, False
    raise UnknownLayerError(f"there is no rule for what {type(layer).__name__} keeps")
