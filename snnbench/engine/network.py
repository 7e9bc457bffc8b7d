"""A network is a plain list of layers: stateless ones see all T·B at once, neurons run over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from snnbench.engine.eager import Engine, State
from snnbench.engine.exponent import exponent
from snnbench.engine.neuron import Neuron

Readout: TypeAlias = Literal["spike_sum", "spike_mean", "membrane_mean", "membrane_max", "membrane_last"]
READOUTS: tuple[str, ...] = get_args(Readout)


class PerStep(nn.Sequential):
    """Stateless layers that are called once a step: a BatchNorm takes its statistics within the step."""


class Network(nn.Module):
    """Layers in order, then a readout over time, then a classifier.

    Args:
        layers: Stateless modules and ``Neuron`` populations.
        readout: How the last layer's outputs ``[T, B, H]`` become one value a unit. ``spike_*``
            pools the spikes; ``membrane_*`` pools an ``li`` layer that must come last.
        classifier: Applied to the pooled values, ``[B, H] -> [B, classes]``.

    Its state is the concatenation of its neurons' states, in order.
    """

    def __init__(self, layers: Iterable[nn.Module], readout: Readout, classifier: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.readout = readout
        self.classifier = classifier

    @property
    def neurons(self) -> list[Neuron]:
        """The populations, first to last."""
        return [layer for layer in self.layers if isinstance(layer, Neuron)]

    def run_by(self, engine: Engine) -> Network:
        """Let ``engine`` run the populations over time; return this network."""
        for neuron in self.neurons:
            neuron.engine = engine
        return self

    def initial_state(self, x_t: Tensor) -> State:
        """State before the first step, for an input like ``x_t`` ``[B, *input_shape]``."""
        state: list[Tensor] = []
        with torch.no_grad():
            for layer in self.layers:
                if isinstance(layer, Neuron):
                    fresh = layer.initial_state(x_t)
                    state += fresh
                    x_t, _ = layer.step(x_t, fresh)
                else:
                    x_t = layer(x_t)
        return tuple(state)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step of all layers. Pure.

        Args:
            x_t: Input, ``[B, *input_shape]``.
            state: As ``initial_state`` lays it out.

        Returns:
            The last layer's output, ``[B, *]``, and the next state.
        """
        following: list[Tensor] = []
        for layer in self.layers:
            if isinstance(layer, Neuron):
                width = len(layer.states)
                x_t, new = layer.step(x_t, state[len(following) : len(following) + width])
                following += new
            else:
                x_t = layer(x_t)
        return x_t, tuple(following)

    def outputs(self, x: Tensor) -> list[Tensor]:
        """Outputs over time of every neuron layer, each ``[T, B, *]``; ``x`` is ``[T, B, *input_shape]``."""
        collected = []
        steps, batch = x.shape[:2]
        for layer in self.layers:
            if isinstance(layer, Neuron):
                x, _ = layer(x)
                collected.append(x)
            elif isinstance(layer, PerStep):
                x = torch.stack([layer(x_t) for x_t in x])
            else:
                x = layer(x.flatten(0, 1)).unflatten(0, (steps, batch))
        return collected

    def classify(self, outputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits ``[B, classes]`` from the last layer's outputs ``[T, B, H]``, as in ``forward``."""
        return self.classifier(pool(outputs, self.readout, lengths))  # type: ignore[no-any-return]

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits ``[B, classes]`` for ``x`` ``[T, B, *input_shape]``.

        Args:
            x: Input over time.
            lengths: Real steps of each sample, ``[B]``, from 1 to T: the readout leaves out what comes
                after them. None where all are real.
        """
        return self.classify(self.outputs(x)[-1], lengths)

    def logits_and_exponent(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``forward(x)``, and the largest Lyapunov exponent ``[B]`` along ``x``, to be penalised in a loss.

        Raises:
            UsageError: The network has no memory.
        """
        return self(x), exponent(self, x)


def pool(outputs: Tensor, readout: Readout, lengths: Tensor | None = None) -> Tensor:
    """One value a unit, ``[B, H]``, from outputs over time ``[T, B, H]``, the first ``lengths`` of them."""
    if lengths is not None:
        return _pool_real(outputs, readout, lengths)
    match readout:
        case "spike_sum":
            return outputs.sum(0)
        case "spike_mean" | "membrane_mean":
            return outputs.mean(0)
        case "membrane_max":
            return outputs.amax(0)
        case "membrane_last":
            return outputs[-1]


def _pool_real(outputs: Tensor, readout: Readout, lengths: Tensor) -> Tensor:
    """``pool`` over the real steps of each sample, ``lengths`` ``[B]``."""
    if readout == "membrane_last":
        return outputs[lengths - 1, torch.arange(len(lengths), device=outputs.device)]
    steps = torch.arange(len(outputs), device=outputs.device)[:, None]
    padding = (steps >= lengths).view(*outputs.shape[:2], *[1] * (outputs.ndim - 2))
    if readout == "membrane_max":
        return outputs.masked_fill(padding, -torch.inf).amax(0)
    total = outputs.masked_fill(padding, 0).sum(0)
    return total if readout == "spike_sum" else total / lengths.view(-1, *[1] * (total.ndim - 1))
