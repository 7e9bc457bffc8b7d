"""A network is a plain list of layers: stateless ones see all steps at once, neurons run over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor, nn

from snnbench.core.eager import Engine, State
from snnbench.core.exponent import exponent
from snnbench.core.neuron import Neuron
from snnbench.core.pooling import Readout, pool
from snnbench.core.shapes import NO_TIME, check_shape
from snnbench.core.steps import step_layers
from snnbench.core.tangents import TangentStep, is_affine, push_affine
from snnbench.core.windows import Windows
from snnbench.errors import UsageError
from snnbench.settings import Budget

SEPARATE: Final = {nn.Linear, nn.Conv2d, nn.AvgPool2d, nn.Flatten, nn.Identity}
"""Layers that draw nothing and keep samples apart: equal steps come out equal. A hook sees one of them."""


class PerStep(nn.Sequential):
    """Stateless layers that are called once a step: a BatchNorm takes its statistics within the step."""


class Network(nn.Module):
    """A network has layers in order, then a readout over time, then a classifier.

    Args:
        layers: Stateless modules and ``Neuron`` populations.
        readout: How the last layer's outputs ``[T, B, H]`` become one value a unit. ``spike_*``
            pools the spikes; ``membrane_*`` pools an ``li`` layer that must come last.
        classifier: Applied to the pooled values, ``[B, H] -> [B, classes]``.

    Its state is the concatenation of its neurons' states, in order.

    Attributes:
        windows: How it is differentiated over a long time; None to keep every step for backward.
        input_shape: The only shape of a sample at one step that it takes; None for any.
    """

    windows: Windows | None = None
    input_shape: tuple[int, ...] | None = None

    def __init__(self, layers: Iterable[nn.Module], readout: Readout, classifier: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.readout = readout
        self.classifier = classifier

    @property
    def neurons(self) -> list[Neuron]:
        """Return the populations, first to last."""
        return [layer for layer in self.layers if isinstance(layer, Neuron)]

    @property
    def spiking_part(self) -> Network:
        """Return the layers without a membrane readout, whose memory no population sees; they are shared.

        Its state is the first part of the network's. Stability is measured on it: else no exponent could be
        below the readout's decay. A network without such a readout is returned itself.
        """
        if not self.readout.startswith("membrane"):
            return self
        return Network(self.layers[:-1], "spike_sum", nn.Identity())

    def run_by(self, engine: Engine) -> Network:
        """Let ``engine`` run the populations over time; return this network."""
        for neuron in self.neurons:
            neuron.engine = engine
        return self

    def spend(self, budget: Budget) -> Network:
        """Be differentiated over time as a budget allows; return this network.

        Raises:
            UsageError: Windows are asked for, but some layer needs all steps at once.
        """
        steps = budget.truncate or budget.checkpoint
        self.windows = Windows(steps, cut=budget.truncate > 0) if steps else None
        if steps and any(map(_sees_all_steps, self.layers)):
            raise UsageError(
                "train: windows do not go with a BatchNorm whose statistics are over all steps",
                "give the network norm=per_step, or leave out truncate and checkpoint",
            )
        return self

    def taking(self, input_shape: tuple[int, ...]) -> Network:
        """Refuse inputs that are not ``[T, B, *input_shape]``; return this network."""
        self.input_shape = input_shape
        return self

    def initial_state(self, x_t: Tensor) -> State:
        """Return the state before the first step, for an input like ``x_t`` ``[B, *input_shape]``."""
        with torch.no_grad():
            return step_layers(self.layers, x_t, (), _first_step)[1]

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """Take one time step of all layers, and change nothing.

        Args:
            x_t: Input, ``[B, *input_shape]``.
            state: As ``initial_state`` lays it out.

        Returns:
            The last layer's output, ``[B, *]``, and the next state.
        """
        return step_layers(self.layers, x_t, state)

    @property
    def tangent_step(self) -> TangentStep | None:
        """Return ``step`` of the state and of k tangents of it; None where a layer cannot push tangents."""
        layers = [part for layer in self.layers for part in _parts(layer)]
        known = all(layer.tangent_step if isinstance(layer, Neuron) else is_affine(layer) for layer in layers)
        return (lambda *given: _push(layers, *given)) if known else None

    def outputs(self, x: Tensor) -> list[Tensor]:
        """Return the outputs over time of every neuron layer, each ``[T, B, *]``.

        ``x`` is ``[T, B, *input_shape]``.
        """
        return self._over_time(x)[0]

    def window(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Run some steps of all layers.

        Args:
            x: Input of these steps, ``[K, B, *input_shape]``.
            state: As ``initial_state`` lays it out; None before the first step.

        Returns:
            The last layer's outputs, ``[K, B, *]``, and the state after the last step.
        """
        collected, state = self._over_time(x, state)
        return collected[-1], state

    def _over_time(self, x: Tensor, state: State | None = None) -> tuple[list[Tensor], State]:
        """Return the outputs of every neuron layer, and the last state."""
        collected: list[Tensor] = []
        following: list[Tensor] = []
        x = in_memory(x) if x.requires_grad else x  # then each step has a gradient of its own
        for layer in self.layers:
            if isinstance(layer, Neuron):
                part = slice(len(following), len(following) + len(layer.states))
                x, new = layer(in_memory(x), None if state is None else state[part])
                collected.append(x)
                following += new
            else:
                x = over_time(layer, x)
        return collected, tuple(following)

    def classify(self, outputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits ``[B, classes]`` of the last outputs ``[T, B, H]``, as in ``forward``."""
        return self.classifier(pool(outputs, self.readout, lengths))  # type: ignore[no-any-return]

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits ``[B, classes]`` for ``x`` ``[T, B, *input_shape]``.

        Args:
            x: Input over time.
            lengths: Real steps of each sample, ``[B]``, from 1 to T: the readout leaves out what comes
                after them. None where all are real.

        Raises:
            UsageError: ``x`` has another shape than the network was made for.
        """
        check_shape(x, ("T", "B"), self.input_shape, NO_TIME)
        if self.windows is not None and torch.is_grad_enabled():
            return self.classify(self.windows.run(self, x), lengths)
        return self.classify(self.outputs(x)[-1], lengths)

    def logits_and_exponent(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``forward(x)`` and the largest Lyapunov exponent ``[B]`` along ``x``, to be penalised.

        Raises:
            UsageError: The network has no memory but that of its readout.
        """
        return self(x), exponent(self.spiking_part, x)


def is_repeated(x: Tensor) -> bool:
    """Return whether all steps of ``x`` ``[T, B, *]`` are one in memory, as a constant input is encoded."""
    return len(x) > 0 and x.stride(0) == 0


def over_time(layer: nn.Module, x: Tensor) -> Tensor:
    """Run a stateless layer over ``x`` ``[T, B, *]``: steps are one batch, or one if all are equal."""
    if isinstance(layer, PerStep):
        return torch.stack([layer(x_t) for x_t in x])
    if is_repeated(x) and type(layer) in SEPARATE:
        y_t: Tensor = layer(x[0])
        return y_t.expand(len(x), *y_t.shape)
    y: Tensor = layer(in_memory(x).flatten(0, 1)).unflatten(0, x.shape[:2])
    return y


def in_memory(x: Tensor) -> Tensor:
    """Return ``x`` with every step of its own, as populations of any library can read it."""
    return x.contiguous() if is_repeated(x) else x


def _first_step(neuron: Neuron, x_t: Tensor, state: State) -> tuple[Tensor, State]:
    """Return the output of the first step, and the state before it."""
    initial = neuron.initial_state(x_t)
    return neuron.step(x_t, initial)[0], initial


def _parts(layer: nn.Module) -> list[nn.Module]:
    return list(layer) if isinstance(layer, PerStep) else [layer]


def _push(layers: list[nn.Module], x_t: Tensor, state: State, dstate: State) -> tuple[State, State]:
    """Take one step of ``layers``: return the next state and its tangents. The input has none."""
    following: list[Tensor] = []
    tangents: list[Tensor] = []
    dx: Tensor | None = None
    for layer in layers:
        if len(following) == len(state):
            break
        if isinstance(layer, Neuron):
            own = slice(len(following), len(following) + len(layer.states))
            last = own.stop == len(state)
            x_t, new, dx, pushed = layer.push(x_t, state[own], dx, dstate[own], last=last)
            following += new
            tangents += pushed
        else:
            x_t, dx = layer(x_t), None if dx is None else push_affine(layer, dx)
    return tuple(following), tuple(tangents)


def _sees_all_steps(layer: nn.Module) -> bool:
    """Return whether one step's output of a layer that is given all of them depends on the others."""
    batch_norms = (one for one in layer.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm))
    return not isinstance(layer, Neuron | PerStep) and any(True for _ in batch_norms)
