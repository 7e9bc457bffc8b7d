"""The neuron contract: a pure step and an initial state; everything else follows from them."""

from __future__ import annotations

from torch import Tensor, nn

from snnbench.engine import eager
from snnbench.engine.eager import State
from snnbench.engine.tangents import Pushed, TangentStep, push_elementwise


class Neuron(nn.Module):
    """A population of neurons: abstract; subclasses give ``initial_state`` and ``step``.

    Shapes: T steps, B samples, ``features`` the shape of the population. Time is the first axis.

    Attributes:
        states: Names of the state tensors, in order; empty for a population without memory.
        pushes: ``push`` can be called: as it is given, where no unit sees another one (its output and next
            state depend on its own input and state alone), else in a form of the population's own.
            Stability is then measured several times faster. A wrong claim is found out.
    """

    states: tuple[str, ...] = ("membrane",)
    pushes: bool = False

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
        return eager.run(self.step, x, self.initial_state(x[0]) if state is None else state)

    def push(
        self, x_t: Tensor, state: State, dx: Tensor | None, dstate: State, *, last: bool = False
    ) -> Pushed:
        """One step, and what becomes of k tangents in it; as given, of units that do not see each other.

        Args:
            x_t: Input current, ``[B, *features]``.
            state: State after the previous step.
            dx: Tangents of the input, ``[k, B, *features]``; None for none.
            dstate: Tangents of each part of the state.
            last: Nobody asks for the tangents of the output.

        Returns:
            Output and next state, then the tangents of both, as training differentiates.
        """
        return push_elementwise(self.step, x_t, state, dx, dstate, last=last)

    @property
    def tangent_step(self) -> TangentStep | None:
        """``push`` for an input without tangents, and without the output; None where there is no ``push``."""
        if not self.pushes:
            return None
        return lambda x_t, state, dstate: self.push(x_t, state, None, dstate, last=True)[1::2]

    def leak_exponent(self) -> float | None:
        """Largest Lyapunov exponent under the true derivative (spikes frozen), nats a step.

        None where it has no closed form. Stability measurements are checked against it.
        """
        return None
