"""The neuron contract: a pure step and an initial state; everything else follows from them."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from snnbench.engine.eager import EAGER, Engine, Kernel, State


class Kept(NamedTuple):
    """Tensors of the size of a population, ``[B, *features]``, that autograd keeps of a step of eager mode.

    Attributes:
        always: Of every step.
        later: Of every step but the first, whose state has no graph, or the last, whose state is not used.
        output: The step keeps its own output besides: it counts once, whoever else keeps it.
    """

    always: int
    later: int = 0
    output: bool = False


class Neuron(nn.Module):
    """A population of neurons: abstract; subclasses give ``initial_state`` and ``step``.

    Shapes: T steps, B samples, ``features`` the shape of the population. Time is the first axis.

    Attributes:
        states: Names of the state tensors, in order; empty for a population without memory.
        engine: Runs ``step`` over time. A population that overrides ``forward`` runs by itself.
    """

    states: tuple[str, ...] = ("membrane",)
    engine: Engine = EAGER

    def initial_state(self, x_t: Tensor) -> State:
        """The state before the first step, for an input like ``x_t`` ``[B, *features]``.

        Every state tensor has B as its first axis, and the dtype and device of ``x_t``.
        """
        raise NotImplementedError

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step. Pure: the same arguments give the same result and nothing is written.

        Args:
            x_t: Input current, ``[B, *features]``.
            state: State after the previous step.

        Returns:
            The output, ``[B, *features]``, and the next state.
        """
        raise NotImplementedError

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """All steps of ``x`` ``[T, B, *features]``: the outputs ``[T, B, *features]`` and the last state."""
        return self.engine.run(self, x, self.initial_state(x[0]) if state is None else state)

    def kernel(self, x: Tensor) -> Kernel | None:
        """What runs all steps of an input like ``x`` at once, for engines other than eager.

        None where there is nothing better than compiling the step. It is compared with the step
        before it is trusted.
        """
        return None

    @property
    def native(self) -> bool:
        """Whether it runs over time by a ``forward`` of its own, which no engine changes."""
        return type(self).forward is not Neuron.forward

    def kept(self) -> Kept | None:
        """What autograd keeps of a step; None where nobody has counted.

        Measurements are checked against it.
        """
        return None

    def leak_exponent(self) -> float | None:
        """Largest Lyapunov exponent under the true derivative (spikes frozen), nats a step.

        None where it has no closed form. Stability measurements are checked against it.
        """
        return None
