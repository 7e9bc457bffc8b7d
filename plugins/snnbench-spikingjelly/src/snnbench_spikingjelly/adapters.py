"""SpikingJelly's nodes as neurons: a step by its functional forward, all steps by its multi-step kernels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from spikingjelly.activation_based import surrogate as jelly
from torch import Tensor

from snnbench import LibraryNeuron, LibrarySurrogate, Neuron, Surrogate
from snnbench.components.surrogates.atan import ATan
from snnbench.components.surrogates.sigmoid import Sigmoid
from snnbench.core.eager import State
from snnbench.core.surrogate import observed


class AtThreshold(Surrogate):
    """SpikingJelly's spikes, z ≥ 0, with the derivative of ``surrogate``.

    Its nodes leave the rule at the threshold to the spike function that they are given, and all of its own
    have this one. A graded function keeps its values.

    Args:
        surrogate: Of the cell.
    """

    spiking = False  # ComplementaryLIFNode would else take a function without derivative in evaluation mode

    def __init__(self, surrogate: Surrogate) -> None:
        self.surrogate = surrogate
        self.graded = surrogate.graded

    def forward(self, z: Tensor) -> Tensor:
        spikes: Tensor = self.surrogate.forward(z) if self.graded else jelly.heaviside(z)
        return spikes

    def derivative(self, z: Tensor) -> Tensor:
        return self.surrogate.derivative(z)

    @property
    def function(self) -> Any:
        """SpikingJelly's own function of this derivative, which has kernels; itself if there is none."""
        if isinstance(self.surrogate, ATan):
            return jelly.ATan(alpha=self.surrogate.alpha)
        if isinstance(self.surrogate, Sigmoid):
            return jelly.Sigmoid(alpha=self.surrogate.slope)
        own = self.surrogate.function if isinstance(self.surrogate, LibrarySurrogate) else None
        return own if isinstance(own, jelly.SurrogateFunctionBase) else self


def threshold_above_rest(module: Any) -> float | Tensor | None:
    """Return how far a node's threshold is from where its membrane rests; None if it has none."""
    threshold = getattr(module, "v_threshold", None)
    rest = getattr(module, "v_rest", getattr(module, "v_reset", None))
    return None if threshold is None else threshold - (rest or 0.0)


class JellyNeuron(Neuron):
    """A node with a functional forward.

    All steps at once go to its multi-step forward, which on CUDA takes SpikingJelly's Triton or CUDA kernels
    for those of its own surrogates that they know and the built-in ones that equal them, and a loop in
    PyTorch for the others.

    Args:
        module: The node, made with an ``AtThreshold`` or, if it spikes otherwise, a ``LibrarySurrogate``.
    """

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module
        self.memories = tuple(dict(module.named_memories()))
        self.states = tuple("current" if name == "u" else name for name in self.memories)  # of RAFNode

    def initial_state(self, x_t: Tensor) -> State:
        start = tuple(self.module.get_reset_value(name) for name in self.memories)
        return tuple(self.module.materialize_states((x_t,), start, "s"))

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        (y,), state = self.module.single_step_functional_forward((x_t,), state)
        return y, state

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        state = self.initial_state(x[0]) if state is None else state
        with self._kernels():
            (y,), state = self.module.multi_step_functional_forward((x,), state)
        return y, state

    def disturbance_unit(self) -> tuple[float | Tensor, ...] | None:
        """Return the threshold for membrane, current and adaptation, and 1 for all else a node remembers."""
        unit = threshold_above_rest(self.module)
        if unit is None:
            return None
        return tuple(unit if name in ("v", "w", "c", "current") else 1.0 for name in self.states)

    @contextmanager
    def _kernels(self) -> Iterator[None]:
        """Within this context the node spikes by a function for which there are kernels, if it can."""
        attributes = vars(self.module)
        held = attributes["surrogate_function"]
        # in evaluation ComplementaryLIFNode takes the forward of such a function alone, without derivative
        differentiated = isinstance(held, AtThreshold) and torch.is_grad_enabled() and not self.training
        if not observed() and not differentiated:
            attributes["surrogate_function"] = held.function
        try:
            yield
        finally:
            attributes["surrogate_function"] = held


class SteppedNeuron(JellyNeuron):
    """A node whose multi-step forward is not its step: ``LIAFNode`` inherits that of ``LIFNode``."""

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return Neuron.forward(self, x, state)


class SimpleNeuron(LibraryNeuron):
    """A node of the plain kind, which keeps its membrane in an attribute."""

    def __init__(self, module: Any) -> None:
        super().__init__(module, ("v",))

    def disturbance_unit(self) -> tuple[float | Tensor, ...] | None:
        unit = threshold_above_rest(self.module)
        return None if unit is None else (unit,)


class NonSpikingNeuron(LibraryNeuron):
    """A node whose output is its membrane. Its own forward starts each sequence anew; this takes its step."""

    def __init__(self, module: Any) -> None:
        super().__init__(module, ("v",))

    def call(self, x: Tensor) -> Tensor:
        node: Any = self.module
        node.neuronal_charge(x)
        v: Tensor = node.v
        return v


class SlidingPSN(Neuron):
    """``SlidingPSN``: spikes by a weighted sum of the last k inputs. State: k − 1 of them, ``[B, k − 1, *]``.

    SpikingJelly starts with no past input; here those are 0, which adds nothing to the sum.

    Args:
        module: The node.
    """

    states = ("queue",)

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module
        self.past = module.k - 1

    def initial_state(self, x_t: Tensor) -> State:
        return (x_t.new_zeros(len(x_t), self.past, *x_t.shape[1:]),)

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        queue = [past.flatten() for past in state[0].unbind(1)]
        (y,), _ = self.module.single_step_functional_forward((x_t,), (queue,))
        return y, self._next(state, x_t.unsqueeze(0))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        state = self.initial_state(x[0]) if state is None else state
        inputs = torch.cat([state[0].movedim(1, 0), x])
        (y,), _ = self.module.multi_step_functional_forward((inputs,), ())
        return y[self.past :], self._next(state, x)

    def _next(self, state: State, x: Tensor) -> State:
        queue = torch.cat([state[0], x.movedim(0, 1)], 1)
        return (queue[:, len(x) :],)
